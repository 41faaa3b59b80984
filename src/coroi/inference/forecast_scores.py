"""How forecasts came true: shares inside their intervals, interval scores, and what an observed value's error adds."""

from __future__ import annotations

import numpy as np
from scipy import stats


def interval_score(low: np.ndarray, high: np.ndarray, observed: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return the score of prediction intervals: their width, and what lies outside of them times 2 / (1 − level).

    Parameters
    ----------
    low, high, observed, level : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (n,)
        In the unit of the outcome; less is better, and lowest on average for the true quantiles.

    Notes
    -----
    Reference: Gneiting and Raftery (2007), Journal of the American Statistical Association 102:359-378, eq. 43.
    """
    outside = np.maximum(low - observed, 0) + np.maximum(observed - high, 0)
    return np.asarray(high - low + 2 / (1 - level) * outside)


def exact_share(n_true: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Return the exact binomial interval of a share.

    Parameters
    ----------
    n_true, n : float
        Cases that hold, and all; they need not be whole where they stand for an effective number.
    level : float

    Notes
    -----
    References: Clopper and Pearson (1934), Biometrika 26:404-413; with an effective number: Korn and Graubard (1998),
    Survey Methodology 24:193-201.
    """
    tail = (1 - level) / 2
    low = float(stats.beta.ppf(tail, n_true, n - n_true + 1)) if n_true > 0 else 0.0
    high = float(stats.beta.ppf(1 - tail, n_true + 1, n - n_true)) if n_true < n else 1.0
    return low, high


def widened(
    estimate: np.ndarray, low: np.ndarray, high: np.ndarray, error: np.ndarray, level: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Widen prediction intervals by the error of what they are held against.

    Parameters
    ----------
    estimate, low, high : ndarray, shape (n,)
        Forecast, and the ends of its interval.
    error : ndarray, shape (n,)
        Standard error of the observed value; 0 where it is known.
    level : ndarray, shape (n,)

    Returns
    -------
    low, high : ndarray, shape (n,)

    Notes
    -----
    *Assumptions.* Untestable: the observed value's error is normal and independent of the forecast's. Each side is
    squared and added: Zou and Donner (2008), Statistics in Medicine 27:1693-1702, eq. 2.
    """
    half = stats.norm.ppf(0.5 + level / 2) * error
    return estimate - np.hypot(estimate - low, half), estimate + np.hypot(high - estimate, half)
