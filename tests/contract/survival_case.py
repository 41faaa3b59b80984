"""How the contract draws data for `survival`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.survival import fit_survival, simulate_survival
from coroi.results import Result

HORIZON = 6


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    counts, truth = simulate_survival(rng, n=120, hazards={"low": 0.06, "top": 0.02}, horizon=HORIZON, censoring=0.02)
    return counts, truth | {"difference": truth["top"] - truth["low"]}


def fit(data: pd.DataFrame) -> Result:
    return fit_survival(data, bands=["low", "top"], horizon=HORIZON, contrast=("top", "low"))


def read(result: Result) -> dict[str, float]:
    rows = result.estimates
    names = rows["band"].where(rows["term"] == "share", "difference")
    return dict(zip(names, rows["estimate"], strict=True))
