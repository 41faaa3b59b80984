"""Regressions of time series, and what their coefficients' errors are made of: waves of time, or blocks of periods."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from coroi.inference.linear import least_squares, sum_by

SeriesErrors = Literal["cosine", "newey_west"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesFit:
    """A regression of one series.

    Parameters
    ----------
    coef : ndarray, shape (p,)
        NaN for a column left out.
    kept : ndarray of bool, shape (p,)
    parts : ndarray, shape (g, p)
        Squares and products of its rows sum up to the covariance, without a small-sample factor; zero for a column
        left out.
    labels : tuple
        Name of each part, alike in regressions of the same periods alone.
    freedom : int
        Degrees of freedom of the t quantiles that go with the covariance.
    """

    coef: np.ndarray
    kept: np.ndarray
    parts: np.ndarray
    labels: tuple[object, ...]
    freedom: int


def usual_waves(n_periods: int) -> int:
    """Return the whole part of 0.4 T^(2/3), a rule for the cosine waves of an error with t quantiles; 1 at least.

    Notes
    -----
    Reference: Lazarus, Lewis, Stock and Watson (2018), Journal of Business & Economic Statistics 36:541-559, eq. 4.
    """
    return max(math.floor(0.4 * math.cbrt(n_periods) ** 2), 1)


def usual_lags(n_periods: int) -> int:
    """Return the whole part of 4 (T / 100)^(2/9), a rule of thumb for the lags of a Newey–West error.

    Notes
    -----
    Reference: Newey and West (1994), Review of Economic Studies 61:631-653.
    """
    return math.floor(4 * (n_periods / 100) ** (2 / 9))


def fit_series(
    design: np.ndarray, outcome: np.ndarray, period: np.ndarray, errors: SeriesErrors, n_parts: int
) -> SeriesFit:
    """Fit a regression of one series, with errors of either kind.

    Parameters
    ----------
    design, outcome, period
        As in :func:`fit_waves`.
    errors : str
        ``cosine``, or ``newey_west``.
    n_parts : int
        Waves, or lags.
    """
    fit = fit_waves if errors == "cosine" else fit_blocks
    return fit(design, outcome, period, n_parts)


def fit_waves(design: np.ndarray, outcome: np.ndarray, period: np.ndarray, n_waves: int) -> SeriesFit:
    """Fit a regression of one series, with errors from slow cosine waves of its scores.

    Parameters
    ----------
    design : ndarray, shape (T, p)
        The constant among the columns; one that those before it make up is left out.
    outcome : ndarray, shape (T,)
    period : ndarray of int, shape (T,)
        Number of each period, rising; a number left out is a gap, in which scores count as zero.
    n_waves : int
        B: waves, the slowest half a turn in the whole span, each next half a turn faster.

    Returns
    -------
    SeriesFit
        One part a wave.

    Notes
    -----
    The long-run variance is the mean of the squares of B projections of the scores on cosines, each of which is an
    estimate of its own, so that the error goes with a t distribution of B degrees of freedom even where B is small
    against T (fixed-b). A wave is blind to what is constant, the coefficients' own fit, and to what is quicker than
    itself. Reference: Lazarus, Lewis, Stock and Watson (2018), Journal of
    Business & Economic Statistics 36:541-559, section 2.
    """
    fit = least_squares(design, outcome)
    at = period - period.min()
    span, wave = int(at.max()) + 1, np.arange(1, n_waves + 1)
    waves = np.sqrt(2) * np.cos(np.pi * wave[:, None] * (at + 0.5) / span)
    parts = np.zeros((n_waves, design.shape[1]))
    parts[:, fit.kept] = waves @ fit.scores @ fit.bread / math.sqrt(n_waves)
    labels = tuple(f"wave {j} of periods {period.min()} to {period.max()}" for j in wave)
    return SeriesFit(coef=fit.coef, kept=fit.kept, parts=parts, labels=labels, freedom=n_waves)


def fit_blocks(design: np.ndarray, outcome: np.ndarray, period: np.ndarray, n_lags: int) -> SeriesFit:
    """Fit a regression of one series, with Newey and West's errors from overlapping blocks of its scores.

    Parameters
    ----------
    design, outcome, period
        As in :func:`fit_waves`.
    n_lags : int
        L: periods over which errors may depend on each other.

    Returns
    -------
    SeriesFit
        span + L parts: influence of the L + 1 periods from each on, the first block beginning L periods before the
        first.

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
    labels = tuple(range(int(period.min()) - n_lags, int(period.max()) + 1))
    freedom = max(len(design) - design.shape[1], 1)
    return SeriesFit(coef=fit.coef, kept=fit.kept, parts=blocks, labels=labels, freedom=freedom)
