"""Engines outside this process: files are read inside it and handed over, answers come back as Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from coroi.sources import Engine
from coroi.storage.session import EmbeddedSession, Session

if TYPE_CHECKING:
    import pyarrow as pa

HANDED_OVER = 100_000  # rows a batch


class RemoteSession(Session):
    """Any backend of ibis: tables are handed over and kept as temporary ones.

    Parameters
    ----------
    engine : Engine
        Limits of the engine inside this process.
    backend : ibis backend
        Connected.
    """

    def __init__(self, engine: Engine, backend: Any) -> None:
        self._embedded = EmbeddedSession(engine.local)
        self.backend = backend

    @property
    def version(self) -> dict[str, str]:
        """Name and version of the engine; its address is nobody's to print."""
        return {"name": str(self.backend.name), "version": str(self.backend.version)}

    @property
    def embedded(self) -> EmbeddedSession:
        """The engine inside this process."""
        return self._embedded

    def execute(self, expression: Any) -> Any:
        """Compute an ibis expression there, and shape the answer here as the embedded engine would."""
        import ibis
        import pyarrow as pa

        table = expression.as_table()
        schema = table.schema().to_pyarrow()
        answer = pa.Table.from_batches(self.batches(table, HANDED_OVER), schema)
        frame = self._embedded.execute(ibis.memtable(answer, schema=table.schema()))
        return expression.__pandas_result__(frame)

    def keep(self, table: Any) -> Any:
        """Compute a table once and keep it there as a temporary table."""
        import ibis

        return self.backend.create_table(ibis.util.gen_name("coroi"), table, temp=True)

    def take(self, table: Any) -> Any:
        """Hand a table of the embedded engine over, in types that all engines hold alike."""
        table = portable(table)
        return self.load(table.schema(), self._embedded.batches(table, HANDED_OVER))

    def load(self, schema: Any, batches: Iterator[pa.RecordBatch]) -> Any:
        """Make a temporary table of batches."""
        import ibis
        import pyarrow as pa

        rows = pa.Table.from_batches(list(batches), schema.to_pyarrow())
        return self.keep(ibis.memtable(rows, schema=schema))

    def batches(self, table: Any, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield a table's rows in batches, in the types that ibis promises."""
        schema = table.schema().to_pyarrow()
        for batch in self.backend.to_pyarrow_batches(table, chunk_size=rows):
            yield batch.cast(schema)

    def disconnect(self) -> None:
        """End the session there and here; the backend drops temporary tables by itself."""
        try:
            self.backend.disconnect()
        finally:
            self._embedded.disconnect()


def portable(table: Any) -> Any:
    """Turn a raw table's columns into types that every engine holds alike.

    Text, whole numbers, yes and no, dates and times without a zone stay. Anything else, decimals among them, becomes
    the text that the embedded engine writes, so that no engine's own way of writing numbers reaches an identifier.
    """
    changed = {name: to for name, kind in table.schema().items() if (to := _portable_type(kind)) is not None}
    return table.cast(changed)


def _portable_type(kind: Any) -> str | None:
    if kind.is_timestamp():
        return "timestamp(6)"
    if kind.is_unsigned_integer():
        return "string" if kind.is_uint64() else "int64"
    kept = kind.is_string() or kind.is_signed_integer() or kind.is_boolean() or kind.is_date()
    return None if kept else "string"
