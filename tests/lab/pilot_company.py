"""Companies of a few lines for the tests of pilots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from coroi.studies.inputs import Inputs, open_inputs

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
        name = f"c{i:04}"
        tables["customers"].append((name, f"u{i % units}" if units else ""))
        begin = "2020-01-01"
        gone = draw.geometric(lost)
        if gone < months:  # another one comes for each who leaves
            end = firsts[gone] - pd.Timedelta(days=1)
            tables["subscriptions"].append((name, begin, f"{end:%Y-%m-%d}", 10))
            name, begin = f"d{i:04}", f"{firsts[gone]:%Y-%m-%d}"
            tables["customers"].append((name, f"u{i % units}" if units else ""))
        tables["subscriptions"].append((name, begin, "", 10))
        for day in draw.choice(firsts, size=3, replace=False):
            score = int(np.clip(round(draw.normal(7, 2)), 0, 10))
            tables["responses"].append((name, f"{pd.Timestamp(day):%Y-%m-%d}", "nps", score))
    return tables


PLAN = {"metrics": {"nps": {"scale": [0, 10]}}, "observed_until": "2022-06-30", "horizon": 6}
