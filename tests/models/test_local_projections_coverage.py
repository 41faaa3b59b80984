"""How often intervals, band and crossover of projections hold the truth.

In 2,000 replications of 100 entities over 24 periods, with one lag held and half panels, intervals held the truth at
horizons 0 to 4 in 94.9, 95.3, 95.5, 94.8 and 94.4 %, the band held all five in 94.7 %, and the interval of the
crossover held its horizon every time. Estimates lay at most 0.12 standard deviations off, and 0.32 at the last
horizon. Without half panels intervals held it in 75 to 93 % (500 replications), and in 12 periods even with them in
55 to 93 %.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coroi.models.local_projections import fit_local_projections, simulate_local_projections

PATH, LAST = (-0.5, -0.2, 0.1, 0.4, 0.5), 4


def replicate(replications: int, seed: int, periods: int, **asked) -> dict[str, np.ndarray]:
    """Return estimates, errors and ends by horizon, and whether band and crossover held the truth."""
    rng = np.random.default_rng(seed)
    points, band, crossover = [], [], []
    for _ in range(replications):
        data, truth = simulate_local_projections(rng, n=100, periods=periods, path=PATH, persistence=0.5, noise=2.0)
        path = np.array([truth[f"response[{h}]"] for h in range(LAST + 1)])
        result = fit_local_projections(data, outcome="outcome", metric="metric", horizons=LAST, lags=1, **asked)
        rows = result.estimates[result.estimates["term"] == "response"]
        points.append(
            rows[["estimate", "std_error", "conf_low", "conf_high"]].to_numpy(float) - path[:, None] * [1, 0, 1, 1]
        )
        band.append(((rows["band_low"] <= path) & (path <= rows["band_high"])).all())
        crossed = result.tables["crossover"].iloc[0]
        crossover.append(crossed["earliest"] <= 3 <= crossed["latest"])
    return {"points": np.array(points), "band": np.array(band), "crossover": np.array(crossover)}


def held(points: np.ndarray) -> np.ndarray:
    """Return the share of intervals that hold the truth, by horizon."""
    return ((points[:, :, 2] <= 0) & (points[:, :, 3] >= 0)).mean(axis=0)


def check(found: dict[str, np.ndarray]) -> None:
    """Hold each horizon within three standard errors, all horizons together; the crossover at least at 95 %."""
    n = len(found["band"])
    margin = stats.norm.ppf(1 - 0.0027 / 2 / (LAST + 1)) * np.sqrt(0.95 * 0.05 / n)
    assert np.abs(held(found["points"]) - 0.95).max() <= margin + 0.01, held(found["points"])
    assert abs(found["band"].mean() - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / n) + 0.01
    assert found["crossover"].mean() >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / n)
    errors, spread = found["points"][:, :, 1].mean(axis=0), found["points"][:, :, 0].std(axis=0, ddof=1)
    assert errors == pytest.approx(spread, rel=0.02 + 3.5 / np.sqrt(2 * n))


def test_intervals_and_band_cover_in_two_hundred_replications():
    check(replicate(200, 1, 24))


def test_in_twelve_periods_half_panels_are_not_enough():
    assert held(replicate(150, 2, 12)["points"]).min() < 0.88


def test_without_half_panels_intervals_fail_at_twenty_four_periods():
    assert held(replicate(150, 3, 24, jackknife=False)["points"]).min() < 0.85


@pytest.mark.slow
def test_intervals_and_band_cover_in_two_thousand_replications():
    check(replicate(2_000, 4, 24))
