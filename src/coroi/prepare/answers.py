"""Metrics as they were known: the last answer dated before a period, its age, and the answers to date."""

from __future__ import annotations

from typing import Any

import ibis

from coroi.prepare.calendar import period_index
from coroi.schemas import Period, metric_columns


def known_answers(responses: Any, metric: str, frequency: Period) -> Any:
    """Return a metric's answers by the first period that may know them: the one after they were given.

    Several answers of one customer on one day count as their mean, since nothing tells which came last.

    Returns
    -------
    ibis.Table
        ``customer_id, idx, last, n, total``.
    """
    of_metric = responses.filter(responses["metric"] == metric)
    daily = of_metric.group_by("customer_id", "answered_at").agg(
        score=of_metric["score"].mean(), n=of_metric.count(), total=of_metric["score"].sum()
    )
    daily = daily.mutate(idx=period_index(daily["answered_at"], frequency) + 1)
    latest = daily["answered_at"].max().over(ibis.window(group_by=["customer_id", "idx"]))
    daily = daily.mutate(latest=latest)
    return daily.group_by("customer_id", "idx").agg(
        last=daily["score"].max(where=daily["answered_at"] == daily["latest"]),
        n=daily["n"].sum(),
        total=daily["total"].sum(),
    )


def carry_forward(grid: Any, answers: Any, metric: str, age_limit: int) -> Any:
    """Give each customer and period what was known of a metric before the period began.

    Parameters
    ----------
    grid : ibis.Table
        ``customer_id, idx``, each pair once.
    answers : ibis.Table
        From :func:`known_answers`.
    metric : str
        Name of the metric's columns.
    age_limit : int
        Periods after which an answer is too old: the metric is then empty, its age and counts stay.

    Returns
    -------
    ibis.Table
        ``customer_id, idx`` and the metric's four columns, one row for each of `grid`.

    Notes
    -----
    The running count of answered periods numbers islands that share one last answer, so that the largest
    value of an island is that answer; this reads the same on every engine.
    """
    value, age, mean, count = metric_columns(metric)
    rows = grid.select(
        "customer_id",
        "idx",
        last=ibis.null("float64"),
        n=ibis.literal(0, "int64"),
        total=ibis.literal(0.0, "float64"),
        wanted=ibis.literal(1, "int64"),
    )
    known = answers.select(
        "customer_id",
        "idx",
        last=answers["last"].cast("float64"),
        n=answers["n"].cast("int64"),
        total=answers["total"].cast("float64"),
        wanted=ibis.literal(0, "int64"),
    )
    both = ibis.union(rows, known)
    to_date = ibis.window(group_by="customer_id", order_by=["idx", "wanted"], preceding=(None, 0))
    both = both.mutate(
        island=(1 - both["wanted"]).sum().over(to_date),
        n_to_date=both["n"].sum().over(to_date).cast("int64"),
        total_to_date=both["total"].sum().over(to_date),
        since=(both["wanted"] == 0).ifelse(both["idx"], ibis.null("int64")),
    )
    island = ibis.window(group_by=["customer_id", "island"])
    both = both.mutate(carried=both["last"].max().over(island), known_from=both["since"].max().over(island))
    both = both.mutate(age=both["idx"] - both["known_from"] + 1)
    asked = both.filter(both["wanted"] == 1)
    return asked.select(
        "customer_id",
        "idx",
        **{
            value: (asked["age"] <= age_limit).ifelse(asked["carried"], ibis.null("float64")),
            age: asked["age"],
            mean: (asked["n_to_date"] > 0).ifelse(asked["total_to_date"] / asked["n_to_date"], ibis.null("float64")),
            count: asked["n_to_date"],
        },
    )
