"""The lab's folder: what was replicated so far, one line each, kept as soon as it is there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from coroi.errors import CoroiError, Problem

SETTINGS = "settings.json"
Record = dict[str, Any]


class Store:
    """Replications and truths in a folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    settings : Mapping
        What replications rest on: sizes, code, versions. A folder of other settings is refused.

    Raises
    ------
    CoroiError
        If the folder holds something else, or was begun with other settings.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        _claim(folder, settings)
        (folder / "replications").mkdir(exist_ok=True)
        (folder / "truths").mkdir(exist_ok=True)

    def records(self, experiment: str, scenario: str) -> dict[int, Record]:
        """Return what is there, by seed; a line cut off by an interruption is as if it had not been begun."""
        path = self._replications(experiment, scenario)
        if not path.is_file():
            return {}
        text = path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            path.write_text(whole, encoding="utf-8")
        found = (json.loads(line) for line in whole.splitlines())
        return {record["seed"]: record for record in found}

    def append(self, experiment: str, scenario: str, records: Iterable[Record]) -> None:
        """Add replications."""
        lines = "".join(json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n" for record in records)
        with self._replications(experiment, scenario).open("a", encoding="utf-8") as file:
            file.write(lines)

    def truth(self, experiment: str, scenario: str) -> dict[str, Any] | None:
        """Return the true values with their errors, or None where they are still to be computed."""
        path = self._truth(experiment, scenario)
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def keep_truth(self, experiment: str, scenario: str, truth: Mapping[str, Any]) -> None:
        """Keep true values."""
        replace_text(self._truth(experiment, scenario), json.dumps(truth, ensure_ascii=False, sort_keys=True))

    def _replications(self, experiment: str, scenario: str) -> Path:
        return self.folder / "replications" / f"{experiment}.{scenario}.jsonl"

    def _truth(self, experiment: str, scenario: str) -> Path:
        return self.folder / "truths" / f"{experiment}.{scenario}.json"


def replace_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _claim(folder: Path, settings: Mapping[str, Any]) -> None:
    """Begin a folder, or make sure that it is one begun with equal settings."""
    text = json.dumps(settings, indent=1, sort_keys=True) + "\n"
    if folder.exists() and not folder.is_dir():
        raise CoroiError(Problem(str(folder), "is a file where a folder is wanted.", "Choose another --output."))
    mine = folder / SETTINGS
    if not folder.exists() or not any(folder.iterdir()):
        folder.mkdir(parents=True, exist_ok=True)
        replace_text(mine, text)
    elif not mine.is_file():
        what = "holds files that the lab did not write."
        raise CoroiError(Problem(str(folder), what, "Choose another --output, or an empty folder."))
    elif mine.read_text(encoding="utf-8") != text:
        what = f"was begun with another {_difference(mine, settings)}, so its replications do not belong to this run."
        raise CoroiError(Problem(str(folder), what, "Choose another --output, or move the folder away."))


def _difference(path: Path, settings: Mapping[str, Any]) -> str:
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return "settings"
    names = [name for name in sorted({*before, *settings}) if before.get(name) != settings.get(name)]
    return " and ".join(names) or "settings"
