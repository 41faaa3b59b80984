"""How the contract draws data for `switching_did`, fits it and reads the answer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from coroi.models.switching_did import fit_switching_did, simulate_switching_did
from coroi.results import Result

KEYS = ["entity", "period"]
NAMES = (
    "event_time: 1",
    "overall",
    "per_dose_overall",
    "exposure: 2",
    "full_less_part",
    "left_after: 1",
    "stopping: 1",
)
DESIGN = {"n": 44, "periods": 9, "starts": (3, 4), "lengths": (0, 2), "doses": (0.5, 1.0), "path": (0.5, 1.0)}
KEPT, LAST = 0.5, 3


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    data, effect = simulate_switching_did(rng, **DESIGN, kept=KEPT, noise=0.5)
    return data, truth_of(data.assign(effect=effect))


def truth_of(data: pd.DataFrame) -> dict[str, float]:
    """Average the effects drawn over the rows that each name speaks of."""
    rows = data.sort_values(["entity", "period"]).copy()
    on = rows["dose"] > 0
    rows["first"] = rows["period"].where(on).groupby(rows["entity"]).transform("min")
    rows["last"] = rows["period"].where(on).groupby(rows["entity"]).transform("max")
    rows["full"] = rows.groupby("entity")["dose"].transform("max") == 1
    since_start = rows[rows["period"] >= rows["first"]]
    ended = since_start[since_start["last"] < rows["period"].max()]
    after = since_start[since_start["period"] <= since_start["first"] + LAST]
    time, unbroken = after["period"] - after["first"], after["period"] <= after["last"]
    since = ended["period"] - ended["last"] - 1
    groups = {full: after[unbroken & (after["full"] == full)] for full in (True, False)}
    paths = {f: g["effect"].groupby(g["period"] - g["first"]).mean() for f, g in groups.items()}
    shared = paths[True].index.intersection(paths[False].index)
    top = ended.groupby("entity")["dose"].transform("max")
    return {
        "event_time: 1": after["effect"][time == 1].mean(),
        "overall": after["effect"].mean(),
        "per_dose_overall": after["effect"].sum() / after["dose"].sum(),
        "exposure: 2": after["effect"][unbroken & (time == 1)].mean(),
        "full_less_part": paths[True][shared].mean() - paths[False][shared].mean(),
        "left_after: 1": ended["effect"][since == 1].mean(),
        "stopping: 1": (ended["effect"] - top)[since == 1].mean(),
    }


def fit(data: pd.DataFrame) -> Result:
    return fit_switching_did(data, outcome="outcome", horizon=LAST, leads=1, keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    keys = ["event_time", "cohort", "period", "exposure", "since_end"]
    found = {}
    for _, row in result.estimates.iterrows():
        told = [f"{row[key]:.0f}" for key in keys if pd.notna(row[key])]
        told += [row["dose_group"]] if isinstance(row["dose_group"], str) else []
        found[": ".join([row["term"], *told])] = float(row[column])
    return {name: found[name] for name in NAMES}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure doses in other units: only an effect per unit of dose changes."""
    factors = dict.fromkeys(NAMES, 1.0) | {"per_dose_overall": 1 / factor}
    return fit(data.assign(dose=data["dose"] * factor)), factors


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Go through units and periods one by one."""
    outcome = {(r.entity, r.period): r.outcome for r in data.itertuples()}
    dose = {(r.entity, r.period): r.dose for r in data.itertuples()}
    units, periods = sorted({e for e, _ in dose}), sorted({t for _, t in dose})
    on = {u: [t for t in periods if dose[u, t] > 0] for u in units}
    first = {u: on[u][0] for u in units if on[u]}
    end = {u: on[u][-1] + 1 for u in first if on[u][-1] < periods[-1]}

    def waiting(u: int, until: int) -> list[int]:
        return [v for v in units if first.get(v, 10**6) > until]

    def alike(u: int, until: int) -> list[int]:
        same = [v for v in units if all(dose[v, t] == dose[u, t] for t in range(end[u]))]
        return [v for v in same if all(dose[v, t] == dose[u, end[u] - 1] for t in range(end[u], until + 1))]

    def listed(wanted: Callable[[int, int], bool]) -> list[tuple]:
        pairs = [(u, t) for u in first for t in periods if t >= first[u] and wanted(u, t)]
        return [(u, first[u] - 1, t, waiting(u, t), 1.0, 1.0) for u, t in pairs]

    def unbroken(u: int, t: int) -> bool:
        return t in on[u]

    everything = listed(lambda u, t: t <= first[u] + LAST)
    found = {
        "event_time: 1": summed([(listed(lambda u, t: t == first[u] + 1), 1.0)], units, outcome),
        "overall": summed([(everything, 1.0)], units, outcome),
        "per_dose_overall": summed([([(*e[:5], dose[e[0], e[2]]) for e in everything], 1.0)], units, outcome),
        "exposure: 2": summed([(listed(lambda u, t: t == first[u] + 1 and unbroken(u, t)), 1.0)], units, outcome),
        "left_after: 1": summed([(listed(lambda u, t: u in end and t == end[u] + 1), 1.0)], units, outcome),
    }
    stops = [(u, end[u] - 1, end[u] + 1, alike(u, end[u] + 1), 1.0, 1.0) for u in end if end[u] + 1 <= periods[-1]]
    found["stopping: 1"] = summed([(stops, 1.0)], units, outcome)
    groups = {full: [u for u in first if (dose[u, first[u]] == 1) == full] for full in (True, False)}
    shared = [e for e in periods if e <= LAST and all(any(first[u] + e in on[u] for u in groups[f]) for f in groups)]
    parts = [
        (listed(lambda u, t, e=e, f=f: u in groups[f] and t == first[u] + e and unbroken(u, t)), sign / len(shared))
        for f, sign in ((True, 1.0), (False, -1.0))
        for e in shared
    ]
    return found | {"full_less_part": summed(parts, units, outcome)}


def summed(parts: list[tuple[list[tuple], float]], units: list[int], outcome: dict) -> tuple[float, float]:
    """Sum means of differences, each with a weight, and what every unit moves them by."""
    estimate, moved = 0.0, dict.fromkeys(units, 0.0)
    for targets, factor in parts:
        total, values, treated = sum(size for *_, size in targets), [], {u for u, *_ in targets}
        for u, base, at, pool, _, _ in targets:
            change = [outcome[v, at] - outcome[v, base] for v in pool]
            values.append(outcome[u, at] - outcome[u, base] - sum(change) / len(change))
        mean = sum(t[4] * v for t, v in zip(targets, values, strict=True)) / total
        estimate += factor * mean
        n = len(treated)
        for (u, base, at, pool, amount, size), value in zip(targets, values, strict=True):
            moved[u] += factor * (amount * value - mean * size) / total * np.sqrt(n / (n - 1))
            change = {v: outcome[v, at] - outcome[v, base] for v in pool}
            middle, k = sum(change.values()) / len(change), len(change)
            for v in pool:
                moved[v] -= factor * amount / total * (change[v] - middle) / k * np.sqrt(k / (k - 1))
    return float(estimate), float(np.sqrt(sum(m**2 for m in moved.values())))


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first six."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 6]):
        result = fit(rows)
        of = result.estimates.set_index("term").loc["overall"]
        found.append((float(of["estimate"]), float(of["std_error"]), result.influence["overall"]))
    return tuple(found)
