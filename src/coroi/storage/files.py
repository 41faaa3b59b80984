"""Raw files as tables: every column as it stands, with the row it came from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coroi.errors import NAMELESS, DataError, Problem
from coroi.masking import looks_like_data
from coroi.sources import Engine, File
from coroi.storage.parquet import parquet_columns
from coroi.storage.paths import find_files, literal
from coroi.storage.session import EmbeddedSession
from coroi.storage.text import ROW, WHITESPACE, TextLayout, own_name, text_layout, transcode, unreadable_line
from coroi.storage.workbooks import read_workbook

if TYPE_CHECKING:
    import pandas as pd

ROW_ID = "_row_id"  # the file's name and the row's number
_FORMATS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}


def resolve_paths(file: File, base: Path) -> list[Path]:
    """Find the files that a plan's path or glob means, sorted by name.

    Raises
    ------
    DataError
        If nothing is there; the message names the nearest file of the folder.
    """
    return find_files(file, base, _FORMATS)


def file_format(path: Path, file: File) -> str:
    """Tell a file's format from the plan or from its ending."""
    chosen = file.format or _FORMATS.get(path.suffix.lower())
    if chosen is None:
        fix = "Add format: csv, parquet or xlsx."
        raise DataError(Problem(path.name, f"the ending '{path.suffix}' does not tell the format.", fix))
    if chosen == "parquet" and file.names:
        raise DataError(Problem(path.name, "a Parquet file names its columns itself.", "Leave `names` out."))
    return chosen


def read_columns(file: File, base: Path) -> list[str]:
    """Read the column names of a file; of several, those of the first.

    Raises
    ------
    DataError
        If the file is empty, is not what its ending says, or cannot be decoded.
    """
    path = resolve_paths(file, base)[0]
    kind = file_format(path, file)
    if kind == "csv":
        return list(text_layout(path, file).columns)
    if kind == "parquet":
        return parquet_columns(path)
    return list(read_workbook(path, file, rows=1).columns)


def sample_rows(file: File, base: Path, n: int = 1000) -> pd.DataFrame:
    """Read the first rows of a file as text.

    Returns
    -------
    pandas.DataFrame
        At most `n` rows; every column is text.
    """
    session = EmbeddedSession(Engine())
    try:
        table, _ = open_file(session, file, base)
        shown = table.drop(ROW).limit(n)
        with naming_damage(file.path):
            frame = session.to_pandas(shown.select(*(shown[c].cast("string").name(c) for c in shown.columns)))
        return frame.astype("string")
    finally:
        session.disconnect()


def open_file(connection: Any, file: File, base: Path, *, row_ids: bool = False) -> tuple[Any, list[str]]:
    """Open a file, or several as one, as an ibis table.

    Parameters
    ----------
    connection : Session
        From :func:`coroi.storage.connect`. Files are read inside this process, whichever engine takes the table.
    file : File
        What the plan says.
    base : Path
        Folder that relative paths start from.
    row_ids : bool
        Add ``_row_id``: the file's name without its ending, a colon and the row's number.

    Returns
    -------
    table : ibis.Table
        All columns (text from CSV and Excel, typed from Parquet) and ``_row``: the row's number in its
        file, the first row after the header, if it has one, being 1.
    assumed : list of str
        What had to be assumed to read it, in words.

    Raises
    ------
    DataError
        If a file cannot be read, or files of one glob differ in their columns.
    """
    import ibis

    tables, assumed = [], []
    for path in resolve_paths(file, base):
        table, said = _open_one(connection.embedded, path, file)
        table = table.mutate(**{ROW: ibis.row_number().over(ibis.window()) + 1})
        tables.append(table.mutate(**{ROW_ID: f"{path.stem}:" + table[ROW].cast("string")}) if row_ids else table)
        assumed += said
    first = tables[0]
    for path, table in zip(resolve_paths(file, base), tables, strict=True):
        if set(table.columns) != set(first.columns):
            odd = sorted(set(table.columns) ^ set(first.columns))
            fix = "Give files of different layout as different tables, or make their headers the same."
            if looks_like_data(first.columns) or looks_like_data(table.columns):
                raise DataError(Problem(path.name, "columns differ from the first file's.", f"{fix} {NAMELESS}"))
            raise DataError(Problem(path.name, f"columns differ from the first file's: {', '.join(odd[:5])}.", fix))
    return connection.take(first if len(tables) == 1 else ibis.union(*_same_types(tables))), assumed


def _same_types(tables: list[Any]) -> list[Any]:
    """Put tables' columns in one order; a column that two files hold in different types becomes text."""
    first = tables[0]
    mixed = {c: "string" for c in first.columns if len({t[c].type() for t in tables}) > 1}
    return [t.select(*first.columns).cast(mixed) for t in tables]


@contextmanager
def naming_damage(where: str) -> Iterator[None]:
    """Say that a file is damaged where its content, read later than its header, turns out to be.

    Raises
    ------
    DataError
        In place of the engine's error.
    """
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        if isinstance(error, duckdb.OutOfMemoryException):
            what = "this table does not fit into the memory that is there."
            raise DataError(Problem(where, what, "Take fewer columns or rows, or a larger machine.")) from error
        of_the_file = (duckdb.IOException, duckdb.InvalidInputException)
        if type(error) is not duckdb.Error and not isinstance(error, of_the_file):
            raise
        what = "a file of this table cannot be read to its end; it seems damaged."
        raise DataError(Problem(where, what, "Export it again.")) from error


def _open_one(session: EmbeddedSession, path: Path, file: File) -> tuple[Any, list[str]]:
    kind = file_format(path, file)
    if kind == "parquet":
        parquet_columns(path)
        with naming_damage(path.name):
            table = session.read_parquet(literal(path))
        return table.rename({own_name(c): c for c in table.columns if own_name(c) != c}), []
    if kind == "xlsx":
        import ibis

        frame = read_workbook(path, file)
        return ibis.memtable(frame, schema=dict.fromkeys(frame.columns, "string")), []
    layout = text_layout(path, file)
    source = path
    readable = layout.encoding.lower().replace("_", "-") in {"utf-8", "utf-8-sig", "utf8"}
    if not readable or layout.delimiter == WHITESPACE:
        source = transcode(path, layout, session.scratch / f"{path.stem}-{id(path)}.csv")
    return _read_csv(session, source, path, layout), [layout.assumed] * bool(layout.assumed)


def _read_csv(session: EmbeddedSession, source: Path, path: Path, layout: TextLayout) -> Any:
    """Read text as it stands: given all columns, the engine guesses nothing, neither comments nor lines to skip."""
    import duckdb

    columns = dict.fromkeys(layout.columns, "VARCHAR")
    mark = "\t" if layout.delimiter == WHITESPACE else layout.delimiter
    try:
        return session.read_text(
            literal(source),
            compression="none",
            header=layout.header,
            columns=columns,
            delim=mark,
            quote='"',
            escape='"',
        )
    except duckdb.Error as error:
        raise DataError(unreadable_line(path, layout, str(error))) from error
