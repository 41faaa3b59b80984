"""From a raw file to our columns: joins, the plan's filters, renamed and typed columns, lines unpivoted by metric."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ibis

from coroi.errors import DataError, Problem, hint_at_column
from coroi.prepare.cleaning.currencies import refuse_other_codes
from coroi.prepare.cleaning.texts import note_blanks
from coroi.prepare.ledger import Ledger
from coroi.prepare.parsing import parse, text
from coroi.prepare.reshape import reshape
from coroi.prepare.values import among, spellings, spoken
from coroi.schemas import TableSchema
from coroi.sources import File, Filter, Join, Source, Value
from coroi.storage.files import ROW, ROW_ID, open_file

UNREAD = "_unread_"  # prefix: what stood in the cell, where it could not be read as its kind, or not without doubt
DOTTED = r"^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$"  # 1.234: a decimal number, or thousands written with points


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapped table: an ibis table with our columns, ``_row``, and for each typed one the text that was not read.

    ``unique`` names the column of which no two rows were found to share a value; "" where that is not known.
    """

    table: Any
    columns: tuple[str, ...]
    source: Source
    unique: str = ""


def read_source(
    connection: Any, source: Source, schema: TableSchema, base: Path, ledger: Ledger, name: str | None = None
) -> Mapped:
    """Read a table as the plan describes it.

    Parameters
    ----------
    connection : Session
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
    raw, assumed = open_file(connection, source, base, row_ids=source.row_as_id is not None)
    n_in = connection.execute(raw.count())
    ledger.add(name, "in", n_in)
    for sentence in assumed:
        ledger.add(name, "flagged", n_in, sentence, rule="encoding")
    raw, n_in = reshape(connection, raw, source, schema.names, n_in, name, ledger)
    for join in source.join:
        raw = _join(connection, raw, join, base, name, ledger)
    kept = keep_rows(raw, source.where, name)
    if source.where:
        n_kept = connection.execute(kept.count())
        said = "left out by the plan's `where`"
        ledger.add(name, "left out", n_in - n_kept, said, rule="where")
    refuse_other_codes(connection, kept, schema, name, ledger)
    return _typed(connection, kept, source, schema, name, ledger)


def keep_rows(table: Any, filters: tuple[Filter, ...], where: str) -> Any:
    """Keep the rows that all filters allow; values are compared as text, without regard to case."""
    for one in filters:
        word = text(_pick(table, one.column, where)).lower()
        if one.values:
            table = table.filter(among(word, one.values))
        if one.not_values:
            table = table.filter(~among(word, one.not_values).fill_null(False))
    return table


def _pick(table: Any, column: str, where: str) -> Any:
    if column not in table.columns:
        hint = hint_at_column(column, [c for c in table.columns if not c.startswith("_")])
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
    """Return our column to theirs: what the plan maps, and what already has our name and is told in no other way."""
    told = {*source.columns, *source.fixed, source.row_as_id, *({"metric", "score"} if source.scores else ())}
    own = {c: c for c in schema.names if c in available and c not in told}
    return {c: (source.columns | own)[c] for c in schema.names if c in source.columns or c in own}


def _typed(connection: Any, table: Any, source: Source, schema: TableSchema, name: str, ledger: Ledger) -> Mapped:
    columns = mapped_columns(source, schema, table.columns)
    given = {*columns, *source.fixed, source.row_as_id}
    lacking = [c for c in schema.required if c not in given]
    if lacking:
        known = [c for c in table.columns if not c.startswith("_")]
        problems = [Problem(name, f"the column '{c}' is not mapped.", hint_at_column(c, known)) for c in lacking]
        raise DataError(problems)
    wanted = {ours: (theirs, schema.column(ours).kind) for ours, theirs in columns.items()}
    wanted |= {metric: (theirs, "number") for metric, theirs in source.scores.items()}
    worded = {ours: theirs for ours, (theirs, kind) in wanted.items() if kind in ("id", "text")}
    texts = {ours: theirs for ours, theirs in worded.items() if theirs in table.columns}
    if "blanks" not in source.keep_as_is:
        note_blanks(connection, table, texts, name, ledger)
    picked: dict[str, Any] = {ROW: table[ROW]}
    for ours, (theirs, kind) in wanted.items():
        raw = _pick(table, theirs, name)
        if source.missing_codes:
            coded = text(raw).lower().isin([word for v in source.missing_codes for word in spellings(v)])
            raw = coded.ifelse(ibis.null(raw.type()), raw)
        if ours in source.values:
            raw = _translated(raw, source.values[ours])
        picked[ours] = scaled(parse(raw, kind, source.date_format, of_period=_of_period(schema, ours)), source, ours)
        if kind in ("date", "number", "flag"):
            unread = picked[ours].isnull()
            if kind == "number" and raw.type().is_string():
                unread = unread | raw.re_search(DOTTED)
            picked[UNREAD + ours] = unread.ifelse(text(raw), ibis.null("string"))
        elif raw.type().is_string() and "blanks" in source.keep_as_is:
            picked[ours] = raw.nullif("")
    told = _told(table, source, schema)
    return Mapped(table.select(**picked, **told), (*wanted, *told), source)


def _of_period(schema: TableSchema, name: str) -> bool:
    return name in schema.names and schema.column(name).of_period


def scaled(value: Any, source: Source, name: str) -> Any:
    """Bring a number to our unit by the plan's factor."""
    if name in source.multiply:
        value = value * source.multiply[name]
    return value / source.divide[name] if name in source.divide else value


def _told(table: Any, source: Source, schema: TableSchema) -> dict[str, Any]:
    """Return the columns that no column of the file holds: the plan's own values, and the row as an id."""
    told = {c: parse(ibis.literal(str(v)), schema.column(c).kind) for c, v in source.fixed.items() if v is not None}
    return told | ({source.row_as_id: table[ROW_ID]} if source.row_as_id else {})


def _translated(raw: Any, values: dict[str, Value]) -> Any:
    word = text(raw)
    pairs = [
        (word.lower() == spoken(theirs), ibis.literal(None if v is None else str(v), "string"))
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
    return replace(mapped, table=table, columns=(*kept, "metric", "score"))


def stack(parts: list[Mapped]) -> Mapped:
    """Put the files of one table below each other; a column that one of them lacks is empty there.

    Parameters
    ----------
    parts : list of Mapped
        At least one.
    """
    if len(parts) == 1:
        return parts[0]
    columns = tuple(dict.fromkeys(c for part in parts for c in part.columns))
    kinds = {c: part.table[c].type() for part in parts for c in part.table.columns}
    names = [ROW, *columns, *(c for c in kinds if c.startswith(UNREAD))]
    empty = {c: ibis.null(kinds[c]) for c in names}
    filled = [p.table.select(**{c: p.table[c] if c in p.table.columns else empty[c] for c in names}) for p in parts]
    return replace(parts[0], table=ibis.union(*filled), columns=columns, unique="")
