"""How much of a variance the fit itself takes out of residuals, in panels of few clusters that are not alike."""

from __future__ import annotations

import numpy as np

from coroi.inference.cohort_errors import Strata
from coroi.inference.linear import sum_by

MOST_ROWS, MOST_CLUSTERS = 2_000, 60
"""Size up to which it is worked out; beyond, residuals hardly differ from shocks."""
_MOST = 10.0
_ALIKE = 1e-9


def worth_it(planned: np.ndarray, strata: Strata, n_rows: int) -> bool:
    """Tell whether squares about the mean of a stratum lean: few clusters, and not all of a stratum alike.

    Parameters
    ----------
    planned : ndarray, shape (n_clusters, k)
    strata : Strata
    n_rows : int
    """
    if n_rows > MOST_ROWS or len(planned) > MOST_CLUSTERS or not planned.shape[1]:
        return False
    size = np.bincount(strata.code)[:, None]
    away = planned - (sum_by(planned, strata.code) / size)[strata.code]
    return bool((np.abs(away) > _ALIKE * planned.max(initial=0.0)).any())


def residual_map(columns: np.ndarray, weight: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Return the matrix that takes fitted values off all rows, from a fit on some of them, shape (n, n).

    Parameters
    ----------
    columns : ndarray, shape (n, p)
        Regressors, their combinations allowed.
    weight : ndarray, shape (n,)
    fitted : ndarray of bool, shape (n,)
        Rows in the fit.
    """
    root = np.sqrt(weight[fitted])
    found = np.eye(len(weight))
    found[:, fitted] -= columns @ (np.linalg.pinv(columns[fitted] * root[:, None]) * root)
    return found


def absorbed(
    weights: np.ndarray,
    residuals: np.ndarray,
    weight: np.ndarray,
    cluster: np.ndarray,
    planned: np.ndarray,
    strata: Strata,
) -> np.ndarray:
    """Return what squares about the mean of each stratum are to be multiplied by, shape (n_strata, k).

    Parameters
    ----------
    weights : ndarray, shape (n, k)
        Weight of each row's outcome in each estimate.
    residuals : ndarray, shape (n, n)
        From outcomes to residuals.
    weight, cluster : ndarray, shape (n,)
    planned : ndarray, shape (n_clusters, k)
        Variance that each cluster adds if shocks are independent with a variance of one over the weight.
    strata : Strata

    Returns
    -------
    ndarray
        The planned variance over what the squares would be on average with such shocks; at most 10.

    Notes
    -----
    Exact for independent shocks, as Bell and McCaffrey (2002), Survey Methodology 28:169-181, correct regressions.
    """
    from scipy import sparse

    size = np.bincount(strata.code).astype(float)
    n, shape = len(cluster), (len(planned), len(cluster))
    gather = sparse.coo_array((np.ones(n), (cluster, np.arange(n))), shape=shape).tocsr()
    scaled = residuals / np.sqrt(weight)
    wanted, factor = sum_by(planned, strata.code), np.ones((len(size), planned.shape[1]))
    for k, of_rows in enumerate(weights.T):
        score = gather @ (of_rows[:, None] * scaled)
        about = score - (sum_by(score, strata.code) / size[:, None])[strata.code]
        seen = np.bincount(strata.code, weights=(about**2).sum(axis=1)) * size / np.maximum(size - 1, 1)
        real = wanted[:, k] > _ALIKE * wanted[:, k].max(initial=0.0)
        factor[real, k] = wanted[real, k] / np.maximum(seen[real], wanted[real, k] / _MOST)
    return factor
