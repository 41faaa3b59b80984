"""Text files as they come: their encoding, delimiter and header, told before anything is parsed."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from coroi.errors import DataError, Problem
from coroi.sources import File

DELIMITERS = {",": "','", ";": "';'", "\t": r"'\t' (tab)", "|": "'|'"}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class TextLayout:
    """How a text file is to be read; `assumed` says in words what was guessed."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    assumed: str = ""


def text_layout(path: Path, file: File) -> TextLayout:
    """Tell encoding, delimiter and column names of a delimited file.

    Parameters
    ----------
    path : Path
        The file.
    file : File
        What the plan says of it; what it leaves open is detected.

    Raises
    ------
    DataError
        If the file is empty, cannot be decoded, or two columns share a name.
    """
    if path.stat().st_size == 0:
        raise DataError(Problem(path.name, "the file is empty.", "Export it again, or take it out of the plan."))
    encoding, assumed = (file.encoding, "") if file.encoding else _encoding(path)
    head = _head(path, encoding)
    delimiter = file.delimiter or _delimiter(head)
    names = [_tidy(c) for c in next(csv.reader(io.StringIO(head), delimiter=delimiter), [])]
    if not any(names):
        raise DataError(Problem(path.name, "the first line holds no column names.", "Add a header line."))
    names = [name or f"column {i}" for i, name in enumerate(names, 1)]
    twice = sorted(n for n, k in Counter(names).items() if k > 1)
    if twice:
        shown = ", ".join(f"'{n}'" for n in twice[:5])
        raise DataError(Problem(path.name, f"{len(twice)} column names stand twice: {shown}.", "Rename one of each."))
    return TextLayout(encoding, delimiter, tuple(names), assumed)


def transcode(path: Path, encoding: str, target: Path) -> Path:
    """Write a UTF-8 copy of a text file, in chunks.

    Raises
    ------
    DataError
        If the file is not in that encoding.
    """
    try:
        with path.open(encoding=encoding, newline="") as source, target.open("w", encoding="utf-8", newline="") as out:
            while chunk := source.read(_CHUNK):
                out.write(chunk)
    except (UnicodeError, LookupError) as error:
        raise DataError(_undecodable(path, encoding)) from error
    return target


def _tidy(name: str) -> str:
    return " ".join(name.replace("\ufeff", "").split())


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
        with path.open(encoding=encoding, newline="") as stream:
            return stream.read(1 << 16)
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
