"""Workbooks and Parquet: sheets, dates, whole numbers, damage."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from coroi import storage
from coroi.errors import DataError
from coroi.sources import File


def workbook(folder: Path, name: str, **sheets: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(folder / name)


def refusal(folder: Path, connection: Any, path: str, **how: Any) -> str:
    with pytest.raises(DataError) as caught:
        storage.open_file(connection, File(path=path, **how), folder)
    return str(caught.value)


def test_cells_become_the_text_that_a_csv_would_hold(read, folder):
    rows = [
        ["id", "Score\nof call", "when", "at", "yes"],
        [13085, 9.0, datetime(2024, 1, 5), date(2024, 1, 6), True],
        ["NA", 2.5, datetime(2024, 1, 5, 13, 30), None, False],
        ["None", "", None, "31.01.2024", None],
    ]
    workbook(folder, "t.xlsx", Answers=rows)
    assert read("t.xlsx") == [
        {
            "id": "13085",
            "Score of call": "9",
            "when": "2024-01-05 00:00:00",
            "at": "2024-01-06 00:00:00",
            "yes": "True",
            "_row": 1,
        },
        {"id": "NA", "Score of call": "2.5", "when": "2024-01-05 13:30:00", "at": None, "yes": "False", "_row": 2},
        {"id": "None", "Score of call": None, "when": None, "at": "31.01.2024", "yes": None, "_row": 3},
    ]


def test_sheets_are_chosen_by_name_and_the_first_by_default(read, connection, folder):
    workbook(folder, "t.xlsx", First=[["a"], [1]], Second=[["b"], [2]], Nothing=[])
    assert read("t.xlsx") == [{"a": "1", "_row": 1}]
    assert read("t.xlsx", sheet="Second") == [{"b": "2", "_row": 1}]
    assert storage.read_columns(File(path="t.xlsx", sheet="Second"), folder) == ["b"]
    said = refusal(folder, connection, "t.xlsx", sheet="Secnd")
    assert said == "t.xlsx: there is no sheet 'Secnd'. Did you mean 'Second'?"
    assert "t.xlsx: the sheet is empty." in refusal(folder, connection, "t.xlsx", sheet="Nothing")


def test_header_only_and_blank_rows(read, folder):
    workbook(folder, "t.xlsx", A=[["a", "b"]], B=[["a", None], [1, 2], [None, None], [3, 4]])
    assert read("t.xlsx") == []
    assert read("t.xlsx", sheet="B") == [
        {"a": "1", "column 2": "2", "_row": 1},
        {"a": None, "column 2": None, "_row": 2},
        {"a": "3", "column 2": "4", "_row": 3},
    ]


def test_headers_that_share_a_name_or_are_missing(connection, folder):
    workbook(folder, "t.xlsx", A=[["id", "ID"], [1, 2]], B=[[None, None], ["id", "b"], [1, 2]])
    assert "columns share a name" in refusal(folder, connection, "t.xlsx")
    assert "the first line holds no column names" in refusal(folder, connection, "t.xlsx", sheet="B")


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PK\x03\x04 half a zip"])
def test_what_is_no_workbook(connection, folder, content):
    (folder / "t.xlsx").write_bytes(content)
    assert refusal(folder, connection, "t.xlsx") == "t.xlsx: the workbook cannot be read. Save it again as .xlsx."


def test_a_workbook_read_as_text_is_refused(connection, folder):
    workbook(folder, "t.xlsx", A=[["a"], [1]])
    assert "so it is no plain text" in refusal(folder, connection, "t.xlsx", format="csv")


def test_parquet_keeps_its_types_and_row_numbers(read, folder):
    when = pd.to_datetime(["2024-01-05", None, "2024-01-07"])
    pd.DataFrame({"id": [7, 8, 9], "when": when, "score": [1.5, None, 3.0]}).to_parquet(folder / "t.parquet")
    assert read("t.parquet") == [
        {"id": 7, "when": pd.Timestamp("2024-01-05"), "score": 1.5, "_row": 1},
        {"id": 8, "when": None, "score": None, "_row": 2},
        {"id": 9, "when": pd.Timestamp("2024-01-07"), "score": 3.0, "_row": 3},
    ]
    assert storage.read_columns(File(path="t.parquet"), folder) == ["id", "when", "score"]


def test_files_of_one_glob_that_differ_in_type_become_text(read, folder):
    pd.DataFrame({"id": [1], "score": [5]}).to_parquet(folder / "1.parquet")
    pd.DataFrame({"id": ["x2"], "score": [6]}).to_parquet(folder / "2.parquet")
    assert read("*.parquet") == [{"id": "1", "score": 5, "_row": 1}, {"id": "x2", "score": 6, "_row": 1}]


def test_parquet_that_lost_its_end_is_refused_at_once(connection, folder):
    pd.DataFrame({"id": range(100)}).to_parquet(folder / "t.parquet")
    whole = (folder / "t.parquet").read_bytes()
    for content in (b"", b"id\n1\n", whole[:-20]):
        (folder / "t.parquet").write_bytes(content)
        assert "t.parquet: the file is not Parquet, or it is damaged." in refusal(folder, connection, "t.parquet")


def test_parquet_damaged_inside_is_a_message_too(connection, folder):
    pd.DataFrame({"id": range(1000)}).to_parquet(folder / "t.parquet")
    content = bytearray((folder / "t.parquet").read_bytes())
    content[4:200] = b"\xff" * 196
    (folder / "t.parquet").write_bytes(content)
    table, _ = storage.open_file(connection, File(path="t.parquet"), folder)
    with pytest.raises(DataError, match=r"^customers: .* seems damaged"), storage.naming_damage("customers"):
        connection.to_pandas(table)


def test_mistakes_of_ours_are_not_called_damage(connection):
    import duckdb

    with pytest.raises(duckdb.CatalogException), storage.naming_damage("customers"):
        connection.backend.raw_sql("select * from no_such_table")
