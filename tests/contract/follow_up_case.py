"""How the contract draws data for `follow_up`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.follow_up import fit_follow_up, simulate_follow_up
from coroi.results import Result

KEYS = ["entity", "period"]


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_follow_up(rng, n=250, periods=3, effect=0.4, lost=0.05)


def fit(data: pd.DataFrame) -> Result:
    return fit_follow_up(data, outcome="outcome", before="score", keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    return {"effect": float(result.estimates.set_index("term")[column]["effect"])}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the outcome in other units."""
    return fit(data.assign(outcome=data["outcome"] * factor)), {"effect": factor}


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Walk through the cells, and add up what each customer's rows move."""
    rows = [r for r in data.itertuples() if r.outcome == r.outcome]
    cells: dict = {}
    for r in rows:
        cells.setdefault((r.score, r.period), ([], []))[1 - r.followed].append(r)
    met = [(on, off) for on, off in cells.values() if len(on) > 1 and len(off) > 1]
    whole = sum(len(on) for on, _ in met)
    effect, moved = 0.0, {}
    for on, off in met:
        for sign, side in ((1, on), (-1, off)):
            mean = sum(r.outcome for r in side) / len(side)
            effect += sign * len(on) / whole * mean
            for r in side:
                stretch = np.sqrt(len(side) / (len(side) - 1))
                part = sign * len(on) / whole / len(side) * stretch * (r.outcome - mean)
                moved[r.entity] = moved.get(r.entity, 0.0) + part
    return {"effect": (effect, float(np.sqrt(sum(m * m for m in moved.values()))))}


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first two; each with its error and influence."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 2]):
        result = fit(rows)
        found.append((read(result)["effect"], read(result, "std_error")["effect"], result.influence["effect"]))
    return tuple(found)
