"""ARDL: the long run and its sets, error correction as an exact rewriting, the bounds test, short panels, refusals."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.api import ARDL, UECM

from coroi.errors import CoroiError
from coroi.models.ardl import fit_ardl, simulate_ardl
from coroi.results import Result
from coroi.storage import read_result, write_result


def fit(data: pd.DataFrame, **options) -> Result:
    return fit_ardl(data, outcome="outcome", metric="metric", **options)


def row_of(result: Result, term: str, interval: str = "fieller") -> pd.Series:
    rows = result.estimates[result.estimates["term"] == term]
    return rows.iloc[0] if term == "speed" else rows.set_index("interval").loc[interval]


def check_of(result: Result, name: str):
    return next(c for c in result.checks if c.name == name)


@pytest.fixture(scope="module")
def series() -> pd.DataFrame:
    return simulate_ardl(np.random.default_rng(1), n=1, periods=150, memory=(0.4, 0.2))[0]


def test_a_single_series_is_statsmodels(series):
    result = fit(series, outcome_lags=2, metric_lags=3, effects="none", errors="classical")
    slow = ARDL(series["outcome"], 2, series[["metric"]], 3, trend="c").fit()
    rows = result.estimates[result.estimates["term"] == "coefficient"].set_index(["regressor", "lag"])
    for name, lag in rows.index:
        found, at = rows.loc[(name, lag)], f"{name}.L{lag:.0f}"
        assert found["estimate"] == pytest.approx(slow.params[at], rel=1e-8)
        assert found["std_error"] == pytest.approx(slow.bse[at], rel=1e-8)
    assert len(rows) == 6


def test_error_correction_is_an_exact_rewriting(series):
    result = fit(series, outcome_lags=2, metric_lags=3, effects="none", errors="classical")
    slow = UECM(series["outcome"], 2, series[["metric"]], 3, trend="c").fit()
    speed, long_run = row_of(result, "speed"), row_of(result, "long_run")
    assert speed["estimate"] == pytest.approx(slow.params["outcome.L1"], rel=1e-8)
    assert speed["std_error"] == pytest.approx(slow.bse["outcome.L1"], rel=1e-8)
    assert long_run["estimate"] == pytest.approx(-slow.ci_params["metric"], rel=1e-8)
    assert long_run["std_error"] == pytest.approx(slow.ci_bse["metric"], rel=1e-6)


def test_the_long_run_of_a_panel_is_found():
    data, truth = simulate_ardl(np.random.default_rng(2), n=800, periods=30)
    result = fit(data, effects="period")
    for term in ("long_run", "speed"):
        row = row_of(result, term)
        assert row["conf_low"] < truth[term] < row["conf_high"]
        assert row["std_error"] < 0.02
    assert "short panel" not in [c.name for c in result.checks]


def test_entity_effects_in_a_short_panel_are_refused_and_in_a_longer_one_flagged():
    data, _ = simulate_ardl(np.random.default_rng(3), n=500, periods=40, own=1.0)
    short = fit(data[data["period"] <= 8])
    assert not short.estimates["identified"].any()
    assert short.estimates["reason"].str.startswith("7.0 periods an entity are too few").all()
    longer = check_of(fit(data), "short panel")
    assert longer.passed is False
    assert "With 39.0 periods an entity" in longer.sentence


def test_a_wandering_outcome_has_a_set_without_bound():
    rng = np.random.default_rng(5)
    metric = rng.normal(size=60)
    data = pd.DataFrame(
        {"entity": 0, "period": range(60), "metric": metric, "outcome": np.cumsum(rng.normal(size=60)) + metric}
    )
    result = fit(data, effects="none", errors="classical")
    row = row_of(result, "long_run")
    assert row["set"] != "interval"
    assert math.isinf(row["conf_low"])
    assert math.isfinite(row_of(result, "long_run", "delta")["conf_low"])
    words = result.tables["sets"].set_index(["term", "interval"])["words"]
    assert words[("long_run", "fieller")].startswith("unbounded: ")
    assert check_of(result, "speed").passed is False
    assert check_of(result, "bounds").passed is False


def test_a_set_without_bound_survives_the_disk(tmp_path):
    rng = np.random.default_rng(9)
    data = pd.DataFrame(
        {"entity": 0, "period": range(60), "metric": rng.normal(size=60), "outcome": np.cumsum(rng.normal(size=60))}
    )
    result = fit(data, effects="none", errors="classical")
    assert np.isinf(result.estimates["conf_low"]).any()
    write_result(result, tmp_path)
    back = read_result(tmp_path)
    pd.testing.assert_frame_equal(back.estimates, result.estimates, rtol=1e-8)
    pd.testing.assert_frame_equal(back.tables["sets"], result.tables["sets"])


def test_bounds_are_for_whole_series_alone(series):
    result = fit(series, effects="none", errors="classical")
    assert check_of(result, "bounds").passed
    gap = fit(series[series["period"] != 70], effects="none", errors="classical")
    assert check_of(gap, "bounds").passed is None
    assert gap.n_obs == 150 - 1 - 2
    no_lag = fit(series, metric_lags=0, effects="none", errors="classical")
    assert "no lag" in check_of(no_lag, "bounds").sentence
    panel, _ = simulate_ardl(np.random.default_rng(6), n=30, periods=12)
    assert "bounds" not in [c.name for c in fit(panel, effects="period").checks]


def test_an_explosive_outcome_has_no_long_run():
    rng = np.random.default_rng(7)
    metric = rng.normal(size=80)
    data = pd.DataFrame({"entity": 0, "period": range(80), "metric": metric, "outcome": 1.1 ** np.arange(80) + metric})
    result = fit(data, effects="none", errors="classical")
    assert "there is no long run" in row_of(result, "long_run")["reason"]
    assert row_of(result, "speed")["identified"]
    assert result.vcov is None


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda d: d.assign(metric=d["entity"] * 1.5), {"effects": "entity"}, "never varies"),
        (lambda d: d.assign(outcome=0.0), {}, "the outcome never varies"),
        (lambda d: d[d["period"] == 1], {}, "no row has"),
        (lambda d: d[d["period"] % 2 == 0], {}, "no row has"),
        (lambda d: d[d["entity"] == 0], {"effects": "none"}, "1 clusters are too few"),
        (lambda d: d[d["entity"] < 9], {}, "9 clusters are too few"),
        (lambda d: d.assign(again=d["metric"]), {"controls": ["again"]}, "combinations of the others"),
    ],
)
def test_what_the_data_cannot_tell_is_refused(change, options, said):
    data, _ = simulate_ardl(np.random.default_rng(8), n=20, periods=7)
    result = fit(change(data), **({"effects": "period"} | options))
    assert not result.estimates["identified"].any()
    assert result.estimates["reason"].str.contains(said).all(), result.estimates["reason"].iloc[0]
    assert [c.passed for c in result.checks if c.name == "speed"] == [None]


@pytest.mark.parametrize(
    "options", [{"outcome_lags": 0}, {"metric_lags": -1}, {"control_lags": [1, 2]}, {"bounds_case": 6}]
)
def test_lags_that_make_no_model_are_refused(series, options):
    with pytest.raises(CoroiError, match="ardl"):
        fit(series, effects="none", **options)
