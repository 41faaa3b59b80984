"""How the contract draws data for `survival`, fits it and reads the answer."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from coroi.models.survival import fit_survival, simulate_survival
from coroi.results import Result

HORIZON = 6
KEYS = ["band", "duration", "event"]


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    counts, truth = simulate_survival(rng, n=120, hazards={"low": 0.06, "top": 0.02}, horizon=HORIZON, censoring=0.02)
    return counts, truth | {"difference": truth["top"] - truth["low"]}


def fit(data: pd.DataFrame, horizon: int = HORIZON) -> Result:
    return fit_survival(data, bands=["low", "top"], horizon=horizon, contrast=("top", "low"), keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates
    names = rows["band"].where(rows["term"] == "share", "difference")
    return dict(zip(names, rows[column], strict=True))


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure time in other periods: shares have no unit and stay as they are."""
    result = fit(data.assign(duration=(data["duration"] * factor).astype(int)), int(HORIZON * factor))
    return result, {"low": 1.0, "top": 1.0, "difference": 1.0}


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Product limit and Greenwood's error, one customer and one period at a time."""
    found = {}
    for band in ("low", "top"):
        rows = data[data["band"] == band]
        people = [(r.duration, r.event) for r in rows.itertuples() for _ in range(r.n)]
        share, total = 1.0, 0.0
        for t in range(1, HORIZON + 1):
            at_risk = sum(1 for duration, _ in people if duration >= t)
            events = sum(1 for duration, event in people if duration == t and event)
            share *= (at_risk - events) / at_risk
            total += events / (at_risk * (at_risk - events))
        found[band] = (share, share * math.sqrt(total))
    (low, low_error), (top, top_error) = found["low"], found["top"]
    return found | {"difference": (top - low, math.hypot(low_error, top_error))}


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Estimate the difference of one panel at two horizons; the influence is one customer's each."""
    counts, _ = draw(rng)
    people = counts.loc[counts.index.repeat(counts["n"])].reset_index(drop=True)
    found = []
    for horizon in (HORIZON, 2):
        result = fit(counts, horizon)
        by_row = result.influence["difference"]
        moved = by_row.loc[pd.MultiIndex.from_frame(people[KEYS])].set_axis(people.index)
        found.append((read(result)["difference"], read(result, "std_error")["difference"], moved))
    return tuple(found)
