"""Cohorts fixed at a landmark: what was known of each customer then, and what happened after; never the reverse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import pandas as pd

from coroi.prepare.calendar import first_day, index_of, period_index
from coroi.prepare.cleaning.rules import fresh
from coroi.schemas import Panel, metric_columns

NEVER = "never answered"
STALE = "answer too old"
ANSWERED = "answered"
_KNOWN = ("customer_id", "state", "score", "tenure_periods", "segment")
_FOLLOWED = "customers followed"
_BEFORE = "first purchase before the observed window"
_AGAIN = "bought again before the landmark"
_LATE = "landmark not reached within the data"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LandmarkCohort:
    """Customers fixed at a landmark, reduced exactly to counts.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``state`` (answered, never answered, answer too old), ``score`` (NaN unless answered), ``duration``
        (periods followed from the landmark, from 1), ``event`` (0 or 1) and ``n`` customers.
    flow : pandas.DataFrame
        ``step`` and ``customers``: who is in and who is not, adding up.
    landmark : date or None
        The common landmark, or ``None`` where each customer has their own.
    horizon : int
        Periods followed at most.
    event : str
        What the event is, in words.
    reason : str
        Why there is no cohort; empty where there is one.
    people : ibis.Table or None
        The customers one by one: ``customer_id, state, score, tenure_periods, segment, duration, event``, and
        ``start``, the number of the landmark's period. They never leave the engine but as counts.
    """

    counts: pd.DataFrame
    flow: pd.DataFrame
    landmark: date | None
    horizon: int
    event: str
    reason: str = ""
    people: Any = None


def contract_cohort(
    connection: Any, panel: Panel, metric: str, *, horizon: int, landmark: date | None = None
) -> LandmarkCohort:
    """Fix everyone under contract at one calendar landmark and follow them for the horizon.

    Parameters
    ----------
    connection : Session
        Where the panel lives.
    panel : Panel
        Of contracts.
    metric : str
        The metric whose last answer before the landmark is taken.
    horizon : int
        Periods to follow.
    landmark : date, optional
        First day of a period; by default the latest that leaves a full horizon.

    Returns
    -------
    LandmarkCohort
        The event is an exit. Customers are at risk in the landmark's period; the metric holds only answers
        dated before it.
    """
    frequency = panel.frequency
    last = index_of(panel.last_at_risk_period, frequency)
    rows = _indexed(panel, metric)
    first = int(connection.execute(rows["idx"].min()))
    start = index_of(landmark, frequency) if landmark else last - horizon + 1
    event = "exit"
    if start < first or start > last:
        most = max(last - first + 1, 0)
        reason = (
            f"the data show {most} {frequency}{'' if most == 1 else 's'} in which an exit can be told, fewer than the "
            f"horizon of {horizon}"
            if not landmark
            else f"the landmark {landmark} lies outside the periods in which an exit can be told"
        )
        return _none(horizon, event, reason)
    at_start = rows.filter((rows["idx"] == start) & rows["at_risk"])
    stop = min(start + horizon - 1, last)
    exits = rows.filter(rows["exited"] & rows["idx"].between(start, stop))
    ended = exits.group_by("customer_id", "spell").agg(exit_idx=exits["idx"].min())
    joined = at_start.left_join(ended, ["customer_id", "spell"])
    people = fresh(
        connection,
        joined.select(
            *_KNOWN,
            start=ibis.literal(start, "int64"),
            duration=joined["exit_idx"].fill_null(stop) - start + 1,
            event=joined["exit_idx"].notnull().cast("int64"),
        ),
    )
    counts = _count(connection, people)
    total = connection.execute(rows["customer_id"].nunique())
    n = int(counts["n"].sum())
    flow = [
        ("customers in the panel", total),
        ("not under contract in the landmark's period", n - total),
        ("customers followed", n),
    ]
    day = first_day(start, frequency)
    reason = "" if n else f"no customer is under contract in the period of {day}"
    return LandmarkCohort(
        counts=counts,
        flow=_flow(flow),
        landmark=day,
        horizon=stop - start + 1,
        event=event,
        reason=reason,
        people=people,
    )


def purchase_cohort(connection: Any, panel: Panel, metric: str, *, horizon: int, wait: int = 1) -> LandmarkCohort:
    """Fix a cohort at its first purchase and follow it for another one from a landmark of its own.

    Parameters
    ----------
    connection : Session
        Where the panel lives.
    panel : Panel
        Of purchases.
    metric : str
        The metric whose last answer before the landmark is taken.
    horizon : int
        Periods to follow.
    wait : int
        Whole periods between that of the first purchase and the landmark, in which answers come in.

    Returns
    -------
    LandmarkCohort
        The event is another purchase. Who bought again before the landmark is no longer waited for and is
        left out, as is who has not reached it, or whose first purchase lies before the observed window; all
        are counted.
    """
    frequency = panel.frequency
    complete = index_of(panel.last_complete_period, frequency)
    rows = _indexed(panel, metric)
    bought = rows.filter(rows["n_transactions"] > 0)
    firsts = bought.group_by("customer_id").agg(first_idx=bought["idx"].min())
    firsts = firsts.mutate(start=firsts["first_idx"] + 1 + wait)
    paired = bought.join(firsts, "customer_id")
    early = paired.filter(
        ((paired["idx"] > paired["first_idx"]) & (paired["idx"] < paired["start"]))
        | ((paired["idx"] == paired["first_idx"]) & (paired["n_transactions"] > 1))
    )
    later = paired.filter(
        (paired["idx"] >= paired["start"]) & (paired["idx"] < paired["start"] + horizon) & (paired["idx"] <= complete)
    )
    again = later.group_by("customer_id").agg(again_idx=later["idx"].min())
    people = firsts.left_join(early.select("customer_id").distinct().mutate(_early=True), "customer_id")
    people = people.drop("customer_id_right").left_join(again, "customer_id").drop("customer_id_right")
    begun = rows["idx"].min().over(ibis.window(group_by="customer_id"))
    before = (
        rows.mutate(_begun=begun)
        .filter(ibis._.idx == ibis._._begun)
        .filter((ibis._.spell > 1) | (ibis._.tenure_periods > 0))
    )
    people = people.left_join(before.select("customer_id", _before="idx"), "customer_id").drop("customer_id_right")
    people = people.mutate(
        step=ibis.cases(
            (people["_before"].notnull(), _BEFORE),
            (people["_early"].notnull(), _AGAIN),
            (people["start"] > complete, _LATE),
            else_=_FOLLOWED,
        )
    )
    flow = _purchase_flow(connection, people)
    followed = people.filter(people["step"] == _FOLLOWED)
    at_start = rows.select("idx", *_KNOWN)
    joined = followed.join(
        at_start, [followed["customer_id"] == at_start["customer_id"], followed["start"] == at_start["idx"]]
    )
    stop = ibis.least(joined["start"] + horizon - 1, complete)
    people = fresh(
        connection,
        joined.select(
            *_KNOWN,
            "start",
            duration=joined["again_idx"].fill_null(stop) - joined["start"] + 1,
            event=joined["again_idx"].notnull().cast("int64"),
        ),
    )
    counts = _count(connection, people)
    reason = "" if len(counts) else "no customer reaches the landmark without having bought again"
    return LandmarkCohort(
        counts=counts,
        flow=flow,
        landmark=None,
        horizon=horizon,
        event="another purchase",
        reason=reason,
        people=people,
    )


def snapshot_cohort(connection: Any, snapshot: Any, metric: str) -> LandmarkCohort:
    """Take a snapshot as it is: the metric beside whether the customer has left, with no time between them."""
    score, tenure = snapshot[metric], snapshot["tenure_months"]
    people = snapshot.select(
        "customer_id",
        "segment",
        state=score.isnull().ifelse(NEVER, ANSWERED),
        score=score,
        tenure_periods=(tenure < 0).ifelse(0, tenure.floor()).cast("int64"),
        start=ibis.literal(0, "int64"),
        duration=ibis.literal(1, "int64"),
        event=snapshot["left"].cast("int64"),
    )
    counts = _count(connection, people)
    n = int(counts["n"].sum())
    flow = _flow([("customers in the snapshot", n), ("customers followed", n)])
    event = "exit by the snapshot's date"
    return LandmarkCohort(counts=counts, flow=flow, landmark=None, horizon=1, event=event, people=people)


def _indexed(panel: Panel, metric: str) -> Any:
    value, _, _, count = metric_columns(metric)
    data = panel.data
    state = ibis.cases(
        (data[value].notnull(), ANSWERED),
        (data[count] > 0, STALE),
        else_=NEVER,
    )
    return data.select(
        "customer_id",
        "spell",
        "at_risk",
        "exited",
        "n_transactions",
        "tenure_periods",
        "segment",
        idx=period_index(data["period"], panel.frequency),
        state=state,
        score=data[value],
    )


def _count(connection: Any, rows: Any) -> pd.DataFrame:
    keys = ["state", "score", "duration", "event"]
    counted = rows.group_by(keys).agg(n=rows.count()).order_by(keys)
    frame = connection.to_pandas(counted)
    return frame.astype({"score": "float64", "duration": "int64", "event": "int64", "n": "int64"})


def _flow(steps: list[tuple[str, int]]) -> pd.DataFrame:
    return pd.DataFrame(steps, columns=["step", "customers"]).astype({"customers": "int64"})


def _purchase_flow(connection: Any, people: Any) -> pd.DataFrame:
    found = connection.to_pandas(people.group_by("step").agg(n=people.count()))
    by_step = dict(zip(found["step"], found["n"], strict=True))
    steps = [("customers with a purchase", int(sum(by_step.values())))]
    steps += [(s, -int(by_step[s])) for s in (_BEFORE, _AGAIN, _LATE) if s in by_step]
    return _flow([*steps, (_FOLLOWED, int(by_step.get(_FOLLOWED, 0)))])


def _none(horizon: int, event: str, reason: str) -> LandmarkCohort:
    empty = pd.DataFrame({"state": [], "score": [], "duration": [], "event": [], "n": []})
    return LandmarkCohort(counts=empty, flow=_flow([]), landmark=None, horizon=horizon, event=event, reason=reason)
