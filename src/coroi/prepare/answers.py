"""Metrics as they were known: the last answer dated before a period, its age, and the answers to date."""

from __future__ import annotations

from typing import Any

import ibis

from coroi.prepare.calendar import period_index
from coroi.prepare.timeline import bring
from coroi.schemas import Period, metric_columns

NEVER = 10_000_000  # a period number after every period


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


def carry_forward(panel: Any, answers: Any, metric: str, age_limit: int) -> Any:
    """Give each customer and period what was known of a metric before the period began.

    Parameters
    ----------
    panel : ibis.Table
        With ``customer_id, idx``.
    answers : ibis.Table
        From :func:`known_answers`.
    metric : str
        Name of the metric's columns.
    age_limit : int
        Periods after which an answer is too old: the metric is then empty, its age and counts stay.

    Returns
    -------
    ibis.Table
        The rows of `panel` with the metric's four columns.
    """
    value, age, mean, count = metric_columns(metric)
    of_customer = ibis.window(group_by="customer_id", order_by="idx")
    to_date = ibis.window(group_by="customer_id", order_by="idx", preceding=(None, 0))
    known = answers.select(
        "customer_id",
        since_idx=answers["idx"],
        until_idx=answers["idx"].lead().over(of_customer).fill_null(NEVER),
        last=answers["last"].cast("float64"),
        n_to_date=answers["n"].sum().over(to_date).cast("int64"),
        total_to_date=answers["total"].sum().over(to_date),
    )
    rows = bring(panel, known)
    rows = rows.mutate(age=rows["idx"] - rows["since_idx"] + 1)
    return rows.select(
        *panel.columns,
        **{
            value: (rows["age"] <= age_limit).ifelse(rows["last"], ibis.null("float64")),
            age: rows["age"],
            mean: rows["total_to_date"] / rows["n_to_date"],
            count: rows["n_to_date"].fill_null(0),
        },
    )
