"""A plan checked and run with PostgreSQL beneath it: the same ledger, its name in the manifest, its address nowhere."""

from __future__ import annotations

import json

import pytest

from coroi.studies.check import check_plan
from coroi.studies.runner import run_plan
from engines import VARIABLE

PLAN = """\
name: small
currency: EUR
period: month
metrics:
  nps: {scale: [0, 10]}
tables:
  customers: {path: customers.csv}
  subscriptions: {path: subscriptions.csv}
  responses: {path: responses.csv}
studies:
  readiness:
"""


@pytest.fixture
def plan(tmp_path):
    folder = tmp_path / "company"
    folder.mkdir()
    names = [f"c{i:03d}" for i in range(60)]
    (folder / "customers.csv").write_text(
        "customer_id,segment\n" + "".join(f"{n},s{i % 2}\n" for i, n in enumerate(names))
    )
    (folder / "subscriptions.csv").write_text(
        "customer_id,start_at,end_at,price\n"
        + "".join(f"{n},2023-0{1 + i % 9}-01,{'2024-03-31' if i % 4 == 0 else ''},10\n" for i, n in enumerate(names))
    )
    (folder / "responses.csv").write_text(
        "customer_id,answered_at,metric,score\n"
        + "".join(f"{n},2023-1{i % 3}-15,nps,{i % 11}\n" for i, n in enumerate(names))
    )

    def write(engine):
        path = folder / "plan.yaml"
        path.write_text(PLAN + engine)
        return path

    return write


def test_a_check_says_the_same_on_another_engine(plan, postgres_address, monkeypatch):
    monkeypatch.setenv(VARIABLE, postgres_address)
    ours = check_plan(plan("engine: duckdb\n"))
    theirs = check_plan(plan(f"engine: {{name: ibis, connection: {VARIABLE}}}\n"))
    assert ours.problems == theirs.problems == ()
    assert ours.ledger.equals(theirs.ledger)
    assert ours.studies == theirs.studies


def test_a_run_names_its_engine_and_never_the_address(plan, postgres_address, monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, postgres_address)
    engine = f"engine: {{name: ibis, connection: {VARIABLE}, memory_limit: 1GB, spill_folder: scratch}}\n"
    run = run_plan(plan(engine), output=tmp_path / "reports")
    assert [study.status for study in run.studies] == ["ok"]
    manifest = json.loads((run.studies[0].page.parent / "manifest.json").read_text())
    assert manifest["engine"]["name"] == "postgres"
    assert int(manifest["engine"]["version"].split(".")[0]) >= 12
    written = [path for path in (tmp_path / "reports").rglob("*") if path.is_file()]
    assert len(written) > 5
    for path in written:
        assert postgres_address.encode() not in path.read_bytes(), path
        assert b"coroi-pg-" not in path.read_bytes(), path
    assert not (tmp_path / "company" / "scratch").exists()
