"""Runs of a state in a panel: how long it has lasted, whether it came back, and what it turns into next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.inference.panels import shifted
from coroi.results import Check


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """Rows of a panel by the run that they belong to; arrays have shape (n,).

    Parameters
    ----------
    run : ndarray of int
        Number of the run, from 0, in the order of the rows.
    duration : ndarray of int
        Periods in the state so far, this one included, from 1; counted from the first period seen.
    seen_start : ndarray of bool
        Whether the run's first period is known: the period before has a row, in the other state.
    again : ndarray of bool
        Whether the entity was in the state 1 in an earlier run.
    following : ndarray
        The state of the next period, NaN where that has no row.
    """

    run: np.ndarray
    duration: np.ndarray
    seen_start: np.ndarray
    again: np.ndarray
    following: np.ndarray


def find_runs(state: np.ndarray, entity: np.ndarray, period: np.ndarray) -> Runs:
    """Cut each entity's periods into runs of one state; a gap in time ends a run.

    Parameters
    ----------
    state : ndarray, shape (n,)
        0 or 1; NaN where it is not known, which is a run of its own.
    entity, period : ndarray of int, shape (n,)
        Sorted by entity, then period.

    Returns
    -------
    Runs
    """
    before = shifted(state, entity, period, 1)
    begins = np.isnan(state) | (before != state)
    run = np.cumsum(begins) - 1
    position = np.arange(len(state))
    tops = np.cumsum(begins & (state == 1))  # runs at the top so far, all entities counted
    first_row = np.flatnonzero(np.append(True, entity[1:] != entity[:-1]))[entity]
    own = tops - np.where(first_row > 0, tops[first_row - 1], 0)
    return Runs(
        run=run,
        duration=position - position[begins][run] + 1,
        seen_start=~np.isnan(before[begins][run]),
        again=own > (state == 1),
        following=shifted(state, entity, period, -1),
    )


def spell_table(state: np.ndarray, runs: Runs, entity: np.ndarray) -> pd.DataFrame:
    """Describe the spells at the top: how many, of how many firms, how long, seen from start and to the end.

    Parameters
    ----------
    state, runs, entity
        As given to :func:`find_runs`, and found by it.
    """
    inside = pd.DataFrame({"run": runs.run, "firm": entity, "duration": runs.duration, "start": runs.seen_start})
    last = inside.assign(ends=runs.following == 0)[state == 1].groupby("run").last()
    by_firm = last.groupby("firm").size()
    return pd.DataFrame(
        {
            "what": [
                "spells at the top",
                "firms ever at the top",
                "firms with several spells",
                "spells seen from their start",
                "spells seen to their end",
                "longest spell, in periods",
            ],
            "number": [
                len(last),
                len(by_firm),
                int((by_firm > 1).sum()),
                int(last["start"].sum()),
                int(last["ends"].sum()),
                int(last["duration"].max()) if len(last) else 0,
            ],
        }
    )


def check_starts(state: np.ndarray, runs: Runs) -> Check:
    """Say how many spells at the top are seen from their start; at least half of them pass."""
    tested = "whether most spells at the top are seen from their start (at least half)"
    starts = pd.Series(runs.seen_start[state == 1]).groupby(runs.run[state == 1]).first()
    if starts.empty:
        return Check(name="starts", tested=tested, passed=None, sentence="No firm is ever at the top.")
    seen = int(starts.sum())
    said = (
        f"{seen:,} of {len(starts):,} spells at the top begin within the panel; the others count from its first period."
    )
    return Check(name="starts", tested=tested, passed=2 * seen >= len(starts), sentence=said)
