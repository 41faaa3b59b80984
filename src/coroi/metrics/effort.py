"""Customer effort score, with its direction stated."""

from __future__ import annotations

from typing import Any

import pandas as pd

from coroi.inference.estimates import unknown
from coroi.inference.totals import Totals, mean_covariance
from coroi.metrics.means import mean_row, share_row
from coroi.metrics.totals import Part
from coroi.results import Result
from coroi.sources import Metric

DIRECTION = {
    "better": "a higher score means less effort",
    "worse": "a higher score means more effort",
}


def effort_parts(metric: Metric) -> dict[str, Part]:
    """Return what :func:`score_effort` averages: the answer, and whether it says easy."""
    middle = sum(metric.scale) / 2

    def easy(table: Any) -> Any:
        score = table["score"]
        return ((score > middle) if metric.higher_is == "better" else (score < middle)).cast("float64")

    return {"mean": lambda table: table["score"], "easy": easy}


def score_effort(totals: Totals, *, metric: Metric, level: float = 0.95) -> Result:
    """Score effort as it was asked for, never turned round unseen.

    Parameters
    ----------
    totals : Totals
        From :func:`coroi.metrics.totals.sum_by_customer` with :func:`effort_parts` of the same metric.
    metric : Metric
        Its scale; ``higher_is`` says whether a higher answer means less effort ("better") or more ("worse").
    level : float
        Level of the intervals.

    Returns
    -------
    Result
        By ``group``: ``mean`` (points of the scale as asked) and ``easy`` (share of answers beyond the middle of the
        scale, on its easy side), each with its ``direction`` in words. Not identified with fewer than 10 customers;
        the mean where every answer is the same.

    Notes
    -----
    The first version of the question asked how much effort it took, the second whether it was made easy: they run in
    opposite directions. Assumption: customers are independent (untestable). Reference: Dixon, Freeman and Toman (2010),
    Harvard Business Review 88(7/8):116-122.
    """
    covariance = mean_covariance(totals)
    direction = {"mean": DIRECTION[metric.higher_is], "easy": "a higher share means less effort"}
    rows = []
    for at, group in enumerate(totals.groups):
        found = {
            "mean": mean_row(totals, covariance, at, 0, level, metric.scale),
            "easy": share_row(totals, covariance, at, 1, level),
        }
        rows += [{"term": t, "group": group, "direction": direction[t]} | row for t, row in found.items()]
    return Result(
        method="effort",
        estimand=f"mean answer in points of the scale ({DIRECTION[metric.higher_is]}), and share that say easy",
        spec={"level": level, "direction": DIRECTION[metric.higher_is], "scale": list(metric.scale)},
        estimates=pd.DataFrame(rows, columns=None if rows else ["term", "group", "direction", *unknown("")]),
        n_obs=int(totals.n_obs.sum()),
        n_entities=totals.n_all,
    )
