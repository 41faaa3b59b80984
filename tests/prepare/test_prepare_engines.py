"""The sample company, cleaned and counted by every engine, held to the last row against the one inside this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from coroi import storage
from coroi.prepare import Prepared, prepare_company
from coroi.prepare.cells import panel_cells
from coroi.prepare.landmark import contract_cohort
from coroi.studies.inputs import options_of
from coroi.studies.plan import read_plan
from coroi.studies.registry import STUDIES, notebook_of

TABLES = ("customers", "subscriptions", "responses", "costs")  # the others' tests run on all engines too
SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "plan.yaml"


def prepare(session: Any) -> Prepared:
    loaded = read_plan(SAMPLE, known_studies={name: notebook_of(name) for name in STUDIES})
    sources = {name: loaded.plan.tables[name] for name in TABLES}
    return prepare_company(session, sources, loaded.plan.exit_flags, options_of(loaded.plan), base=loaded.base)


@pytest.fixture(scope="module")
def wanted() -> Prepared:
    return prepare(storage.connect())


@pytest.fixture(scope="module")
def found(backend) -> Prepared:
    return prepare(backend)


def sorted_rows(session: Any, table: Any) -> pd.DataFrame:
    frame = session.to_pandas(table)
    return frame.sort_values(list(frame.columns), ignore_index=True)


def test_every_table_is_the_same_to_the_last_row(found, wanted):
    assert found.problems == wanted.problems == ()
    assert list(found.tables) == list(wanted.tables)
    for name, table in wanted.tables.items():
        ours, theirs = sorted_rows(found.connection, found.tables[name]), sorted_rows(wanted.connection, table)
        pd.testing.assert_frame_equal(ours, theirs, rtol=0, atol=0, obj=name)
        assert found.tables[name].schema() == table.schema(), name


def test_the_panel_is_the_same_to_the_last_row(found, wanted):
    ours, theirs = (p.connection.to_pandas(p.panel.data.order_by("customer_id", "period")) for p in (found, wanted))
    assert len(ours) > 1000
    pd.testing.assert_frame_equal(ours, theirs, check_exact=False, rtol=1e-12, atol=0)
    for name in ("observed_until", "last_complete_period", "last_at_risk_period"):
        assert getattr(found.panel, name) == getattr(wanted.panel, name)


def test_the_account_of_the_cleaning_is_the_same(found, wanted):
    pd.testing.assert_frame_equal(found.ledger, wanted.ledger)
    pd.testing.assert_frame_equal(found.flags, wanted.flags)


@pytest.mark.parametrize("most", [1, 200_000])
def test_cells_are_the_same_at_once_and_in_a_stream(found, wanted, most):
    metric = found.panel.metrics[0]
    ours, theirs = (panel_cells(p.connection, p.panel, metric, most_cells=most) for p in (found, wanted))
    assert ours.levels == theirs.levels
    assert (ours.n_rows, ours.n_clusters, ours.n_cells) == (theirs.n_rows, theirs.n_clusters, theirs.n_cells)
    assert ours.cluster_names.tolist() == theirs.cluster_names.tolist()
    np.testing.assert_array_equal(by_cluster(ours), by_cluster(theirs))


def by_cluster(cells: Any) -> np.ndarray:
    """Rows and events of each cluster by score, sorted."""
    lines = []
    for block in cells.blocks():
        score = block.covariates["score"].fillna(-1).to_numpy()
        for cluster, cell, n, events in block.clusters():
            lines.append(np.column_stack([cluster, score[cell], n, events]))
    rows = np.vstack(lines)
    return rows[np.lexsort(rows.T)]


def test_the_cohort_is_the_same(found, wanted):
    metric = found.panel.metrics[0]
    ours, theirs = (contract_cohort(p.connection, p.panel, metric, horizon=6) for p in (found, wanted))
    pd.testing.assert_frame_equal(ours.counts, theirs.counts)
    pd.testing.assert_frame_equal(ours.flow, theirs.flow)


def test_prepared_tables_reach_the_disk_alike(found, wanted, tmp_path):
    for prepared, name in ((found, "ours"), (wanted, "theirs")):
        storage.write_parquet_tables(prepared.connection, {"panel": prepared.panel.data}, tmp_path / name)
    ours, theirs = (pd.read_parquet(tmp_path / name / "panel.parquet") for name in ("ours", "theirs"))
    keys = ["customer_id", "period"]
    pd.testing.assert_frame_equal(
        ours.sort_values(keys, ignore_index=True), theirs.sort_values(keys, ignore_index=True), rtol=1e-12, atol=0
    )
