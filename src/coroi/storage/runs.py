"""A table's column as runs of equal values, read once in the order that the rows come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

BATCH_ROWS = 250_000


def runs(
    connection: Any, table: Any, column: str, also: str | None = None, *, batch_rows: int = BATCH_ROWS
) -> tuple[np.ndarray, pd.DataFrame, int]:
    """Read a column and return the length of each run of equal values, and the values.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    table : ibis.Table
        In an order of its own; see :meth:`coroi.storage.Session.keeps_order`.
    column : str
        The column; without nulls.
    also : str, optional
        A second column, without nulls, of which the first value of each run is told.
    batch_rows : int
        Rows a batch.

    Returns
    -------
    length : ndarray of int, shape (n_runs,)
    first : pandas.DataFrame
        The columns, a row a run.
    changed : int
        Rows in which the second column differs from the row before within the run.
    """
    import pandas as pd

    names = [column] if also is None else [column, also]
    starts, parts, seen, changed = [], [], 0, 0
    before: list[Any] = [None] * len(names)
    for batch in connection.batches(table.select(*names), batch_rows):
        columns = [batch.column(name) for name in names]
        new, *others = [_differs(values, last) for values, last in zip(columns, before, strict=True)]
        starts.append(np.flatnonzero(new) + seen)
        parts.append(pd.DataFrame({n: c.take(_places(new)).to_pandas() for n, c in zip(names, columns, strict=True)}))
        changed += sum(int((other & ~new).sum()) for other in others)
        seen += len(batch)
        before = [values[-1] for values in columns]
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({name: [] for name in names})
    return np.diff(np.concatenate([*starts, [seen]])).astype(np.int64), found, changed


def _differs(values: Any, before: Any) -> np.ndarray:
    """Tell which values differ from the one before them."""
    import pyarrow.compute as pc

    new = np.ones(len(values), dtype=bool)
    new[1:] = pc.not_equal(values.slice(1), values.slice(0, len(values) - 1)).to_numpy(zero_copy_only=False)
    new[0] = before is None or before != values[0]
    return new


def _places(new: np.ndarray) -> Any:
    import pyarrow as pa

    return pa.array(np.flatnonzero(new))
