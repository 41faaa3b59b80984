"""Prepared tables on disk: one Parquet file each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def write_parquet_tables(connection: Any, tables: Mapping[str, Any], folder: Path) -> None:
    """Write ibis tables to ``folder/<name>.parquet``, streaming."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        connection.write_parquet(table, folder / f"{name}.parquet")


def read_parquet_tables(connection: Any, folder: Path) -> dict[str, Any]:
    """Open every Parquet file of a folder as an ibis table, by name."""
    return {p.stem: connection.read_parquet(p) for p in sorted(folder.glob("*.parquet"))}


def stream(connection: Any, table: Any, rows: int) -> Iterator[dict[str, np.ndarray]]:
    """Read an ibis table in batches of columns, without ever holding all of it.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    table : ibis.Table
        Made of tables of the engine only.
    rows : int
        Rows a batch, at most.

    Yields
    ------
    dict of str to ndarray
        A column each; missing numbers are NaN.
    """
    # Without the cast a plain number such as 1.0 arrives as a decimal.
    types = table.schema().to_pyarrow()
    for batch in connection.batches(table, rows):
        yield {
            name: batch.column(name).cast(types.field(name).type).to_numpy(zero_copy_only=False)
            for name in table.columns
        }


def write_frames(frames: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write data frames to ``folder/<name>.parquet``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", compression="zstd")


def read_frames(folder: Path, *, only: str = "*") -> dict[str, pd.DataFrame]:
    """Read every Parquet file of a folder, or the one of a name, as a data frame, by name."""
    import pandas as pd

    return {p.stem: pd.read_parquet(p) for p in sorted(folder.glob("*.parquet")) if only in ("*", p.stem)}
