"""Within, between and pooled side by side: against dummies written out, in blocks, and on panels that tell nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from fixed_effects_twin import answer, slopes
from scipy import stats

from coroi.errors import DataError
from coroi.inference.blocks import read_blocks
from coroi.inference.effects import ESTIMATORS
from coroi.models.fixed_effects import fit_fixed_effects, simulate_fixed_effects
from coroi.results import Check, Result
from coroi.schemas import EntityBlock

NAMES = {"outcome": "outcome", "metric": "metric"}


def panel(seed: int = 1, n: int = 40, periods: int = 14) -> pd.DataFrame:
    """Unbalanced, with a gap in time for all, a control that moves, clusters of entities, and missing cells."""
    rng = np.random.default_rng(seed)
    frame, _ = simulate_fixed_effects(rng, n=n, periods=periods, slope=0.5, confounding=0.7, attrition=0.04)
    frame["price"] = 0.4 * frame["metric"] + rng.normal(size=len(frame))
    frame["unit"] = frame["entity"] % 13
    frame = frame[(frame["period"] != 5) & (rng.random(len(frame)) > 0.05)].reset_index(drop=True)
    frame.loc[frame.index % 31 == 3, "metric"] = np.nan
    frame.loc[frame.index % 57 == 5, "outcome"] = np.nan
    return frame.assign(period=frame["period"] + 2019)


def fit(data: pd.DataFrame, **changed) -> Result:
    return fit_fixed_effects(data, **{**NAMES, "controls": ["price"], "cluster": "unit"} | changed)


def rows(result: Result, errors: str = "cluster") -> pd.DataFrame:
    table = result.estimates
    return table[table["errors"] == errors].set_index(["estimator", "term"])


def check(result: Result, name: str) -> Check:
    (found,) = [c for c in result.checks if c.name == name]
    return found


@pytest.mark.parametrize("most_rows", [10**9, 0], ids=["in memory", "in blocks"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_it_equals_dummies_written_out(estimator, most_rows):
    data = panel()
    result = fit(data, most_rows=most_rows)
    complete = data.dropna()
    n_lags = result.spec["driscoll_kraay_lags"]
    assert n_lags == 2  # 4 (14 / 100)^(2/9) = 2.58
    of_unit = dict(zip(data["entity"], data["unit"], strict=True))
    slow = answer(complete, estimator, ["metric", "price"], n_lags=n_lags, cluster=of_unit)
    for errors, terms in slow.items():
        for term, (estimate, error) in terms.items():
            row = rows(result, errors).loc[(estimator, term)]
            assert row["estimate"] == pytest.approx(estimate, rel=1e-8)
            assert row["std_error"] == pytest.approx(error, rel=1e-8)
            df = 12 if errors == "cluster" else 13
            half = stats.t(df).ppf(0.975) * error
            assert row["conf_high"] == pytest.approx(estimate + half, rel=1e-8)
            assert row["conf_low"] == pytest.approx(estimate - half, rel=1e-8)
    assert (result.n_obs, result.n_entities) == (len(complete), complete["entity"].nunique())


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("estimators", [ESTIMATORS, ("two_way",), ("entity", "pooled"), ("pooled", "between")])
def test_blocks_give_what_rows_in_memory_give(seed, estimators):
    data = panel(seed)
    whole = fit(data, estimators=estimators, keep_influence=True)
    names = {"entity": "entity", "period": "period", "cluster": "unit"}
    blocks = replace(read_blocks(data, ["outcome", "metric", "price"], **names), block_rows=50)
    assert len(list(blocks.blocks())) > 5
    assert max(block.columns.shape[1] for block in blocks.blocks()) <= 50
    parts = fit(blocks, estimators=estimators, keep_influence=True, most_rows=0)
    assert parts.spec["computed"] == "in blocks of whole entities"
    assert parts.spec == dict(whole.spec) | {"computed": parts.spec["computed"]}
    close = {"rtol": 1e-8, "atol": 1e-12}
    pd.testing.assert_frame_equal(parts.estimates, whole.estimates, **close)
    pd.testing.assert_frame_equal(parts.vcov, whole.vcov, **close)
    pd.testing.assert_frame_equal(parts.influence, whole.influence, **close)
    pd.testing.assert_frame_equal(parts.tables["rows"], whole.tables["rows"])
    assert [(c.name, c.passed, c.sentence) for c in parts.checks] == [
        (c.name, c.passed, c.sentence) for c in whole.checks
    ]


def test_large_numbers_lose_nothing_in_blocks():
    """Money in cents far from zero, and a metric that moves by a millionth of its level."""
    data = panel()
    data = data.assign(outcome=data["outcome"] + 1e7, metric=data["metric"] + 1e6)
    whole, parts = fit(data), fit(data, most_rows=0)
    numbers = ["estimate", "std_error", "conf_low", "conf_high"]
    np.testing.assert_allclose(parts.estimates[numbers], whole.estimates[numbers], rtol=1e-6)


def test_size_decides_how_it_is_computed():
    data = panel()
    n = len(data.dropna())
    assert fit(data, most_rows=n).spec["computed"] == "rows in memory"
    assert fit(data, most_rows=n - 1).spec["computed"] == "in blocks of whole entities"


def test_blocks_of_other_columns_are_refused():
    blocks = read_blocks(panel(), ["metric", "outcome"], entity="entity", period="period")
    with pytest.raises(DataError, match="hold metric, outcome and not outcome, metric, in this order"):
        fit_fixed_effects(blocks, **NAMES)


class Twice:
    """Blocks in which an entity has a period twice."""

    names, n_rows, n_omitted, first_period, n_periods = ("outcome", "metric"), 3, 0, 0, 2
    entities, clusters = pd.Index(["a"]), None

    def blocks(self):
        columns = np.array([[1.0, 2.0, 4.0], [1.0, 3.0, 2.0]])
        yield EntityBlock(columns=columns, period=np.array([0, 1, 1]), length=np.array([3]))


def test_a_period_twice_in_a_block_is_refused():
    with pytest.raises(DataError, match="1 rows repeat"):
        fit_fixed_effects(Twice(), **NAMES)


# --- within against between ---


def test_the_difference_is_mundlaks_coefficient_in_a_balanced_panel():
    """Of the entity's mean beside the metric, in pooled least squares with period effects and clusters."""
    data, _ = simulate_fixed_effects(np.random.default_rng(3), n=60, periods=8, slope=0.5, confounding=0.5)
    table = check(fit_fixed_effects(data, **NAMES), "within_equals_between").table
    mean = data.groupby("entity")["metric"].transform("mean")
    dummies = pd.get_dummies(data["period"]).to_numpy(float)
    theirs = sm.OLS(data["outcome"], np.column_stack([data["metric"], mean, dummies])).fit(
        cov_type="cluster", cov_kwds={"groups": data["entity"], "use_correction": False}
    )
    error = theirs.bse.iloc[1] * np.sqrt(60 / 59)
    assert table.loc[0, "estimate"] == pytest.approx(-theirs.params.iloc[1], rel=1e-8)
    assert table.loc[0, "std_error"] == pytest.approx(error, rel=1e-8)
    p_value = 2 * stats.t(59).sf(abs(theirs.params.iloc[1]) / error)
    assert table.loc[0, "p_value"] == pytest.approx(p_value, rel=1e-6)


def test_the_difference_is_found_where_there_is_one_and_seldom_elsewhere():
    found = {0.0: 0, 1.0: 0}
    for confounding in found:
        for seed in range(200):
            rng = np.random.default_rng([seed, 4])
            data, _ = simulate_fixed_effects(rng, n=60, periods=6, slope=0.5, confounding=confounding)
            told = check(fit_fixed_effects(data, **NAMES), "within_equals_between")
            found[confounding] += not told.passed
            if seed == 0 and confounding:
                assert "differ in more than the metric" in told.sentence
                assert "hold its future too" in told.sentence
    assert 2 <= found[0.0] <= 20  # 10 of 200 expected
    assert found[1.0] >= 190


def test_one_of_the_two_alone_cannot_be_compared():
    data = panel().dropna()
    still = data.assign(metric=data.groupby("entity")["metric"].transform("first"))
    told = check(fit(still), "within_equals_between")
    assert told.passed is None
    assert told.table is None


# --- what tells nothing ---


def reason(result: Result, estimator: str, term: str = "metric", errors: str = "cluster") -> str:
    row = rows(result, errors).loc[(estimator, term)]
    assert not row["identified"]
    assert np.isnan(row[["estimate", "std_error", "conf_low", "conf_high"]].to_numpy(float)).all()
    return row["reason"]


@pytest.fixture(params=[10**9, 0], ids=["in memory", "in blocks"])
def most_rows(request) -> int:
    return request.param


def test_a_metric_that_never_varies_within_is_told_between_alone(most_rows):
    data = panel().dropna()
    data["metric"] = data.groupby("entity")["metric"].transform("first") / 3
    result = fit(data, most_rows=most_rows)
    for estimator in ("two_way", "entity"):
        assert reason(result, estimator) == "it never varies within an entity"
        assert reason(result, estimator, errors="driscoll_kraay") == "it never varies within an entity"
        want = slopes(data, estimator, ["price"])[0]
        assert rows(result).loc[(estimator, "price"), "estimate"] == pytest.approx(want, rel=1e-8)
    for estimator in ("between", "pooled"):
        want = slopes(data, estimator, ["metric", "price"])[0]
        assert rows(result).loc[(estimator, "metric"), "estimate"] == pytest.approx(want, rel=1e-8)


def test_a_metric_that_moves_as_the_periods_do_is_told_by_entity_effects_alone(most_rows):
    data = panel().dropna()
    data["metric"] = np.sin(data["period"]) + data["entity"] / 7
    result = fit(data, most_rows=most_rows)
    assert reason(result, "two_way") == "it varies within entities only as the periods do"
    assert rows(result).loc[("entity", "metric"), "identified"]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("outcome", "the outcome never varies"),
        ("metric", "it never varies"),
    ],
)
def test_a_column_of_zeros_tells_nothing(most_rows, column, words):
    result = fit(panel().dropna().assign(**{column: 0.0}), most_rows=most_rows)
    for estimator in ("two_way", "entity"):
        assert reason(result, estimator) == f"{words} within an entity"
    assert reason(result, "pooled") == words
    assert "does not differ between entities" in reason(result, "between")


def test_a_control_that_repeats_the_metric_is_left_out_and_said(most_rows):
    data = panel().dropna()
    result = fit(data.assign(price=3 * data["metric"] - 2), most_rows=most_rows)
    for estimator in ESTIMATORS:
        assert reason(result, estimator, "price") == "it is a combination of the columns before it"
        want = slopes(data, estimator, ["metric"])[0]
        assert rows(result).loc[(estimator, "metric"), "estimate"] == pytest.approx(want, rel=1e-8)


def test_one_period_tells_between_alone(most_rows):
    data = panel(n=60).dropna().query("period == 2021")
    result = fit(data, cluster=None, most_rows=most_rows)
    assert reason(result, "two_way") == "the outcome never varies within an entity" or "it never" in reason(
        result, "two_way"
    )
    assert rows(result).loc[("between", "metric"), "identified"]
    assert (
        reason(result, "pooled", errors="driscoll_kraay")
        == "errors over time take 10 periods or more, of which the panel has 1"
    )


def test_two_periods_give_first_differences(most_rows):
    data, _ = simulate_fixed_effects(np.random.default_rng(5), n=50, periods=2, slope=0.5)
    result = fit_fixed_effects(data, **NAMES, most_rows=most_rows)
    before, after = (data[data["period"] == t].set_index("entity") for t in (0, 1))
    change = after - before
    slope = np.polyfit(change["metric"], change["outcome"], 1)[0]
    assert rows(result).loc[("two_way", "metric"), "estimate"] == pytest.approx(slope, rel=1e-8)
    assert "errors over time take 10 periods" in reason(result, "two_way", errors="driscoll_kraay")


def test_one_entity_and_few_clusters_are_refused(most_rows):
    data = panel().dropna()
    one = fit(data[data["entity"] == 1], cluster=None, most_rows=most_rows)
    assert not one.estimates.query("errors == 'cluster'")["identified"].any()
    assert reason(one, "pooled") == "errors take 10 clusters or more that tell something, of which the panel has 1"
    assert one.vcov is None
    few = fit(data.assign(unit=data["entity"] % 9), most_rows=most_rows)
    assert reason(few, "two_way") == "errors take 10 clusters or more that tell something, of which the panel has 9"
    assert rows(few, "driscoll_kraay").loc[("two_way", "metric"), "identified"]


def test_a_metric_that_varies_in_few_entities_is_refused_within(most_rows):
    data = panel().dropna()
    first = data.groupby("entity")["metric"].transform("first")
    data["metric"] = first.where(data["entity"] >= 7, data["metric"])
    result = fit(data, cluster=None, most_rows=most_rows)
    n = int((data.groupby("entity")["metric"].nunique() > 1).sum())
    assert 3 < n < 10
    assert (
        reason(result, "entity") == f"errors take 10 clusters or more that tell something, of which the panel has {n}"
    )
    assert rows(result).loc[("between", "metric"), "identified"]


def test_as_many_mixes_of_periods_as_entities_leave_nothing_between(most_rows):
    rng = np.random.default_rng(8)
    data, _ = simulate_fixed_effects(rng, n=14, periods=14, slope=0.5)
    data = data[(data["entity"] - data["period"]) % 14 != 0]
    result = fit_fixed_effects(data, **NAMES, most_rows=most_rows)
    said = reason(result, "between")
    assert said == "there are no more rows than effects and coefficients" or "does not differ" in said
    assert rows(result).loc[("two_way", "metric"), "identified"]


# --- bad data ---


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.drop(columns="metric"), "lacks the columns metric"),
        (lambda d: d.assign(metric=np.nan), "no row of the panel has all of outcome, metric"),
        (lambda d: d.assign(unit=d["unit"] + (d.index % 2 == 0)), "entities change their 'unit'"),
        (lambda d: d.assign(unit=d["unit"].where(d.index != 4)), "1 rows lack 'unit'"),
        (lambda d: d.assign(outcome=np.inf), "are infinite"),
        (lambda d: d.assign(period=d["period"] * 10_000), "over 130,001 numbers, and 4,000 are the most"),
        (lambda d: d.head(0), "has no row"),
    ],
)
def test_what_cannot_be_read_is_said(change, words):
    with pytest.raises(DataError, match=words):
        fit(change(panel()))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"controls": ["price", "metric"]}, "metric: named twice"),
        ({"estimators": ("two_ways",)}, "there is no 'two_ways'.*two_way"),
        ({"estimators": ()}, "one estimator or more"),
        ({"estimators": ("entity", "entity")}, "each once"),
    ],
)
def test_what_cannot_be_asked_is_said(asked, words):
    with pytest.raises(DataError, match=words):
        fit(panel(), **asked)


def test_rows_left_out_are_counted():
    data = panel()
    counted = fit(data).tables["rows"].set_index("what")["n"]
    assert counted["rows in the fit"] + counted["rows left out, a column missing"] == len(data)
    assert counted["rows left out, a column missing"] == data[["outcome", "metric"]].isna().any(axis=1).sum() > 10


# --- the most influential entity ---


@pytest.mark.parametrize("estimator", ["two_way", "entity"])
def test_the_most_influential_entity_is_the_one_found_by_leaving_each_out(most_rows, estimator):
    data = panel().dropna()
    data.loc[data["entity"] == 7, "metric"] += 40 * (data["period"] > 2024)
    result = fit(data, estimators=(estimator, "pooled"), most_rows=most_rows)
    whole = slopes(data, estimator, ["metric", "price"])[0]
    left = {e: slopes(data[data["entity"] != e], estimator, ["metric", "price"])[0] for e in set(data["entity"])}
    furthest = max(left, key=lambda e: abs(left[e] - whole))
    assert furthest == 7
    told = check(result, "most_influential")
    assert f"is {left[7]:.4g} instead of {whole:.4g}" in told.sentence
    assert told.passed is False


@pytest.mark.parametrize("estimator", ["two_way", "entity"])
def test_one_whose_values_dwarf_all_others_does_not_hide_behind_the_periods_means(most_rows, estimator):
    data = panel().dropna()
    wild = data["entity"] == 7
    data.loc[wild, ["metric", "outcome"]] = 1e6 * np.random.default_rng(5).normal(size=(int(wild.sum()), 2))
    told = check(fit(data, estimators=(estimator, "pooled"), most_rows=most_rows), "most_influential")
    left = slopes(data[~wild], estimator, ["metric", "price"])[0]
    assert told.passed is False
    assert f"is {left:.4g} instead of" in told.sentence


def test_an_estimate_that_no_entity_carries_passes():
    data, _ = simulate_fixed_effects(np.random.default_rng(6), n=200, periods=10, slope=0.5)
    told = check(fit_fixed_effects(data, **NAMES), "most_influential")
    assert told.passed is True
    assert "standard error" in told.sentence
