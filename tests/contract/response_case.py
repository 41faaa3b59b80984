"""How the contract draws data for `response`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.inference.design import Term
from coroi.models.response import fit_response, simulate_response
from coroi.results import Result

KEYS = ["customer", "occasion"]
TERMS = (Term("tenure"), Term("triggered", ("no", "yes")))


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_response(rng, n=300, occasions=3)


def fit(data: pd.DataFrame) -> Result:
    return fit_response(data, terms=TERMS, outcomes=["score"], keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    return {"weighted": float(result.estimates.set_index("term")[column]["weighted"])}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Score in other units; tenure in others too, which changes nothing."""
    return fit(data.assign(score=data["score"] * factor, tenure=data["tenure"] / factor)), {"weighted": factor}


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Solve the stacked equations of all unknowns at once, their derivative by differences, customer by customer."""
    rows = list(data[["customer", "tenure", "triggered", "answered", "score"]].itertuples(index=False))

    def equations(unknowns: np.ndarray, row) -> np.ndarray:
        *beta, mean = unknowns
        x = np.array([1.0, row.tenure, 1.0 if row.triggered == "yes" else 0.0])
        chance = 1 / (1 + np.exp(-x @ np.array(beta)))
        weighted = (row.score - mean) / chance if row.answered else 0.0
        return np.append(x * (row.answered - chance), weighted)

    def total(unknowns: np.ndarray) -> np.ndarray:
        return np.sum([equations(unknowns, row) for row in rows], axis=0)

    def slope(unknowns: np.ndarray) -> np.ndarray:
        step = 1e-5
        sides = [(total(unknowns + step * e) - total(unknowns - step * e)) / (2 * step) for e in np.eye(4)]
        return np.array(sides).T

    unknowns = np.array([0.0, 0.0, 0.0, float(data["score"].mean())])
    for _ in range(12):
        unknowns = unknowns - np.linalg.solve(slope(unknowns), total(unknowns))
    by_customer: dict = {}
    for row in rows:
        by_customer[row.customer] = by_customer.get(row.customer, 0) + equations(unknowns, row)
    inverse = np.linalg.inv(slope(unknowns))
    meat = sum(np.outer(s, s) for s in by_customer.values())
    g = len(by_customer)
    variance = inverse @ meat @ inverse.T * g / (g - 1)
    return {"weighted": (float(unknowns[3]), float(np.sqrt(variance[3, 3])))}


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Weight one panel twice: all occasions, and the first alone; each with its error and influence."""
    data, _ = simulate_response(rng, n=300, occasions=3)
    found = []
    for rows in (data, data[data["occasion"] == 0]):
        result = fit(rows)
        found.append((read(result)["weighted"], read(result, "std_error")["weighted"], result.influence["score"]))
    return tuple(found)
