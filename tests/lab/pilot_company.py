"""Companies of a few lines for the tests of pilots."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from coroi.lab.pilot_answer import Pilot, simulate_pilot
from coroi.lab.pilot_options import PilotOptions
from coroi.studies.inputs import Inputs, open_inputs

QUICK = PilotOptions(replications=300)

COLUMNS = {
    "customers": ("customer_id", "unit_id"),
    "subscriptions": ("customer_id", "start_at", "end_at", "price"),
    "transactions": ("customer_id", "occurred_at", "amount", "margin"),
    "responses": ("customer_id", "answered_at", "metric", "score"),
    "snapshot": ("customer_id", "left", "nps"),
    "programme": ("unit_id", "customer_id", "practice", "start_at", "end_at"),
    "costs": ("occurred_at", "kind", "amount", "unit_id", "practice"),
}


def write_company(folder: Path, tables: Mapping[str, Iterable[tuple]], **plan: object) -> Path:
    """Write tables and a plan that maps them; return the plan."""
    sources: dict[str, dict[str, object]] = {}
    for name, rows in tables.items():
        pd.DataFrame(list(rows), columns=list(COLUMNS[name])).to_csv(folder / f"{name}.csv", index=False)
        sources[name] = {"path": f"{name}.csv"}
        if name == "snapshot":
            sources[name] |= {"scores": {"nps": "nps"}, "values": {"left": {"yes": True, "no": False}}}
    asked = {"name": "small", "currency": "EUR", "period": "month", "tables": sources} | plan
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(asked), encoding="utf-8")
    return path


def open_company(folder: Path, tables: Mapping[str, Iterable[tuple]], **plan: object) -> Inputs:
    """Write a company and open it as a notebook does."""
    return open_inputs(str(write_company(folder, tables, **plan)))


def contracts(n: int, *, lost: float, units: int = 0, months: int = 30, seed: int = 1) -> dict[str, list[tuple]]:
    """Return customers under contract from 2020 on who leave by a constant hazard, and answer now and then."""
    draw = np.random.default_rng(seed)
    tables: dict[str, list[tuple]] = {"customers": [], "subscriptions": [], "responses": []}
    firsts = pd.date_range("2020-01-01", periods=months, freq="MS")
    for i in range(n):
        begin, number = 0, 0
        while begin < months:  # another one comes for each who leaves
            name, gone = f"c{i:04}-{number}", begin + int(draw.geometric(lost))
            tables["customers"].append((name, f"u{i % units}" if units else ""))
            end = f"{firsts[gone] - pd.Timedelta(days=1):%Y-%m-%d}" if gone < months else ""
            tables["subscriptions"].append((name, f"{firsts[begin]:%Y-%m-%d}", end, 10))
            for at in draw.choice(np.arange(begin, min(gone, months)), size=(min(gone, months) - begin) // 6):
                score = int(np.clip(round(draw.normal(7, 2)), 0, 10))
                tables["responses"].append((name, f"{firsts[at]:%Y-%m-%d}", "nps", score))
            begin, number = gone, number + 1
    return tables


PLAN = {"metrics": {"nps": {"scale": [0, 10]}}, "observed_until": "2022-06-30", "horizon": 6}


@functools.cache
def steady() -> Inputs:
    """Open a company whose exits come at a steady rate: nothing drifts."""
    with tempfile.TemporaryDirectory() as folder:
        return open_company(Path(folder), contracts(300, lost=0.03, units=12), **PLAN)


@functools.cache
def steady_pilot() -> Pilot:
    """Simulate pilots on the steady company."""
    return simulate_pilot(steady(), QUICK)
