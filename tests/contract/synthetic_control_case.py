"""How the contract draws data for `synthetic_control`, fits it and reads the answer."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from coroi.models.synthetic_control import fit_synthetic_control, simulate_synthetic_control
from coroi.results import Result

KEYS = ["entity", "period"]
NAMES = ("event_time[0]", "event_time[2]", "overall")


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    data, truth = simulate_synthetic_control(rng, donors=8, before=12, after=3, path=(0.5, 1.0, 2.0))
    return data, {name: truth[name] for name in NAMES}


def fit(data: pd.DataFrame) -> Result:
    return fit_synthetic_control(data, outcome="outcome", worst_fit=1e9, keep_influence=True, conformal=False)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates
    names = [f"event_time[{r.event_time:.0f}]" if r.term == "event_time" else r.term for r in rows.itertuples()]
    found = dict(zip(names, rows[column].astype(float), strict=True))
    return {name: found[name] for name in NAMES}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the outcome in other units."""
    return fit(data.assign(outcome=data["outcome"] * factor)), dict.fromkeys(NAMES, factor)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Try every set of donors, solve for their weights without bounds, and keep the best that needs none."""
    table = data.set_index(["period", "entity"])["outcome"].unstack("entity")  # noqa: PD010
    start = int(data["first_treated"].dropna().iloc[0])
    treated = data.loc[data["first_treated"].notna(), "entity"].iloc[0]
    pre, post = table.loc[: start - 1], table.loc[start:]
    gap = post[treated] - post.drop(columns=treated) @ best_mix(pre, treated)
    found = {}
    for name, rows in (("event_time[0]", [0]), ("event_time[2]", [2]), ("overall", [0, 1, 2])):
        effect = float(gap.iloc[rows].mean())
        placebos = []
        for donor in table.columns.drop(treated):
            null = post.copy()
            null[treated] -= effect
            away = null[donor] - null.drop(columns=donor) @ best_mix(pre, donor)
            placebos.append(float(away.iloc[rows].mean()))
        found[name] = (effect, float(np.sqrt(np.mean(np.square(placebos)))))
    return found


def best_mix(pre: pd.DataFrame, unit: int) -> pd.Series:
    target, donors = pre[unit].to_numpy(), pre.drop(columns=unit)
    values = donors.to_numpy()
    about = values - values.mean()
    even = 1e-6 * (about**2).sum() / values.shape[1]
    best, weights = np.inf, None
    for size in range(1, values.shape[1] + 1):
        for some in combinations(range(values.shape[1]), size):
            part = values[:, some]
            system = np.zeros((size + 1, size + 1))
            system[:size, :size] = part.T @ part + even * np.eye(size)
            system[:size, size] = system[size, :size] = 1
            solved = np.linalg.solve(system, np.append(part.T @ target, 1.0))[:size]
            loss = ((target - part @ solved) ** 2).sum() + even * (solved**2).sum()
            if (solved >= 0).all() and loss < best:
                best, weights = loss, np.zeros(values.shape[1])
                weights[list(some)] = solved
    return pd.Series(weights, index=donors.columns)


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one panel twice: to its last period, and to the first after the start."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] <= 12]):
        result = fit(rows)
        of = result.estimates.set_index("term").loc["overall"]
        found.append((float(of["estimate"]), float(of["std_error"]), result.influence["overall"]))
    return tuple(found)
