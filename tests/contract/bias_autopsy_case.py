"""How the contract draws data for `bias_autopsy`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.bias_autopsy import fit_bias_autopsy, simulate_bias_autopsy
from coroi.results import Result

KEYS = ["entity", "period"]
WORLD = {"sorting": 0.8, "non_response": 1.0, "noise": 1.0, "passing": 1.0, "reverse": 0.6, "tilt": 0.1}


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_bias_autopsy(rng, n=700, without=0.1, **WORLD)


def fit(data: pd.DataFrame) -> Result:
    return fit_bias_autopsy(
        data,
        outcome="outcome",
        controls=["trait"],
        weight="weight",
        earlier="earlier",
        past=["past"],
        keep_influence=True,
    )


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    return {"per_point": float(result.estimates.set_index("term")[column]["per_point"])}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the outcome in other units."""
    return fit(data.assign(outcome=data["outcome"] * factor)), {"per_point": factor}


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Solve the equations of two-stage least squares as they stand, and add up rows one at a time."""
    rows = data.dropna()
    design = np.column_stack([np.ones(len(rows)), rows["trait"], rows["past"], rows["metric"]])
    told = np.column_stack([design[:, :3], rows["earlier"]])
    weighed = told * rows["weight"].to_numpy()[:, None]
    target = rows["outcome"].to_numpy()
    inverse = np.linalg.inv(weighed.T @ design)
    coef = inverse @ weighed.T @ target
    squares, g = 0.0, data["entity"].nunique()
    for z, x, y in zip(weighed, design, target, strict=True):
        squares += float((inverse @ z)[-1] * (y - x @ coef)) ** 2
    return {"per_point": (float(coef[-1]), float(np.sqrt(squares * g / (g - 1))))}


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one set of answers twice: all of them, and six in ten; each with its error and influence."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["entity"] % 10 < 6]):
        result = fit(rows)
        found.append((read(result)["per_point"], read(result, "std_error")["per_point"], result.influence["per_point"]))
    return tuple(found)
