"""Forecasts of a short series: equal to a slow twin, refused where errors are too few, and cut where values end."""

from __future__ import annotations

import math

import numpy as np
import pytest
from forecast_worlds import draw

from coroi.inference.forecasts import forecast_series


def twin_point(past, h, season):
    """Forecast one period, the rule spelt out."""
    if season and len(past) + h - 1 - season * math.ceil(h / season) < 0:
        return None
    if season:
        back = h
        while back > 0:
            back -= season
        return past[len(past) - 1 + back]
    slope = np.polyfit(past[:-1], past[1:], 1)[0]
    slope = slope + (1 + 3 * slope) / (len(past) - 1)
    value, mean = past[-1], np.mean(past)
    for _ in range(h):
        value = mean + min(max(slope, 0), 1) * (value - mean)
    return value


def twin(series, horizon, level, season):
    """Return point, low, high and level at one horizon, each forecast of the past made on its own."""
    half, told = 0.0, math.nan
    for h in range(1, horizon + 1):
        errors = []
        for target in range(len(series)):
            past = series[: max(0, target - h + 1)]
            if len(past) >= (1 if season else 6) and twin_point(past, h, season) is not None:
                errors.append(abs(series[target] - twin_point(past, h, season)))
        n = len(errors)
        allowed = min(level, n / (n + 1))
        smallest = next(e for e in sorted(errors) if sum(x <= e for x in errors) >= allowed * (n + 1) - 1e-9)
        half, told = max(half, smallest), allowed
    point = twin_point(series, horizon, season)
    return point, point - half, point + half, told


@pytest.mark.parametrize(("world", "n", "season"), [("returns", 24, None), ("wanders", 40, None), ("seasons", 30, 12)])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_forecasts_equal_the_slow_twin(world, n, season, level):
    series = draw(world, n, np.random.default_rng(3))
    rows = forecast_series(series, [1, 2, 5], level=level, season=season).rows
    for row in rows.to_dict("records"):
        expected = twin(list(series), row["horizon"], level, season)
        found = [row[c] for c in ("estimate", "pred_low", "pred_high", "level")]
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_year_before_is_forecast_once_there_are_two_years():
    series = np.arange(24.0)
    assert forecast_series(series, [1, 12], season=12).rows["estimate"].tolist() == [12, 23]
    assert forecast_series(np.arange(30.0), [13], season=12).rows["estimate"].tolist() == [18]
    assert forecast_series(series, [1], season=12).rows["pred_high"].item() == 24
    assert "year before" in forecast_series(series, [1], season=12).method
    assert "year before" not in forecast_series(series[:23], [1], season=12).method


def test_the_level_is_the_one_that_the_errors_allow():
    series = np.random.default_rng(1).normal(size=40)
    rows = forecast_series(series, [1, 8, 11]).rows.set_index("horizon")
    assert rows["n_errors"].tolist() == [34, 27, 24]
    assert rows["level"].tolist() == [0.95, 0.95, 0.95]
    few = forecast_series(series[:16], [1, 3]).rows
    assert few["level"].tolist() == pytest.approx([10 / 11, 8 / 9])


def test_too_few_periods_or_errors_give_a_reason_and_no_number():
    rows = forecast_series(np.arange(11.0), [1]).rows
    assert not rows["identified"].any()
    assert "11 periods without a gap are too few" in rows["reason"].item()
    far = forecast_series(np.random.default_rng(1).normal(size=24), [6, 7]).rows
    assert far["identified"].tolist() == [True, False]
    assert far["reason"].tolist()[1].startswith("12 earlier forecasts so far ahead are too few")
    assert far.loc[1, ["estimate", "pred_low", "pred_high", "level"]].isna().all()


def test_only_what_lies_after_the_last_gap_is_used():
    series = np.random.default_rng(2).normal(size=30)
    gap = np.r_[5.0, np.nan, series]
    found, without = forecast_series(gap, [1, 2]), forecast_series(series, [1, 2])
    assert found.n_periods == 30
    assert found.rows.equals(without.rows)


def test_no_interval_is_narrower_than_one_before():
    rows = forecast_series(np.random.default_rng(4).normal(size=36), range(1, 11)).rows
    assert (np.diff(rows["pred_high"] - rows["pred_low"]) >= -1e-9).all()


def test_a_share_stays_a_share():
    series = np.abs(np.random.default_rng(5).normal(0.01, 0.02, size=30))
    rows = forecast_series(series, [1, 2], bounds=(0, 1)).rows
    assert (rows["pred_low"] == 0).all()
    assert rows["estimate"].between(0, 1).all()


def test_the_last_value_is_forecast_unchanged():
    series = np.random.default_rng(6).normal(size=30)
    rows = forecast_series(series, [1, 4], rule="last value").rows
    assert rows["estimate"].tolist() == [series[-1]] * 2
    changes = np.sort(np.abs(np.diff(series)))
    assert rows["pred_high"].iloc[0] == pytest.approx(series[-1] + changes[math.ceil(30 * 0.95) - 1])


def test_a_series_that_never_moved_is_forecast_without_width():
    rows = forecast_series(np.full(20, 3.0), [1]).rows
    assert rows[["estimate", "pred_low", "pred_high"]].to_numpy().tolist() == [[3.0, 3.0, 3.0]]


@pytest.mark.parametrize("wrong", [{"horizons": [0]}, {"horizons": [1], "level": 1.0}])
def test_a_question_without_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="horizons from 1 and a level"):
        forecast_series(np.arange(20.0), **wrong)
