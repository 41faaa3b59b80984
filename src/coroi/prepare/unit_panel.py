"""Units by period: what their customers answered, who left of those who could, and what a fixed cohort brought."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import numpy as np
import pandas as pd

from coroi.prepare.calendar import first_day, index_of, period_index
from coroi.prepare.cleaning.rules import fresh
from coroi.schemas import Panel

HISTORY = 12
MONEY = ("revenue", "margin", "cost_to_serve")
OUTCOMES = ("score", "exit_rate", *MONEY)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitPanel:
    """Units by period around a roll-out.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``unit`` (number), ``period`` (number), ``score`` (mean of the answers given in the period, NaN without any),
        ``n_answers``, ``exit_rate`` (exits of the period over customers at risk in it; NaN where exits cannot be told
        yet), ``unmoved_rate`` (the same of exits for the reason that was named, NaN without one), ``n_at_risk``,
        ``revenue, margin, cost_to_serve`` (of the cohort, per customer of it, who left counting as nothing; NaN where
        the data have none at all).
    units : pandas.DataFrame
        ``unit, unit_id, n_customers``: the cohort's customers.
    flow : pandas.DataFrame
        ``step`` and ``customers``: who is in the cohort and who is not, adding up.
    n_small : int
        Units left out because their cohort is too small to be shown.
    frequency : str
        Length of a period.
    start : date or None
        First day of the period in which the cohort is fixed.
    start_idx, last_idx : int
        Numbers of that period and of the last one with money.
    reason : str
        Why there is no panel of units; empty where there is one.
    """

    rows: pd.DataFrame
    units: pd.DataFrame
    flow: pd.DataFrame
    n_small: int
    frequency: str
    start: date | None
    start_idx: int
    last_idx: int
    reason: str = ""


def unit_panel(
    connection: Any,
    panel: Panel,
    responses: Any | None,
    metric: str,
    *,
    first_start: int | None,
    history: int = HISTORY,
    unmoved: str = "",
    smallest: int = 10,
) -> UnitPanel:
    """Sum customers up to units, with a cohort fixed before the first unit starts.

    Parameters
    ----------
    connection : Session
        Where the panel lives.
    panel : Panel
        Of contracts or purchases.
    responses : ibis.Table or None
        Clean table `responses`; without it there is no score.
    metric : str
        Metric whose answers are averaged.
    first_start : int or None
        Number of the period in which the first unit starts.
    history : int
        Periods before the first start that the cohort is fixed at, or the first of the data.
    unmoved : str
        Reason for exits that nobody at the company can change, as the data word it; their rate is told apart.
    smallest : int
        Units with fewer customers in the cohort are left out, and counted.

    Returns
    -------
    UnitPanel

    Notes
    -----
    Exit rates are of everybody at risk in the period, whenever they joined: a cohort fixed at a start has no exits
    before it, so that its own past would always look alike. Money is of a cohort fixed at one date for all units,
    before any start, with nothing counted after an exit: what keeps customers who bring little is then no loss.
    """
    frequency = panel.frequency
    last, told = (index_of(d, frequency) for d in (panel.last_complete_period, panel.last_at_risk_period))
    data = panel.data.mutate(idx=period_index(panel.data["period"], frequency))
    first = int(connection.execute(data["idx"].min()))
    if first_start is None:
        return _none("no unit has a start", frequency, last)
    if first_start <= first:
        unit = f"the data begin in the {frequency} of {first_day(first, frequency)}"
        return _none(f"{unit}, when the first unit had started already: nothing is known from before", frequency, last)
    at = max(first, first_start - history)
    total = int(connection.execute(data["customer_id"].nunique()))
    there = data.filter((data["idx"] == at) & data["at_risk"])
    cohort = fresh(connection, there.select("customer_id", "unit_id").distinct())
    sizes = connection.to_pandas(cohort.group_by("unit_id").agg(n_customers=cohort.count()))
    known = sizes["unit_id"].notna() & (sizes["unit_id"] != "")
    large = known & (sizes["n_customers"] >= smallest)
    units = sizes[large].sort_values("unit_id", ignore_index=True)
    if len(units) < 2:
        return _none(f"fewer than two units had {smallest} customers before the first start", frequency, last)
    units.insert(0, "unit", np.arange(len(units)))
    rows = _rows(connection, data, cohort, responses, metric, units, (at, last, told), frequency, unmoved)
    members = sizes["n_customers"]
    flow = [
        ("customers in the panel", total),
        ("not customers at the start", total - int(members.sum())),
        ("without a unit", int(members[~known].sum())),
        ("in units too small to be shown", int(members[known & ~large].sum())),
        ("customers followed", int(members[large].sum())),
    ]
    return UnitPanel(
        rows=rows,
        units=units.astype({"unit": "int64", "n_customers": "int64"}),
        flow=pd.DataFrame(flow, columns=["step", "customers"]).astype({"customers": "int64"}),
        n_small=int((known & ~large).sum()),
        frequency=frequency,
        start=first_day(at, frequency),
        start_idx=at,
        last_idx=last,
    )


def neighbourhoods(units: pd.DataFrame) -> pd.Series:
    """Return the group of each unit that its name tells: what stands before a number at its end.

    Parameters
    ----------
    units : pandas.DataFrame
        ``unit, unit_id``.

    Returns
    -------
    pandas.Series of int
        Code of the group, by unit; "north-1" and "north-2" lie side by side, "Leeds" and "York" are told apart.
    """
    stems = [re.sub(r"[\W_]*\d+$", "", str(name)) or str(name) for name in units["unit_id"]]
    return pd.Series(pd.factorize(pd.Series(stems))[0], index=units["unit"].to_numpy())


def _rows(
    connection: Any,
    data: Any,
    cohort: Any,
    responses: Any | None,
    metric: str,
    units: pd.DataFrame,
    span: tuple[int, int, int],
    frequency: Any,
    unmoved: str,
) -> pd.DataFrame:
    at, last, told = span
    inside = data.filter(data["idx"].between(at, last))
    risk = inside.filter(inside["at_risk"]).group_by("unit_id", "idx")
    named = ibis._.exited & (ibis._.exit_reason.fill_null("") == unmoved)
    counts = {"n_exits": ibis._.exited.cast("int64").sum(), "n_unmoved": named.cast("int64").sum()}
    rates = connection.to_pandas(risk.agg(n_at_risk=ibis._.count(), **counts))
    members = inside.semi_join(cohort, "customer_id").group_by("unit_id", "idx")
    money = connection.to_pandas(members.agg(**{c: inside[c].sum() for c in MONEY}))
    grid = pd.MultiIndex.from_product([units["unit_id"], range(at, last + 1)], names=["unit_id", "idx"])
    frame = pd.DataFrame(index=grid).reset_index()
    for found in (rates, money, *_answers(connection, data, responses, metric, (at, last), frequency)):
        frame = frame.merge(found, how="left", on=["unit_id", "idx"])
    frame = frame.merge(units, on="unit_id")
    has = {c: bool(money[c].notna().any()) for c in MONEY}
    told_yet = (frame["idx"] <= told) & (frame["n_at_risk"] > 0)
    rate, other = ((frame[c].fillna(0) / frame["n_at_risk"]).where(told_yet) for c in ("n_exits", "n_unmoved"))
    made = {
        "unit": frame["unit"],
        "period": frame["idx"],
        "score": frame.get("score", np.nan),
        "n_answers": frame["n_answers"].fillna(0) if responses is not None else 0,
        "exit_rate": rate,
        "unmoved_rate": other if unmoved else np.nan,
        "n_at_risk": frame["n_at_risk"].fillna(0),
    }
    made |= {c: frame[c].fillna(0) / frame["n_customers"] if has[c] else np.nan for c in MONEY}
    kinds = {"unit": "int64", "period": "int64", "n_answers": "int64", "n_at_risk": "int64"}
    return (
        pd.DataFrame(made)
        .astype(kinds | dict.fromkeys((*OUTCOMES, "unmoved_rate"), float))
        .sort_values(["unit", "period"])
    )


def _answers(
    connection: Any, data: Any, responses: Any | None, metric: str, span: tuple[int, int], frequency: Any
) -> list[pd.DataFrame]:
    """Average the answers that each unit's customers gave in a period."""
    if responses is None:
        return []
    where = data.select("customer_id", "unit_id").distinct()
    given = responses.filter(responses["metric"] == metric)
    given = given.select("customer_id", "score", idx=period_index(given["answered_at"], frequency))
    given = given.filter(given["idx"].between(*span)).join(where, "customer_id")
    by = given.group_by("unit_id", "idx")
    return [connection.to_pandas(by.agg(score=given["score"].mean(), n_answers=given.count()))]


def _none(reason: str, frequency: str, last: int) -> UnitPanel:
    columns = ["unit", "period", "n_answers", "n_at_risk", "unmoved_rate", *OUTCOMES]
    return UnitPanel(
        rows=pd.DataFrame({c: pd.Series(dtype=float) for c in columns}),
        units=pd.DataFrame({"unit": pd.Series(dtype="int64"), "unit_id": pd.Series(dtype=str), "n_customers": []}),
        flow=pd.DataFrame({"step": pd.Series(dtype=str), "customers": pd.Series(dtype="int64")}),
        n_small=0,
        frequency=frequency,
        start=None,
        start_idx=last,
        last_idx=last,
        reason=reason,
    )
