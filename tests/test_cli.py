from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coroi import __version__, cli, console
from coroi.errors import DataError, PlanError, Problem
from coroi.studies import jobs, runner
from coroi.studies.registry import STUDIES
from coroi.studies.runner import Run, StudyRun

HEAVY = ["duckdb", "ibis", "matplotlib", "nbclient", "nbconvert", "nbformat", "numpy", "pandas", "pandera", "papermill"]
HEAVY += ["pyarrow", "pyfixest", "scipy", "seaborn", "sqlglot", "statsmodels"]
PLAN = """\
name: small
currency: EUR
period: month
observed_until: 2024-12-31
tables:
  customers:
    path: customers.csv
  subscriptions:
    path: contracts.csv
    columns: {start_at: begin, end_at: end}
studies:
  readiness: {}
"""


@pytest.fixture
def coroi(monkeypatch, capsys):
    """Call the command line in this process; return its exit code, what it printed, and what it complained of."""

    def call(*arguments: object):
        monkeypatch.setattr(sys, "argv", ["coroi", *map(str, arguments)])
        before = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as end:
                cli.main()
        finally:
            signal.signal(signal.SIGTERM, before)
        printed = capsys.readouterr()
        return end.value.code or 0, printed.out, printed.err

    return call


@pytest.fixture
def asked(monkeypatch):
    """Replace the runner: record what it is asked for, and answer with the studies given."""
    calls: list[tuple[object, dict[str, object]]] = []

    def answer(*studies: StudyRun):
        def run_plan(plan, **options):
            calls.append((plan, options))
            return Run("small", "aaaaaaaaaa", Path("r/small/aaaaaaaaaa"), Path("r/small/index.html"), studies)

        monkeypatch.setattr(runner, "run_plan", run_plan)
        return calls

    return answer


@pytest.fixture
def company(tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id,joined_at\nc1,2024-01-01\nc2,2024-02-01\n,2024-02-01\n")
    (tmp_path / "contracts.csv").write_text("customer_id,begin,end\nc1,2024-01-01,\nc2,2024-02-01,2024-05-31\n")
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path / "plan.yaml"


def study(status="ok", headline="", message="", *, unchanged=False):
    return StudyRun("stay", "Who stays", status, headline, message, Path("r/stay/index.html"), unchanged)


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    # Typer reads a command's own options through pydantic.
    [(["--help"], [*HEAVY, "pydantic"]), (["run", "--help"], HEAVY), (["--version"], HEAVY)],
)
def test_help_loads_no_heavy_library(arguments, unwanted):
    script = (
        "import sys, json\nfrom coroi.cli import main\n"
        f"sys.argv = ['coroi', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    code = end.code or 0\n"
        f"print(json.dumps([code, [name for name in {unwanted!r} if name in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]


def test_help_names_every_command(coroi):
    code, out, _ = coroi("--help")
    assert code == 0
    for command in ("demo", "init", "check", "run", "studies", "simulate"):
        assert f" {command} " in out


def test_without_a_command_the_help_is_shown(coroi):
    _, out, err = coroi()
    assert "Usage: coroi" in out + err


def test_the_version(coroi):
    assert coroi("--version") == (0, f"coroi {__version__}\n", "")


def test_it_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "coroi", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"coroi {__version__}\n")


def test_run_hands_over_what_was_asked(coroi, asked):
    calls = asked(study())
    code, _, _ = coroi(
        *("run", "p.yaml", "--data", "d", "--only", "stay", "--only", "leave", "-p", "stay.metric=nps"),
        *("-p", "stay.horizon=6", "--output", "out", "--timeout", "60", "--again"),
    )
    assert code == 0
    ((plan, options),) = calls
    progress = options.pop("progress")
    progress("quiet when no terminal is there")
    assert plan == Path("p.yaml")
    assert options == {
        "data": Path("d"),
        "only": ["stay", "leave"],
        "parameters": {"stay": {"metric": "nps", "horizon": "6"}},
        "output": Path("out"),
        "timeout": 60.0,
        "again": True,
        "private": None,
    }


def test_the_demo_runs_the_sample(coroi, asked):
    calls = asked(study(headline="They stay."))
    code, out, err = coroi("demo", "--output", "out")
    assert (code, err) == (0, "")
    assert calls[0][0].parts[-2:] == ("sample", "plan.yaml")
    assert calls[0][0].is_file()
    assert calls[0][1]["output"] == Path("out")
    assert out == "Who stays\n  ok\n  They stay.\n  r/stay/index.html\nReport: r/small/index.html\n"


def test_what_is_unchanged_is_said_to_be(coroi, asked):
    asked(study(headline="They stay.", unchanged=True))
    assert "  ok (unchanged, not run again)\n" in coroi("run", "p.yaml")[1]


@pytest.mark.parametrize(("status", "expected"), [("failed", 1), ("timeout", 1), ("kernel-died", 1), ("skipped", 0)])
def test_a_failed_study_ends_with_one_and_a_skipped_one_is_done(coroi, asked, status, expected):
    asked(study(headline="Fine."), study(status, message="The reason."))
    code, out, _ = coroi("run", "p.yaml")
    assert code == expected
    assert f"  {status}\n  The reason.\n" in out


def test_markup_and_control_characters_of_the_data_are_printed_as_text(coroi, asked):
    asked(study(headline="[bold]a[/bold] [/nope] :smile: 5\N{NO-BREAK SPACE}% \x1b[31mred\x07"))
    assert "  [bold]a[/bold] [/nope] :smile: 5\N{NO-BREAK SPACE}% �[31mred�\n" in coroi("run", "p.yaml")[1]


def test_long_paths_are_not_broken_into_lines(coroi, asked):
    long = "x" * 300
    asked(study(headline=long))
    assert f"  {long}\n" in coroi("run", "p.yaml")[1]


@pytest.mark.parametrize("error", [PlanError, DataError])
def test_problems_go_to_stderr_all_of_them_and_end_with_two(coroi, monkeypatch, error):
    def refuse(*_, **__):
        raise error([Problem("a", "is [red]wrong.", "Mend it."), Problem("b", "is too.")])

    monkeypatch.setattr(runner, "run_plan", refuse)
    assert coroi("run", "p.yaml") == (2, "", "a: is [red]wrong. Mend it.\nb: is too.\n")


def test_assignments_that_are_none_are_told_together(coroi, asked):
    calls = asked(study())
    code, _, err = coroi("run", "p.yaml", "-p", "stay.metric", "-p", "metric=nps")
    assert code == 2
    assert [line.split(":")[0] for line in err.splitlines()] == ["-p", "-p"]
    assert calls == []


@pytest.mark.parametrize("arguments", [["run"], ["nope"], ["run", "p.yaml", "--timeout", "0"], ["simulate"]])
def test_wrong_usage_ends_with_two(coroi, arguments):
    assert coroi(*arguments)[0] == 2


def test_a_folder_that_cannot_be_written_is_named(coroi, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", "reports")

    monkeypatch.setattr(runner, "run_plan", refuse)
    assert coroi("run", "p.yaml") == (2, "", "reports: Permission denied.\n")


def test_an_interrupt_ends_with_130(coroi, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(console.logging, "disable", lambda: None)
    monkeypatch.setattr(runner, "run_plan", stop)
    assert coroi("run", "p.yaml") == (130, "", "Stopped. What was there before is as it was.\n")


def test_a_fault_of_our_own_is_no_traceback(coroi, monkeypatch):
    def fail(*_, **__):
        raise LookupError("odd")

    monkeypatch.setattr(runner, "run_plan", fail)
    code, out, err = coroi("run", "p.yaml")
    assert (code, out) == (1, "")
    assert err.startswith("coroi itself failed: LookupError: odd\n")
    assert "Traceback" not in err


def test_check_accounts_for_rows_and_says_which_studies_can_run(coroi, company):
    code, out, err = coroi("check", company)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "customers: 3 rows in, 2 used" in lines
    assert "subscriptions: 2 rows in, 2 used" in lines
    assert any(line.startswith("  dropped 1: no customer id") for line in lines)
    assert "  readiness: can run" in lines
    assert any(line.startswith("  retention: cannot run, the data lack `responses`") for line in lines)


def test_check_names_what_keeps_a_table_from_being_used_and_ends_with_two(coroi, company):
    (company.parent / "contracts.csv").write_text("customer_id,begin,end\n")
    code, out, err = coroi("check", company)
    assert code == 2
    assert "customers: 3 rows in, 2 used" in out
    assert err.startswith("subscriptions: ")
    assert "Traceback" not in err


def test_a_missing_plan_is_one_message(coroi, tmp_path):
    code, out, err = coroi("run", tmp_path / "nope.yaml")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "nope.yaml" in err


def test_studies_are_listed_with_question_needs_and_parameters(coroi):
    code, out, _ = coroi("studies")
    assert code == 0
    for name, known in STUDIES.items():
        assert f"{name}\n  {known.question}\n  needs: " in out
    assert "responses and subscriptions or responses and transactions or snapshot, with a metric\n" in out
    assert "  -p retention.metric=" in out
    assert "retention.plan" not in out


def test_simulate_writes_a_company_that_check_accepts_and_overwrites_nothing(coroi, tmp_path, monkeypatch):
    monkeypatch.setattr("coroi.company.files.truth_of", lambda company: {"scenario": company.scenario})
    simulate = ("simulate", tmp_path / "made", "--customers", 60, "--months", 18)
    code, out, _ = coroi(*simulate, "--seed", 3)
    assert code == 0
    assert {p.name for p in (tmp_path / "made").iterdir()} >= {"customers.csv", "plan.yaml", "truth.json"}
    assert out.splitlines()[-1] == f"Now: coroi run {tmp_path / 'made' / 'plan.yaml'}"
    assert coroi("check", tmp_path / "made" / "plan.yaml")[0] == 0
    before = (tmp_path / "made" / "customers.csv").read_bytes()
    assert coroi(*simulate, "--seed", 4)[0] == 2
    assert (tmp_path / "made" / "customers.csv").read_bytes() == before


def test_simulate_takes_scenario_format_and_dirt(coroi, tmp_path, monkeypatch):
    monkeypatch.setattr("coroi.company.files.truth_of", lambda company: {"scenario": company.scenario})
    made = tmp_path / "made"
    options = ("--customers", 60, "--months", 18, "--scenario", "dip", "--format", "parquet", "--dirty")
    assert coroi("simulate", made, *options)[0] == 0
    assert '"dip"' in (made / "truth.json").read_text()
    assert {"customers.parquet", "dirt.json"} <= {path.name for path in made.iterdir()}
    assert coroi("check", made / "plan.yaml")[0] == 0
    assert "dip" in coroi("simulate", tmp_path / "no", "--scenario", "dipp")[2]


def test_init_writes_a_project_and_overwrites_nothing(coroi, tmp_path):
    code, out, _ = coroi("init", tmp_path / "new")
    assert code == 0
    plan = tmp_path / "new" / "plan.yaml"
    assert f"wrote {plan}" in out.splitlines()
    assert out.splitlines()[-1] == f"Read {plan}, correct it, then: coroi check {plan}"
    plan.write_text("mine")
    code, _, err = coroi("init", tmp_path / "new")
    assert (code, plan.read_text()) == (2, "mine")
    assert "plan.yaml" in err


def test_a_terminated_process_is_stopped_like_an_interrupted_one(tmp_path):
    script = (
        "import os, signal, sys, time\nfrom coroi import cli\nfrom coroi.studies import runner\n"
        "def wait(*_, **__):\n    os.kill(os.getpid(), signal.SIGTERM)\n    time.sleep(30)\n"
        "runner.run_plan = wait\nsys.argv = ['coroi', 'run', 'p.yaml']\ncli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path, env=os.environ
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "Stopped. What was there before is as it was.\n"


def test_assignments_are_read_into_parameters_by_study():
    parsed = jobs.parse_overrides(["a.x=1", "b.y=two words", "a.z=", "a.x=3"])
    assert parsed == {"a": {"x": "3", "z": ""}, "b": {"y": "two words"}}
