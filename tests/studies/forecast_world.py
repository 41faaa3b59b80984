"""Predictions, observed values and folders of earlier runs, for the tests of the audit of forecasts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pandas as pd

from coroi.studies import predictions

LABEL = "Margin per customer and month, EUR"


def made(
    periods: Iterable[str], estimate: float = 10.0, half: float = 2.0, data_until: str = "2023-12-31", **other: object
) -> pd.DataFrame:
    """Return predictions of the same value and width for some periods."""
    rows = [
        {
            "name": "margin",
            "label": LABEL,
            "period": period,
            "unit": "EUR",
            "estimate": estimate,
            "pred_low": estimate - half,
            "pred_high": estimate + half,
            "level": 0.95,
            "data_until": data_until,
            "method": "the last value",
        }
        for period in periods
    ]
    return pd.DataFrame(rows).assign(**other)


def seen(values: dict[str, float], **other: object) -> pd.DataFrame:
    """Return observed values by period."""
    return pd.DataFrame(
        {"name": "margin", "label": LABEL, "period": list(values), "observed": list(values.values())}
    ).assign(**other)


def leave_run(reports: Path, run: str, frame: pd.DataFrame, finished: str = "2024-01-02T00:00:00+00:00") -> Path:
    """Leave a run's folder with predictions of the study ``stay``; return the study's folder."""
    folder = reports / run / "stay"
    kept = predictions.checked(frame, until=date.max, frequency="month", smallest=1)
    folder.mkdir(parents=True)
    predictions.keep_predictions(kept, folder)
    (reports / run / "run.json").write_text(json.dumps({"run": run, "finished": finished}), encoding="utf-8")
    return folder


def looking(reports: Path | None, until: str = "2024-03-31", output: Path | None = None) -> SimpleNamespace:
    """Return what the audit asks of a notebook's inputs."""
    privacy = SimpleNamespace(smallest_cell=10)
    plan = SimpleNamespace(period="month", observed_until=date.fromisoformat(until), privacy=privacy)
    return SimpleNamespace(reports=reports, plan=plan, panel=None, output=output)
