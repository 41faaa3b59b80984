"""The rate at which money over time is worth nothing: one, none or several, and the rates that are not ruled out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from coroi.errors import DataError
from coroi.roi.flows import Line
from coroi.roi.present_value import check_line

GRID = 4001
NAN = float("nan")
_REAL = 1e-6  # of a root's size: companion matrices turn double roots into pairs that are this far off the line
_ZERO = 1e-12  # of the amounts that are summed
_TOLD = 1e-14  # of the largest amount: less in the last period would overflow the companion matrix
_SAME = 1e-6  # logs of 1 + r that are one root


@dataclass(frozen=True, slots=True, kw_only=True)
class InternalRate:
    """Rates a year at which a line is worth nothing.

    Parameters
    ----------
    roots : tuple of float
        All rates within those searched at which the estimated line is worth zero.
    estimate : float
        The root, if there is exactly one; else NaN.
    low, high : float
        Ends of the smallest interval that holds the confidence set; infinite where the set goes on to the end of the
        rates searched, NaN where it is empty.
    pieces : tuple of (float, float)
        The confidence set: none, one or several intervals of rates.
    reason : str
        Why there is no single rate, in words; empty if there is one.
    """

    roots: tuple[float, ...]
    estimate: float
    low: float
    high: float
    pieces: tuple[tuple[float, float], ...]
    reason: str


def internal_rate(
    line: Line, *, per_year: float, level: float = 0.95, lowest: float = -0.99, highest: float = 10.0
) -> InternalRate:
    """Return the rates a year at which a line is worth nothing, with the set that a test does not rule out.

    Parameters
    ----------
    line : Line
    per_year : float
        Periods in a year.
    level : float
    lowest, highest : float
        Rates searched, above -1.

    Returns
    -------
    InternalRate

    Raises
    ------
    DataError
        If the line has no period or the rates searched are none.

    Notes
    -----
    The value at a rate is a polynomial in (1 + r)^(−1 / per_year), and can be zero at as many rates as its signs change
    (Descartes); "several" and "none" are answers. The confidence set holds every rate at which a t test of "worth
    nothing" does not reject: at each rate the value is a weighted sum of the line's periods, so the set has the level
    of the line's own intervals, however flat the value is in the rate. Assumption: estimates are jointly normal
    (untestable). Reference: Fieller (1954), Journal of the Royal Statistical Society B 16:175-185, for one period.
    """
    check_line(line, level)
    if not -1 < lowest < highest:
        raise DataError(f"Rates from {lowest:g} to {highest:g} are none: search upwards from above -1.")
    if per_year < 1:
        raise DataError(f"{per_year} periods in a year: give 12 for months, 52 for weeks, 4 for quarters, 1 for years.")
    ends = (float(np.log1p(lowest)), float(np.log1p(highest)))
    roots = _roots(line, per_year, ends) if line.estimate.any() else ()
    rates = tuple(float(np.expm1(at)) for at in roots)
    pieces = _pieces(line, per_year, ends, roots, level)
    return InternalRate(
        roots=rates,
        estimate=rates[0] if len(rates) == 1 else NAN,
        low=pieces[0][0] if pieces else NAN,
        high=pieces[-1][1] if pieces else NAN,
        pieces=pieces,
        reason=_reason(line, per_year, rates, lowest, highest),
    )


def _weights(at: np.ndarray, n: int, per_year: float) -> np.ndarray:
    """Return discount factors at logs of 1 + r, the largest of each row 1, shape (n_rates, n)."""
    power = -np.outer(at, np.arange(n) / per_year)
    return np.asarray(np.exp(power - power.max(axis=1, keepdims=True)))


def _values(line: Line, at: np.ndarray, per_year: float) -> np.ndarray:
    """Return the estimated value at logs of 1 + r, where what was rounded to nothing is zero."""
    weights = _weights(at, len(line.estimate), per_year)
    value = weights @ line.estimate
    return np.asarray(np.where(np.abs(value) <= _ZERO * (weights @ np.abs(line.estimate)), 0.0, value))


def _roots(line: Line, per_year: float, ends: tuple[float, float]) -> tuple[float, ...]:
    """Return the zeros of the estimated value, as logs of 1 + r.

    Notes
    -----
    The polynomial's own roots are found to few digits where there are many periods: they only tell where to look for
    changes of sign, and where the value touches zero without one.
    """
    told = np.where(np.abs(line.estimate) > _TOLD * np.abs(line.estimate).max(), line.estimate, 0.0)
    found = np.roots(np.trim_zeros(told, "b")[::-1])
    real = found.real[(found.real > 0) & (np.abs(found.imag) <= _REAL * np.abs(found))]
    near = np.sort(-per_year * np.log(real))
    grid = np.r_[np.linspace(*ends, GRID), near, (near[1:] + near[:-1]) / 2]
    grid = np.unique(grid[(grid >= ends[0]) & (grid <= ends[1])])
    signs = np.sign(_values(line, grid, per_year))
    weigh = partial(_value, line=line, per_year=per_year)
    steps = zip(pairwise(grid), pairwise(signs), strict=True)
    roots = [brentq(weigh, *step, xtol=1e-15, rtol=1e-14) for step, (one, other) in steps if one * other < 0]
    roots = sorted([*roots, *grid[signs == 0]])
    return tuple(float(at) for i, at in enumerate(roots) if i == 0 or at - roots[i - 1] > _SAME)


def _value(at: float, *, line: Line, per_year: float) -> float:
    return float(_weights(np.array([at]), len(line.estimate), per_year)[0] @ line.estimate)


def _pieces(
    line: Line, per_year: float, ends: tuple[float, float], roots: tuple[float, ...], level: float
) -> tuple[tuple[float, float], ...]:
    """Return the intervals of rates at which the value is within its error of zero."""
    if not line.estimate.any() and line.known:
        return ((-np.inf, np.inf),)
    if line.known:
        return tuple((float(np.expm1(at)), float(np.expm1(at))) for at in roots)
    beyond = partial(_beyond, line=line, per_year=per_year, quantile=float(stats.t.ppf(0.5 + level / 2, line.df)))
    grid = np.unique(np.r_[np.linspace(*ends, GRID), roots])
    inside = (beyond(grid) <= 0) | np.isin(grid, roots)
    starts = np.flatnonzero(inside & ~np.r_[False, inside[:-1]])
    stops = np.flatnonzero(inside & ~np.r_[inside[1:], False])

    def edge(within: int, without: int) -> float:
        """Find where the set ends between two neighbours of the grid; at the root where it is that alone."""
        one, other = float(grid[within]), float(grid[without])
        if float(beyond(one)[0]) >= 0:
            return float(np.expm1(one))
        return float(np.expm1(brentq(lambda at: float(beyond(at)[0]), one, other, xtol=1e-13)))

    last = len(grid) - 1
    return tuple(
        (-np.inf if a == 0 else edge(int(a), int(a) - 1), np.inf if b == last else edge(int(b), int(b) + 1))
        for a, b in zip(starts, stops, strict=True)
    )


def _beyond(at: np.ndarray | float, *, line: Line, per_year: float, quantile: float) -> np.ndarray:
    """Return by how much the value is further from zero than its error allows."""
    weights = _weights(np.atleast_1d(at), len(line.estimate), per_year)
    variance = np.einsum("ij,jk,ik->i", weights, line.covariance, weights, optimize=True)
    return np.asarray(np.abs(weights @ line.estimate) - quantile * np.sqrt(np.clip(variance, 0, None)))


def _reason(line: Line, per_year: float, rates: tuple[float, ...], lowest: float, highest: float) -> str:
    if len(rates) == 1:
        return ""
    if rates:
        return f"several ({', '.join(map(_percent, rates))}): the money changes sign more than once"
    if not line.estimate.any():
        return "none: there is no money to value"
    side = (
        "above"
        if _value(0.5 * float(np.log1p(lowest) + np.log1p(highest)), line=line, per_year=per_year) > 0
        else "below"
    )
    return f"none: the value is {side} zero at every rate from {_percent(lowest)} to {_percent(highest)}"


def _percent(rate: float) -> str:
    share = f"{100 * rate:,.1f}".removesuffix(".0")
    return f"{share} %".replace("-", "−")
