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


def fit(data: pd.DataFrame) -> Result:
    return fit_local_projections(data, outcome="outcome", metric="metric", horizons=LAST, early=2, keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates[result.estimates["term"] != "crossover"]
    names = [f"response[{r.horizon}]" if r.term == "response" else r.term for r in rows.itertuples()]
    return dict(zip(names, rows[column].astype(float), strict=True))


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the metric in other units."""
    names = [*(f"response[{h}]" for h in range(LAST + 1)), "early", "late"]
    return fit(data.assign(metric=data["metric"] * factor)), dict.fromkeys(names, 1 / factor)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Regress on dummies of entity and period, horizon by horizon and half by half, and sum scores by entity."""
    value = {(r.entity, r.period): (r.outcome, r.metric) for r in data.itertuples()}
    people = sorted({who for who, _ in value})
    estimates, moved = [], []
    for h in range(LAST + 1):
        own = {who: [w for w in sorted(value) if w[0] == who and (who, w[1] + h) in value] for who in people}
        halves = [
            [row for who in people for row in own[who][: (len(own[who]) + 1) // 2]],
            [row for who in people for row in own[who][(len(own[who]) + 1) // 2 :]],
        ]
        whole, of_whole = regressed(halves[0] + halves[1], h, value)
        parts = [regressed(half, h, value) for half in halves]
        shares = [len(half) / sum(map(len, halves)) for half in halves]
        estimates.append(2 * whole - sum(s * part for s, (part, _) in zip(shares, parts, strict=True)))
        moved.append(
            [2 * of_whole[w] - sum(s * of[w] for s, (_, of) in zip(shares, parts, strict=True)) for w in people]
        )
    estimates, moved = np.array(estimates), np.array(moved).T
    g = len(people)
    covariance = sum(np.outer(m, m) for m in moved) * g / (g - 1)
    weights = {f"response[{h}]": np.eye(LAST + 1)[h] for h in range(LAST + 1)}
    weights |= {"early": np.array([0.5, 0.5, 0.0]), "late": np.array([0.0, 0.0, 1.0])}
    return {name: (float(w @ estimates), float(np.sqrt(w @ covariance @ w))) for name, w in weights.items()}


def regressed(rows: list[tuple[int, int]], h: int, value: dict) -> tuple[float, dict[int, float]]:
    """Return the coefficient of the metric, and what each entity moves it by."""
    people, times = (sorted({row[i] for row in rows}) for i in (0, 1))
    design = np.zeros((len(rows), 1 + len(people) + len(times)))
    target = np.array([value[who, when + h][0] for who, when in rows])
    for i, (who, when) in enumerate(rows):
        design[i, 0] = value[who, when][1]
        design[i, 1 + people.index(who)] = 1
        design[i, 1 + len(people) + times.index(when)] = 1
    inverse = np.linalg.pinv(design.T @ design)
    coef = inverse @ design.T @ target
    residual = target - design @ coef
    moved = dict.fromkeys(people, 0.0)
    for (who, _), x, e in zip(rows, design, residual, strict=True):
        moved[who] += float(inverse[0] @ x * e)
    return float(coef[0]), moved


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first half; each with its error and influence."""
    data, _ = draw(rng)
    found, name = [], "response[1]"
    for rows in (data, data[data["period"] < 20]):
        result = fit(rows)
        found.append((read(result)[name], read(result, "std_error")[name], result.influence[name]))
    return tuple(found)
