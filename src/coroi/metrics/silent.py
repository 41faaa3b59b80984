"""What the silent may think: bounds for everybody's mean, and where the silent would turn a conclusion."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize, stats

from coroi.inference.estimates import known, unknown
from coroi.inference.shares import width_of
from coroi.inference.totals import Totals, mean_covariance
from coroi.metrics.means import share_row
from coroi.metrics.totals import MIN_CUSTOMERS, Part, hindrance_of
from coroi.results import Result

ANSWERED, SUM = 0, 1
TERMS = ("answered_share", "lower_bound", "upper_bound", "silent_to_flip")


def silent_parts() -> dict[str, Part]:
    """Return what :func:`score_silent` averages, of occasions with ``answered`` (0 or 1) and ``value``."""
    return {
        "answered": lambda t: t["answered"].cast("float64"),
        "sum": lambda t: (t["answered"] == 1).ifelse(t["value"], 0.0),
    }


def score_silent(totals: Totals, *, scale: tuple[float, float], threshold: float, level: float = 0.95) -> Result:
    """Bound the mean of everybody, whatever the silent think.

    Parameters
    ----------
    totals : Totals
        From :func:`coroi.metrics.totals.sum_by_customer` with :func:`silent_parts`: all occasions, answered or not.
    scale : (float, float)
        Lowest and highest value that an answer can have.
    threshold : float
        Value of the mean at which the conclusion would turn: 0 for the sign of a net promoter score.
    level : float
        Level of the intervals.

    Returns
    -------
    Result
        By ``group``: ``answered_share``; ``lower_bound`` and ``upper_bound`` of everybody's mean, with every silent
        occasion at the lowest and at the highest value; ``silent_to_flip``, the mean of the silent at which
        everybody's is the threshold, and in ``can_flip`` whether an answer can be so. The outward ends of the two
        bounds make an interval that holds everybody's mean at the level asked, wherever it is within the bounds. Not
        identified with fewer than 10 customers or answers, or, for the last, where nobody is silent.

    Notes
    -----
    The bounds rest on nothing but the scale: no weight cures silence that the unseen answer drives. Assumptions:
    customers are independent (untestable); occasions are those on which an answer could have been given (by how they
    are built). The critical value lies between a one-sided and a two-sided one, by the bounds' distance. References:
    Manski (1989), Journal of Human Resources 24:343-360; Imbens and Manski (2004), Econometrica 72:1845-1857, eq.
    6-7.
    """
    covariance = mean_covariance(totals)
    rows = []
    for at, group in enumerate(totals.groups):
        found = _of_group(totals, covariance, at, scale, threshold, level)
        name = {"group": group, "can_flip": found[-1]["identified"] and _within(found[-1]["estimate"], scale)}
        rows += [{"term": term} | name | row for term, row in zip(TERMS, found, strict=True)]
    return Result(
        method="silent",
        estimand="bounds of the mean over all occasions, and the mean of the silent at which it is the threshold",
        spec={"level": level, "scale": list(scale), "threshold": threshold},
        estimates=pd.DataFrame(rows),
        n_obs=int(totals.n_obs.sum()),
        n_entities=totals.n_all,
    )


def set_width(distance: float, error: float, level: float, n_clusters: int) -> float:
    """Return the half-width, in standard errors, of the interval that holds a point within two bounds.

    Parameters
    ----------
    distance : float
        Upper less lower bound.
    error : float
        The larger of their standard errors.
    level : float
        Level of the interval.
    n_clusters : int
        Customers; Student's t stands for the normal.
    """
    if error <= 0:
        return width_of(level, n_clusters)
    df, apart = n_clusters - 1, distance / error

    def held(width: float) -> float:
        return float(stats.t.cdf(width + apart, df) - stats.t.cdf(-width, df)) - level

    return float(optimize.brentq(held, 0.0, width_of(level, n_clusters) + 1e-9, xtol=1e-12))


def _of_group(
    totals: Totals,
    covariance: np.ndarray,
    group: int,
    scale: tuple[float, float],
    threshold: float,
    level: float,
) -> list[dict]:
    why = hindrance_of(totals, group)
    share, summed = (float(x) for x in totals.means[group])
    if not why and share * totals.n_obs[group] < MIN_CUSTOMERS:
        why = f"fewer than {MIN_CUSTOMERS} answers"
    if why:
        return [unknown(why)] * len(TERMS)
    own = covariance[2 * group : 2 * group + 2, 2 * group : 2 * group + 2]
    slopes = [np.array([-end, 1.0]) for end in scale]
    bounds = [summed + (1 - share) * end for end in scale]
    errors = [float(np.sqrt(max(s @ own @ s, 0.0))) for s in slopes]
    width = set_width(bounds[1] - bounds[0], max(errors), level, int(totals.n_clusters[group]))
    rows = [
        known(b, e, max(b - width * e, scale[0]), min(b + width * e, scale[1]))
        for b, e in zip(bounds, errors, strict=True)
    ]
    flip = _flip(share, summed, own, threshold, width_of(level, int(totals.n_clusters[group])))
    return [share_row(totals, covariance, group, ANSWERED, level), *rows, flip]


def _flip(share: float, summed: float, own: np.ndarray, threshold: float, width: float) -> dict:
    """Return the mean of the silent at which everybody's mean is the threshold, by the delta method."""
    silent = 1 - share
    if silent <= 1e-12:
        return unknown("nobody is silent")
    value = (threshold - summed) / silent
    slope = np.array([value / silent, -1 / silent])
    error = float(np.sqrt(max(slope @ own @ slope, 0.0)))
    return known(value, error, value - width * error, value + width * error)


def _within(value: float, scale: tuple[float, float]) -> bool:
    return bool(scale[0] <= value <= scale[1])
