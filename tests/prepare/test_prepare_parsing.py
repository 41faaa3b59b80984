"""Cells as text: what is read as a date, a number, a flag or an id, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from coroi.prepare.parsing import date_pattern, parse, parse_date, parse_flag, parse_id, parse_number

MISSING = None


@pytest.fixture
def parsed(connection) -> Callable[..., list[Any]]:
    def run(values: list[Any], function: Callable[[Any], Any], kind: str = "string") -> list[Any]:
        frame = pd.DataFrame({"i": range(len(values)), "x": pd.Series(values, dtype=object)})
        table = connection.take(ibis.memtable(frame, schema={"i": "int64", "x": kind}))  # as a file's columns arrive
        out = connection.to_pandas(table.select("i", y=function(table["x"])).order_by("i"))["y"]
        return [MISSING if pd.isna(v) else str(v.date()) if isinstance(v, pd.Timestamp) else v for v in out]

    return run


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2024-01-31", "2024-01-31"),
        (" 2024-01-31 ", "2024-01-31"),
        ("2024-01-31 23:59", "2024-01-31"),
        ("2024-01-31 23:59:59.999", "2024-01-31"),
        ("2024-01-31T23:59:59Z", "2024-01-31"),
        ("2024-01-31T23:59:59+05:30", "2024-01-31"),
        ("2024-02-29", "2024-02-29"),
        ("2023-02-29", MISSING),
        ("2024-02-31", MISSING),
        ("2024-13-01", MISSING),
        ("2024-1-5", MISSING),
        ("20240131", MISSING),
        ("31/01/2024", MISSING),
        ("01/02/2024", MISSING),
        ("0000-01-01", MISSING),
        ("2024-01-31 and more", MISSING),
        ("45322", MISSING),
        ("", MISSING),
    ],
)
def test_without_a_format_only_iso_dates_are_dates(parsed, cell, day):
    assert parsed([cell], parse_date) == [day]


@pytest.mark.parametrize(
    ("pattern", "cell", "day"),
    [
        ("%d/%m/%Y", "31/01/2024", "2024-01-31"),
        ("%d/%m/%Y", "1/2/2024", "2024-02-01"),
        ("%m/%d/%Y", "1/2/2024", "2024-01-02"),
        ("%d/%m/%Y", "31/02/2024", MISSING),
        ("%d/%m/%Y", "32/01/2024", MISSING),
        ("%d/%m/%Y", "31/01/2024 10:00", MISSING),
        ("%d/%m/%Y", "31/01/0000", MISSING),
        ("%d.%m.%y", "31.01.24", "2024-01-31"),
        ("%d.%m.%y", "31.01.68", "2068-01-31"),
        ("%d.%m.%y", "31.01.69", "1969-01-31"),
        ("%d.%m.%y", "31.01.2024", MISSING),
        ("%d.%m.%y", "31x01x24", MISSING),
        ("%Y%m%d", "20240131", "2024-01-31"),
        ("%Y%m%d", "20240131.0", "2024-01-31"),
        ("%Y%m%d", "20240231", MISSING),
        ("%Y%m%d", "2024013", MISSING),
        ("%d%b%Y", "5Jan2024", "2024-01-05"),
        ("%y%m%d", "240131", "2024-01-31"),
        ("%b %d, %Y", "Jan 5, 2024", "2024-01-05"),
        ("%b %d, %Y", "sept. 5, 2024", "2024-09-05"),
        ("%B %d, %Y", "December 5, 2024", "2024-12-05"),
        ("%d %B %Y", "5 Foobar 2024", MISSING),
        ("%Y-%m-%d %H:%M:%S", "2024-01-31 10:30:15.123", "2024-01-31"),
        ("%Y-%m-%d %I:%M %p", "2024-01-31 1:30 pm", "2024-01-31"),
        ("%Y-%m-%dT%H:%M:%S.%f%z", "2024-01-31T10:30:15.5+0200", "2024-01-31"),
        ("%d/%m/%Y %H:%M %Z", "31/01/2024 10:30 CEST", "2024-01-31"),
    ],
)
def test_each_code_of_a_date_format(parsed, pattern, cell, day):
    assert parsed([cell], lambda c: parse_date(c, (pattern,))) == [day]


def test_a_list_of_formats_is_tried_in_order(parsed):
    cells = ["2024-01-31", "31/01/2024", "1/2/2024", "Jan 31, 2024"]
    both = parsed(cells, lambda c: parse_date(c, ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y")))
    assert both == ["2024-01-31", "2024-01-31", "2024-02-01", MISSING]


def test_typed_columns_are_taken_as_they_are(parsed):
    days = [pd.Timestamp("2024-01-31 23:59"), pd.NaT]
    assert parsed(days, parse_date, "timestamp") == ["2024-01-31", MISSING]
    assert parsed([20240131.0, np.nan], lambda c: parse_date(c, ("%Y%m%d",)), "float64") == ["2024-01-31", MISSING]
    assert parsed([20240131], lambda c: parse_date(c, ("%Y%m%d",)), "int64") == ["2024-01-31"]
    assert parsed([True, False], parse_number, "boolean") == [1.0, 0.0]
    assert parsed([1.5, np.inf], parse_number, "float64") == [1.5, MISSING]
    assert parsed([True, False], parse_flag, "boolean") == [True, False]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("%Y-%m", "it does not tell year, month and day"),
        ("%d.%m", "it does not tell year, month and day"),
        ("%Y-%j", "'%j' is not one of"),
        ("YYYY-MM-DD", "it does not tell year, month and day"),
        ("%d.%d.%Y", "'%d' stands in it twice"),
        ("%b %B %d %Y", "'%b' stands in it twice"),
    ],
)
def test_formats_that_are_none(pattern, why):
    with pytest.raises(ValueError, match=why):
        date_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "cell", "day"),
    [
        ("%Y", "1995", "1995-01-01"),
        ("%Y", "1995.0", "1995-01-01"),
        ("%y", "95", "1995-01-01"),
        ("%Y%m", "202506", "2025-06-01"),
        ("%b %Y", "June 2025", "2025-06-01"),
        ("%Y%m", "202513", MISSING),
        ("%Y", "19950", MISSING),
        ("%Y-%m-%d", "2025-06-30", "2025-06-30"),
    ],
)
def test_a_date_that_stands_for_its_period_may_leave_out_the_day(parsed, pattern, cell, day):
    assert parsed([cell], lambda column: parse_date(column, (pattern,), of_period=True)) == [day]


@pytest.mark.parametrize("pattern", ["%m", "%d", "%Y-%d"])
def test_a_period_needs_its_year_and_a_day_its_month(pattern):
    with pytest.raises(ValueError, match="it does not tell the year, or tells a day without its month"):
        date_pattern(pattern, of_period=True)


def test_numbers(parsed):
    good = {"1": 1.0, " -2.50 ": -2.5, "+3": 3.0, ".5": 0.5, "4.": 4.0, "1e3": 1000.0, "-0": 0.0}
    assert parsed(list(good), parse_number) == list(good.values())
    bad = ["1,5", "1,234.50", "1_000", "1 000", "€5", "5 %", "0x10", "nan", "inf", "-Infinity", "1e999", "Unknown", ""]
    assert parsed(bad, parse_number) == [MISSING] * len(bad)


def test_flags(parsed):
    assert parsed(["yes", "Y", " TRUE ", "t", "1", "1.0"], parse_flag) == [True] * 6
    assert parsed(["No", "n", "FALSE", "f", "0", "0.0"], parse_flag) == [False] * 6
    assert parsed(["churned", "2", "", "maybe"], parse_flag) == [MISSING] * 4


def test_ids_are_trimmed_text_and_keep_their_zeros(parsed):
    assert parsed([" 007 ", "A-1", "", "13085.0"], lambda c: parse(c, "id")) == ["007", "A-1", MISSING, "13085.0"]
    assert parsed([7, 8], lambda c: parse(c, "id"), "int64") == ["7", "8"]
    hard = ["\u00a0 A\u00a0", "\u00a0", "B\u00a01"]  # a blank that forbids a line's end is a blank
    assert parsed(hard, lambda c: parse(c, "id")) == ["A", MISSING, "B 1"]


def test_ids_lose_blanks_and_nothing_else(parsed):
    cells = ["fever", "\t\n\r\v\f x \f\v", "vivid", "of", "\\f", " ", "a  b", "'q'"]
    assert parsed(cells, parse_id) == ["fever", "x", "vivid", "of", "\\f", MISSING, "a  b", "'q'"]


@pytest.mark.parametrize("year", [4, 100, 400, 1900, 1999, 2000, 2023, 2024, 9999])
def test_every_day_of_a_year_is_a_date_and_no_other(parsed, year):
    cells = [f"{year:04d}-{month:02d}-{day:02d}" for month in range(14) for day in range(33)]
    found = parsed(cells, lambda column: parse_date(column).cast("string"))
    assert found == [cell if is_day(cell) else MISSING for cell in cells]


def is_day(cell: str) -> bool:
    try:
        date.fromisoformat(cell)
    except ValueError:
        return False
    return True
