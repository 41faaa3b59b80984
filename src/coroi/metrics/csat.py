"""Customer satisfaction: the share of the satisfied, and the mean."""

from __future__ import annotations

import pandas as pd

from coroi.inference.estimates import unknown
from coroi.inference.totals import Totals, mean_covariance
from coroi.metrics.means import among_top, mean_row, share_row, top_answers
from coroi.metrics.totals import Part
from coroi.results import Result
from coroi.sources import Metric

_SATISFIED: dict[tuple[float, float], int] = {(1, 5): 2, (1, 7): 2, (1, 10): 3, (0, 10): 3}


def satisfied_answers(metric: Metric) -> tuple[float, ...]:
    """Return the answers that count as satisfied; none on a scale without a convention.

    Notes
    -----
    The best two of 1–5 and 1–7, the best three of 1–10 and 0–10: conventions, and they move the share.
    """
    boxes = _SATISFIED.get(metric.scale, 0)
    return top_answers(metric, boxes) if boxes else ()


def csat_parts(metric: Metric) -> dict[str, Part]:
    """Return what :func:`score_csat` averages: whether satisfied, and the answer."""
    n = _SATISFIED.get(metric.scale, 0)
    return {"satisfied": among_top(metric, n), "mean": lambda table: table["score"]}


def score_csat(totals: Totals, *, metric: Metric, level: float = 0.95) -> Result:
    """Score satisfaction.

    Parameters
    ----------
    totals : Totals
        From :func:`coroi.metrics.totals.sum_by_customer` with :func:`csat_parts` of the same metric.
    metric : Metric
        Its scale, and which end is good.
    level : float
        Level of the intervals.

    Returns
    -------
    Result
        By ``group``: ``satisfied`` (share of answers) and ``mean`` (points of the scale). Not identified with fewer
        than 10 customers; the share on a scale without a convention for who is satisfied; the mean where every answer
        is the same.

    Notes
    -----
    Score interval for the share, Student's t for the mean, both clustered by customer. Assumption: customers are
    independent (untestable).
    """
    covariance = mean_covariance(totals)
    satisfied = satisfied_answers(metric)
    why = "" if satisfied else "there is no convention for who is satisfied on this scale; use a top-box share"
    rows = []
    for at, group in enumerate(totals.groups):
        share = unknown(why) if why else share_row(totals, covariance, at, 0, level)
        rows.append({"term": "satisfied", "group": group} | share)
        rows.append({"term": "mean", "group": group} | mean_row(totals, covariance, at, 1, level, metric.scale))
    return Result(
        method="csat",
        estimand="share of answers that say satisfied, and mean answer in points of the scale",
        spec={"level": level, "satisfied": list(satisfied), "scale": list(metric.scale)},
        estimates=pd.DataFrame(rows),
        n_obs=int(totals.n_obs.sum()),
        n_entities=totals.n_all,
    )
