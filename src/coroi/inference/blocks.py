"""A panel in memory, cut into blocks of whole entities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.panels import read_panel
from coroi.schemas import EntityBlock, EntityBlocks

MOST_ROWS = 200_000  # in memory; more are read in blocks
BLOCK_ROWS = 250_000
BLOCK_CELLS = 4_000_000  # entities times periods: a block counts its rows by both
MOST_PERIODS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArrayBlocks:
    """Rows in memory, sorted by entity.

    Parameters
    ----------
    names : tuple of str
        The columns.
    columns : ndarray, shape (k, n)
    entity : ndarray of int, shape (n,)
        Codes from 0 without gaps, in rising order.
    period : ndarray of int, shape (n,)
        Numbers of periods.
    entities, clusters : pandas.Index
        Names by entity.
    n_omitted : int
        Rows left out before.
    block_rows : int
        Rows a block, beyond which a new one begins with the next entity.
    """

    names: tuple[str, ...]
    columns: np.ndarray
    entity: np.ndarray
    period: np.ndarray
    entities: pd.Index
    clusters: pd.Index | None = None
    n_omitted: int = 0
    block_rows: int = BLOCK_ROWS

    @property
    def n_rows(self) -> int:
        """Rows in all blocks."""
        return len(self.entity)

    @property
    def first_period(self) -> int:
        """Number of the first period."""
        return int(self.period.min())

    @property
    def n_periods(self) -> int:
        """Periods from the first to the last."""
        return int(self.period.max()) - self.first_period + 1

    def take(self, names: Sequence[str], *, complete_only: bool = False) -> ArrayBlocks:
        """Return some columns in an order; without rows that lack any of them where `complete_only`.

        Raises
        ------
        DataError
            If no row is complete.
        """
        columns = self.columns[[self.names.index(name) for name in names]]
        if not complete_only:
            return replace(self, names=tuple(names), columns=columns)
        complete = np.isfinite(columns).all(axis=0)
        if not complete.any():
            raise DataError(f"no row of the panel has all of {', '.join(names)}.")
        left, code = np.unique(self.entity[complete], return_inverse=True)
        return replace(
            self,
            names=tuple(names),
            columns=columns[:, complete],
            entity=code,
            period=self.period[complete],
            entities=self.entities[left],
            clusters=None if self.clusters is None else self.clusters[left],
            n_omitted=self.n_omitted + int((~complete).sum()),
        )

    def blocks(self) -> Iterator[EntityBlock]:
        """Yield the blocks."""
        length = np.bincount(self.entity)
        end = np.cumsum(length)
        for first, last in whole_entities(length, self.block_rows, self.n_periods):
            rows = slice(int(end[first] - length[first]), int(end[last]))
            yield EntityBlock(
                columns=np.ascontiguousarray(self.columns[:, rows]),
                period=self.period[rows] - self.first_period,
                length=length[first : last + 1],
            )


def read_blocks(
    data: pd.DataFrame,
    names: Sequence[str],
    *,
    entity: str,
    period: str,
    cluster: str | None = None,
    complete_only: bool = True,
) -> ArrayBlocks:
    """Check a panel's keys and lay its rows out by entity and period.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    names : sequence of str
        Columns to carry along; rows that lack one are left out and counted.
    entity, period : str
        Columns of who and when.
    cluster : str, optional
        Column of clusters of whole entities; each entity its own by default.
    complete_only : bool
        Leave out rows that lack a column; without it they stay, NaN where a value is missing, for regressions on lags.

    Returns
    -------
    ArrayBlocks

    Raises
    ------
    DataError
        If columns or keys are missing, a key repeats, an entity changes its cluster, or no row is complete.
    """
    own = cluster is None or cluster == entity
    rows = read_panel(data, names if own else (*names, str(cluster)), entity=entity, period=period)
    complete = np.ones(len(rows.entity), dtype=bool)
    if complete_only:
        complete = rows.frame[list(names)].notna().all(axis=1).to_numpy()
        if not complete.any():
            raise DataError(f"no row of the panel has all of {', '.join(names)}.")
        rows = rows.keep(complete)
    return ArrayBlocks(
        names=tuple(names),
        columns=np.ascontiguousarray(rows.frame[list(names)].to_numpy(dtype=float, na_value=np.nan).T),
        entity=rows.entity,
        period=rows.period,
        entities=rows.names,
        clusters=None if own else whole_clusters(rows.entity, rows.frame[cluster], str(cluster)),
        n_omitted=int((~complete).sum()),
    )


def whole_entities(length: np.ndarray, most_rows: int, n_periods: int = 1) -> Iterator[tuple[int, int]]:
    """Yield the first and the last entity of each block: as many as fit, and one at least.

    Parameters
    ----------
    length : ndarray of int, shape (g,)
        Rows of each entity.
    most_rows : int
        Rows a block.
    n_periods : int
        Periods of the panel: the more of them, the fewer entities in a block.
    """
    end, first, most = np.cumsum(length), 0, max(BLOCK_CELLS // n_periods, 1)
    while first < len(length):
        before = end[first] - length[first]
        last = max(int(np.searchsorted(end, before + most_rows, side="right")) - 1, first)
        last = min(last, first + most - 1)
        yield first, last
        first = last + 1


def fits_in_memory(panel: EntityBlocks, most_rows: int) -> bool:
    """Tell whether a panel's rows, and its entities times its periods, are few enough to be held at once.

    Raises
    ------
    DataError
        If the numbers of its periods lie too far apart to be counted one by one.
    """
    if panel.n_periods > MOST_PERIODS:
        raise DataError(
            f"periods run from {panel.first_period:,} over {panel.n_periods:,} numbers, and {MOST_PERIODS:,} are the "
            "most. Number them so that the next period has the next number."
        )
    return panel.n_rows <= most_rows and len(panel.entities) * panel.n_periods <= 5 * BLOCK_CELLS


def whole_clusters(entity: np.ndarray, cluster: pd.Series, name: str) -> pd.Index:
    """Return the cluster of each entity.

    Parameters
    ----------
    entity : ndarray of int, shape (n,)
        Codes from 0 without gaps, in rising order.
    cluster : pandas.Series
        Cluster of each row.
    name : str
        What the clusters are called.

    Raises
    ------
    DataError
        If a row lacks its cluster, or an entity changes it.
    """
    code, names = pd.factorize(cluster)
    lacking = int((code < 0).sum())
    if lacking:
        raise DataError(f"{lacking:,} rows lack '{name}'. Leave them out, and say so.")
    first = code[np.searchsorted(entity, np.arange(int(entity.max()) + 1))]
    moved = len(np.unique(entity[code != first[entity]]))
    if moved:
        raise DataError(f"{moved:,} entities change their '{name}'. Give each one cluster, such as its first.")
    return pd.Index(names[first])
