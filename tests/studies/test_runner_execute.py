"""How a notebook ended is told from the exception; a real kernel runs each of these."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest

from coroi.studies.execute import execute_notebook


def write_notebook(path: Path, *sources: str) -> Path:
    v4 = nbformat.v4
    parameters = v4.new_code_cell("count: int = 1  # How many.", metadata={"tags": ["parameters"]})
    nbformat.write(v4.new_notebook(cells=[parameters, *map(v4.new_code_cell, sources)]), path)
    return path


@pytest.fixture
def execute(tmp_path):
    def run(*sources, parameters=None, environment=None, timeout=None):
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        notebook = write_notebook(tmp_path / "study.ipynb", *sources)
        return execute_notebook(
            notebook, parameters or {}, scratch=scratch, environment=environment or {}, timeout=timeout
        )

    return run


def printed(execution) -> str:
    return "".join(o.text for cell in execution.notebook.cells for o in cell.get("outputs", ()) if "text" in o)


def test_a_notebook_that_ends_is_ok_and_ran_with_its_parameters_in_this_interpreter(execute):
    ended = execute(
        "import os, sys\nprint(count, os.environ['COROI_OUTPUT'], sys.executable)",
        parameters={"count": 7},
        environment={"COROI_OUTPUT": "a $HOME ${x} b"},
    )
    assert (ended.status, ended.message) == ("ok", "")
    assert printed(ended) == f"7 a $HOME ${{x}} b {sys.executable}\n"


def test_the_kernel_runs_this_interpreter_whatever_kernel_is_registered(execute, tmp_path, monkeypatch):
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        '{"argv": ["/bin/false", "{connection_file}"], "display_name": "x", "language": "python"}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    assert execute("1").status == "ok"


def test_an_exception_fails_with_its_name_and_message_and_no_path(execute):
    ended = execute("open('/srv/secret/data/panel.csv')")
    assert ended.status == "failed"
    assert ended.message == "FileNotFoundError: [Errno 2] No such file or directory: 'panel.csv'"


def test_an_error_of_ours_fails_with_its_message_alone(execute):
    ended = execute("from coroi.errors import StudyError\nraise StudyError('The metric is not in the plan.')")
    assert (ended.status, ended.message) == ("failed", "The metric is not in the plan.")


def test_cells_after_the_failing_one_did_not_run(execute):
    ended = execute("1 / 0", "print('ran')")
    assert ended.message == "ZeroDivisionError: division by zero"
    assert printed(ended) == ""


def test_the_time_limit_holds_for_the_whole_notebook(execute):
    ended = execute("import time\ntime.sleep(0.9)", "time.sleep(0.9)", "time.sleep(30)", timeout=2)
    assert ended.status == "timeout"
    assert ended.message == "It did not finish within 2 seconds (--timeout)."


def test_a_kernel_that_dies_is_told_from_a_failure(execute):
    ended = execute("import os\nos._exit(1)")
    assert ended.status == "kernel-died"
    assert ended.message == "Its process died while it ran; the machine may have run out of memory."


def test_what_the_kernel_leaves_behind_stays_in_its_scratch_folder(execute, tmp_path):
    ended = execute("import os, tempfile\nprint(tempfile.mkdtemp(), os.getcwd(), sep='\\n')")
    left, work = map(Path, printed(ended).split())
    assert left.parent == tmp_path / "scratch" / "tmp"
    assert work == tmp_path / "scratch" / "work"


def test_the_notebook_that_was_run_is_not_changed(execute, tmp_path):
    execute("print(1)")
    assert all(not cell.get("outputs") for cell in nbformat.read(tmp_path / "study.ipynb", as_version=4).cells)
