"""How the contract draws data for `hazard`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.inference.cells import count_cells
from coroi.inference.design import Term
from coroi.models.hazard import fit_hazard, simulate_hazard
from coroi.results import Result


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_hazard(rng, n=400, periods=8, slope=-0.4)


def fit(data: pd.DataFrame) -> Result:
    return fit_hazard(count_cells(data, ["score"], event="exited", cluster="customer"), terms=[Term("score")])


def read(result: Result) -> dict[str, float]:
    rows = result.estimates.set_index("term")["estimate"]
    return {"score": float(rows["score"])}
