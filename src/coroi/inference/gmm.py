"""Linear GMM for equations in first differences: one step, two steps, and the errors of the second corrected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from coroi.inference.binary import aliased
from coroi.inference.linear import sum_by
from coroi.inference.panels import shifted

_RANK = 1e-10
_UNRELATED = 1e-12  # squared correlation with the instruments below which nothing but rounding is left
_BLOCK = 2048  # clusters, or a quarter of the equations, that are held dense at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """Equations in differences, and instruments that their errors are to be orthogonal to.

    Parameters
    ----------
    outcome : ndarray, shape (e,)
    design : ndarray, shape (e, k)
    instruments : scipy.sparse.csr_array, shape (e, m)
    entity, period : ndarray of int, shape (e,)
        Sorted by entity, then period.
    cluster : ndarray of int, shape (e,)
        Codes from 0, without gaps.
    """

    outcome: np.ndarray
    design: np.ndarray
    instruments: Any
    entity: np.ndarray
    period: np.ndarray
    cluster: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One step of GMM.

    Parameters
    ----------
    coef : ndarray, shape (k,)
    residual : ndarray, shape (e,)
    weight : ndarray, shape (m, m)
        Of the moments.
    bread : ndarray, shape (k, k)
        (X'Z W Z'X)⁻¹.
    influence : ndarray, shape (g, k)
        Of each cluster on the coefficients.
    """

    coef: np.ndarray
    residual: np.ndarray
    weight: np.ndarray
    bread: np.ndarray
    influence: np.ndarray


def inverse(gram: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the generalised inverse of a cross-product, and its rank, neither of which hangs on units.

    Parameters
    ----------
    gram : ndarray, shape (m, m)
        Positive semidefinite.
    """
    size = np.sqrt(np.clip(np.diag(gram), 0, None))
    scale = np.divide(1.0, size, out=np.zeros(len(size)), where=size > 0)
    root, vectors = np.linalg.eigh(gram * np.outer(scale, scale))
    real = root > _RANK * max(root.max(initial=0.0), 1e-300)
    half = scale[:, None] * vectors[:, real] / np.sqrt(root[real])
    return half @ half.T, int(real.sum())


def first_weight(moments: Moments) -> tuple[np.ndarray, int]:
    """Return the weight of the first step and how many instruments can be told apart.

    Notes
    -----
    The inverse of Σ Z'HZ, where H has 2 on its diagonal and −1 between neighbours: the covariance of changes of errors
    that are independent and alike. Reference: Arellano and Bond (1991), eq. 7 and below.
    """
    z = moments.instruments
    before = shifted(np.arange(z.shape[0], dtype=float), moments.entity, moments.period, 1)
    later = np.flatnonzero(np.isfinite(before))
    across = cross(z[later], z[before[later].astype(np.int64)])
    return inverse(2 * cross(z, z) - across - across.T)


def second_weight(moments: Moments, residual: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the weight that makes the second step efficient, and its rank, from residuals of the first."""
    return inverse(meat(moments, residual))


def identified(moments: Moments, weight: np.ndarray) -> np.ndarray:
    """Mark the coefficients that the instruments tell apart from those before them.

    Parameters
    ----------
    moments : Moments
    weight : ndarray, shape (m, m)
        Of the first step.

    Returns
    -------
    ndarray of bool, shape (k,)
    """
    pulled = np.asarray(moments.instruments.T @ moments.design)
    told = pulled.T @ weight @ pulled
    empty = np.diag(told) <= _UNRELATED * (moments.design**2).sum(axis=0)
    told[empty] = told[:, empty] = 0.0
    return ~aliased(told)


def fit_step(moments: Moments, weight: np.ndarray, scored: np.ndarray | None = None) -> Step:
    """Fit the coefficients for one weight of the moments.

    Parameters
    ----------
    moments : Moments
        All of its coefficients identified.
    weight : ndarray, shape (m, m)
    scored : ndarray, shape (e,), optional
        Residuals from which the influence is made; the step's own by default.
    """
    z = moments.instruments
    pulled = np.asarray(z.T @ moments.design)
    leaning = weight @ pulled
    bread = np.linalg.inv(pulled.T @ leaning)
    coef = bread @ (leaning.T @ (z.T @ moments.outcome))
    residual = moments.outcome - moments.design @ coef
    coef = coef + bread @ (leaning.T @ (z.T @ residual))  # one step of refinement
    residual = moments.outcome - moments.design @ coef
    used = residual if scored is None else scored
    fitted = np.asarray(z @ (leaning @ bread))
    return Step(
        coef=coef,
        residual=residual,
        weight=weight,
        bread=bread,
        influence=sum_by(fitted * used[:, None], moments.cluster),
    )


def fit_second(moments: Moments, first: Step, weight: np.ndarray, *, correct: bool = True) -> Step:
    """Fit the second step from the first.

    Parameters
    ----------
    moments : Moments
    first : Step
    weight : ndarray, shape (m, m)
        From :func:`second_weight` at the residuals of the first step.
    correct : bool
        Carry the error of the first step through the weight, as Windmeijer has it; without it errors are too small.

    Notes
    -----
    The influence is that of the second step with the weight given, plus D times that of the first, where D is how the
    estimate moves with the residuals in the weight. Its cross-products are Windmeijer's V₂ + D V₂ + V₂ D' + D V₁ D'.
    Reference: Windmeijer (2005), Journal of Econometrics 126:25-51, eq. 2.7 and below.
    """
    second = fit_step(moments, weight, first.residual)
    if not correct:
        return second
    moved = _moved(moments, first.residual, second)
    return Step(
        coef=second.coef,
        residual=second.residual,
        weight=weight,
        bread=second.bread,
        influence=second.influence + first.influence @ moved.T,
    )


def meat(moments: Moments, residual: np.ndarray) -> np.ndarray:
    """Return Σ (Z'u)(Z'u)' over clusters, shape (m, m)."""
    total = np.zeros((moments.instruments.shape[1],) * 2)
    for sums in _sums(moments, residual):
        total += sums.T @ sums
    return total


def overidentification(moments: Moments, step: Step) -> float:
    """Return Hansen's J: the moments at the estimate, in the metric of their weight."""
    left = moments.instruments.T @ step.residual
    return float(left @ step.weight @ left)


def correlation(moments: Moments, step: Step, order: int) -> float:
    """Return Arellano and Bond's m for correlation with the residual some periods before; NaN where none is there.

    Parameters
    ----------
    moments : Moments
    step : Step
    order : int
        Periods before.

    Notes
    -----
    Standard normal where the errors in levels are not correlated. Reference: Arellano and Bond (1991), eq. 8.
    """
    earlier = np.nan_to_num(shifted(step.residual, moments.entity, moments.period, order))
    product = sum_by((step.residual * earlier)[:, None], moments.cluster)[:, 0]
    slope = moments.design.T @ earlier
    z = moments.instruments
    fitted = np.asarray(z @ (step.weight @ (z.T @ moments.design) @ step.bread))
    own = sum_by(fitted * step.residual[:, None], moments.cluster)
    variance = product @ product - 2 * (own @ slope) @ product + float(((step.influence @ slope) ** 2).sum())
    return float(product.sum() / np.sqrt(variance)) if earlier.any() and variance > 0 else float("nan")


def cross(one: Any, other: Any) -> np.ndarray:
    """Return the cross-products of two sparse matrices with the same rows, in dense blocks where they are well filled.

    Parameters
    ----------
    one : scipy.sparse.csr_array, shape (e, m)
    other : scipy.sparse.csr_array, shape (e, q)

    Returns
    -------
    ndarray, shape (m, q)
    """
    if one.nnz < 0.1 * one.shape[0] * one.shape[1]:
        return np.asarray((one.T @ other).toarray())
    total = np.zeros((one.shape[1], other.shape[1]))
    for start in range(0, one.shape[0], 4 * _BLOCK):
        rows = slice(start, start + 4 * _BLOCK)
        total += one[rows].toarray().T @ other[rows].toarray()
    return total


def _moved(moments: Moments, residual: np.ndarray, second: Step) -> np.ndarray:
    """Return how the second step's estimate moves with the first's, through its weight; shape (k, k)."""
    z = moments.instruments
    pull = second.weight @ (z.T @ second.residual)
    leaning = second.bread @ np.asarray(z.T @ moments.design).T @ second.weight
    reach = np.asarray(z @ pull)
    by_cluster = sum_by((residual * reach)[:, None], moments.cluster)[:, 0]
    by_column = sum_by(moments.design * reach[:, None], moments.cluster)
    spread = moments.design * by_cluster[moments.cluster][:, None] + residual[:, None] * by_column[moments.cluster]
    return np.asarray(leaning @ (z.T @ spread))


def _sums(moments: Moments, residual: np.ndarray) -> Iterator[np.ndarray]:
    """Yield Z'u of some clusters at a time, dense, shape (≤ block, m)."""
    from scipy import sparse

    n = int(moments.cluster.max()) + 1
    where = (moments.cluster, np.arange(len(residual)))
    picker = sparse.coo_array((residual, where), shape=(n, len(residual))).tocsr()
    for start in range(0, n, _BLOCK):
        yield (picker[start : start + _BLOCK] @ moments.instruments).toarray()
