"""Delimited text as firms export it: encodings, delimiters, headers, quotes, and lines that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coroi import storage
from coroi.errors import DataError
from coroi.sources import File

WORDS = "Name,Preis\r\nZoé,5 €\r\nRené,7 €\r\n"
READ_WORDS = [{"Name": "Zoé", "Preis": "5 €", "_row": 1}, {"Name": "René", "Preis": "7 €", "_row": 2}]
WESTERN = "{} is not valid UTF-8; read as Windows-1252 (Latin-1). If that is wrong, give `encoding`."


def put(folder: Path, content: str | bytes, name: str = "t.csv") -> str:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def refusal(folder: Path, connection: Any, content: str | bytes, **how: Any) -> str:
    name = put(folder, content)
    with pytest.raises(DataError) as caught:
        storage.open_file(connection, File(path=name, **how), folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("encoding", "given", "assumed"),
    [
        ("utf-8", None, []),
        ("utf-8", "utf-8", []),
        ("utf-8-sig", None, []),
        ("utf-8-sig", "utf-8", []),
        ("utf-16", None, []),
        ("utf-16-be", "utf-16-be", []),
        ("utf-16-le", "UTF-16-LE", []),
        ("cp1252", None, [WESTERN.format("t.csv")]),
        ("cp1252", "cp1252", []),
    ],
)
def test_encodings(read, connection, folder, encoding, given, assumed):
    put(folder, WORDS.encode(encoding))
    assert read("t.csv", encoding=given) == READ_WORDS
    assert storage.open_file(connection, File(path="t.csv", encoding=given), folder)[1] == assumed
    assert storage.read_columns(File(path="t.csv", encoding=given), folder) == ["Name", "Preis"]


def test_utf_16_with_either_mark(read, folder):
    put(folder, b"\xfe\xff" + WORDS.encode("utf-16-be"))
    assert read("t.csv") == READ_WORDS


def test_a_mark_before_a_quoted_header_is_no_part_of_it(read, folder):
    put(folder, '\ufeff"Name";"Preis"\n"Zoé";"5 €"\n')
    assert read("t.csv", encoding="utf-8") == READ_WORDS[:1]


def test_latin_1_bytes_that_windows_does_not_know(read, folder):
    put(folder, "a,b\n1,\x81é\n".encode("latin-1"))
    assert read("t.csv") == [{"a": "1", "b": "\x81é", "_row": 1}]


def test_an_accent_far_down_a_large_file(read, folder):
    put(folder, b"a,b\n" + b"1,plain\n" * 200_000 + "2,Zoé\n".encode("cp1252"))
    rows = read("t.csv")
    assert len(rows) == 200_001
    assert rows[-1] == {"a": "2", "b": "Zoé", "_row": 200_001}


def test_zero_bytes_without_a_mark(connection, folder):
    said = refusal(folder, connection, WORDS.encode("utf-16-le"))
    assert "zero bytes" in said and "encoding: utf-16-le" in said


def test_a_wrong_or_unknown_encoding(connection, folder):
    assert "cannot be read as 'utf-8'" in refusal(folder, connection, WORDS.encode("cp1252"), encoding="utf-8")
    assert "cannot be read as 'utf-9'" in refusal(folder, connection, WORDS, encoding="utf-9")
    late = b"a,b\n" + b"1,plain\n" * 200_000 + "2,Zoé\n".encode("cp1252")
    assert "line 200002" in refusal(folder, connection, late, encoding="utf-8")
    assert "cannot be read as 'utf-16'" in refusal(folder, connection, b"a,b\n1,2\n3", encoding="utf-16")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiters_are_told_or_given(read, folder, mark):
    put(folder, f"a{mark}b{mark}c\n1{mark}2,5{mark}x y\n" if mark != "," else "a,b,c\n1,'2.5',x y\n")
    first = {"a": "1", "b": "2,5" if mark != "," else "'2.5'", "c": "x y", "_row": 1}
    assert read("t.csv") == [first]
    assert read("t.csv", delimiter=mark) == [first]


def test_verbatims_do_not_mislead_the_delimiter(read, folder):
    put(folder, 'id;verbatim\n1;"fast, friendly, good"\n2;"slow, rude, bad, late"\n')
    assert [r["verbatim"] for r in read("t.csv")] == ["fast, friendly, good", "slow, rude, bad, late"]


def test_a_wrong_delimiter_is_refused_with_the_right_one(connection, folder):
    said = refusal(folder, connection, "a;b;c\n1,5;2;3\n2,5;3;4\n", delimiter=",")
    assert said.startswith("t.csv: the delimiter ',' finds one column; ';' finds 3.")


def test_headers_are_tidied(read, folder):
    put(folder, '"Customer\r\nID", Score  of  call ,,"a, b"\r\n1,2,3,4\r\n')
    assert read("t.csv") == [{"Customer ID": "1", "Score of call": "2", "column 3": "3", "a, b": "4", "_row": 1}]


@pytest.mark.parametrize(
    ("header", "named"),
    [("id,score,id", "'id'"), ("id,ID", "'id', 'ID'"), ('"id ",id', "'id'"), ("a,b,B,A", "'a', 'b', 'B', 'A'")],
)
def test_names_that_stand_twice(connection, folder, header, named):
    said = refusal(folder, connection, header + "\n1,2,3,4\n")
    assert f"columns share a name (upper and lower case count as the same): {named}." in said


def test_empty_file_header_only_and_one_row(read, connection, folder):
    assert "t.csv: the file is empty." in refusal(folder, connection, b"")
    assert "the first line holds no column names" in refusal(folder, connection, "\n\na,b\n1,2\n")
    put(folder, "a,b")
    assert read("t.csv") == []
    put(folder, "a,b\n")
    assert read("t.csv") == []
    put(folder, "a,b\n1,2")
    assert read("t.csv") == [{"a": "1", "b": "2", "_row": 1}]


def test_verbatims_with_line_breaks_quotes_and_delimiters(read, folder):
    put(folder, 'id,said,n\r\n1,"He said ""no"",\r\nthen left;\nfor good",5\r\n2,5" pipe,6\r\n3,"",7\r\n')
    assert read("t.csv") == [
        {"id": "1", "said": 'He said "no",\r\nthen left;\nfor good', "n": "5", "_row": 1},
        {"id": "2", "said": '5" pipe', "n": "6", "_row": 2},
        {"id": "3", "said": None, "n": "7", "_row": 3},
    ]


def test_nothing_is_taken_for_a_comment_or_a_preamble(read, folder):
    put(folder, "id,said\n1,x\n#2,y\n# three,z\n4,w\n")
    assert [r["id"] for r in read("t.csv")] == ["1", "#2", "# three", "4"]


def test_everything_stays_text(read, folder):
    put(folder, "id,when,n\n007,2024-01-05,1e3\nNA,null,NaN\n")
    assert read("t.csv") == [
        {"id": "007", "when": "2024-01-05", "n": "1e3", "_row": 1},
        {"id": "NA", "when": "null", "n": "NaN", "_row": 2},
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_blank_lines(read, folder, end):
    put(folder, f"a,b{end}1,2{end}{end}3,4{end}{end}")
    assert read("t.csv") == [{"a": "1", "b": "2", "_row": 1}, {"a": "3", "b": "4", "_row": 2}]


@pytest.mark.parametrize(
    ("content", "line", "found", "wanted"),
    [
        ("a,b\n1,2\n3,4,5\n6,7\n", 3, 3, 2),
        ("a,b\n1,2\n3,4,5,6,7\n6,7\n", 3, 5, 2),
        ("a,b,c\n1,2,3\n3\n6,7,8\n", 3, 1, 3),
        ("a,b\n1,2,3\n4,5,6\n7,8,9\n", 2, 3, 2),
        ("a,b,c\n1,2\n3,4\n", 2, 2, 3),
        ("Export of May\na,b,c\n1,2,3\n", 2, 3, 1),
        ('a,b\n1,"two\nlines"\n\n3,4,5\n', 5, 3, 2),
        ('"a\nb",c\n1,2\n3,4,5\n', 4, 3, 2),
    ],
)
def test_a_ragged_line_is_named_by_its_number(connection, folder, content, line, found, wanted):
    said = refusal(folder, connection, content)
    assert f"t.csv line {line}: {found} fields where the header has {wanted}." in said
    assert "delimiter ','" in said


def test_quotes_that_do_not_close(connection, folder):
    content = 'a,b\n1,"two\nlines"\n2,"never closed\n3,SECRET\n'
    said = refusal(folder, connection, content)
    assert "t.csv line 4: a quotation mark opens and does not close" in said
    assert "SECRET" not in said and "never closed" not in said


def test_mixed_line_ends_are_named(connection, folder):
    assert "its lines may end in more than one way" in refusal(folder, connection, "a,b\r\n1,2\n3,4\r\n")


def test_rows_keep_their_numbers_in_a_large_file(read, folder):
    put(folder, "n,said\n" + "".join(f'{i},"x\n{i}"\n' for i in range(1, 60_001)))
    rows = read("t.csv")
    assert len(rows) == 60_000
    assert all(int(r["n"]) == r["_row"] for r in rows)


def test_missing_files_and_folders(connection, folder):
    put(folder, "a,b\n1,2\n", "responses.csv")
    for path, said in [
        ("respones.csv", f"no such file in '{folder}'. Did you mean 'responses.csv'?"),
        ("2024-*.csv", "no such file"),
        ("export/responses.csv", f"there is no folder '{folder / 'export'}'."),
    ]:
        with pytest.raises(DataError, match="^" + path.replace("*", r"\*")) as caught:
            storage.open_file(connection, File(path=path), folder)
        assert said in str(caught.value)


def test_globs_number_each_file_by_itself(read, folder):
    put(folder, "b,a\n3,4\n5,6\n", "2024-02.csv")
    put(folder, "a,b\n1,2\n", "2024-01.csv")
    put(folder, "x,y\n1,2\n", "other.csv")
    rows = read("2024-*.csv")
    assert [(r["a"], r["b"], r["_row"]) for r in rows] == [("1", "2", 1), ("4", "3", 1), ("6", "5", 2)]


def test_globs_over_different_headers_are_refused(connection, folder):
    put(folder, "a,b\n1,2\n", "1.csv")
    put(folder, "a,c\n1,2\n", "2.csv")
    with pytest.raises(DataError, match=r"^2\.csv: columns differ from the first file's: b, c\."):
        storage.open_file(connection, File(path="*.csv"), folder)


def test_brackets_in_a_name_are_a_name_if_the_file_is_there(read, folder):
    put(folder, "a\n1\n", "export [1].csv")
    assert read("export [1].csv") == [{"a": "1", "_row": 1}]


def test_an_ending_that_tells_nothing(connection, folder, read):
    put(folder, "a,b\n1,2\n", "t.dat")
    with pytest.raises(DataError, match="Add format: csv, parquet or xlsx"):
        storage.open_file(connection, File(path="t.dat"), folder)
    assert read("t.dat", format="csv") == [{"a": "1", "b": "2", "_row": 1}]


def test_sample_rows_are_text_and_few(folder):
    put(folder, "a,b\n" + "".join(f"{i},x\n" for i in range(50)))
    sample = storage.sample_rows(File(path="t.csv"), folder, n=7)
    assert list(sample.columns) == ["a", "b"]
    assert sample["a"].tolist() == [str(i) for i in range(7)]
    assert set(map(str, sample.dtypes)) == {"string"}
