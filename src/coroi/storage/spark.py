"""Spark: tables travel as Parquet through a folder that driver and workers share, and are kept as checkpoints."""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt
import sqlglot.expressions as sge
from ibis.backends.pyspark import Backend
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

from coroi.sources import Engine
from coroi.storage.remote import RemoteSession, portable

if TYPE_CHECKING:
    import pyarrow as pa

_LOCAL_PARTS = 4  # partitions of a shuffle on one machine; Spark's own 200 are for a cluster


class SparkEngineSession(RemoteSession):
    """Spark where its master is; the session is started here unless one is running.

    Parameters
    ----------
    engine : Engine
        Master, memory of the driver, and the folder through which tables travel: one that all workers see.
    """

    def __init__(self, engine: Engine) -> None:
        from pyspark.sql import SparkSession

        ibis.pyspark.name  # noqa: B018  registers the backend's options
        self._running = SparkSession.getActiveSession() is not None
        super().__init__(engine, None)
        with _quiet():
            self.backend = FrameBackend().connect(_start(engine, self.embedded.scratch))
        self._spark = self.backend._session

    def keep(self, table: Any) -> Any:
        """Compute a table once and keep it with the workers."""
        with _quiet():
            self.backend._run_pre_execute_hooks(table)
            return self._named(self._spark.sql(self.backend.compile(table)).localCheckpoint())

    def take(self, table: Any) -> Any:
        """Hand a table of the embedded engine over, through the shared folder."""
        table = portable(table)
        folder = Path(tempfile.mkdtemp(dir=self.embedded.scratch))
        self.embedded.write_parquet(table, folder / "rows.parquet")
        return self._named(self._spark.read.parquet(folder.resolve().as_uri()))

    def batches(self, table: Any, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield a table's rows in batches, in the types that ibis promises."""
        import pyarrow as pa

        schema = table.schema().to_pyarrow()
        with _quiet():
            self.backend._run_pre_execute_hooks(table)
            found = self._spark.sql(self.backend.compile(table)).toArrow()
        found = pa.table(dict(zip(schema.names, found.columns, strict=True))).cast(schema)
        yield from found.to_batches(max_chunksize=rows)

    def disconnect(self) -> None:
        """Stop Spark if it was started here, and remove what travelled."""
        try:
            for name in self.backend.ours:
                self._spark.catalog.dropTempView(name)
            if not self._running:
                self._spark.stop()
        finally:
            self.embedded.disconnect()

    def _named(self, frame: Any) -> Any:
        name = ibis.util.gen_name("coroi")
        frame.createOrReplaceTempView(name)
        self.backend.ours.append(name)
        return self.backend.table(name)


class _Compiler(PySparkCompiler):
    """ibis's compiler, but that blanks, groups of a replacement, dates and bits are what they are elsewhere."""

    __slots__ = ()

    def visit_RegexReplace(self, op: Any, *, arg: Any, pattern: Any, replacement: Any) -> Any:  # noqa: N802
        named = op.replacement.value.replace("$", r"\$")
        return self.f.regexp_replace(arg, pattern, re.sub(r"\\(\d)", r"$\1", named))

    def visit_Strip(self, op: Any, *, arg: Any) -> Any:  # noqa: N802
        """Name the two rarest blanks by number: in a literal of Spark their escapes mean the letters v and f."""
        blanks = self.f.concat(" \t\n\r", self.f.anon.char(11), self.f.anon.char(12))
        return sge.Trim(this=arg, position="BOTH", expression=blanks)

    def visit_DateTruncate(self, op: Any, *, arg: Any, unit: Any) -> Any:  # noqa: N802
        return self.cast(super().visit_DateTruncate(op, arg=arg, unit=unit), dt.date)

    def visit_BitwiseLeftShift(self, op: Any, *, left: Any, right: Any) -> Any:  # noqa: N802
        return self.f.shiftleft(self.cast(left, dt.int64), self.cast(right, dt.int32))

    def visit_BitOr(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: N802
        return self.agg.bit_or(arg, where=where)


class FrameBackend(Backend):
    """ibis's backend, but that frames arrive as Arrow: through pandas, empty cells would become NaN."""

    compiler = _Compiler()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ours: list[str] = []

    def _register_in_memory_table(self, op: Any) -> None:
        with _quiet():
            rows = op.data.to_pyarrow(op.schema)
            self._session.createDataFrame(rows).createOrReplaceTempView(op.name)
        self.ours.append(op.name)


def _start(engine: Engine, scratch: Path) -> Any:
    from pyspark.sql import SparkSession

    master = engine.master or "local[*]"
    builder = SparkSession.builder.appName("coroi").master(master)
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": (scratch / "warehouse").as_uri(),
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        "spark.local.dir": str(scratch),
    }
    if engine.memory_limit:
        settings["spark.driver.memory"] = _in_spark_words(engine.memory_limit)
    if master.startswith("local"):
        settings |= {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.shuffle.partitions": str(_LOCAL_PARTS),
        }
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def _in_spark_words(limit: str) -> str:
    """Write 4GB as Spark does, in whole megabytes."""
    number, unit = limit.rstrip("KMGTiB").strip(), next(c for c in limit if c in "KMGT")
    return f"{int(float(number) * {'K': 1 / 1024, 'M': 1, 'G': 1024, 'T': 1024**2}[unit])}m"


class _quiet(warnings.catch_warnings):  # noqa: N801
    """PySpark warns of pandas 3 in every conversion; ours go through Arrow."""

    def __enter__(self) -> Any:
        entered = super().__enter__()
        warnings.filterwarnings("ignore", module=r"pyspark|ibis")
        return entered
