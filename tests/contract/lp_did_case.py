"""How the contract draws data for `lp_did`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.lp_did import fit_lp_did, simulate_lp_did
from coroi.results import Result
from roll_out_twin import clustered_error

KEYS = ["entity", "period"]
WORLD = {"n": 60, "periods": 6, "starts": (2, 4), "path": (1.0, 2.0), "later_cohorts": 0.5}


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    data, truth = simulate_lp_did(rng, **WORLD)
    return data, {name: truth[name] for name in ("overall", "event_time: 0", "event_time: 3")}


def fit(data: pd.DataFrame) -> Result:
    return fit_lp_did(data, outcome="outcome", leads=1, keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates
    at = {f"event_time: {e}": (rows["term"] == "event_time") & (rows["event_time"] == e) for e in (0, 3)}
    at = {"overall": rows["term"] == "overall"} | at
    return {name: float(rows.loc[where, column].iloc[0]) for name, where in at.items()}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the outcome in other units."""
    return fit(data.assign(outcome=data["outcome"] * factor)), dict.fromkeys(read(fit(data)), factor)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Regress each horizon's change on starting now and a dummy a period, weighted, with a whole hat matrix."""
    value = {(r.entity, r.period): r.outcome for r in data.itertuples()}
    first = {r.entity: r.first_treated if r.first_treated == r.first_treated else 99 for r in data.itertuples()}
    effect, moved, many = {}, {}, {}
    for h in range(4):
        rows = [(u, t) for u in sorted(first) for t in range(1, 6 - h) if (first[u] == t or first[u] > t + h)]
        times = sorted({t for _, t in rows})
        design = np.array([[float(first[u] == t), *(float(t == s) for s in times)] for u, t in rows])
        change = np.array([value[u, t + h] - value[u, t - 1] for u, t in rows])
        share = {s: np.mean([first[u] == t for u, t in rows if t == s]) for s in times}
        weight = np.array([1 / (1 - share[t]) for _, t in rows])
        root = np.sqrt(weight)[:, None] * design
        inverse = np.linalg.inv(root.T @ root)
        leverage = np.diag(root @ inverse @ root.T)
        coef = inverse @ (design.T @ (weight * change))
        effect[h], many[h] = coef[0], sum(first[u] == t for u, t in rows)
        pull = (inverse @ (design * (weight * (change - design @ coef) / np.sqrt(1 - leverage))[:, None]).T)[0]
        moved[h] = {u: sum(p for p, (who, _) in zip(pull, rows, strict=True) if who == u) for u in first}
    found = {f"event_time: {h}": (float(effect[h]), clustered_error(moved[h])) for h in (0, 3)}
    total = sum(many.values())
    by_unit = {u: sum(many[h] / total * moved[h][u] for h in range(4)) for u in first}
    return found | {"overall": (sum(many[h] / total * effect[h] for h in range(4)), clustered_error(by_unit))}


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first four; each with its error and influence."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 4]):
        result = fit_lp_did(rows, outcome="outcome", leads=0, keep_influence=True)
        estimates = result.estimates.set_index("term").loc["overall"]
        found.append((estimates["estimate"], estimates["std_error"], result.influence["overall"]))
    return tuple(found)
