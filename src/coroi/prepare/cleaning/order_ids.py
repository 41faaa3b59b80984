"""Identifiers that number orders or answers, not people: nobody ever comes twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coroi.prepare.ledger import Ledger

RULE = "order ids"
EVENTS = ("transactions", "touchpoints", "usage")  # a survey may well ask everybody once
LEAST_ROWS = 200
MOST_SHARE = 0.999  # of rows with a customer of their own


def note_order_ids(connection: Any, tables: Mapping[str, Any], ledger: Ledger) -> None:
    """Flag tables of events in which every row has a customer of its own; nothing is changed.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    tables : Mapping of str to ibis.Table
        Clean tables.
    ledger : Ledger
        Takes the counts.
    """
    for name in EVENTS:
        if name not in tables:
            continue
        table = tables[name]
        seen = connection.to_pandas(table.agg(n=table.count(), who=table["customer_id"].nunique())).iloc[0]
        n, who = int(seen["n"]), int(seen["who"])
        if n >= LEAST_ROWS and who >= MOST_SHARE * n:
            said = f"{who:,} customers in {n:,} rows: hardly anybody came twice, so it may number something else"
            ledger.add(name, "flagged", n, said, rule=RULE, column="customer_id")
