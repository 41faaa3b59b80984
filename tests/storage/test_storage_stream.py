"""Batches of columns come as the table declares them."""

from __future__ import annotations

import ibis
import numpy as np

from coroi.storage import connect, stream


def test_numbers_written_as_such_arrive_as_floats():
    """DuckDB takes 1.5 in a query for a decimal."""
    connection = connect()
    table = connection.keep(ibis.memtable({"id": [1, 2, 3]}))
    asked = table.select("id", weight=ibis.literal(1.5), half=table["id"] * 0.5).order_by("id")
    batches = list(stream(connection, asked, 2))
    assert [b["weight"].dtype for b in batches] == [np.float64] * len(batches)
    assert np.concatenate([b["weight"] for b in batches]).tolist() == [1.5, 1.5, 1.5]
    assert np.concatenate([b["half"] for b in batches]).tolist() == [0.5, 1.0, 1.5]
    assert np.concatenate([b["id"] for b in batches]).tolist() == [1, 2, 3]


def test_missing_numbers_are_nan():
    connection = connect()
    table = connection.keep(ibis.memtable({"score": [1.0, None]}))
    assert np.isnan(np.concatenate([b["score"] for b in stream(connection, table, 10)])).sum() == 1
