"""Panels whose columns feed on each other's past: a vector autoregression with the bias of short panels taken out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

from coroi.inference.linear import sum_by
from coroi.inference.past_runs import Runs

_CHUNK = 20_000
"""Runs whose residuals' products are held at once."""

_LEAST_STEP = 1 / 64
_ITERATIONS = 30
_CLOSE, _NEAR = 1e-12, 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Feedback:
    """A vector autoregression: one equation a row.

    Parameters
    ----------
    coef : ndarray, shape (k, kp)
        Of the columns' past, latest first.
    sigma : ndarray, shape (k, k)
        Covariance of the errors, on average over rows.
    coef_influence : ndarray, shape (n_clusters, k, kp)
        Of each cluster on `coef`.
    sigma_influence : ndarray, shape (n_clusters, k, k)
    solved : bool
        Whether the equations have a solution that the within estimate leads to; if not, equations of another kind
        were added.
    """

    coef: np.ndarray
    sigma: np.ndarray
    coef_influence: np.ndarray
    sigma_influence: np.ndarray
    solved: bool


def fit_feedback(runs: Runs, *, corrected: bool = True) -> Feedback:
    """Fit the autoregression of each column on the past of all.

    Parameters
    ----------
    runs : Runs
        With no column lost.
    corrected : bool
        Whether the within estimator's bias is taken out.

    Returns
    -------
    Feedback

    Notes
    -----
    Sweeping out a run's mean ties its past to its errors: over a run of T rows the cross-product of past and error has
    the mean −(1/T) Σ_s Σ_{t>s} A^{t−1−s} J Σ_s, with A the companion matrix and Σ_s the covariance of the errors of row
    s. The estimator solves the cross-products for that mean instead of zero, Σ_s being read off the same run's
    residuals, so that every run's equation has the mean zero whatever the length of the runs, where they start, and
    however the errors' variance differs between runs or rows. Assumption: an error is not correlated with what came
    before it. Nothing but the number of clusters has to be large.

    The equations may have several solutions; the one is taken that the within estimate leads to as the correction grows
    from none to full. In short panels of persistent columns the path may turn back before it is full. Then equations
    of another kind are added, errors less their mean to come by the past less its own mean before, and the sum of
    squares of all is minimised in the metric of their covariance: less precise, but with a solution in every sample.
    References: Dhaene and Jochmans (2016), Economics Letters 145:98-103; Breitung, Kripfganz and Hayakawa (2022),
    Econometrics and Statistics 24:116-132, section 2; the equations added: Hayakawa, Qi and Breitung (2019),
    Econometric Reviews 38:1055-1088. Reading Σ_s row by row is ours.
    """
    sums = [np.einsum("rti,rtj->tij", block, block) for block in runs.blocks]
    whole = np.sum([each.sum(axis=0) for each in sums], axis=0)
    coef = linalg.solve(whole[runs.k :, runs.k :], whole[runs.k :, : runs.k], assume_a="pos").T
    solved = True
    if corrected:
        coef, solved = _follow(sums, coef)
    if solved:
        slope, moments = _slope(sums, coef, float(corrected)), _by_run(runs, coef, corrected=corrected)
        moved = -np.linalg.solve(slope, moments.T).T
    else:
        coef, moved = _combined(runs, sums, coef)
    sigma, sigma_moved = _sigma_influence(runs, sums, coef, moved)
    return Feedback(
        coef=coef,
        sigma=sigma,
        coef_influence=moved.reshape(-1, *coef.shape),
        sigma_influence=sigma_moved.reshape(-1, runs.k, runs.k),
        solved=solved,
    )


def complex_slope(function: Callable[[np.ndarray], np.ndarray], at: np.ndarray) -> np.ndarray:
    """Return the derivative of an analytic function of a vector, exact to rounding.

    Parameters
    ----------
    function : callable
        From points, shape (m, n), to values, shape (m, p).
    at : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (p, n)

    Notes
    -----
    By steps along the imaginary axis: Squire and Trapp (1998), SIAM Review 40:110-112.
    """
    step = 1e-30
    return np.asarray(function(at + 1j * step * np.eye(len(at))).imag.T / step)


def _by_cluster(values: np.ndarray, cluster: np.ndarray, n_clusters: int) -> np.ndarray:
    sums = sum_by(values, cluster)
    return np.vstack([sums, np.zeros((n_clusters - len(sums), values.shape[1]))])


def _by_run(runs: Runs, coef: np.ndarray, *, corrected: bool) -> np.ndarray:
    """Return the equations' value by cluster, shape (n_clusters, k * kp)."""
    total = np.zeros((runs.n_clusters, coef.size))
    for block, cluster in zip(runs.blocks, runs.cluster, strict=True):
        for some in range(0, len(block), _CHUNK):
            rows, place = block[some : some + _CHUNK], cluster[some : some + _CHUNK]
            residual = rows @ _map(coef).T
            own = np.einsum("rtz,rtk->rkz", rows[:, :, runs.k :], residual)
            if corrected:
                own = own + _correction(np.einsum("rti,rtj->rtij", residual, residual), coef[None])
            total += _by_cluster(own.reshape(len(own), -1), place, runs.n_clusters)
    return total


def _sigma_influence(
    runs: Runs, sums: list[np.ndarray], coef: np.ndarray, moved: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the errors' covariance, and the influence of each cluster on it, shape (n_clusters, k * k)."""
    free = sum(block.shape[0] * (block.shape[1] - 1) for block in runs.blocks)

    def covariance(flat: np.ndarray) -> np.ndarray:
        map_ = _map(flat.reshape(-1, *coef.shape))
        return np.asarray(sum(map_ @ each.sum(axis=0) @ map_.swapaxes(1, 2) for each in sums) / free)

    sigma = covariance(coef)[0]
    own = np.zeros((runs.n_clusters, runs.k**2))
    for block, cluster in zip(runs.blocks, runs.cluster, strict=True):
        residual = block @ _map(coef).T
        spare = np.einsum("rti,rtj->rij", residual, residual) - (block.shape[1] - 1) * sigma
        own += _by_cluster(spare.reshape(len(spare), -1) / free, cluster, runs.n_clusters)
    return sigma, own + moved @ complex_slope(lambda flat: covariance(flat).reshape(len(flat), -1), coef.ravel()).T


def _map(coef: np.ndarray) -> np.ndarray:
    """Return what takes columns and their past to residuals, shape (..., k, k + kp)."""
    k = coef.shape[-2]
    return np.concatenate([np.broadcast_to(np.eye(k), (*coef.shape[:-1], k)), -coef], axis=-1)


def _moment(sums: list[np.ndarray], coef: np.ndarray, share: float) -> np.ndarray:
    """Return the equations' sum over all runs; zero at the solution for this share of the correction.

    Parameters
    ----------
    sums : list of ndarray
        By length of run, cross-products row by row, shape (T, k + kp, k + kp).
    coef : ndarray, shape (m, k, kp)
    share : float

    Returns
    -------
    ndarray, shape (m, k * kp)
    """
    map_, k = _map(coef), coef.shape[-2]
    total = np.zeros(coef.shape, dtype=coef.dtype)
    for each in sums:
        total = total + map_ @ each[:, :, k:].sum(axis=0)
        if share:
            total = total + share * _correction(map_[:, None] @ each @ map_[:, None].swapaxes(2, 3), coef)
    return total.reshape(len(coef), -1)


def _correction(squares: np.ndarray, coef: np.ndarray) -> np.ndarray:
    """Return what the mean of a run's equation lacks to zero.

    Parameters
    ----------
    squares : ndarray, shape (m, T, k, k)
        Residuals' outer products, row by row.
    coef : ndarray, shape (m, k, kp), or (1, k, kp) for all

    Returns
    -------
    ndarray, shape (m, k, kp)
    """
    t, (m, k, q) = squares.shape[1], coef.shape
    companion = np.zeros((m, q, q), dtype=coef.dtype)
    companion[:, :k] = coef
    companion[:, k:, : q - k] = np.eye(q - k)
    reach = np.zeros((m, t, q, k), dtype=coef.dtype)
    power = np.broadcast_to(np.eye(q, k, dtype=coef.dtype), (m, q, k))
    for s in range(t - 2, -1, -1):
        reach[:, s] = reach[:, s + 1] + power
        power = companion @ power
    mean = squares.sum(axis=1, keepdims=True) / (t - 1)
    variance = (squares - mean / t) * (t / (t - 2))
    return np.asarray((reach @ variance).sum(axis=1).swapaxes(1, 2) / t)


def _slope(sums: list[np.ndarray], coef: np.ndarray, share: float) -> np.ndarray:
    return complex_slope(lambda flat: _moment(sums, flat.reshape(-1, *coef.shape), share), coef.ravel())


def _follow(sums: list[np.ndarray], start: np.ndarray) -> tuple[np.ndarray, bool]:
    """Follow the solution from no correction to the full one, as far as the path leads."""
    coef, share, step = start, 0.0, 0.25
    sign = np.sign(linalg.det(_slope(sums, start, 0.0)))
    while share < 1 and step >= _LEAST_STEP:
        found = _newton(sums, coef, share + step, sign)
        if found is None:
            step /= 2
        else:
            coef, share = found, share + step
    return coef, share == 1


def _newton(sums: list[np.ndarray], coef: np.ndarray, share: float, sign: float) -> np.ndarray | None:
    """Solve the equations for a share of the correction from nearby, never across a point where the path turns."""
    scale = np.abs(_moment(sums, np.zeros_like(coef)[None], 0.0)).max()
    for _ in range(_ITERATIONS):
        gap, slope = _moment(sums, coef[None], share)[0], _slope(sums, coef, share)
        if not np.isfinite(slope).all() or np.sign(linalg.det(slope)) != sign:
            return None
        if np.abs(gap).max() <= _CLOSE * scale:
            return coef
        coef = coef - np.linalg.solve(slope, gap).reshape(coef.shape)
    return None


def _combined(runs: Runs, sums: list[np.ndarray], start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients from both kinds of equations, and the influence of each cluster on them.

    Notes
    -----
    Generalised method of moments, the metric updated twice.
    """
    filters = [_filter(block.shape[1]) for block in runs.blocks]
    crossed = [np.einsum("rti,ts,rsj->rij", b[:, :, runs.k :], f, b) for b, f in zip(runs.blocks, filters, strict=True)]
    added = sum(each.sum(axis=0) for each in crossed)

    def total(flat: np.ndarray) -> np.ndarray:
        coef = flat.reshape(-1, *start.shape)
        return np.hstack([_moment(sums, coef, 1.0), (_map(coef) @ added.T).reshape(len(coef), -1)])

    def by_cluster(coef: np.ndarray) -> np.ndarray:
        parts = [
            _by_cluster((_map(coef) @ each.transpose(0, 2, 1)).reshape(len(each), -1), cluster, runs.n_clusters)
            for each, cluster in zip(crossed, runs.cluster, strict=True)
        ]
        return np.hstack([_by_run(runs, coef, corrected=True), np.sum(parts, axis=0)])

    coef = start
    for _ in range(3):
        moments = by_cluster(coef)
        root = linalg.cholesky(linalg.inv(moments.T @ moments))
        coef = optimize.least_squares(
            lambda flat, root=root: root @ total(flat[None])[0],
            coef.ravel(),
            jac=lambda flat, root=root: root @ complex_slope(total, flat),
            method="lm",
            xtol=_NEAR,
            ftol=_NEAR,
            gtol=_NEAR,
        ).x.reshape(start.shape)
    slope, moments = root @ complex_slope(total, coef.ravel()), by_cluster(coef) @ root.T
    return coef, -linalg.lstsq(slope, moments.T)[0].T


def _filter(t: int) -> np.ndarray:
    """Return what takes the past less its mean before by a value less its mean to come, shape (T, T).

    Notes
    -----
    Rows are scaled so that independent errors of equal variance stay so: Hayakawa, Qi and Breitung (2019), section 2.
    """
    place = np.arange(t)
    later, before = np.triu(np.ones((t, t)), 1), np.tril(np.ones((t, t)), -1)
    left = (t - 1 - place)[:, None]
    forward = np.sqrt(left / (left + 1)) * (np.eye(t) - later / np.maximum(left, 1))
    backward = np.sqrt(place / (place + 1))[:, None] * (np.eye(t) - before / np.maximum(place, 1)[:, None])
    return np.asarray(backward.T @ forward)
