"""Runs of small notebooks: preparation is replaced, and where the kernel does not matter the kernel too."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from coroi.errors import CoroiError, DataError, PlanError
from coroi.studies import manifest, produce, runner, runs
from coroi.studies.execute import Execution
from coroi.studies.runner import run_plan, run_study

PLAN = """\
name: small
currency: EUR
period: month
tables:
  customers:
    path: customers.csv
studies:
"""
ANSWER = """\
import json, os
from pathlib import Path
answer = {"headline": f"They stay, {times} times.", "declaration": {"estimand": "retention"}}
Path(os.environ["COROI_OUTPUT"], "result.json").write_text(json.dumps(answer))
"""


def write_notebook(path: Path, *sources: str, title: str = "A question") -> Path:
    v4 = nbformat.v4
    cells = [
        v4.new_markdown_cell(f"# {title}"),
        v4.new_code_cell("times: int = 1  # [1, 9] How often.", metadata={"tags": ["parameters"]}),
        *map(v4.new_code_cell, sources),
    ]
    for position, cell in enumerate(cells):
        cell["id"] = f"cell-{position}"
    nbformat.write(v4.new_notebook(cells=cells), path)
    return path


@pytest.fixture
def prepared_calls(monkeypatch):
    """Replace the preparation of tables, which has tests of its own, and count its calls."""
    calls = []

    def prepare(loaded, folder, progress=None):
        calls.append(Path(folder))
        (folder / "panel.parquet").write_bytes(b"customer-level")
        return SimpleNamespace(
            connection=SimpleNamespace(version={"name": "none", "version": "0"}, disconnect=lambda: None)
        )

    monkeypatch.setattr(runner.prepared_inputs, "prepare_plan", prepare)
    monkeypatch.setattr(runner.prepared_inputs, "study_availability", lambda _prepared: {})
    monkeypatch.setattr(manifest, "_package_files", dict)
    return calls


@pytest.fixture
def no_kernel(monkeypatch):
    """Run notebooks in this process, where the test is not about kernels."""

    def execute(notebook, parameters, *, scratch, environment, timeout):
        node = nbformat.read(notebook, as_version=4)
        names: dict[str, object] = {}
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            try:
                for cell in node.cells:
                    exec(cell.source if cell.cell_type == "code" else "", names)
                    names.update(parameters)
            except AssertionError as error:
                return Execution("failed", repr(error), node)
        return Execution("ok", "", node)

    monkeypatch.setattr(produce, "execute_notebook", execute)


@pytest.fixture
def project(tmp_path, prepared_calls):
    """Make a plan whose studies are the notebooks given by name, and return its path."""

    def make(**notebooks: tuple[str, ...]) -> Path:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        (folder / "customers.csv").write_text("customer_id\n1\n2\n3\n")
        lines = [f"  {study}:\n    notebook: {study}.ipynb\n" for study in notebooks]
        for study, sources in notebooks.items():
            write_notebook(folder / f"{study}.ipynb", *sources, title=f"The {study} study")
        (folder / "plan.yaml").write_text(PLAN + "".join(lines))
        return folder / "plan.yaml"

    return make


def tree(folder: Path) -> dict[str, bytes]:
    """Read all files, but for the records of time and the pages that show it."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in files if p.name != "run.json" and p.parent.name != "small"
    }


def test_a_study_leaves_its_page_its_notebook_its_result_and_its_manifest(project, tmp_path):
    run = run_plan(project(stay=(ANSWER,)), output=tmp_path / "reports")
    folder = tmp_path / "reports" / "small" / run.run / "stay"
    assert sorted(p.name for p in folder.iterdir()) == ["index.html", "manifest.json", "notebook.ipynb", "result.json"]
    (study,) = run.studies
    assert (study.study, study.title, study.status) == ("stay", "The stay study", "ok")
    assert (study.headline, study.message, study.unchanged) == ("They stay, 1 times.", "", False)
    assert study.page == folder / "index.html"
    assert study.page.read_text().count("<h1") == 1
    assert run.done
    assert run.index == tmp_path / "reports" / "small" / "index.html"


@pytest.mark.usefixtures("no_kernel")
def test_the_manifest_says_what_was_declared_and_how_regressions_were_computed(project, tmp_path):
    spec = '{"declared": [{"delta": 1}], "computed": {"path": "from blocks, 1,200 rows"}}'
    told = ANSWER.replace('"declaration": {"estimand": "retention"}', f'"spec": {spec}')
    run = run_plan(project(stay=(ANSWER,), told=(told,)), output=tmp_path / "reports")
    said = [json.loads((s.page.parent / "manifest.json").read_text()) for s in run.studies]
    by_study = {each["study"]: (each["declaration"], each["computed"]) for each in said}
    assert by_study == {"stay": (None, None), "told": ([{"delta": 1}], {"path": "from blocks, 1,200 rows"})}


@pytest.mark.usefixtures("no_kernel")
def test_a_notebook_knows_the_plans_reports_and_the_manifest_what_it_forecast(project, tmp_path):
    told = """\
import os
from pathlib import Path
import pandas as pd
output, reports = (Path(os.environ[name]) for name in ("COROI_OUTPUT", "COROI_REPORTS"))
assert output.parent.parent == reports
pd.DataFrame({"name": ["margin"]}).to_parquet(output / "predictions.parquet")
output.joinpath("audit.json").write_text('{"runs": {"aaa": "12"}}')
"""
    run = run_plan(project(stay=(told,)), output=tmp_path / "reports")
    assert run.studies[0].status == "ok", run.studies[0].message
    folder = run.folder / "stay"
    kept = {"sha256": hashlib.sha256((folder / "predictions.parquet").read_bytes()).hexdigest()}
    said = json.loads((folder / "manifest.json").read_text())["forecasts"]
    assert said == {"kept": kept, "scored": {"aaa": "12"}}


@pytest.mark.usefixtures("no_kernel")
def test_the_record_and_both_indices_tell_the_answer(project, tmp_path):
    run = run_plan(project(stay=(ANSWER,)), output=tmp_path / "reports")
    record = json.loads((run.folder / "run.json").read_text())
    assert record["studies"] == [
        {
            "study": "stay",
            "title": "The stay study",
            "status": "ok",
            "headline": "They stay, 1 times.",
            "message": "",
            "href": "stay/index.html",
        }
    ]
    assert (record["plan"], record["run"]) == ("small", run.run)
    assert record["started"] <= record["finished"]
    assert f'href="{run.run}/stay/index.html"' in run.index.read_text()
    assert "They stay, 1 times." in run.index.read_text()
    assert 'href="small/index.html"' in (tmp_path / "reports" / "index.html").read_text()


@pytest.mark.usefixtures("no_kernel")
def test_no_customer_level_data_and_nothing_half_written_stays(project, tmp_path, prepared_calls):
    run = run_plan(project(stay=(ANSWER,), broken=("1 / 0",)), output=tmp_path / "reports")
    assert b"customer-level" not in b"".join(tree(tmp_path / "reports").values())
    assert not any(name.startswith(".") for path in run.folder.rglob("*") for name in path.parts[-1:])
    assert [folder.exists() for folder in prepared_calls] == [False]


def test_equal_inputs_give_equal_bytes_and_the_same_run(project, tmp_path):
    noisy = ("import os\nprint(os.environ['COROI_OUTPUT'], os.getcwd())\nobject()", ANSWER)
    plan = project(stay=noisy)
    one = run_plan(plan, output=tmp_path / "one")
    two = run_plan(plan, output=tmp_path / "two")
    assert one.run == two.run
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


@pytest.mark.usefixtures("no_kernel")
def test_an_unchanged_run_is_recognised_and_again_repeats_it(project, tmp_path, prepared_calls):
    plan = project(stay=(ANSWER,))
    first = run_plan(plan, output=tmp_path / "reports")
    record = (first.folder / "run.json").read_bytes()
    second = run_plan(plan, output=tmp_path / "reports")
    assert second.run == first.run
    assert [(s.status, s.headline, s.unchanged) for s in second.studies] == [("ok", "They stay, 1 times.", True)]
    assert len(prepared_calls) == 1
    assert (first.folder / "run.json").read_bytes() == record
    third = run_plan(plan, output=tmp_path / "reports", again=True)
    assert [s.unchanged for s in third.studies] == [False]
    assert len(prepared_calls) == 2


def change_data(plan: Path) -> dict[str, object]:
    (plan.parent / "customers.csv").write_text("customer_id\n1\n2\n4\n")
    return {}


def change_plan(plan: Path) -> dict[str, object]:
    plan.write_text(plan.read_text().replace("EUR", "USD"))
    return {}


def change_code(plan: Path) -> dict[str, object]:
    write_notebook(plan.parent / "stay.ipynb", ANSWER, "1 + 1", title="The stay study")
    return {}


def change_parameter(plan: Path) -> dict[str, object]:
    return {"parameters": {"stay": {"times": 2}}}


@pytest.mark.parametrize("change", [change_data, change_plan, change_code, change_parameter])
@pytest.mark.usefixtures("no_kernel")
def test_what_is_changed_gets_a_run_of_its_own_and_the_old_one_stays(project, tmp_path, change):
    plan = project(stay=(ANSWER,))
    first = run_plan(plan, output=tmp_path / "reports")
    before = tree(first.folder)
    second = run_plan(plan, output=tmp_path / "reports", **change(plan))
    assert second.run != first.run
    assert tree(first.folder) == before
    assert second.index.read_text().count("stay/index.html") == 2


@pytest.mark.usefixtures("no_kernel")
def test_the_place_of_the_project_does_not_change_the_run(project, tmp_path):
    plan = project(stay=(ANSWER,))
    first = run_plan(plan, output=tmp_path / "reports")
    moved = plan.parent.rename(tmp_path / "elsewhere")
    assert run_plan(moved / "plan.yaml", output=tmp_path / "reports").run == first.run


def test_a_failed_study_says_why_and_the_others_still_run(project, tmp_path):
    broken = ANSWER + "open('/srv/x/no')"
    run = run_plan(project(broken=(broken,), stay=(ANSWER,)), output=tmp_path / "reports")
    failed, stayed = run.studies
    assert not run.done
    assert (failed.status, stayed.status) == ("failed", "ok")
    assert failed.message == "FileNotFoundError: [Errno 2] No such file or directory: 'no'"
    page = failed.page.read_text()
    assert "No such file or directory: &#39;no&#39;" in page
    assert "Traceback" not in page
    assert "/srv" not in page.replace("open('/srv/x/no')", "")
    assert sorted(p.name for p in failed.page.parent.iterdir()) == ["index.html", "manifest.json", "notebook.ipynb"]


@pytest.mark.usefixtures("no_kernel")
def test_a_failed_study_is_run_again(project, tmp_path):
    flag = tmp_path / "flag"
    plan = project(stay=(f"assert __import__('os').path.exists({str(flag)!r})", ANSWER))
    assert run_plan(plan, output=tmp_path / "reports").studies[0].status == "failed"
    flag.touch()
    assert run_plan(plan, output=tmp_path / "reports").studies[0].status == "ok"


@pytest.mark.usefixtures("no_kernel")
def test_a_worse_outcome_does_not_replace_an_answer(project, tmp_path):
    flag = tmp_path / "flag"
    flag.touch()
    plan = project(stay=(f"assert __import__('os').path.exists({str(flag)!r})", ANSWER))
    first = run_plan(plan, output=tmp_path / "reports")
    before = tree(first.folder)
    flag.unlink()
    second = run_plan(plan, output=tmp_path / "reports", again=True)
    assert second.studies[0].status == "failed"
    assert tree(first.folder) == before
    assert runs.read_entries(first.folder)["stay"].status == "ok"


def test_the_time_limit_and_a_dead_kernel_have_their_status_and_page(project, tmp_path):
    plan = project(slow=("import time\ntime.sleep(60)",), dead=("import os\nos._exit(1)",))
    run = run_plan(plan, output=tmp_path / "reports", timeout=2)
    assert [study.status for study in run.studies] == ["timeout", "kernel-died"]
    assert "It did not finish within 2 seconds" in run.studies[0].page.read_text()
    assert "Its process died while it ran" in run.studies[1].page.read_text()


@pytest.mark.usefixtures("no_kernel")
def test_a_study_without_its_tables_is_skipped_with_what_is_missing(project, tmp_path, monkeypatch):
    monkeypatch.setattr(runner.prepared_inputs, "study_availability", lambda _: {"stay": "`responses`"})
    run = run_plan(project(stay=("1 / 0",)), output=tmp_path / "reports")
    assert run.done
    assert (run.studies[0].status, run.studies[0].message) == ("skipped", "The data lack `responses`.")
    assert "The data lack <code>responses</code>." in run.studies[0].page.read_text()
    assert run_plan(tmp_path / "project" / "plan.yaml", output=tmp_path / "reports").studies[0].unchanged


def test_an_output_that_a_page_may_not_show_fails_the_study(project, tmp_path):
    run = run_plan(project(stay=("import sys\nprint('warning', file=sys.stderr)", ANSWER)), output=tmp_path / "reports")
    assert run.studies[0].status == "failed"
    assert not (run.studies[0].page.parent / "result.json").exists()


@pytest.mark.usefixtures("no_kernel")
def test_a_result_that_is_no_json_fails_the_study(project, tmp_path):
    bad = "import os, pathlib\np = pathlib.Path(os.environ['COROI_OUTPUT'], 'result.json')\n_ = p.write_text('{')"
    (study,) = run_plan(project(stay=(bad,)), output=tmp_path / "reports").studies
    assert study.status == "failed"
    assert study.message.startswith("result.json that the notebook wrote is no JSON: ")


@pytest.mark.usefixtures("no_kernel")
def test_what_nobody_foresaw_fails_one_study_only(project, tmp_path, monkeypatch):
    render = produce.render_page

    def render_but_not_the_first(notebook, *, title, **rest):
        if title == "The first study":
            raise LookupError("no /srv/a/template")
        return render(notebook, title=title, **rest)

    monkeypatch.setattr(produce, "render_page", render_but_not_the_first)
    run = run_plan(project(first=(ANSWER,), second=(ANSWER,)), output=tmp_path / "reports")
    assert [study.status for study in run.studies] == ["failed", "ok"]
    assert run.studies[0].message == "Its page could not be made: LookupError: no template"


@pytest.mark.usefixtures("no_kernel")
def test_only_what_was_asked_for_is_run_and_joins_the_same_run(project, tmp_path):
    plan = project(one=(ANSWER,), two=(ANSWER,))
    first = run_plan(plan, only=["two"], output=tmp_path / "reports")
    assert [study.study for study in first.studies] == ["two"]
    second = run_plan(plan, output=tmp_path / "reports")
    assert second.run == first.run
    assert [(s.study, s.unchanged) for s in second.studies] == [("one", False), ("two", True)]
    assert [s["study"] for s in runs.read_record(second.folder)["studies"]] == ["one", "two"]


def test_unknown_studies_and_wrong_parameters_are_told_together_before_anything_runs(project, tmp_path, prepared_calls):
    with pytest.raises(PlanError) as refused:
        run_plan(
            project(stay=(ANSWER,)),
            only=["stey"],
            parameters={"stay": {"time": 2, "times": 10}, "sty": {"times": 1}},
            output=tmp_path / "reports",
        )
    lines = str(refused.value).splitlines()
    assert lines[0] == "study 'stey': there is no such study. Did you mean 'stay'?"
    assert lines[1] == "parameters of 'sty': this run has no such study. Did you mean 'stay'?"
    assert lines[2].startswith("-p stay.time: ")
    assert lines[2].endswith("Did you mean 'times'?")
    assert lines[3].startswith("-p stay.times: ")
    assert len(lines) == 4
    assert prepared_calls == []
    assert not (tmp_path / "reports").exists()


def test_a_run_does_not_let_a_parameter_name_another_plan(project, tmp_path):
    with pytest.raises(PlanError) as refused:
        run_plan(project(stay=(ANSWER,)), parameters={"stay": {"plan": "other.yaml"}}, output=tmp_path / "reports")
    assert str(refused.value) == "-p stay.plan: a run reads the plan that it was given. Leave it out."


@pytest.mark.usefixtures("no_kernel")
def test_data_that_cannot_be_used_leave_nothing_behind(project, tmp_path, monkeypatch):
    def refuse(*_):
        raise DataError("customers: no row is left.")

    monkeypatch.setattr(runner.prepared_inputs, "prepare_plan", refuse)
    with pytest.raises(DataError, match="no row is left"):
        run_plan(project(stay=(ANSWER,)), output=tmp_path / "reports")
    assert list((tmp_path / "reports").rglob("*.*")) == []


@pytest.mark.usefixtures("no_kernel")
def test_a_run_that_is_being_written_is_refused(project, tmp_path):
    plan = project(stay=(ANSWER,))
    run = run_plan(plan, output=tmp_path / "reports")
    with runner.locked(run.folder), pytest.raises(CoroiError, match="is writing this run"):
        run_plan(plan, output=tmp_path / "reports")


def interrupt_when(path: Path) -> threading.Thread:
    def wait() -> None:
        while not (path.exists() and path.read_text()):
            threading.Event().wait(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_an_interrupt_leaves_its_status_and_what_was_there_before(project, tmp_path):
    started, slow = tmp_path / "started", tmp_path / "slow"
    sources = (
        f"import os, time\nfrom pathlib import Path\nPath({str(started)!r}).write_text(str(os.getpid()))",
        f"if Path({str(slow)!r}).exists(): time.sleep(60)",
    )
    plan = project(stay=(ANSWER,), wait=sources, later=(ANSWER,))
    slow.touch()
    interrupt_when(started)
    before = signal.signal(signal.SIGINT, lambda *_: None)  # as clients of kernels leave it at times
    try:
        with pytest.raises(KeyboardInterrupt):
            run_plan(plan, output=tmp_path / "reports")
    finally:
        signal.signal(signal.SIGINT, before)
    (folder,) = (path for path in (tmp_path / "reports" / "small").iterdir() if path.is_dir())
    assert {name: entry.status for name, entry in runs.read_entries(folder).items()} == {
        "stay": "ok",
        "wait": "interrupted",
    }
    assert "interrupted" in (folder / "wait" / "index.html").read_text()
    assert not (folder / ".lock").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)

    slow.unlink()
    run = run_plan(plan, output=tmp_path / "reports")
    assert [(s.status, s.unchanged) for s in run.studies] == [("ok", True), ("ok", False), ("ok", False)]
    before = tree(run.folder)
    started.unlink()
    slow.touch()
    interrupt_when(started)
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan, only=["wait"], again=True, output=tmp_path / "reports")
    assert tree(run.folder) == before
    assert runs.read_entries(run.folder)["wait"].status == "ok"


def test_one_study_can_be_run_from_python(project, tmp_path):
    study = run_study(
        "stay", project(stay=(ANSWER,), other=("1",)), parameters={"times": 3}, output=tmp_path / "reports"
    )
    assert (study.study, study.status, study.headline) == ("stay", "ok", "They stay, 3 times.")
    assert len(list((tmp_path / "reports").glob("small/*/*/index.html"))) == 1


@pytest.mark.usefixtures("no_kernel")
def test_the_time_spent_in_a_run_is_told_in_words(project, tmp_path):
    words: list[str] = []
    run_plan(project(stay=(ANSWER,)), output=tmp_path / "reports", progress=words.append)
    assert words == ["hashing the data", "running stay"]
