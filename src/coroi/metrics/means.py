"""Rows that several metrics share: means and shares by group, each with an interval or with the reason why not."""

from __future__ import annotations

from typing import Any

import numpy as np

from coroi.inference.estimates import known, unknown
from coroi.inference.shares import Limits, effective_size, width_of, wilson
from coroi.inference.totals import Totals
from coroi.metrics.totals import ALL_ALIKE, Part, hindrance_of
from coroi.sources import Metric


def share_row(totals: Totals, covariance: np.ndarray, group: int, part: int, level: float) -> dict:
    """Return the estimate of a share of answers, between 0 and 1.

    Notes
    -----
    Score interval at the effective number of answers, Student's t: it holds at small n and where nobody or everybody
    is counted.
    """
    why = hindrance_of(totals, group)
    if why:
        return unknown(why)
    share = float(np.clip(totals.means[group, part], 0, 1))
    low, high = share_limits(totals, covariance, group, part, level)
    return known(share, _error(totals, covariance, group, part), low, high)


def share_limits(totals: Totals, covariance: np.ndarray, group: int, part: int, level: float) -> Limits:
    """Return the interval of a share that is identified."""
    share = float(np.clip(totals.means[group, part], 0, 1))
    size = effective_size(
        share * (1 - share),
        _error(totals, covariance, group, part) ** 2,
        n_obs=float(totals.n_obs[group]),
        even_customers=float(totals.even_customers[group]),
    )
    return wilson(share, size, width_of(level, int(totals.n_clusters[group])))


def mean_row(
    totals: Totals, covariance: np.ndarray, group: int, part: int, level: float, scale: Limits | None = None
) -> dict:
    """Return the estimate of a mean; not identified where every answer is the same.

    Notes
    -----
    Student's t with one degree less than customers, cut to the scale.
    """
    why = hindrance_of(totals, group)
    error = 0.0 if why else _error(totals, covariance, group, part)
    if why or error == 0:
        return unknown(why or ALL_ALIKE)
    mean = float(totals.means[group, part])
    half = width_of(level, int(totals.n_clusters[group])) * error
    low, high = scale or (-np.inf, np.inf)
    return known(mean, error, max(mean - half, low), min(mean + half, high))


def share_of(rows: dict) -> tuple[float, Limits]:
    """Return a row's estimate and its limits."""
    return rows["estimate"], (rows["conf_low"], rows["conf_high"])


def top_answers(metric: Metric, n: int) -> tuple[float, ...]:
    """Return the best `n` answers of a scale of whole numbers, the best last; none where the scale has no such."""
    low, high = metric.scale
    if not (float(low).is_integer() and float(high).is_integer()) or high - low < n:
        return ()
    best = [high - i for i in range(n)] if metric.higher_is == "better" else [low + i for i in range(n)]
    return tuple(float(value) for value in reversed(best))


def among_top(metric: Metric, n: int) -> Part:
    """Return whether an answer is at or beyond the last of the best `n`; 0 where the scale has no such."""
    best = top_answers(metric, n) if n else ()

    def counts(table: Any) -> Any:
        score = table["score"]
        if not best:
            return score * 0
        return ((score >= best[0]) if metric.higher_is == "better" else (score <= best[0])).cast("float64")

    return counts


def _error(totals: Totals, covariance: np.ndarray, group: int, part: int) -> float:
    at = group * len(totals.parts) + part
    return float(np.sqrt(max(covariance[at, at], 0.0)))
