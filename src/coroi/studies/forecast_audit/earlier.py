"""The predictions that earlier runs of a plan left behind, as far as they can be read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd

from coroi import storage
from coroi.errors import StudyError
from coroi.schemas import Period
from coroi.studies import predictions

RECORD = "run.json"
COLUMNS = (*predictions.COLUMNS, "run", "finished")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Earlier:
    """What earlier runs predicted.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of a prediction, and ``run, finished`` (when that run ended).
    hashes : Mapping of str to str
        By run, the hash of its predictions.
    n_unreadable : int
        Runs whose predictions are damaged or of another form.
    """

    rows: pd.DataFrame
    hashes: Mapping[str, str] = field(default_factory=dict)
    n_unreadable: int = 0


def earlier_predictions(reports: Path, study: str, *, until: date, frequency: Period) -> Earlier:
    """Read what a study predicted in runs on data that end before a day.

    Parameters
    ----------
    reports : pathlib.Path
        The plan's folder of reports, one folder a run.
    study : str
        The study.
    until : datetime.date
        Last day of the data of this run.
    frequency : str
        Length of a period.
    """
    found, hashes, n_unreadable = [], {}, 0
    for folder in sorted(reports.iterdir()) if reports.is_dir() else ():
        path = predictions.file_of(folder / study)
        if not path.is_file():
            continue
        try:
            rows = _read(folder, path, frequency)
        except Exception:  # noqa: BLE001  whatever is wrong with an old folder, this run goes on
            n_unreadable += 1
            continue
        rows = rows[rows["data_until"] < until.isoformat()]
        if len(rows):
            found.append(rows)
            hashes[folder.name] = predictions.sha256_of(path)
    none = pd.DataFrame({c: pd.Series(dtype="float64" if c in predictions.NUMBERS else "str") for c in COLUMNS})
    rows = pd.concat(found, ignore_index=True) if found else none
    return Earlier(rows=rows, hashes=hashes, n_unreadable=n_unreadable)


def _read(folder: Path, path: Path, frequency: Period) -> pd.DataFrame:
    frame = storage.read_frames(path.parent, only=path.stem)[path.stem]
    kept = predictions.checked(frame, until=date.max, frequency=frequency, smallest=1)
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    finished = datetime.fromisoformat(record["finished"])
    if finished.tzinfo is None:
        raise StudyError("a run's record tells no time zone")
    return kept.assign(run=folder.name, finished=finished.astimezone(UTC).isoformat())
