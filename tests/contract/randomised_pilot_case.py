"""How the contract draws data for `randomised_pilot`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.randomised_pilot import fit_randomised_pilot, simulate_randomised_pilot
from coroi.results import Result

KEYS = ["entity"]
TERMS = ("effect", "relative_lift", "complier_effect")
EVEN = {"control": 0.5, "treatment": 0.5}


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_randomised_pilot(rng, n=150, effect=0.6, strata=2, taken_up=0.7)


def fit(data: pd.DataFrame) -> Result:
    return fit_randomised_pilot(
        data, outcome="outcome", before=["before"], shares=EVEN, stratum="stratum", taken="taken", keep_influence=True
    )


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates[result.estimates["adjusted"]].set_index("term")[column]
    return {name: float(rows[name]) for name in TERMS}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the outcome in other units: a lift has none."""
    result = fit(data.assign(outcome=data["outcome"] * factor))
    return result, {"effect": factor, "relative_lift": 1.0, "complier_effect": factor}


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Regress arm by arm, predict everybody in every arm, and add up squares customer by customer."""
    rows = list(data.itertuples(index=False))
    x = np.array([[1.0, float(r.stratum), r.before] for r in rows])
    n, centre = len(rows), x.mean(axis=0)
    means, moved = {}, {}
    for arm in ("control", "treatment"):
        own = [i for i in range(n) if rows[i].arm == arm]
        for name in ("outcome", "taken"):
            y = np.array([float(getattr(r, name)) for r in rows])
            beta = np.linalg.lstsq(x[own], y[own], rcond=None)[0]
            means[arm, name] = float(centre @ beta)
            pull = np.linalg.inv(x[own].T @ x[own]) @ centre
            house = np.sqrt((n - 1) / n)
            each = np.array([house * (x[i] - centre) @ beta / n for i in range(n)])
            for i in own:
                each[i] += house * np.sqrt(len(own) / (len(own) - 3)) * (x[i] @ pull) * (y[i] - x[i] @ beta)
            moved[arm, name] = each
    gap = {name: means["treatment", name] - means["control", name] for name in ("outcome", "taken")}
    shift = {name: moved["treatment", name] - moved["control", name] for name in ("outcome", "taken")}

    def error(values: np.ndarray) -> float:
        return float(np.sqrt(sum(v * v for v in values) * n / (n - 1)))

    base, complier = means["control", "outcome"], gap["outcome"] / gap["taken"]
    lift = means["treatment", "outcome"] / base
    lift_moved = (moved["treatment", "outcome"] - lift * moved["control", "outcome"]) / base
    return {
        "effect": (gap["outcome"], error(shift["outcome"])),
        "relative_lift": (lift - 1, error(lift_moved)),
        "complier_effect": (complier, error((shift["outcome"] - complier * shift["taken"]) / gap["taken"])),
    }


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one pilot twice: all customers, and the first six in ten; each with its error and influence."""
    data, _ = simulate_randomised_pilot(rng, n=150, effect=0.6, explained=0.3)
    found = []
    for rows in (data, data[data["entity"] < 90]):
        result = fit_randomised_pilot(rows, outcome="outcome", before=["before"], keep_influence=True)
        table = result.estimates[(result.estimates["term"] == "effect") & result.estimates["adjusted"]].iloc[0]
        found.append((table["estimate"], table["std_error"], result.influence["effect: treatment, adjusted"]))
    return tuple(found)
