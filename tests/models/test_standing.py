"""Standing in the industry: lags, controls, what cannot be told, and who leaves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from coroi.errors import DataError
from coroi.models.standing import fit_standing, simulate_standing
from coroi.results import Result


def drawn(seed: int = 1, **changed) -> pd.DataFrame:
    asked = {"industries": 6, "firms": 5, "periods": 7, "slope": 0.6} | changed
    return simulate_standing(np.random.default_rng(seed), **asked)[0]


def fit(data: pd.DataFrame, **more) -> Result:
    return fit_standing(data, **{"outcome": "value", "metric": "score"} | more)


def row(result: Result, term: str = "percentile", whose: str = "own") -> pd.Series:
    rows = result.estimates
    return rows[(rows["term"] == term) & (rows["whose"] == whose)].iloc[0]


def flow(result: Result) -> dict[str, int]:
    return result.tables["rows"].set_index("step")["rows"].to_dict()


def ragged(seed: int) -> pd.DataFrame:
    """Rows that come and go, values that tie or are missing, another industry now and then."""
    rng = np.random.default_rng(seed)
    data = drawn(seed)
    data = data[rng.random(len(data)) < 0.8].assign(value=lambda d: d["value"].round(0))
    data["size"] = rng.normal(size=len(data))
    data.loc[rng.random(len(data)) < 0.05, "score"] = np.nan
    data.loc[rng.random(len(data)) < 0.05, "value"] = np.nan
    data.loc[rng.random(len(data)) < 0.05, "industry"] = 3
    return data


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("lag", [0, 1])
def test_a_ragged_panel_equals_dummies_on_rows_made_by_hand(seed, lag):
    data = ragged(seed)
    told = {(r.entity, r.period): r for r in data.itertuples()}
    rows = []
    for r in data.itertuples():
        others = [o for o in told.values() if (o.industry, o.period) == (r.industry, r.period) and o.entity != r.entity]
        others = [o for o in others if o.value == o.value]
        before = [told.get((o.entity, o.period - lag)) for o in others]
        scores = [b.score for b in before if b is not None and b.score == b.score]
        own = told.get((r.entity, r.period - lag))
        if r.value == r.value and others and scores and own is not None and own.score == own.score:
            below = sum(o.value < r.value for o in others) + sum(o.value == r.value for o in others) / 2
            share = below / len(others)
            rows.append((r.entity, r.period, share, own.score, float(np.mean(scores)), r.size))
    frame = pd.DataFrame(rows, columns=["entity", "period", "share", "own", "rivals", "size"])
    frame = frame[frame.groupby("entity")["own"].transform("size") > 1]
    theirs = smf.ols("share ~ own + rivals + size + C(entity) + C(period)", frame).fit(
        cov_type="cluster", cov_kwds={"groups": frame["entity"], "use_correction": False}
    )
    result = fit(data, lag=lag, controls=["size"])
    g = frame["entity"].nunique()
    for whose in ("own", "rivals"):
        found = row(result, whose=whose)
        assert found["estimate"] == pytest.approx(theirs.params[whose], rel=1e-8)
        assert found["std_error"] == pytest.approx(theirs.bse[whose] * np.sqrt(g / (g - 1)), rel=1e-8)
    assert result.n_obs == len(frame) == flow(result)["rows in the fit"]
    assert sum(flow(result).values()) == 2 * len(data)


def test_rivals_who_do_better_push_a_firm_down():
    result = fit(drawn(industries=40))
    own, rivals = row(result), row(result, whose="rivals")
    assert own["conf_low"] > 0 > rivals["conf_high"]
    assert row(result, "places")["estimate"] == pytest.approx(4 * own["estimate"])
    assert list(result.vcov.columns) == [f"{t}{w}" for t in ("percentile", "places", "top") for w in ("", "[rivals]")]
    assert np.sqrt(result.vcov.loc["top", "top"]) == pytest.approx(row(result, "top")["std_error"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.assign(score=d["entity"] * 1.0), "'score' never varies within a firm"),
        (lambda d: d.assign(score=d["period"] + 0.5 * d["entity"]), "'score' never varies within a firm"),
        (lambda d: d.assign(value=0.0), "no firm's standing ever changes"),
        (lambda d: d.assign(value=d["entity"] + 1.0), "no firm's standing ever changes"),
        (lambda d: d[d["entity"] < 9], "fewer than 10 firms are seen twice"),
        (lambda d: d[d["period"] == 2], "fewer than 10 firms are seen twice"),
        (lambda d: d.assign(score=np.nan), "fewer than 10 firms are seen twice"),
        (lambda d: d.assign(industry=d["entity"]), "fewer than 10 firms are seen twice"),
        (lambda d: d.assign(industry=None), "fewer than 10 firms are seen twice"),
    ],
)
def test_what_cannot_be_told_has_a_reason_and_no_number(change, reason):
    result = fit(change(drawn()))
    assert not result.estimates["identified"].any()
    assert result.estimates["reason"].str.startswith(reason).all()
    assert result.vcov is None
    assert {c.name: c.passed for c in result.checks}["industries"] is None


def test_a_control_that_is_the_metric_leaves_it_without_a_number():
    data = drawn()
    result = fit(data.assign(copy=2 * data["score"]), controls=["copy"])
    assert not row(result)["identified"]
    assert "combination" in row(result)["reason"]
    assert row(result, whose="rivals")["identified"]


def test_gaps_lose_the_rows_behind_them():
    data = drawn()
    result = fit(data[data["period"] != 3], lag=1)
    assert flow(result)["no metric at the lag"] == 2 * 30
    assert result.n_obs == 30 * 4


def test_survivors_alone_are_ranked_among_themselves():
    rng = np.random.default_rng(5)
    data = drawn(industries=30)
    last = rng.integers(3, 12, data["entity"].max() + 1)
    data = data[data["period"] <= last[data["entity"]]]
    result = fit(data)
    (check,) = (c for c in result.checks if c.name == "survivors")
    stays = data[data["entity"].isin(data.loc[data["period"] == 6, "entity"])]
    assert check.table["estimate"].tolist() == pytest.approx([row(result)["estimate"], row(fit(stays))["estimate"]])
    assert check.sentence.startswith(f"{(last < 6).sum()} of 150 firms are not there in the last period")
    shift = abs(check.table["estimate"].diff().iloc[1])
    assert check.passed == (shift < row(result)["std_error"])


def test_errors_by_industry_stand_beside_those_by_firm():
    data = drawn(industries=12)
    result = fit(data, keep_influence=True)
    own = result.influence["percentile"].groupby(lambda firm: firm // 5).sum()
    error = np.sqrt(12 / 11 * (own**2).sum())
    (check,) = (c for c in result.checks if c.name == "industries")
    assert f"{error:.3g} instead of {row(result)['std_error']:.3g}" in check.sentence


def test_rows_without_a_key_or_a_column_are_refused():
    data = drawn()
    with pytest.raises(DataError, match="lacks the columns worth"):
        fit(data, outcome="worth")
    with pytest.raises(DataError, match="1 rows lack"):
        fit(pd.concat([data, data.head(1).assign(entity=np.nan)]))


def test_the_simulated_truth_is_that_of_a_far_larger_world():
    data, truth = simulate_standing(np.random.default_rng(2), industries=6_000, firms=4, periods=6, slope=0.7)
    result = fit(data)
    for term, value in truth.items():
        found = row(result, term)
        assert abs(found["estimate"] - value) < 3 * found["std_error"]
        assert found["std_error"] < 0.05 * value
