"""Weights that are never below zero and sum to one, whose mix of some series comes nearest to another."""

from __future__ import annotations

import numpy as np

EVEN = 1e-6
"""Weight of evenness beside fit, in squares of the series about their mean: decides where mixes fit alike."""


def nearest_mix(target: np.ndarray, series: np.ndarray) -> np.ndarray:
    """Return the weights of the mix of some series that is nearest to a target.

    Parameters
    ----------
    target : ndarray, shape (T,)
    series : ndarray, shape (T, J)

    Returns
    -------
    ndarray, shape (J,)
        At least 0, sum 1; of mixes that fit alike the most even one.

    Notes
    -----
    Minimises ‖target − series w‖² + λ‖w‖² with λ = ``EVEN`` times the sum of squares of the series about their
    mean, per series. The nearest point to the origin in the hull of the columns p_j = (series_j − target, √λ e_j) is
    found by non-negative least squares of (0, 1) on the columns (p_j, 1), scaled to sum 1, which has the conditions of
    Karush, Kuhn and Tucker in common; it is then solved once more exactly on the weights above 0. Reference: Lawson and
    Hanson (1974), Solving Least Squares Problems, chapter 23; Wolfe (1976), Mathematical Programming 11:128-149.
    """
    from scipy.optimize import nnls

    n_series = series.shape[1]
    if n_series == 1:
        return np.ones(1)
    even = evenness(series)
    apart = np.zeros((len(target) + n_series, n_series))
    apart[: len(target)] = series - target[:, None]
    np.fill_diagonal(apart[len(target) :], np.sqrt(even))
    size = np.sqrt((apart**2).sum(axis=0).min())
    if size == 0:
        return np.asarray((apart == 0).all(axis=0) / (apart == 0).all(axis=0).sum())
    apart /= size
    rows, one = np.ones((len(apart) + 1, n_series)), np.zeros(len(apart) + 1)
    rows[:-1], one[-1] = apart, 1.0
    found, _ = nnls(rows, one)
    return _exact(apart, found / found.sum())


def evenness(series: np.ndarray) -> float:
    """Return λ of :func:`nearest_mix`."""
    about = series - series.mean()
    return EVEN * float((about**2).sum()) / series.shape[1]


def _exact(apart: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Solve for the weights above zero without the bounds, and keep that if none falls below."""
    some = weights > 0
    n = int(some.sum())
    system = np.ones((n + 1, n + 1))
    system[:n, :n], system[n, n] = apart[:, some].T @ apart[:, some], 0.0
    solved = np.linalg.solve(system, np.append(np.zeros(n), 1.0))[:n]
    if (solved < 0).any():
        return weights
    better = np.zeros(len(weights))
    better[some] = solved
    return better
