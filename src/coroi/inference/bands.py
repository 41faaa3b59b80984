"""Bands that hold a whole path at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import special, stats

DRAWS = 2**16
_ONE = 1 - 1e-9


def sup_t(covariance: np.ndarray, *, level: float = 0.95, df: float | None = None, seed: int = 20240229) -> float:
    """Return how many standard errors a band needs to hold every estimate at once.

    Parameters
    ----------
    covariance : ndarray, shape (k, k)
        Of the estimates; those with a variance of zero are left aside.
    level : float
        Chance that all of them are inside.
    df : float, optional
        Degrees of freedom of the t distribution, clusters less one; normal by default.
    seed : int
        Of the draws, so that equal inputs give equal bands.

    Returns
    -------
    float
        Between the pointwise quantile and Bonferroni's; the pointwise one for a single estimate. NaN where nothing
        varies.

    Notes
    -----
    The quantile of the largest absolute t ratio, from 65,536 quasi-random normal draws with the estimates'
    correlation. Estimates that are multiples of one another count once. Assumption: estimates are jointly normal
    (untestable). Reference: Montiel Olea and Plagborg-Møller (2019), Journal of Applied Econometrics 34:1-17,
    section 3; Freyberger and Rai (2018), Journal of Econometrics 202:170-186.
    """
    error = np.sqrt(np.diag(covariance))
    some = error > 0
    if not some.any():
        return float("nan")
    correlation = covariance[np.ix_(some, some)] / np.outer(error[some], error[some])
    distinct = [i for i in range(len(correlation)) if (np.abs(correlation[i, :i]) < _ONE).all()]
    correlation = correlation[np.ix_(distinct, distinct)]
    if len(distinct) == 1:
        return _alone(0.5 + level / 2, df)
    largest = np.abs(_drawn(correlation, seed)).max(axis=0)
    if df is not None:
        largest = largest / _scale(len(distinct), seed, df)
    lowest, highest = _alone(0.5 + level / 2, df), _alone(1 - (1 - level) / (2 * len(distinct)), df)
    return float(np.clip(np.quantile(largest, level), lowest, highest))


def lowest_t_p_value(
    statistic: float, covariance: np.ndarray, *, df: float | None = None, seed: int = 20240229
) -> float:
    """Return how often the lowest of several t ratios would be this low if all that is estimated were zero.

    Parameters
    ----------
    statistic : float
        The lowest ratio of an estimate to its standard error.
    covariance : ndarray, shape (k, k)
        Of the estimates; those with a variance of zero are left aside.
    df : float, optional
        Degrees of freedom of the t distribution, clusters less one; normal by default.
    seed : int
        Of the draws, so that equal inputs give equal answers.

    Returns
    -------
    float
        Between the p-value of one estimate alone and Bonferroni's. NaN where nothing varies.

    Notes
    -----
    One-sided, of "none of the estimands is below zero": all of them being zero is the case under which low ratios are
    most frequent, so the test has its level wherever they are. Each ratio has an error of its own that is estimated, so
    with few clusters the normal draws of :func:`sup_t` are taken to t ratio by ratio (a normal copula): one common
    error, as in the multivariate t, makes low ratios come together and the test reject too often. Assumption: estimates
    are jointly normal (untestable). Reference: Romano and Wolf (2005), Econometrica 73:1237-1282, section 3, for the
    smallest of studentised statistics.
    """
    error = np.sqrt(np.diag(covariance))
    some = error > 0
    if not some.any():
        return float("nan")
    correlation = covariance[np.ix_(some, some)] / np.outer(error[some], error[some])
    distinct = [i for i in range(len(correlation)) if (correlation[i, :i] < _ONE).all()]
    alone = float(stats.norm.cdf(statistic) if df is None else stats.t.cdf(statistic, df))
    if len(distinct) == 1:
        return alone
    lowest = _drawn(correlation[np.ix_(distinct, distinct)], seed).min(axis=0)
    share = (lowest <= stats.norm.ppf(alone)).mean()
    return float(np.clip(share, alone, min(len(distinct) * alone, 1.0)))


def _drawn(correlation: np.ndarray, seed: int) -> np.ndarray:
    """Return quasi-random normal draws with a correlation, shape (k, DRAWS)."""
    root, vectors = np.linalg.eigh(correlation)
    half = vectors * np.sqrt(np.clip(root, 0, None))
    return np.asarray(half @ _normal(len(correlation), seed).T)


def _alone(share: float, df: float | None) -> float:
    return float(stats.norm.ppf(share) if df is None else stats.t.ppf(share, df))


@lru_cache(maxsize=8)
def _normal(k: int, seed: int) -> np.ndarray:
    return np.asarray(special.ndtri(_uniform(k, seed)[:, :-1]))


@lru_cache(maxsize=64)
def _scale(k: int, seed: int, df: float) -> np.ndarray:
    return np.asarray(np.sqrt(2 * special.gammaincinv(df / 2, _last(k, seed)) / df))


@lru_cache(maxsize=32)
def _last(k: int, seed: int) -> np.ndarray:
    return _uniform(k, seed)[:, -1].copy()


def _uniform(k: int, seed: int) -> np.ndarray:
    return np.asarray(stats.qmc.Sobol(k + 1, seed=seed).random(DRAWS).clip(1e-12, 1 - 1e-12))
