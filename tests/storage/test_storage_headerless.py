"""Files without a header line, whose columns the plan names, and text delimited by runs of blanks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from coroi import storage
from coroi.errors import DataError
from coroi.sources import File

BLANKS = (
    " 00004 0001 19970101  2   29.33\r\n 00004 0001 19970118  2\t  29.73 \r\n\r\n 00021 0002 19970101 13 163.34\r\n"
)
NAMES = ["id", "sample", "day", "discs", "usd"]


def put(folder: Path, content: str | bytes, name: str = "t.txt") -> str:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def refusal(folder: Path, connection: Any, content: str, **how: Any) -> str:
    put(folder, content)
    with pytest.raises(DataError) as caught:
        storage.open_file(connection, File(path="t.txt", **how), folder)
    return str(caught.value)


def test_runs_of_blanks_delimit_and_zeros_before_a_number_stay(read, folder):
    put(folder, BLANKS)
    how = {"delimiter": "whitespace", "names": NAMES}
    assert read("t.txt", **how) == [
        {"id": "00004", "sample": "0001", "day": "19970101", "discs": "2", "usd": "29.33", "_row": 1},
        {"id": "00004", "sample": "0001", "day": "19970118", "discs": "2", "usd": "29.73", "_row": 2},
        {"id": "00021", "sample": "0002", "day": "19970101", "discs": "13", "usd": "163.34", "_row": 3},
    ]
    assert storage.read_columns(File(path="t.txt", **how), folder) == NAMES


def test_runs_of_blanks_below_a_header_and_in_another_encoding(read, folder):
    put(folder, "  id   town\n  1    Köln\n  2    Łódź\n".encode("utf-16"))
    assert read("t.txt", delimiter="whitespace") == [
        {"id": "1", "town": "Köln", "_row": 1},
        {"id": "2", "town": "Łódź", "_row": 2},
    ]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_names_take_the_place_of_a_header(read, folder, mark):
    put(folder, f"1{mark}x{mark}2\n3{mark}y{mark}4\n")
    assert read("t.txt", names=["a", "b", "c"]) == [
        {"a": "1", "b": "x", "c": "2", "_row": 1},
        {"a": "3", "b": "y", "c": "4", "_row": 2},
    ]


@pytest.mark.parametrize(
    ("content", "how", "said"),
    [
        (
            "1,2,3\n",
            {"names": ["a", "b"]},
            "t.txt: `names` gives 2, but the first line has 3 fields. Name every column, in the file's order, or "
            "correct `delimiter`.",
        ),
        (
            "A,Score of call\n1,2\n",
            {"names": ["a", "score  of call"]},
            "t.txt: the first line holds the names that `names` gives. Leave `names` out.",
        ),
        (
            "1,2\n",
            {"names": ["a", "A"]},
            "t.txt: columns share a name (upper and lower case count as the same): 'a', 'A'. Rename all but one of "
            "each.",
        ),
        (
            "1 2\n3 4\n\n5 6 7\n",
            {"names": ["a", "b"], "delimiter": "whitespace"},
            "t.txt line 4: 3 fields where `names` gives 2. Read with the delimiter whitespace; correct it there, or "
            "give `delimiter` or `encoding`.",
        ),
        (
            "1,2\n3,4,5\n",
            {"names": ["a", "b"]},
            "t.txt line 2: 3 fields where `names` gives 2. Read with the delimiter ','; correct it there, or give "
            "`delimiter` or `encoding`.",
        ),
        (
            "a;b\n1;2\n",
            {"delimiter": "whitespace"},
            "t.txt: the delimiter whitespace finds one column; ';' finds 2. Correct `delimiter`, or leave it out to "
            "have it told.",
        ),
    ],
)
def test_names_or_blanks_that_do_not_fit_are_refused(connection, folder, content, how, said):
    assert refusal(folder, connection, content, **how) == said


def test_a_sheet_without_a_header(read, folder):
    book = openpyxl.Workbook()
    book.active.append([7, "x"])
    book.active.append([8, "y"])
    book.save(folder / "t.xlsx")
    assert read("t.xlsx", names=["n", "said"]) == [
        {"n": "7", "said": "x", "_row": 1},
        {"n": "8", "said": "y", "_row": 2},
    ]


def test_parquet_has_names_of_its_own(folder):
    put(folder, b"", "t.parquet")
    with pytest.raises(DataError) as caught:
        storage.read_columns(File(path="t.parquet", names=["a"]), folder)
    assert str(caught.value) == "t.parquet: a Parquet file names its columns itself. Leave `names` out."
