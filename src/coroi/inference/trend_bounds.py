"""Whether an effect survives trends that were about to differ anyhow, as a check with bounds and a breakdown value."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.event_path import EventPath
from coroi.inference.relative_magnitudes import breakdown_bound, relative_set
from coroi.inference.smoothness import fixed_length
from coroi.inference.variants import figure
from coroi.results import Check

NAME = "trend_bounds"
TESTED = (
    "whether the verdict survives a difference in trends that changes after the start by as much as the most it "
    "changed between two periods before it"
)
CLUSTERS_AN_ESTIMATE = 3
"""Clusters for each estimate of a path, below which bends are not bounded: the interval takes its weights from the
covariance, and held the truth in 85 to 89 % with 12 clusters for 7 estimates."""

HELD = 1.0
"""The bound at which a verdict has to survive, in changes seen before the base."""


def side_of_zero(low: float, high: float) -> str:
    """Say where an interval lies: above zero, below it, or on either side."""
    if low > 0:
        return "above zero"
    return "below zero" if high < 0 else "on either side of zero"


def check_trend_bounds(
    path: EventPath,
    weights: np.ndarray | None = None,
    *,
    what: str = "the effect",
    judged: Callable[[float, float], str] = side_of_zero,
    effect: float = 0.0,
    bounds: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0),
    bends: Sequence[float] | None = None,
    level: float = 0.95,
    df: float | None = None,
    verdict: str = "",
) -> Check:
    """Bound an effect by how much trends differed before the base, and say what it would take to overturn it.

    Parameters
    ----------
    path : EventPath
        With one base for all estimates.
    weights : ndarray, shape (n,), optional
        What the effect is; the average from event time 0 on by default.
    what : str
        The effect, in words.
    judged : callable
        From the ends of an interval to its verdict in words, such as the rule of a claim.
    effect : float
        The effect that the breakdown value is about: zero, or the smallest that matters.
    bounds : sequence of float
        Multiples of the largest change before the base that are shown; 1 is always among them.
    bends : sequence of float, optional
        Largest changes of slope that are shown, in the outcome's unit; none, half and all of the largest one seen
        before the base by default.
    level : float
        Of the intervals.
    df : float, optional
        Clusters less one: the covariance is widened so that a bound of 0 gives the interval by t. Normal by default.
    verdict : str
        The verdict that has to survive, where it is that of another estimate than the path's own, such as a sharper one
        that takes all periods before the start for its base; by default the one that parallel trends give on the path.

    Returns
    -------
    Check
        Passed where the verdict at a bound of 1 is `verdict`. The table has a row for each
        ``assumption`` (``relative``, ``smooth``) and ``bound``, with the interval and its verdict; none that is smooth
        where the covariance is singular or `df` tells of fewer than three clusters an estimate.

    Notes
    -----
    See :func:`coroi.inference.relative_magnitudes.relative_set` and :func:`coroi.inference.smoothness.fixed_length`.
    """
    path, weights = path.widened(level, df), path.average() if weights is None else weights
    shown = sorted({0.0, HELD, *bounds})
    sets = {bound: relative_set(path, weights, bound, level=level) for bound in shown}
    rows = [("relative", bound, found.low, found.high) for bound, found in sets.items()]
    enough = df is None or df + 1 >= CLUSTERS_AN_ESTIMATE * len(path.covariance)
    if enough:
        rows += _smooth_rows(path, weights, seen_bends(path) if bends is None else bends, level)
    table = pd.DataFrame(rows, columns=["assumption", "bound", "conf_low", "conf_high"])
    table["verdict"] = [judged(low, high) for low, high in zip(table["conf_low"], table["conf_high"], strict=True)]
    before, held = (table[(table["assumption"] == "relative") & (table["bound"] == b)].iloc[0] for b in (0.0, HELD))
    passed = bool((verdict or before["verdict"]) == held["verdict"])
    said = (
        f"With trends as parallel as can be, {what} is {_interval(before)} ({before['verdict']}). If their difference "
        f"may change after the start by as much as the most it changed before, it is {_interval(held)} "
        f"({held['verdict']}). "
        f"{_other(verdict, str(before['verdict']))}"
        f"{breakdown_words(breakdown_bound(path, weights, effect=effect, level=level), effect)}"
    )
    return Check(name=NAME, tested=TESTED, passed=passed, sentence=said, table=table)


def _smooth_rows(
    path: EventPath, weights: np.ndarray, bends: Sequence[float], level: float
) -> list[tuple[str, float, float, float]]:
    """Return a row for each bend; none where the covariance does not bear it."""
    try:
        found = [(bend, fixed_length(path, weights, bend, level=level)) for bend in bends]
    except DataError:
        return []
    return [("smooth", bend, each.low, each.high) for bend, each in found]


def seen_bends(path: EventPath) -> tuple[float, ...]:
    """Return no bend, and half and all of the largest change of slope among the estimates before the base."""
    slopes = np.diff(path.before, prepend=0.0)
    largest = float(np.abs(np.diff(slopes)).max(initial=0.0))
    return (0.0, largest / 2, largest) if largest > 0 else (0.0,)


def breakdown_words(bound: float, effect: float = 0.0) -> str:
    """Say in a sentence up to which bound an effect stays ruled out."""
    target = "zero" if effect == 0 else f"an effect of {figure(effect)}"
    if np.isnan(bound):
        return f"Its interval holds {target} even if trends are parallel."
    if np.isinf(bound):
        return f"It stays clear of {target} at every bound that was tried, up to ten times the most seen before."
    return f"It stays clear of {target} as long as that change is at most {bound:.2g} times the most seen before."


def _other(verdict: str, before: str) -> str:
    """Say which verdict has to survive where it is not the one of the path itself."""
    return f"The verdict that has to survive is that of the answer: {verdict}. " if verdict not in ("", before) else ""


def _interval(row: pd.Series) -> str:
    return f"{figure(row['conf_low'])} to {figure(row['conf_high'])}"
