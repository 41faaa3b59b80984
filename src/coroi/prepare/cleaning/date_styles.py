"""Dates in another style than their column's: read where the style leaves no doubt, and left unread elsewhere."""

from __future__ import annotations

from typing import Any

import ibis
import pandas as pd

from coroi.prepare.cleaning.reread import settle
from coroi.prepare.cleaning.rules import fresh
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
    texts = table.filter(raw.notnull()).group_by(_text=raw).agg(_n=ibis._.count())
    texts = fresh(connection, texts.mutate(_bare=texts["_text"].re_replace(_TIME, "")))
    values = fresh(connection, _read(connection, texts, table, column))
    joined = table.left_join(values, raw == values["_text"])
    table = fresh(connection, joined.select(*(table[c] for c in table.columns), _value=values["_value"]))
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


def _read(connection: Any, texts: Any, table: Any, column: str) -> Any:
    """Return each text with the date that it certainly is; each style is read by itself, since engines plan slowly."""
    bare = texts["_bare"]
    first, second = (bare.re_extract(_SLASHED, i).nullif("").cast("int64") for i in (1, 2))
    slashes = bare.replace("-", "/")
    styles = {f"_s{i}": parse_date(bare, (style,)) for i, style in enumerate(_SURE)}
    read = {"_days": parse_date(slashes, _DAY_FIRST), "_months": parse_date(slashes, _MONTH_FIRST)}
    days = bare.re_extract(_SERIAL, 1).nullif("").cast("int64")
    serial = (ibis.literal(_SERIAL_ZERO).cast("date") + days.as_interval("D")).cast("date")
    texts = fresh(connection, texts.mutate(_first=first, _second=second, _serial=serial, **styles, **read))
    first, second, n = texts["_first"], texts["_second"], texts["_n"]
    day_first, month_first = (first > 12) & (second <= 12), (second > 12) & (first <= 12)
    seen = connection.to_pandas(texts.agg(day=n.sum(where=day_first), month=n.sum(where=month_first))).iloc[0].fillna(0)
    readings = [(day_first, texts["_days"]), (month_first, texts["_months"]), (first == second, texts["_days"])]
    if seen["day"] >= ENOUGH and not seen["month"]:
        readings.append((first.notnull(), texts["_days"]))
    if seen["month"] >= ENOUGH and not seen["day"]:
        readings.append((first.notnull(), texts["_months"]))
    ends = connection.to_pandas(table.agg(low=table[column].min(), high=table[column].max())).iloc[0]
    if not pd.isna(ends["low"]):
        low, high = (ibis.literal(str(ends[end])[:10]).cast("date") for end in ("low", "high"))
        readings.append((texts["_serial"].between(low, high), texts["_serial"]))
    return texts.select("_text", _value=ibis.coalesce(*(texts[s] for s in styles), ibis.cases(*readings)))
