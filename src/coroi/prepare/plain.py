"""Any table from its schema alone: what is needed, what can be, in which order, and once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from coroi.errors import DataError, Problem, raise_together
from coroi.prepare.clean import MoreProblems, MoreRules, clean_rows, complete, load_mapped
from coroi.prepare.cleaning.duplicates import repeated_line, reused_key
from coroi.prepare.cleaning.limits import limit_problems, row_rules, without_impossible, word_problems
from coroi.prepare.cleaning.rules import Rule, note_rows
from coroi.prepare.ledger import Ledger
from coroi.prepare.mapping import Mapped
from coroi.schemas import TableSchema
from coroi.sources import Source

Notes = Callable[[Any, tuple[str, ...]], Sequence[Rule]]


def prepare_plain(
    connection: Any,
    source: Source,
    schema: TableSchema,
    base: Path,
    ledger: Ledger,
    *,
    more: MoreRules = lambda _: (),
    notes: Notes = lambda _, __: (),
    problems: MoreProblems = lambda _: (),
) -> Any:
    """Clean a table as its schema says.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    source : Source
        The plan's description.
    schema : TableSchema
        Kinds, limits, words and order of its columns.
    base : Path
        Folder that paths start from.
    ledger : Ledger
        Takes what becomes of every row.
    more, notes, problems : callable
        A table's own rules: those that drop a row, those that only count it (given the table and the columns that
        are mapped), and what keeps the table from being used.

    Returns
    -------
    ibis.Table
        All columns of the schema.

    Raises
    ------
    DataError
        If the table cannot be used.
    """
    mapped = load_mapped(connection, source, schema, base, ledger)
    columns = mapped.columns
    raise_together(_lacking(schema, columns, source), DataError)
    table = _one_spelling(mapped.table, schema, columns)

    def refused(rows: Any) -> list[Problem]:
        worded = [c for c in schema.columns if c.choices and c.name in columns]
        found = [p for c in worded for p in word_problems(connection, rows, c.name, c.choices, schema.name)]
        return [*found, *limit_problems(connection, rows, schema, columns, source.scale), *problems(rows)]

    raise_together(refused(table), DataError)
    table = without_impossible(connection, table, schema, columns, ledger)
    table = clean_rows(
        connection,
        replace(mapped, table=table),
        schema,
        ledger,
        more=lambda rows: [*row_rules(rows, schema, columns, source.scale), *more(rows)],
    )
    note_rows(
        connection, table, [*_repeats(connection, table, schema, mapped), *notes(table, columns)], schema.name, ledger
    )
    return complete(connection, table, schema, ledger)


def _lacking(schema: TableSchema, columns: tuple[str, ...], source: Source) -> list[Problem]:
    problems = []
    if schema.one_of and not set(schema.one_of) & set(columns):
        what = f"none of the columns {', '.join(schema.one_of)} is mapped."
        problems.append(Problem(schema.name, what, "Map at least one of them."))
    if schema.takes_scale and source.scale is None:
        problems.append(Problem(schema.name, "`scale` is missing.", "Give its two ends, e.g. scale: [1, 5]."))
    return problems


def _one_spelling(table: Any, schema: TableSchema, columns: tuple[str, ...]) -> Any:
    """Write words of a list in lower case, and dates that stand for a month as its first day."""
    given = [c for c in schema.columns if c.name in columns]
    words = {c.name: table[c.name].lower() for c in given if c.choices}
    months = {c.name: table[c.name].truncate("M").cast("date") for c in given if c.unit == "month"}
    return table.mutate(**words, **months)


def _repeats(connection: Any, table: Any, schema: TableSchema, mapped: Mapped) -> list[Rule]:
    if schema.row_id in mapped.columns:
        return reused_key(connection, table, schema.row_id, mapped.unique)
    return [] if schema.key else [repeated_line(table, mapped.columns)]
