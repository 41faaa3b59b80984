"""A few firms in files, and findings with known numbers, for the tests of the study `firms`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from coroi.studies.firms.answer import Findings
from coroi.studies.firms.path import Paths
from coroi.studies.firms.question import Question
from coroi.studies.inputs import Inputs, open_inputs


def open_firms(folder: Path, tables: Mapping[str, pd.DataFrame], **plan: object) -> Inputs:
    """Write tables and a plan that maps all their columns, and open it as a notebook does."""
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    sources = {name: {"path": f"{name}.csv"} for name in tables}
    asked = {"name": "small", "currency": "EUR", "period": "year", "tables": sources}
    (folder / "plan.yaml").write_text(yaml.safe_dump(asked | plan), encoding="utf-8")
    return open_inputs(str(folder / "plan.yaml"))


def drawn_firms(seed: int = 1, *, firms: int = 24, years: int = 8, effect: float = 0.05) -> pd.DataFrame:
    """Draw firms of four industries whose value follows the satisfaction of the year before."""
    rng = np.random.default_rng(seed)
    satisfaction = 75 + 3 * rng.normal(size=(firms, 1)) + 3 * rng.normal(size=(firms, years))
    before = np.hstack([np.zeros((firms, 1)), (satisfaction[:, :-1] - 75) / 4.2])
    value = (
        9 + np.cumsum(effect * before + 0.02 * rng.normal(size=(firms, years)), axis=1) + rng.normal(size=(firms, 1))
    )
    firm, year = (each.ravel() for each in np.indices((firms, years)))
    revenue = np.exp(value - 0.3 + 0.02 * rng.normal(size=value.shape))
    earnings = revenue * (0.1 - 0.02 * (satisfaction - 75) / 4.2 + 0.005 * rng.normal(size=value.shape))
    return pd.DataFrame(
        {
            "firm_id": [f"Firm {i:02d}" for i in firm],
            "period": [f"{2010 + t}-01-01" for t in year],
            "industry": np.array(["banks", "energy", "retail", "travel"])[firm % 4],
            "satisfaction": satisfaction.ravel().round(2),
            "revenue": revenue.ravel(),
            "earnings": earnings.ravel(),
            "market_value": np.exp(value).ravel(),
        }
    )


def known_row(estimate: float, low: float, high: float) -> dict:
    return {
        "estimate": estimate,
        "std_error": (high - low) / 4,
        "conf_low": low,
        "conf_high": high,
        "identified": True,
        "reason": "",
        "within": estimate,
        "pooled": estimate,
        "firms": 40,
        "rows_used": 300,
        "band_low": low,
        "band_high": high,
    }


def with_value(question: Question, found: Findings, estimate: float, low: float, high: float) -> Findings:
    """Return findings whose value at the horizon is another one."""
    rows = found.paths.rows
    at = (rows["kind"] == "market_value") & (rows["horizon"] == question.horizon)
    kept = rows[~at]
    one = pd.DataFrame([{"kind": "market_value", "horizon": question.horizon} | known_row(estimate, low, high)])
    return replace(found, paths=Paths(rows=pd.concat([kept, one], ignore_index=True), fits=found.paths.fits))
