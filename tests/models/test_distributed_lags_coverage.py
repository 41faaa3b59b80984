"""How often the intervals of each lag and of their sum hold the truth, with clusters few and many."""

from __future__ import annotations

import math

import numpy as np
import pytest

from coroi.models.distributed_lags import fit_distributed_lags, simulate_distributed_lags


def coverage(replications: int, n: int, **options) -> tuple[np.ndarray, np.ndarray]:
    """Return coverage of each lag and of the sum, and mean error over spread."""
    rng, held, errors, estimates = np.random.default_rng(3), [], [], []
    for _ in range(replications):
        data, truth = simulate_distributed_lags(rng, n=n, periods=9)
        rows = fit_distributed_lags(data, outcome="outcome", metric="metric", lags=2, **options).estimates
        rows = rows[rows["term"] != "cumulative"]
        values = np.array(list(truth.values()))
        held.append((rows["conf_low"].to_numpy() <= values) & (values <= rows["conf_high"].to_numpy()))
        errors.append(rows["std_error"].to_numpy())
        estimates.append(rows["estimate"].to_numpy())
    return np.mean(held, axis=0), np.mean(errors, axis=0) / np.std(estimates, axis=0, ddof=1)


def test_intervals_hold_in_four_hundred_panels():
    found, ratio = coverage(400, 60)
    assert found == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 400))
    assert ratio == pytest.approx(1, abs=0.03 + 3 / math.sqrt(2 * 400))


@pytest.mark.slow
def test_intervals_hold_in_two_thousand_panels():
    found, ratio = coverage(2_000, 100)
    assert found == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 2_000))
    assert ratio == pytest.approx(1, abs=0.02 + 3 / math.sqrt(2 * 2_000))
