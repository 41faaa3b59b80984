"""The binary regression once more, row by row: Newton's steps on single rows, and a sandwich summed in a loop."""

from __future__ import annotations

import numpy as np
import pandas as pd


def random_rows(seed: int, customers: int = 300, periods: int = 8, *, scores: int = 11) -> pd.DataFrame:
    """Draw customers with answers that come, go stale and change, uneven weights and exits that follow them."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(customers):
        segment, answered = rng.choice(["a", "b", "c"]), -1
        score = float("nan")
        for period in range(periods):
            if rng.random() < 0.25:
                answered, score = period, float(rng.integers(0, scores)) * 10 / (scores - 1)
            stale = answered >= 0 and period - answered > 2
            state = "never answered" if answered < 0 else "answer too old" if stale else "answered"
            known = score if state == "answered" else float("nan")
            eta = -1.6 - 0.15 * (np.nan_to_num(known, nan=5) - 5) - 0.1 * period + 0.3 * (segment == "b")
            exited = int(rng.random() < 1 / (1 + np.exp(-eta)))
            rows.append((f"c{who}", period, known, state, min(period // 2, 2), segment, exited, rng.uniform(0.2, 3)))
            if exited:
                break
    names = ["customer", "period", "score", "state", "tenure", "segment", "exited", "weight"]
    return pd.DataFrame(rows, columns=names)


def matrix(rows: pd.DataFrame, dummies: dict[str, list], *, centre: float = 5.0) -> np.ndarray:
    """Build the design by hand: a constant, the score where there is one, and a column for each level named."""
    score = [0.0 if np.isnan(s) else s - centre for s in rows["score"]]
    columns = [np.ones(len(rows)), np.array(score)]
    columns += [
        np.array([float(v == level) for v in rows[name]]) for name, levels in dummies.items() for level in levels
    ]
    return np.column_stack(columns)


def derivatives(eta: np.ndarray, y: np.ndarray, link: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and second derivative of each row's log-likelihood by its linear predictor."""
    if link == "logit":
        p = 1 / (1 + np.exp(-eta))
        return y - p, -p * (1 - p)
    r = np.exp(eta)
    first = r / np.expm1(r)  # of log(1 - exp(-r))
    second = first * (1 - r / -np.expm1(-r))
    return np.where(y == 1, first, -r), np.where(y == 1, second, -r)


def fit(x: np.ndarray, y: np.ndarray, clusters: np.ndarray, link: str, weight: np.ndarray | None = None):
    """Return coefficients and the clustered covariance with the factor G / (G − 1)."""
    w = np.ones(len(y)) if weight is None else weight
    beta = np.zeros(x.shape[1])
    share = (w * y).sum() / w.sum()
    beta[0] = np.log(share / (1 - share)) if link == "logit" else np.log(-np.log(1 - share))
    for _ in range(50):
        first, second = derivatives(x @ beta, y, link)
        hessian = (x.T * (w * second)) @ x
        move = np.linalg.solve(hessian, x.T @ (w * first))
        beta = beta - move
        if np.abs(move).max() < 1e-13:
            break
    first, second = derivatives(x @ beta, y, link)
    bread = np.linalg.inv(-(x.T * (w * second)) @ x)
    sums: dict = {}
    for row, who in enumerate(clusters):
        sums[who] = sums.get(who, 0) + w[row] * first[row] * x[row]
    meat = sum(np.outer(s, s) for s in sums.values())
    g = len(sums)
    return beta, bread @ meat @ bread * g / (g - 1)
