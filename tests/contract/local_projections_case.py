"""How the contract draws data for `local_projections`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.local_projections import fit_local_projections, simulate_local_projections
from coroi.results import Result

KEYS = ["entity", "period"]
PATH = (-0.3, 0.1, 0.2)
LAST = len(PATH) - 1


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    data, truth = simulate_local_projections(rng, n=30, periods=40, path=PATH, noise=2.0)
    early, late = (truth["response[0]"] + truth["response[1]"]) / 2, truth["response[2]"]
    return data, truth | {"early": early, "late": late}


def fit(data: pd.DataFrame, **asked) -> Result:
    return fit_local_projections(
        data, outcome="outcome", metric="metric", horizons=LAST, early=2, keep_influence=True, **asked
    )


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates[result.estimates["term"] != "crossover"]
    names = [f"response[{r.horizon}]" if r.term == "response" else r.term for r in rows.itertuples()]
    return dict(zip(names, rows[column].astype(float), strict=True))


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the metric in other units."""
    names = [*(f"response[{h}]" for h in range(LAST + 1)), "early", "late"]
    return fit(data.assign(metric=data["metric"] * factor)), dict.fromkeys(names, 1 / factor)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Regress on dummies of entity and period, horizon by horizon, and sum scores entity by entity."""
    value = {(r.entity, r.period): (r.outcome, r.metric) for r in data.itertuples()}
    people = sorted({who for who, _ in value})
    times = sorted({when for _, when in value})
    estimates, moved = [], []
    for h in range(LAST + 1):
        rows = [(who, when) for who, when in sorted(value) if (who, when + h) in value]
        design = np.zeros((len(rows), 1 + len(people) + len(times)))
        target = np.array([value[who, when + h][0] for who, when in rows])
        for i, (who, when) in enumerate(rows):
            design[i, 0] = value[who, when][1]
            design[i, 1 + people.index(who)] = 1
            design[i, 1 + len(people) + times.index(when)] = 1
        inverse = np.linalg.pinv(design.T @ design)
        coef = inverse @ design.T @ target
        residual = target - design @ coef
        scores = {who: np.zeros(design.shape[1]) for who in people}
        for (who, _), x, e in zip(rows, design, residual, strict=True):
            scores[who] += x * e
        estimates.append(coef[0])
        moved.append([inverse[0] @ scores[who] for who in people])
    estimates, moved = np.array(estimates), np.array(moved).T
    g = len(people)
    covariance = sum(np.outer(m, m) for m in moved) * g / (g - 1)
    weights = {f"response[{h}]": np.eye(LAST + 1)[h] for h in range(LAST + 1)}
    weights |= {"early": np.array([0.5, 0.5, 0.0]), "late": np.array([0.0, 0.0, 1.0])}
    return {name: (float(w @ estimates), float(np.sqrt(w @ covariance @ w))) for name, w in weights.items()}


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first half; each with its error and influence."""
    data, _ = draw(rng)
    found, name = [], "response[1]"
    for rows in (data, data[data["period"] < 20]):
        result = fit(rows)
        found.append((read(result)[name], read(result, "std_error")[name], result.influence[name]))
    return tuple(found)
