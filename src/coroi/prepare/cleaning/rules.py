"""How rules are applied: the first that matches drops a row, and each dropped row is counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis

from coroi.masking import mask_value
from coroi.prepare.ledger import Examples, Ledger
from coroi.storage.files import ROW


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on a row, and the sentence that explains it.

    Parameters
    ----------
    name : str
        What the ledger calls it.
    condition : ibis expression
        Which rows it matches.
    sentence : str
        Why.
    column : str
        The column that it is about; empty where it is about the whole row.
    shown : str
        Column of the engine whose cells are shown, masked, as examples; `column` by default.
    """

    name: str
    condition: Any
    sentence: str
    column: str = ""
    shown: str = ""


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
            rows = marked.filter(marked["_rule"] == rule.name)
            seen = examples(connection, rows, ledger.n_examples, rule.shown or rule.column)
            ledger.add(
                name,
                "dropped",
                found[rule.name],
                rule.sentence,
                rule=rule.name,
                column=rule.column,
                examples=seen,
            )
    return marked.filter(marked["_rule"].isnull()).drop("_rule")


def note_rows(
    connection: Any, table: Any, rules: Sequence[Rule], name: str, ledger: Ledger, *, step: Any = "flagged"
) -> dict[str, int]:
    """Count the rows that each rule matches without dropping any, and enter the counts."""
    if not rules:
        return {}
    marked = table.select(**{f"_{i}": r.condition.fill_null(False).cast("int64") for i, r in enumerate(rules)})
    sums = connection.to_pandas(marked.agg(**{c: marked[c].sum() for c in marked.columns})).iloc[0].fillna(0)
    counts = [int(sums[f"_{i}"]) for i in range(len(rules))]
    for rule, n in zip(rules, counts, strict=True):
        if n:
            rows = table.mutate(_hit=rule.condition.fill_null(False)).filter(ibis._._hit)
            seen = examples(connection, rows, ledger.n_examples, rule.shown or rule.column)
            ledger.add(name, step, n, rule.sentence, rule=rule.name, column=rule.column, examples=seen)
    return {rule.name: n for rule, n in zip(rules, counts, strict=True)}


def examples(connection: Any, table: Any, n: int, column: str = "") -> Examples:
    """Return the first few row numbers of a table, and what stands in a column there, masked."""
    shown = {}
    if column in table.columns:  # numbers are written here: each engine would in a way of its own
        shown["_shown"] = table[column] if table[column].type().is_floating() else table[column].cast("string")
    seen = connection.to_pandas(table.select(ROW, **shown).order_by(ROW).limit(n))
    values = tuple(mask_value(v) for v in seen["_shown"].dropna()) if shown else ()
    return Examples(tuple(seen[ROW].astype(int)), values)
