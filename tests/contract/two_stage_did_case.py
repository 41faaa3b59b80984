"""How the contract draws data for `two_stage_did`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.two_stage_did import fit_two_stage_did, simulate_two_stage_did
from coroi.results import Result

KEYS = ["entity", "period"]
NAMES = ["overall", "event_time: 0", "event_time: 2"]


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    data, truth = simulate_two_stage_did(rng, n=24, periods=7, starts=(3, 4), path=(0.2, 0.5))
    return data, {name: truth[name] for name in NAMES}


def fit(data: pd.DataFrame) -> Result:
    return fit_two_stage_did(data, outcome="outcome", keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    values = dict(zip(result.vcov.index, result.estimates[column].astype(float), strict=True))
    return {name: values[name] for name in NAMES}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the outcome in other units."""
    return fit(data.assign(outcome=data["outcome"] * factor)), dict.fromkeys(NAMES, factor)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Stack the moments of both stages, and take the sandwich of the whole system."""
    units, periods = sorted(set(data["entity"])), sorted(set(data["period"]))
    since = (data["period"] - data["first_treated"]).to_numpy(float)
    x = np.array([[r.entity == u for u in units] + [r.period == p for p in periods[1:]] for r in data.itertuples()])
    x, on = x.astype(float), since >= 0
    y = data["outcome"].to_numpy(float)
    masks = {"overall": on} | {f"event_time: {h}": since == h for h in (0, 2)}
    return {name: stacked(x, y, on, mask, data["entity"].to_numpy()) for name, mask in masks.items()}


def stacked(x: np.ndarray, y: np.ndarray, on: np.ndarray, mask: np.ndarray, who: np.ndarray) -> tuple[float, float]:
    first = x * ~on[:, None]
    coef = np.linalg.solve(first.T @ first, first.T @ y)
    left = y - x @ coef
    effect = left[mask].mean()
    moments = np.column_stack([first * (y - x @ coef)[:, None], mask * (left - effect)])
    slope = np.zeros((x.shape[1] + 1, x.shape[1] + 1))
    slope[:-1, :-1], slope[-1, :-1], slope[-1, -1] = first.T @ first, mask @ x, mask.sum()
    sums = np.array([moments[who == u].sum(axis=0) for u in sorted(set(who))])
    inverse = np.linalg.inv(slope)
    variance = (inverse @ sums.T @ sums @ inverse.T)[-1, -1] * len(sums) / (len(sums) - 1)
    return float(effect), float(np.sqrt(variance))


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first six; each with its error and influence."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 6]):
        result = fit(rows)
        values = result.estimates.set_index("term").loc["overall"]
        found.append((values["estimate"], values["std_error"], result.influence["overall"]))
    return tuple(found)
