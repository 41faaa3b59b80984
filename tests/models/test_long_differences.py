"""Long differences on what is new: twin, blocks, clusters, leavers, gaps and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.blocks import read_blocks
from coroi.models.long_differences import fit_long_differences, simulate_long_differences
from coroi.results import Result
from long_differences_twin import slow_long_differences

PATH = (-0.3, 0.4, 0.2)
NAMES = {"outcome": "outcome", "metric": "metric"}


def draw(seed: int = 1, *, n: int = 80, periods: int = 14, **world) -> pd.DataFrame:
    return simulate_long_differences(np.random.default_rng(seed), n=n, periods=periods, path=PATH, **world)[0]


def fit(data, **asked) -> Result:
    return fit_long_differences(data, **{**NAMES, "horizons": 3} | asked)


def path_of(result: Result, column: str = "estimate") -> np.ndarray:
    rows = result.estimates
    return rows.loc[rows["term"] == "response", column].to_numpy(float)


def holed(data: pd.DataFrame) -> pd.DataFrame:
    """Drop rows, and values of either column, at random."""
    rng = np.random.default_rng(7)
    data = data[rng.random(len(data)) > 0.05].copy()
    data.loc[rng.random(len(data)) < 0.05, "metric"] = np.nan
    data.loc[rng.random(len(data)) < 0.05, "outcome"] = np.nan
    return data


@pytest.mark.parametrize(
    ("lags", "gone", "since", "settle"), [(1, None, 0, 4), (2, None, 3, 4), (1, "gone", 7, 3), (2, "gone", 6, 2)]
)
def test_it_equals_its_twin_with_gaps_and_leavers(lags, gone, since, settle):
    data = holed(draw(leaving=0.05, n=40))
    result = fit(data, lags=lags, gone=gone, since=since, settle=settle)
    path, covariance = slow_long_differences(data, horizons=3, lags=lags, settle=settle, since=since, gone=gone)
    np.testing.assert_allclose(path_of(result), path, rtol=1e-8)
    np.testing.assert_allclose(result.vcov, covariance, rtol=1e-7, atol=1e-12)
    total = result.estimates[result.estimates["term"] == "total"].iloc[0]
    assert (total["estimate"], total["std_error"]) == pytest.approx((path.sum(), np.sqrt(covariance.sum())), rel=1e-7)


@pytest.mark.parametrize("cluster", [None, "shop"])
def test_blocks_give_the_numbers_of_rows_in_memory(cluster):
    data = holed(draw(leaving=0.03)).assign(shop=lambda d: d["entity"] % 17)
    asked = {"gone": "gone", "since": 7, "keep_influence": True, "cluster": cluster}
    whole, streamed = fit(data, **asked), fit(data, **asked, most_rows=50)
    names = ("outcome", "metric", "gone")
    panel = read_blocks(data, names, entity="entity", period="period", cluster=cluster, complete_only=False)
    handed = fit(replace(panel, block_rows=100), **asked)
    assert whole.spec["computed"] == "rows in memory"
    for found in (streamed, handed):
        assert found.spec["computed"] == "in blocks of whole entities"
        pd.testing.assert_frame_equal(found.estimates, whole.estimates, rtol=1e-10, atol=1e-12)
        pd.testing.assert_frame_equal(found.influence, whole.influence, rtol=1e-8, atol=1e-12)
        for name, table in whole.tables.items():
            pd.testing.assert_frame_equal(found.tables[name], table, rtol=1e-9, atol=1e-12)


def test_what_changes_on_changes_get_wrong_is_found():
    data, truth = simulate_long_differences(np.random.default_rng(3), n=3_000, periods=14, path=PATH, feedback=0.3)
    result = fit(data)
    want = np.array([truth[f"response[{h}]"] for h in range(4)])
    assert np.abs(path_of(result) - want).max() < 0.035
    change = data.assign(
        y=data["outcome"] - data.groupby("entity")["outcome"].shift(),
        x=data["metric"] - data.groupby("entity")["metric"].shift(),
    )
    both = change.dropna()[["y", "x"]] - change.dropna().groupby("period")[["y", "x"]].transform("mean")
    assert (both["x"] @ both["y"]) / (both["x"] @ both["x"]) < want[0] - 0.1


def test_a_horizon_in_twice_leaves_the_critical_value_of_the_band():
    result = fit(draw(), horizons=0)
    from scipy import stats

    band = result.tables["band"].iloc[0]
    assert band["critical"] == pytest.approx(stats.t.ppf(0.975, band["df"]))


def test_levels_and_what_moves_everybody_play_no_part():
    data = draw(leaving=0.03)
    asked = {"gone": None, "since": 7}
    moved = data.assign(
        metric=data["metric"] + data["entity"] % 5 + np.sin(data["period"]),
        outcome=data["outcome"] + np.cos(data["period"]),
    )
    first = slow_long_differences(moved, horizons=3, lags=1, settle=4, since=7)[0]
    np.testing.assert_allclose(path_of(fit(moved, **asked)), first, rtol=1e-8)
    shifted = data.assign(metric=data["metric"] + np.sin(data["period"]), outcome=data["outcome"] + 1e3)
    np.testing.assert_allclose(path_of(fit(shifted, **asked)), path_of(fit(data, **asked)), rtol=1e-7)


def spoilt(what: str) -> pd.DataFrame:
    data = draw(n=60)
    if what == "constant":
        data["metric"] = 7.0
    if what == "fixed":
        data["metric"] = data["entity"] % 10 + 0.0
    if what == "zeros":
        data["outcome"] = 0.0
    if what == "few":
        data = data[data["entity"] < 8]
    if what == "short":
        data = data[data["period"] < 2]
    if what == "one":
        data = data[data["entity"] < 1]
    return data


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("constant", "the metric never varies beyond what moves everybody in a period"),
        ("fixed", "the metric never varies beyond what moves everybody in a period"),
        ("zeros", "the outcome never varies beyond what moves everybody in a period"),
        ("few", "8 clusters are too few to tell errors; it takes 10"),
        ("short", "no row has its later outcome and the past that is held"),
        ("one", "the metric never varies beyond what moves everybody in a period"),
    ],
)
def test_what_is_not_identified_gets_a_reason_and_no_number(what, said):
    result = fit(spoilt(what))
    assert not result.estimates["identified"].any()
    assert result.estimates["estimate"].isna().all()
    assert said in set(result.estimates["reason"])
    assert result.vcov is None


def test_who_leaves_without_a_far_past_is_not_told():
    result = fit(draw(leaving=0.1), gone="gone", since=7, settle=13)
    told = result.estimates.set_index(["term", "horizon"])
    assert told.loc[("response", 0), "identified"]  # nobody has left by then
    assert "no row has a past from which effects have settled" in told.loc[("response", 2), "reason"]


def test_a_metric_that_is_foretold_in_full_is_refused():
    data = draw(n=60)
    rng = np.random.default_rng(4)
    start = dict(enumerate(rng.normal(size=60)))
    data["metric"] = [start[e] * 0.5**t + e % 3 for e, t in zip(data["entity"], data["period"], strict=True)]
    result = fit(data, past=("metric",))
    assert not result.estimates["identified"].any()


@pytest.mark.parametrize("asked", [{"horizons": -1}, {"lags": 0}, {"settle": 0}])
def test_numbers_out_of_range_are_refused(asked):
    with pytest.raises(DataError, match="were asked for"):
        fit(draw(), **asked)


def test_blocks_of_other_columns_are_refused():
    panel = read_blocks(draw(), ("metric", "outcome"), entity="entity", period="period", complete_only=False)
    with pytest.raises(DataError, match="the blocks hold metric, outcome and not outcome, metric"):
        fit(panel)
