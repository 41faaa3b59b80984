from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from coroi.errors import CoroiError
from coroi.studies import lock


def dead_process() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_the_lock_names_this_process_and_goes_with_the_block(tmp_path):
    with lock.locked(tmp_path / "run"):
        assert (tmp_path / "run" / ".lock").read_text() == f"{os.getpid()} {socket.gethostname()}"
    assert list((tmp_path / "run").iterdir()) == []


def test_it_goes_when_the_block_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), lock.locked(tmp_path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_second_writer_is_refused_with_the_way_out(tmp_path):
    with lock.locked(tmp_path), pytest.raises(CoroiError) as refused, lock.locked(tmp_path):
        pass
    assert str(refused.value) == (
        f"{tmp_path.name}: process {os.getpid()} on {socket.gethostname()} is writing this run. Wait for it to end; "
        "if no such process runs any more, delete .lock in the run's folder."
    )


def test_a_living_process_keeps_its_lock(tmp_path):
    (tmp_path / ".lock").write_text(f"{os.getppid()} {socket.gethostname()}")
    with pytest.raises(CoroiError, match="is writing this run"), lock.locked(tmp_path):
        pass
    assert (tmp_path / ".lock").exists()


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    (tmp_path / ".lock").write_text(f"{dead_process()} {socket.gethostname()}")
    with lock.locked(tmp_path):
        assert (tmp_path / ".lock").read_text().split()[0] == str(os.getpid())
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_process_with_our_number_is_dead(tmp_path):
    (tmp_path / ".lock").write_text(f"{os.getpid()} {socket.gethostname()}")
    with lock.locked(tmp_path):
        assert (tmp_path / ".lock").exists()


@pytest.mark.parametrize("content", ["", "12 elsewhere.example", "who knows"])
def test_a_lock_that_cannot_be_judged_is_respected(tmp_path, content):
    (tmp_path / ".lock").write_text(content)
    with pytest.raises(CoroiError, match="is writing this run"), lock.locked(tmp_path):
        pass
    assert (tmp_path / ".lock").read_text() == content


def test_when_another_was_quicker_to_take_over_its_lock_is_given_back(tmp_path, monkeypatch):
    path = tmp_path / ".lock"
    living = f"{os.getppid()} {socket.gethostname()}"
    path.write_text(f"{dead_process()} {socket.gethostname()}")
    judge = lock._is_stale

    def judge_then_lose(where, holder):
        verdict = judge(where, holder)
        path.write_text(living)
        return verdict

    monkeypatch.setattr(lock, "_is_stale", judge_then_lose)
    with pytest.raises(CoroiError, match=f"process {os.getppid()} "), lock.locked(tmp_path):
        pass
    assert path.read_text() == living
