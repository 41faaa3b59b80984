"""A series whose errors remember: gaps, a library's generalised least squares, and tests that agree with intervals."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from coroi.inference.remembering import fit_remembering


def drawn(n: int, memory: float, seed: int, gap: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    error = rng.normal(size=n + 20)
    for t in range(1, n + 20):
        error[t] += memory * error[t - 1]
    period = np.arange(n)
    keep = ~np.isin(period, (3, 7, 8)) if gap else np.ones(n, dtype=bool)
    design = np.column_stack([np.ones(n), period / n, period >= n // 2]).astype(float)
    return design[keep], (design @ [1.0, 2.0, 0.5] + error[20:])[keep], period[keep]


@pytest.mark.parametrize("gap", [False, True])
def test_at_each_memory_it_is_a_librarys_generalised_least_squares(gap):
    design, outcome, period = drawn(30, 0.5, 1, gap)
    found = fit_remembering(design, outcome, period)
    for at in (0, 60, 120, 180):
        sigma = found.memory[at] ** np.abs(period[:, None] - period)
        slow = sm.GLS(outcome, design, sigma=sigma).fit()
        np.testing.assert_allclose(found.centre[at], slow.params, rtol=1e-8)
        np.testing.assert_allclose(found.spread[at], slow.cov_params(), rtol=1e-7)


def test_the_memory_is_found_where_the_series_is_long():
    for memory in (-0.5, 0.0, 0.7):
        found = fit_remembering(*drawn(1500, memory, 2))
        assert found.mean_memory == pytest.approx(memory, abs=0.07)


def test_a_test_rejects_where_its_interval_ends():
    found = fit_remembering(*drawn(40, 0.4, 3))
    weights = np.array([0.0, 0.0, 1.0])
    p = found.p_value(weights)
    assert 0 < p < 1
    row = found.row(weights, 1 - p)
    assert min(abs(row["conf_low"]), abs(row["conf_high"])) == pytest.approx(0, abs=1e-9)
    wide = found.row(weights, 0.99)
    assert wide["conf_low"] < row["conf_low"]
    assert wide["conf_high"] > row["conf_high"]


def test_pieces_add_up_to_the_variance():
    found = fit_remembering(*drawn(40, 0.4, 4))
    for weights in np.eye(3):
        moved = found.moved(weights)
        assert moved @ moved * 40 / 39 == pytest.approx(found.covariance(weights[None])[0, 0], rel=1e-12)
