"""How the contract draws data for `held_paths`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize

from coroi.models.held_paths import fit_held_paths, simulate_held_paths
from coroi.results import Result

KEYS = ["entity", "period"]
HORIZONS = (0, 1, 2)


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    data, truth = simulate_held_paths(rng, n=60, periods=10, now=-0.3, slope=0.2, persistence=0.4)
    return data, {f"response[{h}]": truth[f"response[{h}]"] for h in HORIZONS}


def fit(data: pd.DataFrame) -> Result:
    return fit_held_paths(data, outcome="outcome", metric="metric", horizons=HORIZONS, keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates[result.estimates["term"] == "response"]
    return {f"response[{r.horizon}]": float(getattr(r, column)) for r in rows.itertuples()}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the metric in other units."""
    return fit(data.assign(metric=data["metric"] * factor)), {f"response[{h}]": 1 / factor for h in HORIZONS}


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Regress on dummies, horizon by horizon; solve the metric's own past in loops; weigh one by the other."""
    value = {(r.entity, r.period): (r.outcome, r.metric) for r in data.itertuples()}
    people = sorted({who for who, _ in value})
    kept, of_kept = persistence(data)
    g, found = len(people), {}
    for h in HORIZONS:
        coef, moved = regressed(h, value, people)
        weight = [kept**j for j in range(h + 1)]
        slope = sum(j * kept ** (j - 1) * b for j, b in enumerate(coef) if j)
        each = [sum(w * m for w, m in zip(weight, moved[who], strict=True)) + slope * of_kept[who] for who in people]
        estimate = sum(w * b for w, b in zip(weight, coef, strict=True))
        found[f"response[{h}]"] = (float(estimate), float(np.sqrt(sum(e * e for e in each) * g / (g - 1))))
    return found


def regressed(h: int, value: dict, people: list[int]) -> tuple[list[float], dict[int, list[float]]]:
    """Return the coefficients of the metric now and until the horizon, and what each entity moves them by."""
    rows = [(who, t) for who, t in sorted(value) if (who, t - 1) in value and (who, t + h) in value]
    times = sorted({t for _, t in rows})
    design, target = np.zeros((len(rows), h + 2 + len(people) + len(times))), np.zeros(len(rows))
    for i, (who, t) in enumerate(rows):
        target[i] = value[who, t + h][0] - value[who, t - 1][0]
        design[i, : h + 2] = [value[who, t + j][1] for j in (*range(h + 1), -1)]
        design[i, h + 2 + people.index(who)] = 1
        design[i, h + 2 + len(people) + times.index(t)] = 1
    inverse = np.linalg.pinv(design.T @ design)
    coef = inverse @ design.T @ target
    moved = {who: np.zeros(h + 1) for who in people}
    for (who, _), x, y in zip(rows, design, target, strict=True):
        moved[who] = moved[who] + inverse[: h + 1] @ x * (y - x @ coef)
    factor = np.sqrt((len(rows) - 1) / (len(rows) - (h + 2) - (len(times) - 1)))
    return [float(b) for b in coef[: h + 1]], {who: [float(m * factor) for m in each] for who, each in moved.items()}


def persistence(data: pd.DataFrame) -> tuple[float, dict[int, float]]:
    """Solve each entity's equation of the metric on its past for the mean that sweeping gives it, and no other."""
    wide = data.pivot_table(index="entity", columns="period", values="metric")
    now, past = (swept(wide.iloc[:, cut].to_numpy()) for cut in (slice(1, None), slice(0, -1)))
    t = now.shape[1]

    def equation(a: float, y: np.ndarray, z: np.ndarray) -> float:
        e = y - a * z
        first, total = float(e @ z), float(e @ e)
        for s in range(t):
            variance = (e[s] ** 2 - total / (t * (t - 1))) * t / (t - 2)
            first += sum(a ** (later - 1 - s) * variance / t for later in range(s + 1, t))
        return first

    def whole(a: float) -> float:
        return sum(equation(a, y, z) for y, z in zip(now, past, strict=True))

    found = optimize.brentq(whole, 0.0, 0.8, xtol=1e-15)
    step = 1e-5
    slope = (whole(found + step) - whole(found - step)) / (2 * step)
    return found, {who: -equation(found, y, z) / slope for who, y, z in zip(wide.index, now, past, strict=True)}


def swept(block: np.ndarray) -> np.ndarray:
    """Take out the means of a balanced panel's entities and periods."""
    return block - block.mean(axis=1, keepdims=True) - block.mean(axis=0) + block.mean()


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first seven; each with its error and influence."""
    data, _ = draw(rng)
    found, name = [], "response[1]"
    for rows in (data, data[data["period"] < 7]):
        result = fit(rows)
        found.append((read(result)[name], read(result, "std_error")[name], result.influence[name]))
    return tuple(found)
