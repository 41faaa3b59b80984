"""A panel in the engine, read in blocks of whole entities, so that a fit never holds all of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis
import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.blocks import BLOCK_ROWS, MOST_ROWS, whole_entities
from coroi.prepare.calendar import period_index
from coroi.schemas import EntityBlock, Period
from coroi.storage import runs, stream

KEPT_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TableBlocks:
    """Rows of a table in the engine, entity by entity.

    Parameters
    ----------
    names : tuple of str
        The columns.
    n_rows, n_omitted : int
        Rows in the blocks, and rows left out since a column was missing.
    first_period, n_periods : int
        Number of the first period, and periods from it to the last.
    length : ndarray of int, shape (n_entities,)
        Rows of each entity.
    entities, clusters : pandas.Index
        Names by entity.
    connection : Session
        Where the table lives.
    table : ibis.Table
        ``period`` and the columns, one entity after the other, in the same order whenever it is read.
    block_rows : int
        Rows a block, beyond which a new one begins with the next entity.
    """

    names: tuple[str, ...]
    n_rows: int
    n_omitted: int
    first_period: int
    n_periods: int
    length: np.ndarray
    entities: pd.Index
    clusters: pd.Index | None
    connection: Any
    table: Any
    block_rows: int = BLOCK_ROWS
    _kept: list[EntityBlock] = field(default_factory=list)

    def blocks(self) -> Iterator[EntityBlock]:
        """Yield the blocks: from memory where they were read before and are small enough to be kept."""
        if self._kept:
            yield from self._kept
            return
        small = self.n_rows * (len(self.names) + 1) * 8 <= KEPT_BYTES
        kept = []
        batches = _Batches(stream(self.connection, self.table, self.block_rows), self.names)
        for first, last in whole_entities(self.length, self.block_rows, self.n_periods):
            length = self.length[first : last + 1]
            columns, period = batches.take(int(length.sum()))
            if not np.isfinite(columns.sum()):
                raise DataError("the panel has cells that are infinite. Correct them, or leave their rows out.")
            block = EntityBlock(columns=columns, period=period - self.first_period, length=length)
            kept += [block] if small else []
            yield block
        self._kept.extend(kept)


class _Batches:
    """Batches of rows, taken in pieces of any size."""

    def __init__(self, batches: Iterator[dict[str, np.ndarray]], names: Sequence[str]) -> None:
        self._batches, self._names = batches, [f"column_{i}" for i in range(len(names))]
        self._batch: dict[str, np.ndarray] = {"period": np.empty(0)}
        self._at = 0

    def take(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the next rows: columns, shape (k, n), and periods, shape (n,)."""
        columns, period, filled = np.empty((len(self._names), n)), np.empty(n, dtype=np.int64), 0
        while filled < n:
            if self._at == len(self._batch["period"]):
                self._batch, self._at = next(self._batches), 0
            some = min(n - filled, len(self._batch["period"]) - self._at)
            here, there = slice(self._at, self._at + some), slice(filled, filled + some)
            period[there] = self._batch["period"][here]
            for i, name in enumerate(self._names):
                columns[i, there] = self._batch[name][here]
            self._at, filled = self._at + some, filled + some
        return columns, period


def panel_rows(
    connection: Any,
    data: Any,
    *,
    outcome: str,
    metric: str,
    controls: Sequence[str] = (),
    entity: str = "customer_id",
    period: str = "period",
    frequency: Period | None = None,
    cluster: str | None = None,
    most_rows: int = MOST_ROWS,
) -> pd.DataFrame | TableBlocks:
    """Read a panel for a fit: small ones into memory, large ones block by block.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    data : ibis.Table
        One row an entity and period.
    outcome, metric : str
        Columns of what is explained and of what explains it.
    controls : sequence of str
        Further columns.
    entity, period : str
        Columns of who and when, without nulls.
    frequency : str, optional
        Length of a period where `period` is a date; whole numbers that count time otherwise.
    cluster : str, optional
        Column of clusters of whole entities.
    most_rows : int
        With more complete rows than that, blocks are returned.

    Returns
    -------
    pandas.DataFrame or TableBlocks
        A frame has the columns under their own names, and periods as whole numbers. Both give the same fit.

    Raises
    ------
    DataError
        If no row is complete, a row of blocks lacks its entity, period or cluster, or an entity changes its cluster.

    Notes
    -----
    Rows that stand one entity after the other in a file or a kept table are read as they are; all others are sorted by
    the engine first. Blocks leave rows out that lack a column, and so their values are missing among the lags of later
    rows too; a frame keeps them.
    """
    names = (outcome, metric, *controls)
    keys = {"entity": data[entity]} | ({} if cluster is None else {"cluster": data[cluster]})
    when = data[period] if frequency is None else period_index(data[period], frequency)
    columns = {f"column_{i}": data[name].cast("float64") for i, name in enumerate(names)}
    whole = data.select(**keys, period=when.cast("int64"), **columns)
    filled = ibis.and_(*(whole[name].notnull() for name in columns))
    complete = whole.filter(filled)
    lacking = {f"without_{key}": (filled & whole[key].isnull()).sum() for key in ("period", *keys)}
    first, last = (getattr(whole["period"], end)(where=filled) for end in ("min", "max"))
    counted = whole.agg(rows=whole.count(), complete=filled.sum(), first=first, last=last, **lacking)
    told = connection.to_pandas(counted).iloc[0].fillna(0).astype("int64")
    n = int(told["complete"])
    if not n:
        raise DataError(f"no row of the panel has all of {', '.join(names)}.")
    if n > most_rows:
        return _blocks(connection, complete if n < told["rows"] else whole, names, told, cluster)
    own = {"entity": entity, "period": period, "cluster": cluster} | dict(zip(columns, names, strict=True))
    return connection.to_pandas(whole).rename(columns=own)


def _blocks(
    connection: Any, complete: Any, names: tuple[str, ...], told: pd.Series, cluster: str | None
) -> TableBlocks:
    also = None if cluster is None else "cluster"
    for key in (key for key in told.index if key.startswith("without_") and told[key]):
        raise DataError(f"{told[key]:,} rows lack their {key.removeprefix('without_')}. Leave them out, and say so.")
    found = runs(connection, complete, "entity", also) if connection.keeps_order(complete) else None
    if found is None or not found[1]["entity"].is_unique:
        complete = connection.keep(complete.order_by(["entity", "period"]))
        complete = complete if connection.keeps_order(complete) else complete.order_by(["entity", "period"])
        found = runs(connection, complete, "entity", also)
    length, first, changed = found
    if changed:
        raise DataError(f"{changed:,} rows change the '{cluster}' of their entity. Give each entity one cluster.")
    return TableBlocks(
        names=names,
        n_rows=int(told["complete"]),
        n_omitted=int(told["rows"] - told["complete"]),
        first_period=int(told["first"]),
        n_periods=int(told["last"]) - int(told["first"]) + 1,
        length=length,
        entities=pd.Index(first["entity"]),
        clusters=None if also is None else pd.Index(first["cluster"]),
        connection=connection,
        table=complete.select("period", *(f"column_{i}" for i in range(len(names)))),
    )
