"""Effects of one unit by shifting periods: what the mix of donors leaves after the start and before it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from coroi.inference.simplex import nearest_mix

_DOUBLINGS, _HALVINGS = 14, 24


def shift_p_value(target: np.ndarray, donors: np.ndarray, n_after: int, effect: float, *, intercept: bool) -> float:
    """Test an effect in the last periods by shifting periods in a circle.

    Parameters
    ----------
    target : ndarray, shape (T,)
    donors : ndarray, shape (T, J)
    n_after : int
        The last periods, in which the effect is.
    effect : float
        What is tested, the same in each of them.
    intercept : bool
        Whether each series is taken about its own mean.

    Returns
    -------
    float
        Share of the T shifts whose mean gap over as many periods is as large, at least 1 / T.

    Notes
    -----
    The mix is fitted to all periods, with the effect taken off: under the hypothesis periods are then alike. Reference:
    Chernozhukov, Wüthrich and Zhu (2021), Journal of the American Statistical Association 116:1849-1864, section 2.
    """
    alone = target.astype(float).copy()
    alone[-n_after:] -= effect
    if intercept:
        alone, donors = alone - alone.mean(), donors - donors.mean(axis=0)
    gap = alone - donors @ nearest_mix(alone, donors)
    sums = np.cumsum(np.concatenate([[0.0], gap, gap[: n_after - 1]]))
    windows = np.abs(sums[n_after:] - sums[:-n_after])
    return float((windows >= windows[len(gap) - n_after] * (1 - 1e-9)).mean())


def conformal_set(
    target: np.ndarray, donors: np.ndarray, n_after: int, start: float, step: float, *, intercept: bool, level: float
) -> tuple[float, float]:
    """Return the least and the largest effect that are not rejected, sought outward from an estimate.

    Parameters
    ----------
    target, donors, n_after, intercept
        See :func:`shift_p_value`.
    start, step : float
        Estimate, and the first distance from it.
    level : float

    Returns
    -------
    (float, float)
        Infinite where so few periods reject nothing, or nothing within 2¹⁴ steps is rejected.
    """
    if 1 / len(target) > 1 - level + 1e-12:
        return -math.inf, math.inf

    def held(effect: float) -> bool:
        return shift_p_value(target, donors, n_after, effect, intercept=intercept) > 1 - level + 1e-12

    low, high = (_edge(held, start, sign * step) for sign in (-1, 1))
    return low, high


def _edge(held: Callable[[float], bool], start: float, step: float) -> float:
    inside = start
    for _ in range(_DOUBLINGS):
        outside = inside + step
        if not held(outside):
            break
        inside, step = outside, 2 * step
    else:
        return math.copysign(math.inf, step)
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if held(middle) else (inside, middle)
    return inside
