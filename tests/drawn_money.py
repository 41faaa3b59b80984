"""Flows of money that the tests of this room share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.inference.influence import influence_covariance
from coroi.roi.flows import Flows, Line


def days(n: int) -> tuple[str, ...]:
    return tuple(str(d.date()) for d in pd.date_range("2024-01-01", periods=n, freq="MS"))


def line(name: str, level: float, *, seed: int, n: int = 4, clusters: int = 30, shared: float = 0.0) -> Line:
    """Return a line with influence by cluster, part of which lines of the same length share."""
    common = np.random.default_rng(7).standard_normal((clusters, n))
    moved = (shared * common + np.random.default_rng(seed).standard_normal((clusters, n))) / clusters
    frame = pd.DataFrame(moved, index=[f"u{i}" for i in range(clusters)])
    estimate = level + 0.1 * np.random.default_rng(seed + 100).standard_normal(n)
    return Line(
        name=name, estimate=estimate, covariance=influence_covariance(moved), moved=frame, df=float(clusters - 1)
    )


def flows_of(estimate: np.ndarray, covariance: np.ndarray, *, df: float = np.inf, names: str = "abcdef") -> Flows:
    """Return flows with a given covariance, shape (n_lines × n_periods, ) twice."""
    return Flows(
        names=tuple(names[: len(estimate)]),
        estimate=np.asarray(estimate, float),
        covariance=covariance,
        df=df,
        currency="EUR",
        periods=days(np.shape(estimate)[1]),
    )


def random_flows(seed: int, *, lines: int = 3, periods: int = 3, df: float = np.inf, size: float = 1.0) -> Flows:
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((lines * periods, lines * periods + 2))
    return flows_of(0.3 * rng.standard_normal((lines, periods)), size * root @ root.T / 10, df=df)
