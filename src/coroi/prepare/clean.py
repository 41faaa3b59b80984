"""The steps that every table shares: read, refuse, repair, drop, count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from coroi.errors import DataError, Problem, raise_together
from coroi.prepare.cleaning.blank_ids import blank_id
from coroi.prepare.cleaning.duplicates import find_unique, key_problems, repeated_rows
from coroi.prepare.cleaning.rules import Rule, drop_rows, fresh, note_rows
from coroi.prepare.cleaning.texts import note_spellings
from coroi.prepare.cleaning.unread import unread_problems, unread_rules
from coroi.prepare.ledger import Ledger
from coroi.prepare.mapping import UNREAD, Mapped, read_source, stack, unpivot_scores
from coroi.prepare.mend import mend
from coroi.schemas import TableSchema
from coroi.sources import Source
from coroi.storage import naming_damage

_PROSE = ("verbatim",)  # text that is no group
MoreRules = Callable[[Any], Sequence[Rule]]
MoreProblems = Callable[[Any], Sequence[Problem]]


def load_mapped(
    connection: Any, source: Source, schema: TableSchema, base: Path, ledger: Ledger, name: str | None = None
) -> Mapped:
    """Read a table, unpivot its scores, keep it in the engine, and repair what is certain.

    Raises
    ------
    DataError
        If it cannot be read, holds no row, or too many of its cells are not what they should be.
    """
    name = name or schema.name
    with naming_damage(name):
        mapped = stack([_load_part(connection, part, schema, base, ledger, name) for part in source.parts])
    if not connection.execute(mapped.table.count()):
        raise DataError(Problem(name, "no row is left to use.", "Look at the file and at the plan's `where`."))
    raise_together(unread_problems(connection, mapped.table, schema, mapped.columns, name), DataError)
    return mapped


def _load_part(connection: Any, source: Source, schema: TableSchema, base: Path, ledger: Ledger, name: str) -> Mapped:
    """Read one file of a table, or several by a glob, and repair what is certain."""
    mapped = read_source(connection, source, schema, base, ledger, name)
    mapped = replace(mapped, table=fresh(connection, mapped.table))
    if source.scores and schema.name == "responses":
        gained = connection.execute(mapped.table.count()) * (len(source.scores) - 1)
        if gained:
            ledger.add(name, "in", gained, f"a row for each of the {len(source.scores)} metrics of a survey")
        mapped = unpivot_scores(mapped, source.scores)
    return mend(connection, mapped, schema, name, ledger)


def clean_rows(
    connection: Any,
    mapped: Mapped,
    schema: TableSchema,
    ledger: Ledger,
    *,
    more: MoreRules = lambda _: (),
    problems: MoreProblems = lambda _: (),
    name: str | None = None,
) -> Any:
    """Apply the shared rules and a table's own ones; the key is proved unique at the end.

    Returns
    -------
    ibis.Table
        The clean table with ``_row``; cells that could not be read are empty.

    Raises
    ------
    DataError
        If nothing is left, or rows that differ share a key.
    """
    name = name or schema.name
    table, columns = mapped.table, mapped.columns
    raise_together(problems(table), DataError)
    drop, empty = unread_rules(table, schema, columns)
    note_rows(connection, table, empty, name, ledger, step="set to missing")
    rules = [blank_id(table), *drop] if "customer_id" in schema.required else drop
    mapped = mapped if mapped.unique else find_unique(connection, mapped, schema)
    rules += repeated_rows(mapped, schema)
    kept = drop_rows(connection, table, [*rules, *more(table)], name, ledger)
    kept = fresh(connection, kept.drop(*(c for c in kept.columns if c.startswith(UNREAD))))
    if not connection.execute(kept.count()):
        fix = "The ledger of `coroi check` shows which rule took how many rows."
        raise DataError(Problem(name, "no row is left after cleaning.", fix))
    raise_together(key_problems(connection, kept, schema.key, name, mapped.unique), DataError)
    return kept


def complete(connection: Any, table: Any, schema: TableSchema, ledger: Ledger, extra: Sequence[str] = ()) -> Any:
    """Give a clean table all columns of its schema, and enter its rows as out."""
    import ibis

    types = {"id": "string", "text": "string", "date": "date", "number": "float64", "flag": "boolean"}
    given = {c.name: table[c.name] for c in schema.columns if c.name in table.columns}
    lacking = {c.name: ibis.null(types[c.kind]) for c in schema.columns if c.name not in table.columns}
    groups = [c.name for c in schema.columns if c.kind == "text" and c.name in table.columns and c.name not in _PROSE]
    note_spellings(connection, table, groups, schema.name, ledger)
    ordered = {c: (given | lacking)[c] for c in schema.names}
    result = fresh(connection, table.select(**ordered, **{c: table[c] for c in extra}))
    ledger.add(schema.name, "out", connection.execute(result.count()))
    return result
