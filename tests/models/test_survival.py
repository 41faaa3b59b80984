"""Kaplan–Meier by band against a slow twin, against statsmodels on expanded rows, and at its edges."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight

from coroi.errors import DataError
from coroi.inference.estimates import square_and_add
from coroi.models.survival import fit_survival, simulate_survival

Z = stats.norm.ppf(0.975)


def counted(band: str, *rows: tuple[int, int, int]) -> pd.DataFrame:
    """Rows of (duration, event, n)."""
    return pd.DataFrame([(band, *row) for row in rows], columns=["band", "duration", "event", "n"])


def drawn(seed: int, **changed) -> pd.DataFrame:
    asked = {"n": 80, "hazards": {"low": 0.08, "top": 0.03}, "horizon": 10, "censoring": 0.04} | changed
    return simulate_survival(np.random.default_rng(seed), **asked)[0]


def share_of(counts: pd.DataFrame, horizon: int, **more) -> pd.Series:
    return fit_survival(counts, bands=["a"], horizon=horizon, **more).estimates.iloc[0]


def twin(counts: pd.DataFrame, horizon: int) -> tuple[float, float, float, float]:
    """Product limit, Greenwood and log-log limits, one customer and one period at a time."""
    people = [(r.duration, r.event) for r in counts.itertuples() for _ in range(r.n)]
    share, total = 1.0, 0.0
    for t in range(1, horizon + 1):
        at_risk = sum(1 for duration, _ in people if duration >= t)
        events = sum(1 for duration, event in people if duration == t and event)
        if events:
            share *= (at_risk - events) / at_risk
            total += events / (at_risk * (at_risk - events))
    error = share * math.sqrt(total)
    theta = Z * error / (share * math.log(share))
    return share, error, share ** math.exp(-theta), share ** math.exp(theta)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("horizon", [1, 4, 10])
def test_it_equals_a_slow_twin(seed, horizon):
    counts = drawn(seed)
    rows = fit_survival(counts, bands=["low", "top"], horizon=horizon).estimates
    for band in ("low", "top"):
        got = rows[rows["band"] == band].iloc[0]
        want = twin(counts[counts["band"] == band], horizon)
        assert want[0] < 1
        assert [got[c] for c in ("estimate", "std_error", "conf_low", "conf_high")] == pytest.approx(want, rel=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_its_curve_equals_statsmodels_on_one_row_a_customer(seed):
    counts = drawn(seed, n=60)
    people = counts.loc[counts.index.repeat(counts["n"])]
    people = people[people["band"] == "low"]
    fit = SurvfuncRight(people["duration"], people["event"])
    curves = fit_survival(counts, bands=["low"], horizon=10).tables["curves"].set_index("period")
    assert len(fit.surv_times) > 4
    for t, share, error in zip(fit.surv_times, fit.surv_prob, fit.surv_prob_se, strict=True):
        assert curves.loc[t, "share"] == pytest.approx(share, rel=1e-12)
        assert curves.loc[t, "std_error"] == pytest.approx(error, rel=1e-10)


def test_the_curve_starts_at_one_and_says_how_many_are_followed():
    counts = counted("a", (1, 1, 5), (2, 0, 10), (3, 1, 4), (3, 0, 1))
    curve = fit_survival(counts, bands=["a"], horizon=3).tables["curves"]
    assert curve["period"].to_list() == [0, 1, 2, 3]
    assert curve["followed"].to_list() == [20, 20, 15, 5]
    assert curve["share"].to_list() == pytest.approx([1, 0.75, 0.75, 0.15])
    assert curve.loc[0, ["conf_low", "conf_high", "std_error"]].to_list() == [1, 1, 0]


def test_the_difference_joins_the_intervals_of_its_bands():
    rows = fit_survival(drawn(1), bands=["low", "top"], horizon=10, contrast=("top", "low")).estimates
    low, top, gap = (rows.iloc[i] for i in range(3))
    assert gap["term"] == "difference"
    assert gap["band"] == "top less low"
    assert gap["estimate"] == top["estimate"] - low["estimate"]
    assert gap["std_error"] == pytest.approx(math.sqrt(top["std_error"] ** 2 + low["std_error"] ** 2))
    down = math.sqrt((top["estimate"] - top["conf_low"]) ** 2 + (low["conf_high"] - low["estimate"]) ** 2)
    up = math.sqrt((top["conf_high"] - top["estimate"]) ** 2 + (low["estimate"] - low["conf_low"]) ** 2)
    assert (gap["conf_low"], gap["conf_high"]) == pytest.approx((gap["estimate"] - down, gap["estimate"] + up))


def test_the_reverse_difference_is_the_mirror():
    counts = drawn(2)
    one, other = (
        fit_survival(counts, bands=["low", "top"], horizon=10, contrast=pair).estimates.iloc[2]
        for pair in (("top", "low"), ("low", "top"))
    )
    assert one["estimate"] == -other["estimate"]
    assert (one["conf_low"], one["conf_high"]) == pytest.approx((-other["conf_high"], -other["conf_low"]))


def test_with_event_is_the_mirror_of_without():
    asked = {"bands": ["low", "top"], "horizon": 10, "contrast": ("top", "low")}
    stay = fit_survival(drawn(3), **asked)
    buy = fit_survival(drawn(3), **asked, counted="with event")
    for one, other, whole in zip(stay.estimates.itertuples(), buy.estimates.itertuples(), (1, 1, 0), strict=True):
        assert other.estimate == pytest.approx(whole - one.estimate)
        assert (other.conf_low, other.conf_high) == pytest.approx((whole - one.conf_high, whole - one.conf_low))
        assert other.std_error == pytest.approx(one.std_error)
    curve, mirror = stay.tables["curves"], buy.tables["curves"]
    assert mirror["share"].to_numpy() == pytest.approx(1 - curve["share"].to_numpy())
    assert mirror["conf_low"].to_numpy() == pytest.approx(1 - curve["conf_high"].to_numpy())
    assert mirror["conf_high"].to_numpy() == pytest.approx(1 - curve["conf_low"].to_numpy())
    assert buy.estimand == "share of customers with event 10 periods after the landmark, by band"


@pytest.mark.parametrize("level", [0.5, 0.8, 0.99])
def test_the_level_sets_the_width(level):
    wide, narrow = (share_of(counted("a", (1, 1, 20), (2, 0, 80)), 2, level=x) for x in (0.995, level))
    assert wide["conf_low"] < narrow["conf_low"] < 0.8 < narrow["conf_high"] < wide["conf_high"]
    assert narrow["estimate"] == pytest.approx(0.8)


def test_where_nobody_leaves_the_interval_is_the_exact_binomial_one():
    got = share_of(counted("a", (6, 0, 40)), 6)
    want = stats.binomtest(40, 40).proportion_ci(0.95, "exact")
    assert (got["estimate"], got["std_error"], got["conf_high"]) == (1, 0, 1)
    assert got["conf_low"] == pytest.approx(want.low)


def test_where_everybody_leaves_the_interval_is_the_exact_binomial_one_of_all_of_them():
    got = share_of(counted("a", (1, 1, 35), (2, 1, 5)), 12)
    want = stats.binomtest(0, 40).proportion_ci(0.95, "exact")
    assert (got["estimate"], got["std_error"], got["conf_low"]) == (0, 0, 0)
    assert got["conf_high"] == pytest.approx(want.high)


def test_customers_lost_before_the_horizon_do_not_count_towards_certainty():
    got = share_of(counted("a", (2, 0, 30), (6, 0, 20)), 6)
    assert got["conf_low"] == pytest.approx(stats.binomtest(20, 20).proportion_ci(0.95, "exact").low)


@pytest.mark.parametrize(("n", "reason"), [(9, "fewer than 10 customers in the band"), (10, "")])
def test_a_band_of_fewer_than_ten_is_not_estimated(n, reason):
    got = share_of(counted("a", (1, 1, 2), (4, 0, n - 2)), 4)
    assert got["reason"] == reason
    assert got["identified"] == (not reason)
    assert math.isnan(got["estimate"]) == bool(reason)


def test_a_band_that_nobody_is_followed_in_to_the_horizon_is_not_estimated():
    counts = counted("a", (2, 1, 30), (5, 0, 70))
    assert share_of(counts, 5)["estimate"] == pytest.approx(0.7)
    assert share_of(counts, 6)["reason"] == "nobody in the band is followed for 6 periods"
    assert not share_of(counts, 6)["identified"]


def test_a_band_with_few_known_outcomes_is_not_estimated():
    counts = counted("a", (1, 0, 50), (2, 1, 4), (3, 0, 5))
    assert share_of(counts, 3)["reason"] == "fewer than 10 customers in the band are followed for 3 periods"
    counts = counted("a", (1, 0, 50), (2, 1, 5), (3, 0, 5))
    assert share_of(counts, 3)["estimate"] == pytest.approx(0.5)


def test_events_after_the_horizon_are_not_counted():
    result = fit_survival(counted("a", (2, 1, 10), (8, 1, 30), (9, 0, 60)), bands=["a"], horizon=5)
    assert result.estimates.iloc[0]["estimate"] == pytest.approx(0.9)
    assert result.tables["bands"].iloc[0].to_list() == ["a", 100, 10, 100]


def test_without_any_event_nothing_tells_the_bands_apart():
    counts = pd.concat([counted("a", (3, 0, 20)), counted("b", (3, 0, 20))])
    rows = fit_survival(counts, bands=["a", "b"], horizon=3, contrast=("a", "b")).estimates
    assert rows["identified"].to_list() == [True, True, False]
    assert rows.iloc[2]["reason"] == "no customer of either band has the event, so nothing tells them apart"


def test_where_all_of_both_bands_have_the_event_nothing_tells_them_apart():
    counts = pd.concat([counted("a", (1, 1, 20)), counted("b", (2, 1, 20))])
    rows = fit_survival(counts, bands=["a", "b"], horizon=3, contrast=("a", "b")).estimates
    assert rows["estimate"].to_list()[:2] == [0, 0]
    assert rows.iloc[2]["reason"] == "every customer of both bands has the event, so nothing tells them apart"


def test_a_band_where_all_leave_against_one_where_nobody_does():
    counts = pd.concat([counted("a", (3, 0, 20)), counted("b", (2, 1, 20))])
    gap = fit_survival(counts, bands=["a", "b"], horizon=3, contrast=("a", "b")).estimates.iloc[2]
    assert (gap["estimate"], gap["conf_high"]) == (1, 1)
    edge = 0.025 ** (1 / 20)
    assert gap["conf_low"] == pytest.approx(1 - math.hypot(1 - edge, 1 - edge))


def test_a_difference_says_which_band_stands_in_the_way():
    counts = pd.concat([counted("a", (1, 1, 3), (3, 0, 20)), counted("b", (3, 0, 4))])
    rows = fit_survival(counts, bands=["a", "b"], horizon=3, contrast=("a", "b")).estimates
    assert rows.iloc[2]["reason"] == "fewer than 10 customers in the band (b)"
    assert rows.iloc[2]["customers"] == 27


def test_a_band_without_customers_is_reported_not_dropped():
    result = fit_survival(counted("a", (1, 1, 3), (3, 0, 20)), bands=["a", "none"], horizon=3)
    assert result.estimates["band"].to_list() == ["a", "none"]
    assert result.tables["bands"].set_index("band").loc["none"].to_list() == [0, 0, 0]


def test_other_bands_are_left_aside_and_not_counted():
    counts = pd.concat([counted("a", (1, 1, 3), (3, 0, 20)), counted("other", (3, 0, 50))])
    result = fit_survival(counts, bands=["a"], horizon=3)
    assert (result.n_obs, result.n_entities) == (23, 23)
    assert set(result.tables["curves"]["band"]) == {"a"}


def test_no_customers_at_all_give_no_numbers():
    empty = pd.DataFrame({"band": [], "duration": [], "event": [], "n": []})
    result = fit_survival(empty, bands=["a", "b"], horizon=3, contrast=("a", "b"))
    assert not result.estimates["identified"].any()
    assert result.n_obs == 0
    assert result.tables["curves"].empty


@pytest.mark.parametrize(
    "bad",
    [
        {"duration": 0},
        {"duration": 1.5},
        {"duration": float("nan")},
        {"event": 2},
        {"event": float("nan")},
        {"n": 0},
        {"n": -3},
        {"n": 2.5},
        {"n": float("nan")},
    ],
    ids=str,
)
def test_bad_counts_are_refused_and_counted(bad):
    good = counted("a", (1, 1, 20), (2, 0, 30)).astype({"duration": float, "event": float, "n": float})
    row = {"band": "a", "duration": 2.0, "event": 0.0, "n": 5.0} | bad
    with pytest.raises(DataError, match=r"1 of 3 rows .* Count customers by band, duration and event\."):
        fit_survival(pd.concat([good, pd.DataFrame([row])]), bands=["a"], horizon=2)


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match=r"lack the columns event, n\."):
        fit_survival(pd.DataFrame({"band": ["a"], "duration": [1]}), bands=["a"], horizon=2)


def test_a_contrast_of_an_unknown_band_is_refused_with_the_nearest_name():
    with pytest.raises(DataError, match=r"the contrast names 'tpo'\. Did you mean 'top'\?"):
        fit_survival(drawn(1), bands=["low", "top"], horizon=2, contrast=("tpo", "low"))


def test_square_and_add_by_hand():
    low, high = square_and_add((1, 0.9, 0.85, 0.92), (-1, 0.6, 0.48, 0.7))
    assert low == pytest.approx(0.3 - math.sqrt(0.05**2 + 0.1**2))
    assert high == pytest.approx(0.3 + math.sqrt(0.02**2 + 0.12**2))


def test_the_simulator_follows_its_hazards():
    counts, truth = simulate_survival(
        np.random.default_rng(5), n=200_000, hazards={"a": 0.05, "never": 0.0}, horizon=6, censoring=0.1
    )
    assert truth == {"a": 0.95**6, "never": 1.0}
    assert counts.groupby("band")["n"].sum().to_dict() == {"a": 200_000, "never": 200_000}
    assert counts["duration"].between(1, 6).all()
    first = counts[(counts["band"] == "a") & (counts["duration"] == 1)].set_index("event")["n"] / 200_000
    assert first[1] == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 200_000))
    assert first[0] == pytest.approx(0.95 * 0.1, abs=4 * math.sqrt(0.095 * 0.905 / 200_000))
    assert not counts[(counts["band"] == "never") & (counts["event"] == 1)]["n"].any()
