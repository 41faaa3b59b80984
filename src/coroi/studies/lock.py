"""One writer at a time in a folder: a lock file that names its process, and is taken over when that is gone."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from coroi.errors import CoroiError

NAME = ".lock"
_HELD: set[Path] = set()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock.

    Parameters
    ----------
    folder : pathlib.Path
        The folder; made if it is not there.

    Raises
    ------
    CoroiError
        If a living process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.resolve() / NAME
    if not _create(path):
        _take_over(path)
    _HELD.add(path)
    try:
        yield
    finally:
        _HELD.discard(path)
        path.unlink(missing_ok=True)


def _create(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(f"{os.getpid()} {socket.gethostname()}")
    return True


def _take_over(path: Path) -> None:
    holder = _read(path)
    if not _is_stale(path, holder):
        raise _busy(path, holder)
    aside = path.with_name(f"{NAME}-{os.getpid()}")
    with suppress(FileNotFoundError):  # another process was quicker
        path.rename(aside)
        if _read(aside) != holder:  # and holds it now: give it back
            aside.rename(path)
            raise _busy(path, _read(path))
        aside.unlink()
    if not _create(path):
        raise _busy(path, _read(path))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _is_stale(path: Path, holder: str) -> bool:
    number, _, host = holder.partition(" ")
    if not number.isdigit() or host != socket.gethostname():
        return False
    if int(number) == os.getpid():
        return path not in _HELD
    return not _is_alive(int(number))


def _is_alive(process: int) -> bool:
    if os.name != "posix":  # there, signal 0 would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _busy(path: Path, holder: str) -> CoroiError:
    number, _, host = holder.partition(" ")
    who = f"process {number} on {host}" if host else "another process"
    return CoroiError(
        f"{path.parent.name}: {who} is writing this run. Wait for it to end; "
        f"if no such process runs any more, delete {path.name} in the run's folder."
    )
