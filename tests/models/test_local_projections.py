"""Local projections of panels: horizons tied together, sums and levels, gaps, and what is not identified."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from coroi.errors import DataError
from coroi.inference.bands import sup_t
from coroi.models.local_projections import fit_local_projections, simulate_local_projections

PATH = (-0.5, -0.2, 0.1, 0.4, 0.5)


def fit(data: pd.DataFrame, **asked):
    return fit_local_projections(data, **{"outcome": "outcome", "metric": "metric", "horizons": 4} | asked)


def of(result, term: str = "response") -> pd.DataFrame:
    return result.estimates[result.estimates["term"] == term].set_index("horizon")


def check_of(result, name: str):
    return next(c for c in result.checks if c.name == name)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return simulate_local_projections(np.random.default_rng(1), n=60, periods=24, path=PATH, persistence=0.4)[0]


@pytest.fixture(scope="module")
def large():
    return simulate_local_projections(np.random.default_rng(2), n=1_500, periods=40, path=PATH, persistence=0.5)


def test_long_panels_give_the_path_of_a_surprise(large):
    rows, truth = large
    found = of(fit(rows, lags=1))
    for h in range(5):
        assert found.loc[h, "estimate"] == pytest.approx(truth[f"response[{h}]"], abs=0.03)


def test_without_the_correction_short_panels_are_off_and_the_check_says_so():
    rows, truth = simulate_local_projections(np.random.default_rng(3), n=800, periods=24, path=PATH, persistence=0.5)
    plain, corrected = fit(rows, lags=1, correct=False), fit(rows, lags=1)
    want = np.array([truth[f"response[{h}]"] for h in range(5)])
    off = np.abs(of(plain)["estimate"].to_numpy() - want)
    assert off.max() > 3 * np.abs(of(corrected)["estimate"].to_numpy() - want).max()
    assert check_of(plain, "settled").passed is False
    assert "too few for estimates without it" in check_of(plain, "settled").sentence
    assert check_of(plain, "length").passed is None
    assert check_of(corrected, "settled").passed is True
    assert check_of(corrected, "length").passed is True


def test_a_metric_tied_to_the_outcome_over_more_periods_than_the_panel_bears_has_not_settled():
    rows, _ = simulate_local_projections(np.random.default_rng(4), n=3_000, periods=14, path=PATH, persistence=0.97)
    assert check_of(fit(rows), "settled").passed is False


def test_where_twelve_periods_are_too_few_there_is_no_estimate_and_check_and_reason_say_the_same(data):
    result = fit(data[data["period"] < 12], lags=1)
    rows, told = of(result), check_of(result, "length")
    assert rows["identified"].tolist() == [True] * 4 + [False]
    assert rows.loc[4, "reason"] == (
        "an entity has 7.0 rows at horizon 4, too few to sweep out its level without bias: it takes 9"
    )
    assert told.passed is False
    assert told.sentence == (
        "Not at horizon 4, for which there is no estimate: at the last an entity has 7.0 rows, and it takes 9."
    )
    assert of(result, "early")["identified"].item()
    assert not of(result, "late")["identified"].item()
    assert not of(result, "crossover")["identified"].item()
    whole = fit(data[data["period"] < 12], lags=1, horizons=3, early=2)
    assert check_of(whole, "length").passed is True
    assert whole.estimates.loc[whole.estimates["term"] != "crossover", "identified"].all()


def test_a_metric_that_swings_but_once_over_the_panel_is_refused_and_one_that_steps_is_not():
    rng = np.random.default_rng(6)
    rows = pd.DataFrame({"entity": np.repeat(np.arange(60), 24), "period": np.tile(np.arange(24), 60)})
    rows["outcome"] = rng.normal(size=len(rows))
    start, size = (draw[rows["entity"]] for draw in (rng.integers(4, 20, size=60), rng.normal(size=60)))
    assert of(fit(rows.assign(metric=(rows["period"] >= start) * 1.0), horizons=0, early=1))["identified"].all()
    swinging = fit(rows.assign(metric=size * np.cos(2 * np.pi * rows["period"] / 24)), horizons=0, early=1)
    assert "moves too slowly" in of(swinging)["reason"].item()


def test_one_horizon_has_the_pointwise_critical_value(data):
    result = fit(data, horizons=0, early=1)
    band, row = result.tables["band"].iloc[0], of(result).loc[0]
    assert band["critical"] == pytest.approx(stats.t(59).ppf(0.975), rel=1e-9)
    assert (row["band_low"], row["band_high"]) == pytest.approx((row["conf_low"], row["conf_high"]), rel=1e-9)


def test_the_band_is_wider_than_the_intervals_and_uses_the_covariance_across_horizons(data):
    result = fit(data)
    critical = result.tables["band"]["critical"].iloc[0]
    pointwise, bonferroni = stats.t(59).ppf([0.975, 1 - 0.025 / 5])
    assert pointwise < critical < bonferroni
    assert critical == sup_t(result.vcov.to_numpy(), df=59)
    rows = of(result)
    assert (rows["band_high"] - rows["estimate"]).to_numpy() == pytest.approx(
        critical * rows["std_error"].to_numpy(), rel=1e-9
    )


def test_a_horizon_that_repeats_another_leaves_the_critical_value_unchanged(data):
    """Periods in twos: the outcome of the odd one repeats the even one's, so horizons 0 and 1 are one estimate."""
    even = data.assign(period=2 * data["period"])
    odd = even.assign(period=even["period"] + 1, metric=np.nan)
    result = fit(pd.concat([even, odd]), horizons=5, early=2, correct=False)
    rows = of(result)
    for h in (0, 2, 4):
        assert rows.loc[h, "estimate"] == pytest.approx(rows.loc[h + 1, "estimate"], rel=1e-12)
    once = fit(data, horizons=2, early=1, correct=False)
    assert of(once)["estimate"].to_numpy() == pytest.approx(rows.loc[[0, 2, 4], "estimate"].to_numpy(), rel=1e-9)
    assert result.tables["band"]["critical"].iloc[0] == pytest.approx(once.tables["band"]["critical"].iloc[0], rel=1e-9)


def test_sums_are_the_sum_of_levels_on_the_same_rows(data):
    level = fit(data, sample="common", correct=False)
    total = fit(data, sample="common", correct=False, cumulative=True)
    assert of(total)["estimate"].to_numpy() == pytest.approx(np.cumsum(of(level)["estimate"].to_numpy()), rel=1e-9)
    for term in ("early", "late"):
        for column in ("estimate", "std_error"):
            assert of(total, term)[column].item() == pytest.approx(of(level, term)[column].item(), rel=1e-9)


def test_early_and_late_are_means_of_their_horizons(data):
    result = fit(data, early=2)
    rows = of(result)["estimate"]
    assert of(result, "early")["estimate"].item() == pytest.approx(rows.loc[:1].mean())
    assert of(result, "late")["estimate"].item() == pytest.approx(rows.loc[2:].mean())
    none_left = fit(data, early=5)
    assert "none is left" in of(none_left, "late")["reason"].item()


def test_the_crossover_is_the_band_projected(large):
    rows, _ = large
    row = of(fit(rows, lags=1), "crossover").iloc[0]
    assert row["estimate"] == 3
    assert row["conf_low"] <= 3 <= row["conf_high"]
    never = of(fit(rows.assign(outcome=-rows["outcome"]), lags=1), "crossover").iloc[0]
    assert not never["identified"]
    assert "not within 4 periods" in never["reason"]
    above = simulate_local_projections(np.random.default_rng(5), n=100, periods=30, path=(0.5, 0.5, 0.5))[0]
    result = fit(above, horizons=2, early=1)
    assert "nowhere below zero" in of(result, "crossover")["reason"].item()
    assert result.tables["crossover"]["latest"].item() == 0


def test_each_horizon_has_its_own_rows_unless_a_common_sample_is_asked_for(data):
    own, common = (fit(data, sample=s).tables["rows"] for s in ("own", "common"))
    assert own["rows"].tolist() == [60 * (24 - h) for h in range(5)]
    assert own["left_out"].tolist() == [60 * h for h in range(5)]
    assert common["rows"].tolist() == [60 * 20] * 5


def test_a_gap_is_never_crossed(data):
    broken = data[data["period"] != 10]
    assert fit(broken).tables["rows"]["rows"].tolist() == [60 * n for n in (23, 21, 20, 19, 18)]


def test_the_change_of_a_metric_is_projected_as_a_column_of_changes_would_be(data):
    changed = data.assign(change=data.groupby("entity")["metric"].diff())
    one, other = fit(data, change=True, lags=2), fit(changed, metric="change", lags=2)
    pd.testing.assert_frame_equal(one.estimates, other.estimates)


def test_clusters_of_entities_are_units_of_their_own(data):
    pairs = data.assign(unit=data["entity"] // 2)
    result = fit(pairs, cluster="unit", keep_influence=True)
    assert len(result.influence) == 30
    alone = fit(data, keep_influence=True).influence
    summed = alone.groupby(alone.index // 2).sum()
    assert result.influence.to_numpy() == pytest.approx(summed.to_numpy(), abs=1e-12)
    with pytest.raises(DataError, match="more than one 'unit'"):
        fit(data.assign(unit=data["period"] % 2), cluster="unit")


def test_serial_errors_need_no_cluster_and_keep_no_influence(data):
    few = data[data["entity"] < 4]
    result = fit(few, errors="serial", keep_influence=True)
    assert of(result)["identified"].all()
    assert result.influence is None
    assert result.tables["band"]["df"].item() == 23
    clustered = fit(few)
    assert "4 clusters are too few" in of(clustered)["reason"].iloc[0]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"metric": lambda d: d["entity"] * 1.0}, "the metric never varies"),
        ({"metric": lambda d: d["period"] * 1.0}, "the metric never varies"),
        ({"outcome": lambda d: 0.0}, "the outcome never varies"),
        ({"metric": lambda d: np.nan}, "no row has all values"),
    ],
)
def test_what_tells_nothing_is_not_identified(data, change, why):
    result = fit(data.assign(**change))
    assert not result.estimates["identified"].any()
    assert result.estimates["estimate"].isna().all()
    assert result.estimates["reason"].str.contains(why).sum() >= 5
    assert result.vcov is None


def test_a_metric_made_of_the_controls_is_not_identified(data):
    result = fit(data.assign(double=2 * data["metric"] + data["entity"]), controls=["double"])
    assert of(result)["reason"].str.contains("made up of what is held").all()


def test_horizons_beyond_the_data_alone_are_not_identified(data):
    result = fit(data[data["period"] < 4], horizons=4, early=1, correct=False)
    rows = of(result)
    assert rows.loc[0, "identified"]
    assert not rows.loc[4, "identified"]
    assert not of(result, "late")["identified"].item()
    assert of(result, "early")["identified"].item()


def test_two_periods_are_enough_for_the_first_horizon_alone(data):
    rows = of(fit(data[data["period"] < 2], horizons=1, early=1, correct=False))
    assert rows["identified"].tolist() == [True, False]


@pytest.mark.parametrize("asked", [{"horizons": -1}, {"lags": -1}, {"early": 0}])
def test_impossible_counts_are_refused(data, asked):
    with pytest.raises(DataError):
        fit(data, **asked)
