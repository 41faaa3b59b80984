"""Follow-ups after a low score: regression to the mean, likes that are lacking, picking, and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from coroi.errors import DataError
from coroi.models.follow_up import fit_follow_up, simulate_follow_up
from coroi.results import Check, Result


def drawn(seed: int = 1, **changed) -> pd.DataFrame:
    asked = {"n": 800, "periods": 3, "effect": 0.0} | changed
    return simulate_follow_up(np.random.default_rng(seed), **asked)[0]


def fit(data: pd.DataFrame, **more) -> Result:
    return fit_follow_up(data, **{"outcome": "outcome", "before": "score"} | more)


def row(result: Result, term: str = "effect") -> pd.Series:
    return result.estimates.set_index("term").loc[term]


def check(result: Result, name: str) -> Check:
    return next(c for c in result.checks if c.name == name)


def test_a_follow_up_without_effect_recovers_half_of_those_picked_for_a_low_score():
    data = drawn(n=3_000).assign(was=0.0)
    result = fit(data, outcome="recovered", before="was", planned_share=0.5)
    naive, effect = row(result, "before_after"), row(result)
    assert 0.45 < naive["conf_low"] < 0.5 < naive["conf_high"] < 0.55
    assert effect["conf_low"] < 0 < effect["conf_high"]
    assert effect["conf_high"] - effect["conf_low"] < 0.1
    assert row(result, "regression_to_mean")["estimate"] == pytest.approx(naive["estimate"], abs=0.04)


@pytest.mark.parametrize("reliability", [0.3, 0.5, 0.8])
def test_scores_come_back_by_what_was_of_the_day(reliability):
    data = drawn(n=6_000, reliability=reliability)
    back = row(fit(data), "before_after")
    gap = (7.0 - data.loc[data["followed"] == 1, "score"]).mean()
    assert back["estimate"] / gap == pytest.approx(1 - reliability, abs=0.05)


def test_before_and_after_is_the_effect_and_the_regression_to_the_mean():
    result = fit(drawn(effect=0.8, lost=0.1))
    found = result.estimates.set_index("term")["estimate"]
    assert found["before_after"] == pytest.approx(found["effect"] + found["regression_to_mean"])
    assert found["before_after"] > 1.4
    effect = row(result)
    assert effect["conf_low"] < 0.8 < effect["conf_high"]
    half = result.vcov.loc["effect", "effect"] ** 0.5
    assert half == pytest.approx(effect["std_error"])


def test_where_scores_tell_who_is_followed_up_only_likes_are_compared():
    """Lower scores are followed up more often: without cells they look harmed."""
    rng = np.random.default_rng(5)
    data = drawn(n=6_000, lost=0.0)
    data["followed"] = (rng.random(len(data)) < np.clip(0.2 + 0.25 * (6 - data["score"]), 0, 0.95)).astype(int)
    result = fit(data)
    assert row(result)["conf_low"] < 0 < row(result)["conf_high"]
    assert row(result, "unmatched_difference")["conf_high"] < -0.2


def test_one_period_with_few_cells_is_a_weighted_mean_of_differences():
    data = drawn(periods=1)
    means = data.pivot_table(index="score", columns="followed", values="outcome", aggfunc=["mean", "size"])
    means = means[(means["size"] > 1).all(axis=1)]
    gap = means["mean", 1] - means["mean", 0]
    assert row(fit(data))["estimate"] == pytest.approx(np.average(gap, weights=means["size", 1]))
    even = smf.ols("outcome ~ followed + C(score)", data).fit().params["followed"]
    assert row(fit(data))["estimate"] == pytest.approx(even, abs=0.05)


def test_those_without_a_like_are_counted_listed_and_left_out():
    data = drawn(seed=3)
    data.loc[data["score"] <= 4, "followed"] = 1
    result = fit(data)
    overlap = check(result, "overlap")
    assert overlap.passed is False
    cells = result.tables["cells"]
    alone = cells[cells["score"] <= 4]
    assert not alone["matched"].any()
    assert f"left out without a like: {alone['followed_up'].sum():,} in {len(alone)} cells" in overlap.sentence
    flow = result.tables["rows"].set_index("step")["rows"]
    assert flow["rows in the fit"] == result.n_obs == (data["score"] > 4).sum()
    assert result.n_entities == data.loc[data["score"] > 4, "entity"].nunique()
    assert row(result)["estimate"] == pytest.approx(row(fit(data[data["score"] > 4]))["estimate"])
    assert row(result)["std_error"] == pytest.approx(row(fit(data[data["score"] > 4]))["std_error"])


def test_without_any_like_nothing_is_told():
    data = drawn(n=200)
    data["followed"] = (data["score"] <= 5).astype(int)
    result = fit(data)
    assert "no cell has 2 rows of either kind" in row(result)["reason"]
    assert result.vcov is None
    assert row(result, "unmatched_difference")["identified"]
    few = drawn(n=8)
    assert "fewer than 10" in row(fit(few.assign(score=5.0, period=1, entity=range(len(few)))[:8]))["reason"]


def test_without_outcomes_nothing_is_told():
    result = fit(drawn(n=100).assign(outcome=np.nan))
    assert not result.estimates["identified"].any()
    assert check(result, "overlap").passed is False
    assert result.tables["cells"].empty


def test_staff_who_pick_the_kinder_customers_are_found_out_by_what_was_before():
    result = fit(drawn(n=3_000, picking=0.6), earlier="earlier", planned_share=0.5)
    assert row(result)["conf_low"] > 0.2
    assert check(result, "placebo").passed is False
    assert check(result, "sample_ratio").passed is False
    fair = fit(drawn(n=3_000), earlier="earlier", planned_share=0.5)
    assert check(fair, "placebo").passed
    assert check(fair, "sample_ratio").passed
    plain = fit(drawn())
    assert check(plain, "placebo").passed is None
    assert check(plain, "sample_ratio").passed is None


def test_answers_that_only_come_after_a_follow_up_are_flagged():
    data = drawn(n=2_000)
    silent = (data["followed"] == 0) & (data["outcome"] < 5)
    assert check(fit(data.assign(outcome=data["outcome"].mask(silent))), "attrition").passed is False
    assert check(fit(data), "attrition").passed


def test_customers_of_a_unit_may_depend_on_each_other():
    data = drawn(n=2_000)
    data["unit"] = data["entity"] % 12
    shock = np.random.default_rng(2).normal(size=(12, 2)) * 2
    data["outcome"] += shock[data["unit"], data["followed"]]
    one, other = row(fit(data)), row(fit(data, cluster="unit"))
    assert one["estimate"] == other["estimate"]
    assert other["std_error"] > 2 * one["std_error"]


def test_further_columns_make_cells_of_their_own():
    data = drawn(n=2_000)
    data["segment"] = np.where(data["entity"] % 3 == 0, "large", "small")
    result = fit(data, within=["segment"])
    assert set(result.tables["cells"].columns) >= {"score", "period", "segment", "followed_up", "not_followed_up"}
    assert len(result.tables["cells"]) > len(fit(data).tables["cells"])
    holes = fit(data.assign(segment=data["segment"].mask(data["entity"] < 50)), within=["segment"])
    flow = holes.tables["rows"].set_index("step")["rows"]
    assert flow["no score, or another column of the cell is empty"] == (data["entity"] < 50).sum()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.drop(columns="score"), "lacks the columns score"),
        (lambda d: d.assign(followed=1), "everybody was followed up"),
        (lambda d: d.assign(followed=0), "nobody was followed up"),
        (lambda d: d.assign(followed=d["followed"] * 2), "other values than 0 and 1"),
        (lambda d: d.assign(followed=d["followed"].mask(d.index == 3)), "1 rows lack 'followed'"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(change, said):
    with pytest.raises(DataError, match=said):
        fit(change(drawn(n=50)))


def coverage(replications: int, seed: int) -> float:
    rng, inside = np.random.default_rng(seed), 0
    for _ in range(replications):
        data, truth = simulate_follow_up(rng, n=150, periods=2, effect=0.4, lost=0.1)
        found = row(fit_follow_up(data, outcome="outcome"))
        inside += found["conf_low"] <= truth["effect"] <= found["conf_high"]
    return inside / replications


def test_intervals_cover_in_two_hundred_replications():
    assert abs(coverage(200, 1) - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / 200)


@pytest.mark.slow
def test_intervals_cover_in_two_thousand_replications():
    assert abs(coverage(2_000, 2) - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / 2_000)
