"""Effects of each cohort in each period, and what they come to by time since the start, by cohort and by period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from coroi.inference.roll_out_answers import BASE, Answer, together, untold

NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Effects of cohorts in periods.

    Parameters
    ----------
    cohort, period : ndarray of int, shape (k,)
        First treated period, and the period in which the effect is looked at.
    estimate : ndarray, shape (k,)
        NaN where there is none.
    reasons : tuple of str
        Why there is none; empty where there is one.
    moved : ndarray, shape (n_clusters, k)
        Influence of clusters; zero where there is no estimate.
    treats, compares : ndarray of bool, shape (n_clusters, k)
        Clusters treated in a cell, and those that they are compared with.
    n_units, n_compared, n_rows, n_left_out : ndarray of int, shape (k,)
        Treated units and units that they are compared with; rows of the cohort in the period, used or not; units of
        either side left out since they lack a period or a covariate.
    size : ndarray, shape (k,)
        What a cell counts in an average.
    held : ndarray, shape (n_clusters, k), optional
        What each cluster adds to a cell's size, where cohorts' sizes are to count as drawn and not as given.
    """

    cohort: np.ndarray
    period: np.ndarray
    estimate: np.ndarray
    reasons: tuple[str, ...]
    moved: np.ndarray
    treats: np.ndarray
    compares: np.ndarray
    n_units: np.ndarray
    n_compared: np.ndarray
    n_rows: np.ndarray
    n_left_out: np.ndarray
    size: np.ndarray
    held: np.ndarray | None = None

    @property
    def since(self) -> np.ndarray:
        """Periods since the start."""
        return self.period - self.cohort

    @property
    def told(self) -> np.ndarray:
        """Whether there is an estimate."""
        return np.array([not why for why in self.reasons], dtype=bool)

    def since_lead(self, leads: int | None) -> Cells:
        """Return the cells from some periods before the start on; all by default."""
        some = np.ones(len(self.cohort), dtype=bool) if leads is None else self.since >= -leads
        at = np.flatnonzero(some)
        return Cells(
            cohort=self.cohort[at],
            period=self.period[at],
            estimate=self.estimate[at],
            reasons=tuple(self.reasons[i] for i in at),
            moved=self.moved[:, at],
            treats=self.treats[:, at],
            compares=self.compares[:, at],
            n_units=self.n_units[at],
            n_compared=self.n_compared[at],
            n_rows=self.n_rows[at],
            n_left_out=self.n_left_out[at],
            size=self.size[at],
            held=None if self.held is None else self.held[:, at],
        )

    def table(self) -> pd.DataFrame:
        """Return one row a cell: its effect and error, what is behind it, or why there is none."""
        n = len(self.moved)
        error = np.sqrt((self.moved**2).sum(axis=0) * n / max(n - 1, 1))
        return pd.DataFrame(
            {
                "cohort": self.cohort,
                "period": self.period,
                "event_time": self.since,
                "estimate": self.estimate,
                "std_error": np.where(self.told, error, NAN),
                "n_units": self.n_units,
                "n_compared": self.n_compared,
                "n_left_out": self.n_left_out,
                "identified": self.told,
                "reason": list(self.reasons),
            }
        )


def answers(
    cells: Cells, *, base: int | None, horizon: int | None = None, balanced_until: int | None = None
) -> list[Answer]:
    """Return a roll-out's effects by event time, over all, by cohort and by period, and along a balanced path.

    Parameters
    ----------
    cells : Cells
    base : int, optional
        Event time of the one base period, where there is one.
    horizon : int, optional
        Last event time that gets an answer of its own; averages take in later ones.
    balanced_until : int, optional
        Last event time of the balanced path; by default the last that every cohort told at its start reaches.

    Returns
    -------
    list of Answer

    Notes
    -----
    Averages are over the cells that are told; ``share`` says what part of the treated rows these are. ``overall``
    counts each treated row once; ``mean_event_time``, ``mean_balanced`` and ``mean_period`` average their path, each
    time alike; ``mean_cohort`` averages the cohorts by their size. Reference: Callaway and Sant'Anna (2021), section 3.
    """
    since, after = cells.since, cells.since >= 0
    path = [average(cells, "event_time", e, since == e) for e in np.unique(since) if horizon is None or e <= horizon]
    if base is not None and base not in since:
        path.append(untold("event_time", base, BASE, len(cells.moved)))
    path.sort(key=lambda answer: answer.at)
    cohort = [average(cells, "cohort", g, after & (cells.cohort == g)) for g in np.unique(cells.cohort)]
    period = [average(cells, "period", t, after & (cells.period == t)) for t in np.unique(cells.period[after])]
    balanced = balanced_path(cells, balanced_until)
    overall = average(cells, "overall", NAN, after)
    return [
        *path,
        overall,
        *cohort,
        *balanced,
        *period,
        mean_of(cells, path, "mean_event_time"),
        by_cohort(cells, cohort),
        mean_of(cells, balanced, "mean_balanced"),
        mean_of(cells, period, "mean_period"),
    ]


def average(cells: Cells, term: str, at: float, take: np.ndarray) -> Answer:
    """Average the cells taken that are told, by their size."""
    some = np.flatnonzero(take & cells.told)
    wanted = cells.n_rows[take].sum()
    share = float(cells.n_rows[some].sum() / wanted) if wanted else 0.0
    if not some.size:
        reasons = dict.fromkeys(why for why, taken in zip(cells.reasons, take, strict=True) if taken)
        return untold(term, at, "; ".join(reasons) or "no treated row is looked at", len(cells.moved))
    weight = cells.size[some] / cells.size[some].sum()
    estimate = float(weight @ cells.estimate[some])
    moved = cells.moved[:, some] @ weight
    if cells.held is not None:
        moved = moved + cells.held[:, some] @ (cells.estimate[some] - estimate) / cells.size[some].sum()
    units = sum(int(cells.n_units[some][cells.cohort[some] == g].max()) for g in np.unique(cells.cohort[some]))
    return Answer(
        term=term,
        at=float(at),
        estimate=estimate,
        moved=moved,
        reason="",
        treats=np.logical_or.reduce(cells.treats[:, some], axis=1),
        compares=np.logical_or.reduce(cells.compares[:, some], axis=1),
        n_units=units,
        n_rows=int(cells.n_units[some].sum()),
        share=share,
    )


def balanced_path(cells: Cells, until: int | None) -> list[Answer]:
    """Return the path of the cohorts told at all times from the start to the last, and before it where all are."""
    known = {g: set(cells.since[(cells.cohort == g) & cells.told].tolist()) for g in np.unique(cells.cohort)}
    started = {g: seen for g, seen in known.items() if 0 in seen}
    if until is None:
        until = min((_reach(seen) for seen in started.values()), default=0)
    times = set(range(until + 1))
    chosen = [g for g, seen in started.items() if times <= seen]
    if not chosen:
        why = f"no cohort is told at all times from its start until {until} periods after"
        return [untold("balanced", e, why, len(cells.moved)) for e in sorted(times)]
    times |= {e for e in set.intersection(*(known[g] for g in chosen)) if e < 0}
    among = np.isin(cells.cohort, chosen)
    return [average(cells, "balanced", e, among & (cells.since == e)) for e in sorted(times)]


def _reach(seen: set[int]) -> int:
    """Return the last event time before the first gap."""
    last = 0
    while last + 1 in seen:
        last += 1
    return last


def mean_of(cells: Cells, path: Sequence[Answer], term: str) -> Answer:
    """Average a path from the start on, each time alike."""
    some = [a for a in path if not a.reason and (a.term == "period" or a.at >= 0)]
    return _combined(cells, some, np.full(len(some), 1 / max(len(some), 1)), term)


def by_cohort(cells: Cells, path: Sequence[Answer]) -> Answer:
    """Average cohorts by their size."""
    some = [a for a in path if not a.reason]
    first = [int(np.flatnonzero((cells.cohort == a.at) & (cells.since >= 0) & cells.told)[0]) for a in some]
    size = cells.size[first]
    found = _combined(cells, some, size / max(size.sum(), 1e-300), "mean_cohort")
    if cells.held is None or not some:
        return found
    off = np.array([a.estimate for a in some]) - found.estimate
    return replace(found, moved=found.moved + cells.held[:, first] @ off / size.sum())


def _combined(cells: Cells, some: Sequence[Answer], weight: np.ndarray, term: str) -> Answer:
    if not some:
        return untold(term, NAN, "no effect from the start on is told", len(cells.moved))
    found = together(some, weight, term)
    return replace(found, n_units=sum(a.n_units for a in some)) if term == "mean_cohort" else found
