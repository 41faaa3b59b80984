"""An engine at work: where tables live, expressions run and answers come back, whichever engine it is."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coroi.errors import DataError, Problem
from coroi.sources import Engine

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_WRITTEN = 250_000  # rows a batch
_NO_ROOM = "Raise engine.memory_limit, or name an engine.spill_folder on a disk with more room."


class Session:
    """What every engine can do; rooms above this one know no more of it.

    Tables made by a session are its own: they are gone when it ends, and no other table is ever written.
    """

    @property
    def version(self) -> dict[str, str]:
        """Name and version of the engine, for a manifest: never an address."""
        raise NotImplementedError

    @property
    def embedded(self) -> EmbeddedSession:
        """The engine inside this process, which reads files for all others."""
        raise NotImplementedError

    def execute(self, expression: Any) -> Any:
        """Compute an ibis expression: a frame, a series or a single value."""
        raise NotImplementedError

    def to_pandas(self, expression: Any) -> pd.DataFrame:
        """Compute an ibis table or column as a pandas object."""
        return self.execute(expression)

    def keep(self, table: Any) -> Any:
        """Compute a table once and keep it in the engine until the session ends."""
        raise NotImplementedError

    def take(self, table: Any) -> Any:
        """Take over a table of the embedded engine."""
        raise NotImplementedError

    def batches(self, table: Any, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield a table's rows in batches of at most so many, in no order unless the table has one."""
        raise NotImplementedError

    def keeps_order(self, table: Any) -> bool:
        """Tell whether a table's rows come in the same order whenever it is read."""
        return False

    def read_parquet(self, path: Path | str) -> Any:
        """Open a Parquet file as a table."""
        return self.take(self.embedded.read_parquet(path))

    def write_parquet(self, table: Any, path: Path) -> None:
        """Write a table to a Parquet file, in batches."""
        from pyarrow import parquet

        schema: pa.Schema = table.schema().to_pyarrow()
        with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in self.batches(table, _WRITTEN):
                writer.write_batch(batch.cast(schema))

    def disconnect(self) -> None:
        """End the session; all its tables and files are gone then."""
        raise NotImplementedError


class EmbeddedSession(Session):
    """DuckDB inside this process, in memory up to a limit and on disk beyond it.

    Parameters
    ----------
    engine : Engine
        Its memory limit and the folder that takes what does not fit.
    """

    def __init__(self, engine: Engine) -> None:
        import ibis

        self.scratch, self._tidy = _scratch(engine.spill_folder)
        config: dict[str, Any] = {"temp_directory": str(self.scratch)}
        if engine.memory_limit:
            config["memory_limit"] = engine.memory_limit.replace(" ", "")
        self.backend = ibis.duckdb.connect(**config)
        self._unused: list[str] = []
        weakref.finalize(self.backend, self._tidy)  # tables hold the backend, and may outlive the session

    @property
    def version(self) -> dict[str, str]:
        """Name and version of the engine."""
        return {"name": "duckdb", "version": str(self.backend.version)}

    @property
    def embedded(self) -> EmbeddedSession:
        """Itself."""
        return self

    def execute(self, expression: Any) -> Any:
        """Compute an ibis expression."""
        with _room():
            return self.backend.execute(expression)

    def keep(self, table: Any) -> Any:
        """Compute a table once and keep it in memory, or on disk beyond the limit, for as long as it is asked for."""
        import ibis

        return self._create(ibis.util.gen_name("coroi"), table)

    def take(self, table: Any) -> Any:
        """Return the table, which is here already."""
        return table

    def batches(self, table: Any, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield a table's rows in batches; ibis asks for fetch_record_batch, which DuckDB 2 no longer has."""
        table = self.keep(table) if holds_frames(table) else table
        with _room():
            yield from self.backend.con.sql(self.backend.compile(table)).to_arrow_reader(rows)

    def keeps_order(self, table: Any) -> bool:
        """Tell whether a table is made of kept tables and files by choosing rows and columns alone."""
        import ibis.expr.operations as ops

        plain = (ops.DatabaseTable, ops.Project, ops.Filter, ops.DropColumns)
        relations, windows = table.op().find(ops.Relation), table.op().find(ops.WindowFunction)
        return not windows and all(isinstance(each, plain) for each in relations)

    def read_parquet(self, path: Path | str) -> Any:
        """Open a Parquet file as a table; it is read when it is asked for."""
        return self.backend.read_parquet(path)

    def read_text(self, path: str, **layout: Any) -> Any:
        """Read a delimited text file to its end and keep it."""
        table = self.backend.read_csv(path, **layout)
        return self._create(f"{table.get_name()}_read", table)

    def write_parquet(self, table: Any, path: Path) -> None:
        """Write a table to a Parquet file, streaming."""
        with _room():
            self.backend.to_parquet(table, path, compression="zstd")

    def _create(self, name: str, table: Any) -> Any:
        """Keep a table until no expression holds it; then the next one to be kept takes its room."""
        while self._unused:  # not dropped at once: a result may be streaming
            self.backend.drop_table(self._unused.pop(), force=True)
        with _room():
            kept = self.backend.create_table(name, table, temp=True)
        weakref.finalize(kept.op(), self._unused.append, name).atexit = False
        return kept

    def disconnect(self) -> None:
        """Close the engine and remove what it wrote on disk."""
        self.backend.disconnect()
        self._tidy()


def holds_frames(table: Any) -> bool:
    """Tell whether a table is made of data frames that no engine has seen yet."""
    import ibis.expr.operations as ops

    return bool(table.op().find(ops.InMemoryTable))


class _Tidy:
    """Remove a scratch folder, and the folder around it if that was made for it and holds nothing else."""

    def __init__(self, scratch: Path, around: Path | None) -> None:
        self._scratch, self._around = scratch, around

    def __call__(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)
        if self._around is not None and self._around.is_dir() and not any(self._around.iterdir()):
            self._around.rmdir()


@contextmanager
def scratch_folder(engine: Engine) -> Iterator[Path]:
    """Make a folder for what is prepared and for what does not fit in memory, and remove it with all that it holds."""
    folder, tidy = _scratch(engine.spill_folder)
    try:
        yield folder
    finally:
        tidy()


def _scratch(spill_folder: str | None) -> tuple[Path, _Tidy]:
    """Make a folder of our own for what does not fit in memory, inside the one that the plan names."""
    if spill_folder is None:
        made = Path(tempfile.mkdtemp(prefix="coroi-"))
        return made, _Tidy(made, None)
    around = Path(spill_folder)
    new = not around.exists()
    try:
        around.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="coroi-", dir=around))
    except OSError as error:
        what = f"the folder '{around.name}' cannot be written: {error.strerror}."
        raise DataError(Problem("engine.spill_folder", what, "Name a folder that you may write to.")) from error
    return made, _Tidy(made, around if new else None)


@contextmanager
def _room() -> Iterator[None]:
    """Say in a sentence that memory, and the disk behind it, do not suffice.

    Raises
    ------
    DataError
        In place of the engine's error.
    """
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        said = "the data do not fit in the memory and the disk that the engine may use."
        raise DataError(Problem("engine", said, _NO_ROOM)) from error
