"""How the contract draws data for `sun_abraham`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.sun_abraham import fit_sun_abraham, simulate_sun_abraham
from coroi.results import Result
from roll_out_twin import clustered_error

KEYS = ["entity", "period"]
WORLD = {"n": 60, "periods": 6, "starts": (2, 4), "path": (1.0, 2.0), "later_cohorts": 0.5, "attrition": 0.04}


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    data, truth = simulate_sun_abraham(rng, **WORLD)
    return data, {name: truth[name] for name in ("overall", "event_time: 1", "cohort: 2")}


def fit(data: pd.DataFrame) -> Result:
    return fit_sun_abraham(data, outcome="outcome", leads=1, horizon=3, keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates
    at = {
        "overall": rows["term"] == "overall",
        "event_time: 1": (rows["term"] == "event_time") & (rows["event_time"] == 1),
        "cohort: 2": (rows["term"] == "cohort") & (rows["cohort"] == 2),
    }
    return {name: float(rows.loc[where, column].iloc[0]) for name, where in at.items()}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the outcome in other units."""
    return fit(data.assign(outcome=data["outcome"] * factor)), dict.fromkeys(read(fit(data)), factor)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Regress on a dummy of each unit, period, and cohort by time, and sum scores by unit."""
    before = data.groupby("entity")["period"].transform("min") < data["first_treated"].fillna(np.inf)
    rows = [(r.entity, r.period, r.first_treated, r.outcome) for r in data[before].itertuples()]
    cells = sorted({(g, t - g) for _, t, g, _ in rows if g == g and t - g != -1})
    people, times = sorted({r[0] for r in rows}), sorted({r[1] for r in rows})
    design = np.zeros((len(rows), len(cells) + len(people) + len(times)))
    for i, (who, t, g, _) in enumerate(rows):
        if (g, t - g) in cells:
            design[i, cells.index((g, t - g))] = 1
        design[i, len(cells) + people.index(who)] = 1
        design[i, len(cells) + len(people) + times.index(t)] = 1
    y = np.array([r[3] for r in rows])
    inverse = np.linalg.pinv(design.T @ design)
    coef = inverse @ design.T @ y
    many = {}  # effective numbers of units, by their rows
    for g in (2, 4, -1):
        of = [r[0] for r in rows if r[2] == g or (g == -1 and r[2] != r[2])]
        many[g] = len(of) ** 2 / sum(of.count(who) ** 2 for who in set(of))
    moved = {who: np.zeros(len(coef)) for who in people}
    for (who, _, g, _), x, e in zip(rows, design, y - design @ coef, strict=True):
        m = many[g if g == g else -1]
        moved[who] += inverse @ x * e * np.sqrt(m / (m - 1))
    found = {}
    for name, taken in {
        "overall": [c for c in cells if c[1] >= 0],
        "event_time: 1": [c for c in cells if c[1] == 1],
        "cohort: 2": [c for c in cells if c[0] == 2 and c[1] >= 0],
    }.items():
        size = {c: sum((g, t - g) == c for _, t, g, _ in rows) for c in taken}
        share = {c: size[c] / sum(size.values()) for c in taken}
        effect = sum(share[c] * coef[cells.index(c)] for c in taken)
        by_unit = {who: sum(share[c] * m[cells.index(c)] for c in taken) for who, m in moved.items()}
        found[name] = (float(effect), clustered_error(by_unit))
    return found


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first four; each with its error and influence."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 4]):
        result = fit_sun_abraham(rows, outcome="outcome", leads=0, keep_influence=True)
        estimates = result.estimates.set_index("term").loc["overall"]
        found.append((estimates["estimate"], estimates["std_error"], result.influence["overall"]))
    return tuple(found)
