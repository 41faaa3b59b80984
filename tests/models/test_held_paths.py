"""Paths with the metric's later values held: what they equal, what gaps and bases do, and what cannot be told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from coroi.errors import DataError
from coroi.models.held_paths import fit_held_paths, simulate_held_paths
from coroi.results import Check, Result


def drawn(seed: int = 1, **changed) -> pd.DataFrame:
    asked = {"n": 40, "periods": 10, "now": -0.3, "slope": 0.3, "persistence": 0.6} | changed
    return simulate_held_paths(np.random.default_rng(seed), **asked)[0]


def fit(data: pd.DataFrame, **more) -> Result:
    return fit_held_paths(data, **{"outcome": "outcome", "metric": "metric"} | more)


def rows(result: Result, term: str = "response") -> pd.DataFrame:
    return result.estimates[result.estimates["term"] == term].set_index("horizon")


def check(result: Result, name: str) -> Check:
    return next(c for c in result.checks if c.name == name)


def lagged(data: pd.DataFrame, column: str, by: int) -> list[float]:
    """Look a column up some periods earlier, one row at a time."""
    value = {(r.entity, r.period): getattr(r, column) for r in data.itertuples()}
    return [value.get((r.entity, r.period - by), np.nan) for r in data.itertuples()]


def dummies(data: pd.DataFrame, formula: str):
    """Fit with dummies of entities and periods, errors by entity with G / (G − 1) and (N − 1) / (N − K)."""
    frame = data.dropna()
    frame = frame[frame.groupby("entity")["period"].transform("size") > 1]
    found = smf.ols(f"{formula} + C(entity) + C(period)", frame).fit(
        cov_type="cluster", cov_kwds={"groups": frame["entity"], "use_correction": False}
    )
    g, n, k = frame["entity"].nunique(), len(frame), len(found.params)  # of which g - 1 are dummies of entities
    return found, np.sqrt(g / (g - 1) * (n - 1) / (n - (k - g)))


def test_without_later_values_it_is_a_regression_on_dummies_with_gaps_and_leavers():
    data = drawn().sample(frac=0.85, random_state=3)
    result = fit(data, horizons=(0,), past=2)
    columns = data.assign(
        change=data["outcome"] - lagged(data, "outcome", 1),
        one=lagged(data, "metric", 1),
        two=lagged(data, "metric", 2),
    )
    theirs, factor = dummies(columns, "change ~ metric + one + two")
    row = rows(result).loc[0]
    assert row["estimate"] == pytest.approx(theirs.params["metric"], rel=1e-9)
    assert row["std_error"] == pytest.approx(theirs.bse["metric"] * factor, rel=1e-9)
    assert result.n_obs == result.tables["rows"]["rows"].iloc[0] == theirs.nobs
    assert len(rows(result, "kept")) == 0


def test_before_the_rise_earlier_values_are_held_from_the_first_end_on():
    data = drawn(periods=12)
    columns = data.assign(change=np.subtract(lagged(data, "outcome", 3), lagged(data, "outcome", 1)))
    columns = columns.assign(**{f"back{j}": lagged(data, "metric", j) for j in (1, 2, 3)})
    theirs, factor = dummies(columns, "change ~ metric + back1 + back2 + back3")
    row = rows(fit(data, horizons=(-3, 0), past=1)).loc[-3]
    assert row["estimate"] == pytest.approx(theirs.params["metric"], rel=1e-9)
    assert row["std_error"] == pytest.approx(theirs.bse["metric"] * factor, rel=1e-9)


def test_responses_are_coefficients_weighted_by_what_is_left_of_a_rise():
    data = drawn(periods=12)
    result = fit(data, horizons=(2,), past=2)
    columns = data.assign(change=np.subtract(lagged(data, "outcome", -2), lagged(data, "outcome", 1)))
    names = {"back1": 1, "back2": 2, "next1": -1, "next2": -2}
    columns = columns.assign(**{name: lagged(data, "metric", by) for name, by in names.items()})
    theirs, _ = dummies(columns, "change ~ metric + back1 + back2 + next1 + next2")
    kept = rows(result, "kept")["estimate"]
    want = theirs.params["metric"] + kept[1] * theirs.params["next1"] + kept[2] * theirs.params["next2"]
    assert rows(result).loc[2, "estimate"] == pytest.approx(want, rel=1e-9)


def test_a_rise_fades_as_the_metric_does_on_average_over_many_panels():
    kept = []
    for seed in range(30):
        found = rows(fit(drawn(seed, n=80, persistence=0.7), horizons=(3,)), "kept")["estimate"]
        kept.append(found.to_numpy())
    mean, error = np.mean(kept, axis=0), np.std(kept, axis=0) / np.sqrt(30)
    assert (np.abs(mean - 0.7 ** np.arange(1, 4)) < 3.5 * error).all()


def test_a_base_divides_by_the_period_before_and_a_base_of_nothing_leaves_rows_out():
    data = drawn().assign(size=lambda d: np.exp(0.1 * d["entity"]) + d["period"])
    data.loc[data["entity"] == 3, "size"] = 0.0
    result = fit(data, horizons=(0,), base="size")
    before = np.where(np.array(lagged(data, "size", 1)) > 0, lagged(data, "size", 1), np.nan)
    columns = data.assign(change=(data["outcome"] - lagged(data, "outcome", 1)) / before, one=lagged(data, "metric", 1))
    theirs, _ = dummies(columns.drop(columns="size"), "change ~ metric + one")
    assert rows(result).loc[0, "estimate"] == pytest.approx(theirs.params["metric"], rel=1e-9)
    assert result.n_entities == 39


def test_a_band_of_one_horizon_is_its_interval_and_one_of_many_is_wider():
    data = drawn()
    one, many = rows(fit(data, horizons=(1,))).loc[1], rows(fit(data, horizons=(-2, 0, 2, 3, 1))).loc[1]
    assert one["band_high"] == pytest.approx(one["conf_high"], rel=1e-3)
    assert many[["estimate", "std_error", "conf_low"]].tolist() == pytest.approx(
        one[["estimate", "std_error", "conf_low"]].tolist(), rel=1e-12
    )
    assert many["band_high"] > many["conf_high"]


def test_one_entity_that_makes_the_result_is_found():
    data = drawn(noise=0.1)
    wild = data["entity"] == 5
    data.loc[wild, "outcome"] += np.where(data.loc[wild, "period"] >= 5, 40, 0) * data.loc[wild, "metric"]
    found = check(fit(data, horizons=(0,)), "most_influential")
    without = rows(fit(data[~wild], horizons=(0,))).loc[0, "estimate"]
    assert f"{without:.4g}" in found.sentence


def test_a_longer_memory_than_is_held_is_seen():
    data = drawn(n=150, periods=14, noise=0.05)
    late = data.assign(outcome=data["outcome"] + 2.0 * np.nan_to_num(lagged(data, "metric", 2)))
    late = late[late["period"] >= 2]
    assert check(fit(data, horizons=(0,), past=2), "past").passed is True
    assert check(fit(late, horizons=(-2,), past=1), "past").passed is False


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.assign(metric=1.0), "the metric never varies beyond the effects"),
        (lambda d: d.assign(metric=d["period"] * 1.0), "the metric never varies beyond the effects"),
        (lambda d: d.assign(outcome=d["entity"] + 2.0 * d["period"]), "the outcome never varies beyond the effects"),
        (lambda d: d.assign(metric=np.nan), "no entity has all values that it takes"),
        (lambda d: d[d["period"] < 2], "no entity has all values that it takes"),
        (lambda d: d[d["period"] % 2 == 0], "no entity has all values that it takes"),
        (lambda d: d[d["entity"] < 9], "fewer than 10 clusters have all values that it takes, in two periods"),
        (lambda d: d[d["period"] < 4], "fewer than 10 clusters have all values that it takes, in two periods"),
    ],
    ids=["flat", "as the periods", "no outcome", "no metric", "two periods", "gaps", "few", "one row each"],
)
def test_what_cannot_be_told_has_a_reason_and_no_number(change, reason):
    result = fit(change(drawn()), horizons=(2,), keep_influence=True)
    row = rows(result).loc[2]
    assert row["reason"] == reason
    assert np.isnan(row[["estimate", "conf_low", "band_low"]].to_numpy(float)).all()
    assert (result.vcov, result.influence) == (None, None)
    assert check(result, "past").passed is None


def test_one_horizon_may_be_told_where_another_is_not():
    result = fit(drawn(periods=5), horizons=(0, 3))
    assert rows(result)["identified"].tolist() == [True, False]
    assert result.vcov.columns.tolist() == ["response[0]"]


def test_clusters_are_of_whole_entities():
    data = drawn(n=60).assign(group=lambda d: d["entity"] // 3)
    own, grouped = fit(data, keep_influence=True), fit(data, cluster="group", keep_influence=True)
    assert rows(own)["estimate"].tolist() == pytest.approx(rows(grouped)["estimate"].tolist(), rel=1e-12)
    assert len(grouped.influence) == 20
    summed = own.influence.groupby(own.influence.index // 3).sum()
    np.testing.assert_allclose(grouped.influence.to_numpy(), summed.to_numpy(), rtol=1e-8)


@pytest.mark.parametrize("asked", [{"horizons": ()}, {"horizons": (-1, 0)}, {"past": 0}])
def test_what_makes_no_path_is_refused(asked):
    with pytest.raises(DataError, match="give some but −1"):
        fit(drawn(), **asked)
