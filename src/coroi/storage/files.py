"""Raw files as tables: every column as it stands, with the row it came from."""

from __future__ import annotations

import re
import tempfile
import weakref
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coroi.errors import DataError, Problem, did_you_mean
from coroi.sources import File
from coroi.storage.text import DELIMITERS, text_layout, transcode

if TYPE_CHECKING:
    import pandas as pd

ROW = "_row"
_FORMATS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}


def connect() -> Any:
    """Open an embedded DuckDB, in memory, that may use the disk for what does not fit.

    Returns
    -------
    ibis.backends.duckdb.Backend
    """
    import ibis

    scratch = tempfile.TemporaryDirectory(prefix="coroi-")
    connection = ibis.duckdb.connect(temp_directory=scratch.name)
    connection.coroi_scratch = scratch
    weakref.finalize(connection, scratch.cleanup)
    return connection


def resolve_paths(file: File, base: Path) -> list[Path]:
    """Find the files that a plan's path or glob means, sorted by name.

    Raises
    ------
    DataError
        If nothing is there; the message names the nearest file of the folder.
    """
    path = Path(file.path).expanduser()
    path = path if path.is_absolute() else base / path
    if re.search(r"[*?\[]", path.name):
        found = sorted(p for p in path.parent.glob(path.name) if p.is_file())
    else:
        found = [path] if path.is_file() else []
    if found:
        return found
    if not path.parent.is_dir():
        raise DataError(Problem(file.path, f"there is no folder '{path.parent}'.", "Correct the path, or give --data."))
    beside = [p.name for p in path.parent.iterdir() if p.is_file()]
    raise DataError(Problem(file.path, f"no such file in '{path.parent}'.", did_you_mean(path.name, beside)))


def file_format(path: Path, file: File) -> str:
    """Tell a file's format from the plan or from its ending."""
    chosen = file.format or _FORMATS.get(path.suffix.lower())
    if chosen is None:
        fix = "Add format: csv, parquet or xlsx."
        raise DataError(Problem(path.name, f"the ending '{path.suffix}' does not tell the format.", fix))
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
        return list(_parquet_schema(path))
    return list(_read_excel(path, file, rows=1).columns)


def sample_rows(file: File, base: Path, n: int = 1000) -> pd.DataFrame:
    """Read the first rows of a file as text.

    Returns
    -------
    pandas.DataFrame
        At most `n` rows; every column is text.
    """
    connection = connect()
    table, _ = open_file(connection, file, base)
    frame = connection.to_pandas(table.drop(ROW).limit(n))
    return frame.astype("string")


def open_file(connection: Any, file: File, base: Path) -> tuple[Any, list[str]]:
    """Open a file, or several as one, as an ibis table.

    Parameters
    ----------
    connection : ibis backend
        From :func:`connect`.
    file : File
        What the plan says.
    base : Path
        Folder that relative paths start from.

    Returns
    -------
    table : ibis.Table
        All columns (text from CSV and Excel, typed from Parquet) and ``_row``: the row's number in its
        file, the first row after the header being 1.
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
        table, said = _open_one(connection, path, file)
        tables.append(table.mutate(**{ROW: ibis.row_number().over(ibis.window()) + 1}))
        assumed += said
    first = tables[0]
    for path, table in zip(resolve_paths(file, base), tables, strict=True):
        if set(table.columns) != set(first.columns):
            odd = sorted(set(table.columns) ^ set(first.columns))
            fix = "Give files of different layout as different tables, or make their headers the same."
            raise DataError(Problem(path.name, f"columns differ from the first file's: {', '.join(odd[:5])}.", fix))
    return (first if len(tables) == 1 else ibis.union(*(t.select(*first.columns) for t in tables))), assumed


def _open_one(connection: Any, path: Path, file: File) -> tuple[Any, list[str]]:
    kind = file_format(path, file)
    if kind == "parquet":
        _parquet_schema(path)
        return connection.read_parquet(path), []
    if kind == "xlsx":
        import ibis

        frame = _read_excel(path, file)
        return ibis.memtable(frame, schema=dict.fromkeys(frame.columns, "string")), []
    layout = text_layout(path, file)
    source = path
    if layout.encoding.lower().replace("_", "-") not in {"utf-8", "utf-8-sig", "utf8"}:
        source = transcode(path, layout.encoding, Path(connection.coroi_scratch.name) / f"{path.stem}-{id(path)}.csv")
    return _read_csv(connection, source, path, layout.delimiter, layout.columns), [layout.assumed] * bool(layout.assumed)


def _read_csv(connection: Any, source: Path, path: Path, delimiter: str, columns: tuple[str, ...]) -> Any:
    import duckdb

    try:
        table = connection.read_csv(
            str(source), header=True, names=list(columns), all_varchar=True, delim=delimiter, quote='"', escape='"'
        )
        return connection.create_table(table.get_name() + "_read", table, temp=True)
    except duckdb.Error as error:
        raise DataError(_unreadable(path, str(error), delimiter)) from error


def _unreadable(path: Path, message: str, delimiter: str) -> Problem:
    line = re.search(r"CSV Error on Line: (\d+)", message)
    expected = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    where = f"{path.name} line {line.group(1)}" if line else path.name
    if expected:
        what = f"{expected.group(2)} fields where the header has {expected.group(1)}."
    elif "quote" in message.lower():
        what = "a quotation mark opens and never closes."
    elif "unicode" in message.lower() or "utf-8" in message.lower():
        what = "bytes that are not UTF-8."
    else:
        what = "the line cannot be split into the header's columns."
    used = DELIMITERS.get(delimiter, f"'{delimiter}'")
    return Problem(where, what, f"Read with the delimiter {used}; correct the line, or give `delimiter` or `encoding`.")


def _parquet_schema(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(path).names
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(Problem(path.name, "the file is not Parquet, or it is damaged.", "Export it again.")) from error


def _read_excel(path: Path, file: File, rows: int | None = None) -> pd.DataFrame:
    import zipfile

    import pandas as pd

    try:
        sheet: str | int = file.sheet if file.sheet is not None else 0
        frame = pd.read_excel(path, sheet_name=sheet, dtype=object, nrows=rows)
    except ValueError as error:
        if "Worksheet" not in str(error):
            raise DataError(Problem(path.name, "the workbook cannot be read.", "Save it again as .xlsx.")) from error
        hint = did_you_mean(str(file.sheet), pd.ExcelFile(path).sheet_names)
        raise DataError(Problem(path.name, f"there is no sheet '{file.sheet}'.", hint)) from error
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise DataError(Problem(path.name, "the workbook cannot be read.", "Save it again as .xlsx.")) from error
    if frame.columns.empty:
        raise DataError(Problem(path.name, "the sheet is empty.", "Name another `sheet`, or take it out of the plan."))
    frame.columns = [" ".join(str(c).split()) for c in frame.columns]
    return frame.map(_cell_text)


def _cell_text(value: object) -> str | None:
    import pandas as pd

    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, (datetime, date)):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
