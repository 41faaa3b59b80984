"""A cohort fixed at one date and followed to the end of the data, those who leave included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import pandas as pd

from coroi.prepare.calendar import first_day, index_of, period_index
from coroi.prepare.cleaning.rules import fresh
from coroi.schemas import Panel, metric_columns

MOST_CUSTOMERS = 200_000
MONEY = ("revenue", "margin", "cost_to_serve")
_FACTOR, _MODULUS = 1_103_515_245, 2**31  # a full cycle, so that neighbours in the order are not drawn together


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClosedCohort:
    """Customers fixed at a date, with a row for every period around it.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``entity`` (number of the customer), ``period`` (number of the period), ``active`` (1 while under contract or
        between purchases, 0 otherwise, NaN where an exit cannot be told yet), ``revenue, margin, cost_to_serve`` (in
        the panel's currency; 0 without any, also after an exit; NaN where the data have none at all), ``score`` (last
        answer dated before the period, NaN without a usable one) and ``age`` of that answer in periods. From the
        first period of history to the last complete one.
    flow : pandas.DataFrame
        ``step`` and ``customers``: who is in and who is not, adding up.
    start : date or None
        First day of the period in which the cohort is fixed.
    start_idx, last_idx : int
        Numbers of that period and of the last one with money.
    n_all : int
        Customers of the cohort before any was left out for its size.
    reason : str
        Why there is no cohort; empty where there is one.
    """

    rows: pd.DataFrame
    flow: pd.DataFrame
    start: date | None
    start_idx: int
    last_idx: int
    n_all: int
    reason: str = ""


def closed_cohort(
    connection: Any,
    panel: Panel,
    metric: str,
    *,
    horizon: int,
    start: date | None = None,
    history: int = 12,
    most_customers: int = MOST_CUSTOMERS,
) -> ClosedCohort:
    """Fix everyone who is a customer at one date, and follow them to the end whether they stay or not.

    Parameters
    ----------
    connection : Session
        Where the panel lives.
    panel : Panel
        Of contracts or purchases.
    metric : str
        The metric whose last answer before each period is taken.
    horizon : int
        Periods to follow after a change of the metric.
    start : date, optional
        A day of the period in which the cohort is fixed. By default the middle of the data, or earlier where less than
        the horizon would be left after the second half of it.
    history : int
        Periods before the start to keep, for changes and lags.
    most_customers : int
        A larger cohort is thinned to about so many customers, drawn by their place in the order of identifiers.

    Returns
    -------
    ClosedCohort

    Notes
    -----
    Whoever leaves stays in the cohort with zero money, so that what keeps marginal customers is not mistaken for what
    loses money: profit among survivors is another, selected, question.
    """
    frequency = panel.frequency
    last, told = (index_of(d, frequency) for d in (panel.last_complete_period, panel.last_at_risk_period))
    data = panel.data.mutate(idx=period_index(panel.data["period"], frequency))
    first = int(connection.execute(data["idx"].min()))
    at = index_of(start, frequency) if start else max(first, min((first + last + 1) // 2, last - 2 * horizon + 1))
    reason = _hindrance(at, first, last, horizon, panel, start)
    if reason:
        return _none(reason, at, last)
    total = int(connection.execute(data["customer_id"].nunique()))
    there = data.filter((data["idx"] == at) & data["at_risk"]).select("customer_id").distinct()
    numbered = fresh(connection, there.mutate(entity=ibis.row_number().over(order_by="customer_id")))
    n_all = int(connection.execute(numbered.count()))
    if not n_all:
        return _none(f"nobody is a customer in the {frequency} of {first_day(at, frequency)}", at, last)
    kept = numbered if n_all <= most_customers else _thinned(numbered, most_customers / n_all)
    rows = _rows(connection, data, kept, metric, at - history, last, told)
    n = int(rows["entity"].nunique())
    flow = [
        ("customers in the panel", total),
        ("not customers at the start", n_all - total),
        *([("left out for the size of the cohort, drawn by chance", n - n_all)] if n < n_all else []),
        ("customers followed", n),
    ]
    return ClosedCohort(
        rows=rows,
        flow=pd.DataFrame(flow, columns=["step", "customers"]).astype({"customers": "int64"}),
        start=first_day(at, frequency),
        start_idx=at,
        last_idx=last,
        n_all=n_all,
    )


def _rows(connection: Any, data: Any, kept: Any, metric: str, first: int, last: int, told: int) -> pd.DataFrame:
    value, age, _, _ = metric_columns(metric)
    inside = data.filter(data["idx"].between(first, last))
    known = inside["idx"] <= told
    chosen = inside.select(
        "customer_id",
        period=inside["idx"],
        active=known.ifelse(inside["at_risk"].cast("float64"), ibis.null("float64")),
        **{c: inside[c].cast("float64") for c in MONEY},
        score=inside[value].cast("float64"),
        age=inside[age].cast("float64"),
    )
    frame = connection.to_pandas(chosen.join(kept, "customer_id").drop("customer_id"))
    whole = frame.astype(
        {"entity": "int64", "period": "int64"} | dict.fromkeys(("active", *MONEY, "score", "age"), float)
    )
    columns = ["entity", "period", "active", *MONEY, "score", "age"]
    return whole[columns].sort_values(["entity", "period"]).reset_index(drop=True)


def _thinned(numbered: Any, share: float) -> Any:
    place = (numbered["entity"] * _FACTOR + 12_345) % _MODULUS
    return numbered.filter(place < int(share * _MODULUS))


def _hindrance(at: int, first: int, last: int, horizon: int, panel: Panel, start: date | None) -> str:
    span, unit = max(last - first + 1, 0), panel.frequency
    if start and not first <= at <= last:
        return f"the start {start} lies outside the {unit}s that the data show"
    if last - at + 1 <= horizon:
        seen = f"{span} complete {unit}{'' if span == 1 else 's'}"
        return f"the data show {seen}, too few to follow anybody for a horizon of {horizon} after the start"
    return ""


def _none(reason: str, at: int, last: int) -> ClosedCohort:
    columns = ["entity", "period", "active", *MONEY, "score", "age"]
    flow = pd.DataFrame({"step": pd.Series(dtype=str), "customers": pd.Series(dtype="int64")})
    rows = pd.DataFrame({c: pd.Series(dtype=float) for c in columns})
    return ClosedCohort(rows=rows, flow=flow, start=None, start_idx=at, last_idx=last, n_all=0, reason=reason)
