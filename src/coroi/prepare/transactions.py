"""Transactions: what was bought and returned, one row an order where the plan says how lines belong together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis

from coroi.errors import DataError, Problem
from coroi.prepare.clean import clean_rows, complete, load_mapped
from coroi.prepare.cleaning.duplicates import repeated_line, reused_key
from coroi.prepare.cleaning.order import empty
from coroi.prepare.cleaning.rules import Rule, fresh, note_rows
from coroi.prepare.ledger import Ledger
from coroi.schemas import TRANSACTIONS
from coroi.sources import Source
from coroi.storage.files import ROW


def prepare_transactions(connection: Any, source: Source, base: Path, ledger: Ledger) -> Any:
    """Return one row a purchase or return; with `group`, lines of one order are summed.

    Raises
    ------
    DataError
        If the table cannot be used, or `group` names a column that is not mapped.
    """
    mapped = load_mapped(connection, source, TRANSACTIONS, base, ledger)
    if source.group and source.group not in mapped.columns:
        fix = f'Map it under columns, e.g. {source.group}: "Order ID".'
        raise DataError(Problem("transactions.group", f"'{source.group}' is not a mapped column.", fix))
    table = clean_rows(connection, mapped, TRANSACTIONS, ledger, more=lambda t: [empty(t, "occurred_at")])
    if source.group:
        table = _sum_lines(connection, table, source.group, ledger)
    if "transaction_id" in table.columns:
        notes = reused_key(connection, table, "transaction_id", mapped.unique)
    else:
        notes = [repeated_line(table, mapped.columns)]
    if "amount" in table.columns:
        notes += [
            Rule(
                "return",
                table["amount"] < 0,
                "amount below zero: a return; it counts as money, not as a purchase",
                "amount",
            ),
            Rule("nothing paid", table["amount"] == 0, "amount of zero: it does not count as a purchase", "amount"),
        ]
    note_rows(connection, table, notes, "transactions", ledger)
    return complete(connection, table, TRANSACTIONS, ledger)


def _sum_lines(connection: Any, table: Any, group: str, ledger: Ledger) -> Any:
    """Sum the lines of an order of one customer; its date is that of its first line."""
    keys = ["customer_id", group]
    sums = {c: table[c].sum() for c in ("amount", "margin") if c in table.columns}
    loose = table.filter(table[group].isnull())
    orders = (
        table.filter(table[group].notnull())
        .group_by(keys)
        .agg(**{ROW: ibis._[ROW].min()}, occurred_at=ibis._.occurred_at.min(), **sums)
    )
    columns = [c for c in table.columns if c in orders.columns]
    whole = fresh(connection, orders.select(*columns).union(loose.select(*columns)))
    merged = connection.execute(table.count()) - connection.execute(whole.count())
    ledger.add("transactions", "merged", merged, f"further lines of an order, summed by {group}", rule="group")
    return whole
