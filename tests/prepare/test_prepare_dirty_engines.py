"""A dirty company, cleaned by every engine: the same rows, the same account of what was repaired and doubted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from coroi import storage
from coroi.company import simulate_company, write_tables
from coroi.prepare import Prepared, prepare_company
from coroi.studies.inputs import options_of
from coroi.studies.plan import read_plan
from coroi.studies.registry import STUDIES, notebook_of

pytestmark = pytest.mark.slow
REPAIRED = {
    "blanks around text",
    "dates in another style",
    "day and month swapped",
    "numbers as text",
    "padded ids",
    "text encoded twice",
}


def prepare(session: Any, folder: Path) -> Prepared:
    loaded = read_plan(folder / "plan.yaml", known_studies={name: notebook_of(name) for name in STUDIES})
    plan = loaded.plan
    return prepare_company(session, plan.tables, plan.exit_flags, options_of(plan), base=loaded.base)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dirty")
    write_tables(simulate_company(customers=250, months=18, seed=3), folder, name="dirty", dirty=True)
    return folder


@pytest.fixture(scope="module")
def wanted(company: Path) -> Prepared:
    return prepare(storage.connect(), company)


@pytest.fixture(scope="module")
def found(backend: Any, company: Path) -> Prepared:
    return prepare(backend, company)


def test_the_company_asks_for_most_repairs(wanted):
    """With fewer customers swapped dates are too few to be certain of, and are flagged."""
    assert wanted.problems == ()
    steps = {step: set(rules) for step, rules in wanted.ledger.groupby("step")["rule"]}
    assert steps["repaired"] >= REPAIRED
    assert steps["dropped"] and steps["flagged"] and steps["set to missing"]


def test_the_account_of_the_cleaning_is_the_same(found, wanted):
    assert found.problems == wanted.problems
    pd.testing.assert_frame_equal(found.ledger, wanted.ledger)
    pd.testing.assert_frame_equal(found.flags, wanted.flags)


def test_every_table_and_the_panel_are_the_same(found, wanted):
    assert list(found.tables) == list(wanted.tables)
    pairs = [(name, found.tables[name], table, 0.0) for name, table in wanted.tables.items()]
    for name, ours, theirs, rtol in [*pairs, ("panel", found.panel.data, wanted.panel.data, 1e-12)]:
        frames = [
            p.connection.to_pandas(t).sort_values([c for c in t.columns if not t[c].type().is_floating()])
            for p, t in ((found, ours), (wanted, theirs))
        ]
        pd.testing.assert_frame_equal(
            *(f.reset_index(drop=True) for f in frames), check_exact=False, rtol=rtol, atol=0, obj=name
        )
