"""Periods as whole numbers: one index for each week, month, quarter or year, and the way back to dates."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import ibis
import pandas as pd

from coroi.schemas import Period

_EPOCH = date(1970, 1, 1)
_FIRST_MONDAY = date(1970, 1, 5)


def day_number(column: Any) -> Any:
    """Count days since 1970-01-01, as an ibis expression."""
    return column.delta(ibis.date(_EPOCH.isoformat()), unit="day").cast("int64")


def as_day(day: date) -> int:
    """Count days since 1970-01-01."""
    return (day - _EPOCH).days


def period_index(column: Any, frequency: Period) -> Any:
    """Give a date column's period its number; the next period has the next number."""
    year = column.year().cast("int64")
    if frequency == "week":
        return ((day_number(column) - as_day(_FIRST_MONDAY)).cast("float64") / 7).floor().cast("int64")
    if frequency == "month":
        return year * 12 + column.month().cast("int64") - 1
    if frequency == "quarter":
        return year * 4 + column.quarter().cast("int64") - 1
    return year


def index_of(day: date, frequency: Period) -> int:
    """Give a date's period its number."""
    if frequency == "week":
        return (day - _FIRST_MONDAY).days // 7
    if frequency == "month":
        return day.year * 12 + day.month - 1
    if frequency == "quarter":
        return day.year * 4 + (day.month - 1) // 3
    return day.year


def first_day(index: int, frequency: Period) -> date:
    """Return the first day of a period."""
    if frequency == "week":
        return _FIRST_MONDAY + timedelta(weeks=index)
    if frequency == "month":
        return date(index // 12, index % 12 + 1, 1)
    if frequency == "quarter":
        return date(index // 4, index % 4 * 3 + 1, 1)
    return date(index, 1, 1)


def last_day(index: int, frequency: Period) -> date:
    """Return the last day of a period."""
    return first_day(index + 1, frequency) - timedelta(days=1)


def last_period_by(day: date, frequency: Period) -> int:
    """Return the number of the last period that is over on `day`, that day included."""
    return index_of(day + timedelta(days=1), frequency) - 1


def calendar(first: int, last: int, frequency: Period) -> Any:
    """Return the periods from `first` to `last` as an ibis table.

    Returns
    -------
    ibis.Table
        ``idx``, ``period`` (first day), ``first`` and ``last`` (day numbers).
    """
    indices = range(first, last + 1)
    frame = pd.DataFrame(
        {
            "idx": list(indices),
            "period": [first_day(i, frequency) for i in indices],
            "first": [as_day(first_day(i, frequency)) for i in indices],
            "last": [as_day(last_day(i, frequency)) for i in indices],
        }
    )
    return ibis.memtable(frame, schema={"idx": "int64", "period": "date", "first": "int64", "last": "int64"})
