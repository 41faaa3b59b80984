"""Errors, intervals and tests from each cluster's influence on the estimates."""

from __future__ import annotations

import numpy as np
from scipy import stats

from coroi.inference.estimates import known


def influence_covariance(moved: np.ndarray) -> np.ndarray:
    """Return the covariance of estimates from influence by cluster, shape (n_clusters, p), with G / (G − 1)."""
    n = len(moved)
    return np.asarray(moved.T @ moved * (n / (n - 1)))


def influence_row(estimate: float, moved: np.ndarray, level: float) -> dict:
    """Return the columns of an estimate from its influence, shape (n_clusters,), by t with G − 1 degrees of freedom."""
    n = len(moved)
    error = float(np.sqrt(moved @ moved * n / (n - 1)))
    half = float(stats.t.ppf(0.5 + level / 2, n - 1)) * error
    return known(estimate, error, estimate - half, estimate + half)


def zero_test(estimate: np.ndarray, moved: np.ndarray) -> dict:
    """Test that all of some estimates are zero: Wald's statistic over their number, by F.

    Parameters
    ----------
    estimate : ndarray, shape (p,)
    moved : ndarray, shape (n_clusters, p)
        Influence by cluster.

    Returns
    -------
    dict
        ``statistic``, ``df`` (p), ``df_error`` (G − 1) and ``p_value``.
    """
    p, df = len(estimate), len(moved) - 1
    value = float(estimate @ np.linalg.solve(influence_covariance(moved), estimate)) / p
    return {"statistic": value, "df": p, "df_error": df, "p_value": float(stats.f.sf(value, p, df))}


def serial_covariance(moved: np.ndarray, n_lags: int) -> np.ndarray:
    """Return the covariance of estimates from influence by period, dependent over some periods, shape (p, p).

    Parameters
    ----------
    moved : ndarray, shape (n_periods, p)
        In the order of time, zero in a period without rows.
    n_lags : int
        Periods over which errors may depend; Bartlett weights.

    Notes
    -----
    Without a small-sample factor, as :func:`coroi.inference.linear.serial`, but across regressions.
    """
    from statsmodels.stats.sandwich_covariance import S_hac_simple

    return np.asarray(S_hac_simple(moved, nlags=n_lags))
