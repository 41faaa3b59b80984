"""Share of answers in the best boxes of a scale."""

from __future__ import annotations

import pandas as pd

from coroi.inference.estimates import unknown
from coroi.inference.totals import Totals, mean_covariance
from coroi.metrics.means import among_top, share_row, top_answers
from coroi.metrics.totals import Part
from coroi.results import Result
from coroi.sources import Metric


def top_box_parts(metric: Metric, *, boxes: int = 1) -> dict[str, Part]:
    """Return what :func:`score_top_box` averages: whether an answer is among the best."""
    return {"top_box": among_top(metric, boxes)}


def score_top_box(totals: Totals, *, metric: Metric, boxes: int = 1, level: float = 0.95) -> Result:
    """Score the share of answers in the best boxes.

    Parameters
    ----------
    totals : Totals
        From :func:`coroi.metrics.totals.sum_by_customer` with :func:`top_box_parts` of the same metric and boxes.
    metric : Metric
        Its scale, and which end is good.
    boxes : int
        How many answers from the good end count.
    level : float
        Level of the intervals.

    Returns
    -------
    Result
        ``top_box`` by ``group``, a share of answers. Not identified with fewer than 10 customers, or on a scale
        without so many whole answers.

    Notes
    -----
    Score interval at the effective number of answers: it holds where nobody or everybody is in the box. Assumption:
    customers are independent (untestable).
    """
    covariance = mean_covariance(totals)
    best = top_answers(metric, boxes)
    why = "" if best else f"the scale has no {boxes} best answers: its ends are not whole, or too near"
    rows = [
        {"term": "top_box", "group": group} | (unknown(why) if why else share_row(totals, covariance, at, 0, level))
        for at, group in enumerate(totals.groups)
    ]
    return Result(
        method="top_box",
        estimand=f"share of answers among the best {boxes} of the scale",
        spec={"level": level, "boxes": boxes, "answers": list(best)},
        estimates=pd.DataFrame(rows),
        n_obs=int(totals.n_obs.sum()),
        n_entities=totals.n_all,
    )
