"""Files that are small on the disk and large in memory, and files that hold what their reader should not build."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from coroi import storage
from coroi.errors import DataError
from coroi.sources import File
from coroi.storage import workbooks

SHEET = "xl/worksheets/sheet1.xml"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(folder: Path, sheet: str | None = None, **more: bytes) -> Path:
    """Write a sound workbook, its sheet replaced and parts added."""
    sound = io.BytesIO()
    pd.DataFrame({"who": ["x"], "n": [1]}).to_excel(sound, index=False)
    path = folder / "t.xlsx"
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, sheet if sheet is not None and part == SHEET else old.read(part))
        for name, content in more.items():
            new.writestr(name, content)
    return path


def refused(path: Path) -> str:
    """Read a workbook's header and its rows; both are refused alike, and at once."""
    began = time.monotonic()
    with pytest.raises(DataError) as header:
        storage.read_columns(File(path=path.name), path.parent)
    with pytest.raises(DataError) as rows:
        storage.open_file(storage.connect(), File(path=path.name), path.parent)
    assert time.monotonic() - began < 20
    assert str(header.value) == str(rows.value)
    return str(rows.value).removeprefix(f"{path.name}: ")


def test_the_workbook_itself_is_sound(tmp_path):
    path = workbook(tmp_path)
    assert storage.read_columns(File(path=path.name), tmp_path) == ["who", "n"]


def test_a_workbook_that_unpacks_to_a_multiple_is_not_opened(tmp_path):
    path = workbook(tmp_path, **{"xl/media/image.bin": b"\0" * (100 << 20)})
    assert path.stat().st_size < 1 << 20
    said = refused(path)
    assert said.startswith("the workbook unpacks to ")
    assert said.endswith("times its size, and at most 200 times is read. Save the table as CSV.")


def test_a_workbook_that_says_it_unpacks_to_more_than_a_disk_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_BYTES", 1 << 16)
    path = workbook(tmp_path, **{"xl/media/image.bin": bytes(range(256)) * 512})
    assert "and at most 65,536 are read. Save the table as CSV." in refused(path)


def test_a_workbook_of_countless_parts_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_PARTS", 20)
    path = workbook(tmp_path, **{f"xl/worksheets/sheet{i}.xml": b"<worksheet/>" for i in range(2, 30)})
    assert "and at most 20 are read." in refused(path)


@pytest.mark.parametrize(
    ("row", "cell", "reach"),
    [
        ("1048576", "A", "row 1,048,576 and column 1,"),
        ("3000000", "A", "row 3,000,000 and column 1;"),
        ("1e9", "A", "row 1,000,000,000 and column 1;"),
        ("100000", "XFD", "row 100,000 and column 16,384;"),
        ("3", "ZZZZZ", "column 12,356,630;"),
    ],
)
def test_a_sheet_that_reaches_too_far_is_not_laid_out(tmp_path, row, cell, reach):
    number = int(float(row))
    sheet = f'<worksheet {MAIN}><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>who</t></is></c></row>'
    sheet += f'<row r="{row}"><c r="{cell}{number}"><v>1</v></c></row></sheetData></worksheet>'
    path = workbook(tmp_path, sheet)
    if reach.endswith(","):  # a spreadsheet's last row, in a column that is one cell wide, is within the limits
        assert storage.read_columns(File(path=path.name), tmp_path) == ["who"]
        return
    said = refused(path)
    assert said.startswith("a sheet reaches row ")
    assert reach in said
    assert said.endswith("at most 50,000,000 cells are read, empty ones too. Save the table as CSV.")


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
        '<!DOCTYPE w [<!ENTITY c SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE w SYSTEM "http://example.invalid/x.dtd">',
    ],
)
@pytest.mark.parametrize("part", [SHEET, "xl/sharedStrings.xml", "docProps/core.xml", "xl/media/image1.png"])
def test_a_workbook_with_a_document_type_is_not_opened(tmp_path, dtd, part):
    content = f"<?xml version='1.0'?>{dtd}<w>&c;</w>"
    path = workbook(tmp_path, content) if part == SHEET else workbook(tmp_path, **{part: content.encode()})
    said = refused(path)
    assert said.startswith("the workbook declares a document type, which may hold entities; it is not opened.")


def test_one_long_text_repeated_over_a_sheet_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(workbooks, "unpacks_badly", lambda *_: None)  # texts are shared: the file itself may be small
    pd.DataFrame({"who": ["x" * 30_000] * 50}).to_excel(tmp_path / "t.xlsx", index=False)
    with pytest.raises(DataError, match="the cells' texts have more than"):
        storage.open_file(storage.connect(), File(path="t.xlsx"), tmp_path)


def test_a_locked_workbook_is_refused(tmp_path):
    path = workbook(tmp_path)
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    while at >= 0:  # mark every part as encrypted
        raw[at + 8] |= 1
        at = raw.find(b"PK\x01\x02", at + 4)
    path.write_bytes(bytes(raw))
    assert refused(path) == "the workbook cannot be read. Save it again as .xlsx."


def test_rows_that_no_file_of_its_size_holds_are_refused(tmp_path):
    one = pa.array(["x" * 10_000])
    table = pa.table({"who": pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), one)})
    parquet.write_table(table, tmp_path / "t.parquet", compression="zstd")
    assert (tmp_path / "t.parquet").stat().st_size < 10_000
    said = r"1,000,000 rows are packed into [\d,]+ bytes; at most 100 rows a byte are read"
    with pytest.raises(DataError, match=said):
        storage.read_columns(File(path="t.parquet"), tmp_path)


def test_an_honest_file_of_many_rows_is_read(tmp_path):
    table = pa.table({"who": pa.array(range(1_000_000)), "n": pa.array([1] * 1_000_000)})
    parquet.write_table(table, tmp_path / "t.parquet", compression="zstd")
    assert storage.read_columns(File(path="t.parquet"), tmp_path) == ["who", "n"]


def test_damage_behind_a_sound_footer_is_named_where_a_draft_looks(tmp_path):
    pd.DataFrame({"who": [f"customer {i}" for i in range(60)]}).to_parquet(tmp_path / "t.parquet")
    raw = bytearray((tmp_path / "t.parquet").read_bytes())
    raw[20:80] = b"\xff" * 60
    (tmp_path / "t.parquet").write_bytes(bytes(raw))
    with pytest.raises(DataError, match="cannot be read to its end; it seems damaged"):
        storage.sample_rows(File(path="t.parquet"), tmp_path)


def test_a_sample_shows_dates_and_bytes_that_no_library_holds(tmp_path):
    far = pa.array([72_330_000], pa.int32()).cast(pa.date32())
    parquet.write_table(pa.table({"day": far, "raw": pa.array([b"\xff\x00"])}), tmp_path / "t.parquet")
    rows = storage.sample_rows(File(path="t.parquet"), tmp_path)
    assert rows.loc[0, "raw"] == r"\xFF\x00"
    assert rows.loc[0, "day"].startswith("200002-")


def test_a_table_of_countless_columns_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text(",".join(f"c{i}" for i in range(6000)) + "\n")
    with pytest.raises(DataError, match=r"there are 6,000 columns, and at most 5,000 are read"):
        storage.read_columns(File(path="t.csv"), tmp_path)


@pytest.mark.parametrize("name", ["_row", "_ROW"])
def test_a_files_own_column_of_row_numbers_is_not_taken_for_ours(tmp_path, name):
    frame = pd.DataFrame({"who": ["x"], name: ["kept"]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    for file in ("t.csv", "t.parquet", "t.xlsx"):
        connection = storage.connect()
        table, _ = storage.open_file(connection, File(path=file), tmp_path)
        assert storage.read_columns(File(path=file), tmp_path) == ["who", f"{name} of the file"]
        row = {"who": "x", f"{name} of the file": "kept", "_row": 1}
        assert connection.to_pandas(table).to_dict("records") == [row]


def test_utf_32_is_told_by_its_mark(tmp_path):
    (tmp_path / "t.csv").write_text("who,n\nx,1\n", encoding="utf-32")
    assert storage.read_columns(File(path="t.csv"), tmp_path) == ["who", "n"]


def test_a_text_file_that_calls_itself_packed_is_read_as_text(tmp_path):
    (tmp_path / "t.csv.gz").write_text("who,n\nx,1\n")
    connection = storage.connect()
    table, _ = storage.open_file(connection, File(path="t.csv.gz", format="csv"), tmp_path)
    assert connection.execute(table.count()) == 1
