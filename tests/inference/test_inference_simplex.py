"""The nearest mix: beside a general solver, by its conditions, and where it is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from coroi.inference.simplex import evenness, nearest_mix

SIZES = [(12, 4, 1), (30, 20, 2), (10, 40, 3), (5, 3, 4)]


def drawn(periods: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=periods) + 10, rng.normal(size=(periods, n)) + 10 + rng.normal(size=n)


def loss(weights: np.ndarray, target: np.ndarray, series: np.ndarray) -> float:
    return float(((target - series @ weights) ** 2).sum() + evenness(series) * (weights**2).sum())


@pytest.mark.parametrize(("periods", "n", "seed"), SIZES)
def test_it_fits_as_well_as_a_general_solver(periods, n, seed):
    target, series = drawn(periods, n, seed)
    found = nearest_mix(target, series)
    slow = minimize(
        loss,
        np.full(n, 1 / n),
        args=(target, series),
        method="SLSQP",
        bounds=[(0, 1)] * n,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"maxiter": 2000, "ftol": 1e-14},
    )
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1, abs=1e-12)
    assert loss(found, target, series) <= slow.fun + 1e-9
    np.testing.assert_allclose(found, slow.x, atol=2e-3 if n > periods else 1e-5)


@pytest.mark.parametrize(("periods", "n", "seed"), SIZES)
def test_no_shift_of_weight_would_help(periods, n, seed):
    target, series = drawn(periods, n, seed)
    found = nearest_mix(target, series)
    slope = 2 * (series.T @ (series @ found - target) + evenness(series) * found)
    assert np.ptp(slope[found > 0]) <= 1e-9 * np.abs(slope).max()
    assert slope.min() >= slope[found > 0].min() - 1e-9 * np.abs(slope).max()


def test_a_mix_is_found_again():
    _, series = drawn(40, 6, 5)
    weights = np.array([0.5, 0.3, 0.2, 0, 0, 0])
    np.testing.assert_allclose(nearest_mix(series @ weights, series), weights, atol=1e-5)
    np.testing.assert_allclose(nearest_mix(series[:, 2], series), np.eye(6)[2], atol=1e-5)


def test_units_and_levels_of_the_outcome_change_no_weight():
    target, series = drawn(20, 8, 6)
    np.testing.assert_allclose(
        nearest_mix(1000 * target + 7, 1000 * series + 7), nearest_mix(target, series), atol=1e-9
    )


def test_of_mixes_that_fit_alike_the_most_even_one_is_taken():
    target, series = drawn(15, 1, 7)
    np.testing.assert_allclose(nearest_mix(target, np.repeat(series, 4, axis=1)), [0.25] * 4, atol=1e-9)
    np.testing.assert_allclose(nearest_mix(target, np.repeat(target[:, None], 2, axis=1)), [0.5] * 2, atol=1e-9)
    assert nearest_mix(target, series).tolist() == [1.0]
