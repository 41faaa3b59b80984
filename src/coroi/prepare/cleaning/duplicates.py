"""Rows that stand twice: the same in everything is one too many; the same key with other content is a question."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ibis

from coroi.errors import Problem
from coroi.prepare.cleaning.repairs import wanted
from coroi.prepare.cleaning.rules import Rule, examples
from coroi.prepare.mapping import Mapped
from coroi.schemas import TableSchema
from coroi.storage.files import ROW


def unique(connection: Any, table: Any, *key: str) -> bool:
    """Tell whether no two rows share a key; far cheaper than looking for the rows that do."""
    keys = table.select(*key)
    return bool(connection.execute(keys.distinct().count()) == connection.execute(keys.count()))


def find_unique(connection: Any, mapped: Mapped, schema: TableSchema) -> Mapped:
    """Note the identifier that rows are known by, where no two share a value of it; summed lines have none."""
    key = schema.row_key(mapped.columns)
    if mapped.source.group or not key or schema.column(key).kind != "id":
        return mapped
    if not unique(connection, mapped.table.filter(mapped.table[key].notnull()), key):
        return mapped
    return replace(mapped, unique=key)


def repeated_rows(mapped: Mapped, schema: TableSchema) -> list[Rule]:
    """Match every row after the first that equals it in all columns, its own number included; no rule without any.

    Parameters
    ----------
    mapped : Mapped
        The table, and what the plan says of it; lines that the plan sums up are no repeats.
    schema : TableSchema
        Names the column that rows are known by.
    """
    table, key = mapped.table, schema.row_key(mapped.columns)
    if mapped.source.group or key in ("", mapped.unique) or not wanted("repeats", mapped.source):
        return []
    order = ibis.row_number().over(group_by=list(mapped.columns), order_by=ROW)
    return [Rule("repeated row", (order > 0) & table[key].notnull(), f"the same row again, {key} included", key)]


def repeated_line(table: Any, columns: tuple[str, ...]) -> Rule:
    """Match every row after the first that equals it in all columns, where no number tells a repeat from a second."""
    order = ibis.row_number().over(group_by=list(columns), order_by=ROW)
    said = "the same row again, with no number of its own to tell a repeat from a second one; all are kept"
    return Rule("repeated line", order > 0, said)


def reused_key(connection: Any, table: Any, key: str, known: str = "") -> list[Rule]:
    """Match rows whose own number stands in another row with other content; no rule where there are none.

    `known` is the column that is known to be unique.
    """
    if key == known or unique(connection, table.filter(table[key].notnull()), key):
        return []
    n = table[key].count().over(group_by=key)
    said = f"{key} stands in rows that differ; all are kept"
    return [Rule(f"reused {key}", (n > 1) & table[key].notnull(), said, key)]


def key_problems(connection: Any, table: Any, key: tuple[str, ...], name: str, known: str = "") -> list[Problem]:
    """Return a problem if rows that differ share the table's key; `known` is the column that is known to be unique."""
    if not key or known in key or unique(connection, table, *key):
        return []
    counted = table.mutate(_n=table.count().over(group_by=list(key)))
    twice = counted.filter(counted["_n"] > 1)
    n_rows = connection.execute(twice.count())
    n_keys = connection.execute(twice.select(*key).distinct().count())
    rows = ", ".join(map(str, examples(connection, twice, 4).rows))
    label = key[0] if len(key) == 1 else f"({', '.join(key)})"
    what = f"{n_keys:,} duplicate {label} keys with different content, in {n_rows:,} rows: {rows} …"
    fix = "Keep one row each in the export, or pick them with `where`."
    return [Problem(name, what, fix)]
