"""How the contract draws data for `long_differences`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.long_differences import fit_long_differences, simulate_long_differences
from coroi.results import Result
from long_differences_twin import slow_long_differences

KEYS = ["entity", "period"]
LAST, SINCE = 2, 6


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_long_differences(
        rng, n=60, periods=12, path=(0.5, 0.25), horizons=LAST, persistence=0.3, confounding=0.5, leaving=0.03
    )


def fit(data: pd.DataFrame, since: int = SINCE) -> Result:
    return fit_long_differences(
        data, outcome="outcome", metric="metric", gone="gone", since=since, horizons=LAST, keep_influence=True
    )


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates[result.estimates["term"] != "crossover"]
    names = [f"response[{r.horizon}]" if r.term == "response" else r.term for r in rows.itertuples()]
    return dict(zip(names, rows[column].astype(float), strict=True))


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the metric in other units."""
    names = [*(f"response[{h}]" for h in range(LAST + 1)), "total"]
    return fit(data.assign(metric=data["metric"] * factor)), dict.fromkeys(names, 1 / factor)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    path, covariance = slow_long_differences(data, horizons=LAST, lags=1, settle=LAST + 1, since=SINCE, gone="gone")
    weights = {f"response[{h}]": np.eye(LAST + 1)[h] for h in range(LAST + 1)} | {"total": np.ones(LAST + 1)}
    return {name: (float(w @ path), float(np.sqrt(w @ covariance @ w))) for name, w in weights.items()}


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: with changes from the cohort's start on, and from a later period on."""
    data, _ = draw(rng)
    found, name = [], "response[1]"
    for since in (SINCE, SINCE + 2):
        result = fit(data, since)
        found.append((read(result)[name], read(result, "std_error")[name], result.influence[name]))
    return tuple(found)
