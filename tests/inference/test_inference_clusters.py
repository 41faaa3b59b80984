"""Scores by cluster where a cluster turns up in several blocks, several batches, or in none that is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from coroi.inference.cells import ArrayBlock
from coroi.inference.clusters import cluster_covariance, cluster_scores
from coroi.inference.design import Term, examine


@dataclass
class Rows:
    """Single rows as cells, in blocks."""

    frame: pd.DataFrame
    cuts: list[int]
    n_clusters: int

    @property
    def n_rows(self) -> int:
        return len(self.frame)

    def blocks(self):
        for part in np.split(np.arange(len(self.frame)), self.cuts):
            rows = self.frame.iloc[part].reset_index(drop=True)
            n, events = np.ones(len(rows)), rows["exited"].to_numpy(float)
            yield ArrayBlock(rows[["x", "g"]], n, events, (rows["who"].to_numpy(), np.arange(len(rows)), n, events))


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    n = 90
    frame = pd.DataFrame({"x": rng.normal(size=n), "g": ["a", "b", "c"] * 30, "who": rng.integers(0, 12, n)})
    frame["exited"] = np.where(frame["g"] == "c", 0, rng.integers(0, 2, n))
    frame.loc[frame["who"] == 11, "g"] = "c"
    frame.loc[frame["who"] == 11, "exited"] = 0
    return frame


@pytest.mark.parametrize("cuts", [[], [10, 11, 70]])
def test_scores_equal_a_loop_over_rows(frame, cuts):
    terms = [Term("x"), Term("g", ("a", "b", "c"))]
    cells = Rows(frame, cuts, 13)  # number 12 has no row at all
    usable = examine(cells, terms)
    coef = np.array([0.2, -0.3, 0.4])
    scores, present = cluster_scores(cells, usable, coef, "logit")
    wanted = np.zeros((13, 3))
    for row in frame.itertuples():
        if row.g != "c":
            design = np.array([1.0, row.x, float(row.g == "b")])
            wanted[row.who] += design * (row.exited - 1 / (1 + np.exp(-design @ coef)))
    assert scores == pytest.approx(wanted, rel=1e-12, abs=1e-14)
    assert present == frame.loc[frame["g"] != "c", "who"].nunique() == 11


def test_the_sandwich_by_hand():
    scores = np.array([[1.0], [-2.0], [1.0], [0.0]])
    assert cluster_covariance(scores, np.array([[0.5]]), 3) == pytest.approx(np.array([[0.25 * 6 * 3 / 2]]))
