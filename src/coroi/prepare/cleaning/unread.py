"""Cells that hold something, but not a date, a number or a yes/no: dropped or emptied while few, refused when many."""

from __future__ import annotations

from typing import Any

from coroi.errors import Problem
from coroi.prepare.cleaning.rules import Rule, examples
from coroi.prepare.mapping import UNREAD
from coroi.schemas import TableSchema

MANY = 0.01  # above this share of a column the reading itself is wrong, not single cells
_WORDS = {"date": "a date", "number": "a number", "flag": "yes or no"}
_FIX = {
    "date": "Give `date_format`, e.g. date_format: '%d/%m/%Y' (several styles: a list, tried in order).",
    "number": "Name the code under `missing_codes`, or clean the column before the export.",
    "flag": "Say what the words mean under `values`, e.g. values: {%s: {Churned: true, Stayed: false}}.",
}


def unread_rules(table: Any, schema: TableSchema, columns: tuple[str, ...]) -> tuple[list[Rule], list[Rule]]:
    """Return the rules that drop rows (required columns) and those that leave a cell empty (others)."""
    drop: list[Rule] = []
    empty: list[Rule] = []
    for column in columns:
        if UNREAD + column not in table.columns:
            continue
        kind = schema.column(column).kind if column in schema.names else "number"
        required = column in schema.required or column == "score"
        said = f"{column} is not {_WORDS[kind]}" + ("" if required else "; left empty")
        rule = Rule(f"unreadable {column}", table[UNREAD + column].notnull(), said, column, UNREAD + column)
        (drop if required else empty).append(rule)
    return drop, empty


def unread_problems(
    connection: Any, table: Any, schema: TableSchema, columns: tuple[str, ...], name: str
) -> list[Problem]:
    """Return a problem for each column of which more than 1 % of the filled cells cannot be read.

    A single such cell is refused too where the column has fewer than 100: one in ten is no slip.
    """
    problems = []
    for column in columns:
        if UNREAD + column not in table.columns:
            continue
        kind = schema.column(column).kind if column in schema.names else "number"
        flag = table[UNREAD + column].notnull()
        seen = connection.to_pandas(
            table.agg(bad=flag.cast("int64").sum(), n=(table[column].notnull() | flag).cast("int64").sum())
        )
        bad, n = int(seen["bad"].fillna(0).iloc[0]), int(seen["n"].fillna(0).iloc[0])
        if bad and bad > MANY * n:
            rows = ", ".join(map(str, examples(connection, table.filter(flag), 3).rows))
            fix = _FIX[kind] % column if "%s" in _FIX[kind] else _FIX[kind]
            what = f"{bad:,} of {n:,} cells are not {_WORDS[kind]} (rows {rows} …)."
            problems.append(Problem(f"{name}.{column}", what, fix))
    return problems
