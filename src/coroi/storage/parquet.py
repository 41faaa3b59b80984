"""Parquet files before they are opened: their columns' names, and whether so few bytes can hold so many rows."""

from __future__ import annotations

from pathlib import Path

from coroi.errors import DataError, Problem
from coroi.storage.text import column_names, own_name

FREE_ROWS = 500_000  # below which no ratio is asked for
MOST_ROWS_PER_BYTE = 100  # tables with a customer and a date in each row have fewer than ten


def parquet_columns(path: Path) -> list[str]:
    """Return a file's column names as they are to be mapped.

    Raises
    ------
    DataError
        If the file is not Parquet, has no column, has names that cannot be written, or would unpack to a multiple of
        what its size can honestly hold.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        about = pq.read_metadata(path)
        names = about.schema.to_arrow_schema().names
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise DataError(Problem(path.name, "the file is not Parquet, or it is damaged.", "Export it again.")) from error
    if not names:
        raise DataError(Problem(path.name, "the file has no columns.", "Export it again, or take it out of the plan."))
    column_names([name or "unnamed" for name in dict.fromkeys(names)], path.name, distinct=False)
    n_rows, size = about.num_rows, path.stat().st_size
    if n_rows > FREE_ROWS and n_rows > MOST_ROWS_PER_BYTE * size:
        what = f"{n_rows:,} rows are packed into {size:,} bytes; at most {MOST_ROWS_PER_BYTE} rows a byte are read."
        raise DataError(Problem(path.name, what, "Export the table as CSV, or without the repetition."))
    return [own_name(name) for name in names]
