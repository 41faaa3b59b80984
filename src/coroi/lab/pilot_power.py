"""From rejections to the smallest effect that a design detects, each number with its Monte Carlo interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import isotonic_regression
from statsmodels.stats.proportion import proportion_confint

_RESAMPLES = 400
LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Smallest:
    """Smallest effect with the asked power: infinite where no effect of the grid reaches it."""

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float


def power_curve(effects: np.ndarray, reject: np.ndarray) -> pd.DataFrame:
    """Return the share of rejections by effect with its Wilson interval, and the curve made never to fall.

    Parameters
    ----------
    effects : numpy.ndarray
        Rising from 0, shape (n_effects,).
    reject : numpy.ndarray
        Shape (n_effects, n_replications).

    Returns
    -------
    pandas.DataFrame
        ``effect, power, conf_low, conf_high, smooth``.
    """
    hits, n = reject.sum(axis=1), reject.shape[1]
    low, high = proportion_confint(hits, n, alpha=1 - LEVEL, method="wilson")
    smooth = isotonic_regression(hits / n).x
    return pd.DataFrame({"effect": effects, "power": hits / n, "conf_low": low, "conf_high": high, "smooth": smooth})


def smallest_effect(rng: np.random.Generator, effects: np.ndarray, reject: np.ndarray, *, power: float) -> Smallest:
    """Return the smallest effect that is detected with the asked power.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the resamples.
    effects, reject : numpy.ndarray
        As in :func:`power_curve`.
    power : float
        Share of pilots that are to detect it.

    Notes
    -----
    Between two sizes the monotone curve is taken as linear on the probit scale, as it is for a normal estimate. The
    interval comes from resampling whole replications, since all sizes share their draws; it tells the error of
    simulating, not that of the data.
    """
    n = reject.shape[1]
    shares = rng.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES) @ reject.T / n
    found = np.array([_crossing(effects, share, power, n) for share in shares])
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
    estimate = _crossing(effects, reject.mean(axis=1), power, n)
    error = float(np.std(found, ddof=1)) if np.isfinite(found).all() else float("inf")
    return Smallest(
        estimate=estimate, std_error=error, conf_low=min(float(low), estimate), conf_high=max(float(high), estimate)
    )


def _crossing(effects: np.ndarray, share: np.ndarray, power: float, n: int) -> float:
    smooth = isotonic_regression(share).x
    above = np.flatnonzero(smooth >= power)
    if not len(above):
        return float("inf")
    at = int(above[0])
    if at == 0:
        return float(effects[0])
    lower, upper, aim = stats.norm.ppf(np.clip([smooth[at - 1], smooth[at], power], 0.5 / n, 1 - 0.5 / n))
    return float(effects[at - 1] + (effects[at] - effects[at - 1]) * (aim - lower) / (upper - lower))
