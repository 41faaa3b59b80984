"""How alike one customer's answers are, at a held number of answers; the weakest touchpoint beside the mean of all."""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pandas as pd

from coroi.inference.estimates import known, unknown
from coroi.inference.shares import width_of
from coroi.inference.totals import Totals, mean_covariance
from coroi.metrics.means import mean_row
from coroi.metrics.totals import ALL_ALIKE, NO_GROUP, hindrance_of, sum_by_customer
from coroi.results import Result

VARIANCE = 0
WEAKEST, MEAN, GAP = 0, 1, 2


def total_variability(connection: Any, answers: Any, *, n_answers: int = 3, weight: str | None = None) -> Totals:
    """Reduce each customer to the variance of the last answers, as many for everybody.

    Parameters
    ----------
    connection : Session
        Where the answers live.
    answers : ibis.Table
        ``customer_id, answered_at, score`` and, if named, the survey weight of the customer (the mean over the
        answers).
    n_answers : int
        Answers held, 2 or more: customers with fewer are left out, of more the last are taken, and of one day's the
        highest.
    weight : str, optional
        Column of survey weights.
    """
    order = [ibis.desc("answered_at"), ibis.desc("score")]
    numbered = answers.mutate(
        _w=ibis.literal(1.0) if weight is None else answers[weight].cast("float64"),
        _at=ibis.row_number().over(ibis.window(group_by="customer_id", order_by=order)),
        _of=answers.count().over(ibis.window(group_by="customer_id")),
    )
    held = numbered.filter(numbered["_at"] < n_answers, numbered["_of"] >= n_answers)
    each = held.group_by("customer_id").agg(
        _w=held["_w"].mean(), variance=held["score"].cast("float64").var(how="sample")
    )
    return sum_by_customer(connection, each, {"variance": lambda t: t["variance"]}, weight="_w")


def total_touchpoints(connection: Any, answers: Any, *, n_touchpoints: int = 3, weight: str | None = None) -> Totals:
    """Reduce each customer to the weakest touchpoint and the mean of all, at a held number of touchpoints.

    Parameters
    ----------
    connection : Session
        Where the answers live.
    answers : ibis.Table
        ``customer_id, touchpoint, score`` and, if named, the survey weight.
    n_touchpoints : int
        Touchpoints held, 2 or more: customers who rated fewer are left out; of more, the weakest is the mean over all
        choices of so many.
    weight : str, optional
        Column of survey weights.

    Notes
    -----
    The lowest of more touchpoints is lower by chance alone; held at a number it can be compared. With n touchpoints,
    the one at place r from below is the lowest of a choice of t in a share C(n − r, t − 1) / C(n, t) of all choices.
    """
    rated = answers.filter(answers["touchpoint"].notnull())
    rated = rated.mutate(_w=ibis.literal(1.0) if weight is None else rated[weight].cast("float64"))
    each = rated.group_by("customer_id", "touchpoint").agg(_w=rated["_w"].mean(), score=rated["score"].mean())
    of_customer = ibis.window(group_by="customer_id", order_by=[each["score"], each["touchpoint"]])
    each = each.mutate(
        _r=(ibis.row_number().over(of_customer) + 1).cast("float64"),
        _n=each.count().over(ibis.window(group_by="customer_id")).cast("float64"),
    )
    each = each.filter(each["_n"] >= n_touchpoints)
    lowest: Any = ibis.literal(float(n_touchpoints))
    for step in range(n_touchpoints):
        lowest = lowest / (each["_n"] - step)
    for step in range(n_touchpoints - 1):
        lowest = lowest * ibis.greatest(each["_n"] - each["_r"] - step, 0.0)
    each = each.mutate(_weakest=each["score"] * lowest)
    people = each.group_by("customer_id").agg(
        _w=each["_w"].mean(), weakest=each["_weakest"].sum(), mean=each["score"].mean()
    )
    parts = {
        "weakest": lambda t: t["weakest"],
        "mean": lambda t: t["mean"],
        "gap": lambda t: t["mean"] - t["weakest"],
    }
    return sum_by_customer(connection, people, parts, weight="_w")


def score_consistency(
    variability: Totals | None = None,
    touchpoints: Totals | None = None,
    *,
    n_answers: int = 3,
    n_touchpoints: int = 3,
    level: float = 0.95,
) -> Result:
    """Score how much one customer's answers differ, and how far the weakest touchpoint lies below the mean.

    Parameters
    ----------
    variability : Totals, optional
        From :func:`total_variability` with the same `n_answers`.
    touchpoints : Totals, optional
        From :func:`total_touchpoints` with the same `n_touchpoints`.
    n_answers, n_touchpoints : int
        What is held.
    level : float
        Level of the intervals.

    Returns
    -------
    Result
        ``within_sd`` (root of the mean within-customer variance, points of the scale; lower is more consistent),
        ``weakest_touchpoint``, ``mean_touchpoint`` and ``touchpoint_gap`` (mean less weakest). Not identified with
        fewer than 10 customers who gave so many answers, or where nothing varies: a customer with one answer is not
        consistent, but unknown.

    Notes
    -----
    One value a customer, so that nobody counts more for answering more. The interval of ``within_sd`` is that of the
    mean variance on the log scale, since it is skewed and cannot be negative. Assumptions: customers are independent
    (untestable); those who answer as often as held speak for the rest (untestable).
    """
    rows = [{"term": "within_sd"} | _within(variability, level, n_answers)]
    terms = ("weakest_touchpoint", "mean_touchpoint", "touchpoint_gap")
    rows += [{"term": t} | _of_touchpoints(touchpoints, part, level, n_touchpoints) for part, t in enumerate(terms)]
    used = [totals for totals in (variability, touchpoints) if totals is not None]
    return Result(
        method="consistency",
        estimand=f"spread within a customer over {n_answers} answers, and the weakest of {n_touchpoints} touchpoints, "
        "in points of the scale",
        spec={"level": level, "n_answers": n_answers, "n_touchpoints": n_touchpoints},
        estimates=pd.DataFrame(rows),
        n_obs=sum(int(totals.n_obs.sum()) for totals in used),
        n_entities=max((totals.n_all for totals in used), default=0),
    )


def _within(totals: Totals | None, level: float, n_answers: int) -> dict:
    why = _hindrance(totals, f"gave {n_answers} answers")
    if why or totals is None:
        return unknown(why)
    variance = float(totals.means[0, VARIANCE])
    error = float(np.sqrt(max(mean_covariance(totals)[0, 0], 0.0)))
    if variance <= 0:
        return unknown("no customer's answers differ, so nothing tells how far the spread may be off")
    if error == 0:
        return unknown(ALL_ALIKE)
    half = width_of(level, int(totals.n_clusters[0])) * error / variance
    ends = (float(np.sqrt(variance * np.exp(sign * half))) for sign in (-1, 1))
    return known(np.sqrt(variance), error / (2 * np.sqrt(variance)), *ends)


def _of_touchpoints(totals: Totals | None, part: int, level: float, n_touchpoints: int) -> dict:
    why = _hindrance(totals, f"rated {n_touchpoints} touchpoints")
    if why or totals is None:
        return unknown(why)
    return mean_row(totals, mean_covariance(totals), 0, part, level)


def _hindrance(totals: Totals | None, did: str) -> str:
    if totals is None:
        return "it was not asked for"
    if NO_GROUP not in totals.groups:
        return f"no customer {did}"
    why = hindrance_of(totals, 0)
    return f"fewer than 10 customers {did}" if why.startswith("fewer") else why
