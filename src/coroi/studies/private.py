"""Customer-level tables for those who may see them: in a folder of their own, never among the reports."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coroi import storage
from coroi.errors import PlanError, Problem
from coroi.studies.manifest import to_json

CONTENTS = "contents.json"
_STAGING = ".writing-"
_WHERE = "--private"
_ELSEWHERE = "Give a folder elsewhere: reports are read by people who may not see single customers."


def check_private(folder: Path | str, output: Path | str) -> Path:
    """Return the resolved folder for customer-level tables.

    Parameters
    ----------
    folder : pathlib.Path or str
        The folder asked for; it need not be there.
    output : pathlib.Path or str
        Folder of the reports.

    Raises
    ------
    PlanError
        If it lies in a folder of reports, links and ``..`` resolved; if it is no folder; or if it holds files that
        coroi did not write there.
    """
    asked = Path(folder)
    place, reports = asked.resolve(), Path(output).resolve()
    if place.is_relative_to(reports) or any(_holds_reports(parent) for parent in (place, *place.parents)):
        raise PlanError(Problem(_WHERE, f"{asked} lies in a folder of reports.", _ELSEWHERE))
    if place.exists() and not place.is_dir():
        raise PlanError(Problem(_WHERE, f"{asked} is not a folder.", "Give a folder, or a name that is free."))
    held = {p.name for p in place.iterdir() if not p.name.startswith(_STAGING)} if place.is_dir() else set()
    strangers = held - _ours(place)
    if strangers:
        what = f"{asked} holds {len(strangers):,} files or folders that coroi did not write there."
        raise PlanError(Problem(_WHERE, what, "Give an empty folder, or a name that is free."))
    return place


def write_private(connection: Any, tables: Mapping[str, Any], folder: Path, facts: Mapping[str, str]) -> dict[str, int]:
    """Write customer-level tables as Parquet that only their owner can read, and the list of what is there.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    tables : Mapping of str to ibis.Table
        Prepared tables and the panel.
    folder : pathlib.Path
        From :func:`check_private`.
    facts : Mapping of str to str
        Plan and run, for the list.

    Returns
    -------
    dict of str to int
        Rows by table.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = _ours(folder)
    rows = {name: int(connection.execute(table.count())) for name, table in tables.items()}
    listed = {
        name: {"file": f"{name}.parquet", "rows": rows[name], "columns": list(table.columns)}
        for name, table in tables.items()
    }
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder))
    try:
        storage.write_parquet_tables(connection, tables, staging)
        (staging / CONTENTS).write_text(to_json({**facts, "tables": listed}), encoding="utf-8")
        for path in sorted(staging.iterdir()):
            path.chmod(0o600)
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    for left in before - {CONTENTS, *(entry["file"] for entry in listed.values())}:
        (folder / str(left)).unlink(missing_ok=True)
    return rows


def _holds_reports(folder: Path) -> bool:
    """Tell whether a folder is a run's, a plan's, or that of all reports."""
    if (folder / "run.json").is_file():
        return True
    below = ("*/run.json", "*/*/run.json")
    return (folder / "index.html").is_file() and any(next(folder.glob(depth), None) for depth in below)


def _ours(folder: Path) -> set[str]:
    """Return the names of the files that the list in a folder says coroi wrote."""
    path = folder / CONTENTS
    if path.is_symlink() or not path.is_file():
        return set()
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["tables"]
        names = {str(entry["file"]) for entry in listed.values()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()
    return {CONTENTS, *(name for name in names if Path(name).name == name and name.endswith(".parquet"))}
