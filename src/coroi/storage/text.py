"""Text files as they come: their encoding, delimiter and header, told before anything is parsed."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coroi.errors import NAMELESS, DataError, Problem
from coroi.masking import looks_like_data, mask_text
from coroi.sources import File

DELIMITERS = {",": "','", ";": "';'", "\t": r"'\t' (tab)", "|": "'|'"}
ROW = "_row"  # our name for a row's number, so that a file's own column of this name gets another
MOST_COLUMNS = 5_000
WHITESPACE = "whitespace"  # as a delimiter: any run of blanks and tabs, those at the ends of a line being none
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class TextLayout:
    """How a text file is to be read; `assumed` says in words what was guessed."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    assumed: str = ""
    header: bool = True


def text_layout(path: Path, file: File) -> TextLayout:
    """Tell encoding, delimiter and column names of a delimited file, and whether its first line is a header.

    Parameters
    ----------
    path : Path
        The file.
    file : File
        What the plan says of it; what it leaves open is detected.

    Raises
    ------
    DataError
        If the file is empty, cannot be decoded, two columns share a name, or the plan's names do not fit.
    """
    if path.stat().st_size == 0:
        raise DataError(Problem(path.name, "the file is empty.", "Export it again, or take it out of the plan."))
    encoding, assumed = (file.encoding, "") if file.encoding else _encoding(path)
    head = _head(path, encoding)
    sniffed = _delimiter(head)
    delimiter = file.delimiter or sniffed
    first = _first_record(head, delimiter)
    if len(first) == 1 and delimiter != sniffed and (n := len(_first_record(head, sniffed))) > 1:
        what = f"the delimiter {_shown(delimiter)} finds one column; {_shown(sniffed)} finds {n}."
        raise DataError(Problem(path.name, what, "Correct `delimiter`, or leave it out to have it told."))
    return TextLayout(encoding, delimiter, name_columns(file, first, path.name), assumed, header=not file.names)


def name_columns(file: File, first: Sequence[str], where: str) -> tuple[str, ...]:
    """Name a file's columns: by the plan where it gives names, else by the first line.

    Raises
    ------
    DataError
        If the plan's names are not as many as the fields, if the first line is a header after all, or if
        names cannot be told apart.
    """
    if not file.names:
        return column_names(first, where)
    if len(file.names) != len(first):
        what = f"`names` gives {len(file.names)}, but the first line has {len(first)} fields."
        raise DataError(Problem(where, what, "Name every column, in the file's order, or correct `delimiter`."))
    names = column_names(file.names, where)
    if [n.casefold() for n in names] == [" ".join(field.split()).casefold() for field in first]:
        raise DataError(Problem(where, "the first line holds the names that `names` gives.", "Leave `names` out."))
    return names


def own_name(name: str) -> str:
    """Return a column's name, or another one where a file has ours for the row's number."""
    return f"{name} of the file" if name.casefold() == ROW else name


def column_names(header: Sequence[str], where: str, *, distinct: bool = True) -> tuple[str, ...]:
    """Tidy a header: blanks trimmed and single, empty names numbered.

    Parameters
    ----------
    header : sequence of str
        The names as they stand.
    where : str
        The file, for messages.
    distinct : bool
        Whether names that are the same but for upper and lower case are refused.

    Raises
    ------
    DataError
        If no name is there, two are the same, one holds a zero byte, or there are too many.
    """
    if len(header) > MOST_COLUMNS:
        what = f"there are {len(header):,} columns, and at most {MOST_COLUMNS:,} are read."
        raise DataError(Problem(where, what, "Export the columns that the plan needs, or correct `delimiter`."))
    if any("\0" in name for name in header):
        raise DataError(Problem(where, "a column's name holds a zero byte.", "Export it again as text."))
    names = [" ".join(name.split()) for name in header]
    if not any(names):
        raise DataError(Problem(where, "the first line holds no column names.", "Add a header line."))
    names = [name or f"column {i}" for i, name in enumerate(names, 1)]
    counts = Counter(name.casefold() for name in names)
    twice = list(dict.fromkeys(name for name in names if counts[name.casefold()] > 1))
    if twice and distinct:
        if looks_like_data(names):
            raise DataError(Problem(where, "two fields of the first line are the same.", NAMELESS))
        shown = ", ".join(f"'{mask_text(name[:60])}'" for name in twice[:5])
        what = f"columns share a name (upper and lower case count as the same): {shown}."
        raise DataError(Problem(where, what, "Rename all but one of each."))
    return tuple(map(own_name, names))


def find_record(path: Path, layout: TextLayout, record: int) -> tuple[int, int] | None:
    """Return a record's first line and its number of fields, the header being record 1; None if it is not found."""
    try:
        with path.open(encoding=layout.encoding, errors="replace", newline="") as stream:
            for number, (begins, fields) in enumerate(_records(stream, layout.delimiter), 1):
                if number == record:
                    return begins, len(fields)
    except csv.Error:
        return None
    return None


def unreadable_line(path: Path, layout: TextLayout, message: str) -> Problem:
    """Say which line of a text file could not be read, from the engine's own message, without quoting the line."""
    record = re.search(r"CSV Error on Line: (\d+)", message)
    found = find_record(path, layout, int(record.group(1))) if record else None
    if "Expected Number of Columns" in message:
        wanted = "the header has" if layout.header else "`names` gives"
        what = f"{found[1] if found else 'other than'} fields where {wanted} {len(layout.columns)}."
    elif "unterminated quote" in message:
        what = "a quotation mark opens and does not close before a delimiter."
    elif "not utf-8" in message:
        what = "bytes that are not UTF-8."
    else:
        what = "the text cannot be split into lines and fields; its lines may end in more than one way."
    where = f"{path.name} line {found[0]}" if found else path.name
    fix = f"Read with the delimiter {_shown(layout.delimiter)}; correct it there, or give `delimiter` or `encoding`."
    return Problem(where, what, fix)


def transcode(path: Path, layout: TextLayout, target: Path) -> Path:
    """Write a UTF-8 copy of a text file, in chunks; runs of blanks that delimit become tabs.

    Raises
    ------
    DataError
        If the file is not in that encoding.
    """
    try:
        with (
            path.open(encoding=layout.encoding, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as out,
        ):
            if layout.delimiter == WHITESPACE:
                out.writelines("\t".join(line.split()) + "\n" for line in source)
            while chunk := source.read(_CHUNK):
                out.write(chunk)
    except (UnicodeError, LookupError) as error:
        raise DataError(_undecodable(path, layout.encoding)) from error
    return target


def _records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each record begins, and its fields."""
    if delimiter == WHITESPACE:
        yield from ((number, line.split()) for number, line in enumerate(lines, 1))
        return
    reader, begins = csv.reader(lines, delimiter=delimiter), 1
    for fields in reader:
        yield begins, fields
        begins = reader.line_num + 1


def _first_record(head: str, delimiter: str) -> list[str]:
    return next((fields for _, fields in _records(io.StringIO(head), delimiter)), [])


def _shown(delimiter: str) -> str:
    return delimiter if delimiter == WHITESPACE else DELIMITERS.get(delimiter, f"'{delimiter}'")


def _encoding(path: Path) -> tuple[str, str]:
    with path.open("rb") as stream:
        start = stream.read(4)
        for mark, encoding in _MARKS:
            if start.startswith(mark):
                return encoding, ""
        decoder = codecs.getincrementaldecoder("utf-8")()
        stream.seek(0)
        try:
            while chunk := stream.read(_CHUNK):
                if b"\x00" in chunk:
                    fix = "If it is UTF-16 without a mark, write encoding: utf-16-le; else export it as text."
                    raise DataError(Problem(path.name, "the file holds zero bytes, so it is no plain text.", fix))
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            said = f"{path.name} is not valid UTF-8; read as Windows-1252 (Latin-1). If that is wrong, give `encoding`."
            return "cp1252" if _decodes(path, "cp1252") else "latin-1", said
    return "utf-8", ""


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding) as stream:
            while stream.read(_CHUNK):
                continue
    except UnicodeError:
        return False
    return True


def _head(path: Path, encoding: str) -> str:
    try:
        with path.open(encoding=encoding) as stream:
            return stream.read(1 << 16).removeprefix("\ufeff")
    except (UnicodeError, LookupError) as error:
        raise DataError(_undecodable(path, encoding)) from error


def _undecodable(path: Path, encoding: str) -> Problem:
    fix = "Leave `encoding` out to have it detected, or name another, such as latin-1."
    return Problem(path.name, f"the file cannot be read as '{encoding}'.", fix)


def _delimiter(head: str) -> str:
    """Choose the delimiter that splits header and first rows into the same, largest number of fields."""
    scores = {}
    for mark in DELIMITERS:
        rows = [r for r, _ in zip(csv.reader(io.StringIO(head), delimiter=mark), range(20), strict=False) if r]
        widths = [len(r) for r in (rows[:-1] if len(rows) > 2 else rows)]
        agree = sum(w == widths[0] for w in widths) / len(widths) if widths else 0.0
        scores[mark] = (agree > 0.9 and widths[0] > 1, widths[0] if widths else 0)
    best = max(scores, key=lambda mark: scores[mark])
    return best if scores[best][1] > 1 else ","
