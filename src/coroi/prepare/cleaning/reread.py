"""Cells that did not read as their kind, read again by a stated rule: what is certain is taken, the rest stays."""

from __future__ import annotations

from typing import Any

import ibis

from coroi.prepare.cleaning.rules import examples, fresh
from coroi.prepare.ledger import Ledger, Step
from coroi.prepare.mapping import UNREAD


def unread_counts(connection: Any, table: Any, columns: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return, for each typed column with cells in doubt, how many these are and how many cells are filled."""
    typed = [c for c in columns if UNREAD + c in table.columns]
    if not typed:
        return {}
    doubts = {f"d{i}": table[UNREAD + c].count() for i, c in enumerate(typed)}
    filled = {f"f{i}": (table[c].notnull() | table[UNREAD + c].notnull()).sum() for i, c in enumerate(typed)}
    seen = connection.to_pandas(table.agg(**doubts, **filled)).iloc[0]
    return {c: (int(seen[f"d{i}"]), int(seen[f"f{i}"])) for i, c in enumerate(typed) if seen[f"d{i}"]}


def settle(
    connection: Any,
    table: Any,
    column: str,
    hit: Any,
    value: Any,
    *,
    rule: str,
    sentence: str,
    name: str,
    ledger: Ledger,
    step: Step = "repaired",
) -> Any:
    """Put a value into the cells that a condition finds, take them off the unread ones, and enter how many.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    table : ibis.Table
        Mapped table with the column's unread text.
    column : str
        The column.
    hit : ibis expression of bool
        Which cells.
    value : ibis expression
        What they are; of the column's type.
    rule, sentence, name : str
        Rule, reason and table in the ledger; without a rule nothing is entered.
    ledger : Ledger
        Takes the count.
    step : str
        ``repaired``, or ``set to missing``.

    Returns
    -------
    ibis.Table
    """
    found = table.filter(hit)
    n = int(connection.execute(found.count()))
    if not n:
        return table
    if rule:
        seen = examples(connection, found, ledger.n_examples, UNREAD + column)
        ledger.add(name, step, n, sentence, rule=rule, column=column, examples=seen)
    unread = table[UNREAD + column]
    changed = {column: hit.ifelse(value, table[column]), UNREAD + column: hit.ifelse(ibis.null("string"), unread)}
    return fresh(connection, table.mutate(**changed))
