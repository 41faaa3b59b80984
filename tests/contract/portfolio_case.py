"""How the contract draws data for `portfolio`, fits it and reads the answer."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from coroi.models.portfolio import fit_portfolio, simulate_portfolio
from coroi.results import Result

KEYS = ["entity", "period"]
FACTORS = ["market", "smb"]


def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_portfolio(rng, firms=40, years=6, alpha=0.008)


def fit(data: pd.DataFrame, share: float = 0.25) -> Result:
    factors = data.drop_duplicates("period")[["period", *FACTORS, "risk_free"]]
    return fit_portfolio(data, factors=factors, metric="score", names=FACTORS, share=share, keep_influence=True)


def read(result: Result, column: str = "estimate") -> dict[str, float]:
    rows = result.estimates[result.estimates["term"] == "alpha"]
    return {str(name): float(x) for name, x in zip(rows["portfolio"], rows[column], strict=True)}


def rescaled(data: pd.DataFrame, factor: float) -> tuple[Result, dict[str, float]]:
    """Measure the score in other units, which sorts firms alike, and factors too, which explains as much."""
    changed = {name: data[name] * factor for name in ("score", *FACTORS)}
    return fit(data.assign(**changed)), dict.fromkeys(("high", "low", "high less low"), 1.0)


def twin(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Hold money firm by firm and month by month; regress, and weigh scores month by month with each cosine."""
    by_month = {m: {r.entity: r for r in rows.itertuples()} for m, rows in data.groupby("period")}
    series: dict[str, list[float]] = {"high": [], "low": []}
    purse: dict[str, dict] = {}
    for month in sorted(by_month):
        here = by_month[month]
        if month % 12 == 0:  # when scores are published
            ranked = sorted(here, key=lambda firm: here[firm].score)
            count = math.floor(len(ranked) * 0.25)
            purse = {"low": dict.fromkeys(ranked[:count], 1.0), "high": dict.fromkeys(ranked[-count:], 1.0)}
        for name, money in purse.items():
            there = [firm for firm in money if firm in here]
            before = sum(money[firm] for firm in there)
            for firm in there:
                money[firm] *= 1 + here[firm].total_return
            series[name].append(sum(money[firm] for firm in there) / before - 1)
    market = [next(iter(by_month[m].values())) for m in sorted(by_month)]
    x = np.array([[1.0, r.market, r.smb] for r in market])
    high, low, safe = np.array(series["high"]), np.array(series["low"]), np.array([r.risk_free for r in market])
    return {
        name: cosines(x, y) for name, y in (("high", high - safe), ("low", low - safe), ("high less low", high - low))
    }


def cosines(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    n, k = x.shape
    waves = math.floor(0.4 * n ** (2 / 3))
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ y
    scores = [row * (value - row @ beta) for row, value in zip(x, y, strict=True)]
    meat = np.zeros((k, k))
    for j in range(1, waves + 1):
        projected = sum(math.cos(math.pi * j * (t + 0.5) / n) * score for t, score in enumerate(scores))
        meat += 2 / waves * np.outer(projected, projected)
    return float(beta[0]), float(np.sqrt((bread @ meat @ bread * n / (n - k))[0, 0]))


def pair(rng: np.random.Generator) -> tuple[tuple[float, float, pd.Series], ...]:
    """Estimate the alpha of the difference twice: of the quarters at both ends, and of the tenths."""
    data, _ = draw(rng)
    found = []
    for share in (0.25, 0.15):
        result = fit(data, share)
        told = (read(result, column)["high less low"] for column in ("estimate", "std_error"))
        found.append((*told, result.influence["high less low: alpha"]))
    return tuple(found)
