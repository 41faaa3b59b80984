"""Which way the arrow runs: what is found, what is not, and where nothing can be told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.models.direction import fit_direction, simulate_direction


def fit(data: pd.DataFrame, **asked):
    return fit_direction(data, outcome="outcome", metric="metric", **asked)


def of(result, estimator: str = "corrected") -> pd.DataFrame:
    return result.estimates[result.estimates["estimator"] == estimator].set_index("term")


def simulated(seed: int, **asked) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_direction(np.random.default_rng(seed), **{"n": 2_000, "periods": 6} | asked)


@pytest.mark.parametrize(("forward", "reverse"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.3), (0.2, 0.2)])
def test_six_periods_tell_the_arrows_apart(forward, reverse):
    data, truth = simulated(1, forward=forward, reverse=reverse)
    found = of(fit(data))
    for term, value in truth.items():
        assert found.loc[term, "conf_low"] < value < found.loc[term, "conf_high"]
        assert found.loc[term, "conf_high"] - found.loc[term, "conf_low"] < 0.15


def test_the_within_estimate_takes_a_reverse_arrow_for_a_forward_one():
    data, _ = simulated(2, n=6_000, reverse=0.3)
    result = fit(data)
    within, corrected = (of(result, each).loc["forward"] for each in ("within", "corrected"))
    assert within["conf_high"] < -0.1
    assert abs(corrected["estimate"]) < min(3 * corrected["std_error"], 0.04)


def test_the_lead_is_what_regressing_a_long_panel_on_it_gives():
    data, truth = simulated(3, n=60, periods=2_000, forward=0.2, reverse=0.3)
    rows = data.sort_values(["entity", "period"])
    by = rows.groupby("entity")
    rows = rows.assign(
        lead=by["metric"].shift(-1), metric_1=by["metric"].shift(1), outcome_1=by["outcome"].shift(1)
    ).dropna()
    names = ["outcome", "lead", "metric", "metric_1", "outcome_1"]
    centred = rows[names] - rows.groupby("entity")[names].transform("mean")
    centred -= centred.groupby(rows["period"]).transform("mean")
    direct = np.linalg.lstsq(centred[names[1:]].to_numpy(), centred["outcome"].to_numpy())[0][0]
    found = of(fit(data)).loc["placebo_lead", "estimate"]
    assert found == pytest.approx(direct, abs=0.005)
    assert found == pytest.approx(truth["placebo_lead"], abs=0.01)


def test_tests_of_one_lag_agree_with_intervals():
    data, _ = simulated(4, n=300, reverse=0.1)
    result = fit(data)
    tests = result.tables["tests"].set_index(["arrow", "estimator"])
    for term, row in of(result).iterrows():
        assert tests.loc[(term, "corrected"), "statistic"] == pytest.approx((row["estimate"] / row["std_error"]) ** 2)
        excluded = row["conf_low"] > 0 or row["conf_high"] < 0
        assert (tests.loc[(term, "corrected"), "p_value"] < 0.05) == excluded


def test_several_lags_are_summed_in_the_estimates_and_tested_together():
    data, _ = simulated(5, n=400, periods=9, forward=0.2)
    result = fit(data, lags=2)
    lags = result.tables["lags"].query("arrow == 'forward' and estimator == 'corrected'")
    assert lags["lag"].tolist() == [1, 2]
    assert lags["estimate"].sum() == pytest.approx(of(result).loc["forward", "estimate"])
    tests = result.tables["tests"].set_index(["arrow", "estimator"])
    assert tests.loc[("forward", "corrected"), "df"] == 2
    assert tests.loc[("placebo_lead", "corrected"), "df"] == 1


def test_controls_that_follow_the_outcome_leave_the_arrows_alone():
    data, truth = simulated(6, forward=0.2)
    rng = np.random.default_rng(7)
    before = data.sort_values(["entity", "period"]).groupby("entity")["outcome"].shift(1).fillna(0.0)
    found = of(fit(data.assign(calls=0.5 * before + rng.normal(size=len(data))), controls=["calls"]))
    assert found.loc["forward", "conf_low"] < truth["forward"] < found.loc["forward", "conf_high"]
    assert found.loc["reverse", "conf_low"] < 0 < found.loc["reverse", "conf_high"]


def test_a_second_lag_that_matters_is_told():
    data, _ = simulated(8, n=800, periods=10)
    assert fit(data).checks[0].passed is True
    before = data.groupby("entity")["metric"].shift(2).fillna(0.0)
    told = fit(data.assign(outcome=data["outcome"] + 0.5 * before)).checks[0]
    assert told.passed is False
    assert "more lags belong" in told.sentence


def test_gaps_and_late_entries_keep_the_arrows():
    data, truth = simulated(9, periods=12, reverse=0.3)
    rng = np.random.default_rng(10)
    entry = rng.integers(0, 5, size=2_000)[data["entity"]]
    kept = data[(data["period"] >= entry) & ~((data["period"] == 6) & (data["entity"] % 4 == 0))]
    result = fit(kept)
    assert result.tables["rows"]["runs"].item() > 2_000
    for term, value in truth.items():
        assert of(result).loc[term, "conf_low"] < value < of(result).loc[term, "conf_high"]


@pytest.mark.parametrize("periods", [2, 4, 5])
def test_too_few_periods_are_refused(periods):
    data, _ = simulated(11, n=50, periods=periods)
    result = fit(data)
    assert not result.estimates["identified"].any()
    assert result.estimates["reason"].str.contains("6 periods in a row").all()
    assert result.checks[0].passed is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"metric": lambda d: d["entity"] * 1.0}, "'metric' never varies"),
        ({"outcome": lambda d: 0.0}, "'outcome' never varies"),
        ({"metric": lambda d: 2 * d["outcome"] + d["entity"]}, "'metric' is made up"),
        ({"period": lambda d: 2 * d["period"]}, "periods in a row"),
        ({"metric": lambda d: np.nan}, "periods in a row"),
    ],
)
def test_what_tells_nothing_is_not_identified(change, why):
    data, _ = simulated(12, n=60, periods=8)
    result = fit(data.assign(**change))
    assert not result.estimates["identified"].any()
    assert result.estimates["estimate"].isna().all()
    assert result.estimates["reason"].str.contains(why).all()
    assert result.vcov is None


def test_one_entity_and_few_clusters_are_refused():
    data, _ = simulated(13, n=60, periods=8)
    assert fit(data[data["entity"] == 0]).estimates["reason"].str.contains("1 entities have|never varies").all()
    grouped = fit(data.assign(unit=data["entity"] % 5), cluster="unit")
    assert grouped.estimates["reason"].str.contains("5 clusters are too few").all()


def test_clusters_of_entities_sum_their_influence():
    data, _ = simulated(14, n=120, periods=8)
    alone = fit(data, keep_influence=True).influence
    pairs = fit(data.assign(unit=data["entity"] // 2), cluster="unit", keep_influence=True).influence
    assert pairs.to_numpy() == pytest.approx(alone.groupby(alone.index // 2).sum().to_numpy(), abs=1e-10)


def test_no_lag_at_all_is_refused():
    with pytest.raises(DataError, match="at least one lag"):
        fit(simulated(15, n=20)[0], lags=0)
