"""How the contract draws data for `standing`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.standing import fit_standing, simulate_standing
from coroi.results import Result

KEYS = ["entity", "period"]


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_standing(rng, industries=8, firms=5, periods=8, slope=0.5)


def fit(data: pd.DataFrame) -> Result:
    return fit_standing(data, outcome="value", metric="score", keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates[result.estimates["whose"] == "own"]
    return {str(term): float(x) for term, x in zip(rows["term"], rows[column], strict=True)}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the metric in other units, and value too, which changes no rank."""
    result = fit(data.assign(score=data["score"] * factor, value=data["value"] * factor))
    return result, dict.fromkeys(("percentile", "places", "top"), 1 / factor)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Rank by comparing each with each, then regress on dummies and sum scores firm by firm."""
    rows = list(data.itertuples(index=False))
    firms, periods = sorted({r.entity for r in rows}), sorted({r.period for r in rows})
    outcomes: dict[str, list[float]] = {"percentile": [], "places": [], "top": []}
    design = []
    for r in rows:
        others = [o for o in rows if (o.industry, o.period) == (r.industry, r.period) and o.entity != r.entity]
        below = sum(1.0 for o in others if o.value < r.value) + sum(0.5 for o in others if o.value == r.value)
        outcomes["places"].append(below)
        outcomes["percentile"].append(below / len(others))
        outcomes["top"].append(float(all(o.value <= r.value for o in others)))
        dummies = [float(r.entity == f) for f in firms] + [float(r.period == p) for p in periods[1:]]
        design.append([r.score, sum(o.score for o in others) / len(others), *dummies])
    x = np.array(design)
    bread = np.linalg.inv(x.T @ x)
    found = {}
    for name, values in outcomes.items():
        beta = bread @ x.T @ np.array(values)
        left = np.array(values) - x @ beta
        by_firm = {f: sum(e * v for e, v, r in zip(left, x, rows, strict=True) if r.entity == f) for f in firms}
        meat = sum(np.outer(s, s) for s in by_firm.values()) * len(firms) / (len(firms) - 1)
        found[name] = (float(beta[0]), float(np.sqrt((bread @ meat @ bread)[0, 0])))
    return found


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first five; each with its error and influence."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 5]):
        result = fit(rows)
        found.append(
            (read(result)["percentile"], read(result, "std_error")["percentile"], result.influence["percentile"])
        )
    return tuple(found)
