"""How the contract draws data for `interrupted_series`, fits it and reads the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.models.interrupted_series import fit_interrupted_series, simulate_interrupted_series
from coroi.results import Result

KEYS = ["entity", "period"]
NAMES = ("level", "slope", "overall", "event_time[5]")


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    data, truth = simulate_interrupted_series(rng, before=30, after=12, memory=0.3)
    return data, {name: truth[name] for name in NAMES}


def fit(data: pd.DataFrame) -> Result:
    return fit_interrupted_series(data, outcome="outcome", keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates
    names = [f"event_time[{r.event_time:.0f}]" if r.term == "event_time" else r.term for r in rows.itertuples()]
    found = dict(zip(names, rows[column].astype(float), strict=True))
    return {name: found[name] for name in NAMES}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the outcome in other units."""
    return fit(data.assign(outcome=data["outcome"] * factor)), dict.fromkeys(NAMES, factor)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Write the covariance of all periods out for every degree of memory, and weigh by the restricted likelihood."""
    rows = data.sort_values("period")
    time = rows["period"].to_numpy(float)
    start = rows["first_treated"].iloc[0]
    after = (time >= start).astype(float)
    x = np.column_stack([np.ones(len(time)), time - start, after, after * (time - start)])
    y, n, p = rows["outcome"].to_numpy(), len(time), 4
    mean_time = (time - start)[time >= start].mean()
    wanted = {
        "level": [0, 0, 1, 0],
        "slope": [0, 0, 0, 1],
        "overall": [0, 0, 1, mean_time],
        "event_time[5]": [0, 0, 1, 5],
    }
    logs, centres, variances = [], [], []
    for step in range(190):
        rho = -0.9 + step * (0.99 + 0.9) / 189
        v = np.array([[rho ** abs(int(a - b)) for a in time] for b in time])
        inverse = np.linalg.inv(v)
        bread = np.linalg.inv(x.T @ inverse @ x)
        beta = bread @ x.T @ inverse @ y
        rss = (y - x @ beta) @ inverse @ (y - x @ beta)
        logs.append(-0.5 * np.linalg.slogdet(v)[1] + 0.5 * np.linalg.slogdet(bread)[1] - 0.5 * (n - p) * np.log(rss))
        centres.append(beta)
        variances.append(bread * rss / (n - p - 2))
    share = np.exp(np.array(logs) - max(logs))
    share = share / share.sum()
    found = {}
    for name, weights in wanted.items():
        c = np.array(weights, dtype=float)
        middle = [float(b @ c) for b in centres]
        estimate = sum(s * m for s, m in zip(share, middle, strict=True))
        variance = sum(
            s * (float(c @ v @ c) + (m - estimate) ** 2) for s, m, v in zip(share, middle, variances, strict=True)
        )
        found[name] = (float(estimate), float(np.sqrt(variance)))
    return found


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Fit one series twice: to its last period, and to the eighth after the start."""
    data, _ = draw(rng)
    found = []
    for rows in (data, data[data["period"] < 38]):
        result = fit(rows)
        of = result.estimates.set_index("term").loc["level"]
        found.append((float(of["estimate"]), float(of["std_error"]), result.influence["level"]))
    return tuple(found)
