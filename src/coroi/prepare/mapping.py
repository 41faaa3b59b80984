"""From a raw file to our columns: joins, the plan's filters, renamed and typed columns, lines unpivoted by metric."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis

from coroi.errors import DataError, Problem, did_you_mean
from coroi.prepare.ledger import Ledger
from coroi.prepare.parsing import parse, text
from coroi.schemas import TableSchema
from coroi.sources import File, Filter, Join, Source, Value
from coroi.storage.files import ROW, open_file

UNREAD = "_unread_"  # prefix: a value stood in the cell, and it could not be read as its kind


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapped table: an ibis table with our columns, ``_row`` and one ``_unread_`` flag a typed column."""

    table: Any
    columns: tuple[str, ...]


def read_source(
    connection: Any, source: Source, schema: TableSchema, base: Path, ledger: Ledger, name: str | None = None
) -> Mapped:
    """Read a table as the plan describes it.

    Parameters
    ----------
    connection : ibis backend
        Where the tables live.
    source : Source
        The plan's description.
    schema : TableSchema
        The table that it is to become.
    base : Path
        Folder that paths start from.
    ledger : Ledger
        Takes the rows read and those that the plan's filters leave out.
    name : str, optional
        Name in the ledger; the schema's by default.

    Raises
    ------
    DataError
        If a file, a column or a join cannot be used.
    """
    name = name or schema.name
    raw, assumed = open_file(connection, source, base)
    n_in = connection.execute(raw.count())
    ledger.add(name, "in", n_in)
    for sentence in assumed:
        ledger.add(name, "flagged", n_in, sentence, rule="encoding")
    for join in source.join:
        raw = _join(connection, raw, join, base, name, ledger)
    kept = keep_rows(raw, source.where, name)
    if source.where:
        n_kept = connection.execute(kept.count())
        said = "left out by the plan's `where`"
        ledger.add(name, "left out", n_in - n_kept, said, rule="where")
    return _typed(kept, source, schema, name)


def keep_rows(table: Any, filters: tuple[Filter, ...], where: str) -> Any:
    """Keep the rows that all filters allow; values are compared as text, without regard to case."""
    for one in filters:
        word = text(_pick(table, one.column, where)).lower()
        if one.values:
            table = table.filter(_among(word, one.values))
        if one.not_values:
            table = table.filter(~_among(word, one.not_values).fill_null(False))
    return table


def _among(word: Any, values: tuple[Value, ...]) -> Any:
    spoken = [word for v in values if v is not None for word in _spellings(v)]
    found = word.isin(spoken) if spoken else ibis.literal(False)
    return found | word.isnull() if None in values else found


def _spoken(value: Value) -> str:
    return str(value).strip().lower()


def _spellings(value: Value) -> tuple[str, ...]:
    """Return the ways in which files write a value: 5 is also 5.0."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and float(value).is_integer():
        return (str(int(value)), f"{int(value)}.0")
    return (_spoken(value),)


def _pick(table: Any, column: str, where: str) -> Any:
    if column not in table.columns:
        hint = did_you_mean(column, [c for c in table.columns if not c.startswith("_")])
        raise DataError(Problem(where, f"there is no column '{column}'.", hint))
    return table[column]


def _join(connection: Any, left: Any, join: Join, base: Path, name: str, ledger: Ledger) -> Any:
    right, assumed = open_file(connection, File.model_validate(join.model_dump(include=set(File.model_fields))), base)
    for sentence in assumed:
        ledger.add(name, "flagged", connection.execute(right.count()), sentence, rule="encoding of a joined file")
    right = keep_rows(right, join.where, join.path)
    here, there = list(join.keys), list(join.keys.values())
    keys = {f"_key{i}": text(_pick(right, column, join.path)) for i, column in enumerate(there)}
    added = join.added(left.columns, (c for c in right.columns if c != ROW))
    renamed = {name: right[column] for name, column in added.items()}
    right = right.select(**keys, **renamed).filter(ibis.and_(*(ibis._[k].notnull() for k in keys)))
    repeated = right.group_by(*keys).agg(_n=ibis._.count()).filter(ibis._._n > 1)
    twice = connection.execute(repeated.count())
    if twice:
        what = f"{twice} values of {', '.join(there)} stand in more than one row, so a join would multiply rows."
        raise DataError(
            Problem(f"{name}: join {join.path}", what, "Join on a key that is unique there, or add `where`.")
        )
    left = left.mutate(**{f"_key{i}": text(_pick(left, column, name)) for i, column in enumerate(here)})
    joined = left.left_join(right.mutate(_found=True), list(keys))
    unmatched = connection.execute(joined.filter(ibis._._found.isnull()).count())
    said = f"no match in {join.path} on {', '.join(here)}; the columns from there are empty"
    ledger.add(name, "flagged", unmatched, said, rule="join")
    gone = {*keys, *(f"{k}_right" for k in keys), "_found"}
    return joined.drop(*(c for c in joined.columns if c in gone))


def mapped_columns(source: Source, schema: TableSchema, available: list[str]) -> dict[str, str]:
    """Return our column to theirs: what the plan maps, and what already has our name and is not a metric's."""
    told = {*source.columns, *({"metric", "score"} if source.scores else ())}
    own = {c: c for c in schema.names if c in available and c not in told}
    return {c: (source.columns | own)[c] for c in schema.names if c in source.columns or c in own}


def _typed(table: Any, source: Source, schema: TableSchema, name: str) -> Mapped:
    columns = mapped_columns(source, schema, table.columns)
    lacking = [c for c in schema.required if c not in columns]
    if lacking:
        known = [c for c in table.columns if not c.startswith("_")]
        problems = [Problem(name, f"the column '{c}' is not mapped.", did_you_mean(c, known)) for c in lacking]
        raise DataError(problems)
    wanted = {ours: (theirs, schema.column(ours).kind) for ours, theirs in columns.items()}
    wanted |= {metric: (theirs, "number") for metric, theirs in source.scores.items()}
    picked: dict[str, Any] = {ROW: table[ROW]}
    for ours, (theirs, kind) in wanted.items():
        raw = _pick(table, theirs, name)
        if source.missing_codes:
            coded = text(raw).lower().isin([word for v in source.missing_codes for word in _spellings(v)])
            raw = coded.ifelse(ibis.null(raw.type()), raw)
        if ours in source.values:
            raw = _translated(raw, source.values[ours])
        picked[ours] = parse(raw, kind, source.date_format)
        if kind in ("date", "number", "flag"):
            picked[UNREAD + ours] = text(raw).notnull() & picked[ours].isnull()
    return Mapped(table.select(**picked), tuple(wanted))


def _translated(raw: Any, values: dict[str, Value]) -> Any:
    word = text(raw)
    pairs = [
        (word.lower() == _spoken(theirs), ibis.literal(None if v is None else str(v), "string"))
        for theirs, v in values.items()
    ]
    return ibis.cases(*pairs, else_=word)


def unpivot_scores(mapped: Mapped, scores: dict[str, str]) -> Mapped:
    """Turn one column a metric into one row an answer; rows without any answer give none."""
    base = [c for c in mapped.table.columns if c not in scores and c not in {UNREAD + m for m in scores}]
    parts = []
    for metric in scores:
        part = mapped.table.select(
            *base,
            metric=ibis.literal(metric),
            score=mapped.table[metric],
            **{UNREAD + "score": mapped.table[UNREAD + metric]},
        )
        parts.append(part)
    table = parts[0] if len(parts) == 1 else ibis.union(*parts)
    kept = tuple(c for c in mapped.columns if c not in scores)
    return Mapped(table, (*kept, "metric", "score"))
