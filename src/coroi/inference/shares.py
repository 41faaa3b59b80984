"""Intervals of shares and of their differences that hold in small samples and at their ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize, stats

Limits = tuple[float, float]


def effective_size(spread: float, variance: float, *, n_obs: float, even_customers: float) -> float:
    """Return the number of independent answers that would be as precise.

    Parameters
    ----------
    spread : float
        Variance of one answer.
    variance : float
        Clustered variance of the mean.
    n_obs, even_customers : float
        Answers, and customers of equal weight that would count as much.

    Returns
    -------
    float
        At most the answers given. Where all answers agree nothing tells how alike a customer's own are, so that
        each customer counts once.

    Notes
    -----
    Reference: Korn and Graubard (1998), Survey Methodology 24:193-201.
    """
    if spread <= 0 or variance <= 0:
        return float(even_customers)
    return float(min(spread / variance, n_obs))


def width_of(level: float, n_clusters: int) -> float:
    """Return the half-width of an interval in standard errors: Student's t with one degree less than customers."""
    return float(stats.t.ppf(0.5 + level / 2, n_clusters - 1))


def wilson(share: float, size: float, width: float) -> Limits:
    """Return the score interval of a share.

    Parameters
    ----------
    share : float
        From 0 to 1.
    size : float
        Independent answers that would be as precise.
    width : float
        Half-width in standard errors.

    Notes
    -----
    It holds at 0 and 1, where the normal interval has no width, and in samples of ten. References: Wilson (1927), JASA
    22:209-212; with an effective size: Franco, Little, Louis and Slud (2019), JSSAM 7:334-364.
    """
    square = width**2
    middle = (share + square / (2 * size)) / (1 + square / size)
    half = width / (1 + square / size) * np.sqrt(share * (1 - share) / size + square / (4 * size**2))
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


def score_difference(plus: float, minus: float, size: float, width: float) -> Limits:
    """Return the score interval of the difference of two shares of the same answers.

    Parameters
    ----------
    plus, minus : float
        Shares that count for and against; together 1 at most.
    size, width : float
        As in :func:`wilson`.

    Notes
    -----
    The ends are where the difference less its hypothesis is `width` errors, these taken at the hypothesis. Reference:
    Tango (1998), Statistics in Medicine 17:891-908, eq. 9–12, there for paired shares, which have the same
    likelihood.
    """
    gap = plus - minus

    def away(delta: float) -> float:
        b = -plus - minus + (2 - gap) * delta
        inside = max(b * b + 8 * minus * delta * (1 - delta), 0.0)
        against = max((np.sqrt(inside) - b) / 4, 0.0)
        error = np.sqrt(max(2 * against + delta * (1 - delta), 0.0) / size)
        if gap == delta:
            return 0.0
        return float((gap - delta) / error) if error > 0 else float(np.copysign(np.inf, gap - delta))

    return _end(lambda d: away(d) - width, -1.0, gap), _end(lambda d: away(d) + width, 1.0, gap)


def move_difference(
    first: float, first_limits: Limits, second: float, second_limits: Limits, correlation: float
) -> Limits:
    """Return the limits of `first` less `second`, estimates that may vary together.

    Notes
    -----
    Each estimate's own limits tell its variance near that end (method of variance estimates recovery), so that the
    interval holds where a normal one does not. References: Newcombe (1998), Statistics in Medicine 17:2635-2650,
    method 10; Zou and Donner (2008), Statistics in Medicine 27:1693-1702, eq. 6.
    """
    down, up = first - first_limits[0], first_limits[1] - first
    down_second, up_second = second - second_limits[0], second_limits[1] - second
    below = down**2 + up_second**2 - 2 * correlation * down * up_second
    above = up**2 + down_second**2 - 2 * correlation * up * down_second
    gap = first - second
    return gap - float(np.sqrt(max(below, 0.0))), gap + float(np.sqrt(max(above, 0.0)))


def p_value_of(limits: Callable[[float], Limits]) -> float:
    """Return the p-value of a test of zero that rejects where the interval of a level leaves zero out.

    Parameters
    ----------
    limits : callable
        Interval by level; the higher the level, the wider.
    """

    def nearest(level: float) -> float:
        low, high = limits(level)
        return low if low + high > 0 else -high

    lowest, highest = 1e-9, 1 - 1e-12
    if nearest(lowest) <= 0:
        return 1.0
    if nearest(highest) > 0:
        return 1 - highest
    return float(1 - optimize.brentq(nearest, lowest, highest, xtol=1e-12))


def correlation_of(covariance: np.ndarray, one: int, other: int) -> float:
    """Return the correlation of two estimates, zero where one does not vary."""
    product = covariance[one, one] * covariance[other, other]
    return float(np.clip(covariance[one, other] / np.sqrt(product), -1, 1)) if product > 0 else 0.0


def _end(beyond: Callable[[float], float], edge: float, gap: float) -> float:
    """Return where a function crosses zero between an edge and the estimate, or the edge where it does not."""
    if edge == gap or beyond(edge) * beyond(gap) > 0:
        return edge
    return float(optimize.brentq(beyond, edge, gap, xtol=1e-13))
