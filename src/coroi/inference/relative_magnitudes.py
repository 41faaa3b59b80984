"""Effects when trends may go on to differ as much as they did before: confidence sets that hold then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from coroi.errors import DataError
from coroi.inference.event_path import EventPath

ANGLES = 2048
GRID = 500
_LIMIT = 10.0
_ALIKE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOfEffects:
    """The effects that are not rejected.

    Parameters
    ----------
    low, high : float
        Ends of the smallest interval that holds them.
    whole : bool
        Whether they are an interval without a hole.
    """

    low: float
    high: float
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Corners:
    """A bound with one change before the base as its yardstick: each corner is a mean in the effect, with an error.

    Parameters
    ----------
    value, slope : ndarray, shape (c,)
        Each corner's value for an effect of zero, and what a unit of the effect adds.
    covariance : ndarray, shape (c, c)
    critical : float
        Least favourable critical value of the largest corner.
    """

    value: np.ndarray
    slope: np.ndarray
    covariance: np.ndarray
    critical: float


def relative_set(
    path: EventPath, weights: np.ndarray, bound: float, *, level: float = 0.95, grid: int = GRID
) -> SetOfEffects:
    """Return the effects not rejected when a difference in trends changes little more after the base than before.

    Parameters
    ----------
    path : EventPath
    weights : ndarray, shape (n,)
        What the effect is: a weighted sum of the path after the base.
    bound : float
        How many times the largest change from one period to the next before the base a change after it may be
        (M̄ of the reference), 0 or more.
    level : float
        Of the set.
    grid : int
        Effects that are tried before the ends are refined, between those that the least favourable test rejects.

    Returns
    -------
    SetOfEffects

    Notes
    -----
    The hybrid of the conditional and the least favourable test, a tenth of the error spent on the latter. The set is a
    union over the period before the base that has the largest change, and its sign. For each of them the bound is a
    set of linear inequalities with free effects of single periods. Here these are removed by hand: the smallest
    violation is the largest of n + 2 linear forms of just two normal variables, the estimate and the one change. So the
    least favourable critical value is an integral over an angle instead of a simulation, and the truncation of the
    conditional test has a closed form instead of a linear programme. Assumption: the estimates are jointly normal with
    known covariance (untestable). References: Rambachan and Roth (2023), Review of Economic Studies 90:2555-2591, on
    relative magnitudes; Andrews, Roth and Pakes (2023), Review of Economic Studies 90:2763-2791.
    """
    corners = _all_corners(path, weights, bound, 1 - level)
    outer = np.array([(c.critical - c.value[:2]) / c.slope[:2] for c in corners])
    tried = np.linspace(outer.min(), outer.max(), grid)
    inside = np.flatnonzero(_accepted(corners, tried, 1 - level))
    if not len(inside):
        middle = float(weights @ path.after)
        return SetOfEffects(low=middle, high=middle)
    first, last = int(inside[0]), int(inside[-1])

    def end(outside: float, within: float) -> float:
        for _ in range(30):
            mid = (outside + within) / 2
            within, outside = (mid, outside) if _accepted(corners, np.array([mid]), 1 - level)[0] else (within, mid)
        return within

    return SetOfEffects(
        low=float(end(tried[first - 1], tried[first]) if first else tried[0]),
        high=float(end(tried[last + 1], tried[last]) if last < grid - 1 else tried[-1]),
        whole=len(inside) == last - first + 1,
    )


def breakdown_bound(
    path: EventPath, weights: np.ndarray, *, effect: float = 0.0, level: float = 0.95, limit: float = _LIMIT
) -> float:
    """Return the largest bound up to which an effect stays rejected.

    Parameters
    ----------
    path, weights, level
        See :func:`relative_set`.
    effect : float
        Zero, or the smallest effect that matters.
    limit : float
        Largest bound that is tried.

    Returns
    -------
    float
        NaN where the effect is not rejected at a bound of 0 already; infinite where it still is at `limit`.
    """
    target = np.array([effect])

    def keeps(bound: float) -> bool:
        return bool(_accepted(_all_corners(path, weights, bound, 1 - level), target, 1 - level)[0])

    if keeps(0.0):
        return float("nan")
    steps = np.geomspace(0.05, limit, 20)
    first = next((i for i, bound in enumerate(steps) if keeps(bound)), None)
    if first is None:
        return float("inf")
    low, high = (0.0 if first == 0 else float(steps[first - 1])), float(steps[first])
    while high - low > 1e-3:
        mid = (low + high) / 2
        low, high = (low, mid) if keeps(mid) else (mid, high)
    return low


def _all_corners(path: EventPath, weights: np.ndarray, bound: float, alpha: float) -> list[_Corners]:
    k = len(path.before)
    changes = np.diff(-np.eye(k + len(path.after))[:k], axis=0, prepend=0.0)
    return [corners for change in changes for corners in _corners(path, weights, bound, change, alpha)]


def _corners(path: EventPath, weights: np.ndarray, bound: float, change: np.ndarray, alpha: float) -> list[_Corners]:
    """Return the corners for one yardstick, a linear form of the estimates that is a change before the base.

    Notes
    -----
    Once for each sign of the change. The other sign's corners are those of the one with their own signs turned, so
    that both have the same critical value.
    """
    k, n = len(path.before), len(path.after)
    if not path.error(weights) > 0:
        raise DataError("the effect that is to be bounded does not vary, so that there is no interval around it.")
    steps = np.zeros((n, k + n))
    steps[:, k:] = np.eye(n) - np.eye(n, k=-1)
    up, down = (_errors(sign * steps - bound * change, path.covariance) for sign in (1.0, -1.0))
    total = np.cumsum(weights[::-1])[::-1]
    size = np.abs(total)
    least, most = size @ np.where(total > 0, up, down), size @ np.where(total > 0, down, up)
    effect = np.concatenate([np.zeros(k), weights])
    spare = bound * size.sum() * change
    both = (up + down)[up + down > 0]
    forms = np.vstack([(effect - spare) / least, (-effect - spare) / most, -2 * bound * change / both[:, None]])
    slope = np.concatenate([[-1 / least, 1 / most], np.zeros(len(both))])
    covariance = forms @ path.covariance @ forms.T
    value = forms @ np.concatenate([path.before, path.after])
    critical = _least_favourable(covariance, alpha / 10)
    return [
        _Corners(value=sign * value, slope=sign * slope, covariance=covariance, critical=critical)
        for sign in (1.0, -1.0)
    ]


def _errors(forms: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", forms, covariance, forms)))


def _least_favourable(covariance: np.ndarray, size: float) -> float:
    """Return the critical value of the largest of some forms of two normal variables with mean zero.

    Notes
    -----
    In the direction of an angle the largest form grows by g a unit of the distance from the origin, whose square is
    exponential; the chance to stay below c is the mean over angles of 1 − exp(−c² / 2g²) where g > 0, and 1 elsewhere.
    """
    root, vectors = np.linalg.eigh(covariance)
    loads = vectors[:, -2:] * np.sqrt(np.clip(root[-2:], 0, None))
    angle = (np.arange(ANGLES) + 0.5) * (2 * np.pi / ANGLES)
    growth = (loads @ np.vstack([np.cos(angle), np.sin(angle)])).max(axis=0)
    rising = growth[growth > 0]

    def beyond(critical: float) -> float:
        return float(np.exp(-0.5 * (critical / rising) ** 2).sum() / ANGLES) - size

    return float(optimize.brentq(beyond, 0.0, 10 * rising.max(), xtol=1e-10))


def _accepted(corners: list[_Corners], effects: np.ndarray, alpha: float) -> np.ndarray:
    """Tell which effects some yardstick does not reject, shape of `effects`."""
    return np.asarray(np.logical_or.reduce([~_rejects(each, effects, alpha) for each in corners]))


def _rejects(corners: _Corners, effects: np.ndarray, alpha: float) -> np.ndarray:
    """Test each effect: the largest corner, given which corner it is and what of the others is independent of it."""
    values = corners.value[:, None] + corners.slope[:, None] * effects
    top = values.argmax(axis=0)
    largest = values[top, np.arange(len(effects))]
    variance = np.diag(corners.covariance)[top]
    share = corners.covariance[:, top] / np.where(variance > 0, variance, 1.0)
    rest = values - share * largest
    with np.errstate(divide="ignore", invalid="ignore"):
        limit = rest / (1 - share)
    low = np.where(share < 1 - _ALIKE, limit, -np.inf).max(axis=0)
    high = np.minimum(np.where(share > 1 + _ALIKE, limit, np.inf).min(axis=0), corners.critical)
    error = np.sqrt(np.where(variance > 0, variance, 1.0))
    chance = _tail(largest / error, low / error, high / error)
    conditional = (alpha - alpha / 10) / (1 - alpha / 10)
    certain = (variance <= 0) & (largest > 0)
    return certain | (largest > corners.critical) | ((largest > 0) & (chance < conditional) & (variance > 0))


def _tail(at: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the chance of a normal between two limits to exceed a value between them; NaN for one beyond them."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.exp(_log_between(at, high) - _log_between(np.minimum(low, at), high)))


def _log_between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    upper, lower = special.log_ndtr(-low), special.log_ndtr(-np.maximum(high, low))
    with np.errstate(divide="ignore"):
        return np.asarray(upper + np.log1p(-np.exp(lower - upper)))
