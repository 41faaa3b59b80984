"""Money and purchases by customer and period."""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis

from coroi.prepare.calendar import as_day, day_number, index_of, period_index
from coroi.prepare.spells import FAR
from coroi.schemas import PERIODS_PER_YEAR, Period


def money_of_transactions(transactions: Any, frequency: Period) -> Any:
    """Sum amounts and margins, and count purchases, by customer and period.

    Returns
    -------
    ibis.Table
        ``customer_id, idx, revenue, margin, n_transactions``; returns lower the money and are no purchases.
    """
    rows = transactions.mutate(idx=period_index(transactions["occurred_at"], frequency))
    bought = (rows["amount"].isnull() | (rows["amount"] > 0)).cast("int64")
    return rows.group_by("customer_id", "idx").agg(
        revenue=rows["amount"].sum(), margin=rows["margin"].sum(), n_transactions=bought.sum().cast("int64")
    )


def money_of_contracts(subscriptions: Any, periods: Any, frequency: Period, observed_until: date) -> Any:
    """Spread monthly prices over the days of each period that a contract covers.

    Parameters
    ----------
    subscriptions : ibis.Table
        With ``start, end`` as day numbers and ``first_idx, last_idx``.
    periods : ibis.Table
        The calendar.
    frequency : str
        Length of a period.
    observed_until : date
        Days after it earn nothing yet.

    Returns
    -------
    ibis.Table
        ``customer_id, since_idx, until_idx, revenue``: what each period brings, from the first up to but not
        including the last; stretches of a customer are disjoint. A contract without a price gives none.

    Notes
    -----
    Between a contract's first and last period all periods are covered whole, so only the stretches between such
    periods are worked out, and not each period.
    """
    months = 12 / PERIODS_PER_YEAR[frequency]
    rows = subscriptions.filter(subscriptions["price"].notnull())
    rows = rows.select("start", "end", "price", "first_idx", "last_idx", _who="customer_id")
    edges = [rows["first_idx"], rows["first_idx"] + 1, rows["last_idx"], rows["last_idx"] + 1]
    points = ibis.union(*(rows.select(customer_id="_who", since_idx=e) for e in edges), distinct=True)
    following = points["since_idx"].lead().over(ibis.window(group_by="customer_id", order_by="since_idx"))
    stretches = points.mutate(until_idx=following).join(periods, points["since_idx"] == periods["idx"])
    part = stretches.join(
        rows,
        [
            stretches["customer_id"] == rows["_who"],
            stretches["since_idx"] >= rows["first_idx"],
            stretches["since_idx"] <= rows["last_idx"],
        ],
    )
    until = ibis.least(part["end"], part["last"], as_day(observed_until))
    days = until - ibis.greatest(part["start"], part["first"]) + 1
    share = ibis.greatest(days, 0) / (part["last"] - part["first"] + 1)
    part = part.mutate(part=part["price"] * months * share)
    return part.group_by("customer_id", "since_idx", "until_idx").agg(revenue=part["part"].sum())


def contract_rows(subscriptions: Any, frequency: Period, observed_until: date) -> Any:
    """Return contracts with day numbers and the indices of their first and last period within the data."""
    until = index_of(observed_until, frequency)
    rows = subscriptions.mutate(
        start=day_number(subscriptions["start_at"]),
        end=day_number(subscriptions["end_at"]).fill_null(FAR),
        first_idx=period_index(subscriptions["start_at"], frequency),
        last_idx=ibis.least(period_index(subscriptions["end_at"], frequency).fill_null(until), until),
    )
    return rows.filter(rows["first_idx"] <= until)


def renewals(contracts: Any, frequency: Period, observed_until: date) -> Any:
    """Return the periods in which a term ends, and with it the choice to leave.

    Once ended, a contract goes on renewing on paper until one that ends later begins, or to the end of the data:
    the schedule says nothing of who left.

    Parameters
    ----------
    contracts : ibis.Table
        From :func:`contract_rows`.
    frequency : str
        Length of a period.
    observed_until : date
        Last day of the data.

    Returns
    -------
    ibis.Table
        ``customer_id, idx``, each pair once; contracts without a term give none.
    """
    terms = _on_paper(contracts.filter(contracts["term_months"] >= 1), contracts, index_of(observed_until, frequency))
    months = terms["term_months"].round().cast("int64")
    length = (terms["last_idx"] - terms["first_idx"] + 1).cast("float64") * (12 / PERIODS_PER_YEAR[frequency])
    terms = terms.mutate(term=months, k=ibis.range(1, (length / months).floor().cast("int64") + 2).unnest())
    last = (terms["start_at"] + (terms["k"] * terms["term"]).as_interval("M")).cast("date") - ibis.interval(days=1)
    terms = terms.mutate(idx=period_index(last.cast("date"), frequency))
    return terms.filter(terms["idx"] <= terms["last_idx"]).select("customer_id", "idx").distinct()


def _on_paper(terms: Any, contracts: Any, until: int) -> Any:
    """Let each contract last until the period before a longer one of the same customer begins."""
    ends = terms.select("customer_id", "end").distinct()
    longer = ends.join(contracts.select("customer_id", next_idx="first_idx", next_end="end"), "customer_id")
    longer = longer.filter(longer["next_end"] > longer["end"])
    begins = longer.group_by("customer_id", "end").agg(next_idx=longer["next_idx"].min())
    joined = terms.left_join(begins, ["customer_id", "end"])
    last_idx = ibis.greatest(joined["last_idx"], joined["next_idx"].fill_null(until + 1) - 1)
    return joined.select(**{c: joined[c] for c in terms.columns} | {"last_idx": last_idx})
