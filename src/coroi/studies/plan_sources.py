"""One table of a plan against its files: paths, columns, joins, filters, values and groups."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from coroi import storage
from coroi.errors import DataError, Problem, did_you_mean, hint_at_column
from coroi.prepare.parsing import date_pattern
from coroi.prepare.reshape import reshaped_columns
from coroi.schemas import EXIT_FLAG, TABLES, Column, TableSchema, snapshot_with
from coroi.sources import File, Filter, Join, Source
from coroi.studies.plan_reshape import reshape_findings, told_findings, value_findings
from coroi.studies.yaml_lines import Finding, Loc, shown

_SPREADSHEET = (("YYYY", "%Y"), ("MM", "%m"), ("DD", "%d"), ("HH", "%H"), ("YY", "%y"))


@dataclass(frozen=True, slots=True)
class Headers:
    """Column names of files below one folder; each file is opened once.

    Parameters
    ----------
    base : Path
        Folder that relative paths start from.
    """

    base: Path
    known: dict[tuple[object, ...], list[str] | DataError] = field(default_factory=dict)

    def read(self, loc: Loc, file: File) -> tuple[list[str] | None, list[Finding]]:
        """Return a file's column names, or None and why they cannot be read."""
        if file.delimiter is not None and len(file.delimiter) != 1 and file.delimiter != "whitespace":
            fix = r'Write ";", "\t" or whitespace, say, or leave it out to have it told.'
            return None, [Finding((*loc, "delimiter"), f"{shown(file.delimiter)} is not one character.", fix)]
        if file.encoding is not None and not _is_encoding(file.encoding):
            what = f"{shown(file.encoding)} is not the name of an encoding."
            return None, [Finding((*loc, "encoding"), what, "Write utf-8, latin-1 or utf-16, say, or leave it out.")]
        key = (file.path, file.format, file.encoding, file.delimiter, file.sheet, file.names)
        if key not in self.known:
            self.known[key] = self._open(file)
        found = self.known[key]
        if isinstance(found, list):
            return found, []
        return None, [Finding((*loc, "path"), f"{shown(file.path)}: {p.what}", p.fix) for p in found.problems]

    def _open(self, file: File) -> list[str] | DataError:
        try:
            return storage.read_columns(file, self.base)
        except DataError as error:
            return error if error.problems else DataError(Problem(file.path, str(error)))
        except OSError as error:
            return DataError(Problem(file.path, f"the file cannot be opened ({error.strerror}).", "Check its rights."))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCheck:
    """A table of the plan, to be checked against its files.

    Parameters
    ----------
    loc : tuple
        Place in the plan: ``("tables", name)``, ``("exit_flags", name)``, or a further file's below one of them.
    source : Source
        What the plan says of it.
    metrics : tuple of str
        Names of the plan's metrics.
    headers : Headers
        Column names of the files.
    """

    loc: Loc
    source: Source
    metrics: tuple[str, ...]
    headers: Headers

    @property
    def schema(self) -> TableSchema:
        """The table's columns."""
        if self.loc[:2] == ("tables", "snapshot"):
            return snapshot_with({*self.source.columns, *self.source.fixed})
        return TABLES[str(self.loc[1])] if self.loc[0] == "tables" else EXIT_FLAG

    def findings(self) -> Iterator[Finding]:
        """Yield all that is wrong, names first, then what the files' headers show; then those of further files."""
        yield from self._names()
        yield from self._dates()
        yield from self._file()
        for i, (given, part) in enumerate(zip(self.source.also, self.source.parts[1:], strict=True)):
            check = replace(self, loc=(*self.loc, "also", i), source=part)
            yield from self._together(check.loc, part)
            own = (*check._names(), *check._dates())
            yield from (f for f in own if f.loc[len(check.loc)] in given.model_fields_set)
            yield from check._file()

    def _together(self, loc: Loc, part: Source) -> Iterator[Finding]:
        """Check that what holds for the table as a whole is the same for a further file."""
        for key in ("group", "scale"):
            if getattr(part, key) != getattr(self.source, key):
                yield Finding((*loc, key), "it differs from the table's own.", "Leave it out: a table has only one.")

    def _file(self) -> Iterator[Finding]:
        """Check columns against the file's header and what it becomes by reshaping and joins."""
        header, wrong = self.headers.read(self.loc, self.source)
        yield from wrong
        if header is not None:
            yield from reshape_findings(self.loc, self.source, header, _file_name(self.source.path))
            header = reshaped_columns(self.source, header)
        joined, wrong = self._joins(header)
        yield from wrong
        yield from _filters(self.loc, self.source.where, joined, self.source.path)
        if joined is not None:
            yield from self._columns(joined)

    def _dates(self) -> Iterator[Finding]:
        days = [c for c in self.schema.columns if c.kind == "date"]
        of_period = bool(days) and all(c.of_period for c in days)
        yield from _date_formats(self.loc, self.source.date_format, of_period)

    def _names(self) -> Iterator[Finding]:
        """Check names of ours, which need no file."""
        for ours in self.source.columns:
            if ours not in self.schema.names:
                what = f"this is not a column of {self.schema.name}."
                yield Finding((*self.loc, "columns", ours), what, did_you_mean(ours, self.schema.names))
        if self.source.scores and not self.schema.takes_scores:
            yield Finding((*self.loc, "scores"), f"{self.schema.name} holds no scores.", "Move it to `responses`.")
        elif self.source.scores:
            for metric in self.source.scores:
                if metric not in self.metrics:
                    yield Finding((*self.loc, "scores", metric), *_no_metric(metric, self.metrics))
            for ours in {"metric", "score"} & set(self.source.columns) & set(self.schema.names):
                what = "`scores` is given too, and says which column holds which metric."
                yield Finding((*self.loc, "columns", ours), what, "Keep one of the two.")
        yield from self._scale()
        yield from self._group()
        yield from told_findings(self.loc, self.source, self.schema, self.metrics)
        for ours, meanings in self.source.values.items():
            yield from self._values(ours, meanings)

    def _scale(self) -> Iterator[Finding]:
        name = self.schema.name
        if self.schema.takes_scale and self.source.scale is None:
            yield Finding(
                (*self.loc, "scale"), "is missing.", f"Give the two ends of the scores of {name}: [1, 5], say."
            )
        elif self.source.scale is not None and not self.schema.takes_scale:
            fix = "Give scales of metrics under `metrics`." if self.schema.takes_scores else "Leave it out."
            yield Finding((*self.loc, "scale"), f"{name} holds no scores of its own.", fix)

    def _group(self) -> Iterator[Finding]:
        group = self.source.group
        if group is not None and group not in self._ids():
            what = f"{shown(group)} is not an id of one row of {self.schema.name}."
            yield Finding((*self.loc, "group"), what, did_you_mean(group, self._ids()))

    def _ids(self) -> tuple[str, ...]:
        return (self.schema.row_id,) if self.schema.row_id else ()

    def _values(self, ours: str, meanings: Mapping[str, Any]) -> Iterator[Finding]:
        loc = (*self.loc, "values", ours)
        if ours in self.source.scores:
            column = self.schema.column("score") if "score" in self.schema.names else Column(ours, "number", "")
        elif ours in self.schema.names:
            column = self.schema.column(ours)
        else:
            known = [*self.schema.names, *self.source.scores]
            yield Finding(loc, f"this is not a column of {self.schema.name}.", did_you_mean(ours, known))
            return
        for theirs, meaning in meanings.items():
            if meaning is not None and column.kind != "date":
                yield from value_findings((*loc, theirs), column, meaning, self.metrics)

    def _joins(self, header: list[str] | None) -> tuple[list[str] | None, list[Finding]]:
        """Follow the joins in order; each may use the columns that those before it added."""
        findings: list[Finding] = []
        for i, join in enumerate(self.source.join):
            loc: Loc = (*self.loc, "join", i)
            there, wrong = self.headers.read(loc, join)
            findings += wrong
            findings += _filters(loc, join.where, there, join.path)
            findings += _keys(loc, join, header, there)
            header = None if header is None or there is None else _joined(header, there, join)
        return header, findings

    def _columns(self, header: list[str]) -> Iterator[Finding]:
        source, name = self.source, _file_name(self.source.path)
        for group, mapped in (("columns", source.columns), ("scores", source.scores)):
            for ours, theirs in mapped.items():
                if theirs not in header:
                    yield Finding((*self.loc, group, ours), *_no_column(theirs, header, name, bool(source.join)))
        available = {c for c in self.schema.names if c in header} | set(source.columns) | set(source.fixed)
        available |= {source.row_as_id} if source.row_as_id else set()
        for ours in self.schema.required:
            if ours not in available:
                what = f"is missing: no column of {name} is mapped to it or has its name."
                fix = f"Add the line `{ours}: …`; {self.schema.column(ours).meaning}."
                yield Finding((*self.loc, "columns", ours), what, fix)
        if self.schema.one_of and not available & set(self.schema.one_of):
            what = f"no column of {name} is mapped to any of {', '.join(self.schema.one_of)} or has its name."
            yield Finding((*self.loc, "columns"), what, "Map at least one of them.")
        needs_score = self.schema.name == "responses" and not source.scores
        lacks = [c for c in ("metric", "score") if c not in available]
        if needs_score and lacks:
            what = f"neither `scores` nor the columns metric and score are given; no {' and no '.join(lacks)} here."
            yield Finding((*self.loc, "scores"), what, "Write `scores: {nps: the column with the answers}`, say.")
        used: list[tuple[Loc, str]] = [(("values", ours), ours) for ours in source.values if ours in self.schema.names]
        used += [(("group",), source.group)] if source.group and source.group in self._ids() else []
        for key, ours in used:
            if ours not in {*available, *self.schema.required}:
                what = f"no column of {name} is mapped to {ours} or has its name."
                yield Finding((*self.loc, *key), what, f"Add the line `{ours}: …` to `columns`.")


def _is_encoding(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        return False


def _filters(loc: Loc, filters: Iterable[Filter], header: list[str] | None, path: str) -> Iterator[Finding]:
    for i, kept in enumerate(filters):
        here: Loc = (*loc, "where", i)
        if not kept.values and not kept.not_values:
            yield Finding(here, "this filter names no values.", "Give `in: [...]` or `not_in: [...]`.")
        if header is not None and kept.column not in header:
            yield Finding((*here, "column"), *_no_column(kept.column, header, _file_name(path)))


def _joined(here: list[str], there: list[str], join: Join) -> list[str]:
    return [*here, *join.added(here, there)]


def _keys(loc: Loc, join: Join, here: list[str] | None, there: list[str] | None) -> Iterator[Finding]:
    named = isinstance(join.on, dict)
    if named and not join.on:
        yield Finding((*loc, "on"), "an empty mapping names no key.", "Write `on: order_id`, say.")
    for ours, theirs in join.keys.items():
        key: Loc = (*loc, "on", ours) if named else (*loc, "on")
        if here is not None and ours not in here:
            what = f"{shown(ours)} is not a column of the table it is joined to."
            yield Finding(key, what, hint_at_column(ours, here))
        if there is not None and theirs not in there:
            yield Finding(key, *_no_column(theirs, there, _file_name(join.path)))


def _date_formats(loc: Loc, formats: Iterable[str], of_period: bool) -> Iterator[Finding]:
    for i, pattern in enumerate(formats):
        try:
            date_pattern(pattern, of_period=of_period)
        except ValueError as error:
            guess = pattern
            for spreadsheet, directive in _SPREADSHEET:
                guess = guess.replace(spreadsheet, directive)
            fix = f'Write "{guess if "%" not in pattern and guess.count("%") >= 3 else "%d.%m.%Y"}", say.'
            yield Finding((*loc, "date_format", i), f"{shown(pattern)} is not a pattern of a date: {error}.", fix)


def _no_column(name: str, header: list[str], file: str, joined: bool = False) -> tuple[str, str]:
    return f"{shown(name)} is not a column of {file}{' or what it joins' * joined}.", hint_at_column(name, header)


def _no_metric(name: object, metrics: tuple[str, ...]) -> tuple[str, str]:
    return f"{shown(name)} is not one of the plan's metrics.", did_you_mean(str(name), metrics)


def _file_name(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]
