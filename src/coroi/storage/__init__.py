"""The only room that opens DuckDB, Parquet, CSV or Excel."""

from coroi.storage.files import connect, open_file, read_columns, resolve_paths, sample_rows
from coroi.storage.prepared import read_parquet_tables, write_parquet_tables
from coroi.storage.saved import read_result, write_result

__all__ = [
    "connect",
    "open_file",
    "read_columns",
    "read_parquet_tables",
    "read_result",
    "resolve_paths",
    "sample_rows",
    "write_parquet_tables",
    "write_result",
]
