"""The customers of a pilot: who is there on a first day, and what each did in the steps that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import ibis
import numpy as np
import pandas as pd

from coroi.errors import Problem, StudyError
from coroi.prepare.calendar import first_day, index_of, period_index
from coroi.prepare.cleaning.rules import fresh
from coroi.schemas import Panel, Period, metric_columns
from coroi.sources import Metric

NONE = -1  # no event, no unit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """What every customer did in every period; arrays have a row a customer and a column a period.

    Parameters
    ----------
    frequency : str
        Length of a period.
    first, last : int
        Numbers of the panel's first period and of the last one whose outcome is known.
    unit : numpy.ndarray
        Number of each customer's unit, −1 where none is given.
    at_risk, event : numpy.ndarray
        Whether the customer is at risk, and leaves (or buys), in the period.
    money : numpy.ndarray or None
        Money of the period.
    answers, answered : numpy.ndarray or None
        Sum and number of the answers given in the period. Where lower is better, scores are mirrored on the scale, so
        that more is always better.
    earlier : numpy.ndarray or None
        Mean of all answers before the period; NaN without one.
    """

    frequency: Period
    first: int
    last: int
    unit: np.ndarray
    at_risk: np.ndarray
    event: np.ndarray
    money: np.ndarray | None
    answers: np.ndarray | None
    answered: np.ndarray | None
    earlier: np.ndarray | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """Customers fixed on a first day and followed over steps of time.

    Parameters
    ----------
    ids : numpy.ndarray
        Their numbers, rising; the same customer has the same number in every cohort of a history.
    unit : numpy.ndarray
        Number of each customer's unit, −1 where none is given.
    n_units : int
        Units among them.
    event : numpy.ndarray
        Step of the exit, or of the first purchase; −1 without one.
    money : numpy.ndarray or None
        Money by step, shape (n, n_steps), whether or not the customer is still there.
    score : numpy.ndarray or None
        Mean score of the step's answers, shape (n, n_steps); NaN without an answer.
    earlier_score, earlier_money : numpy.ndarray or None
        Mean score of all answers before the first day, NaN without one; money of as many periods before it as follow.
    """

    ids: np.ndarray
    unit: np.ndarray
    n_units: int
    event: np.ndarray
    money: np.ndarray | None
    score: np.ndarray | None
    earlier_score: np.ndarray | None
    earlier_money: np.ndarray | None

    def __len__(self) -> int:
        return len(self.ids)


def load_history(
    connection: Any, panel: Panel, responses: Any | None, *, metric: str, scale: Metric | None, money: str
) -> History:
    """Bring the panel into arrays.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    panel : Panel
        The customer-period panel.
    responses : ibis.Table or None
        Clean answers.
    metric : str
        Name of the metric whose scores count; empty without one.
    scale : Metric or None
        Its scale.
    money : str
        The panel's column of money: ``margin``, ``revenue``, or empty where there is none.
    """
    data = panel.data
    people = data.group_by("customer_id").agg(unit_id=data["unit_id"].max())
    number = ibis.row_number().over(ibis.window(order_by="customer_id"))
    people = fresh(connection, people.mutate(number=number.cast("int64")))
    units = connection.to_pandas(people.select("number", "unit_id")).sort_values("number")["unit_id"]
    contract = panel.relationship == "contract"
    rows = data.join(people.select("customer_id", "number"), "customer_id")
    happened = rows["exited"] if contract else rows["n_transactions"] > 0
    extra = {"money": rows[money].fill_null(0.0)} if money else {}
    extra |= {"earlier": rows[metric_columns(metric)[2]].cast("float64")} if metric else {}
    idx = period_index(rows["period"], panel.frequency)
    frame = connection.to_pandas(rows.select("number", "at_risk", idx=idx, event=happened.fill_null(False), **extra))
    first = int(frame["idx"].min())
    shape = (len(units), int(frame["idx"].max()) - first + 1)
    cell = (frame["number"].to_numpy(), frame["idx"].to_numpy() - first)
    answers, answered, earlier = None, None, None
    if metric:
        answers, answered = _answers(connection, panel, responses, people, metric, first, shape)
        earlier = _placed(shape, cell, frame["earlier"].to_numpy(float), np.nan)
        if scale is not None and scale.higher_is == "worse":
            answers, earlier = answered * sum(scale.scale) - answers, sum(scale.scale) - earlier
    day = panel.last_at_risk_period if contract else panel.last_complete_period
    return History(
        frequency=panel.frequency,
        first=first,
        last=index_of(day, panel.frequency),
        unit=pd.factorize(units, sort=True)[0],
        at_risk=_placed(shape, cell, frame["at_risk"].to_numpy(bool), False),
        event=_placed(shape, cell, frame["event"].to_numpy(bool), False),
        money=_placed(shape, cell, frame["money"].to_numpy(float), 0.0) if money else None,
        answers=answers,
        answered=answered,
        earlier=earlier,
    )


def latest_start(history: History, horizon: int) -> int:
    """Return the number of the latest period from which customers can be followed for the whole horizon.

    Raises
    ------
    StudyError
        If the data are shorter than the horizon.
    """
    start = history.last - horizon + 1
    if start < history.first:
        period, most = history.frequency, max(history.last - history.first + 1, 0)
        what = f"the data show {most} {period}{'' if most == 1 else 's'} whose outcome is known, fewer than {horizon}."
        fix = f"Take a shorter one: --horizon {most} at most." if most else "Add later data."
        raise StudyError(Problem("--horizon", what, fix))
    return start


def follow(history: History, start: int, lengths: Sequence[int]) -> People:
    """Fix who is at risk in a period and follow them over steps.

    Parameters
    ----------
    history : History
        Where to look.
    start : int
        Number of the first period.
    lengths : sequence of int
        Periods of each step.

    Returns
    -------
    People
        All who are at risk in the first period, whatever becomes of them: nobody drops out of a later step.
    """
    at, horizon = start - history.first, sum(lengths)
    ids = np.flatnonzero(history.at_risk[:, at])
    happened = history.event[ids, at : at + horizon]
    step = np.repeat(np.arange(len(lengths)), lengths)
    _, unit = np.unique(history.unit[ids], return_inverse=True)
    unit = np.where(history.unit[ids] == NONE, NONE, unit - (history.unit[ids] == NONE).any())
    edges = np.cumsum((0, *lengths))[:-1] + at
    money = before = score = None
    if history.money is not None:
        money = np.add.reduceat(history.money[ids, : at + horizon], edges, axis=1)
        before = history.money[ids, max(at - horizon, 0) : at].sum(axis=1)
    if history.answers is not None and history.answered is not None:
        total = np.add.reduceat(history.answers[ids, : at + horizon], edges, axis=1)
        n = np.add.reduceat(history.answered[ids, : at + horizon], edges, axis=1)
        score = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return People(
        ids=ids,
        unit=unit,
        n_units=int(unit.max(initial=NONE)) + 1,
        event=np.where(happened.any(axis=1), step[happened.argmax(axis=1)], NONE),
        money=money,
        score=score,
        earlier_score=None if history.earlier is None else history.earlier[ids, at],
        earlier_money=before,
    )


def tellable_units(people: People, smallest: int) -> People:
    """Leave the units aside where few customers have one, or their mere number would tell how few are in each.

    Parameters
    ----------
    people : People
        Customers with their units.
    smallest : int
        Smallest count of customers that may be shown.

    Notes
    -----
    A page names how many customers and how many units there are, so that no unit can hold more than the customers
    beyond one for every other unit. Units are kept where that leaves open every count that is small.
    """
    inside = int((people.unit != NONE).sum())
    if not inside or (inside >= smallest and inside - people.n_units + 1 >= smallest - 1):
        return people
    return replace(people, unit=np.full(len(people), NONE), n_units=0)


def day_of(history: History, index: int) -> date:
    """Return the first day of a period by its number."""
    return first_day(index, history.frequency)


def snapshot_people(connection: Any, snapshot: Any, metric: str, scale: Metric | None) -> People:
    """Take the customers of a snapshot: who had left by its date, and what they had answered."""
    scored = bool(metric) and metric in snapshot.columns
    score = snapshot[metric].cast("float64") if scored else ibis.null("float64")
    table = snapshot.select("customer_id", left=snapshot["left"], score=score)
    frame = connection.to_pandas(table).sort_values("customer_id", kind="stable")
    values = frame["score"].to_numpy(float)[:, None]
    if scale is not None and scale.higher_is == "worse":
        values = sum(scale.scale) - values
    return People(
        ids=np.arange(len(frame)),
        unit=np.full(len(frame), NONE),
        n_units=0,
        event=np.where(frame["left"].to_numpy(bool), 0, NONE),
        money=None,
        score=values if scored else None,
        earlier_score=None,
        earlier_money=None,
    )


def _answers(
    connection: Any, panel: Panel, responses: Any | None, people: Any, metric: str, first: int, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    if responses is None:
        return np.zeros(shape), np.zeros(shape)
    given = responses.filter(responses["metric"] == metric)
    given = given.join(people.select("customer_id", "number"), "customer_id")
    given = given.mutate(idx=period_index(given["answered_at"], panel.frequency))
    summed = given.group_by("number", "idx").agg(total=given["score"].sum(), n=given.count())
    frame = connection.to_pandas(summed)
    frame = frame[frame["idx"].between(first, first + shape[1] - 1)]
    cell = (frame["number"].to_numpy(int), frame["idx"].to_numpy(int) - first)
    return _placed(shape, cell, frame["total"].to_numpy(float), 0.0), _placed(shape, cell, frame["n"].to_numpy(), 0.0)


def _placed(
    shape: tuple[int, int], cell: tuple[np.ndarray, np.ndarray], values: np.ndarray, blank: float | bool
) -> np.ndarray:
    placed = np.full(shape, blank)
    placed[cell] = values
    return placed
