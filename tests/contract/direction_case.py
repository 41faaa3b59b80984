"""How the contract draws data for `direction`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize

from coroi.models.direction import fit_direction, simulate_direction
from coroi.results import Result

KEYS = ["entity", "period"]


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_direction(rng, n=120, periods=10, forward=0.2, reverse=0.1, own=(0.4, 0.5))


def fit(data: pd.DataFrame) -> Result:
    return fit_direction(data, outcome="outcome", metric="metric", keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates[result.estimates["estimator"] == "corrected"]
    return dict(zip(rows["term"], rows[column].astype(float), strict=True))


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the metric in other units."""
    result = fit(data.assign(metric=data["metric"] * factor))
    return result, {"forward": 1 / factor, "reverse": factor, "placebo_lead": 1 / factor}


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Write out each entity's equations in loops over pairs of rows, solve them, and move them by differences."""
    people = [rows.sort_values("period") for _, rows in data.groupby("entity")]
    now, past = ([r[["outcome", "metric"]].to_numpy()[s] for r in people] for s in (slice(1, None), slice(0, -1)))
    now, past = swept(now), swept(past)
    t = len(now[0])

    def equations(unknowns: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        a, sigma = unknowns[:4].reshape(2, 2), unknowns[4:].reshape(2, 2)
        e = np.array([y[s] - a @ z[s] for s in range(t)])
        total = sum(np.outer(e[s], e[s]) for s in range(t))
        first = sum(np.outer(e[s], z[s]) for s in range(t))
        for s in range(t):
            variance = (np.outer(e[s], e[s]) - total / (t * (t - 1))) * t / (t - 2)
            for later in range(s + 1, t):
                reach = np.linalg.matrix_power(a, later - 1 - s)
                first = first + (reach @ variance).T / t
        return np.append(first, total / (t - 1) - sigma)

    def whole(unknowns: np.ndarray) -> np.ndarray:
        return np.sum([equations(unknowns, y, z) for y, z in zip(now, past, strict=True)], axis=0)

    start = np.linalg.lstsq(np.vstack(past), np.vstack(now))[0].T
    found = optimize.root(whole, np.append(start, np.eye(2)), tol=1e-13).x
    step = 1e-5
    sides = [(whole(found + step * e) - whole(found - step * e)) / (2 * step) for e in np.eye(8)]
    inverse = np.linalg.inv(np.array(sides).T)
    moved = np.array([-inverse @ equations(found, y, z) for y, z in zip(now, past, strict=True)])
    g = len(moved)
    told = {}
    for name, read_off in READ_OFF.items():
        slope = [(read_off(found + step * e) - read_off(found - step * e)) / (2 * step) for e in np.eye(8)]
        each = moved @ np.array(slope)
        told[name] = (float(read_off(found)), float(np.sqrt(each @ each * g / (g - 1))))
    return told


def lead(unknowns: np.ndarray) -> float:
    """Regress the outcome's news on the metric of the next period, the metric's own news given."""
    push, sigma = unknowns[2], unknowns[4:].reshape(2, 2)
    left = sigma[0, 0] - sigma[0, 1] * sigma[1, 0] / sigma[1, 1]
    return float(push * left / (push**2 * left + sigma[1, 1]))


READ_OFF = {"forward": lambda u: u[1], "reverse": lambda u: u[2], "placebo_lead": lead}


def swept(blocks: list[np.ndarray]) -> list[np.ndarray]:
    """Take out the means of a balanced panel's entities and periods."""
    by_time = np.mean(blocks, axis=0)
    return [b - b.mean(axis=0) - by_time + by_time.mean(axis=0) for b in blocks]


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first seven; each with its error and influence."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 7]):
        result = fit(rows)
        found.append((read(result)["forward"], read(result, "std_error")["forward"], result.influence["forward"]))
    return tuple(found)
