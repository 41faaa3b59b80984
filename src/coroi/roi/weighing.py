"""Present values of lines of money and how they vary together, at discount factors that the caller gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from coroi.errors import DataError
from coroi.roi.flows import Flows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Present:
    """Present values of lines.

    Parameters
    ----------
    estimate : ndarray, shape (n_lines,)
        In the flows' currency.
    covariance : ndarray, shape (n_lines, n_lines)
    df : float
        Degrees of freedom; infinite where all is known.
    """

    estimate: np.ndarray
    covariance: np.ndarray
    df: float

    @property
    def npv(self) -> float:
        """Return the sum of all lines."""
        return float(self.estimate.sum())

    def error(self, signs: np.ndarray) -> float:
        """Return the standard error of a weighted sum of lines."""
        return float(np.sqrt(max(signs @ self.covariance @ signs, 0.0)))

    def critical(self, level: float) -> float:
        """Return the standard errors that an interval takes on each side: by t, or normal where nothing has error."""
        return critical(level, self.df)


def critical(level: float, df: float) -> float:
    """Return the quantile of an interval at a level, by t; normal for infinite degrees of freedom."""
    at = 0.5 + level / 2
    return float(stats.t.ppf(at, df) if np.isfinite(df) else stats.norm.ppf(at))


def present_values(flows: Flows, weights: np.ndarray) -> Present:
    """Return the present value of every line with its errors.

    Parameters
    ----------
    flows : Flows
    weights : ndarray, shape (n_periods,) or (n_lines, n_periods)
        Discount factors, such as ``(1 + rate) ** (-k / per_year)``; zero for periods that are not counted.

    Raises
    ------
    DataError
        If the weights have another shape, or one of them is no number.
    """
    lines, periods = flows.estimate.shape
    weights = np.asarray(weights, float)
    if weights.shape not in ((periods,), (lines, periods)):
        raise DataError(f"discount factors of shape {weights.shape} for {periods} periods. Give one for each period.")
    if not np.isfinite(weights).all():
        raise DataError("a discount factor is no number. Give (1 + rate) ** (-period) for each period.")
    full = np.broadcast_to(weights, (lines, periods))
    map_ = (np.eye(lines)[:, :, None] * full[None]).reshape(lines, lines * periods)
    return Present(
        estimate=(full * flows.estimate).sum(axis=1),
        covariance=map_ @ flows.covariance @ map_.T,
        df=flows.df,
    )
