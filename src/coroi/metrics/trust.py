"""Trust: each item's mean, and the index over the items."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.inference.estimates import known, unknown
from coroi.inference.shares import width_of
from coroi.inference.totals import Totals, mean_covariance
from coroi.metrics.means import mean_row
from coroi.metrics.totals import ALL_ALIKE, Part, hindrance_of
from coroi.results import Result
from coroi.sources import Metric


def trust_parts() -> dict[str, Part]:
    """Return what :func:`score_trust` averages: the answer."""
    return {"mean": lambda table: table["score"]}


def score_trust(totals: Totals, *, metric: Metric, level: float = 0.95) -> Result:
    """Score trust by item, and as an index that counts every item alike.

    Parameters
    ----------
    totals : Totals
        From :func:`coroi.metrics.totals.sum_by_customer` with :func:`trust_parts`, by item; without groups for one
        item.
    metric : Metric
        The items' common scale.
    level : float
        Level of the intervals.

    Returns
    -------
    Result
        ``item`` by ``group`` and ``index``, the plain mean of the items' means, in points of the scale. Not identified
        with fewer than 10 customers, or where every answer is the same; the index where an item is not.

    Notes
    -----
    Items of one customer vary together: the index's error holds their covariance, and customers who left items out are
    kept. Assumptions: all items run in one direction and measure one thing (reliability is tested elsewhere); customers
    are independent (untestable). Student's t with one degree less than the fewest customers of an item.
    """
    covariance = mean_covariance(totals)
    items = [mean_row(totals, covariance, at, 0, level, metric.scale) for at in range(len(totals.groups))]
    rows = [{"term": "item", "group": g} | row for g, row in zip(totals.groups, items, strict=True)]
    rows.append({"term": "index", "group": ""} | _index(totals, covariance, level, metric))
    return Result(
        method="trust",
        estimand="mean answer in points of the scale, by item and over all items alike",
        spec={"level": level, "items": list(totals.groups), "scale": list(metric.scale)},
        estimates=pd.DataFrame(rows),
        n_obs=int(totals.n_obs.sum()),
        n_entities=totals.n_all,
    )


def _index(totals: Totals, covariance: np.ndarray, level: float, metric: Metric) -> dict:
    if not totals.groups:
        return unknown("there is no answer")
    whys = [f"{why} ({g})" if g else why for at, g in enumerate(totals.groups) if (why := hindrance_of(totals, at))]
    if whys:
        return unknown(whys[0])
    variance = float(covariance.mean())
    if variance <= 0:
        return unknown(ALL_ALIKE)
    mean, error = float(totals.means[:, 0].mean()), float(np.sqrt(variance))
    half = width_of(level, int(totals.n_clusters.min())) * error
    low, high = metric.scale
    return known(mean, error, max(mean - half, low), min(mean + half, high))
