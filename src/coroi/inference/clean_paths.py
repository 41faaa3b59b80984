"""A roll-out's local projections put together: by event time, over all, by cohort, and along a balanced path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from coroi.inference.clean_controls import Projected, Projections
from coroi.inference.panels import shifted
from coroi.inference.roll_out_answers import BASE, Answer, together, untold

NAN = float("nan")
LATE = "no treated row from the start on is seen"


def clean_answers(
    projections: Projections, *, leads: int | None, horizon: int | None, balanced_until: int | None
) -> tuple[list[Answer], pd.DataFrame]:
    """Return a roll-out's effects by local projections, and what is behind each event time.

    Parameters
    ----------
    projections : Projections
    leads, horizon : int, optional
        First and last event time with an answer of its own; by default all that some treated unit is seen at. Averages
        take in later ones, but for ``pooled``.
    balanced_until : int, optional
        Last event time of the balanced path; by default the last that every cohort reaches.

    Returns
    -------
    list of Answer
        ``event_time``, ``overall``, ``pooled``, ``cohort``, ``balanced``, ``mean_event_time`` and ``mean_balanced``.
    pandas.DataFrame
        ``event_time, n_treated, n_seen, n_compared, n_obs, reason``.
    """
    times = event_times(projections, leads)
    last = max(times) if horizon is None else horizon
    newly, base = projections.newly, -1 - projections.roll_out.anticipation
    n = len(projections.roll_out.cluster_names)
    changes = {e: projections.change(e) for e in times}
    present = {e: newly & seen_at(projections, e) for e in times}
    found = {e: projections.project(changes[e], e, newly) for e in times if e != base}
    seen = {e: int(some.sum()) for e, some in present.items()}
    path = [
        untold("event_time", e, BASE, n) if e == base else _answer("event_time", e, found[e], seen[e]) for e in times
    ]
    after = [answer for answer in path if answer.at >= 0]
    shown = [answer for answer in path if answer.at <= last]
    balanced = _balanced(projections, changes, balanced_until)
    table = [
        {
            "event_time": e,
            "n_treated": p.n_treated,
            "n_seen": seen[e],
            "n_compared": p.n_compared,
            "n_obs": p.n_obs,
            "reason": p.reason,
        }
        for e, p in found.items()
    ]
    answers = [
        *shown,
        weighted(after, "overall", n, by_rows=True),
        _pooled(projections, {e: change for e, change in changes.items() if e <= last}),
        *_cohorts(projections, changes, present),
        *balanced,
        weighted([a for a in shown if a.at >= 0], "mean_event_time", n, by_rows=False),
        weighted([a for a in balanced if a.at >= 0], "mean_balanced", n, by_rows=False),
    ]
    return answers, pd.DataFrame(table)


def event_times(projections: Projections, leads: int | None) -> list[int]:
    """Return the event times that are looked at, the base period's among them."""
    r = projections.roll_out
    since = r.event_time[r.ever]
    first = int(since.min()) if leads is None else -leads
    return sorted({*range(first, int(since.max()) + 1), -1 - r.anticipation})


def seen_at(projections: Projections, event_time: int) -> np.ndarray:
    """Return whether the row's unit has an outcome at an event time, if it started now."""
    r = projections.roll_out
    return ~np.isnan(shifted(r.outcome, r.entity, r.period, -(event_time + r.anticipation)))


def weighted(path: Sequence[Answer], term: str, n_clusters: int, *, by_rows: bool, at: float = NAN) -> Answer:
    """Average a path's answers by the treated rows behind them, or each alike."""
    some = [answer for answer in path if not answer.reason]
    if not some:
        reasons = dict.fromkeys(answer.reason for answer in path)
        return untold(term, at, "; ".join(reasons) or LATE, n_clusters)
    weight = np.array([answer.n_rows if by_rows else 1.0 for answer in some])
    return together(some, weight / weight.sum(), term, at=at)


def _pooled(projections: Projections, changes: Mapping[int, np.ndarray]) -> Answer:
    """Project the mean of the changes from the start to the last event time."""
    after = [change for e, change in changes.items() if e >= 0]
    if not after:
        return untold("pooled", NAN, LATE, len(projections.roll_out.cluster_names))
    found = projections.project(np.mean(after, axis=0), max(changes), projections.newly)
    return _answer("pooled", NAN, found, int(projections.newly.sum()))


def _cohorts(
    projections: Projections, changes: Mapping[int, np.ndarray], present: Mapping[int, np.ndarray]
) -> list[Answer]:
    """Average each cohort's own projections, from its own period alone, over its treated rows."""
    found = []
    for g in projections.roll_out.cohorts():
        of = projections.roll_out.first == g
        seen = {e: int((some & of).sum()) for e, some in present.items() if e >= 0}
        own = projections.newly & of
        path = [
            _answer("cohort", e, projections.project(changes[e], e, own, alone=True), n) for e, n in seen.items() if n
        ]
        if path:
            found.append(weighted(path, "cohort", len(path[0].moved), by_rows=True, at=float(g)))
    return found


def _balanced(projections: Projections, changes: Mapping[int, np.ndarray], until: int | None) -> list[Answer]:
    """Project the units that are seen at all times from the start to the last, and earlier where all of them are."""
    r, newly = projections.roll_out, projections.newly
    usable = {e: newly & ~np.isnan(change) for e, change in changes.items()}
    if until is None:
        reached = [max((e for e, some in usable.items() if some[r.first == g].any()), default=0) for g in r.cohorts()]
        until = max(min(reached, default=0), 0)
    whole = np.logical_and.reduce([usable.get(e, np.zeros_like(newly)) for e in range(until + 1)])
    n, base = int(whole.sum()), -1 - r.anticipation
    early = [e for e, some in usable.items() if e < 0 and e != base and n and some[whole].all()]
    if not n:
        why = f"no unit is seen at all times from its start until {until} periods after"
        return [untold("balanced", e, why, len(r.cluster_names)) for e in range(until + 1)]
    return [_answer("balanced", e, projections.project(changes[e], e, whole), n) for e in [*early, *range(until + 1)]]


def _answer(term: str, at: float, found: Projected, n_seen: int) -> Answer:
    told = not found.reason
    return Answer(
        term=term,
        at=float(at),
        estimate=found.estimate,
        moved=found.moved,
        reason=found.reason,
        treats=found.treats,
        compares=found.compares,
        n_units=found.n_treated,
        n_rows=found.n_treated if told else 0,
        share=found.n_treated / n_seen if told and n_seen else 0.0,
    )
