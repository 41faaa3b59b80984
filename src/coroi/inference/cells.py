"""Rows in memory reduced to distinct cells, for models that take counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.errors import DataError


@dataclass(frozen=True, slots=True, eq=False)
class ArrayBlock:
    """Cells with the rows of clusters that they were counted from, in memory."""

    covariates: pd.DataFrame
    n: np.ndarray
    events: np.ndarray
    rows: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

    def clusters(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Yield all rows at once."""
        yield self.rows


@dataclass(frozen=True, slots=True, eq=False)
class ArrayCells:
    """Cell counts of a data frame."""

    block: ArrayBlock
    n_rows: int
    n_clusters: int
    cluster_names: pd.Index

    def blocks(self) -> Iterator[ArrayBlock]:
        """Yield the one block."""
        yield self.block


def count_cells(
    frame: pd.DataFrame,
    covariates: Sequence[str],
    *,
    event: str,
    cluster: str,
    weight: str | None = None,
    time: str | None = None,
) -> ArrayCells:
    """Reduce rows to distinct cells; missing values of a covariate make a cell of their own.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row an entity and period.
    covariates : sequence of str
        Columns that the model uses.
    event, cluster : str
        Columns of 0/1 and of the cluster.
    weight : str, optional
        Column of weights; 1 by default.
    time : str, optional
        Column of the period; a cluster may then have each period but once.

    Returns
    -------
    ArrayCells

    Raises
    ------
    DataError
        If a row lacks its event, its cluster or its weight, or repeats its cluster and period.
    """
    needed = [event, cluster] if weight is None else [event, cluster, weight]
    lacking = frame[needed].isna().sum()
    if lacking.any():
        said = ", ".join(f"{n:,} rows without '{name}'" for name, n in lacking.items() if n)
        raise DataError(f"The rows cannot be counted: {said}. Leave them out, and say so.")
    twice = 0 if time is None else int(frame.duplicated([cluster, time]).sum())
    if twice:
        raise DataError(
            f"The rows cannot be counted: {twice:,} repeat the ({cluster}, {time}) of another. Keep one each."
        )
    weights = np.ones(len(frame)) if weight is None else frame[weight].to_numpy(float)
    events = frame[event].to_numpy(float) * weights
    number, groups = _number(frame, list(covariates))
    cells = pd.DataFrame({c: frame[c].iloc[groups].to_numpy() for c in covariates}, index=range(len(groups)))
    code, clusters = pd.factorize(frame[cluster])
    n = np.bincount(number, weights, minlength=len(cells))
    y = np.bincount(number, events, minlength=len(cells))
    block = ArrayBlock(cells, n, y, (code.astype(np.int64), number, weights, events))
    return ArrayCells(block, len(frame), len(clusters), pd.Index(clusters))


def _number(frame: pd.DataFrame, covariates: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Give distinct rows a number from 0, and return the position of the first row of each."""
    if not covariates:
        return np.zeros(len(frame), dtype=np.int64), np.zeros(min(len(frame), 1), dtype=np.int64)
    number = frame.groupby(covariates, dropna=False, sort=True, observed=True).ngroup().to_numpy()
    _, first = np.unique(number, return_index=True)
    return number, first
