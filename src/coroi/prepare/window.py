"""The window of observation: the last day of the data, and the first period in which customers are watched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from coroi.errors import DataError, Problem
from coroi.prepare.calendar import first_day, index_of
from coroi.prepare.options import PrepareOptions

PANEL = "panel"
_TIMES = {"responses": "answered_at", "subscriptions": "start_at", "transactions": "occurred_at"}


def last_observed_day(connection: Any, tables: Mapping[str, Any], options: PrepareOptions) -> date:
    """Return the last day of the data: the plan's, or the last day on which anything began or happened.

    Ends of contracts do not count, since they may be dated ahead.

    Raises
    ------
    DataError
        If nothing is dated, or the last date is one that stands for none.
    """
    if options.observed_until:
        return options.observed_until
    latest = [connection.execute(tables[t][c].max()) for t, c in _TIMES.items() if t in tables]
    found = [_as_date(d) for d in latest if d is not None and d == d]
    if not found:
        raise DataError("No table holds a date, so the end of the data is unknown: give `observed_until`.")
    last = max(found)
    if last.year == date.max.year:
        what = f"the last day of the data is {last}, which stands for no date."
        raise DataError(Problem(PANEL, what, "Give `observed_until`, or correct the date."))
    return last


def entry_index(options: PrepareOptions, earliest: date) -> int:
    """Return the number of the first period that lies wholly within the window."""
    start = options.observed_from
    if start is None:
        return index_of(earliest, options.period)
    index = index_of(start, options.period)
    return index if first_day(index, options.period) == start else index + 1


def _as_date(value: Any) -> date:
    import pandas as pd

    return pd.Timestamp(value).date()
