"""How the contract draws data for `top_spell`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.top_spell import fit_top_spell, simulate_top_spell
from coroi.results import Result

KEYS = ["entity", "period"]


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_top_spell(rng, firms=400, periods=10, loses=-0.25, reaches=0.2)


def fit(data: pd.DataFrame) -> Result:
    return fit_top_spell(data, metric="score", keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates[result.estimates["term"] == result.spec["metric"]]
    return {str(name): float(x) for name, x in zip(rows["transition"], rows[column], strict=True)}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the metric in other units: a unit of them goes with another share of the log hazard."""
    return fit(data.assign(score=data["score"] * factor)), {"loses": 1 / factor, "reaches": 1 / factor}


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Walk through each firm's periods, climb the likelihood row by row and sum scores in a loop."""
    risks: dict[str, list] = {"loses": [], "reaches": []}
    for firm, own in data.sort_values("period").groupby("entity"):
        lasted, before, tops = 0, None, 0
        states = list(zip(own["score"], own["top"], strict=True))
        for at, (score, top) in enumerate(states):
            lasted = lasted + 1 if top == before else 1
            tops += top == 1 and top != before
            before = top
            if at + 1 < len(states):
                x = np.array([1.0, np.log(lasted), float(tops - top > 0), score])
                risks["loses" if top else "reaches"].append((firm, x, states[at + 1][1] != top))
    return {name: climb(rows) for name, rows in risks.items()}


def climb(rows: list) -> tuple[float, float]:
    def derivatives(beta: np.ndarray, x: np.ndarray, event: bool) -> tuple[np.ndarray, np.ndarray]:
        rate = np.exp(x @ beta)
        if not event:
            return -rate * x, -rate * np.outer(x, x)
        pull = rate / np.expm1(rate)
        return pull * x, pull * (1 - rate / -np.expm1(-rate)) * np.outer(x, x)

    beta = np.array([-1.5, 0.0, 0.0, 0.0])
    for _ in range(30):
        parts = [derivatives(beta, x, event) for _, x, event in rows]
        hessian = sum(second for _, second in parts)
        beta = beta - np.linalg.solve(hessian, sum(first for first, _ in parts))
    by_firm: dict = {}
    for firm, x, event in rows:
        by_firm[firm] = by_firm.get(firm, 0) + derivatives(beta, x, event)[0]
    bread = np.linalg.inv(hessian)
    meat = sum(np.outer(s, s) for s in by_firm.values()) * len(by_firm) / (len(by_firm) - 1)
    return float(beta[3]), float(np.sqrt((bread @ meat @ bread)[3, 3]))


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first six; each with its error and influence."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 6]):
        result = fit(rows)
        found.append(
            (read(result)["reaches"], read(result, "std_error")["reaches"], result.influence["reaches: score"])
        )
    return tuple(found)
