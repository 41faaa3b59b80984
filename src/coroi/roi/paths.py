"""Paths of money: sums of a line over time with their errors, and the band that holds a whole path."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from coroi.inference.bands import sup_t
from coroi.roi.flows import Line
from coroi.roi.present_value import check_line, discount_factors

# A sum that is this small beside what was added up is a zero that was rounded: else a cost that is
# paid back to the last cent would stay unpaid.
_ROUNDED = 1e-12


def mapped(line: Line, weights: np.ndarray, name: str) -> Line:
    """Return weighted sums of a line's periods as a line, weights of shape (n_sums, n_periods)."""
    sums = weights @ line.estimate
    size = np.abs(weights) @ np.abs(line.estimate)
    moved = None if line.moved is None else pd.DataFrame(line.moved.to_numpy() @ weights.T, index=line.moved.index)
    return Line(
        name=name,
        estimate=np.where(np.abs(sums) <= _ROUNDED * size, 0.0, sums),
        covariance=weights @ line.covariance @ weights.T,
        moved=moved,
        df=line.df,
    )


def cumulated(line: Line, *, rate_annual: float, per_year: float) -> Line:
    """Return what a line adds up to by the end of each period, discounted to the start."""
    n = len(line.estimate)
    return mapped(line, np.tri(n) * discount_factors(rate_annual, n, per_year), f"{line.name}, cumulative")


def tails(line: Line, *, rate_annual: float, per_year: float) -> Line:
    """Return what a line still adds up to after each period, discounted to the start; zero after the last."""
    n = len(line.estimate)
    after = np.triu(np.ones((n, n)), 1)
    return mapped(line, after * discount_factors(rate_annual, n, per_year), f"{line.name}, what comes after")


def banded(line: Line, *, level: float = 0.95) -> pd.DataFrame:
    """Return a path with a band that holds all of it at once, and with an interval for each period alone.

    Returns
    -------
    pandas.DataFrame
        ``period`` from 0, ``estimate``, ``band_low, band_high`` (sup-t), ``conf_low, conf_high`` (pointwise).

    Notes
    -----
    The band has no width where the money is known. Assumption: estimates are jointly normal (untestable).
    """
    check_line(line, level)
    error = np.sqrt(np.clip(np.diag(line.covariance), 0, None))
    few = line.df if np.isfinite(line.df) else None
    wide = sup_t(line.covariance, level=level, df=few) * error if error.any() else error
    half = stats.t.ppf(0.5 + level / 2, line.df) * error
    return pd.DataFrame(
        {
            "period": np.arange(len(error)),
            "estimate": line.estimate,
            "band_low": line.estimate - wide,
            "band_high": line.estimate + wide,
            "conf_low": line.estimate - half,
            "conf_high": line.estimate + half,
        }
    )
