"""How the contract draws data for `hazard`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.inference.cells import count_cells
from coroi.inference.design import Term
from coroi.models.hazard import fit_hazard, simulate_hazard
from coroi.results import Result

KEYS = ["customer", "period"]


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_hazard(rng, n=400, periods=8, slope=-0.4)


def fit(data: pd.DataFrame) -> Result:
    cells = count_cells(data, ["score"], event="exited", cluster="customer", time="period")
    return fit_hazard(cells, terms=[Term("score")], keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates.set_index("term")[column]
    return {"score": float(rows["score"])}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the score in other units: a point of them goes with another share of the log hazard."""
    return fit(data.assign(score=data["score"] * factor)), {"score": 1 / factor}


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Climb the likelihood row by row, by central differences, and sum scores in a loop."""
    rows = list(data[["customer", "score", "exited"]].itertuples(index=False))

    def derivatives(beta: np.ndarray, row) -> tuple[np.ndarray, np.ndarray]:
        x = np.array([1.0, row.score])
        rate = np.exp(x @ beta)
        if not row.exited:
            return -rate * x, -rate * np.outer(x, x)
        pull = rate / np.expm1(rate)
        return pull * x, pull * (1 - rate / -np.expm1(-rate)) * np.outer(x, x)

    beta = np.array([-3.0, 0.0])
    for _ in range(30):
        parts = [derivatives(beta, row) for row in rows]
        hessian = sum(second for _, second in parts)
        beta = beta - np.linalg.solve(hessian, sum(first for first, _ in parts))
    by_customer: dict = {}
    for row in rows:
        by_customer[row.customer] = by_customer.get(row.customer, 0) + derivatives(beta, row)[0]
    bread = np.linalg.inv(hessian)
    meat = sum(np.outer(s, s) for s in by_customer.values())
    g = len(by_customer)
    variance = bread @ meat @ bread * g / (g - 1)
    return {"score": (float(beta[1]), float(np.sqrt(variance[1, 1])))}


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: the score over all periods, and over the first three; each with its error and influence."""
    data, _ = simulate_hazard(rng, n=400, periods=8, slope=-0.4)
    found = []
    for rows in (data, data[data["period"] < 3]):
        result = fit(rows)
        found.append((read(result)["score"], read(result, "std_error")["score"], result.influence["score"]))
    return tuple(found)
