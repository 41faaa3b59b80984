"""Rows of a panel laid out for matching: cells of equal score and period, who is in them, and who has no like."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from coroi.errors import DataError, Problem
from coroi.inference.matched import FEWEST, Cells, cells_of, side_mean
from coroi.inference.panels import cluster_codes, read_panel
from coroi.inference.variants import account


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchColumns:
    """Columns of rows to be matched.

    Parameters
    ----------
    outcome, score, treated : str
        What came later, the score, and whether the row was treated, 0 or 1.
    before, earlier : str or None
        The outcome before, and what the treatment cannot have changed.
    within : tuple of str
        Further columns of a cell, the period among them.
    """

    outcome: str
    score: str
    treated: str
    before: str | None
    earlier: str | None
    within: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MatchedRows:
    """Rows with their cells, their clusters, and the account of those left out.

    Parameters
    ----------
    frame : pandas.DataFrame
        All rows, in the order of entity and period.
    entity, unit : ndarray of int, shape (n,)
        Codes of entity and cluster.
    units : pandas.Index
        Names of the clusters.
    treated, seen : ndarray of bool, shape (n,)
        Who was treated, and whose outcome is known.
    complete : ndarray of bool, shape (n,)
        Rows that can be matched, c of them.
    cells : Cells
        Of the complete rows.
    cell : ndarray of int, shape (n,)
        Cell of every row; −1 without one.
    flow, table : pandas.DataFrame
        Rows left out by reason; and cells with their counts.
    """

    frame: pd.DataFrame
    entity: np.ndarray
    unit: np.ndarray
    units: pd.Index
    treated: np.ndarray
    seen: np.ndarray
    complete: np.ndarray
    cells: Cells
    cell: np.ndarray
    flow: pd.DataFrame
    table: pd.DataFrame

    @property
    def used(self) -> np.ndarray:
        """Rows in cells with two or more of either kind, shape (n,)."""
        used = np.zeros(len(self.frame), dtype=bool)
        used[self.complete] = self.cells.rows
        return used

    @property
    def present(self) -> np.ndarray:
        """Clusters that have such a row, shape (n_units,)."""
        return np.asarray(np.bincount(self.unit[self.used], minlength=len(self.units)) > 0)

    @property
    def n_entities(self) -> int:
        """Entities with such a row."""
        return len(np.unique(self.entity[self.used]))

    @property
    def n_matched(self) -> int:
        """Treated rows in such cells."""
        return int(self.cells.n_treated[self.cells.kept].sum())

    @property
    def n_followed(self) -> int:
        """Treated rows that could be matched."""
        return int(self.cells.n_treated.sum())

    def values(self, column: str) -> np.ndarray:
        """Return a column of the complete rows, shape (c,)."""
        return self.frame[column].to_numpy(dtype=float, na_value=np.nan)[self.complete]

    def side(self, values: np.ndarray, *, treated: bool) -> tuple[float, np.ndarray]:
        """Return the mean of a side over cells and its influence; see :func:`side_mean`."""
        return side_mean(values, self.cells, self.unit[self.complete], len(self.units), treated=treated)

    def reason(self, fewest: int) -> str:
        """Say why nothing can be told from so few clusters; an empty string where it can."""
        if not self.cells.kept.any():
            return f"no cell has {FEWEST} rows of either kind with equal score and period"
        n = int(self.present.sum())
        return f"{n:,} clusters are in cells with both kinds, fewer than {fewest}" if n < fewest else ""

    def plain_difference(self, column: str) -> tuple[float, np.ndarray] | str:
        """Return all treated less all untreated, cells aside, and the influence; or why there is none."""
        treated, unit = self.treated[self.complete], self.unit[self.complete]
        if not len(treated):
            return "no outcome is known"
        whole = cells_of(np.zeros(len(treated), dtype=int), treated)
        if not whole.kept.all():
            return f"fewer than {FEWEST} rows of a kind have an outcome"
        values = self.values(column)
        one, other = (side_mean(values, whole, unit, len(self.units), treated=side) for side in (True, False))
        return one[0] - other[0], (one[1] - other[1])[np.unique(unit)]

    def with_known(self, column: str) -> MatchedRows:
        """Return the same with the rows alone in which a column is known."""
        complete = self.complete & self.frame[column].notna().to_numpy()
        return replace(self, complete=complete, cells=_cells(self.cell, self.treated, complete))


def match_rows(
    data: pd.DataFrame, names: MatchColumns, *, entity: str, period: str, cluster: str | None
) -> MatchedRows:
    """Put rows into cells of equal score, period and further columns.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    names : MatchColumns
    entity, period : str
        Columns of who and when.
    cluster : str, optional
        Column of clusters of whole entities.

    Raises
    ------
    DataError
        As :func:`read_panel`; or if the treatment is not 0 or 1, or nobody or everybody is treated.
    """
    further = [c for c in (names.before, names.earlier, cluster) if c]
    rows = read_panel(
        data,
        list(dict.fromkeys([names.outcome, names.score, names.treated, *names.within, *further])),
        entity=entity,
        period=period,
    )
    frame = rows.frame
    treated = _treated(frame[names.treated], names.treated)
    unit, units = cluster_codes(rows, cluster)
    keys = [names.score, *names.within]
    cell = frame.groupby(keys, dropna=True, sort=True).ngroup().fillna(-1).to_numpy(dtype=int)
    cell = np.where(frame[keys].isna().any(axis=1), -1, cell)
    seen = frame[names.outcome].notna().to_numpy()
    known = np.ones(len(frame), dtype=bool) if names.before is None else frame[names.before].notna().to_numpy()
    complete = seen & known & (cell >= 0)
    counted = _cells(cell, treated, complete)
    return MatchedRows(
        frame=frame,
        entity=rows.entity,
        unit=unit,
        units=units,
        treated=treated,
        seen=seen,
        complete=complete,
        cells=counted,
        cell=cell,
        flow=_flow(cell, counted, {"no outcome": ~seen, "no outcome before": ~known}),
        table=_table(frame[complete], cell[complete], counted, keys).rename(columns={names.score: "score"}),
    )


def _flow(cell: np.ndarray, counted: Cells, gone: dict[str, np.ndarray]) -> pd.DataFrame:
    """Account for all rows: what they lack, and whom they lack."""
    of_row = np.where(cell >= 0, cell, 0)
    few = np.minimum(counted.n_treated, counted.n_untreated)[of_row] < FEWEST
    likes = {
        "no score, or another column of the cell is empty": cell < 0,
        "nobody of the cell was treated": counted.n_treated[of_row] == 0,
        f"fewer than {FEWEST} of either kind in the cell": few,
    }
    return account(gone | likes)


def _table(frame: pd.DataFrame, cell: np.ndarray, counted: Cells, keys: list[str]) -> pd.DataFrame:
    """List the cells with their counts."""
    table = frame.assign(at=cell)[["at", *keys]].drop_duplicates("at").sort_values("at").reset_index(drop=True)
    at = table.pop("at").to_numpy()
    table = table.assign(followed_up=counted.n_treated[at], not_followed_up=counted.n_untreated[at])
    return table.assign(matched=counted.kept[at])


def _treated(column: pd.Series, name: str) -> np.ndarray:
    empty = int(column.isna().sum())
    if empty:
        raise DataError(f"{empty:,} rows lack '{name}'. Leave them out, and say so.")
    if not column.isin([0, 1]).all():
        raise DataError(Problem(name, "it holds other values than 0 and 1.", "Mark who was followed up with 1."))
    treated = column.to_numpy(dtype=float) == 1
    if treated.all() or not treated.any():
        who = "everybody" if treated.all() else "nobody"
        raise DataError(Problem(name, f"{who} was followed up.", "Without both kinds there is nothing to compare."))
    return treated


def _cells(cell: np.ndarray, treated: np.ndarray, complete: np.ndarray) -> Cells:
    """Count the complete rows by cell, and by the numbers of all cells."""
    n = max(int(cell.max()) + 1, 1)
    on, off = (np.bincount(cell[complete & (treated == side)], minlength=n) for side in (True, False))
    return Cells(cell=cell[complete], treated=treated[complete], n_treated=on, n_untreated=off)
