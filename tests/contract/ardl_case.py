"""How the contract draws data for `ardl`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.ardl import fit_ardl, simulate_ardl
from coroi.results import Result

KEYS = ["entity", "period"]


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_ardl(rng, n=120, periods=12, weights=(1.0, 0.5))


def fit(data: pd.DataFrame) -> Result:
    return fit_ardl(data, outcome="outcome", metric="metric", effects="period", keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    told = result.estimates[result.estimates["interval"] != "delta"].set_index("term")[column]
    return {term: float(told[term]) for term in ("long_run", "speed")}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the metric in other units: the speed has none."""
    return fit(data.assign(metric=data["metric"] * factor)), {"long_run": 1 / factor, "speed": 1.0}


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Fit Bewley's form, in which the long run is a coefficient, by instruments that give the same numbers.

    The outcome on its own change, the metric and the metric's change, with the outcome of the period before as
    instrument for the change: Wickens and Breusch (1988), Economic Journal 98:189-205. The speed comes from the
    error-correction form, with dummies of every period.
    """
    at = {(r.entity, r.period): r for r in data.itertuples()}
    used = [(e, t) for e, t in sorted(at) if (e, t - 1) in at]
    entities, periods = sorted({e for e, _ in used}), sorted({t for _, t in used})
    bewley, instruments, correction, levels, changes = [], [], [], [], []
    for e, t in used:
        now, before = at[e, t], at[e, t - 1]
        dummies = [t == each for each in periods]
        moved, rise = now.metric - before.metric, now.outcome - before.outcome
        bewley.append([now.metric, rise, moved, *dummies])
        instruments.append([now.metric, before.outcome, moved, *dummies])
        correction.append([before.outcome, before.metric, moved, *dummies])
        levels.append(now.outcome)
        changes.append(rise)

    def solve(x, z, y) -> tuple[float, float]:
        x, z, y = np.array(x, dtype=float), np.array(z, dtype=float), np.array(y)
        inverse = np.linalg.inv(z.T @ x)
        beta = np.linalg.solve(z.T @ x, z.T @ y)
        meat = np.zeros_like(inverse)
        for each in entities:
            score = sum(z[i] * (y[i] - x[i] @ beta) for i, (e, _) in enumerate(used) if e == each)
            meat += np.outer(score, score)
        covariance = inverse @ meat @ inverse.T * len(entities) / (len(entities) - 1)
        return float(beta[0]), float(np.sqrt(covariance[0, 0]))

    return {"long_run": solve(bewley, instruments, levels), "speed": solve(correction, correction, changes)}


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Estimate the long run of one panel twice: from all periods, and from the earlier ones."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] <= 8]):
        result = fit(rows)
        moved = result.influence["long_run[metric]"]
        found.append((read(result)["long_run"], read(result, "std_error")["long_run"], moved))
    return tuple(found)
