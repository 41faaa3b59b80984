from __future__ import annotations

import json

import pytest

from coroi.studies import runs
from coroi.studies.runs import Entry

STAY = Entry(study="stay", title="Who stays", status="ok", headline="They stay.")
FACTS = {"plan": "small", "run": "aaaaaaaaaa", "started": "2026-01-01T10:00:00+00:00"}


def finish(folder, *entries, finished="2026-01-01T10:05:00+00:00", **facts):
    for entry in entries:
        (folder / entry.study).mkdir(parents=True)
        (folder / entry.href).write_text("page")
    runs.write_record(folder, FACTS | {"run": folder.name, "finished": finished} | facts, entries)


def test_a_staged_folder_takes_the_place_of_the_old_one_whole(tmp_path):
    final = tmp_path / "stay"
    final.mkdir()
    (final / "old.txt").touch()
    with runs.staged(tmp_path, "stay") as writing:
        (writing / "new.txt").touch()
        assert [p.name for p in final.iterdir()] == ["old.txt"]
        runs.publish(writing, final)
    assert [p.relative_to(tmp_path).as_posix() for p in sorted(tmp_path.rglob("*"))] == ["stay", "stay/new.txt"]


def test_a_staged_folder_that_was_not_published_goes_and_the_old_one_stays(tmp_path):
    (tmp_path / "stay").mkdir()
    with pytest.raises(KeyboardInterrupt), runs.staged(tmp_path, "stay") as writing:
        (writing / "half").touch()
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.iterdir()] == ["stay"]


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    (tmp_path / ".writing-other").mkdir()
    (tmp_path / ".writing-other" / "half").touch()
    with runs.staged(tmp_path, "stay"):
        assert [p.name for p in tmp_path.iterdir()] == [".writing-stay"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "index.html"
    runs.write_text(path, "é\n")
    assert path.read_bytes() == b"\xc3\xa9\n"
    with pytest.raises(UnicodeEncodeError):
        runs.write_text(path, "\ud800")
    assert path.read_bytes() == b"\xc3\xa9\n"
    assert [p.name for p in tmp_path.iterdir()] == ["index.html"]


def test_a_record_is_read_back_as_it_was_written(tmp_path):
    failed = Entry(study="leave", title="Who leaves", status="failed", message="No.")
    finish(tmp_path / "aaaaaaaaaa", STAY, failed)
    assert runs.read_entries(tmp_path / "aaaaaaaaaa") == {"stay": STAY, "leave": failed}
    assert json.loads((tmp_path / "aaaaaaaaaa" / "run.json").read_text())["studies"][0]["href"] == "stay/index.html"


def test_an_entry_whose_page_is_gone_does_not_count(tmp_path):
    finish(tmp_path / "aaaaaaaaaa", STAY)
    (tmp_path / "aaaaaaaaaa" / "stay" / "index.html").unlink()
    assert runs.read_entries(tmp_path / "aaaaaaaaaa") == {}


def test_a_folder_without_a_record_is_empty(tmp_path):
    assert runs.read_record(tmp_path) == {}
    assert runs.read_entries(tmp_path) == {}


def test_the_indices_list_every_run_and_every_plan_newest_first(tmp_path):
    finish(tmp_path / "small" / "aaaaaaaaaa", STAY, finished="2026-01-01T10:05:00+00:00")
    finish(tmp_path / "small" / "bbbbbbbbbb", STAY, finished="2026-01-02T10:05:00+00:00")
    finish(tmp_path / "large" / "cccccccccc", STAY, plan="large")
    (tmp_path / "unrelated").mkdir()
    runs.write_indices(tmp_path, "small")
    index = (tmp_path / "small" / "index.html").read_text()
    assert index.index('href="bbbbbbbbbb/stay/index.html"') < index.index('href="aaaaaaaaaa/stay/index.html"')
    site = (tmp_path / "index.html").read_text()
    assert 'href="small/index.html"' in site
    assert 'href="large/index.html"' in site
    assert "unrelated" not in site
