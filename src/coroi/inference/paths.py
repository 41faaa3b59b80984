"""A path of estimates, one a horizon, tied by each cluster's influence on all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from coroi.inference.bands import sup_t
from coroi.inference.estimates import known, unknown
from coroi.inference.influence import influence_covariance, serial_covariance
from coroi.inference.linear import sum_by
from coroi.inference.projection import Step

Errors = Literal["cluster", "serial"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """Estimates by horizon, with their covariance.

    Parameters
    ----------
    estimate : ndarray, shape (n_horizons,)
        NaN where there is none.
    reasons : tuple of str
        Why there is none; empty where there is one.
    moved : ndarray, shape (n_groups, n_horizons)
        Influence of clusters, or of periods in the order of time.
    groups : ndarray of int, shape (n_groups,)
        Codes of these.
    covariance : ndarray, shape (n_horizons, n_horizons)
    df : int
        Clusters, or periods with rows, less one.
    """

    estimate: np.ndarray
    reasons: tuple[str, ...]
    moved: np.ndarray
    groups: np.ndarray
    covariance: np.ndarray
    df: int

    def critical(self, level: float) -> float:
        """Return how many standard errors the band takes that holds every estimated horizon at once."""
        some = np.flatnonzero(np.isfinite(self.estimate))
        if not len(some):
            return float("nan")
        return sup_t(self.covariance[np.ix_(some, some)], level=level, df=self.df)

    def combined(self, weights: np.ndarray, level: float) -> dict:
        """Return the columns of a weighted sum of horizons, or why there is none."""
        used = np.flatnonzero(weights)
        why = next((self.reasons[h] for h in used if self.reasons[h]), "")
        if why:
            return unknown(why)
        w = weights[used]
        estimate = float(w @ self.estimate[used])
        error = float(np.sqrt(max(w @ self.covariance[np.ix_(used, used)] @ w, 0.0)))
        half = float(stats.t.ppf(0.5 + level / 2, self.df)) * error
        return known(estimate, error, estimate - half, estimate + half)


def tie(steps: Sequence[Step], groups: np.ndarray, *, errors: Errors, n_lags: int, least: int) -> Path:
    """Tie horizons by what their estimates share.

    Parameters
    ----------
    steps : sequence of Step
    groups : ndarray of int, shape (n,)
        Cluster of each row of the panel; with serial errors its period, from 0.
    errors : str
        ``cluster`` or ``serial``.
    n_lags : int
        Periods of dependence, with serial errors.
    least : int
        Groups in a horizon below which it is not told.

    Returns
    -------
    Path
    """
    told = np.unique(np.concatenate([groups[step.rows] for step in steps]))
    many = [np.unique(groups[step.rows]).size for step in steps]
    what = "clusters" if errors == "cluster" else "periods"
    reasons = tuple(
        step.reason or (f"{n} {what} are too few to tell errors; it takes {least}" if n < least else "")
        for step, n in zip(steps, many, strict=True)
    )
    used = told if errors == "cluster" or not len(told) else np.arange(told[0], told[-1] + 1)
    moved = np.zeros((len(used), len(steps)))
    for h, step in enumerate(steps):
        if not reasons[h]:
            sums = sum_by(step.moved[:, None], np.searchsorted(used, groups[step.rows]))[:, 0]
            moved[: len(sums), h] = sums
    estimate = np.array([np.nan if why else step.estimate for step, why in zip(steps, reasons, strict=True)])
    if len(used) < 2:
        covariance = np.full((len(steps), len(steps)), np.nan)
    else:
        covariance = influence_covariance(moved) if errors == "cluster" else serial_covariance(moved, n_lags)
    return Path(
        estimate=estimate, reasons=reasons, moved=moved, groups=used, covariance=covariance, df=max(len(told) - 1, 1)
    )


def early_and_late(last: int, early: int, *, cumulative: bool) -> list[tuple[str, int, np.ndarray | None]]:
    """Return the weights of the horizons in the early and the late mean of responses a period.

    Parameters
    ----------
    last : int
        Last horizon; the first is 0.
    early : int
        Horizons that count as early.
    cumulative : bool
        Whether the path is one of sums until each horizon.

    Returns
    -------
    list of (str, int, ndarray or None)
        Name, last horizon taken in, and weights, shape (last + 1,); nothing where no late horizon is left.
    """
    if last < early:
        return [("early", last, None), ("late", last, None)]
    first, then = np.zeros(last + 1), np.zeros(last + 1)
    if cumulative:
        first[early - 1] = 1 / early
        then[last], then[early - 1] = 1 / (last + 1 - early), -1 / (last + 1 - early)
    else:
        first[:early], then[early:] = 1 / early, 1 / (last + 1 - early)
    return [("early", early - 1, first), ("late", last, then)]
