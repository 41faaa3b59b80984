"""How often intervals, band and crossover of projections hold the truth.

In 2,000 replications of 100 entities over 24 periods, with one lag held, intervals held the truth at horizons 0 to 4 in
94.9, 94.5, 95.3, 95.0 and 94.5 %; estimates lay at most 0.05 standard deviations off. In panels of 12 periods it was
94.5, 94.8, 94.9 and 93.2 % at horizons 0 to 3, estimates at most 0.13 off, and horizon 4 is refused: with the reach of
the 7 rows that an entity has there, estimates lay 0.7 standard deviations off. With the bias left in, intervals held it
in 74 to 92 % over 24 periods.

Half panels, the usual correction, cost a seventh less in width over 24 periods and left 0.3 standard deviations of the
bias at the last horizon (93.0 %); over 12 periods they left up to two. They take out the bias of order 1/T and double
that of order 1/T², which grows with the horizon, since the errors hold the metric of all periods up to it.
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
        crossed = result.tables.get("crossover")
        crossover.append(crossed is not None and crossed["earliest"].item() <= 3 <= crossed["latest"].item())
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


def test_intervals_and_band_cover_in_sixty_replications():
    check(replicate(60, 1, 24))


@pytest.mark.slow
def test_with_the_bias_left_in_intervals_fail_at_twenty_four_periods():
    assert held(replicate(150, 3, 24, correct=False)["points"]).min() < 0.85


@pytest.mark.slow
def test_in_twelve_periods_intervals_hold_up_to_the_horizon_that_is_told():
    found = held(replicate(1_000, 2, 12)["points"])
    assert found[:4] == pytest.approx(0.95, abs=0.015 + 3 * np.sqrt(0.95 * 0.05 / 1_000))
    assert found[4] == 0  # refused


@pytest.mark.slow
def test_intervals_and_band_cover_in_two_thousand_replications():
    check(replicate(2_000, 4, 24))
