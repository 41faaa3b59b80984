"""Regressions of time series, with the influence of overlapping blocks of periods on their coefficients."""

from __future__ import annotations

import math

import numpy as np

from coroi.inference.linear import least_squares, sum_by


def usual_lags(n_periods: int) -> int:
    """Return the whole part of 4 (T / 100)^(2/9), a rule of thumb for the lags of a Newey–West error.

    Notes
    -----
    Reference: Newey and West (1994), Review of Economic Studies 61:631-653.
    """
    return math.floor(4 * (n_periods / 100) ** (2 / 9))


def fit_series(
    design: np.ndarray, outcome: np.ndarray, period: np.ndarray, n_lags: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit a regression of one series, and give the influence of each block of periods.

    Parameters
    ----------
    design : ndarray, shape (T, p)
        The constant among the columns; one that those before it make up is left out.
    outcome : ndarray, shape (T,)
    period : ndarray of int, shape (T,)
        Number of each period, rising; a number left out is a gap.
    n_lags : int
        L: periods over which errors may depend on each other.

    Returns
    -------
    coef : ndarray, shape (p,)
        NaN for a column left out.
    kept : ndarray of bool, shape (p,)
    blocks : ndarray, shape (span + L, p)
        Influence of the L + 1 periods from each on, the first block beginning L periods before the first. Its squares
        and products sum up to Newey and West's covariance without a small-sample factor.

    Notes
    -----
    With Bartlett's weights, the long-run variance is the mean of the squares of all overlapping sums of L + 1 scores,
    zeros beyond both ends: a pair j apart is in L + 1 − j of them. Reference: Newey and West (1987), Econometrica
    55:703-708; moving blocks: Künsch (1989), Annals of Statistics 17:1217-1241.
    """
    fit = least_squares(design, outcome)
    scores = sum_by(fit.scores, period - period.min())
    padded = np.vstack([np.zeros((n_lags + 1, scores.shape[1])), scores, np.zeros((n_lags, scores.shape[1]))])
    sums = np.cumsum(padded, axis=0)
    within = (sums[n_lags + 1 :] - sums[: -n_lags - 1]) / math.sqrt(n_lags + 1)
    blocks = np.zeros((len(within), design.shape[1]))
    blocks[:, fit.kept] = within @ fit.bread
    return fit.coef, fit.kept, blocks
