"""What a study predicts: kept with its run in one shape, so that a later run on newer data can score it."""

from __future__ import annotations

import hashlib
import math
from datetime import date
from pathlib import Path

import pandas as pd

from coroi import storage
from coroi.errors import Problem, StudyError, raise_together
from coroi.inference.forecasts import Forecasts
from coroi.prepare.calendar import first_day, index_of, last_period_by
from coroi.schemas import Panel, Period
from coroi.studies.small_cells import refuse_small

FILE = "predictions"
WORDS = ("name", "label", "period", "unit", "data_until", "method")
NUMBERS = ("estimate", "pred_low", "pred_high", "level")
COLUMNS = ("name", "label", "period", "unit", *NUMBERS, "data_until", "method")
KEY = ["name", "label", "period"]


def prediction_rows(
    forecasts: Forecasts, *, name: str, label: str, unit: str, last_period: date, frequency: Period
) -> pd.DataFrame:
    """Lay forecasts of a series out as predictions.

    Parameters
    ----------
    forecasts : Forecasts
        Horizons without an interval are left out: nothing was predicted for them.
    name, label : str
        What is predicted: a short name, and words with the unit. Only what agrees in both is scored together, so that
        whatever changes the meaning (metric, horizon, outcome, group) belongs into the label.
    unit : str
        A currency, ``share`` or another unit.
    last_period : datetime.date
        First day of the last period that the forecasts rest on.
    frequency : str
        Length of a period.
    """
    made = forecasts.rows[forecasts.rows["identified"]]
    last = index_of(last_period, frequency)
    periods = [first_day(last + int(h), frequency).isoformat() for h in made["horizon"]]
    told = pd.DataFrame({"name": name, "label": label, "period": pd.Series(periods, dtype="str"), "unit": unit})
    numbers = made[list(NUMBERS)].reset_index(drop=True)
    return pd.concat([told, numbers], axis=1).assign(method=forecasts.method)


def checked(
    frame: pd.DataFrame, *, until: date, frequency: Period, smallest: int, known: int | None = None
) -> pd.DataFrame:
    """Return predictions as they are kept: columns in order, days in ISO form, rows sorted.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``name, label, period, unit, estimate, pred_low, pred_high, level, method``, and where it is known `customers`,
        the people behind an estimate; `data_until` is added where it is missing.
    until : datetime.date
        Last day of the data.
    frequency : str
        Length of a period.
    smallest : int
        Fewest customers that may stand behind an estimate.
    known : int, optional
        Number of the last period of which everything is known: it and those before are not forecast. Not looked at
        where it is not given.

    Raises
    ------
    StudyError
        With every column that is missing and every rule that rows break.
    """
    frame = frame if "data_until" in frame else frame.assign(data_until=until.isoformat())
    missing = [c for c in COLUMNS if c not in frame]
    if missing:
        raise StudyError(Problem("predictions", f"they lack {', '.join(missing)}.", f"Give {', '.join(COLUMNS)}."))
    refuse_small({FILE: frame}, smallest)
    kept = frame[list(COLUMNS)].reset_index(drop=True)
    days = {c: _days(kept[c]) for c in ("period", "data_until")}
    raise_together(_unclear(kept, days), StudyError)
    kept = kept.assign(**{c: [d.isoformat() for d in days[c]] for c in days})
    kept = kept.astype(dict.fromkeys(WORDS, "str") | dict.fromkeys(NUMBERS, "float64"))
    raise_together(_broken_rules(kept, days, until, frequency, known), StudyError)
    return kept.sort_values(KEY, ignore_index=True)


def data_until(panel: Panel | None, told: date | None) -> date:
    """Return the last day of the data: the panel's, or where there is none the one that the plan tells.

    Raises
    ------
    StudyError
        If neither does.
    """
    until = told if panel is None else panel.observed_until
    if until is None:
        raise StudyError("Nothing tells the last day of the data. Say `observed_until` in the plan.")
    return until


def last_known(panel: Panel | None, until: date, frequency: Period) -> int:
    """Return the number of the last period of which everything is known, who left included."""
    last = last_period_by(until, frequency)
    if panel is None:
        return last
    return min(last, *(index_of(d, frequency) for d in (panel.last_complete_period, panel.last_at_risk_period)))


def keep_predictions(kept: pd.DataFrame, folder: Path) -> None:
    """Write checked predictions to a study's folder; equal ones give equal bytes."""
    storage.write_rounded({FILE: kept}, folder)


def file_of(folder: Path) -> Path:
    """Return where a study's folder keeps its predictions."""
    return folder / f"{FILE}.parquet"


def sha256_of(path: Path) -> str:
    """Return a file's hash."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _days(column: pd.Series) -> list[date]:
    found = pd.to_datetime(column, errors="coerce", format="ISO8601")
    return [None if pd.isna(day) else day.date() for day in found]  # type: ignore[misc]


def _unclear(kept: pd.DataFrame, days: dict[str, list[date]]) -> list[Problem]:
    """Return what keeps rows from being read."""
    problems = [
        Problem(
            f"predictions.{c}",
            f"{sum(d is None for d in column)} of {len(column)} are no day.",
            "Give days as 2024-01-31.",
        )
        for c, column in days.items()
        if None in column
    ]
    for column in ("name", "label", "unit", "method"):
        empty = int((kept[column].fillna("").astype(str).str.strip() == "").sum())
        if empty:
            problems.append(Problem(f"predictions.{column}", f"{empty} of {len(kept)} are empty.", "Fill them."))
    for column in NUMBERS:
        unknown = int(pd.to_numeric(kept[column], errors="coerce").isna().sum())
        if unknown:
            what = f"{unknown} of {len(kept)} are no number."
            problems.append(Problem(f"predictions.{column}", what, "Leave out what could not be predicted."))
    return problems


def _broken_rules(
    kept: pd.DataFrame, days: dict[str, list[date]], until: date, frequency: Period, known: int | None
) -> list[Problem]:
    level, estimate, index = kept["level"], kept["estimate"], [index_of(p, frequency) for p in days["period"]]
    starts = [first_day(i, frequency) != p for i, p in zip(index, days["period"], strict=True)]
    late = [d > until for d in days["data_until"]]
    rules = {
        "level": (~level.between(0, 1, inclusive="neither"), "a level lies between 0 and 1"),
        "estimate": (~estimate.map(math.isfinite), "a forecast is finite"),
        "pred_low": ((kept["pred_low"] > estimate) | (kept["pred_high"] < estimate), "its interval holds the forecast"),
        "period": (pd.Series(starts, dtype=bool), f"it is a {frequency}'s first day"),
        "data_until": (pd.Series(late, dtype=bool), "no forecast rests on data after the data's end"),
    }
    if known is not None:
        ends = [min(known, last_period_by(d, frequency)) for d in days["data_until"]]
        over = [i <= end for i, end in zip(index, ends, strict=True)]
        rules["period, data_until"] = (pd.Series(over, dtype=bool), "what the data hold whole is not forecast")
    problems = [
        Problem(f"predictions.{where}", f"{int(broken.sum())} of {len(kept)} rows break the rule that {rule}.")
        for where, (broken, rule) in rules.items()
        if broken.any()
    ]
    twice = int(kept.duplicated(KEY).sum())
    if twice:
        what = f"{twice} rows repeat a name, label and period."
        problems.append(Problem("predictions", what, "Tell them apart by their labels."))
    return problems
