"""The window of observation: the last day of the data, and the first period in which customers are watched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import ibis

from coroi.errors import DataError, Problem
from coroi.prepare.calendar import first_day, index_of
from coroi.prepare.options import PrepareOptions
from coroi.schemas import PERIODS_PER_YEAR, Period

PANEL = "panel"
MOST_YEARS, MOST_ROWS = 200, 10_000_000
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


def check_size(connection: Any, spells: Any, entry: int, last: int, frequency: Period) -> None:
    """Refuse a panel of centuries for many customers: some dates in it stand for none.

    Parameters
    ----------
    spells : ibis.Table
        From :func:`coroi.prepare.timeline.spell_periods`.
    entry, last : int
        First and last period observed.

    Raises
    ------
    DataError
        If more than 200 years and more than ten million customer-periods would be laid out.
    """
    if last - entry < MOST_YEARS * PERIODS_PER_YEAR[frequency]:
        return
    since = ibis.greatest(spells["from_idx"], entry)
    people = spells.mutate(since=since).group_by("customer_id").agg(n=last + 1 - ibis._.since.min())
    rows = int(connection.execute(people["n"].sum()) or 0)
    if rows > MOST_ROWS:
        what = f"the data run from {first_day(entry, frequency)} to {first_day(last, frequency)}: {rows:,} rows."
        fix = "Some dates in them stand for none: correct them, or give `observed_from` and `observed_until`."
        raise DataError(Problem(PANEL, what, fix))


def _as_date(value: Any) -> date:
    import pandas as pd

    return pd.Timestamp(value).date()
