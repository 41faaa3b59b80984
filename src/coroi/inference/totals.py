"""Means and shares from customers' totals: any dependence within a customer is allowed, within and across groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coroi.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Totals:
    """Customers' weighted totals, summed, and the sums of their products.

    Parameters
    ----------
    groups : tuple of str
        Waves, items or whatever answers are told apart by; k of them.
    parts : tuple of str
        What is averaged; m of them.
    sums : ndarray, shape (k, m + 1)
        Sum of the weights, then of weight times each part.
    cross : ndarray, shape (k, m + 1, k, m + 1)
        Over customers, the sum of the products of their own totals.
    n_obs, n_clusters : ndarray, shape (k,)
        Answers, and customers who gave them.
    n_all : int
        Customers in any group.
    """

    groups: tuple[str, ...]
    parts: tuple[str, ...]
    sums: np.ndarray
    cross: np.ndarray
    n_obs: np.ndarray
    n_clusters: np.ndarray
    n_all: int

    @property
    def means(self) -> np.ndarray:
        """Weighted means, shape (k, m); NaN in a group without weight."""
        weight = self.sums[:, :1]
        return np.divide(self.sums[:, 1:], weight, out=np.full_like(self.sums[:, 1:], np.nan), where=weight > 0)

    @property
    def even_customers(self) -> np.ndarray:
        """Customers of equal weight that would count as much, by group: Kish's effective number, shape (k,)."""
        each = np.arange(len(self.groups))
        squares = self.cross[each, 0, each, 0]
        return np.divide(self.sums[:, 0] ** 2, squares, out=np.zeros(len(each)), where=squares > 0)


def totals_of(groups: Sequence[str], parts: Sequence[str], by_customer: np.ndarray, n_obs: np.ndarray) -> Totals:
    """Sum totals of customers held in memory.

    Parameters
    ----------
    groups, parts : sequence of str
        Names of the groups (k) and parts (m).
    by_customer : ndarray, shape (g, k, m + 1)
        Each customer's weight and weighted parts by group; zeros where a customer gave no answer.
    n_obs : ndarray, shape (g, k)
        Answers by customer and group.
    """
    here = n_obs > 0
    flat = by_customer.reshape(len(by_customer), -1)
    k, columns = by_customer.shape[1:]
    return Totals(
        groups=tuple(groups),
        parts=tuple(parts),
        sums=by_customer.sum(axis=0),
        cross=(flat.T @ flat).reshape(k, columns, k, columns),
        n_obs=n_obs.sum(axis=0),
        n_clusters=here.sum(axis=0),
        n_all=int(here.any(axis=1).sum()),
    )


def mean_covariance(totals: Totals) -> np.ndarray:
    """Return the covariance of all means, clustered by customer.

    Returns
    -------
    ndarray, shape (k · m, k · m)
        In the order of the groups, then of the parts; NaN for groups with fewer than two customers.

    Notes
    -----
    Each mean is a ratio of totals; it is linearised, and customers' residuals are squared and summed, so that
    customers who are in two groups tie their means together. The factor of a group's errors is the root of G / (G −
    1) with its own G customers, so that a group's error does not change with the groups beside it. Assumption:
    customers are independent of each other (untestable). References: Binder (1983), International Statistical Review
    51:279-292; Liang and Zeger (1986), Biometrika 73:13-22.
    """
    k, m = len(totals.groups), len(totals.parts)
    slope = np.zeros((k, m, k, m + 1))
    weight = np.where(totals.sums[:, 0] > 0, totals.sums[:, 0], np.nan)
    factor = np.sqrt(
        np.divide(totals.n_clusters, totals.n_clusters - 1, out=np.full(k, np.nan), where=totals.n_clusters > 1)
    )
    for group in range(k):
        for part in range(m):
            slope[group, part, group, 0] = -totals.means[group, part]
            slope[group, part, group, part + 1] = 1.0
        slope[group, :, group] *= factor[group] / weight[group]
    flat = slope.reshape(k * m, k * (m + 1))
    known = np.isfinite(flat).all(axis=1)
    meat = totals.cross.reshape(k * (m + 1), k * (m + 1))
    covariance = np.full((k * m, k * m), np.nan)
    covariance[np.ix_(known, known)] = flat[known] @ meat @ flat[known].T
    # Residuals of equal answers cancel to rounding: what is left of the sums' own size is no variance.
    noise = 1e-13 * np.abs(flat[known]) @ np.abs(meat) @ np.abs(flat[known]).T
    kept = np.abs(covariance[np.ix_(known, known)]) > noise
    covariance[np.ix_(known, known)] *= kept
    return covariance


def check_weights(weights: np.ndarray) -> None:
    """Refuse weights that are missing, negative or without end.

    Raises
    ------
    DataError
        With how many there are.
    """
    bad = int((~np.isfinite(weights) | (weights < 0)).sum())
    if bad:
        raise DataError(f"{bad:,} survey weights are missing, negative or infinite. Weights are numbers of 0 or more.")
