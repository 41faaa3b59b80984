"""How much of a variance the fit itself takes out of residuals, in panels of few clusters that are not alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.inference.cohort_errors import Strata, centred, circles
from coroi.inference.linear import sum_by

MOST_ROWS, MOST_CLUSTERS = 2_000, 60
"""Size up to which it is worked out; beyond, residuals hardly differ from shocks."""
_MOST = 10.0
_ALIKE, _SAME = 1e-9, 1e-10


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """Covariance of residuals if shocks are independent with a variance of one over the weight.

    Parameters
    ----------
    columns : ndarray, shape (n, q)
    sign : ndarray, shape (q,)
        The covariance of rows i and j is one over the weight where i = j, plus the sum over q of sign times the
        columns' product at i and j.
    """

    columns: np.ndarray
    sign: np.ndarray

    def centred(
        self, rows: np.ndarray, weight: np.ndarray, group: np.ndarray, wider: np.ndarray, who: np.ndarray
    ) -> Spread:
        """Return the covariance once means of rows alike are taken off some rows.

        Parameters
        ----------
        rows : ndarray of int, shape (m,)
            Rows outside the fit.
        weight, group, wider, who : ndarray, shape (m,)
            As :func:`coroi.inference.cohort_errors.centred` takes them; groups are nested in wider circles.
        """
        columns = self.columns.copy()
        columns[rows] = centred(columns[rows], weight, group, wider, who)
        circle, total = circles(weight, group, wider, who)
        means = np.zeros((len(columns), int(circle.max(initial=-1)) + 1))
        means[rows, circle] = 1 / np.sqrt(total)
        return Spread(columns=np.hstack([columns, means]), sign=np.append(self.sign, -np.ones(means.shape[1])))


def residual_spread(columns: np.ndarray, weight: np.ndarray, fitted: np.ndarray) -> Spread:
    """Return the covariance of all rows less their fitted values, from a fit on some of them.

    Parameters
    ----------
    columns : ndarray, shape (n, p)
        Regressors, their combinations allowed.
    weight : ndarray, shape (n,)
    fitted : ndarray of bool, shape (n,)
        Rows in the fit.

    Notes
    -----
    With X the regressors, W the weights and G the generalised inverse of X'WX in the fit: 1 / W − X G X' among rows in
    the fit, 1 / W + X G X' among the others, zero between the two.
    """
    gram = columns[fitted].T @ (columns[fitted] * weight[fitted, None])
    scale = np.sqrt(np.diag(gram))
    scale = np.divide(1.0, scale, out=np.zeros(len(scale)), where=scale > 0)
    root, vectors = np.linalg.eigh(gram * scale * scale[:, None])
    real = root > _SAME * root.max(initial=0.0)
    half = columns @ (scale[:, None] * vectors[:, real] / np.sqrt(root[real]))
    inside = np.where(fitted[:, None], half, 0.0)
    return Spread(columns=np.hstack([inside, half - inside]), sign=np.repeat([-1.0, 1.0], half.shape[1]))


def absorbed(
    weights: np.ndarray,
    spread: Spread,
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
    spread : Spread
        Covariance of residuals.
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
    size = np.bincount(strata.code).astype(float)
    inside = np.split(np.argsort(cluster, kind="stable"), np.cumsum(np.bincount(cluster))[:-1])
    score = np.stack([weights[rows].T @ spread.columns[rows] for rows in inside])
    own = np.stack([(weights[rows] ** 2 / weight[rows, None]).sum(axis=0) for rows in inside])
    wanted, factor = sum_by(planned, strata.code), np.ones((len(size), planned.shape[1]))
    seen = sum_by(own, strata.code) * (1 - 1 / size)[:, None]
    for s in range(len(size)):
        about = score[strata.code == s]
        seen[s] += ((about - about.mean(axis=0)) ** 2).sum(axis=0) @ spread.sign
    seen *= (size / np.maximum(size - 1, 1))[:, None]
    real = wanted > _ALIKE * wanted.max(axis=0)
    factor[real] = wanted[real] / np.maximum(seen[real], wanted[real] / _MOST)
    return factor
