"""A look at a folder of exports: each file's columns, the kind of their values, and the way they write dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from coroi import storage
from coroi.errors import DataError
from coroi.masking import looks_like_data, mask_value
from coroi.sources import File

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".tsv", ".parquet", ".pq", ".xlsx", ".xlsm")
LONGEST_NAME = 200  # that a plan can hold
_DIGIT = re.compile(r"[\d@]")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?\Z")
_DATES = (
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d", "%d.%m.%y", "%d/%m/%y",
    "%m/%d/%y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
)  # fmt: skip
_CLOCKS = ("", " %H:%M", " %H:%M:%S")


@dataclass(frozen=True, eq=False)
class Look:
    """One column as seen in a file's first rows.

    Parameters
    ----------
    name : str
        As the file has it.
    cells : pandas.Series
        Its values as text, blank ones left out.
    n_rows : int
        Rows looked at.
    """

    name: str
    cells: pd.Series
    n_rows: int

    @cached_property
    def key(self) -> str:
        """The name in lower case, its words parted by ``_``."""
        return normalised(self.name)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The distinct values, in order of appearance."""
        return tuple(dict.fromkeys(self.cells))

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.n_rows > 0 and len(self.words) == self.n_rows

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """The distinct values as numbers; none if any is not one."""
        try:
            return tuple(float(word) for word in self.words)
        except ValueError:
            return ()

    @cached_property
    def date_formats(self) -> tuple[str, ...]:
        """Every format that reads all values: empty text for ISO dates, two where day and month cannot be told."""
        if not self.words:
            return ()
        if all(_ISO.match(word) for word in self.words):
            return ("",)
        if self.numbers and not all(re.match(r"(19|20)\d{6}\Z", word) for word in self.words):
            return ()
        formats = (day + clock for day in _DATES for clock in _CLOCKS)
        return tuple(f for f in formats if all(_reads(word, f) for word in self.words))


@dataclass(frozen=True, eq=False)
class LookedAt:
    """One file: its name in the folder, its columns, and its first rows as text."""

    name: str
    columns: Mapping[str, Look]
    rows: pd.DataFrame


def look_at(folder: Path) -> tuple[list[LookedAt], dict[str, str]]:
    """Look at the first 1,000 rows of each data file of a folder.

    Parameters
    ----------
    folder : Path
        The folder; what lies in folders below it is left alone.

    Returns
    -------
    files : list of LookedAt
        By name.
    unread : dict of str to str
        Why a file could not be read, by name.
    """
    files, unread = [], {}
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in ENDINGS and p.is_file()):
        if not _is_text(path.name):
            unread[path.name] = "its name is not text. Rename it."
            continue
        try:
            rows = storage.sample_rows(File(path=path.name), folder)
        except DataError as error:
            unread[path.name] = " ".join(p.what for p in error.problems) or str(error)
            continue
        except OSError as error:
            unread[path.name] = f"the file cannot be opened ({error.strerror})."
            continue
        if _has_no_header(rows):
            unread[path.name] = "its first line looks like data. Give its columns' names by `names`."
            continue
        usable = [name for name in map(str, rows.columns) if len(name) <= LONGEST_NAME]
        columns = {name: Look(name, _filled(rows[name]), len(rows)) for name in usable}
        files.append(LookedAt(path.name, columns, rows))
    return files, unread


def normalised(name: str) -> str:
    """Write a column's name in lower case with its words parted by ``_``: ``customerID`` → ``customer_id``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", parted.casefold()).strip("_")


def _has_no_header(rows: pd.DataFrame) -> bool:
    """Tell whether the columns' names look like data, and some of those with digits just like what stands below."""
    names = [str(name) for name in rows.columns]
    if not looks_like_data(names):
        return False
    for name, column in zip(names, rows.columns, strict=True):
        shapes = _filled(rows[column]).head(20).map(mask_value)
        if _DIGIT.search(name) and len(shapes) and (shapes == mask_value(name)).mean() >= 0.5:
            return True
    return False


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _filled(column: pd.Series) -> pd.Series:
    cells = column.str.replace("\0", "").str.strip()
    return cells[cells.notna() & (cells != "")]


def _reads(word: str, pattern: str) -> bool:
    try:
        datetime.strptime(word, pattern)
    except ValueError:
        return False
    return True
