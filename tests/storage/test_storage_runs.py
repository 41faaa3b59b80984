"""Runs of equal values across batches, and which tables keep their order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi import storage
from coroi.sources import Engine
from coroi.storage.runs import runs


@pytest.fixture(scope="module")
def connection():
    session = storage.connect(Engine())
    yield session
    session.disconnect()


def frame(n: int = 20_000) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    length = rng.integers(1, 9, n)
    who = np.repeat([f"c{i * 7919 % 100_003:06d}" for i in range(n)], length)
    return pd.DataFrame({"who": who, "shop": pd.Series(who).str[-1], "row": np.arange(len(who))})


def test_runs_are_those_of_the_rows_whatever_the_batches(connection, tmp_path):
    rows = frame()
    rows.to_parquet(tmp_path / "a.parquet", row_group_size=5_000)
    table = connection.read_parquet(tmp_path / "a.parquet")
    length, first, changed = runs(connection, table, "who", "shop", batch_rows=2_048)
    starts = np.flatnonzero(rows["who"] != rows["who"].shift())
    np.testing.assert_array_equal(length, np.diff(np.append(starts, len(rows))))
    assert first["who"].tolist() == rows["who"].iloc[starts].tolist()
    assert first["shop"].tolist() == rows["shop"].iloc[starts].tolist()
    assert changed == 0
    _, _, changed = runs(connection, table.mutate(shop=table["row"] % 2), "who", "shop")
    assert changed == len(rows) - len(starts)


def test_no_rows_give_no_runs(connection, tmp_path):
    frame(3).head(0).to_parquet(tmp_path / "a.parquet")
    length, first, changed = runs(connection, connection.read_parquet(tmp_path / "a.parquet"), "who")
    assert (len(length), len(first), changed) == (0, 0, 0)


def test_files_and_kept_tables_keep_their_order_and_nothing_else_is_trusted_to(connection, tmp_path):
    rows = frame()
    rows.to_parquet(tmp_path / "a.parquet")
    table = connection.read_parquet(tmp_path / "a.parquet")
    kept = connection.keep(table.order_by("row"))
    for one in (table, kept, table.filter(table["row"] > 5).select("who", twice=table["row"] * 2)):
        assert connection.keeps_order(one)
    for other in (
        table.order_by("row"),
        table.group_by("who").agg(n=table.count()),
        table.join(kept, "row"),
        table.distinct(),
    ):
        assert not connection.keeps_order(other)
    assert not connection.keeps_order(table.mutate(before=table["row"].lag()))
    assert not storage.Session().keeps_order(table)
    for one in (table, kept):
        for _ in range(3):
            read = np.concatenate([batch["row"] for batch in storage.stream(connection, one.select("row"), 10_000)])
            np.testing.assert_array_equal(read, rows["row"])
