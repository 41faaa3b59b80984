"""Tables written piece by piece, so that none has to be held whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["csv", "parquet"]


class TableWriter:
    """Write tables below one folder, a piece after another; equal pieces give equal bytes.

    Parameters
    ----------
    folder : Path
        Where ``<table>.csv`` or ``<table>.parquet`` go.
    format : str
        ``csv``: dates as yyyy-mm-dd, numbers with two decimals unless whole; ``parquet``: types as they are in the
        first piece.
    decimals : mapping of str to int, optional
        Tables whose numbers are written with so many decimals instead of two.
    """

    def __init__(self, folder: Path, format: Format, decimals: Mapping[str, int] | None = None) -> None:
        self._folder, self._format, self._decimals = folder, format, decimals or {}
        self._open: dict[str, Any] = {}

    def add(self, table: str, piece: pd.DataFrame) -> None:
        """Append a piece to a table; its columns are those of the first piece."""
        if self._format == "csv":
            self._add_text(table, piece)
        else:
            self._add_columns(table, piece)

    def _add_text(self, table: str, piece: pd.DataFrame) -> None:
        new = table not in self._open
        if new:
            self._open[table] = (self._folder / f"{table}.csv").open("w", encoding="utf-8", newline="")
        layout = {
            "index": False,
            "lineterminator": "\n",
            "date_format": "%Y-%m-%d",
            "float_format": f"%.{self._decimals.get(table, 2)}f",
        }
        piece.to_csv(self._open[table], header=new, **layout)

    def _add_columns(self, table: str, piece: pd.DataFrame) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        if table in self._open:
            rows = pa.Table.from_pandas(piece, schema=self._open[table].schema, preserve_index=False)
        else:
            rows = pa.Table.from_pandas(piece, preserve_index=False).replace_schema_metadata()
            path = self._folder / f"{table}.parquet"
            self._open[table] = parquet.ParquetWriter(path, rows.schema, compression="zstd")
        self._open[table].write_table(rows.replace_schema_metadata())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._open.values():
            file.close()
