"""How rules are applied: the first that matches drops a row, and each dropped row is counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis

from coroi.prepare.ledger import Ledger
from coroi.storage.files import ROW

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on a row, and the sentence that explains it."""

    name: str
    condition: Any
    sentence: str


def fresh(connection: Any, table: Any) -> Any:
    """Compute a table once and keep it, so that later steps read it instead of the raw file."""
    return connection.keep(table)


def drop_rows(connection: Any, table: Any, rules: Sequence[Rule], name: str, ledger: Ledger) -> Any:
    """Drop the rows that a rule matches, and enter the counts by rule.

    Returns
    -------
    ibis.Table
        The rows that no rule matched.
    """
    if not rules:
        return table
    marked = fresh(
        connection,
        table.mutate(
            _rule=ibis.cases(*((r.condition.fill_null(False), r.name) for r in rules), else_=ibis.null("string"))
        ),
    )
    counts = connection.to_pandas(marked.filter(ibis._._rule.notnull()).group_by("_rule").agg(n=ibis._.count()))
    found = dict(zip(counts["_rule"], counts["n"], strict=True))
    for rule in rules:
        if rule.name in found:
            rows = examples(connection, marked.filter(marked["_rule"] == rule.name))
            ledger.add(name, "dropped", found[rule.name], rule.sentence, rule=rule.name, examples=rows)
    return marked.filter(marked["_rule"].isnull()).drop("_rule")


def note_rows(
    connection: Any, table: Any, rules: Sequence[Rule], name: str, ledger: Ledger, *, step: Any = "flagged"
) -> dict[str, int]:
    """Count the rows that each rule matches without dropping any, and enter the counts."""
    if not rules:
        return {}
    marked = table.select(**{r.name: r.condition.fill_null(False).cast("int64") for r in rules})
    sums = connection.to_pandas(marked.agg(**{r.name: marked[r.name].sum() for r in rules})).iloc[0].fillna(0)
    found = {str(name): int(n) for name, n in sums.items()}
    for rule in rules:
        if found[rule.name]:
            rows = examples(connection, table.mutate(_hit=rule.condition.fill_null(False)).filter(ibis._._hit))
            ledger.add(name, step, found[rule.name], rule.sentence, rule=rule.name, examples=rows)
    return found


def examples(connection: Any, table: Any, n: int = _EXAMPLES) -> list[int]:
    """Return the first few row numbers of a table."""
    return connection.to_pandas(table.select(ROW).order_by(ROW).limit(n))[ROW].astype(int).tolist()
