"""Which names of groups may stand on a page: those of many customers, and nobody's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import ibis

from coroi.masking import candidates, could_be_told, fold, mask_text
from coroi.schemas import TABLES

_GROUPS = ("unit_id", "firm_id", "change_id")  # ids of what is no person


def personal_columns(tables: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the tables' columns that hold identifiers of people or of what is theirs, as (table, column)."""
    return [
        (name, c.name)
        for name, table in tables.items()
        if name in TABLES
        for c in TABLES[name].columns
        if c.kind == "id" and c.name not in _GROUPS and c.name in table.columns
    ]


def identifiers_in(
    connection: Any, tables: Mapping[str, Any], texts: Iterable[str], *, short: bool = False
) -> frozenset[str]:
    """Return the identifiers of the data that stand in some texts, as :func:`coroi.masking.mask_text` takes them.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    tables : Mapping of str to ibis.Table
        Clean tables.
    texts : iterable of str
        What is about to be shown. Identifiers are looked up in the engine and never all read.
    short : bool
        Take even those of a few digits, which may be counts as well.
    """
    words = sorted(word for word in candidates(texts) if short or could_be_told(word))
    columns = personal_columns(tables)
    if not words or not columns:
        return frozenset()
    wanted = ibis.memtable({"word": words}, schema=ibis.schema({"word": "string"}))
    found: set[str] = set()
    for name, column in columns:
        table = tables[name]
        ids = table.select(word=table[column].cast("string").strip().lower()).distinct()
        found |= set(connection.to_pandas(ids.semi_join(wanted, "word"))["word"])
    return frozenset(word for word in map(fold, found) if short or could_be_told(word))


def group_labels(connection: Any, tables: Mapping[str, Any], column: str, smallest: int) -> dict[str, str | None]:
    """Return what to call each group that a column names, or None where it has too few customers to be named.

    Parameters
    ----------
    connection, tables
        As in :func:`identifiers_in`.
    column : str
        ``segment`` or ``unit_id``.
    smallest : int
        Fewest customers of a group that may be named.
    """
    sizes: dict[str, int] = {}
    for table in tables.values():
        if {column, "customer_id"} <= set(table.columns):
            counted = table.filter(table[column].notnull()).group_by(column).agg(n=ibis._.customer_id.nunique())
            for row in connection.to_pandas(counted).to_dict("records"):
                sizes[str(row[column])] = max(sizes.get(str(row[column]), 0), int(row["n"]))
    known = identifiers_in(connection, tables, sizes)
    return {name: mask_text(name, known) if n >= smallest else None for name, n in sizes.items()}
