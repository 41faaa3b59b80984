"""How the contract draws data for `imputation_did`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.imputation_did import fit_imputation_did, simulate_imputation_did
from coroi.results import Result
from imputation_twin import imputed_by_hand

KEYS = ["entity", "period"]


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    data, truth = simulate_imputation_did(
        rng, n=32, periods=9, starts=(4, 6), path=(0.2, 0.5), later_cohorts=0.3, sponsored=0.4
    )
    # which units of a cohort have a sponsor is drawn, so that their mean changes from draw to draw
    kept = ("overall", "cohort: 4", "event_time: 0", "event_time: 3", "difference: yes less no")
    return data, {"event_time: -1": 0.0} | {name: truth[name] for name in kept}


def fit(data: pd.DataFrame) -> Result:
    return fit_imputation_did(data, outcome="outcome", leads=2, by="sponsored", keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    values = dict(zip(result.vcov.index, result.estimates[column].astype(float), strict=True))
    return {name: values[name] for name in draw(np.random.default_rng(0))[1]}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the outcome in other units."""
    result = fit(data.assign(outcome=data["outcome"] * factor))
    return result, dict.fromkeys(read(result), factor)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Invert the normal equations of dummies, and lay every outcome's weight out row by row."""
    found = imputed_by_hand(data.assign(weight=1.0), leads=2)
    return {name: found[name][:2] for name in draw(np.random.default_rng(0))[1]}


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: all periods, and the first seven; each with its error and influence."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 7]):
        result = fit(rows)
        values = result.estimates.set_index("term").loc["overall"]
        found.append((values["estimate"], values["std_error"], result.influence["overall"]))
    return tuple(found)
