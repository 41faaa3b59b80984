"""Where a plan's paths lead: to regular files, and beyond the data's folder only to what is named as data."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import islice
from pathlib import Path

from coroi.errors import DataError, Problem, did_you_mean
from coroi.sources import File

MOST_FILES = 1_000
_MOST_NAMES = 1_000  # of a folder that are looked at for one that is near


def find_files(file: File, base: Path, endings: Collection[str]) -> list[Path]:
    """Find the files that a plan's path or glob means, sorted by name.

    Parameters
    ----------
    file : File
        What the plan says.
    base : Path
        Folder that relative paths start from.
    endings : collection of str
        Endings that name data, as ``.csv``.

    Raises
    ------
    DataError
        If nothing is there, if there are too many, or if one lies beyond the folder and is not
        named as data: then no line of it may get into a message.
    """
    try:
        path = base / Path(file.path).expanduser()
        found = [path] if path.is_file() else _matching(path)
        if not found:
            raise DataError(_missing(file, path))
        for one in found:
            _check(one, base, endings)
    except (OSError, RuntimeError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else "there is no such path"
        fix = "Correct the path, or its rights."
        raise DataError(Problem(_short(file.path), f"the path cannot be followed ({said}).", fix)) from None
    return found


def literal(path: Path) -> str:
    """Write a path such that the engine, which takes ``[``, ``*`` and ``?`` for a pattern, means this file alone."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def _matching(path: Path) -> list[Path]:
    if path.name in ("", "..") or "**" in path.name:
        return []
    matches = (p for p in path.parent.glob(path.name) if p.is_file())
    found = sorted(islice(matches, MOST_FILES + 1))
    if len(found) > MOST_FILES:
        what = f"more than {MOST_FILES:,} files are meant, and so many are not read as one table."
        raise DataError(Problem(_short(path.name), what, "Join them into fewer files, or narrow the pattern."))
    return found


def _check(path: Path, base: Path, endings: Collection[str]) -> None:
    target = path.resolve()
    if target.suffix.lower() not in endings and not target.is_relative_to(base.resolve()):
        what = f"the file lies outside the data's folder, and is not named as data ({', '.join(endings)})."
        raise DataError(Problem(path.name, what, "Copy it into the folder, or give it such an ending."))


def _missing(file: File, path: Path) -> Problem:
    if not path.parent.is_dir():
        what = f"there is no folder '{_short(str(path.parent))}'."
        return Problem(_short(file.path), what, "Correct the path, or give --data.")
    if path.exists() and not path.is_dir():
        return Problem(_short(file.path), "this is no regular file.", "Write what it gives to a file.")
    beside = [p.name for p in islice(path.parent.iterdir(), _MOST_NAMES) if p.is_file()]
    what = f"no such file in '{_short(str(path.parent))}'."
    return Problem(_short(file.path), what, did_you_mean(path.name, beside))


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"…{text[-199:]}"
