"""A path of effects by event time around one base period: estimates, full covariance, and what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special, stats

from coroi.errors import DataError
from coroi.results import Result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EventPath:
    """Estimates before and after a base period that all of them are measured from (universal base).

    Parameters
    ----------
    before : ndarray, shape (k,)
        Estimates 1, 2, … k periods before the base, the nearest first, in the outcome's unit.
    after : ndarray, shape (n,)
        Estimates 1, 2, … n periods after the base.
    covariance : ndarray, shape (k + n, k + n)
        Of `before`, then `after`.
    first : int
        Event time of the first of `after`.
    """

    before: np.ndarray
    after: np.ndarray
    covariance: np.ndarray
    first: int = 0

    def __post_init__(self) -> None:
        size = len(self.before) + len(self.after)
        if self.covariance.shape != (size, size):
            raise DataError(f"{size} estimates of a path have a covariance of shape {self.covariance.shape}.")
        if not (
            np.isfinite(self.covariance).all() and np.isfinite(self.before).all() and np.isfinite(self.after).all()
        ):
            raise DataError("an estimate of the path, or its covariance, is not a number. Leave it out, and say so.")

    def error(self, weights: np.ndarray) -> float:
        """Return the standard error of a weighted sum of the estimates after the base."""
        k = len(self.before)
        return float(np.sqrt(weights @ self.covariance[k:, k:] @ weights))

    def widened(self, level: float, df: float | None) -> EventPath:
        """Return the path with a covariance whose normal intervals are those by t, as with few clusters."""
        if df is None or np.isinf(df):
            return self
        at = 0.5 + level / 2
        factor = float(stats.t.ppf(at, df) / special.ndtri(at)) ** 2
        return replace(self, covariance=self.covariance * factor)

    def average(self, event_times: tuple[int, ...] | None = None) -> np.ndarray:
        """Return the weights that average the estimates after the base from event time 0 on, or those of some times."""
        times = self.first + np.arange(len(self.after))
        chosen = times >= 0 if event_times is None else np.isin(times, event_times)
        if not chosen.any():
            raise DataError("none of the event times asked for is on the path.")
        return chosen / chosen.sum()


def around(event_time: np.ndarray, estimate: np.ndarray, covariance: np.ndarray, *, base: int = -1) -> EventPath:
    """Put estimates in the order of a path, as far as they follow each other without a gap on both sides of the base.

    Parameters
    ----------
    event_time : ndarray of int, shape (m,)
        Periods since the start; a row of the base itself is left out, since it is zero by definition.
    estimate : ndarray, shape (m,)
        NaN where not identified, which is a gap.
    covariance : ndarray, shape (m, m)
    base : int
        Event time that all estimates are measured from.

    Raises
    ------
    DataError
        If an event time stands twice, or the one right before or right after the base is missing.
    """
    if len(np.unique(event_time)) < len(event_time):
        raise DataError("an event time stands twice on the path. Give one estimate for each.")
    there = {int(t): i for i, t in enumerate(event_time) if t != base and np.isfinite(estimate[i])}
    before, after = _run(there, base, -1), _run(there, base, 1)
    if not before or not after:
        side = "before" if not before else "after"
        raise DataError(f"the path has no estimate right {side} event time {base}, which all are measured from.")
    rows = np.array([*before, *after])
    return EventPath(
        before=estimate[before], after=estimate[after], covariance=covariance[np.ix_(rows, rows)], first=base + 1
    )


def _run(there: dict[int, int], base: int, step: int) -> list[int]:
    found, at = [], base + step
    while at in there:
        found.append(there[at])
        at += step
    return found


def path_of(result: Result, *, term: str = "event_time", base: int = -1) -> EventPath:
    """Read a path off a result: its rows of a term by ``event_time``, and their covariance.

    Parameters
    ----------
    result : Result
        Its covariance is named ``term: event_time``, or has a row for each row of its estimates.
    term : str
        Which rows.
    base : int
        Event time that all estimates are measured from.

    Raises
    ------
    DataError
        If the result has no such rows, or no covariance for them.
    """
    rows = result.estimates.reset_index(drop=True)
    times = rows.get("event_time")
    chosen = rows[(rows["term"] == term) & times.notna()] if times is not None else rows.iloc[:0]
    if chosen.empty:
        raise DataError(f"{result.method} has no row of '{term}' by event time.")
    if result.vcov is None:
        raise DataError(f"{result.method} comes without the covariance of its path, so that its bounds cannot be told.")
    chosen = chosen[(chosen["event_time"] != base) & chosen["identified"].astype(bool)]
    names = [f"{term}: {int(t)}" for t in chosen["event_time"]]
    vcov = result.vcov
    if set(names) <= set(vcov.index):
        covariance = vcov.loc[names, names].to_numpy(float)
    elif len(vcov) == len(rows):
        covariance = vcov.to_numpy(float)[np.ix_(chosen.index, chosen.index)]
    else:
        raise DataError(f"{result.method} names the covariance of its path otherwise than '{term}: event_time'.")
    times, estimates = chosen["event_time"].to_numpy(dtype=int), chosen["estimate"].to_numpy(float)
    return around(times, estimates, covariance, base=base)
