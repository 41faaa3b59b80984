"""Difference GMM: equal to its matrices written out, never across a gap, and silent where nothing is identified."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from coroi.errors import DataError
from coroi.models.dynamic_panel import fit_dynamic_panel, simulate_dynamic_panel
from gmm_twin import Twin


def panel(seed: int = 1, n: int = 60, periods: int = 7, **world) -> pd.DataFrame:
    data = simulate_dynamic_panel(np.random.default_rng(seed), n=n, periods=periods, **world)[0]
    rng = np.random.default_rng(seed + 100)
    return data.assign(price=rng.normal(size=len(data)), region=data["entity"] // 2)


def with_gaps(seed: int = 2) -> pd.DataFrame:
    data, rng = panel(seed, n=80, periods=9), np.random.default_rng(seed)
    data.loc[rng.random(len(data)) < 0.05, "score"] = np.nan
    data.loc[rng.random(len(data)) < 0.03, "profit"] = np.nan
    return data[rng.random(len(data)) > 0.08]


def fit(data: pd.DataFrame, **options):
    return fit_dynamic_panel(data, **({"outcome": "profit", "metric": "score"} | options))


def check(result, name: str):
    return next(c for c in result.checks if c.name == name)


def coefficients(result) -> pd.DataFrame:
    """Return the rows without the long run, which is a ratio of them."""
    return result.estimates[result.estimates["term"] != "long_run"]


def statistic(result, name: str) -> float:
    return float(result.tables["tests"].set_index("test").loc[name, "statistic"])


CASES = {
    "default": {},
    "gaps": {"data": with_gaps, "instrument_lags": (2, 5)},
    "one instrument a lag and period": {"data": with_gaps, "collapse": False, "instrument_lags": (2, 3)},
    "all lags": {"collapse": False, "instrument_lags": (2, None), "period_effects": False},
    "exogenous": {"data": with_gaps, "metric_is": "exogenous", "controls": ("price",)},
    "endogenous": {"metric_is": "endogenous", "instrument_lags": (2, 3), "controls": ("price",)},
    "two lags": {"data": with_gaps, "lags": 2, "metric_lags": 1, "period_effects": False},
    "later lags": {"data": with_gaps, "instrument_lags": (3, 4)},
    "clusters": {"data": with_gaps, "cluster": "region", "instrument_lags": (2, 3)},
}


def twin_of(data: pd.DataFrame, options: dict) -> tuple[Twin, list[str]]:
    asked = {"lags": 1, "metric_lags": 0, "metric_is": "predetermined", "instrument_lags": (2, 3), "controls": ()}
    asked |= {"collapse": True, "period_effects": True, "cluster": None} | options
    first, last = asked["instrument_lags"]
    depth = 20 if last is None else last - first
    levels = {"profit": range(first, first + depth + 1)}
    if asked["metric_is"] != "exogenous":
        start = {"predetermined": 1, "endogenous": 2}[asked["metric_is"]]
        levels["score"] = range(start, start + depth + 1)
    regressors = [("profit", g + 1) for g in range(asked["lags"])] + [
        ("score", g) for g in range(asked["metric_lags"] + 1)
    ]
    regressors += [(name, 0) for name in asked["controls"]]
    names = [f"{name}_lag_{lag}" if lag else name for name, lag in regressors]
    return Twin(
        data, outcome="profit", regressors=regressors, levels=levels, collapse=asked["collapse"],
        period_effects=asked["period_effects"], cluster=asked["cluster"],
    ), names  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_equals_its_matrices_written_out(case):
    options = dict(CASES[case])
    data = options.pop("data", panel)()
    slow, names = twin_of(data, options)
    k = len(names)
    one, two = slow.one_step(), slow.two_step()
    for steps, correct, beta, covariance in (
        (1, True, one[0], one[1]),
        (2, True, two[0], two[1]),
        (2, False, two[0], two[3]),
    ):
        rows = coefficients(fit(data, steps=steps, correct=correct, **options)).set_index("term")
        assert list(rows.index) == names
        np.testing.assert_allclose(rows["estimate"], beta[-k:], rtol=1e-8)
        np.testing.assert_allclose(rows["std_error"], np.sqrt(np.diag(covariance) * slow.factor)[-k:], rtol=1e-7)


@pytest.mark.parametrize("case", [c for c in CASES if c != "clusters"])
def test_its_tests_equal_their_sums_written_out(case):
    options = dict(CASES[case])
    data = options.pop("data", panel)()
    slow, names = twin_of(data, options)
    one, two = slow.one_step(), slow.two_step()
    for steps, (beta, covariance, weight, bread) in ((1, one), (2, two)):
        result = fit(data, steps=steps, **options)
        assert statistic(result, "hansen") == pytest.approx(slow.hansen(), rel=1e-8)
        assert statistic(result, "sargan") == pytest.approx(slow.sargan(), rel=1e-8)
        for order in (1, 2):
            want = slow.correlation(order, beta, covariance, weight, bread)
            assert statistic(result, f"m{order}") == pytest.approx(want, rel=1e-7)
        for _, row in check(result, "instrument_strength").table.iterrows():
            f, df = slow.first_stage(names.index(row["term"]))
            assert row["df"] == df
            assert row["f"] == pytest.approx(f, rel=1e-6)


def test_published_factors_can_be_asked_for():
    data = panel()
    plain, house, stata = (fit(data, factor=f).estimates["std_error"] for f in ("none", "clusters", "stata"))
    n, g, k = 60 * 5, 60, 5 + 2
    np.testing.assert_allclose((house / plain) ** 2, g / (g - 1))
    np.testing.assert_allclose((stata / plain) ** 2, g / (g - 1) * (n - 1) / (n - k))


def test_a_cluster_of_its_own_is_the_entity():
    one, other = fit(with_gaps(), cluster="entity"), fit(with_gaps())
    pd.testing.assert_frame_equal(one.estimates, other.estimates)


def test_empty_cells_of_any_kind_are_missing():
    data = with_gaps()
    words = data.assign(score=data["score"].astype(object).where(data["score"].notna(), None))
    pd.testing.assert_frame_equal(fit(words).estimates, fit(data).estimates)


def test_the_intervals_are_students():
    rows = coefficients(fit(panel(), level=0.9))
    half = 1.6710930 * rows["std_error"]  # Student's t with 59 degrees of freedom, at 95 %
    np.testing.assert_allclose(rows["conf_high"] - rows["estimate"], half, rtol=1e-6)
    np.testing.assert_allclose(rows["estimate"] - rows["conf_low"], half, rtol=1e-6)


@pytest.mark.parametrize("options", [{}, {"steps": 1}, {"correct": False}, {"cluster": "region"}])
def test_the_influences_squares_add_up_to_the_covariance(options):
    data = with_gaps()
    result = fit(data, keep_influence=True, instrument_lags=(2, 3), **options)
    moved, n = result.influence, len(result.influence)
    np.testing.assert_allclose(moved.T @ moved * n / (n - 1), result.vcov, rtol=1e-9)
    first = fit(data, instrument_lags=(2, 3), **options | {"steps": 1})
    step = (
        coefficients(result)["estimate"] - coefficients(first)["estimate"]
    )  # influence is that at the first step's residuals
    np.testing.assert_allclose(moved.sum(), step, atol=1e-10)
    assert fit(data, instrument_lags=(2, 3), **options).influence is None


def test_the_correction_makes_errors_larger_where_instruments_are_many():
    data = panel(3, n=100, periods=8)
    rows = [fit(data, collapse=False, correct=c).estimates["std_error"] for c in (True, False)]
    assert (rows[0] > 1.1 * rows[1]).all()


def test_effects_of_periods_change_nothing():
    """In a balanced panel what all entities share is swept out, of the instruments too."""
    data = panel()
    shifted = data.assign(
        profit=data["profit"] + 50 * np.sin(data["period"]), score=data["score"] - data["period"] ** 2
    )
    one, other = fit(data), fit(shifted)
    np.testing.assert_allclose(one.estimates["estimate"], other.estimates["estimate"], rtol=1e-7)
    np.testing.assert_allclose(one.estimates["std_error"], other.estimates["std_error"], rtol=1e-7)


def test_what_stays_with_an_entity_is_gone_from_an_exogenous_metric():
    data = panel()
    own = 7.0 * (data["entity"] % 3)
    options = {"metric_is": "exogenous"}
    one, other = fit(data, **options), fit(data.assign(score=data["score"] + own), **options)
    np.testing.assert_allclose(one.estimates["estimate"], other.estimates["estimate"], rtol=1e-9)


def test_no_difference_and_no_lag_crosses_a_gap():
    data = panel(periods=9)
    data.loc[data["period"] == 4, "profit"] = 1e9  # would be seen from either side
    cut = data[data["period"] != 4]
    result = fit(cut)
    counts = result.tables["rows"].set_index("rows")["n"]
    assert counts["used"] == result.n_obs == 60 * 4  # of 0 to 3 and of 5 to 8 the last two each
    assert counts["without the periods before them that the lags need"] == 60 * 4
    renumbered = cut.assign(period=cut["period"] + 10 * (cut["period"] > 4))
    assert renumbered["period"].max() > 17
    later = fit(renumbered, instrument_lags=(2, 3))
    np.testing.assert_allclose(later.estimates["estimate"], fit(cut, instrument_lags=(2, 3)).estimates["estimate"])


def test_rows_that_lack_something_are_counted():
    data = panel()
    data.loc[[3, 11, 200], "score"] = np.nan
    counts = fit(data).tables["rows"].set_index("rows")["n"]
    assert counts["in the panel"] == len(data)
    assert counts["without outcome, metric or a control"] == 3
    assert counts.sum() == 2 * len(data)


def test_a_sound_panel_passes_every_check():
    result = fit(panel(5, n=300, periods=7))
    assert {c.name: c.passed for c in result.checks} == dict.fromkeys(
        (
            "overidentification",
            "serial_correlation",
            "instrument_count",
            "instrument_strength",
            "bounds",
            "most_influential",
        ),
        True,
    )
    beside = result.tables["beside"].set_index("term").loc["profit_lag_1"]
    assert beside["within"] < beside["gmm"] < beside["pooled"]
    assert result.spec["errors"] == "clustered by entity, Student's t with clusters less one"


def test_a_random_walk_is_found_out():
    result = fit(panel(6, n=300, periods=7, lag=0.99, effect=0.05), metric_is="exogenous")
    strength = check(result, "instrument_strength")
    assert strength.passed is False
    assert "random walk" in strength.sentence
    assert strength.table["f"].min() < 10


def test_errors_that_carry_over_fail_the_test_of_second_order():
    data = panel(8, n=400, periods=8)
    wave = np.random.default_rng(8).normal(size=(400, 9))
    moving = (wave[:, 1:] + 0.9 * wave[:, :-1]).ravel() * 2
    result = fit(data.assign(profit=data["profit"] + moving), metric_is="exogenous")
    assert check(result, "serial_correlation").passed is False
    assert "close lags are no instruments" in check(result, "serial_correlation").sentence


def test_a_metric_that_follows_profit_is_no_exogenous_one():
    data = panel(9, n=500, periods=7, feedback=0.8)
    wrong, right = fit(data, metric_is="exogenous"), fit(data)
    assert check(wrong, "overidentification").passed is False
    assert check(right, "overidentification").passed is True


def test_too_many_instruments_are_refused_in_two_steps_and_flagged_in_one():
    data = panel(10, n=30, periods=10)
    options = {"collapse": False, "instrument_lags": (2, None)}
    two, one = fit(data, **options), fit(data, steps=1, **options)
    assert not two.estimates["identified"].any()
    assert "30 clusters are too few to weigh" in two.estimates["reason"].iloc[0]
    assert one.estimates["identified"].all()
    assert check(one, "instrument_count").passed is False
    assert "Collapse them" in check(one, "instrument_count").sentence
    assert check(one, "overidentification").passed is None
    assert np.isnan(statistic(one, "hansen"))


def test_one_entity_that_outweighs_all_others_is_not_weighed():
    data = panel(n=200)
    data.loc[data["entity"] == 7, "profit"] *= 1e9
    result = fit(data)
    assert not result.estimates["identified"].any()
    assert "a few clusters outweigh all others" in result.estimates["reason"].iloc[0]


def test_as_many_instruments_as_coefficients_leave_nothing_to_test():
    result = fit(panel(n=200), metric_is="exogenous", instrument_lags=(2, 2))
    assert check(result, "overidentification").passed is None
    assert "nothing is left to test" in check(result, "overidentification").sentence


def test_three_periods_are_enough_for_an_estimate_but_not_for_m2():
    result = fit(panel(n=400, periods=3), metric_is="exogenous", instrument_lags=(2, 2))
    assert result.estimates["identified"].all()
    assert check(result, "serial_correlation").passed is None
    assert np.isnan(statistic(result, "m1"))


NEVER = "the outcome never changes within an entity"
GIVEN = {"metric_is": "exogenous"}
FOUR = ["c0", "c1", "c2", "c3"]
BAD = {
    "two periods": (lambda d: d[d["period"] < 2], {}, "no entity has 3 periods in a row"),
    "gaps everywhere": (lambda d: d[d["period"] % 2 == 0], {}, "no entity has 3 periods in a row"),
    "more lags than periods": (lambda d: d, {"lags": 6}, "no entity has 8 periods in a row"),
    "one entity": (lambda d: d[d["entity"] == 4], {}, "there is but one entity or cluster"),
    "few entities": (lambda d: d[d["entity"] < 9], {}, "9 clusters are too few: it takes 10"),
    "fewer than coefficients": (lambda d: d[d["entity"] < 10], {"controls": FOUR}, "10 clusters are too few for 11"),
    "zeros": (lambda d: d.assign(profit=0.0), {}, NEVER),
    "constant outcome": (lambda d: d.assign(profit=d["entity"] * 0.1), {}, NEVER),
    "outcome of time": (lambda d: d.assign(profit=d["period"] ** 2.0), {}, "the outcome moves alike in all entities"),
    "no error": (lambda d: d.assign(profit=d["entity"] * 0.5 ** d["period"]), GIVEN, "without error"),
    "no metric": (lambda d: d.assign(score=np.nan), {}, "no entity has 3 periods in a row"),
    "late lags": (lambda d: d, GIVEN | {"instrument_lags": (9, 12)}, "the instruments are too few"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_tells_nothing_gives_no_number(name):
    spoil, options, said = BAD[name]
    data = panel(n=40)
    data = data.assign(**{name: np.random.default_rng(i).normal(size=len(data)) for i, name in enumerate(FOUR)})
    result = fit(spoil(data), **options)
    rows = result.estimates
    assert not rows["identified"].any()
    assert rows[["estimate", "std_error", "conf_low", "conf_high"]].isna().all(axis=None)
    assert rows["reason"].str.contains(said, regex=False).all(), rows["reason"].iloc[0]
    assert result.vcov is None
    assert [c.passed for c in result.checks] == [None] * 5
    assert all(said in c.sentence for c in result.checks)


SILENT = {
    "constant": (lambda d: d["entity"] * 0.3, "it never changes within an entity"),
    "of time": (lambda d: np.sin(d["period"]), "it moves with periods or other columns alone"),
}


@pytest.mark.parametrize("name", SILENT)
@pytest.mark.parametrize("metric_is", ["exogenous", "predetermined", "endogenous"])
def test_a_metric_that_tells_nothing_leaves_the_lag(name, metric_is):
    of, said = SILENT[name]
    data = panel(n=200)
    rows = fit(data.assign(score=of(data)), metric_is=metric_is).estimates.set_index("term")
    assert rows.loc["profit_lag_1", "identified"]
    assert not rows.loc["score", "identified"]
    assert rows.loc["score", "reason"] == said


def test_a_column_given_twice_under_two_names_is_told_once():
    data = panel(n=200)
    rows = coefficients(fit(data.assign(copy=2 * data["price"]), controls=["price", "copy"])).set_index("term")
    assert rows["identified"].to_dict() == {"profit_lag_1": True, "score": True, "price": True, "copy": False}
    alone = coefficients(fit(data, controls=["price"])).set_index("term")
    np.testing.assert_allclose(rows.loc[alone.index, "estimate"], alone["estimate"], rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"lags": 0}, "'lags' is below 1"),
        ({"metric_lags": -1}, "'metric_lags' is below 0"),
        ({"instrument_lags": (1, 3)}, "start below 2"),
        ({"instrument_lags": (4, 3)}, "end before they start"),
        ({"metric_is": "given"}, "exogenous, predetermined, endogenous"),
        ({"steps": 3}, "neither 1 nor 2"),
        ({"controls": ["price", "price"]}, "named twice"),
        ({"controls": ["profit"]}, "cannot explain itself"),
        ({"metric": "nps"}, "lacks the columns nps"),
        ({"controls": ["name"]}, "'name' holds more than numbers"),
        ({"cluster": "period"}, "60 entities are in more than one 'period'"),
        ({"cluster": "name"}, "7 rows lack 'name'"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(options, said):
    data = panel().assign(name=lambda d: np.where(d["entity"] == 0, None, "a"))
    with pytest.raises(DataError, match=said):
        fit(data, **options)


def test_keys_may_be_words_and_numbers_may_be_nullable():
    data = panel()
    other = data.assign(
        entity="customer " + data["entity"].astype(str).str.zfill(3), score=data["score"].astype("Float64")
    )
    result = fit(other, keep_influence=True)
    np.testing.assert_allclose(result.estimates["estimate"], fit(data).estimates["estimate"], rtol=1e-10)
    assert result.influence.index[0] == "customer 000"
    said = " ".join(c.sentence for c in result.checks) + " ".join(t.to_csv() for t in result.tables.values())
    assert "customer" not in said


@pytest.mark.parametrize("options", [{}, {"lags": 2, "metric_lags": 1, "instrument_lags": (2, 5)}])
def test_the_long_run_is_a_ratio_whose_set_is_what_a_test_does_not_reject(options):
    data = panel(n=300, periods=9)
    result = fit(data, **options)
    rows, vcov = result.estimates.set_index("term"), result.vcov
    score = np.array([float(name.startswith("score")) for name in vcov])
    profit = np.array([float(name.startswith("profit")) for name in vcov])
    coef = rows.loc[list(vcov), "estimate"].to_numpy()
    told = rows.loc["long_run"]
    assert told["estimate"] == pytest.approx(score @ coef / (1 - profit @ coef))
    assert told["set"] == "interval"
    for end in told[["conf_low", "conf_high"]].astype(float):  # at an end the test is just at its limit
        away = score + end * profit
        ratio = (away @ coef - end) / np.sqrt(away @ vcov.to_numpy() @ away)
        assert abs(ratio) == pytest.approx(stats.t(299).ppf(0.975), rel=1e-9)
    assert result.tables["sets"]["words"].item().count(" to ") == 1


def test_a_long_run_near_a_carry_over_of_one_has_no_bound_and_beyond_it_none_at_all():
    result = fit(panel(6, n=40, periods=6, lag=0.95, effect=0.3))
    row = result.estimates.set_index("term").loc["long_run"]
    assert row["set"] == "complement"
    assert np.isinf(row["conf_high"])
    assert result.tables["sets"]["words"].item() == "unbounded: −7.89 or less, and 0.137 or more"
    never = fit(panel(5, n=60, periods=5, lag=0.95, effect=0.3)).estimates.set_index("term").loc["long_run"]
    assert not never["identified"]
    assert "there is no long run" in never["reason"]


def test_a_metric_that_never_changes_has_no_long_run():
    data = panel(n=200)
    row = fit(data.assign(score=data["entity"] * 0.3)).estimates.set_index("term").loc["long_run"]
    assert row["reason"] == "of the metric, it never changes within an entity"


@pytest.mark.parametrize("steps", [1, 2])
def test_one_entity_with_extreme_values_is_found_and_told(steps):
    data = panel(5, n=120, periods=8)
    assert check(fit(data, steps=steps), "most_influential").passed is True
    wild = data.copy()
    wild.loc[wild["entity"] == 7, ["profit", "score"]] *= 40
    told = check(fit(wild, steps=steps), "most_influential")
    assert told.passed is False
    without = fit(wild[wild["entity"] != 7], steps=steps).estimates.set_index("term").loc["score", "estimate"]
    assert f"is {without:.4g} instead of" in told.sentence
