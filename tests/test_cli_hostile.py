"""Command lines that nobody wrote by hand: an exit code of ours, no traceback, and nothing run or written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hostile import SHELL

CODES = {0, 1, 2, 130}


@pytest.fixture
def coroi(tmp_path: Path):
    """A function that runs a command in an empty folder and returns its code and what it said."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "plan.yaml").write_text("name: x\ncurrency: EUR\nperiod: month\ntables:\n  customers: {path: c.csv}\n")
    (here / "c.csv").write_text("customer_id\na\n")
    os.mkfifo(here / "pipe.yaml")

    def run(*arguments: str | bytes, expect: int | None = None, **environment: str) -> str:
        before = sorted(here.rglob("*"))
        done = subprocess.run(
            [sys.executable, "-m", "coroi", *arguments],
            cwd=here,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        assert done.returncode in CODES, said
        assert expect is None or done.returncode == expect, said
        assert "Traceback" not in said
        assert sorted(here.rglob("*")) == before
        return said

    return run


@pytest.mark.parametrize("plan", ["pipe.yaml", "/dev/zero", "", "x" * 5000, b"\xff.yaml", "/etc/passwd", "."])
def test_a_plan_that_is_none_is_refused(coroi, plan):
    said = coroi("check", plan, expect=2)
    assert "root:" not in said


@pytest.mark.parametrize("word", SHELL[:3])
def test_no_parameter_reaches_a_shell(coroi, word):
    given = (word, f"retention.metric={word}", f"{word}.x=1", f"retention.{word}=1")
    coroi("run", "plan.yaml", *(part for one in given for part in ("-p", one)), "--only", word, expect=2)


def test_no_name_of_a_study_reaches_a_shell(coroi):
    coroi("run", "plan.yaml", "-p", f"retention.metric={SHELL[0]}", "--only", "retention", expect=2)
    coroi("lab", "--profile", SHELL[2], expect=2)
    coroi("simulate", "/dev/null/x", "--scenario", "../x", expect=2)


def test_numbers_beyond_all_bounds_are_refused(coroi):
    coroi("run", "plan.yaml", "--timeout", "0", expect=2)
    coroi("design", "plan.yaml", "--horizon", "9" * 30, expect=2)
    coroi("design", "plan.yaml", "--alpha", "nan", expect=2)


def test_words_that_a_terminal_cannot_show_do_not_stop_a_command(coroi):
    coroi("studies", expect=0, PYTHONIOENCODING="ascii:strict")
    said = coroi("check", "\x1b[31mred\x07.yaml", expect=2)
    assert "\x1b[31m" not in said
    assert "\x07" not in said
