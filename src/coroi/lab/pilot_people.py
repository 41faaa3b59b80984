"""The customers of a pilot: who is there on a first day, and what each did in the steps that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pandas as pd

from coroi.errors import Problem, StudyError
from coroi.prepare.calendar import first_day, index_of, period_index
from coroi.schemas import Panel, metric_columns
from coroi.sources import Metric

NONE = -1  # no event, no unit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """Where a pilot's customers are looked up.

    Parameters
    ----------
    connection : ibis backend
        Where the tables live.
    panel : Panel
        The customer-period panel.
    responses : ibis.Table or None
        Clean answers.
    metric : str
        Name of the metric whose scores count; empty without one.
    scale : Metric or None
        Its scale. Where lower is better, scores are mirrored on the scale, so that more is always better.
    money : str
        The panel's column of money: ``margin``, ``revenue``, or empty where there is none.
    """

    connection: Any
    panel: Panel
    responses: Any | None
    metric: str
    scale: Metric | None
    money: str

    @property
    def first(self) -> int:
        """Number of the first period of the panel."""
        data = self.panel.data
        return int(self.connection.execute(period_index(data["period"], self.panel.frequency).min()))

    @property
    def last(self) -> int:
        """Number of the last period whose outcome is known."""
        panel = self.panel
        day = panel.last_at_risk_period if panel.relationship == "contract" else panel.last_complete_period
        return index_of(day, panel.frequency)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """Customers fixed on a first day and followed over steps of time.

    Parameters
    ----------
    ids : numpy.ndarray
        Their identifiers, sorted; they stay in memory.
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


def latest_start(history: History, horizon: int) -> int:
    """Return the number of the latest period from which customers can be followed for the whole horizon.

    Raises
    ------
    StudyError
        If the data are shorter than the horizon.
    """
    first, last = history.first, history.last
    start = last - horizon + 1
    if start < first:
        period, most = history.panel.frequency, max(last - first + 1, 0)
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
    rows = _rows(history)
    stop = start + sum(lengths) - 1
    connection = history.connection
    there = rows.filter((rows["idx"] == start) & rows["at_risk"])
    base = connection.to_pandas(there.select("customer_id", "unit_id", "spell", "earlier_score"))
    base = base.sort_values("customer_id", kind="stable").reset_index(drop=True)
    inside = rows.filter(rows["idx"].between(start, stop))
    event = _events(history, inside, base)
    step = np.repeat(np.arange(len(lengths)), lengths)
    unit, _ = pd.factorize(base["unit_id"], sort=True)
    money = earlier_money = score = earlier = None
    if history.money:
        money = _sums(connection, inside, base, start, step)
        before = rows.filter(rows["idx"].between(start - sum(lengths), start - 1))
        one = np.zeros(sum(lengths), dtype=int)
        earlier_money = _sums(connection, before, base, start - sum(lengths), one)[:, 0]
    if history.metric:
        score = _mirrored(history, _scores(history, base, start, step))
        earlier = _mirrored(history, base["earlier_score"].to_numpy(float))
    return People(
        ids=base["customer_id"].to_numpy(),
        unit=unit,
        n_units=int(unit.max(initial=NONE)) + 1,
        event=np.where(event >= 0, step[np.maximum(event - start, 0)], NONE),
        money=money,
        score=score,
        earlier_score=earlier,
        earlier_money=earlier_money,
    )


def day_of(history: History, index: int) -> Any:
    """Return the first day of a period by its number."""
    return first_day(index, history.panel.frequency)


def _rows(history: History) -> Any:
    data = history.panel.data
    earlier = data[metric_columns(history.metric)[2]] if history.metric else ibis.null("float64")
    money = data[history.money].fill_null(0.0) if history.money else ibis.null("float64")
    return data.select(
        *("customer_id", "unit_id", "spell", "at_risk", "exited", "n_transactions"),
        idx=period_index(data["period"], history.panel.frequency),
        earlier_score=earlier,
        value=money,
    )


def _events(history: History, inside: Any, base: pd.DataFrame) -> np.ndarray:
    """Return the number of the period of each customer's exit or first purchase, −1 without one."""
    contract = history.panel.relationship == "contract"
    keys = ["customer_id", "spell"] if contract else ["customer_id"]
    happened = inside.filter(inside["exited"] if contract else inside["n_transactions"] > 0)
    first = history.connection.to_pandas(happened.group_by(keys).agg(at=happened["idx"].min()))
    found = base[keys].merge(first, how="left", on=keys)["at"]
    return found.fillna(NONE).to_numpy().astype(int)


def _sums(connection: Any, inside: Any, base: pd.DataFrame, start: int, step: np.ndarray) -> np.ndarray:
    summed = connection.to_pandas(inside.group_by("customer_id", "idx").agg(value=inside["value"].sum()))
    return _by_step(summed, base, start, step, "sum").fillna(0.0).to_numpy()


def _scores(history: History, base: pd.DataFrame, start: int, step: np.ndarray) -> np.ndarray:
    if history.responses is None:
        return np.full((len(base), int(step.max()) + 1), np.nan)
    answers = history.responses
    idx = period_index(answers["answered_at"], history.panel.frequency)
    answers = answers.filter((answers["metric"] == history.metric) & idx.between(start, start + len(step) - 1))
    answers = answers.mutate(idx=period_index(answers["answered_at"], history.panel.frequency))
    rows = history.connection.to_pandas(answers.select("customer_id", "idx", value=answers["score"]))
    return _by_step(rows, base, start, step, "mean").to_numpy()


def _by_step(rows: pd.DataFrame, base: pd.DataFrame, start: int, step: np.ndarray, how: str) -> pd.DataFrame:
    at = rows["idx"].to_numpy().astype(int) - start
    placed = rows.assign(step=step[at]).sort_values(["customer_id", "idx", "value"], kind="stable")
    by_step = placed.pivot_table(index="customer_id", columns="step", values="value", aggfunc=how)
    return by_step.reindex(index=base["customer_id"], columns=range(int(step.max()) + 1)).astype(float)


def _mirrored(history: History, score: np.ndarray) -> np.ndarray:
    if history.scale is None or history.scale.higher_is == "better":
        return score
    return sum(history.scale.scale) - score


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
        ids=frame["customer_id"].to_numpy(),
        unit=np.full(len(frame), NONE),
        n_units=0,
        event=np.where(frame["left"].to_numpy(bool), 0, NONE),
        money=None,
        score=values if scored else None,
        earlier_score=None,
        earlier_money=None,
    )
