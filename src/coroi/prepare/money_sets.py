"""Whose money belongs to which unit, each customer counted once: the cohort, whom it brought, and all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import pandas as pd

from coroi.prepare.calendar import period_index
from coroi.prepare.cleaning.rules import fresh

COHORT, REFERRED, OTHERS = "cohort", "referred", "others"


def customer_sets(
    connection: Any,
    data: Any,
    shown: pd.Series,
    tables: Mapping[str, Any],
    *,
    at: int,
    first_start: int,
    frequency: Any,
) -> tuple[Any, pd.DataFrame]:
    """Put every customer of the panel into one set and one unit.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    data : ibis.Table
        The panel's rows with ``idx``, the number of the period.
    shown : pandas.Series of str
        Units that are followed.
    tables : Mapping of str to ibis.Table
        Clean tables; `referrals` and `responses` are read where they are.
    at, first_start : int
        Period in which the cohort is fixed, and in which the first unit starts.
    frequency : str
        Length of a period.

    Returns
    -------
    sets : ibis.Table
        One row a customer: ``customer_id``; ``role`` (cohort, referred, others); ``unit`` (credited with the money;
        null for none that is followed); ``own`` (where the customer is, null for no unit); ``home`` (unit of the
        cohort, null outside it); ``heard`` (answered some survey before the first start).
    flow : pandas.DataFrame
        ``step, customers``: what became of everybody who was recommended, adding up; empty without `referrals`.

    Notes
    -----
    A customer of the cohort is in the unit of the cohort's date, whatever came later; anybody else in the unit of the
    first row. Referred is who was no customer at the cohort's date nor before the recommendation, and was first
    recommended by somebody of the cohort: a later recommendation, or one by somebody whom the cohort brought, is not.
    """
    people = fresh(connection, _people(data, shown, at))
    flow = pd.DataFrame({"step": pd.Series(dtype=str), "customers": pd.Series(dtype="int64")})
    credited, new = ibis.null("string"), ibis.literal(False)
    rows = people
    if "referrals" in tables:
        first = fresh(connection, _first_referrals(tables["referrals"], people, frequency))
        rows = people.left_join(first, people["customer_id"] == first["new"])
        credited, new = rows["credited"], _is_new(rows)
        flow = _referral_flow(connection, first, people)
    member = rows["home"].notnull()
    rows = rows.select(
        "customer_id",
        "own",
        "home",
        role=ibis.cases((member, COHORT), (new, REFERRED), else_=OTHERS),
        unit=ibis.cases((member, rows["home"]), (new, credited), else_=rows["followed"]),
    )
    return fresh(connection, _with_heard(rows, tables.get("responses"), first_start, frequency)), flow


def money_by_set(connection: Any, data: Any, sets: Any, money: str) -> pd.DataFrame:
    """Sum money, and count who is there, by set, unit and period.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    data : ibis.Table
        The panel's rows of the window, with ``idx``.
    sets : ibis.Table
        From :func:`customer_sets`.
    money : str
        Column of the panel.

    Returns
    -------
    pandas.DataFrame
        ``role, unit, own, heard, idx, money, there`` (customers in a spell, who have not left as far as is known).
    """
    rows = data.join(sets, "customer_id")
    here = rows["spell"].notnull().cast("int64").sum()
    found = rows.group_by("role", "unit", "own", "heard", "idx").agg(money=rows[money].sum(), there=here)
    frame = connection.to_pandas(found)
    return frame.astype({"idx": "int64", "there": "int64"}).assign(money=frame["money"].astype(float).fillna(0.0))


def set_totals(connection: Any, data: Any, sets: Any, money: str) -> pd.DataFrame:
    """Count customers and sum their money by set: ``role, followed`` (in a unit that is), ``customers, money``."""
    rows = data.join(sets, "customer_id").mutate(followed=ibis._.unit.notnull())
    by = rows.group_by("role", "followed").agg(customers=rows["customer_id"].nunique(), money=rows[money].sum())
    frame = connection.to_pandas(by.order_by("role", "followed"))
    return frame.astype({"customers": "int64"}).assign(money=frame["money"].astype(float).fillna(0.0))


def _people(data: Any, shown: pd.Series, at: int) -> Any:
    """Return each customer's first period, unit, and unit of the cohort."""
    first = data.group_by("customer_id").agg(first_idx=data["idx"].min())
    first = first.select("first_idx", _who="customer_id")
    entered = data.join(first, (data["customer_id"] == first["_who"]) & (data["idx"] == first["first_idx"]))
    entered = entered.select("customer_id", "first_idx", entry="unit_id")
    there = data.filter((data["idx"] == at) & data["at_risk"])
    there = there.select(_who="customer_id", then="unit_id", was=ibis.literal(True))
    rows = entered.left_join(there, entered["customer_id"] == there["_who"])
    rows = rows.select("customer_id", "first_idx", "was", "then", "entry").mutate(was=ibis._.was.fill_null(False))
    rows = rows.mutate(own=rows["was"].ifelse(rows["then"], rows["entry"]).nullif(""))
    known = ibis.memtable(pd.DataFrame({"followed": shown.astype(str)}), schema={"followed": "string"})
    rows = rows.left_join(known, rows["own"] == known["followed"])
    rows = rows.select("customer_id", "first_idx", "was", "own", "followed")
    return rows.mutate(home=rows["was"].ifelse(rows["followed"], ibis.null("string")))


def _first_referrals(referrals: Any, people: Any, frequency: Any) -> Any:
    """Return who was recommended, once each, when first, and the unit of who did it where that is the cohort's."""
    rows = referrals.filter(referrals["new_customer_id"].notnull())
    order = ibis.window(group_by="new_customer_id", order_by=["referred_at", "customer_id"])
    rows = rows.mutate(_place=ibis.row_number().over(order)).filter(ibis._._place == 0)
    rows = rows.select(new="new_customer_id", by="customer_id", told_idx=period_index(rows["referred_at"], frequency))
    members = people.filter(people["home"].notnull()).select(_who="customer_id", credited="home")
    return rows.left_join(members, rows["by"] == members["_who"]).select("new", "told_idx", "credited")


def _is_new(rows: Any) -> Any:
    came = ~rows["was"] & rows["credited"].notnull() & (rows["first_idx"] >= rows["told_idx"])
    return came.fill_null(False)


def _referral_flow(connection: Any, first: Any, people: Any) -> pd.DataFrame:
    rows = first.left_join(people, first["new"] == people["customer_id"])
    step = ibis.cases(
        (rows["customer_id"].isnull(), "never a customer in the data"),
        (rows["credited"].isnull(), "first recommended by somebody outside the cohort"),
        (rows["was"], "customers already when the cohort was fixed"),
        (rows["first_idx"] < rows["told_idx"], "customers before they were recommended"),
        else_="counted as brought by the cohort",
    )
    steps = rows.select(step=step)
    counts = connection.to_pandas(steps.group_by("step").agg(customers=steps.count()).order_by("step"))
    return counts.astype({"customers": "int64"})


def _with_heard(rows: Any, responses: Any | None, first_start: int, frequency: Any) -> Any:
    if responses is None:
        return rows.mutate(heard=ibis.literal(False))
    given = responses.filter(responses["score"].notnull() & responses["answered_at"].notnull())
    given = given.filter(period_index(given["answered_at"], frequency) < first_start)
    given = given.select(_who="customer_id").distinct()
    joined = rows.left_join(given, rows["customer_id"] == given["_who"])
    return joined.mutate(heard=joined["_who"].notnull()).drop("_who")
