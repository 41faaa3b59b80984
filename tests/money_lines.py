"""Lines of money that tests draw, and the loops that they are held against."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.inference.influence import influence_covariance
from coroi.roi.flows import Flows, Line, join_lines

INF = float("inf")


def drawn_line(name: str, path, seed: int, *, n_clusters: int = 30, spread: float = 1.0) -> Line:
    """Draw influence by cluster around a path that is given."""
    rng = np.random.default_rng(seed)
    moved = spread / n_clusters * rng.standard_normal((n_clusters, len(path))) @ np.triu(np.full((len(path),) * 2, 0.6))
    frame = pd.DataFrame(moved, index=[f"u{i}" for i in range(n_clusters)])
    path = np.asarray(path, float)
    return Line(name=name, estimate=path, covariance=influence_covariance(moved), moved=frame, df=n_clusters - 1.0)


def months(n: int) -> tuple[str, ...]:
    return tuple(f"{2024 + k // 12}-{k % 12 + 1:02d}-01" for k in range(n))


def joined(*lines: Line) -> Flows:
    return join_lines(lines, currency="EUR", periods=months(len(lines[0].estimate)))


def summed(amounts, rate: float, per_year: int) -> float:
    """Discount and add amounts one by one."""
    total = 0.0
    for k, amount in enumerate(amounts):
        total += amount / (1 + rate) ** (k / per_year)
    return total


def variance_of_sum(covariance, weights) -> float:
    total = 0.0
    for i, w in enumerate(weights):
        for j, u in enumerate(weights):
            total += w * u * covariance[i][j]
    return total
