"""PostgreSQL: temporary tables only, in types and in an order of text that the other engines share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.postgres import Backend
from ibis.backends.sql.compilers.postgres import PostgresCompiler

from coroi.storage.remote import HANDED_OVER, RemoteSession

if TYPE_CHECKING:
    import pyarrow as pa

_BYTEWISE = ("pg_c_utf8", "C.utf8", "C.UTF-8", "C")  # collations, the best first


class PostgresSession(RemoteSession):
    """A PostgreSQL server that holds our tables while the session lasts, and none of them longer."""

    @property
    def version(self) -> dict[str, str]:
        """Name and version of the engine."""
        number = self.backend.con.info.server_version
        return {"name": "postgres", "version": f"{number // 10_000}.{number % 10_000}"}

    def keep(self, table: Any) -> Any:
        """Compute a table once and keep it there as a temporary table."""
        if isinstance(table.op(), ops.InMemoryTable):
            schema = table.schema()
            return self.load(schema, iter(table.op().data.to_pyarrow(schema).to_batches(HANDED_OVER)))
        return super().keep(table)

    def load(self, schema: Any, batches: Iterator[pa.RecordBatch]) -> Any:
        """Copy batches into a temporary table."""
        name = ibis.util.gen_name("coroi")
        self.backend.copy_in(name, schema, batches)
        return ops.DatabaseTable(name, schema=schema, source=self.backend, namespace=ops.Namespace()).to_expr()

    def batches(self, table: Any, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield a table's rows in batches; a sum of whole numbers, which the server widens, is whole again."""
        import pyarrow as pa

        self.backend._run_pre_execute_hooks(table)
        schema = table.schema()
        kind = pa.struct(schema.to_pyarrow())
        with self.backend.con.transaction(), self.backend.con.cursor(name=ibis.util.gen_name("coroi")) as cursor:
            cursor.execute(self.backend.typed(table))
            while found := cursor.fetchmany(rows):
                yield pa.RecordBatch.from_struct_array(pa.array(found, type=kind))


class _Compiler(PostgresCompiler):
    """ibis's compiler, but that yes and no become any kind of number and bits are shifted, as elsewhere."""

    __slots__ = ()

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802
        if op.arg.dtype.is_boolean() and to.is_numeric() and not to.is_int32():
            return self.cast(self.cast(arg, dt.int32), to)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_BitwiseLeftShift(self, op: Any, *, left: Any, right: Any) -> Any:  # noqa: N802
        return sge.BitwiseLeftShift(this=self.cast(left, dt.int64), expression=self.cast(right, dt.int32))

    def visit_JoinChain(self, op: Any, *, first: Any, rest: Any, values: Any) -> Any:  # noqa: N802
        """Write semi and anti joins, which the server lacks, as conditions; sqlglot forgets every second of a chain."""
        query = super().visit_JoinChain(op, first=first, rest=rest, values=values)
        for join in [j for j in query.args.get("joins") or [] if j.kind in ("SEMI", "ANTI")]:
            there = sge.Exists(this=sg.select(sge.convert(1)).from_(join.this).where(join.args["on"]))
            join.pop()
            query = query.where(there if join.kind == "SEMI" else there.not_())
        return query


class CollatedBackend(Backend):
    """ibis's backend, but that text is compared byte by byte and frames are copied in."""

    compiler = _Compiler()

    @cached_property
    def _collation(self) -> str:
        """Sort byte by byte, and know the small letters of all alphabets where the server has such a collation."""
        found = self.con.execute(
            "SELECT collname FROM pg_collation WHERE collname = ANY(%s) AND collencoding IN (-1, 6)", [list(_BYTEWISE)]
        ).fetchall()
        return min((name for (name,) in found), key=_BYTEWISE.index, default="C")

    def typed(self, table: Any) -> str:
        """Write a query whose columns have the types that ibis promises."""
        types = self.compiler.type_mapper
        columns = [
            sge.Cast(this=sg.column(name, quoted=True), to=types.from_ibis(kind)).as_(name, quoted=True)
            for name, kind in table.schema().items()
        ]
        query = self.compiler.to_sqlglot(table)
        return sg.select(*columns).from_(query.subquery("t")).sql(self.dialect)

    def create_table(self, name: str, /, obj: Any = None, *, temp: bool = False, **options: Any) -> Any:
        """Create a temporary table; another is not ours to make."""
        if not temp or options:
            raise NotImplementedError("only temporary tables are made here")
        self._run_pre_execute_hooks(obj)
        schema = obj.schema()
        query = self.compiler.to_sqlglot(obj)
        insert = sge.Insert(this=sg.table(name, quoted=True), expression=query).sql(self.dialect)
        with self.con.transaction(), self.con.cursor() as cursor:
            cursor.execute(self._definition(name, schema))
            cursor.execute(insert)
            cursor.execute(_analyse(name))
        return ops.DatabaseTable(name, schema=schema, source=self, namespace=ops.Namespace()).to_expr()

    def copy_in(self, name: str, schema: Any, batches: Iterator[pa.RecordBatch]) -> None:
        """Copy batches into a new temporary table."""
        quoted = sg.table(name, quoted=True).sql(self.dialect)
        with self.con.transaction(), self.con.cursor() as cursor:
            cursor.execute(self._definition(name, schema))
            with cursor.copy(f"COPY {quoted} FROM STDIN") as copy:
                for batch in batches:
                    for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        copy.write_row(row)
            cursor.execute(_analyse(name))

    def _register_in_memory_table(self, op: Any) -> None:
        self.copy_in(op.name, op.schema, iter(op.data.to_pyarrow(op.schema).to_batches(HANDED_OVER)))

    def _definition(self, name: str, schema: Any) -> str:
        columns = schema.to_sqlglot_column_defs(self.dialect)
        for column, kind in zip(columns, schema.values(), strict=True):
            if kind.is_string():
                byte_by_byte = sge.CollateColumnConstraint(this=sg.to_identifier(self._collation, quoted=True))
                column.append("constraints", sge.ColumnConstraint(kind=byte_by_byte))
        table = sge.Schema(this=sg.table(name, quoted=True), expressions=columns)
        temporary = sge.Properties(expressions=[sge.TemporaryProperty()])
        return sge.Create(kind="TABLE", this=table, properties=temporary).sql(self.dialect)


def connect_postgres(address: str) -> CollatedBackend:
    """Connect to a server by its address, in any form that libpq takes."""
    import psycopg

    connection = psycopg.connect(address, autocommit=True)
    # Conditions on expressions have no statistics, and a loop over all pairs is what the planner then falls back on.
    connection.execute("SET enable_nestloop = off")
    return CollatedBackend.from_connection(connection)


def _analyse(name: str) -> str:
    return f"ANALYZE {sg.table(name, quoted=True).sql('postgres')}"
