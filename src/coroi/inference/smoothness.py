"""Effects when a difference in trends may bend only so much: the shortest interval of fixed length that holds then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from coroi.errors import DataError
from coroi.inference.event_path import EventPath

_SINGULAR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedLength:
    """A linear estimate with the interval that allows for its worst bias.

    Parameters
    ----------
    estimate, std_error, bias, low, high : float
        In the outcome's unit; the bias is the largest possible.
    before : ndarray, shape (k,)
        Weights of the estimates before the base, the nearest first.
    """

    estimate: float
    std_error: float
    bias: float
    low: float
    high: float
    before: np.ndarray


def fixed_length(path: EventPath, weights: np.ndarray, bend: float, *, level: float = 0.95) -> FixedLength:
    """Return the shortest interval of fixed length when a difference in trends bends only a little.

    Parameters
    ----------
    path : EventPath
    weights : ndarray, shape (n,)
        What the effect is: a weighted sum of the path after the base.
    bend : float
        Most that the slope of the difference may change from one period to the next (M of the reference), in the
        outcome's unit; 0 allows any straight line.
    level : float
        Of the interval.

    Returns
    -------
    FixedLength

    Raises
    ------
    DataError
        If the covariance is singular, as from no more clusters than estimates: then some estimate looks certain.

    Notes
    -----
    A difference of trends is a straight line plus bends. An estimate that a straight line does not move has a largest
    bias of `bend` times a sum of absolute values, so the bias is traded against the variance along the path of a lasso,
    which is followed from corner to corner; the half length is convex along it. Assumption: the estimates are
    jointly normal with known covariance (untestable). References: Armstrong and Kolesár (2018), Econometrica
    86:655-683; Rambachan and Roth (2023), Review of Economic Studies 90:2555-2591, on intervals of fixed length.
    """
    error = np.sqrt(np.diag(path.covariance))
    if not (error > 0).all() or np.linalg.eigvalsh(path.covariance / np.outer(error, error))[0] < _SINGULAR:
        raise DataError("the covariance of the path is singular, as from no more clusters than estimates.")
    start, free, fixed_bias = _pieces(path, weights)
    sums = _lasso_path(free.T @ path.covariance @ free, free.T @ path.covariance @ start)

    def found(place: float) -> FixedLength:
        at = min(int(place), len(sums) - 1)
        here = sums[at] + (place - at) * (sums[min(at + 1, len(sums) - 1)] - sums[at])
        return _judged(path, start + free @ here, float(bend * (fixed_bias + np.abs(here).sum())), level)

    def half(place: float) -> float:
        told = found(place)
        return told.high - told.low

    between = range(len(sums) - 1)
    inner = [float(optimize.minimize_scalar(half, bounds=(at, at + 1), method="bounded").x) for at in between]
    return found(min([0.0, float(len(sums) - 1), *inner], key=half))


def _pieces(path: EventPath, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the estimate of least bias, how free sums of its weights change it, and the bias that none can avoid.

    Notes
    -----
    A bend i periods before the base moves the estimate by the sum over k > i of (k − i) times the weight k periods
    before it. The weights are the second differences of these sums; the sum for i = 0 is given, for else a straight
    line would move the estimate.
    """
    k, n = len(path.before), len(path.after)
    distance = np.arange(1, n + 1)
    bends_after = weights @ np.maximum(distance[:, None] - distance, 0)
    line = float(weights @ distance)
    second = np.eye(k) - 2 * np.eye(k, k=1) + np.eye(k, k=2)
    start = np.concatenate([second[:, 0] * line, weights])
    free = np.vstack([second[:, 1:], np.zeros((n, k - 1))])
    return start, free, float(np.abs(bends_after).sum() + abs(line))


def _judged(path: EventPath, whole: np.ndarray, bias: float, level: float) -> FixedLength:
    error = float(np.sqrt(whole @ path.covariance @ whole))
    estimate = float(whole @ np.concatenate([path.before, path.after]))
    half = error * folded_quantile(bias / error, level)
    before = whole[: len(path.before)]
    return FixedLength(
        estimate=estimate, std_error=error, bias=bias, low=estimate - half, high=estimate + half, before=before
    )


def folded_quantile(shift: float, level: float) -> float:
    """Return the quantile of the absolute value of a normal with a mean of `shift` and a variance of 1."""

    def beyond(x: float) -> float:
        return float(special.ndtr(x - shift) - special.ndtr(-x - shift)) - level

    far = float(special.ndtri(0.5 + level / 2))
    return float(optimize.brentq(beyond, 0.0, shift + far + 1e-9, xtol=1e-12))


def _lasso_path(square: np.ndarray, cross: np.ndarray) -> np.ndarray:
    """Return the corners of argmin ½ x'Qx + c'x + λ Σ|x| as λ falls from where x is zero to none.

    Parameters
    ----------
    square : ndarray, shape (p, p)
        Q, positive definite.
    cross : ndarray, shape (p,)
        c.

    Returns
    -------
    ndarray, shape (n_corners, p)
        x is linear in between. Reference: Osborne, Presnell and Turlach (2000), IMA Journal of Numerical Analysis
        20:389-403.
    """
    size = len(cross)
    found = [np.zeros(size)]
    if not size or not np.any(cross):
        return np.array(found)
    active = [int(np.abs(cross).argmax())]
    penalty = float(np.abs(cross).max())
    sign = {active[0]: -float(np.sign(cross[active[0]]))}
    x = np.zeros(size)
    while penalty > 0:
        step = np.zeros(size)  # what x moves by as the penalty falls by one
        signs = np.array([sign[j] for j in active])
        step[active] = np.linalg.solve(square[np.ix_(active, active)], signs)
        fall, event = _next_corner(square @ x + cross, square @ step, x, step, active, penalty)
        x, penalty = x + fall * step, penalty - fall
        if event in active:
            x[event] = 0.0
            active.remove(event)
        elif event >= 0:
            sign[event] = -float(np.sign((square @ x + cross)[event]))
            active.append(event)
        else:
            penalty = 0.0
        found.append(x.copy())
    return np.array(found)


def _next_corner(
    slope: np.ndarray, turn: np.ndarray, x: np.ndarray, step: np.ndarray, active: list[int], penalty: float
) -> tuple[float, int]:
    """Return by how much the penalty falls until the next variable enters or leaves, and which; −1 for none."""
    fall, event = penalty, -1
    for j in range(len(x)):
        if j in active:
            ways = [-x[j] / step[j]] if x[j] * step[j] < 0 else []
        else:
            ways = [
                (penalty - sign * slope[j]) / (1 + sign * turn[j]) for sign in (1.0, -1.0) if 1 + sign * turn[j] > 0
            ]
        for way in ways:
            if 1e-12 * penalty < way < fall:
                fall, event = float(way), j
    return fall, event
