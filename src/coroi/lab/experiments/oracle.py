"""How well a roll-out could be valued by who knows everything but the effect itself."""

from __future__ import annotations

import numpy as np
from scipy import stats


def oracle_error(first: np.ndarray, periods: int, weights: np.ndarray, *, persistence: float, noise: float) -> float:
    """Return the standard error of a weighted sum of effects by generalised least squares.

    Parameters
    ----------
    first : ndarray, shape (n_units,)
        First treated period; NaN for units never treated.
    periods : int
        Periods observed, from 0.
    weights : ndarray, shape (n_weights,)
        Of the effects by time since the start, from 0.
    persistence, noise : float
        Autocorrelation and standard deviation of shocks, which are independent between units.

    Returns
    -------
    float
        In the outcome's unit.

    Notes
    -----
    The regression has a level for each unit and period and one effect for each time since the start, the same in all
    units, which is what panels are drawn from; shocks' covariance is taken as known. By the theorem of Gauss, Markov
    and Aitken no linear estimate without bias has a smaller error. Reference: Aitken (1936), Proceedings of the Royal
    Society of Edinburgh 55:42-48.
    """
    since = (np.arange(periods)[None, :] - np.asarray(first, dtype=float)[:, None]).ravel()
    unit, when = np.indices((len(first), periods)).reshape(2, -1)
    times = np.arange(int(np.nanmax(since)) + 1)
    effects = since[:, None] == times
    design = np.hstack([effects, unit[:, None] == np.arange(len(first)), when[:, None] == np.arange(1, periods)])
    lag = np.abs(np.subtract.outer(np.arange(periods), np.arange(periods)))
    root = np.linalg.cholesky(noise**2 * persistence**lag)
    blocks = design.astype(float).reshape(len(first), periods, -1)
    white = np.linalg.solve(root, blocks).reshape(len(design), -1)
    padded = np.zeros(white.shape[1])
    padded[: len(weights)] = weights
    return float(np.sqrt(padded @ np.linalg.solve(white.T @ white, padded)))


def value_with_power(error: float, *, delta: float, level: float, power: float) -> float:
    """Return the value at which a normal interval at a level lies above the smallest that matters this often.

    Parameters
    ----------
    error : float
        Known standard error.
    delta : float
        Smallest value that matters.
    level, power : float
        Of the interval, and the chance that its lower end is above `delta`.
    """
    return float(delta + (stats.norm.ppf(0.5 + level / 2) + stats.norm.ppf(power)) * error)
