"""Errors of a roll-out's effects from clusters compared with others of their own cohort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coroi.inference.linear import sum_by

MOST_ALONE = 0.25
"""Share of a variance, known beforehand, up to which a cluster that is alone in its cohort may carry it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strata:
    """Clusters put together with those that began when they did.

    Parameters
    ----------
    code : ndarray of int, shape (n_clusters,)
        Stratum of each cluster, from 0; at least two clusters in each, unless there is one in all.
    alone : ndarray of bool, shape (n_clusters,)
        Whether no other cluster began with it, so that its stratum holds a neighbouring cohort too.
    """

    code: np.ndarray
    alone: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moved:
    """Influence by cluster, and how well it tells the variance.

    Parameters
    ----------
    influence : ndarray, shape (n_clusters, k)
        Squares summed over clusters, times G / (G − 1), are variances.
    df : ndarray, shape (k,)
        Degrees of freedom of each variance.
    alone : ndarray, shape (k,)
        Largest share of the variance, known beforehand, that one cluster alone in its cohort carries.
    """

    influence: np.ndarray
    df: np.ndarray
    alone: np.ndarray

    @staticmethod
    def join(parts: Sequence[Moved]) -> Moved:
        """Put the influence on several sets of estimates side by side."""
        return Moved(
            influence=np.hstack([part.influence for part in parts]),
            df=np.concatenate([part.df for part in parts]),
            alone=np.concatenate([part.alone for part in parts]),
        )

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of the estimates, shape (k, k)."""
        n = len(self.influence)
        return np.asarray(self.influence.T @ self.influence * (n / (n - 1)))


def strata_of(first: np.ndarray, cluster: np.ndarray, group: np.ndarray | None = None) -> Strata:
    """Put clusters together by the earliest start among their rows, and by group where one is given.

    Parameters
    ----------
    first : ndarray of int, shape (n,)
        First treated period; one later than all others for who is never treated.
    cluster : ndarray of int, shape (n,)
        Codes from 0.
    group : ndarray, shape (n,), optional
        Clusters with rows of several groups make a group of their own.

    Returns
    -------
    Strata

    Notes
    -----
    A cohort of one cluster is joined with the next one, the last with the one before.
    """
    n = int(cluster.max()) + 1
    start = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(start, cluster, first)
    code = np.zeros(len(cluster), dtype=int) if group is None else np.unique(group, return_inverse=True)[1]
    low, high = np.full(n, code.max()), np.zeros(n, dtype=code.dtype)
    np.minimum.at(low, cluster, code)
    np.maximum.at(high, cluster, code)
    of = np.where(low == high, low, code.max() + 1)
    _, cohort, counts = np.unique(np.stack([of, start]), axis=1, return_inverse=True, return_counts=True)
    joined, stratum, inside = np.zeros(len(counts), dtype=int), 0, 0
    for at, size in enumerate(counts):
        joined[at] = stratum
        inside += size
        if inside > 1:
            stratum, inside = stratum + 1, 0
    if inside:
        joined[joined == stratum] = max(stratum - 1, 0)
    cohort = cohort.ravel()
    return Strata(code=joined[cohort], alone=(counts == 1)[cohort])


def moved_within(scores: np.ndarray, planned: np.ndarray, strata: Strata, factor: np.ndarray | None = None) -> Moved:
    """Turn scores by cluster into influence, each compared with the mean of its stratum.

    Parameters
    ----------
    scores : ndarray, shape (n_clusters, k)
        What each cluster adds to the error of each estimate.
    planned : ndarray, shape (n_clusters, k)
        What it adds to the variance if shocks are independent, in any unit; known before any outcome.
    strata : Strata
    factor : ndarray, shape (n_strata, k), optional
        What a stratum's squares are multiplied by for what the fit took out of them; 1 by default.

    Returns
    -------
    Moved

    Notes
    -----
    In a stratum of n clusters, squares about its mean times n / (n − 1) estimate n times the variance of a score
    without bias where its clusters weigh alike, whatever the dependence over time and however the effect differs from
    cohort to cohort. Degrees of freedom of the sum over strata are Satterthwaite's at the planned variances, as Bell
    and McCaffrey (2002), Survey Methodology 28:169-181, do for clusters; Imbens and Kolesár (2016), Review of
    Economics and Statistics 98:701-712.
    """
    size = np.bincount(strata.code).astype(float)
    free = np.maximum(size - 1, 1)
    n = len(scores)
    about = scores - (sum_by(scores, strata.code) / size[:, None])[strata.code]
    about *= np.sqrt(size / free)[strata.code][:, None]
    if factor is not None:
        about *= np.sqrt(factor)[strata.code]
    part = sum_by(planned, strata.code)
    total, spread = part.sum(axis=0), (part**2 / free[:, None]).sum(axis=0)
    df = np.divide(total**2, spread, out=np.ones(len(total)), where=spread > 0)
    alone = (planned * strata.alone[:, None]).max(axis=0)
    return Moved(
        influence=about * np.sqrt((n - 1) / n),
        df=np.minimum(df, max(n - 1, 1)),
        alone=np.divide(alone, total, out=np.zeros(len(total)), where=total > 0),
    )


def centred(
    effect: np.ndarray, weight: np.ndarray, group: np.ndarray, wider: np.ndarray, who: np.ndarray
) -> np.ndarray:
    """Take the mean effect of rows alike off each row's effect.

    Parameters
    ----------
    effect : ndarray, shape (n,) or (n, q)
        Columns are centred each for itself.
    weight : ndarray, shape (n,)
    group, wider : ndarray of int, shape (n,)
        Codes from 0 of rows alike, and of a wider circle that is taken where a group holds one cluster only.
    who : ndarray of int, shape (n,)
        Cluster of each row.

    Returns
    -------
    ndarray, as `effect`
    """
    if not effect.size:
        return effect
    columns = effect.reshape(len(effect), -1)
    lone = ~_several(group, who)
    means = _mean(columns, weight, group)
    if lone.any():
        means[lone] = _mean(columns, weight, wider)[lone]
    return (columns - means).reshape(effect.shape)


def circles(weight: np.ndarray, group: np.ndarray, wider: np.ndarray, who: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell whose mean :func:`centred` takes off each row.

    Parameters
    ----------
    weight, group, wider, who : ndarray, shape (n,)
        As :func:`centred` takes them.

    Returns
    -------
    circle : ndarray of int, shape (n,)
        Codes from 0, without gaps: of groups, and of wider circles.
    total : ndarray, shape (n,)
        Weight of all rows in it, with those of a wider circle that have a group of their own.
    """
    several = _several(group, who)
    code = np.where(several, group, group.max(initial=-1) + 1 + wider)
    total = np.where(several, *(np.bincount(each, weights=weight)[each] for each in (group, wider)))
    return np.unique(code, return_inverse=True)[1], total


def _several(group: np.ndarray, who: np.ndarray) -> np.ndarray:
    """Tell whether each row's group holds several clusters."""
    first = np.zeros(int(group.max(initial=-1)) + 1, dtype=who.dtype)
    first[group] = who
    return np.asarray((np.bincount(group, weights=who != first[group]) > 0)[group])


def _mean(columns: np.ndarray, weight: np.ndarray, code: np.ndarray) -> np.ndarray:
    return (sum_by(columns * weight[:, None], code) / np.bincount(code, weights=weight)[:, None])[code]
