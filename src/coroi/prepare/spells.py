"""Spells: from the first covered day to an exit, a gap longer than the grace; a return starts a new one."""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis

from coroi.prepare.calendar import as_day, day_number
from coroi.schemas import Relationship

FAR = 10_000_000  # a day number after every date: cover that has not ended


def covers_of_contracts(subscriptions: Any, observed_until: date) -> Any:
    """Return one cover a contract: its first and last day; what runs beyond the data has no end yet."""
    end = day_number(subscriptions["end_at"])
    until = as_day(observed_until)
    return subscriptions.select(
        "customer_id",
        "exit_reason",
        start=day_number(subscriptions["start_at"]),
        end=ibis.cases((subscriptions["end_at"].isnull() | (end > until), FAR), else_=end),
    ).filter(ibis._.start <= until)


def covers_of_purchases(transactions: Any, observed_until: date) -> Any:
    """Return one cover a purchase: its day. Returns (amounts below zero) are no purchases."""
    day = day_number(transactions["occurred_at"])
    bought = transactions.mutate(start=day, end=day).filter(
        (ibis._.amount.isnull() | (ibis._.amount > 0)) & (ibis._.start <= as_day(observed_until))
    )
    return bought.select("customer_id", "start", "end", exit_reason=ibis.null("string"))


def build_spells(covers: Any, *, relationship: Relationship, grace_days: int, observed_until: date) -> Any:
    """Join covers into spells.

    Parameters
    ----------
    covers : ibis.Table
        ``customer_id, start, end, exit_reason``; days as numbers, the last day covered included.
    relationship : str
        Contracts leave a gap from the day after the last; purchases from the purchase itself.
    grace_days : int
        A gap of at most so many days is none.
    observed_until : date
        Last day of the data.

    Returns
    -------
    ibis.Table
        ``customer_id, spell`` (from 1), ``spell_start``, ``exit_day`` (null while no exit is known) and
        ``exit_reason``. A contract's exit is its last day; a lapse of purchases is dated when the grace ends.

    Notes
    -----
    An exit is known once the gap has outlasted the grace within the data; before that nobody can tell.
    """
    contract = relationship == "contract"
    tolerance = grace_days + (1 if contract else 0)
    earlier = ibis.window(group_by="customer_id", order_by=["start", "end"], preceding=(None, 1))
    to_date = ibis.window(group_by="customer_id", order_by=["start", "end"], preceding=(None, 0))
    marked = covers.mutate(reached=covers["end"].max().over(earlier))
    marked = marked.mutate(
        opens=(marked["reached"].isnull() | (marked["start"] > marked["reached"] + tolerance)).cast("int64")
    )
    marked = marked.mutate(spell=marked["opens"].sum().over(to_date).cast("int64"))
    marked = marked.mutate(last_end=marked["end"].max().over(ibis.window(group_by=["customer_id", "spell"])))
    spells = marked.group_by("customer_id", "spell").agg(
        spell_start=marked["start"].min(),
        spell_end=marked["end"].max(),
        exit_reason=marked["exit_reason"].max(where=marked["end"] == marked["last_end"]),
    )
    known = spells["spell_end"] < as_day(observed_until) - grace_days
    exit_day = spells["spell_end"] + (0 if contract else grace_days)
    return spells.select(
        "customer_id",
        "spell",
        "spell_start",
        exit_day=known.ifelse(exit_day, ibis.null("int64")),
        exit_reason=known.ifelse(spells["exit_reason"], ibis.null("string")),
    )
