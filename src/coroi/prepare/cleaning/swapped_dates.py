"""Days and months that an import has swapped: dates that parse and are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import ibis
import numpy as np
import pandas as pd
from scipy import stats

from coroi.prepare.cleaning.rules import examples, fresh
from coroi.prepare.ledger import Ledger
from coroi.storage.files import ROW

RULE, UNCLEAR = "day and month swapped", "day and month unclear"
LATE_DAYS = (0.45, 0.85)  # share of dates beyond the 12th: 0.61 where days are alike, more or less where they are not
BY_CHANCE = 1e-6
SORTED = 0.95  # share of rows in line with their neighbours, from which a table counts as sorted by a date
BY_ACCIDENT = 1 / 12  # chance of a date out of line to fall in line with day and month exchanged
CERTAIN, NO_NEWS = 1e-3, 0.1  # chance up to which such dates are put back, and above which nothing is said
LEAST_ROWS = 40
LOOK_ROWS = 20_000
_NEAR = 3  # rows before and after that a date is compared with
_AGREE = 2

Swap = Literal["none", "some", "all"]


@dataclass(frozen=True, slots=True)
class Calendar:
    """What the calendar shows of swapped days and months.

    Parameters
    ----------
    swap : str
        ``all``: every date up to the 12th was swapped; ``some``: the dates in `strange` were, the rest cannot be
        told; ``none``.
    strange : tuple of (int, int)
        Years and months that no date beyond the 12th has, though so many dates lie in them.
    n_strange, n_unclear : int
        Dates in these months; dates up to the 12th elsewhere that would fit swapped as well.
    """

    swap: Swap
    strange: tuple[tuple[int, int], ...] = ()
    n_strange: int = 0
    n_unclear: int = 0


def read_calendar(counts: pd.DataFrame) -> Calendar:
    """Tell from the days of the month alone whether an import swapped days and months.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``date`` (distinct) and ``n``.

    Returns
    -------
    Calendar

    Notes
    -----
    An import that takes the day for the month wherever that gives a date leaves traces: months in which many dates lie
    and none beyond the 12th, whose days are the numbers of months that do have late days. Judged only where 45 to 85 %
    of all dates lie beyond the 12th (61 % would by the calendar), so that data billed on the first of the month are
    left alone, and where such months would come by chance less often than once in a million. Each distinct date counts
    once in that chance, since the rows of one survey round or billing run share theirs.
    """
    day = pd.to_datetime(counts["date"])
    frame = pd.DataFrame({"year": day.dt.year, "month": day.dt.month, "day": day.dt.day, "n": counts["n"].to_numpy()})
    total = frame["n"].sum()
    late = frame[frame["day"] > 12]
    if total < LEAST_ROWS or not LATE_DAYS[0] <= late["n"].sum() / total <= LATE_DAYS[1]:
        return Calendar("none")
    real = set(zip(late["year"], late["month"], strict=True))
    early = frame[frame["day"] <= 12]
    month_is_real = np.array([(y, m) in real for y, m in zip(early["year"], early["month"], strict=True)], dtype=bool)
    swapped_is_real = np.array([(y, d) in real for y, d in zip(early["year"], early["day"], strict=True)], dtype=bool)
    strange, fits = early[~month_is_real], early[~month_is_real & swapped_is_real]
    n_strange = int(strange["n"].sum())
    chance = (1 - len(late) / len(frame)) ** len(strange)
    if not n_strange or chance > BY_CHANCE or fits["n"].sum() < n_strange:
        return Calendar("none")
    unclear = early[month_is_real & swapped_is_real & (early["month"] != early["day"])]
    upright = int(early.loc[month_is_real & ~swapped_is_real, "n"].sum())
    months = tuple(sorted({(int(y), int(m)) for y, m in zip(strange["year"], strange["month"], strict=True)}))
    return Calendar("some" if upright else "all", months, n_strange, int(unclear["n"].sum()))


def put_back(connection: Any, table: Any, columns: list[str], name: str, ledger: Ledger, *, repair: bool) -> Any:
    """Find swapped dates in each column, put back those that are certain, and flag the rest.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    table : ibis.Table
        Mapped table with ``_row``.
    columns : list of str
        Its dates.
    name : str
        The table's name in the ledger.
    ledger : Ledger
        Takes the counts.
    repair : bool
        Put back what is certain; otherwise everything found is flagged.

    Returns
    -------
    ibis.Table

    Notes
    -----
    Two traces are followed: the calendar (:func:`read_calendar`), and the order of rows in a table that is sorted by
    the date, where a date out of line with its neighbours that falls in line with day and month exchanged was swapped.
    """
    for column in columns:
        counted = table.filter(table[column].notnull()).group_by(column).agg(n=ibis._.count())
        calendar = read_calendar(connection.to_pandas(counted).rename(columns={column: "date"}))
        if calendar.swap != "none":
            table = _by_calendar(connection, table, column, calendar, name, ledger, repair=repair)
    for column in _sorted_by(connection, table, columns):
        table = _by_order(connection, table, column, name, ledger, repair=repair)
    return table


def order_by_chance(n_fit: int, n_out: int) -> float:
    """Return the chance that so many dates out of line fall in line by accident when day and month are exchanged.

    Parameters
    ----------
    n_fit, n_out : int
        Dates that fall in line, of those out of line whose day could be a month.

    Notes
    -----
    Exchanging keeps the year and picks one of its twelve months, of which at most one or the turn to the next is in
    line: no date has a higher chance than one in twelve. Rows that are late for another reason, such as customers who
    came back, thus rarely pass for swapped.
    """
    return float(stats.binom.sf(n_fit - 1, n_out, BY_ACCIDENT))


def swapped(column: Any) -> Any:
    """Exchange day and month; null where that is no other date."""
    day, month = column.day(), column.month()
    other = ibis.date(column.year(), ibis.cases((day <= 12, day), else_=1), month)
    return ibis.cases(((day <= 12) & (day != month), other))


def _by_calendar(
    connection: Any, table: Any, column: str, calendar: Calendar, name: str, ledger: Ledger, *, repair: bool
) -> Any:
    date = table[column]
    month = date.year() * 100 + date.month()
    strange = month.isin([y * 100 + m for y, m in calendar.strange]) & (date.day() <= 12)
    early = (date.day() <= 12) & (date.day() != date.month())
    sure = early if calendar.swap == "all" else strange & swapped(date).notnull()
    said = (
        f"dates of {column} beyond the 12th lie in few months, and those up to the 12th over the year with the numbers "
        "of these months as their day: an import took the day for the month"
    )
    table = _mend(connection, table, column, sure, said, name, ledger, repair=repair)
    if calendar.swap == "some" and calendar.n_unclear:
        doubt = f"the same import may have swapped these dates of {column} too: both readings fit; kept as they are"
        ledger.add(name, "flagged", calendar.n_unclear, doubt, rule=UNCLEAR, column=column)
    return table


def _by_order(connection: Any, table: Any, column: str, name: str, ledger: Ledger, *, repair: bool) -> Any:
    order = ibis.window(order_by=ROW)
    date, other = table[column], swapped(table[column])
    before = [date.lag(i).over(order) for i in range(1, _NEAR + 1)]
    after = [date.lead(i).over(order) for i in range(1, _NEAR + 1)]
    marked = table.mutate(
        _here=_in_line(date, before, after), _there=_in_line(other, before, after) & other.notnull(), _other=other
    )
    out = marked.filter(~marked["_here"] & marked["_other"].notnull())
    counts = connection.to_pandas(out.group_by("_there").agg(n=ibis._.count())).set_index("_there")["n"]
    chance = order_by_chance(int(counts.get(True, 0)), int(counts.sum()))
    if chance > NO_NEWS:
        return table
    marked, repair = fresh(connection, marked), repair and chance <= CERTAIN
    said = f"{column} rises from row to row, and these dates fall in line only with day and month exchanged"
    mended = _mend(connection, marked, column, ~marked["_here"] & marked["_there"], said, name, ledger, repair=repair)
    both = marked.filter(marked["_here"] & marked["_there"])
    n = int(connection.execute(both.count()))
    doubt = f"these dates of {column} are in line with their neighbours either way; kept as they are"
    seen = examples(connection, both, ledger.n_examples, column) if n else None
    ledger.add(name, "flagged", n, doubt, rule=UNCLEAR, column=column, examples=seen)
    return mended.drop("_here", "_there", "_other")


def _mend(
    connection: Any, table: Any, column: str, hit: Any, said: str, name: str, ledger: Ledger, *, repair: bool
) -> Any:
    hit = hit.fill_null(False)
    found = table.filter(hit)
    n = int(connection.execute(found.count()))
    if not n:
        return table
    seen = examples(connection, found, ledger.n_examples, column)
    ledger.add(name, "repaired" if repair else "flagged", n, said, rule=RULE, column=column, examples=seen)
    if not repair:
        return table
    return fresh(connection, table.mutate(**{column: hit.ifelse(swapped(table[column]), table[column])}))


def _in_line(date: Any, before: list[Any], after: list[Any]) -> Any:
    """Whether at least two of three dates before are no later, and two of three after no earlier; none counts as so."""
    low = sum(((d <= date) | d.isnull()).fill_null(False).cast("int64") for d in before)
    high = sum(((d >= date) | d.isnull()).fill_null(False).cast("int64") for d in after)
    return (low >= _AGREE) & (high >= _AGREE)


def _sorted_by(connection: Any, table: Any, columns: list[str]) -> list[str]:
    """Return the dates that the first rows of the table are sorted by, up to a few out of line."""
    if not columns:
        return []
    head = connection.to_pandas(table.filter(table[ROW] <= LOOK_ROWS).select(ROW, *columns))
    if head[ROW].duplicated().any():  # several files: each has its own order
        return []
    head = head.sort_values(ROW)
    return [c for c in columns if _share_in_line(pd.to_datetime(head[c])) >= SORTED]


def _share_in_line(dates: pd.Series) -> float:
    known = dates.dropna()
    if len(known) < LEAST_ROWS or known.nunique() < LEAST_ROWS // 4:
        return 0.0
    day = known.to_numpy("datetime64[D]").astype(np.int64)
    padded = np.pad(day.astype(float), _NEAR, constant_values=np.nan)
    n, none = len(day), np.isnan
    before = [padded[_NEAR - i : _NEAR - i + n] for i in range(1, _NEAR + 1)]
    after = [padded[_NEAR + i : _NEAR + i + n] for i in range(1, _NEAR + 1)]
    low = sum((none(b) | (b <= day)).astype(int) for b in before)
    high = sum((none(a) | (a >= day)).astype(int) for a in after)
    return float(((low >= _AGREE) & (high >= _AGREE)).mean())
