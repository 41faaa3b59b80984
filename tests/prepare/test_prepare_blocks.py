"""A panel in the engine gives the same fit in memory and in blocks, whatever the order of its rows and the engine."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.models.fixed_effects import fit_fixed_effects, simulate_fixed_effects
from coroi.prepare import blocks as module
from coroi.prepare.blocks import TableBlocks, panel_rows

NAMES = {
    "outcome": "margin",
    "metric": "nps",
    "controls": ["tickets"],
    "entity": "customer_id",
    "cluster": "unit_id",
}


def panel(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    drawn, _ = simulate_fixed_effects(rng, n=n, periods=13, slope=0.5, attrition=0.05)
    months = [date(2022 + (t + 10) // 12, (t + 10) % 12 + 1, 1) for t in range(13)]
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{i * 7919 % 1009:04d}" for i in drawn["entity"]],
            "period": pd.Series([months[t] for t in drawn["period"]], dtype="object"),
            "unit_id": [f"shop {i % 14}" for i in drawn["entity"]],
            "nps": drawn["metric"],
            "tickets": rng.poisson(1.0, len(drawn)),
            "margin": drawn["outcome"],
        }
    )
    frame.loc[::19, "nps"] = np.nan
    return frame


def read(connection, table, **changed):
    return panel_rows(connection, table, **{**NAMES, "frequency": "month"} | changed)


def fit(rows, **changed):
    return fit_fixed_effects(rows, **{**NAMES, "period": "period"} | changed)


def test_blocks_and_memory_give_the_same_fit_on_every_engine(backend, monkeypatch):
    frame = panel()
    numbered = frame.assign(period=[12 * day.year + day.month for day in frame["period"]])
    want = fit(numbered, keep_influence=True)
    table = backend.take(backend.embedded.keep(ibis.memtable(frame)))
    small = read(backend, table)
    assert isinstance(small, pd.DataFrame)
    blocks = read(backend, table, most_rows=100)
    assert isinstance(blocks, TableBlocks)
    for rows in (small, blocks):
        found = fit(rows, keep_influence=True)
        close = {"rtol": 1e-8, "atol": 1e-12}
        pd.testing.assert_frame_equal(found.estimates, want.estimates, **close)
        assert set(found.influence.index) == set(want.influence.index)
        np.testing.assert_allclose(found.influence.loc[want.influence.index], want.influence, **close)
        pd.testing.assert_frame_equal(found.tables["rows"], want.tables["rows"])
    assert blocks.n_omitted == frame["nps"].isna().sum() > 10


@pytest.fixture
def table(tmp_path):
    """Open frames as files: they keep their rows' order."""
    from coroi import storage
    from coroi.sources import Engine

    connection = storage.connect(Engine())

    def opened(frame: pd.DataFrame):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.parquet"
        frame.to_parquet(path)
        return connection, connection.read_parquet(path)

    yield opened
    connection.disconnect()


def test_rows_that_stand_entity_by_entity_are_read_as_they_are_and_others_sorted(table, monkeypatch):
    frame = panel()
    connection, sorted_rows = table(frame)
    kept = []
    keep = type(connection).keep
    monkeypatch.setattr(type(connection), "keep", lambda self, one: kept.append(one) or keep(self, one))
    one = read(connection, sorted_rows, most_rows=100)
    assert not kept
    assert list(one.entities) == list(dict.fromkeys(frame["customer_id"]))
    connection, mixed = table(frame.sort_values(["period", "nps"]))
    other = read(connection, mixed, most_rows=100)
    assert len(kept) == 1
    assert list(other.entities) == sorted(set(frame["customer_id"]))
    numbers = ["estimate", "std_error", "conf_low", "conf_high"]
    np.testing.assert_allclose(fit(one).estimates[numbers], fit(other).estimates[numbers], rtol=1e-9)


@pytest.mark.parametrize("kept", [0, 2**30], ids=["read again", "kept in memory"])
def test_blocks_are_whole_and_the_same_at_every_reading(table, monkeypatch, kept):
    monkeypatch.setattr(module, "KEPT_BYTES", kept)
    frame = panel().dropna()
    connection, opened = table(frame)
    blocks = read(connection, opened, most_rows=100)
    object.__setattr__(blocks, "block_rows", 64)
    assert len(blocks._kept) == 0
    for _ in range(3):
        parts = list(blocks.blocks())
        assert len(parts) > 5
        columns = np.concatenate([part.columns for part in parts], axis=1)
        np.testing.assert_array_equal(columns, frame[["margin", "nps", "tickets"]].to_numpy(float).T)
        period = np.concatenate([part.period for part in parts]) + blocks.first_period
        assert period.tolist() == [12 * day.year + day.month - 1 for day in frame["period"]]
    assert bool(blocks._kept) is bool(kept)
    names = np.repeat(blocks.entities, np.concatenate([part.length for part in parts]))
    assert names.tolist() == frame["customer_id"].tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.assign(nps=np.nan), "no row of the panel has all of margin, nps, tickets"),
        (lambda f: f.assign(unit_id=f["unit_id"].where(f.index != 3)), "1 rows lack their cluster"),
        (lambda f: f.assign(customer_id=f["customer_id"].where(f.index != 3)), "1 rows lack their entity"),
        (lambda f: f.assign(unit_id=f["period"].astype(str)), "change the 'unit_id' of their entity"),
        (lambda f: f.assign(margin=f["margin"].where(f.index != 3, np.inf)), "infinite"),
        (lambda f: pd.concat([f, f.tail(1)]), "1 rows repeat"),
    ],
)
def test_what_cannot_be_read_is_said(table, change, words):
    connection, opened = table(change(panel()))
    with pytest.raises(DataError, match=words):
        fit(read(connection, opened, most_rows=100 if "no row" not in words else 10**9))
