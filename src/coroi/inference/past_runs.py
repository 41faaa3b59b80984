"""Unbroken runs of a panel's rows, each row with its past, effects swept out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.inference.binary import aliased
from coroi.inference.panels import shifted
from coroi.inference.within import sweep

LEAST_RUN = 3
"""Rows in a run, each with its past, from which the variance of errors can be told row by row."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """Rows with their past in unbroken runs, the effects of run and period swept out.

    Parameters
    ----------
    blocks : tuple of ndarray
        By length of run, shape (n_runs, length, k + kp): the columns, then their p values before, latest first.
    cluster : tuple of ndarray of int
        Cluster of each block's runs: position among those in use, in their order.
    rows : ndarray of int
        Positions of the rows in use.
    k : int
        Columns.
    n_clusters, n_rows, n_runs, n_left_out : int
        Clusters, rows and runs in use; rows without their past or in runs that are too short.
    lost : ndarray of bool, shape (k + kp,)
        Columns of which the effects and the columns before leave nothing.
    """

    blocks: tuple[np.ndarray, ...]
    cluster: tuple[np.ndarray, ...]
    rows: np.ndarray
    k: int
    n_clusters: int
    n_rows: int
    n_runs: int
    n_left_out: int
    lost: np.ndarray


def past_runs(values: np.ndarray, entity: np.ndarray, period: np.ndarray, cluster: np.ndarray, *, lags: int) -> Runs:
    """Lay rows out with their past, and sweep out what each run and each period has in common.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        NaN where missing; sorted by entity, then period.
    entity, period, cluster : ndarray of int, shape (n,)
        As in :class:`coroi.inference.panels.PanelRows`; all rows of an entity belong to one cluster.
    lags : int
        p, from 1.

    Returns
    -------
    Runs
        A gap ends a run; what follows it is a run of its own, with a level of its own.
    """
    k = values.shape[1]
    whole = np.hstack([values, *(shifted(values, entity, period, by) for by in range(1, lags + 1))])
    at = np.flatnonzero(np.isfinite(whole).all(axis=1))
    run, length = _runs(entity[at], period[at])
    long = length[run] >= LEAST_RUN
    at, run = at[long], np.unique(run[long], return_inverse=True)[1]
    n_left_out = len(values) - len(at)
    if not len(at):
        none = {"n_clusters": 0, "n_rows": 0, "n_runs": 0, "n_left_out": n_left_out}
        return Runs(blocks=(), cluster=(), rows=at, k=k, lost=np.ones(whole.shape[1], dtype=bool), **none)
    _, first, length = np.unique(run, return_index=True, return_counts=True)
    swept = sweep(whole[at], run, np.unique(period[at], return_inverse=True)[1]).values
    code = np.unique(cluster[at], return_inverse=True)[1]
    blocks, clusters = [], []
    for t in np.unique(length):
        rows = first[length == t, None] + np.arange(t)
        blocks.append(swept[rows])
        clusters.append(code[rows[:, 0]])
    lost = np.append(_lost(swept[:, :k]), aliased(swept[:, k:].T @ swept[:, k:]))
    return Runs(
        blocks=tuple(blocks),
        cluster=tuple(clusters),
        rows=at,
        k=k,
        n_clusters=int(code.max()) + 1,
        n_rows=len(at),
        n_runs=len(first),
        n_left_out=n_left_out,
        lost=lost,
    )


def _runs(entity: np.ndarray, period: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the run without a gap that each row is in, and the rows of each run."""
    if not len(entity):
        return np.zeros(0, dtype=int), np.zeros(0, dtype=int)
    breaks = (np.diff(entity) != 0) | (np.diff(period) != 1)
    run = np.append(0, np.cumsum(breaks))
    return run, np.bincount(run)


def _lost(columns: np.ndarray) -> np.ndarray:
    return np.asarray((columns == 0).all(axis=0))
