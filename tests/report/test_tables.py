from __future__ import annotations

import base64
import csv
import io
import re
from datetime import date

import numpy as np
import pandas as pd
import pytest

from coroi.errors import ReportError
from coroi.report import checks, table
from coroi.report.blocks import Block
from coroi.results import Check

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


def cells(block: Block, tag: str) -> list[str]:
    return re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", str(block.html))


def downloaded(block: Block) -> list[list[str]]:
    data = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]+)"', str(block.html))
    assert data is not None
    raw = base64.b64decode(data[1])
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))


FRAME = pd.DataFrame(
    {"Band": ["9–10", "0–6"], "Customers": [1412, 38], "Retained, %": [93.21, np.nan], "Interval": ["90 to 95", None]}
)


def test_headers_carry_their_scope() -> None:
    html = str(table(FRAME, caption="Retention", name="retention").html)
    assert html.count('<th scope="col"') == 4
    assert html.count('<th scope="row"') == 2
    assert '<span class="told-by">Retention</span></caption>' in html
    assert 'role="region" aria-label="Retention" tabindex="0"' in html


def test_numbers_stand_right_with_equal_decimals_and_gaps_as_dashes() -> None:
    block = table(FRAME, caption="Retention", name="retention")
    assert cells(block, "td") == ["1,412", "93.2", "90 to 95", "38", "–", "–"]
    assert str(block.html).count('class="number"') == 6


@pytest.mark.parametrize(
    ("values", "decimals", "expected"),
    [
        ([1.0, 2.0], None, ["1", "2"]),
        ([0.1234, 12.0], None, ["0.1", "12.0"]),
        ([0.001234, -0.02], None, ["0.0012", "−0.0200"]),
        ([1234.5, 0.5], None, ["1,234", "0"]),
        ([1.005, 2], 2, ["1.00", "2.00"]),
        ([1.5, 2], {"x": 3}, ["1.500", "2.000"]),
        ([1.5, 2], {"y": 3}, ["1.50", "2.00"]),
        ([np.inf, 1.25], None, ["∞", "1.25"]),
        ([0.0, 0.0], None, ["0", "0"]),
    ],
)
def test_decimals(values: list[float], decimals: object, expected: list[str]) -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "x": values})
    assert cells(table(frame, caption="c", name="n", decimals=decimals), "td") == expected  # type: ignore[arg-type]


def test_other_kinds_are_written_for_people() -> None:
    frame = pd.DataFrame(
        {
            "name": ["a", "b"],
            "flag": [True, False],
            "day": [pd.Timestamp("2024-02-29"), pd.NaT],
            "moment": [pd.Timestamp("2024-02-29 13:05"), pd.NaT],
            "date": [date(2024, 1, 2), None],
            "nullable": pd.array([3, None], dtype="Int64"),
            "mixed": ["x", 4],
        }
    )
    assert cells(table(frame, caption="c", name="n"), "td") == [
        *["yes", "2024-02-29", "2024-02-29 13:05", "2024-01-02", "3", "x"],
        *["no", "–", "–", "–", "–", "4"],
    ]


def test_a_named_index_becomes_the_first_column_and_another_is_left_out() -> None:
    named = pd.DataFrame({"n": [1]}, index=pd.Index(["north"], name="Region"))
    assert cells(table(named, caption="c", name="n"), "th") == ["Region", "n", "north"]
    assert cells(table(named.rename_axis(None), caption="c", name="n"), "th") == ["n", "1"]


def test_the_download_holds_the_numbers_in_full_and_no_formula() -> None:
    frame = pd.DataFrame(
        {"=who": ["=1+1", "+2", "-3 to 4", "@sum", "\tx", "plain"], "x": [0.123456789, -2, 3, 4, 5, np.nan]}
    )
    assert downloaded(table(frame, caption="c", name="n")) == [
        ["'=who", "x"],
        ["'=1+1", "0.123456789"],
        ["'+2", "-2.0"],
        ["'-3 to 4", "3.0"],
        ["'@sum", "4.0"],
        ["'\tx", "5.0"],
        ["plain", ""],
    ]


def test_the_download_has_a_sensible_name() -> None:
    html = str(table(FRAME, caption="c", name='retention by/band ".."').html)
    assert 'download="retention-by-band.csv"' in html


def test_hostile_text_is_escaped_in_every_slot() -> None:
    frame = pd.DataFrame({HOSTILE: [HOSTILE], "x": [HOSTILE]})
    html = str(table(frame, caption=HOSTILE, name=HOSTILE).html)
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("&lt;script&gt;") == 6


def test_an_empty_frame_says_none() -> None:
    block = table(FRAME.iloc[:0], caption="Rows left out.", name="n")
    assert str(block.html) == '<div class="prose"><p>Rows left out: none.</p></div>'


@pytest.mark.parametrize(
    ("frame", "caption", "message"),
    [
        (FRAME, " ", "no caption"),
        (pd.DataFrame({("a", "b"): [1]}), "c", "several levels"),
        (pd.DataFrame({"customer_id": [1]}), "c", "customer_id names people one by one"),
        (pd.DataFrame({"unit_id": ["u"], "rater_id": [1]}), "c", "rater_id names people one by one"),
        (pd.DataFrame({"x": range(1001)}), "c", "1,001 rows, at most 1,000 fit a page"),
    ],
)
def test_what_a_page_cannot_take_is_refused(frame: pd.DataFrame, caption: str, message: str) -> None:
    with pytest.raises(ReportError, match=message):
        table(frame, caption=caption, name="n")


def test_checks_tell_the_outcome_by_word_and_shape() -> None:
    found = [
        Check(name="a", tested="Equal <groups>", passed=True, sentence="0 of 12 differ."),
        Check(name="b", tested="No leak", passed=False, sentence="1 column leaks."),
        Check(name="c", tested="Trend", passed=None, sentence="Too short."),
    ]
    block = checks(found)
    outcomes = cells(block, "td")[::2]
    assert [re.sub(r"<.*?>", "", o).strip() for o in outcomes] == ["passed", "not passed", "not run"]
    assert len({re.sub(r"</svg>.*", "", o) for o in outcomes}) == 3
    assert all("<svg" in o for o in outcomes)
    assert "Equal &lt;groups&gt;" in block.html
    assert downloaded(block)[3] == ["Trend", "not run", "Too short."]
    assert "Trend: not run. Too short." in block.text


def test_no_checks_are_told() -> None:
    assert "No check belongs to this result." in checks([]).html


FORMULAS = ("=1+1", "+1+1", "-1+1", "@x", "\t=1", "\r=1", "\n=1", "＝1+1", " =1+1", "\ufeff=1", "-", "--1", "+٣", "-5")


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_of_a_download_is_a_formula(text: str) -> None:
    frame = pd.DataFrame({text: [text], "n": ["kept"]})
    header, row = downloaded(table(frame, caption="A table", name="t"))
    assert header == [f"'{text}", "n"]
    assert row == [f"'{text}", "kept"]


@pytest.mark.parametrize("text", ["−5", "9–10", "a=b", "1-2", "x +1"])
def test_what_is_no_formula_stays_as_it_is_in_a_download(text: str) -> None:
    frame = pd.DataFrame({"a": [text], "n": [-1.5]})
    assert downloaded(table(frame, caption="A table", name="t"))[1] == [text, "-1.5"]
