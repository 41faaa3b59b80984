"""Least squares, and covariances for rows that depend on each other in clusters, in time, or across entities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from coroi.inference.binary import aliased

Factor = Literal["clusters", "stata", "none"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearFit:
    """A linear regression.

    Parameters
    ----------
    coef : ndarray, shape (p,)
        NaN for a column that is a combination of those before it.
    kept : ndarray of bool, shape (p,)
        The columns in the fit, q of them.
    bread : ndarray, shape (q, q)
        Inverse of the weighted cross-products.
    scores : ndarray, shape (n, q)
        Each row's design times its weighted residual.
    residual : ndarray, shape (n,)
    """

    coef: np.ndarray
    kept: np.ndarray
    bread: np.ndarray
    scores: np.ndarray
    residual: np.ndarray

    def influence(self, cluster: np.ndarray) -> np.ndarray:
        """Return each cluster's influence on the coefficients in the fit, shape (n_clusters, q)."""
        return sum_by(self.scores, cluster) @ self.bread

    def spread(self, covariance: np.ndarray) -> np.ndarray:
        """Return a covariance of the q coefficients in the fit for all p; NaN where a column is not in it."""
        whole = np.full((len(self.kept), len(self.kept)), np.nan)
        whole[np.ix_(self.kept, self.kept)] = covariance
        return whole


def least_squares(design: np.ndarray, outcome: np.ndarray, weight: np.ndarray | None = None) -> LinearFit:
    """Fit a linear regression; a column that those before it make up is left out.

    Parameters
    ----------
    design : ndarray, shape (n, p)
        Columns as they are to be fitted: the constant among them, or effects swept out of all.
    outcome : ndarray, shape (n,)
    weight : ndarray, shape (n,), optional
        1 by default.

    Returns
    -------
    LinearFit
    """
    return least_squares_of(design, [outcome], weight)[0]


def least_squares_of(
    design: np.ndarray, outcomes: Sequence[np.ndarray], weight: np.ndarray | None = None
) -> list[LinearFit]:
    """Fit several outcomes on the same columns, as :func:`least_squares` fits one."""
    weighted = design if weight is None else design * weight[:, None]
    gram = weighted.T @ design
    kept = ~aliased(gram)
    bread = np.linalg.inv(gram[np.ix_(kept, kept)])
    some, weighted = design[:, kept], weighted[:, kept]
    fits = []
    for outcome in outcomes:
        found = bread @ (weighted.T @ outcome)
        residual = outcome - some @ found
        found = found + bread @ (weighted.T @ residual)  # one step of refinement
        residual = outcome - some @ found
        coef = np.full(design.shape[1], np.nan)
        coef[kept] = found
        scores = weighted * residual[:, None]
        fits.append(LinearFit(coef=coef, kept=kept, bread=bread, scores=scores, residual=residual))
    return fits


def sum_by(values: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Sum rows by code.

    Parameters
    ----------
    values : ndarray, shape (n, q)
    code : ndarray of int, shape (n,)
        From 0.

    Returns
    -------
    ndarray, shape (largest code + 1, q)
    """
    n = int(code.max()) + 1
    columns = [np.bincount(code, weights=column, minlength=n) for column in values.T]
    return np.stack(columns, axis=1) if columns else np.zeros((n, 0))


def small_sample_factor(factor: Factor, n_clusters: int, n_obs: int, n_params: int) -> float:
    """Return what a clustered covariance is multiplied by.

    Parameters
    ----------
    factor : str
        ``clusters``: G / (G − 1), the house's own; ``stata``: that times (N − 1) / (N − K), also known as CR1;
        ``none``: 1, also known as CR0.
    n_clusters, n_obs, n_params : int
        G, N and K; K counts whatever the reference counts.
    """
    if factor == "none":
        return 1.0
    by_clusters = n_clusters / (n_clusters - 1)
    return by_clusters if factor == "clusters" else by_clusters * (n_obs - 1) / (n_obs - n_params)


def clustered(fit: LinearFit, cluster: np.ndarray, *, factor: Factor = "clusters", n_params: int = 0) -> np.ndarray:
    """Return the covariance that allows any dependence within clusters.

    Parameters
    ----------
    fit : LinearFit
    cluster : ndarray of int, shape (n,)
        Codes from 0, without gaps.
    factor : str
        See :func:`small_sample_factor`.
    n_params : int
        K, where the factor needs it.

    Returns
    -------
    ndarray, shape (q, q)

    Notes
    -----
    Reference: Liang and Zeger (1986), Biometrika 73:13-22; Cameron and Miller (2015), Journal of Human Resources
    50:317-372, section II.
    """
    sums = sum_by(fit.scores, cluster)
    scale = small_sample_factor(factor, len(sums), len(fit.scores), n_params)
    return np.asarray(scale * fit.bread @ (sums.T @ sums) @ fit.bread)


def two_way_clustered(
    fit: LinearFit, one: np.ndarray, other: np.ndarray, *, factor: Factor = "clusters", n_params: int = 0
) -> np.ndarray:
    """Return the covariance that allows dependence within either of two groupings, each with its own factor.

    Parameters
    ----------
    fit : LinearFit
    one, other : ndarray of int, shape (n,)
        Codes from 0, without gaps.
    factor, n_params
        See :func:`clustered`.

    Returns
    -------
    ndarray, shape (q, q)
        May have a negative variance in small samples, which the caller has to refuse.

    Notes
    -----
    Reference: Cameron, Gelbach and Miller (2011), Journal of Business & Economic Statistics 29:238-249, eq. 2.6.
    """
    both = np.unique(one.astype(np.int64) * (int(other.max()) + 1) + other, return_inverse=True)[1]
    by_one, by_other, by_both = (clustered(fit, c, factor=factor, n_params=n_params) for c in (one, other, both))
    return by_one + by_other - by_both


def serial(fit: LinearFit, period: np.ndarray, n_lags: int) -> np.ndarray:
    """Return the covariance that allows dependence across entities and over a few periods.

    Parameters
    ----------
    fit : LinearFit
    period : ndarray of int, shape (n,)
        Number of each row's period, counted so that a period without rows leaves a gap.
    n_lags : int
        Periods over which errors may depend; Bartlett weights fall to zero beyond.

    Returns
    -------
    ndarray, shape (q, q)
        Without a small-sample factor.

    Notes
    -----
    Scores are summed by period first: Driscoll and Kraay (1998), Review of Economics and Statistics 80:549-560. With
    one row a period it is Newey and West (1987), Econometrica 55:703-708.
    """
    from statsmodels.stats.sandwich_covariance import S_hac_simple

    sums = sum_by(fit.scores, period - period.min())
    return np.asarray(fit.bread @ S_hac_simple(sums, nlags=n_lags) @ fit.bread)
