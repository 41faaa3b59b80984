"""How often intervals of long differences on what is new hold the truth, in cohorts that leave.

The lab's experiment `worth` tried five worlds in panels of 12 and of 24 periods: in 1,567 replications of 200 entities
the intervals of every horizon and of their sum held the truth in 94.2 to 96.2 %, and estimates lay at most 0.06
standard deviations off. The sum from changes on changes held it in 88.1 % where a point pays and in 81.6 % where money
moves the metric (680 replications).
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coroi.models.long_differences import fit_long_differences, simulate_long_differences

PATH, LAST = (-0.3, 0.4, 0.2), 3


def replicate(replications: int, seed: int, **world) -> np.ndarray:
    """Return, by replication, horizon and their sum, estimate and ends less the truth."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(replications):
        data, truth = simulate_long_differences(
            rng, n=200, periods=16, path=PATH, horizons=LAST, leaving=0.02, confounding=0.8, **world
        )
        result = fit_long_differences(
            data, outcome="outcome", metric="metric", gone="gone", since=8, horizons=LAST
        ).estimates
        rows = result[result["term"] != "crossover"]
        values = rows[["estimate", "conf_low", "conf_high"]].to_numpy(float)
        found.append(values - np.array(list(truth.values()))[:, None])
    return np.array(found)


def check(found: np.ndarray) -> None:
    """Hold every horizon and the sum within three standard errors, all of them together, and near the truth."""
    n = len(found)
    held = ((found[:, :, 1] <= 0) & (found[:, :, 2] >= 0)).mean(axis=0)
    margin = stats.norm.ppf(1 - 0.0027 / 2 / held.size) * np.sqrt(0.95 * 0.05 / n)
    assert np.abs(held - 0.95).max() <= margin + 0.01, held
    bias = found[:, :, 0].mean(axis=0) / found[:, :, 0].std(axis=0, ddof=1)
    assert np.abs(bias).max() <= 0.1 + 3 / np.sqrt(n), bias


@pytest.mark.slow
@pytest.mark.parametrize("feedback", [0.0, 0.3])
def test_intervals_cover_in_a_thousand_replications(feedback):
    check(replicate(1_000, 2, feedback=feedback))
