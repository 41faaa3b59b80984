"""Rows in memory reduced to cells: counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.cells import count_cells

ROWS = pd.DataFrame(
    {
        "score": [2.0, np.nan, 2.0, 7.0, np.nan, 2.0],
        "segment": ["a", "a", "a", None, "a", "b"],
        "exited": [0, 1, 1, 0, 0, 1],
        "who": ["x", "x", "y", "z", "y", "x"],
        "weight": [0.5, 1.0, 2.0, 1.0, 0.25, 3.0],
    }
)


def as_dict(block) -> dict:
    keys = block.covariates.astype(object).where(block.covariates.notna(), None)
    return {tuple(k): (n, e) for k, n, e in zip(keys.to_numpy(), block.n, block.events, strict=True)}


def test_equal_rows_are_counted_together_and_missing_values_are_a_cell_of_their_own():
    cells = count_cells(ROWS, ["score", "segment"], event="exited", cluster="who")
    assert (cells.n_rows, cells.n_clusters) == (6, 3)
    (block,) = cells.blocks()
    assert as_dict(block) == {(2.0, "a"): (2, 1), (2.0, "b"): (1, 1), (7.0, None): (1, 0), (None, "a"): (2, 1)}


def test_weights_are_summed_without_rounding():
    (block,) = count_cells(ROWS, ["score", "segment"], event="exited", cluster="who", weight="weight").blocks()
    found = as_dict(block)
    assert found == {(2.0, "a"): (2.5, 2.0), (2.0, "b"): (3, 3), (7.0, None): (1, 0), (None, "a"): (1.25, 1.0)}


def test_clusters_keep_every_row():
    cells = count_cells(ROWS, ["score", "segment"], event="exited", cluster="who", weight="weight")
    (block,) = cells.blocks()
    (rows,) = block.clusters()
    cluster, cell, n, events = rows
    assert cluster.tolist() == [0, 0, 1, 2, 1, 0]
    assert n.tolist() == ROWS["weight"].tolist()
    assert events.tolist() == [0.0, 1.0, 2.0, 0.0, 0.0, 3.0]
    assert np.bincount(cell, n).tolist() == block.n.tolist()
    assert block.covariates["score"].to_numpy()[cell] == pytest.approx(ROWS["score"].to_numpy(), nan_ok=True)


def test_without_covariates_there_is_one_cell():
    (block,) = count_cells(ROWS, [], event="exited", cluster="who").blocks()
    assert (block.n.tolist(), block.events.tolist(), len(block.covariates.columns)) == ([6.0], [3.0], 0)


def test_rows_that_cannot_be_counted_are_refused_with_their_number():
    broken = ROWS.assign(who=[None, "x", None, "y", "z", "z"], weight=[1, 2, 3, 4, 5, np.nan])
    said = "2 rows without 'who', 1 rows without 'weight'"
    with pytest.raises(DataError, match=said):
        count_cells(broken, ["score"], event="exited", cluster="who", weight="weight")
