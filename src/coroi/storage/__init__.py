"""The only room that opens DuckDB, Spark, another engine, Parquet, CSV or Excel."""

from coroi.storage.appended import TableWriter
from coroi.storage.engine import connect, without_unused_engines
from coroi.storage.files import naming_damage, open_file, read_columns, resolve_paths, sample_rows
from coroi.storage.prepared import read_frames, read_parquet_tables, stream, write_frames, write_parquet_tables
from coroi.storage.runs import runs
from coroi.storage.saved import read_result, write_result, write_rounded
from coroi.storage.session import Session, scratch_folder

ENGINE_LIBRARIES = ("duckdb",)  # what every run has used, whichever engine it asked for

__all__ = [
    "ENGINE_LIBRARIES",
    "Session",
    "TableWriter",
    "connect",
    "naming_damage",
    "open_file",
    "read_columns",
    "read_frames",
    "read_parquet_tables",
    "read_result",
    "resolve_paths",
    "runs",
    "sample_rows",
    "scratch_folder",
    "stream",
    "without_unused_engines",
    "write_frames",
    "write_parquet_tables",
    "write_result",
    "write_rounded",
]
