"""A panel in memory cut into blocks: every row once, entities whole, and rows left out counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.blocks import read_blocks, whole_clusters, whole_entities

FRAME = pd.DataFrame(
    {
        "who": list("bbbaaccccd"),
        "when": [4, 2, 3, 2, 5, 2, 3, 4, 6, 3],
        "y": [1.0, 2, 3, 4, np.nan, 6, 7, 8, 9, 10],
        "x": np.arange(10.0),
        "shop": list("ssstttttts"),
    }
)


def read(frame: pd.DataFrame = FRAME, **changed):
    return read_blocks(frame, ["y", "x"], **{"entity": "who", "period": "when"} | changed)


@pytest.mark.parametrize("most_rows", [1, 2, 3, 4, 100])
def test_every_complete_row_comes_once_with_its_entity_whole(most_rows):
    from dataclasses import replace

    panel = replace(read(), block_rows=most_rows)
    found = []
    first = 0
    for block in panel.blocks():
        assert block.columns.shape == (2, block.length.sum())
        assert len(block.length) == 1 or block.length.sum() <= most_rows
        names = np.repeat(panel.entities[first : first + len(block.length)], block.length)
        first += len(block.length)
        found += list(zip(names, block.period + panel.first_period, *block.columns, strict=True))
    want = FRAME.dropna()[["who", "when", "y", "x"]].sort_values(["who", "when"])
    assert found == list(want.itertuples(index=False, name=None))
    assert (panel.n_rows, panel.n_omitted, panel.first_period, panel.n_periods) == (9, 1, 2, 5)


def test_blocks_hold_as_many_entities_as_fit():
    assert list(whole_entities(np.array([3, 2, 4, 1]), 5)) == [(0, 1), (2, 3)]
    assert list(whole_entities(np.array([3, 9, 4, 1]), 5)) == [(0, 0), (1, 1), (2, 3)]
    assert list(whole_entities(np.array([2]), 1)) == [(0, 0)]
    many = list(whole_entities(np.ones(10_000, dtype=int), 10**6, 2_000))
    assert max(last - first + 1 for first, last in many) * 2_000 <= 4_000_000
    assert [first for first, _ in many[1:]] == [last + 1 for _, last in many[:-1]]


def test_clusters_are_those_of_the_entities():
    assert list(read(cluster="shop").clusters) == ["t", "s", "t", "s"]
    assert read(cluster="who").clusters is None
    with pytest.raises(DataError, match="2 entities change their 'shop'"):
        whole_clusters(np.array([0, 0, 1, 1, 2]), pd.Series(list("ababa")), "shop")
