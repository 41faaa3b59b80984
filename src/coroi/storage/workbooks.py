"""Workbooks as text, read once it is known that they unpack to something of a workbook's size."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from xml.parsers import expat

from coroi.errors import DataError, Problem, did_you_mean
from coroi.sources import File
from coroi.storage.text import name_columns

if TYPE_CHECKING:
    import pandas as pd

MOST_BYTES = 2 << 30  # unpacked, and of all cells' text
FREE_BYTES = 64 << 20  # unpacked, below which no ratio is asked for
MOST_RATIO = 200  # unpacked to packed; real workbooks stay below 100
MOST_PARTS = 10_000
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384  # a spreadsheet's own limits
MOST_CELLS = 50_000_000  # rows times columns, empty ones too
_CHUNK = 1 << 20
_WAY_OUT = "Save the table as CSV."


def read_workbook(path: Path, file: File, rows: int | None = None) -> pd.DataFrame:
    """Read one sheet; every cell is text.

    Parameters
    ----------
    path : Path
        The workbook.
    file : File
        What the plan says of it.
    rows : int, optional
        How many rows to read, the header being one; all by default.

    Raises
    ------
    DataError
        If it unpacks to more than a workbook may, holds a document type (and with it entities), has no such sheet,
        or cannot be read.
    """
    problem = unpacks_badly(path, path.stat().st_mtime_ns, path.stat().st_size)
    if problem is not None:
        raise DataError(problem)
    frame = _read(path, file, rows)
    if frame.empty:
        raise DataError(Problem(path.name, "the sheet is empty.", "Name another `sheet`, or take it out of the plan."))
    names = name_columns(file, [cell_text(name) or "" for name in frame.iloc[0]], path.name)
    texts = frame.iloc[0 if file.names else 1 :].set_axis(list(names), axis="columns").map(cell_text)
    if sum(int(texts[c].str.len().sum()) for c in texts) > MOST_BYTES:
        what = f"the cells' texts have more than {MOST_BYTES >> 30} GB in all."
        raise DataError(Problem(path.name, what, _WAY_OUT))
    return texts


def cell_text(value: object) -> str | None:
    """Write a cell's value as text; dates as yyyy-mm-dd, whole numbers without a point."""
    import pandas as pd

    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, (datetime, date)):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) or None


@lru_cache(maxsize=64)
def unpacks_badly(path: Path, changed: int, size: int) -> Problem | None:
    """Say what makes a workbook one that must not be opened, before any of it is built.

    Parameters
    ----------
    path : Path
        The workbook.
    changed, size : int
        Its time of change and its bytes, by which a look at it is remembered.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            what = _too_large(packed.infolist(), size) or next(_bad_parts(packed), "")
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, zlib.error):
        return Problem(path.name, "the workbook cannot be read.", "Save it again as .xlsx.")
    return Problem(path.name, what, _WAY_OUT) if what else None


def _read(path: Path, file: File, rows: int | None) -> pd.DataFrame:
    import pandas as pd

    sheet: str | int = file.sheet if file.sheet is not None else 0
    try:
        with pd.ExcelFile(path, engine="openpyxl") as book:
            if isinstance(sheet, str) and sheet not in book.sheet_names:
                hint = did_you_mean(sheet, map(str, book.sheet_names))
                raise DataError(Problem(path.name, f"there is no sheet '{sheet[:60]}'.", hint))
            return pd.read_excel(book, sheet_name=sheet, header=None, dtype=object, nrows=rows, keep_default_na=False)
    except DataError:
        raise
    except Exception as error:  # a damaged workbook makes its parser stumble anywhere
        raise DataError(Problem(path.name, "the workbook cannot be read.", "Save it again as .xlsx.")) from error


def _too_large(parts: list[zipfile.ZipInfo], size: int) -> str:
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS:
        return f"the workbook has {len(parts):,} parts, and at most {MOST_PARTS:,} are read."
    if unpacked > MOST_BYTES:
        return f"the workbook unpacks to {unpacked:,} bytes, and at most {MOST_BYTES:,} are read."
    if unpacked > FREE_BYTES and unpacked > MOST_RATIO * size:
        ratio = unpacked // max(size, 1)
        return f"the workbook unpacks to {ratio:,} times its size, and at most {MOST_RATIO} times is read."
    return ""


def _bad_parts(packed: zipfile.ZipFile) -> Iterator[str]:
    for part in packed.infolist():
        with packed.open(part) as stream:
            yield from filter(None, [_Look().over(stream)])


@dataclass(slots=True)
class _Look:
    """A look at one part: how far its cells reach, and whether it declares a document type."""

    row: int = 0
    column: int = 0
    widest: int = 0
    lowest: int = 0
    declared: bool = False

    def over(self, stream: IO[bytes]) -> str:
        """Parse without building anything; what is no XML is none of the reader's business either."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._element
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            while not (wrong := self._wrong()) and (chunk := stream.read(_CHUNK)):
                parser.Parse(chunk, False)
        except expat.ExpatError:
            wrong = self._wrong()
        return wrong

    def _doctype(self, *_: object) -> None:
        self.declared = True

    def _element(self, name: str, attributes: dict[str, Any]) -> None:
        tag = name.rpartition(":")[2]
        if tag == "c":
            self.column = _column(attributes.get("r", "")) or self.column + 1
            self.widest = max(self.widest, self.column)
        elif tag == "row":
            self.row, self.column = _row(attributes.get("r", "")) or self.row + 1, 0
            self.lowest = max(self.lowest, self.row)

    def _wrong(self) -> str:
        if self.declared:
            return "the workbook declares a document type, which may hold entities; it is not opened."
        if self.lowest > MOST_ROWS or self.widest > MOST_COLUMNS or self.lowest * self.widest > MOST_CELLS:
            reach = f"a sheet reaches row {self.lowest:,} and column {self.widest:,}"
            return f"{reach}; at most {MOST_CELLS:,} cells are read, empty ones too."
        return ""


def _row(text: str) -> int:
    try:
        return int(float(text[:20])) if text else 0
    except (ValueError, OverflowError):
        return 0


def _column(coordinate: str) -> int:
    number = 0
    for letter in coordinate[:8].upper():
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - 64
    return number
