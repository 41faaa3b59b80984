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
    """Regress on dummies of entity and period, horizon by horizon, each pair of rows weighed; sum scores by entity."""
    value = {(r.entity, r.period): (r.outcome, r.metric) for r in data.itertuples()}
    people = sorted({who for who, _ in value})
    estimates, moved = [], []
    for h in range(LAST + 1):
        rows = [w for w in sorted(value) if (w[0], w[1] + h) in value]
        n_times = len(rows) // len(people)
        estimate, of = regressed(rows, h, value, pair_weights(n_times, min(2 * n_times // 3, h + 24)))
        estimates.append(estimate)
        moved.append([of[who] for who in people])
    estimates, moved = np.array(estimates), np.array(moved).T
    g = len(people)
    covariance = sum(np.outer(m, m) for m in moved) * g / (g - 1)
    weights = {f"response[{h}]": np.eye(LAST + 1)[h] for h in range(LAST + 1)}
    weights |= {"early": np.array([0.5, 0.5, 0.0]), "late": np.array([0.0, 0.0, 1.0])}
    return {name: (float(w @ estimates), float(np.sqrt(w @ covariance @ w))) for name, w in weights.items()}


def pair_weights(n: int, reach: int) -> np.ndarray:
    """Return the smallest weights of pairs of rows whose sums by row, by column, and k ≤ `reach` apart are zero.

    The diagonal adds up to n − 1, as it does when the mean is taken out.
    """
    sums, wanted = [], []
    for i in range(n):
        for own in ((i, slice(None)), (slice(None), i)):
            each = np.zeros((n, n))
            each[own] = 1
            sums.append(each.ravel())
            wanted.append(0.0)
    for k in range(-reach, reach + 1):
        sums.append(np.eye(n, k=k).ravel())
        wanted.append(n - 1.0 if k == 0 else 0.0)
    return np.linalg.lstsq(np.array(sums), np.array(wanted))[0].reshape(n, n)


def regressed(rows: list[tuple[int, int]], h: int, value: dict, weights: np.ndarray) -> tuple[float, dict[int, float]]:
    """Return the coefficient of the metric, and what each entity moves it by."""
    people, times = (sorted({row[i] for row in rows}) for i in (0, 1))
    dummies = np.zeros((len(rows), len(people) + len(times)))
    for i, (who, when) in enumerate(rows):
        dummies[i, people.index(who)] = dummies[i, len(people) + times.index(when)] = 1
    leaves = np.eye(len(rows)) - dummies @ np.linalg.pinv(dummies, rcond=1e-10)
    metric = leaves @ [value[row][1] for row in rows]
    outcome = leaves @ [value[who, when + h][0] for who, when in rows]
    weighed = leaves @ np.concatenate([weights.T @ each for each in np.split(metric, len(people))])
    coef = weighed @ outcome / (weighed @ metric)
    moved = dict.fromkeys(people, 0.0)
    for (who, _), w, e in zip(rows, weighed, outcome - metric * coef, strict=True):
        moved[who] += float(w * e / (weighed @ metric))
    return float(coef), moved


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first half; each with its error and influence."""
    data, _ = draw(rng)
    found, name = [], "response[1]"
    for rows in (data, data[data["period"] < 20]):
        result = fit(rows)
        found.append((read(result)[name], read(result, "std_error")[name], result.influence[name]))
    return tuple(found)
