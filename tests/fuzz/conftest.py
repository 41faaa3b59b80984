"""What must hold whatever comes in: known errors, short messages, an end in time, and nothing left behind."""

from __future__ import annotations

import hashlib
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from coroi.errors import CoroiError

LONGEST_MESSAGE = 100_000
SECONDS = 60


class TookTooLong(BaseException):
    """No `except Exception` of the code under test catches it."""


@contextmanager
def time_limit(seconds: float = SECONDS) -> Iterator[None]:
    """Fail what does not end in time."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TookTooLong(f"more than {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def tree(folder: Path) -> dict[str, str]:
    """Return every path below a folder with its content's hash."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else ""
        for p in sorted(folder.rglob("*"))
    }


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for temporary files, so that what is left in it is seen; the working folder is empty too."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))
    return folder


Outcome = tuple[Any, str]


@pytest.fixture
def attempt(temporary: Path) -> Callable[..., Outcome]:
    """A function that runs something and returns its result, or None, and the message of what it refused.

    Everything but a refusal in our own words fails: another error, no end in time, a message without end, a changed
    input, a file left anywhere but in `output`.
    """

    def run(task: Callable[[], Any], inputs: Path, output: Path | None = None) -> Outcome:
        before = tree(inputs)
        message, result = "", None
        with time_limit():
            try:
                result = task()
            except CoroiError as refusal:
                message = str(refusal)
                assert message.strip()
        assert len(message) <= LONGEST_MESSAGE
        after = tree(inputs)
        kept = {p: h for p, h in after.items() if output is None or not (inputs / p).is_relative_to(output)}
        assert kept == before
        assert list(temporary.rglob("*")) == []
        assert list(Path.cwd().iterdir()) == []
        return result, message

    return run
