"""How the contract draws data for `dynamic_panel`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.dynamic_panel import fit_dynamic_panel, simulate_dynamic_panel
from coroi.results import Result
from gmm_twin import Twin

KEYS = ["entity", "period"]
TERMS = ("profit_lag_1", "score", "long_run")


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_dynamic_panel(rng, n=500, periods=6, lag=0.3)


def fit(data: pd.DataFrame) -> Result:
    return fit_dynamic_panel(data, outcome="profit", metric="score", instrument_lags=(2, 3), keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates.set_index("term")[column]
    return {term: float(rows[term]) for term in TERMS}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the score in other units: a point of them goes with another share of profit; the lag is a share."""
    return fit(data.assign(score=data["score"] * factor)), {
        "profit_lag_1": 1.0,
        "score": 1 / factor,
        "long_run": 1 / factor,
    }


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Stack dense matrices entity by entity, and take the correction by numerical derivatives."""
    slow = Twin(
        data,
        outcome="profit",
        regressors=[("profit", 1), ("score", 0)],
        levels={"profit": (2, 3), "score": (1, 2)},
        collapse=True,
        period_effects=True,
    )
    beta, covariance, _, _ = slow.two_step()
    (lag, effect), own = beta[-2:], covariance[-2:, -2:] * slow.factor
    slopes = {"profit_lag_1": [1, 0], "score": [0, 1], "long_run": [effect / (1 - lag) ** 2, 1 / (1 - lag)]}
    values = dict(zip(TERMS, (lag, effect, effect / (1 - lag)), strict=True))
    return {term: (float(values[term]), float(np.sqrt(np.array(s) @ own @ s))) for term, s in slopes.items()}


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: over all periods, and without the last; each with its error and influence."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 5]):
        result = fit(rows)
        found.append((read(result)["score"], read(result, "std_error")["score"], result.influence["score"]))
    return tuple(found)
