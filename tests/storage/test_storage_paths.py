from __future__ import annotations

import os
from pathlib import Path

import pytest

from coroi import storage
from coroi.errors import DataError
from coroi.sources import File
from coroi.storage import paths

TABLE = "who,n\nx,1\n"


def refused(path: str, folder: Path, **how) -> str:
    with pytest.raises(DataError) as caught:
        storage.resolve_paths(File(path=path, **how), folder)
    return str(caught.value)


@pytest.mark.parametrize("name", ["a[1].csv", "b*.csv", "c?.csv", "d'e.csv", "{f,g}.csv", "-.csv"])
def test_a_file_whose_name_looks_like_a_pattern_is_read_and_no_other(read, folder, name):
    (folder / name).write_text(TABLE)
    for other in ("a1.csv", "bb.csv", "cc.csv", "f.csv"):
        (folder / other).write_text("who,n\nother,2\n")
    assert [row["who"] for row in read(name)] == ["x"]


def test_a_parquet_file_whose_name_looks_like_a_pattern_is_read_and_no_other(read, folder):
    import pandas as pd

    pd.DataFrame({"who": ["x"]}).to_parquet(folder / "p[1].parquet")
    pd.DataFrame({"who": ["other"]}).to_parquet(folder / "p1.parquet")
    assert [row["who"] for row in read("p[1].parquet")] == ["x"]


@pytest.mark.parametrize("path", [".", "..", "/", "**", "/**", "a/../..", "customers**", "x" * 199])
def test_what_names_no_file_is_said_so(folder, path):
    said = refused(path, folder)
    assert any(words in said for words in ("no such file", "no folder", "cannot be followed"))


def test_a_home_that_is_not_there_is_said_so(folder):
    assert refused("~nobody-of-this-name/x.csv", folder).endswith(
        "the path cannot be followed (there is no such path). Correct the path, or its rights."
    )


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/stdin", "pipe.csv"])
def test_what_is_no_regular_file_is_never_opened(folder, path):
    os.mkfifo(folder / "pipe.csv")
    said = refused(path, folder, format="csv")
    assert said == f"{path}: this is no regular file. Write what it gives to a file."


def test_a_folder_of_too_many_files_is_refused(folder, monkeypatch):
    monkeypatch.setattr(paths, "MOST_FILES", 3)
    for i in range(4):
        (folder / f"{i}.csv").write_text(TABLE)
    assert refused("*.csv", folder) == (
        "*.csv: more than 3 files are meant, and so many are not read as one table. "
        "Join them into fewer files, or narrow the pattern."
    )


@pytest.fixture
def outside(tmp_path) -> Path:
    secret = tmp_path / "elsewhere" / "secrets"
    secret.parent.mkdir()
    secret.write_text("admin,hunter2\n")
    return secret


def test_no_line_of_a_file_elsewhere_that_is_not_named_as_data_gets_into_a_message(folder, outside):
    (folder / "link.csv").symlink_to(outside)
    for path in (str(outside), "../elsewhere/secrets", "link.csv", "../elsewhere/*"):
        said = refused(path, folder, format="csv")
        assert "lies outside the data's folder, and is not named as data" in said
        assert "hunter2" not in said


def test_a_file_elsewhere_that_is_named_as_data_is_read(read, folder, tmp_path):
    target = tmp_path / "store.csv"
    target.write_text(TABLE)
    (folder / "link.csv").symlink_to(target)
    for path in (str(target), "../store.csv", "link.csv"):
        assert [row["who"] for row in read(path)] == ["x"]


def test_a_file_in_the_folder_needs_no_ending_of_data(read, folder):
    (folder / "EXPORT").write_text(TABLE)
    assert [row["who"] for row in read("EXPORT", format="csv")] == ["x"]
