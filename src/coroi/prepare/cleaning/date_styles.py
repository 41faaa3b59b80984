"""Dates in another style than their column's: read where the style leaves no doubt, and left unread elsewhere."""

from __future__ import annotations

from typing import Any

import ibis
import pandas as pd

from coroi.prepare.cleaning.reread import settle
from coroi.prepare.ledger import Ledger
from coroi.prepare.mapping import UNREAD
from coroi.prepare.parsing import parse_date

RULE = "dates in another style"
MOST_STRAY = 0.20  # share of a column; above it the style is the column's own, and the plan has to give it
ENOUGH = 3  # dates beyond the 12th that show the order of day and month to the others
_SURE = (
    "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y", "%d %b %Y", "%d-%b-%Y", "%d %b %y", "%d-%b-%y",
    "%b %d, %Y", "%b %d %Y",
)  # fmt: skip
_DAY_FIRST, _MONTH_FIRST = ("%d/%m/%Y", "%d/%m/%y"), ("%m/%d/%Y", "%m/%d/%y")
_TIME = r"[ T]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?(?:Z|[+-]\d{2}:?\d{2})?$"
_SLASHED = r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})$"
_SERIAL = r"^([2-5]\d{4})(?:\.\d+)?$"
_SERIAL_ZERO = "1899-12-30"


def reread_dates(connection: Any, table: Any, column: str, name: str, ledger: Ledger) -> Any:
    """Read stray dates.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    table : ibis.Table
        Mapped table in which at most a fifth of the column's cells are unread.
    column, name : str
        The column, and the table's name in the ledger.
    ledger : Ledger
        Takes the count.

    Returns
    -------
    ibis.Table

    Notes
    -----
    Certain are: the year first; points, which stand behind the day first; the month in letters; a day beyond the 12th,
    or equal to the month. Other dates with slashes are read as those beyond the 12th are, where three or more of
    these agree and none does not. A spreadsheet's day number is taken where it falls between the column's first and
    last date.
    """
    raw = table[UNREAD + column]
    bare = raw.re_replace(_TIME, "")
    first, second = (bare.re_extract(_SLASHED, i).nullif("").cast("int64") for i in (1, 2))
    slashes = bare.replace("-", "/")
    day_first, month_first = first > 12, second > 12
    asked = {"low": table[column].min(), "high": table[column].max()}
    asked |= {"day_first": (day_first & (second <= 12)).sum(), "month_first": (month_first & (first <= 12)).sum()}
    seen = connection.to_pandas(table.agg(**asked)).iloc[0]
    shown = {order: 0 if pd.isna(seen[order]) else int(seen[order]) for order in ("day_first", "month_first")}
    as_days, as_months = parse_date(slashes, _DAY_FIRST), parse_date(slashes, _MONTH_FIRST)
    readings = [(day_first, as_days), (month_first, as_months), (first == second, as_days)]
    if shown["day_first"] >= ENOUGH and not shown["month_first"]:
        readings.append((first.notnull(), as_days))
    if shown["month_first"] >= ENOUGH and not shown["day_first"]:
        readings.append((first.notnull(), as_months))
    value = ibis.coalesce(parse_date(bare, _SURE), ibis.cases(*readings))
    if not pd.isna(seen["low"]):
        days = bare.re_extract(_SERIAL, 1).nullif("").cast("int64")
        serial = ibis.literal(_SERIAL_ZERO).cast("date") + days.as_interval("D")
        low, high = (ibis.literal(str(seen[end])[:10]).cast("date") for end in ("low", "high"))
        inside = serial.cast("date").between(low, high)
        value = ibis.coalesce(value, ibis.cases((inside, serial.cast("date"))))
    table = table.mutate(_value=value)
    hit = table[UNREAD + column].notnull() & table["_value"].notnull()
    settled = settle(
        connection,
        table,
        column,
        hit,
        table["_value"],
        rule=RULE,
        sentence=f"{column} was written in another style than the rest of its column, which leaves no doubt",
        name=name,
        ledger=ledger,
    )
    return settled.drop("_value")
