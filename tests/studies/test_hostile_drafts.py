"""Drafts from exports with odd names and content, and notebooks that are none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from coroi.errors import PlanError
from coroi.studies.draft import write_project
from coroi.studies.jobs import choose_jobs
from coroi.studies.plan import read_plan
from coroi.studies.yaml_lines import read_yaml

ROWS = "".join(f"c{i},2022-01-{i % 28 + 1:02d},2023-02-{i % 28 + 1:02d}\n" for i in range(30))
CELL = {
    "cell_type": "code",
    "metadata": {"tags": ["parameters"]},
    "source": "x: int = 1  # A thing.",
    "outputs": [],
    "execution_count": None,
}
NOTEBOOK: dict[str, Any] = {"cells": [CELL], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def drafted(tmp_path: Path, files: dict[str | bytes, str]) -> str:
    exports = tmp_path / "exports"
    exports.mkdir()
    for name, text in files.items():
        (exports / os.fsdecode(name)).write_text(text)
    write_project(tmp_path / "mine", exports)
    path = tmp_path / "mine" / "plan.yaml"
    document = read_yaml(path)
    assert document.findings == []
    assert sorted(document.data) == sorted({*document.data} - {"reached"})
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "a\nreached: 1\n.csv",
        "a: b #.csv",
        "\x7f\x85\u2028.csv",
        '"]}.csv',
        "!tag.csv",
        "&a.csv",
        "*.csv",
        "\u202ecsv.csv",
        "{{x}}.csv",
    ],
)
def test_a_files_name_adds_no_key_to_a_draft(tmp_path, name):
    text = drafted(tmp_path, {name: "customer_id,start_at,end_at\n" + ROWS})
    assert read_yaml(tmp_path / "mine" / "plan.yaml").data["tables"]["subscriptions"]["path"].endswith(name)
    assert text.isprintable() or all(c.isprintable() or c == "\n" for c in text)


@pytest.mark.parametrize(
    "name", ["x\nreached: 1", "\x1b[31m", "\x80", "a" * 300, "=1+1", "# x", "'", "\ufeff", "\u2029"]
)
def test_a_columns_name_adds_no_key_to_a_draft(tmp_path, name):
    quoted = '"' + name.replace('"', '""') + '"'
    text = drafted(tmp_path, {"t.csv": f"customer_id,start_at,{quoted}\n" + ROWS})
    assert all(c.isprintable() or c == "\n" for c in text)
    assert max(map(len, text.splitlines())) < 400


def test_a_name_that_is_no_text_is_left_out_and_said_so(tmp_path):
    text = drafted(tmp_path, {b"caf\xe9.csv": "a,b\n1,2\n", "t.csv": "customer_id,start_at,end_at\n" + ROWS})
    assert "could not be read: caf\N{REPLACEMENT CHARACTER}.csv: its name is not text. Rename it." in text


def test_a_pipe_among_exports_is_left_alone(tmp_path):
    exports = tmp_path / "exports"
    exports.mkdir()
    os.mkfifo(exports / "pipe.csv")
    (exports / "t.csv").write_text("customer_id,start_at,end_at\n" + ROWS)
    write_project(tmp_path / "mine", exports)
    assert "pipe.csv" not in (tmp_path / "mine" / "plan.yaml").read_text()


def choose(tmp_path: Path, notebook: Any, name: str = "mine.ipynb") -> Any:
    (tmp_path / "customers.csv").write_text("customer_id\na\n")
    plan = "name: x\ncurrency: EUR\nperiod: month\ntables:\n  customers: {path: customers.csv}\n"
    (tmp_path / "plan.yaml").write_text(plan + f"studies:\n  mine: {{notebook: {json.dumps(name)}}}\n")
    (tmp_path / "mine.ipynb").write_text(json.dumps(notebook))
    return choose_jobs(read_plan(tmp_path / "plan.yaml", known_studies={}), (), {})


def test_the_notebook_itself_is_sound(tmp_path):
    assert [job.study for job in choose(tmp_path, NOTEBOOK)] == ["mine"]


@pytest.mark.parametrize(
    "change",
    [
        {"nbformat": 3},
        {"nbformat": 99},
        {"nbformat": None},
        {"nbformat_minor": "x"},
        {"metadata": []},
        {"cells": [CELL, {"cell_type": "markdown"}]},
        {"cells": [CELL, {"cell_type": "markdown", "source": [1], "metadata": {}}]},
    ],
)
def test_a_damaged_notebook_is_refused_before_anything_runs(tmp_path, change):
    with pytest.raises(PlanError, match=r"mine\.ipynb: the file is not a notebook of format 4"):
        choose(tmp_path, NOTEBOOK | change)


@pytest.mark.parametrize(
    "source", ["x: int = " + "(" * 5_000, "x: int = " + "-" * 100_000 + "1", "x: int = " + "1" * 5_000]
)
def test_parameters_that_the_parser_stumbles_over_are_refused(tmp_path, source):
    with pytest.raises(PlanError, match="the parameters cell is not Python"):
        choose(tmp_path, NOTEBOOK | {"cells": [CELL | {"source": source}]})


@pytest.mark.parametrize("name", ["x" * 300 + ".ipynb", "/dev/fd/0.ipynb", "~/x.ipynb"])
def test_a_notebooks_path_leads_to_a_file_or_is_refused(tmp_path, name):
    with pytest.raises(PlanError, match="there is no such file"):
        choose(tmp_path, NOTEBOOK, name)
