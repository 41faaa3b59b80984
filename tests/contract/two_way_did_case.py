"""How the contract draws data for `two_way_did`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.two_way_did import fit_two_way_did, simulate_two_way_did
from coroi.results import Result

KEYS = ["entity", "period"]
NAMES = ["static", "event_time: 0", "event_time: 1"]


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_two_way_did(rng, n=40, periods=8, starts=(3, 5), effect=0.5)


def fit(data: pd.DataFrame) -> Result:
    return fit_two_way_did(data, outcome="outcome", keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates
    names = [r.term if r.term == "static" else f"event_time: {r.event_time:g}" for r in rows.itertuples()]
    values = dict(zip(names, rows[column].astype(float), strict=True))
    return {name: values[name] for name in NAMES}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the outcome in other units."""
    return fit(data.assign(outcome=data["outcome"] * factor)), dict.fromkeys(NAMES, factor)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Regress on dummies of every unit and period, and sum scores by unit in a loop."""
    rows = list(data.itertuples())
    units, periods = sorted({r.entity for r in rows}), sorted({r.period for r in rows})
    times = sorted({r.period - r.first_treated for r in rows if r.first_treated == r.first_treated} - {-1.0})
    effects = np.array([[float(r.entity == u) for u in units] + [float(r.period == p) for p in periods] for r in rows])
    on = np.array([[float(r.period >= r.first_treated)] for r in rows])
    dummies = np.array([[float(r.period - r.first_treated == t) for t in times] for r in rows])
    static = slopes(np.hstack([on, effects]), rows)
    path = slopes(np.hstack([dummies, effects]), rows)
    return {"static": static[0]} | {f"event_time: {t}": path[times.index(t)] for t in (0, 1)}


def slopes(x: np.ndarray, rows: list) -> list[tuple[float, float]]:
    y = np.array([r.outcome for r in rows])
    bread = np.linalg.pinv(x.T @ x)
    coef = bread @ x.T @ y
    sums: dict = {}
    for row, line, target in zip(rows, x, y, strict=True):
        sums[row.entity] = sums.get(row.entity, 0.0) + line * (target - line @ coef)
    covariance = sum(np.outer(bread @ s, bread @ s) for s in sums.values()) * len(sums) / (len(sums) - 1)
    return list(zip(coef, np.sqrt(np.diag(covariance)), strict=True))


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first six; each with its error and influence."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 6]):
        result = fit(rows)
        table = result.estimates.iloc[0]
        found.append((table["estimate"], table["std_error"], result.influence["static"]))
    return tuple(found)
