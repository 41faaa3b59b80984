"""How the contract draws data for `group_time`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.group_time import fit_group_time, simulate_group_time
from coroi.results import Result
from roll_out_twin import clustered_error, contrast_twin

KEYS = ["entity", "period"]
WORLD = {"n": 80, "periods": 6, "starts": (2, 4), "path": (1.0, 2.0), "later_cohorts": 0.5, "confounding": 0.3}


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_group_time(rng, **WORLD)


def fit(data: pd.DataFrame) -> Result:
    return fit_group_time(data, outcome="outcome", controls=["size"], leads=1, keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates[result.estimates["term"].isin(["overall", "event_time", "cohort"])]
    rows = rows[~(rows["event_time"] < 0)]
    places = rows["event_time"].fillna(rows["cohort"])
    names = [t if np.isnan(at) else f"{t}: {at:g}" for t, at in zip(rows["term"], places, strict=True)]
    return dict(zip(names, rows[column].astype(float), strict=True))


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the outcome in other units."""
    return fit(data.assign(outcome=data["outcome"] * factor)), dict.fromkeys(read(fit(data)), factor)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Compare each cohort in each period with those not treated yet, by moments, and average in loops."""
    value = {(r.entity, r.period): (r.outcome, r.size_) for r in data.rename(columns={"size": "size_"}).itertuples()}
    first = {r.entity: r.first_treated for r in data.itertuples()}
    cells = {}
    for g in (2, 4):
        for t in range(g, 6):
            units = [u for u in sorted(first) if first[u] == g or not first[u] <= t]
            treated = np.array([first[u] == g for u in units])
            change = np.array([value[u, t][0] - value[u, g - 1][0] for u in units])
            design = np.array([[1.0, value[u, g - 1][1]] for u in units])
            effect, moved = contrast_twin(change, treated, design, np.ones(len(units)), "both")
            many = {side: (treated == side).sum() for side in (True, False)}
            moved = {u: m * np.sqrt(many[s] / (many[s] - 1)) for u, m, s in zip(units, moved, treated, strict=True)}
            cells[g, t] = (effect, moved, many[True])
    wanted = {"overall": list(cells)}
    wanted |= {f"event_time: {e}": [(g, t) for g, t in cells if t - g == e] for e in range(4)}
    wanted |= {f"cohort: {g}": [c for c in cells if c[0] == g] for g in (2, 4)}
    found = {}
    for name, taken in wanted.items():
        size = sum(cells[c][2] for c in taken)
        moved = {u: sum(cells[c][2] / size * cells[c][1].get(u, 0.0) for c in taken) for u in first}
        found[name] = (sum(cells[c][2] / size * cells[c][0] for c in taken), clustered_error(moved))
    return found


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first four; each with its error and influence."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 4]):
        result = fit_group_time(rows, outcome="outcome", leads=0, keep_influence=True)
        estimates = result.estimates.set_index("term").loc["overall"]
        found.append((estimates["estimate"], estimates["std_error"], result.influence["overall"]))
    return tuple(found)
