"""Panels as arrays: codes of who and when, and earlier or later values that never cross a gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PanelRows:
    """Rows of a panel in the order of entity and period.

    Parameters
    ----------
    frame : pandas.DataFrame
        The columns asked for, sorted, with a new index.
    entity : ndarray of int, shape (n,)
        Code of each row's entity, from 0.
    period : ndarray of int, shape (n,)
        Number of each row's period; numbers that no row has are gaps.
    names : pandas.Index
        The entities in the order of their codes.
    """

    frame: pd.DataFrame
    entity: np.ndarray
    period: np.ndarray
    names: pd.Index

    def keep(self, rows: np.ndarray) -> PanelRows:
        """Return some of the rows, with new codes for their entities."""
        code, names = pd.factorize(self.entity[rows])
        return PanelRows(
            frame=self.frame[rows].reset_index(drop=True),
            entity=code,
            period=self.period[rows],
            names=self.names[names],
        )


def read_panel(data: pd.DataFrame, columns: Sequence[str], *, entity: str, period: str) -> PanelRows:
    """Check a panel's keys and put its rows in an order of their own.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    columns : sequence of str
        Columns to carry along.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time, so that 3 follows 2.

    Returns
    -------
    PanelRows

    Raises
    ------
    DataError
        If a column is missing, a key is empty or repeated, a period is no whole number, a value is infinite, or there
        is no row.
    """
    absent = [c for c in dict.fromkeys((entity, period, *columns)) if c not in data.columns]
    if absent:
        raise DataError(f"the panel lacks the columns {', '.join(absent)}; it has {', '.join(map(str, data.columns))}.")
    if data.empty:
        raise DataError("the panel has no row.")
    empty = int(data[[entity, period]].isna().any(axis=1).sum())
    if empty:
        raise DataError(f"{empty:,} rows lack '{entity}' or '{period}'. Leave them out, and say so.")
    when = data[period].to_numpy(dtype=float)
    broken = int((when != np.round(when)).sum())
    if broken:
        raise DataError(f"{broken:,} rows of '{period}' are no whole numbers. Number the periods.")
    twice = int(data.duplicated([entity, period]).sum())
    if twice:
        raise DataError(f"{twice:,} rows repeat ({entity}, {period}). Aggregate before fitting.")
    wanted = list(dict.fromkeys((*columns, entity, period)))
    frame = data[wanted].sort_values([entity, period]).reset_index(drop=True)
    numbers = frame[list(dict.fromkeys(columns))].select_dtypes("number")
    infinite = int(np.isinf(numbers.to_numpy(dtype=float, na_value=np.nan)).sum())
    if infinite:
        raise DataError(f"{infinite:,} cells of the panel are infinite. Correct them, or leave their rows out.")
    code, names = pd.factorize(frame[entity])
    return PanelRows(frame=frame, entity=code, period=frame[period].to_numpy(dtype=np.int64), names=pd.Index(names))


def shifted(values: np.ndarray, entity: np.ndarray, period: np.ndarray, by: int) -> np.ndarray:
    """Return the values of the same entity some periods earlier, or later; NaN where that period has no row.

    Parameters
    ----------
    values : ndarray, shape (n,) or (n, k)
    entity, period : ndarray of int, shape (n,)
        Sorted by entity, then period, as in :class:`PanelRows`.
    by : int
        Periods back; below zero, ahead.

    Returns
    -------
    ndarray
        Shape of `values`, float.
    """
    span = int(period.max() - period.min()) + 1 + 2 * abs(by)
    key = entity.astype(np.int64) * span + (period - period.min()) + abs(by)
    at = np.searchsorted(key, key - by)
    found = (at < len(key)) & (key[np.minimum(at, len(key) - 1)] == key - by)
    moved = np.full(values.shape, np.nan)
    moved[found] = values[at[found]]
    return moved


def cluster_codes(panel: PanelRows, cluster: str | None) -> tuple[np.ndarray, pd.Index]:
    """Return the cluster of each row and the clusters' names in the order of their codes.

    Parameters
    ----------
    panel : PanelRows
    cluster : str, optional
        Column of groups of entities; the entity itself by default.

    Raises
    ------
    DataError
        If a row lacks its cluster or an entity has several.
    """
    if cluster is None:
        return panel.entity, panel.names
    missing = int(panel.frame[cluster].isna().sum())
    if missing:
        raise DataError(f"{missing:,} rows lack '{cluster}'. Leave them out, and say so.")
    code, names = pd.factorize(panel.frame[cluster], sort=True)
    several = int((pd.Series(code).groupby(panel.entity).nunique() > 1).sum())
    if several:
        raise DataError(f"{several:,} entities have more than one '{cluster}'. Give each entity one.")
    return code, pd.Index(names)
