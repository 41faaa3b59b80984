"""Imputation written out: dummies, the weight of every outcome in every figure, and loops over clusters and cohorts."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd

NEVER = float("inf")


def imputed_by_hand(
    data: pd.DataFrame, *, leads: int, anticipation: int = 0, compared_with: str = "not_yet"
) -> dict[str, tuple[float, float, float]]:
    """Return estimate, error and degrees of freedom of leads, effects, cohorts, overall, groups and their difference.

    Columns: entity, period, first_treated, outcome, weight, sponsored, and cluster, which is the entity where absent.
    """
    rows = [
        {
            "who": r.entity,
            "when": r.period,
            "first": NEVER if r.first_treated != r.first_treated else r.first_treated,
            "y": r.outcome,
            "w": r.weight,
            "group": r.sponsored,
            "cluster": getattr(r, "cluster", r.entity),
        }
        for r in data.itertuples()
    ]
    on = np.array([r["when"] >= r["first"] - anticipation for r in rows])
    time = [r["when"] - r["first"] for r in rows]
    units, periods = sorted({r["who"] for r in rows}), sorted({r["when"] for r in rows})
    z = np.array([[r["who"] == u for u in units] + [r["when"] == p for p in periods] for r in rows], dtype=float)
    y, w = np.array([r["y"] for r in rows]), np.array([r["w"] for r in rows])
    never = np.array([r["first"] == NEVER for r in rows])
    foretold = (
        foretelling(z, w, on) if compared_with == "not_yet" else foretelling_by_never(z, w, on, never, len(units))
    )
    left = y - foretold @ y
    found: dict[str, tuple[float, float, float]] = {}
    made: dict[bool, np.ndarray] = {}

    def residuals_of(split: bool) -> np.ndarray:
        """Take each outcome in turn as the only one that is not zero."""
        if split not in made:
            columns = np.eye(len(y)) - foretold
            made[split] = columns - means(rows, time, on, split) @ columns
        return made[split]

    def told(name: str, weights: np.ndarray, split: bool = False) -> None:
        """Lay out all outcomes' weights; `weights` are those of treated rows."""
        v = weights.copy()
        v[~on] = -foretold[:, ~on].T @ weights
        residuals = residuals_of(split)
        found[name] = (float(weights @ left), *error(rows, v, residuals @ y, residuals, w, split))

    def mean(rows_in: list[bool]) -> np.ndarray:
        inside = np.where(np.array(rows_in) & on, w, 0.0)
        return inside / inside.sum()

    for t in sorted({t for t, treated in zip(time, on, strict=True) if treated}):
        told(f"event_time: {t:g}", mean([x == t for x in time]))
    told("overall", mean([x >= 0 for x in time]))
    for f in sorted({r["first"] for r, treated in zip(rows, on, strict=True) if treated}):
        told(f"cohort: {f:g}", mean([r["first"] == f and x >= 0 for r, x in zip(rows, time, strict=True)]))
    yes, no = (mean([r["group"] == g and x >= 0 for r, x in zip(rows, time, strict=True)]) for g in ("yes", "no"))
    told("group: yes", yes, split=True)
    told("group: no", no, split=True)
    told("difference: yes less no", yes - no, split=True)
    return found | leads_by_hand(rows, z, y, w, on, time, leads, anticipation)


def foretelling(z, w, on) -> np.ndarray:
    """Return the matrix from outcomes to what untreated rows foretell of each row, by dummies."""
    used = np.where(on, 0.0, w)
    return z @ np.linalg.pinv(z.T @ (z * used[:, None])) @ (z * used[:, None]).T


def foretelling_by_never(z, w, on, never, n_units) -> np.ndarray:
    """Do so in two steps: periods from units never treated; then each unit's level from its own untreated rows."""
    by_never = np.linalg.pinv(z.T @ (z * (w * never)[:, None])) @ (z * (w * never)[:, None]).T
    brought = z[:, n_units:] @ by_never[n_units:]
    whose = z[:, :n_units] * np.where(on, 0.0, w)[:, None]
    level = z[:, :n_units] @ (whose / whose.sum(axis=0)).T
    return brought + level @ (np.eye(len(w)) - brought)


def leads_by_hand(rows, z, y, w, on, time, leads, anticipation) -> dict[str, tuple[float, float, float]]:
    times = [-1 - anticipation - i for i in range(leads)]
    x = np.hstack([np.array([[float(t == k) for k in times] for t in time]), z])[~on]
    bread = np.linalg.pinv(x.T @ (x * w[~on, None]))
    every = bread @ (x * w[~on, None]).T
    residuals = np.eye(len(x)) - x @ every
    kept = [r for r, treated in zip(rows, on, strict=True) if not treated]
    names = [r["cluster"] for r in rows]
    return {
        f"event_time: {k}": (
            float(every[i] @ y[~on]),
            *error(kept, every[i], residuals @ y[~on], residuals, w[~on], False, names, rows),
        )
        for i, k in enumerate(times)
    }


def strata_by_hand(rows: list[dict], split: bool) -> dict:
    """Name the stratum of each cluster: cohort (and group), neighbours joined until each holds two."""
    start, groups = {}, defaultdict(set)
    for r in rows:
        start[r["cluster"]] = min(start.get(r["cluster"], NEVER), r["first"])
        groups[r["cluster"]].add(r["group"] if split else "")
    kind = {c: (min(g) if len(g) == 1 else "~", start[c]) for c, g in groups.items()}
    strata: list[list] = [[]]
    for k in sorted(set(kind.values())):
        if len(strata[-1]) > 1:
            strata.append([])
        strata[-1] += [c for c in kind if kind[c] == k]
    if len(strata[-1]) < 2 and len(strata) > 1:
        last = strata.pop()
        strata[-1] += last
    return {c: i for i, members in enumerate(strata) for c in members}


def means(rows, time, on, split) -> np.ndarray:
    """Give the weights of the mean of rows alike that is taken off each treated row."""
    stratum = strata_by_hand(rows, split)
    out = np.zeros((len(rows), len(rows)))
    for i, r in enumerate(rows):
        if not on[i]:
            continue
        at_time = [j for j in range(len(rows)) if on[j] and time[j] == time[i]]
        alike = [j for j in at_time if stratum[rows[j]["cluster"]] == stratum[r["cluster"]]]
        if len({rows[j]["cluster"] for j in alike}) < 2:
            alike = at_time
        total = sum(rows[j]["w"] for j in alike)
        for j in alike:
            out[i, j] = rows[j]["w"] / total
    return out


def error(rows, v, residual, residuals, w, split, clusters=None, everyone=None) -> tuple[float, float]:
    """Compare clusters within strata, times what independent shocks would have left to compare."""
    stratum = strata_by_hand(everyone or rows, split)
    names = sorted(set(clusters or stratum))
    score, planned = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    of_shocks = {c: np.zeros(len(rows)) for c in names}
    for r, a, e, line, weight in zip(rows, v, residual, residuals, w, strict=True):
        score[r["cluster"]] += a * e
        planned[r["cluster"]] += a**2 / weight
        of_shocks[r["cluster"]] += a * line / np.sqrt(w)
    variance, shares = 0.0, []
    for s in sorted(set(stratum.values())):
        members = [c for c in names if stratum[c] == s]
        n, middle = len(members), sum(score[c] for c in members) / len(members)
        usual = sum(of_shocks[c] for c in members) / n
        seen = n / (n - 1) * sum(((of_shocks[c] - usual) ** 2).sum() for c in members)
        wanted = sum(planned[c] for c in members)
        factor = min(wanted / seen, 10.0) if wanted > 1e-9 * sum(planned.values()) else 1.0
        variance += factor * n / (n - 1) * sum((score[c] - middle) ** 2 for c in members)
        shares.append((wanted, n - 1))
    df = sum(p for p, _ in shares) ** 2 / sum(p**2 / free for p, free in shares)
    return float(np.sqrt(variance)), float(min(df, len(names) - 1))
