"""Files that are shaped otherwise than our tables: fused cells split, names put together, columns turned into rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import ibis
import pandas as pd

from coroi.errors import DataError, Problem, hint_at_column
from coroi.prepare.ledger import Ledger
from coroi.prepare.parsing import text
from coroi.prepare.values import among
from coroi.sources import Description, Source, Unpivot, template_names
from coroi.storage.files import ROW, ROW_ID

_AT = "_unpivoted_at"  # position of an unpivoted column
BETWEEN = ", "  # stands between the parts of a combined name


def reshaped_columns(source: Description, header: Iterable[str]) -> list[str]:
    """Name a file's columns as they are once it is split, combined and unpivoted.

    Parameters
    ----------
    source : Description
        The plan's description.
    header : iterable of str
        The file's columns.
    """
    names = [*header, *(n for template in source.split.values() for n in template_names(template)), *source.combine]
    if source.unpivot is None:
        return names
    return [*(n for n in names if n not in source.unpivot.take), source.unpivot.names_to, source.unpivot.values_to]


def reshape(
    connection: Any, table: Any, source: Source, ours: Iterable[str], n_rows: int, name: str, ledger: Ledger
) -> tuple[Any, int]:
    """Split, combine and unpivot a file's columns as the plan says.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    table : ibis.Table
        The file as it stands.
    source : Source
        The plan's description.
    ours : iterable of str
        Names of our columns, which the file may bear itself.
    n_rows : int
        Rows of the table.
    name : str
        Name in the ledger, which takes cells that do not fit a template, the rows gained, and those without a value.

    Returns
    -------
    table : ibis.Table
    n_rows : int
        Rows that it has now.

    Raises
    ------
    DataError
        If a column is not there.
    """
    wanted = [*source.split, *(c for parts in source.combine.values() for c in parts)]
    wanted += source.unpivot.take if source.unpivot else ()
    made = {n for template in source.split.values() for n in template_names(template)} | set(source.combine)
    known = [c for c in table.columns if not c.startswith("_")]
    lacking = [c for c in dict.fromkeys(wanted) if c not in table.columns and c not in made]
    if lacking:
        raise DataError([Problem(name, f"there is no column '{c}'.", hint_at_column(c, known)) for c in lacking])
    for column, template in source.split.items():
        table = _split(connection, table, column, template, name, ledger)
    for new, parts in source.combine.items():
        table = table.mutate(**{new: _joined([text(table[c]) for c in parts])})
    if source.unpivot is None:
        return table, n_rows
    used = {*ours, *_named(source)}
    narrow = table.select(*(c for c in table.columns if c in {ROW, ROW_ID} or c in used))
    return _unpivot(connection, narrow, source, source.unpivot, n_rows, name, ledger)


def _named(source: Source) -> set[str]:
    """Return the columns that the plan names; to carry others through every row gained would cost time for nothing."""
    taken = source.unpivot.take if source.unpivot else ()
    keys = (key for join in source.join for key in join.keys)
    return {*source.columns.values(), *source.scores.values(), *taken, *keys, *(f.column for f in source.where)}


def _split(connection: Any, table: Any, column: str, template: str, name: str, ledger: Ledger) -> Any:
    pattern, cell = template_pattern(template), text(table[column])
    unfit = connection.execute(table.filter(cell.notnull() & ~cell.re_search(pattern)).count())
    ledger.add(name, "flagged", unfit, f"{column} does not fit the template; its parts are empty", rule="split")
    parts = {n: cell.re_extract(pattern, i).strip().nullif("") for i, n in enumerate(template_names(template), 1)}
    return table.mutate(**parts)


def template_pattern(template: str) -> str:
    """Turn a template such as ``{firm} [{sector}]`` into a regular expression; any run of blanks matches another."""
    literals = [r"\s+".join(map(re.escape, re.split(r"\s+", part))) for part in re.split(r"\{[^{}]*\}", template)]
    return "^" + "(.*)".join(literals) + "$"


def _joined(parts: list[Any]) -> Any:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + BETWEEN + part
    return whole


def _unpivot(
    connection: Any, table: Any, source: Source, unpivot: Unpivot, n_rows: int, name: str, ledger: Ledger
) -> tuple[Any, int]:
    kept = [c for c in table.columns if c not in unpivot.take]
    said = pd.DataFrame({_AT: range(len(unpivot.take)), unpivot.names_to: list(unpivot.take.values())})
    crossed = table.cross_join(ibis.memtable(said))
    cells = ((crossed[_AT] == i, text(crossed[column])) for i, column in enumerate(unpivot.take))
    long = crossed.select(*kept, unpivot.names_to, **{unpivot.values_to: ibis.cases(*cells)})
    value = long[unpivot.values_to]
    empty = value.isnull() | among(value.lower(), source.missing_codes).fill_null(False)
    filled = long.filter(~empty)
    n_long, n_filled = n_rows * len(said), int(connection.execute(filled.count()))
    if n_long > n_rows:
        ledger.add(name, "in", n_long - n_rows, f"a row for each of the {len(said)} columns under `unpivot`")
    why = "cells under `unpivot` that are empty or hold a code for no value"
    ledger.add(name, "left out", n_long - n_filled, why, rule="unpivot")
    return filled, n_filled
