"""How the contract draws data for `fixed_effects`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.fixed_effects import fit_fixed_effects, simulate_fixed_effects
from coroi.results import Result

KEYS = ["entity", "period"]
NAMES = {"outcome": "outcome", "metric": "metric"}


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    frame, truth = simulate_fixed_effects(rng, n=80, periods=6, slope=0.5, attrition=0.08)
    return frame, {"two_way": truth["metric"], "between": truth["metric"]}


def fit(data: pd.DataFrame) -> Result:
    return fit_fixed_effects(data, **NAMES, keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates[result.estimates["errors"] == "cluster"].set_index("estimator")[column]
    return {name: float(rows[name]) for name in ("two_way", "between")}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the metric in other units: one of them goes with another part of the outcome."""
    return fit(data.assign(metric=data["metric"] * factor)), {"two_way": 1 / factor, "between": 1 / factor}


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Regress on dummies of every entity and period, and means on shares of periods; sum scores in a loop."""
    entities, periods = sorted(set(data["entity"])), sorted(set(data["period"]))
    rows = [(r.entity, r.period, r.metric, r.outcome) for r in data.itertuples()]
    dummies = [[float(i == e) for e in entities] + [float(t == p) for p in periods[1:]] for i, t, _, _ in rows]
    two_way = slope_of(np.array(dummies), [r[2] for r in rows], [r[3] for r in rows], [r[0] for r in rows])
    shares, metric, outcome = [], [], []
    for e in entities:
        own = [r for r in rows if r[0] == e]
        shares.append([sum(r[1] == p for r in own) / len(own) for p in periods])
        metric.append(sum(r[2] for r in own) / len(own))
        outcome.append(sum(r[3] for r in own) / len(own))
    return {"two_way": two_way, "between": slope_of(np.array(shares), metric, outcome, entities)}


def slope_of(others: np.ndarray, metric: list, outcome: list, cluster: list) -> tuple[float, float]:
    """Return the coefficient of the metric beside other columns, and its clustered error."""
    x = np.column_stack([metric, others])
    coef = np.linalg.lstsq(x, np.array(outcome), rcond=None)[0]
    sums: dict = {}
    for row, y, g in zip(x, outcome, cluster, strict=True):
        sums[g] = sums.get(g, 0.0) + row * (y - row @ coef)
    bread = np.linalg.pinv(x.T @ x)
    meat = sum(np.outer(s, s) for s in sums.values()) * len(sums) / (len(sums) - 1)
    return float(coef[0]), float(np.sqrt((bread @ meat @ bread)[0, 0]))


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first four; each with its error and influence."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 4]):
        result = fit_fixed_effects(rows, **NAMES, estimators=("two_way",), keep_influence=True)
        table = result.estimates.iloc[0]
        found.append((table["estimate"], table["std_error"], result.influence["two_way: metric"]))
    return tuple(found)
