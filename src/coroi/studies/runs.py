"""The folders that runs leave behind: written beside and moved in whole, recorded in run.json, listed in indices."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from coroi.report.site import render_plan_index, render_site_index
from coroi.studies.execute import Status
from coroi.studies.manifest import to_json

RECORD, MANIFEST = "run.json", "manifest.json"
SETTLED = ("ok", "skipped")
_STAGING = ".writing-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a run's record says of one study; `href` is relative to the run's folder."""

    study: str
    title: str
    status: Status
    headline: str = ""
    message: str = ""

    @property
    def href(self) -> str:
        """Address of the page."""
        return f"{self.study}/index.html"


@contextmanager
def staged(folder: Path, study: str) -> Iterator[Path]:
    """Give a new folder beside a study's own, and remove it if it was not moved into place by :func:`publish`.

    Parameters
    ----------
    folder : pathlib.Path
        The run's folder, whose lock is held; what an earlier process left half-written goes first.
    study : str
        The study.
    """
    for left in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(left)
    writing = folder / f"{_STAGING}{study}"
    writing.mkdir()
    try:
        yield writing
    finally:
        shutil.rmtree(writing, ignore_errors=True)


def publish(writing: Path, final: Path) -> None:
    """Move a written folder into its place, whole or not at all."""
    old = writing.with_name(f"{writing.name}-old")
    if final.exists():
        final.replace(old)
    writing.replace(final)
    shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=_STAGING, dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_record(folder: Path) -> dict[str, Any]:
    """Return a run's record, or an empty one."""
    path = folder / RECORD
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def read_entries(folder: Path) -> dict[str, Entry]:
    """Return what a run's record says of each study whose page is there."""
    entries = (
        Entry(**{name: entry[name] for name in Entry.__slots__}) for entry in read_record(folder).get("studies", ())
    )
    return {entry.study: entry for entry in entries if (folder / entry.href).is_file()}


def write_record(folder: Path, facts: Mapping[str, object], entries: Sequence[Entry]) -> None:
    """Write a run's record: its facts, and an entry for each study."""
    studies = [{**asdict(entry), "href": entry.href} for entry in entries]
    write_text(folder / RECORD, to_json({**facts, "studies": studies}))


def note_private(folder: Path, rows: Mapping[str, int]) -> None:
    """Say in a run's record and its studies' manifests that customer-level tables were written, with their rows.

    Parameters
    ----------
    folder : pathlib.Path
        The run's folder.
    rows : Mapping of str to int
        Rows by table. Neither the place nor any customer is named.
    """
    said = {"customer_level_tables": {"written_apart_from_the_reports": True, "rows": dict(rows)}}
    for path in (folder / RECORD, *sorted(folder.glob(f"*/{MANIFEST}"))):
        if path.is_file():
            write_text(path, to_json(json.loads(path.read_text(encoding="utf-8")) | said))


def write_indices(output: Path, plan: str) -> None:
    """Write the index of a plan and that of all plans anew, from the records found.

    Parameters
    ----------
    output : pathlib.Path
        The reports' folder.
    plan : str
        Name of the plan.
    """
    runs = _runs(output / plan)
    write_text(output / plan / "index.html", render_plan_index(plan, runs))
    names = sorted(folder.name for folder in output.iterdir() if folder.is_dir() and _runs(folder))
    plans = [{"plan": name, "href": f"{name}/index.html", "runs": _runs(output / name)} for name in names]
    write_text(output / "index.html", render_site_index(plans))


def _runs(folder: Path) -> list[dict[str, Any]]:
    records = [read_record(record.parent) for record in folder.glob(f"*/{RECORD}")]
    for record in records:
        for study in record["studies"]:
            study["href"] = f"{record['run']}/{study['href']}"
    return sorted(records, key=lambda record: (record["finished"], record["run"]), reverse=True)
