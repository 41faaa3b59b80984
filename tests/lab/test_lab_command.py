"""The command `coroi lab`, and its fast profile from end to end."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import replace

import pytest

from coroi import cli
from coroi.lab import run
from coroi.lab.experiments import EXPERIMENTS
from coroi.lab.profiles import PROFILES
from coroi.lab.validity import unexplained


@pytest.fixture
def coroi(monkeypatch, capsys):
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


def test_the_fast_profile_runs_every_experiment_when_cut_to_few_replications(coroi, tmp_path, monkeypatch):
    fast = PROFILES["fast"]
    few = dict.fromkeys(fast.replications, 3)
    monkeypatch.setitem(PROFILES, "fast", replace(fast, replications=few))
    numbers = fast_numbers(coroi, tmp_path)
    assert numbers["profile"]["replications"] == few
    assert {row["replications"] for row in (*numbers["rows"], *numbers["verdicts"])} == {3}


@pytest.mark.slow
def test_the_fast_profile_runs_every_experiment_and_finds_what_is_true(coroi, tmp_path):
    numbers = fast_numbers(coroi, tmp_path)
    told = [row for row in numbers["rows"] if row["headline"] and "at_most" not in row]
    naive = [
        row
        for row in numbers["rows"]
        if row["experiment"] == "effects" and row["estimand"].startswith(("confounded_", "reverse"))
    ]
    assert all(row["bias_per_sd"] > 2 for row in naive)
    assert all(row["reason"] for row in naive)
    # the truth lies in the interval far more often than not, and the bias is no spread
    assert all(row["coverage"] >= 0.7 for row in told)
    own = [row for row in told if row["scenario"] == "own"]
    assert all(abs(row["bias_per_sd"]) < 1 for row in own)
    shares = [row for row in numbers["rows"] if "at_most" in row]
    assert len(shares) > 5
    assert all(row["excludes_zero"] <= row["at_most"] + 0.25 for row in shares)
    assert [row["causal"] for row in numbers["verdicts"]] == [0] * 4
    assert unexplained(numbers) == [] or all(row["replications"] < 50 for row in numbers["rows"])


def fast_numbers(coroi, tmp_path) -> dict:
    """Run the fast profile as it stands; return its numbers, every experiment in them and none failed."""
    folder = tmp_path / "lab"
    code, out, err = coroi("lab", "--profile", "fast", "--output", folder, "--jobs", 1)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:2] == [f"wrote {folder / 'validity.json'}", f"wrote {folder / 'validity.md'}"]
    assert lines[2].endswith("0 replications failed.")
    assert lines[3] == f"Report: {folder / 'index.html'}"
    numbers = json.loads((folder / "validity.json").read_text())
    assert numbers["profile"]["replications"] == PROFILES["fast"].replications
    assert {row["experiment"] for row in numbers["rows"]} == {*EXPERIMENTS} - {"verdicts"}
    assert {row["scenario"] for row in numbers["rows"]} == {"own", "null", "confounded"}
    assert all(row["failed"] == row["refused"] == 0 for row in numbers["rows"] if row["headline"])
    return numbers


def test_it_stops_in_order_and_says_how_to_go_on(coroi, monkeypatch, tmp_path):
    def stop(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "run_lab", stop)
    code, out, err = coroi("lab", "--output", tmp_path / "lab")
    assert (code, out) == (130, "")
    assert err == "Stopped. What is done is kept; the same command goes on from there.\n"


def test_arguments_reach_the_lab(coroi, monkeypatch, tmp_path):
    asked: list[dict] = []

    def record(**given: object) -> run.Finished:
        asked.append({name: value for name, value in given.items() if name != "progress"})
        at = tmp_path / "x"
        return run.Finished(page=at, numbers=at, table=at, replications=3, failed=1, short=2)

    monkeypatch.setattr(run, "run_lab", record)
    code, out, _ = coroi("lab", "--profile", "trial", "--only", "hazard", "--jobs", 3, "--output", tmp_path / "lab")
    assert code == 0
    assert asked == [{"profile": "trial", "only": "hazard", "jobs": 3, "output": tmp_path / "lab"}]
    assert "2 rows fall short of the bar, 1 replications failed." in out


def test_a_mistake_is_one_message(coroi, tmp_path):
    code, out, err = coroi("lab", "--profile", "fats", "--output", tmp_path / "lab")
    assert (code, out) == (2, "")
    assert err == "lab: there is no profile 'fats'. Did you mean 'fast'?\n"
