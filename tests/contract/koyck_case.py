"""How the contract draws data for `koyck`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.koyck import fit_koyck, simulate_koyck
from coroi.results import Result

KEYS = ["entity", "period"]
TERMS = ("immediate", "carry_over", "long_run")


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    data, truth = simulate_koyck(rng, n=150, periods=9, immediate=1.5)
    return data, {term: truth[term] for term in TERMS}


def fit(data: pd.DataFrame) -> Result:
    return fit_koyck(data, outcome="outcome", metric="metric", keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    """Read what holds in the world drawn, where noise is fresh each period: the estimates by instrument."""
    rows = result.estimates
    told = rows[(rows["estimator"] == "iv") & (rows["interval"] != "delta")].set_index("term")[column]
    return {term: float(told[term]) for term in TERMS}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the metric in other units: the carry-over has none."""
    factors = {"immediate": 1 / factor, "carry_over": 1.0, "long_run": 1 / factor}
    return fit(data.assign(metric=data["metric"] * factor)), factors


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Solve the instrument's equations with a dummy for every entity and period, and sum them in a loop."""
    at = {(r.entity, r.period): r for r in data.itertuples()}
    used = [(e, t) for e, t in sorted(at) if (e, t - 1) in at]
    entities, periods = sorted({e for e, _ in used}), sorted({t for _, t in used})
    regressors, instruments, outcome = [], [], []
    for e, t in used:
        now, before = at[e, t], at[e, t - 1]
        dummies = [*(e == each for each in entities), *(t == each for each in periods[1:])]
        regressors.append([now.metric, before.outcome, *dummies])
        instruments.append([now.metric, before.metric, *dummies])
        outcome.append(now.outcome)
    x, z, y = np.array(regressors, dtype=float), np.array(instruments, dtype=float), np.array(outcome)
    inverse = np.linalg.inv(z.T @ x)
    beta = np.linalg.solve(z.T @ x, z.T @ y)
    meat = np.zeros_like(inverse)
    for each in entities:
        score = sum(z[i] * (y[i] - x[i] @ beta) for i, (e, _) in enumerate(used) if e == each)
        meat += np.outer(score, score)
    covariance = (inverse @ meat @ inverse.T * len(entities) / (len(entities) - 1))[:2, :2]
    immediate, carry_over = beta[:2]

    def long_run(b: np.ndarray) -> float:
        return b[0] / (1 - b[1])

    step = 1e-5
    slope = np.array([(long_run(beta[:2] + step * e) - long_run(beta[:2] - step * e)) / (2 * step) for e in np.eye(2)])
    return {
        "immediate": (float(immediate), float(np.sqrt(covariance[0, 0]))),
        "carry_over": (float(carry_over), float(np.sqrt(covariance[1, 1]))),
        "long_run": (float(long_run(beta[:2])), float(np.sqrt(slope @ covariance @ slope))),
    }


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Estimate the immediate effect in one panel twice: from all periods, and from the earlier ones."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] <= 7]):
        result = fit(rows)
        moved = result.influence["immediate[iv]"]
        found.append((read(result)["immediate"], read(result, "std_error")["immediate"], moved))
    return tuple(found)
