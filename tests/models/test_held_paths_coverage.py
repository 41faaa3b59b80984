"""How often intervals and band of paths hold the truth in short panels, and what leaving later values free would do.

In 500 replications of 50 entities over 12 periods whose metric keeps 0.8 of a rise, intervals held the truth at
horizons 0 to 5 in 93.8, 94.4, 94.2, 93.6, 94.8 and 94.6 %, and the band held all six in 93.6 %; estimates lay at most
0.08 standard deviations off. Projections that leave later values free held it in 94.2, 91.2, 93.4, 69.8, 18.0 and
0.4 %.
"""

from __future__ import annotations

import numpy as np
import pytest

from coroi.models.held_paths import fit_held_paths, simulate_held_paths
from coroi.models.local_projections import fit_local_projections

pytestmark = pytest.mark.slow
LAST = 5
WORLD = {"n": 50, "periods": 12, "now": -0.2, "slope": 0.3, "persistence": 0.8}


def replicate(replications: int, seed: int) -> np.ndarray:
    """Return whether intervals, band, and intervals of plain projections hold the truth, and errors of estimates."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(replications):
        data, truth = simulate_held_paths(rng, **WORLD)
        path = np.array([truth[f"response[{h}]"] for h in range(LAST + 1)])
        rows = fit_held_paths(data, outcome="outcome", metric="metric", horizons=range(LAST + 1)).estimates
        rows = rows[rows["term"] == "response"]
        before = data.groupby("entity")["outcome"].shift(1)
        free = fit_local_projections(
            data.assign(change=data["outcome"] - before),
            outcome="change",
            metric="metric",
            horizons=LAST,
            lags=1,
            cumulative=True,
            jackknife=False,
        ).estimates
        free = free[free["term"] == "response"]
        inside = (rows["conf_low"] <= path) & (path <= rows["conf_high"])
        band = ((rows["band_low"] <= path) & (path <= rows["band_high"])).all()
        left = (free["conf_low"] <= path) & (path <= free["conf_high"])
        errors = (rows["estimate"] - path, rows["std_error"])
        found.append(np.concatenate([inside, [band], left, *errors]))
    return np.array(found, dtype=float)


def check(found: np.ndarray) -> None:
    n, k = len(found), LAST + 1
    margin = 3 * np.sqrt(0.95 * 0.05 / n) + 0.01
    assert np.abs(found[:, :k].mean(axis=0) - 0.95).max() <= margin
    assert found[:, k].mean() >= 0.95 - margin
    errors = found[:, 2 * k + 1 : 3 * k + 1]
    lean = errors.mean(axis=0) / errors.std(axis=0, ddof=1)
    assert np.abs(lean).max() <= 0.1 + 3 / np.sqrt(n)


def test_intervals_and_band_cover_in_short_panels_and_plain_projections_do_not():
    found = replicate(500, 1)
    check(found)
    assert found[:, LAST + 2 : 2 * LAST + 3].mean(axis=0)[-1] < 0.7
