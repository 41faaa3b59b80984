"""Cells against what their column allows: numbers within limits, words of a list, dates in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import ibis

from coroi.errors import Problem, did_you_mean
from coroi.masking import mask_word
from coroi.prepare.cleaning.order import empty, ends_before_start
from coroi.prepare.cleaning.rules import Rule, note_rows
from coroi.prepare.cleaning.scales import MANY_NAMES, WRONG_SCALE
from coroi.prepare.ledger import Ledger
from coroi.schemas import Column, TableSchema
from coroi.sources import Scale


def limited(schema: TableSchema, columns: Iterable[str], scale: Scale | None) -> Iterator[Column]:
    """Yield the columns whose numbers have limits; a table's own scale limits its score."""
    for column in (c for c in schema.columns if c.name in columns):
        if column.name == "score" and scale is not None:
            yield Column("score", "number", column.meaning, required=True, low=scale[0], high=scale[1])
        elif (column.low, column.high) != (None, None):
            yield column


def outside(table: Any, column: Column) -> Rule:
    """Match numbers beyond the limits of their column."""
    said = f"{column.name} {_beyond(column)}" + ("" if column.required else "; left empty")
    return Rule(f"impossible {column.name}", _is_outside(table, column), said, column.name)


def row_rules(table: Any, schema: TableSchema, columns: Iterable[str], scale: Scale | None) -> list[Rule]:
    """Return the rules that drop rows: without what they need, with an impossible value of it, or out of order."""
    given = [c for c in schema.columns if c.name in columns]
    rules = [empty(table, c.name) for c in given if c.required and c.name != "customer_id"]
    some = [table[c].notnull() for c in schema.one_of if c in columns]
    if some:
        rules.append(Rule(f"no {schema.one_of[0]}", ~ibis.or_(*some), f"none of {', '.join(schema.one_of)} is given"))
    rules += [outside(table, c) for c in limited(schema, columns, scale) if c.required]
    return rules + [ends_before_start(table, c.after, c.name) for c in given if c.after in columns]


def limit_problems(
    connection: Any, table: Any, schema: TableSchema, columns: Iterable[str], scale: Scale | None
) -> list[Problem]:
    """Return a problem for each column of which more than a tenth lies beyond its limits: the unit is another one."""
    problems = []
    for column in limited(schema, columns, scale):
        cell = table[column.name]
        asked = table.agg(n=cell.count(), off=_is_outside(table, column).sum(), low=cell.min(), high=cell.max())
        seen = connection.to_pandas(asked).iloc[0]
        if seen["n"] and seen["off"] > WRONG_SCALE * seen["n"]:
            runs = f"they run from {seen['low']:g} to {seen['high']:g}."
            what = f"{int(seen['off']):,} of {int(seen['n']):,} numbers are {_beyond(column)}; {runs}"
            fix = f"It is to be in this unit: {column.unit}." if column.unit else "Correct `scale`, or the scores."
            problems.append(Problem(f"{schema.name}.{column.name}", what, fix))
    return problems


def word_problems(connection: Any, table: Any, column: str, words: Iterable[str], name: str) -> list[Problem]:
    """Return a problem for each word that is not one of a list; many are not shown, since they may be personal."""
    known = tuple(words)
    strange = table.filter(table[column].notnull() & ~table[column].isin(known))
    seen = connection.to_pandas(strange.group_by(column).agg(n=ibis._.count()).order_by(column))
    where, way = f"{name}.{column}", "Say what the words mean under `values`, or map another column."
    if len(seen) > MANY_NAMES:
        what = f"{int(seen['n'].sum()):,} rows hold {len(seen):,} words that are none of {', '.join(known)}."
        return [Problem(where, what, way)]
    return [
        Problem(
            where,
            f"{'1 row holds' if n == 1 else f'{n:,} rows hold'} '{mask_word(word, n, known)}', "
            "which is not known here.",
            f"{did_you_mean(word, known)} {way}",
        )
        for word, n in zip(seen[column], seen["n"], strict=True)
    ]


def without_impossible(
    connection: Any, table: Any, schema: TableSchema, columns: tuple[str, ...], ledger: Ledger
) -> Any:
    """Empty impossible cells that a row can do without, and enter their counts."""
    optional = [c for c in limited(schema, columns, None) if not c.required]
    rules = {c.name: outside(table, c) for c in optional}
    note_rows(connection, table, list(rules.values()), schema.name, ledger, step="set to missing")
    emptied = {n: r.condition.fill_null(False).ifelse(ibis.null("float64"), table[n]) for n, r in rules.items()}
    return table.mutate(**emptied)


def _is_outside(table: Any, column: Column) -> Any:
    cell = table[column.name]
    ends = [cell < column.low] if column.low is not None else []
    ends += [cell > column.high] if column.high is not None else []
    return ibis.or_(*ends)


def _beyond(column: Column) -> str:
    if column.low is None or column.high is None:
        return f"below {column.low:g}" if column.high is None else f"above {column.high:g}"
    return f"outside {column.low:g} to {column.high:g}"
