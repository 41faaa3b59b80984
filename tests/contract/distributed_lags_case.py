"""How the contract draws data for `distributed_lags`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.distributed_lags import fit_distributed_lags, simulate_distributed_lags
from coroi.results import Result

KEYS = ["entity", "period"]
LAGS = 2
TERMS = ("lag[0]", "lag[1]", "lag[2]", "long_run")


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_distributed_lags(rng, n=80, periods=9)


def fit(data: pd.DataFrame) -> Result:
    return fit_distributed_lags(data, outcome="outcome", metric="metric", lags=LAGS, keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates[result.estimates["term"] != "cumulative"]
    return dict(zip(TERMS, rows[column].astype(float), strict=True))


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the metric in other units: a point of them goes with another share of the outcome."""
    return fit(data.assign(metric=data["metric"] * factor)), dict.fromkeys(TERMS, 1 / factor)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Look each lag up in a dictionary, fit dummies of every entity and period, and sum scores in a loop."""
    at = {(r.entity, r.period): r for r in data.itertuples()}
    used = [key for key in sorted(at) if all((key[0], key[1] - k) in at for k in range(LAGS + 1))]
    entities, periods = sorted({e for e, _ in used}), sorted({t for _, t in used})
    design, outcome = [], []
    for e, t in used:
        lags = [at[e, t - k].metric for k in range(LAGS + 1)]
        design.append([*lags, *(e == each for each in entities), *(t == each for each in periods[1:])])
        outcome.append(at[e, t].outcome)
    x, y = np.array(design, dtype=float), np.array(outcome)
    inverse = np.linalg.inv(x.T @ x)
    beta = np.linalg.solve(x.T @ x, x.T @ y)
    meat = np.zeros_like(inverse)
    for each in entities:
        score = sum(x[i] * (y[i] - x[i] @ beta) for i, (e, _) in enumerate(used) if e == each)
        meat += np.outer(score, score)
    covariance = inverse @ meat @ inverse * len(entities) / (len(entities) - 1)
    picks = [*np.eye(LAGS + 1), np.ones(LAGS + 1)]
    return {
        term: (
            float(pick @ beta[: LAGS + 1]),
            float(np.sqrt(pick @ covariance[: LAGS + 1, : LAGS + 1] @ pick)),
        )
        for term, pick in zip(TERMS, picks, strict=True)
    }


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Estimate the long run of one panel twice: from all periods, and from the earlier ones."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] <= 7]):
        result = fit(rows)
        found.append((read(result)["long_run"], read(result, "std_error")["long_run"], result.influence["long_run"]))
    return tuple(found)
