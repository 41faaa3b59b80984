"""Every estimator of the panel written out with dummies, loops and double sums."""

from __future__ import annotations

import numpy as np
import pandas as pd


def design_of(data: pd.DataFrame, estimator: str, terms: list[str]) -> tuple[np.ndarray, np.ndarray, list, list]:
    """Return design (terms first), outcome, and entity and period of each row of it."""
    periods, entities = sorted(set(data["period"])), sorted(set(data["entity"]))
    if estimator == "between":
        own = [data[data["entity"] == e] for e in entities]
        x = [[d[t].mean() for t in terms] + [(d["period"] == p).mean() for p in periods] for d in own]
        return np.array(x), np.array([d["outcome"].mean() for d in own]), entities, [None] * len(entities)
    parts = [data[terms].to_numpy(float)]
    if estimator in ("two_way", "entity"):
        parts.append((data["entity"].to_numpy()[:, None] == np.array(entities)).astype(float))
    if estimator == "two_way":
        parts.append((data["period"].to_numpy()[:, None] == np.array(periods)).astype(float))
    if estimator == "pooled":
        parts.append(np.ones((len(data), 1)))
    return np.column_stack(parts), data["outcome"].to_numpy(float), list(data["entity"]), list(data["period"])


def slopes(data: pd.DataFrame, estimator: str, terms: list[str]) -> np.ndarray:
    x, y, _, _ = design_of(data, estimator, terms)
    return np.linalg.lstsq(x, y, rcond=None)[0][: len(terms)]


def answer(
    data: pd.DataFrame, estimator: str, terms: list[str], *, n_lags: int, cluster: dict | None = None
) -> dict[str, dict[str, tuple[float, float]]]:
    """Return estimate and error by kind of errors and term."""
    x, y, entity, period = design_of(data, estimator, terms)
    coef = np.linalg.lstsq(x, y, rcond=None)[0]
    bread = np.linalg.pinv(x.T @ x)
    scores = x * (y - x @ coef)[:, None]
    groups = [e if cluster is None else cluster[e] for e in entity]
    by_group = {g: sum(s for s, own in zip(scores, groups, strict=True) if own == g) for g in set(groups)}
    n = len(by_group)
    meats = {"cluster": sum(np.outer(s, s) for s in by_group.values()) * n / (n - 1)}
    if estimator != "between":
        span = range(min(period), max(period) + 1)
        by_time = {
            t: sum((s for s, own in zip(scores, period, strict=True) if own == t), np.zeros(x.shape[1])) for t in span
        }
        meat = np.zeros((x.shape[1], x.shape[1]))
        for s in span:
            for t in span:
                meat += max(0.0, 1 - abs(s - t) / (n_lags + 1)) * np.outer(by_time[s], by_time[t])
        meats["driscoll_kraay"] = meat * len(span) / (len(span) - 1)
    errors = {kind: np.sqrt(np.diag(bread @ meat @ bread)) for kind, meat in meats.items()}
    return {kind: {t: (coef[j], e[j]) for j, t in enumerate(terms)} for kind, e in errors.items()}
