"""Shifting periods: beside a plain count, and where too few periods tell nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from coroi.inference.conformal import conformal_set, shift_p_value


def drawn(periods: int, donors: int, seed: int, effect: float = 0.0, after: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    series = rng.normal(size=(periods, donors)) + rng.normal(size=(periods, 1)).cumsum(axis=0)
    target = series[:, :2].mean(axis=1) + 0.5 * rng.normal(size=periods)
    target[-after:] += effect
    return target, series


@pytest.mark.parametrize(("after", "intercept"), [(1, False), (4, False), (3, True)])
def test_p_values_count_shifts(after, intercept):
    target, series = drawn(24, 4, 1, effect=1.0, after=after)
    for effect in (-1.0, 0.0, 0.8):
        alone = target.copy()
        alone[-after:] -= effect
        values = series - series.mean(axis=0) if intercept else series
        alone = alone - alone.mean() if intercept else alone
        slow = minimize(
            lambda w, y=alone, x=values: ((y - x @ w) ** 2).sum(),
            np.full(4, 0.25),
            method="SLSQP",
            bounds=[(0, 1)] * 4,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            options={"ftol": 1e-14},
        ).x
        gap = alone - values @ slow
        sums = [abs(sum(gap[(start + i) % 24] for i in range(after))) for start in range(24)]
        count = sum(s >= sums[24 - after] - 1e-6 for s in sums)
        assert shift_p_value(target, series, after, effect, intercept=intercept) == pytest.approx(count / 24)


def test_the_set_is_of_effects_that_are_not_rejected():
    target, series = drawn(40, 5, 2, effect=3.0)
    low, high = conformal_set(target, series, 1, 3.0, 0.5, intercept=False, level=0.9)
    assert low < 3.0 < high < 6
    step = 1e-4
    for edge, sign in ((low, -1), (high, 1)):
        assert shift_p_value(target, series, 1, edge - sign * step, intercept=False) > 0.1
        assert shift_p_value(target, series, 1, edge + sign * step, intercept=False) <= 0.1


def test_too_few_periods_reject_nothing():
    target, series = drawn(19, 5, 3)
    assert conformal_set(target, series, 1, 0.0, 0.5, intercept=False, level=0.95) == (-math.inf, math.inf)
    target, series = drawn(20, 5, 3)
    assert math.isfinite(conformal_set(target, series, 1, 0.0, 0.5, intercept=False, level=0.95)[0])
