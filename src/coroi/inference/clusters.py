"""Scores summed by cluster, and the covariance that allows any dependence within clusters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from coroi.inference.binary import Link, score_factor
from coroi.inference.design import Usable, rows_of
from coroi.schemas import CellCounts


def cluster_scores(cells: CellCounts, usable: Usable, coef: np.ndarray, link: Link) -> tuple[np.ndarray, int]:
    """Sum the scores of a binary regression by cluster.

    Parameters
    ----------
    cells : CellCounts
        The data.
    usable : Usable
        Which of them are in the fit.
    coef : ndarray, shape (p,)
        Coefficients of the columns in the fit.
    link : str
        ``logit`` or ``cloglog``.

    Returns
    -------
    scores : ndarray, shape (n_clusters, p)
        Zeros for a cluster without a row in the fit.
    n_clusters : int
        Clusters with a row in the fit.
    """
    present = np.zeros(cells.n_clusters, dtype=bool)

    def parts() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        for block in cells.blocks():
            design, keep, _, _ = rows_of(block, usable.terms, usable.set_aside)
            design = design[:, usable.free]
            mean, factor, _ = score_factor(design @ coef, link)
            factor, all_kept = np.where(keep, factor, 0.0), keep.all()
            for cluster, cell, n, events in block.clusters():
                present[cluster if all_kept else cluster[keep[cell]]] = True
                yield cluster, cell, factor[cell] * (events - n * mean[cell]), design

    scores = _sum_by_cluster(parts(), cells.n_clusters, len(coef))
    return scores, int(present.sum())


def cluster_covariance(scores: np.ndarray, bread: np.ndarray, n_clusters: int) -> np.ndarray:
    """Return the covariance that allows any dependence within clusters.

    Parameters
    ----------
    scores : ndarray, shape (g, p)
        Scores summed by cluster at the estimate; clusters without a row in the fit have zeros.
    bread : ndarray, shape (p, p)
        Inverse of the observed information.
    n_clusters : int
        Clusters with a row in the fit, G.

    Notes
    -----
    Sandwich with the factor G / (G − 1), and no other. Reference: Liang and Zeger (1986), Biometrika 73:13-22.
    """
    return bread @ (scores.T @ scores) @ bread * (n_clusters / (n_clusters - 1))


def _sum_by_cluster(
    parts: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]], n_clusters: int, n_params: int
) -> np.ndarray:
    """Sum multiples of a design's rows by cluster; a cluster may turn up in several parts.

    Parameters
    ----------
    parts : iterable of (cluster, cell, factor, design)
        Cluster number (from 0), row of the design and what that row is multiplied by, each of shape (r,), and the
        part's design, shape (n_cells, n_params).
    n_clusters, n_params : int
        Shape of the answer.

    Returns
    -------
    ndarray, shape (n_clusters, n_params)
    """
    from scipy import sparse

    total = np.zeros((n_clusters, n_params))
    place = np.empty(n_clusters, dtype=np.int32)
    for cluster, cell, factor, design in parts:
        seen = np.zeros(n_clusters, dtype=bool)
        seen[cluster] = True
        present = np.flatnonzero(seen)
        place[present] = np.arange(len(present), dtype=np.int32)
        # multiplied as coordinates: sorting them into rows first takes five times as long
        picker = sparse.coo_array((factor, (place[cluster], cell)), shape=(len(present), len(design)))
        total[present] += picker @ design
    return total
