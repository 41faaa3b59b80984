from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest

import coroi
from coroi.sources import Join, Source
from coroi.studies import bundled, manifest
from coroi.studies.manifest import Input, Parameter, canonical_plan, hash_inputs, make_manifest, run_name
from coroi.studies.plan import LoadedPlan, Plan


def plan_with(**changes) -> Plan:
    facts = {"name": "small", "currency": "EUR", "period": "month", "tables": {"customers": {"path": "customers.csv"}}}
    return Plan.model_validate(facts | changes)


@pytest.fixture
def loaded(tmp_path):
    (tmp_path / "orders").mkdir()
    for name, text in {"customers.csv": "customer_id\n1\n", "orders/a.csv": "id\n", "orders/b.csv": "id\n7\n"}.items():
        (tmp_path / name).write_text(text)
    tables = {
        "customers": Source(path="customers.csv"),
        "transactions": Source(path="orders/*.csv", join=(Join(path=str(tmp_path / "customers.csv"), on="id"),)),
    }
    flags = {"billing": Source(path="customers.csv")}
    return LoadedPlan(plan=plan_with(tables=tables, exit_flags=flags), path=tmp_path / "plan.yaml", base=tmp_path)


def test_every_file_of_tables_joins_and_flags_is_hashed_once_by_its_relative_name(loaded):
    def entry(table, name, text):
        return Input(table, name, len(text), sha256(text.encode()).hexdigest())

    assert hash_inputs(loaded) == (
        entry("customers", "customers.csv", "customer_id\n1\n"),
        entry("exit_flags.billing", "customers.csv", "customer_id\n1\n"),
        entry("transactions", "customers.csv", "customer_id\n1\n"),
        entry("transactions", "orders/a.csv", "id\n"),
        entry("transactions", "orders/b.csv", "id\n7\n"),
    )


def test_a_file_outside_the_data_folder_is_known_by_its_name_alone(loaded, tmp_path):
    inside = replace(loaded, base=tmp_path / "orders")
    tables = {"customers": Source(path=str(tmp_path / "customers.csv"))}
    (entry,) = hash_inputs(replace(inside, plan=plan_with(tables=tables)))
    assert entry.name == "customers.csv"


def test_further_files_of_a_table_are_hashed_and_their_paths_cut(loaded, tmp_path):
    also = [{"path": str(tmp_path / "orders" / "b.csv"), "join": {"path": "customers.csv", "on": "id"}}]
    plan = plan_with(tables={"transactions": {"path": "orders/a.csv", "also": also}})
    names = [entry.name for entry in hash_inputs(replace(loaded, plan=plan))]
    assert names == ["customers.csv", "orders/a.csv", "orders/b.csv"]
    (part,) = canonical_plan(plan)["tables"]["transactions"]["also"]
    assert part["path"] == "b.csv" and set(part) == {"path", "join"}


def test_absolute_paths_in_a_plan_are_cut_and_nothing_else():
    plan = plan_with(
        tables={"customers": {"path": "/srv/exports/customers.csv", "where": {"column": "kind", "in": ["/srv/a"]}}},
        studies={"mine": {"notebook": "/home/ann/mine.ipynb", "note": "/x/y"}, "retention": {"metric": "nps"}},
    )
    cut = canonical_plan(plan)
    assert cut["tables"]["customers"]["path"] == "customers.csv"
    assert cut["tables"]["customers"]["where"][0]["in"] == ["/srv/a"]
    assert cut["studies"] == {"mine": {"notebook": "mine.ipynb", "note": "/x/y"}, "retention": {"metric": "nps"}}
    assert json.loads(json.dumps(cut)) == cut


@pytest.fixture
def facts(tmp_path, monkeypatch):
    code, notebook = tmp_path / "code.py", tmp_path / "retention.ipynb"
    code.write_text("1")
    notebook.write_text("{}")
    monkeypatch.setattr(manifest, "_package_files", lambda: {"code.py": code})
    return {
        "plan": plan_with(),
        "inputs": [Input("customers", "customers.csv", 3, "ab")],
        "parameters": {"retention": {"horizon": Parameter(12, 12)}},
        "notebooks": {"retention": notebook},
    }


def test_the_name_of_a_run_is_short_and_stable(facts):
    name = run_name(**facts)
    assert len(name) == 10
    assert set(name) <= set("0123456789abcdef")
    assert run_name(**facts) == name


@pytest.mark.parametrize(
    "change",
    [
        {"plan": plan_with(horizon=6)},
        {"plan": plan_with(seed=2)},
        {"inputs": [Input("customers", "customers.csv", 3, "ac")]},
        {"inputs": [Input("customers", "clients.csv", 3, "ab")]},
        {"parameters": {"retention": {"horizon": Parameter(6, 12)}}},
        {"parameters": {"readiness": {"horizon": Parameter(12, 12)}}},
    ],
)
def test_the_name_of_a_run_changes_with_plan_data_and_parameters(facts, change):
    assert run_name(**(facts | change)) != run_name(**facts)


@pytest.mark.parametrize("file", ["code.py", "retention.ipynb"])
def test_the_name_of_a_run_changes_with_the_code(facts, tmp_path, file):
    before = run_name(**facts)
    (tmp_path / file).write_text("2")
    assert run_name(**facts) != before


def test_the_name_of_a_run_changes_with_a_librarys_version(facts, monkeypatch):
    before = run_name(**facts)
    monkeypatch.setattr(manifest, "versions", lambda: {"python": "3.0"})
    assert run_name(**facts) != before


def test_the_code_is_the_package_with_its_templates_and_without_caches():
    files = manifest._package_files()
    assert {"studies/manifest.py", "errors.py"} <= set(files)
    assert any(name.startswith("report/templates/") for name in files)
    assert not any("__pycache__" in name or "_bundled" in name for name in files)


def test_a_manifest_says_what_a_study_rests_on(loaded):
    inputs = [Input("customers", "customers.csv", 3, "ab")]
    parameters = {"horizon": Parameter(6, 12), "metric": Parameter("", ""), "weighted": Parameter(True, 1)}
    made = make_manifest(
        loaded,
        "0123456789",
        "retention",
        inputs=inputs,
        parameters=parameters,
        declaration={"estimand": "x"},
        command="coroi run plan.yaml --only retention",
        engine={"name": "postgres", "version": "15.13"},
        computed={"path": "from blocks, 1,200 rows"},
        forecasts={"kept": {"sha256": "ab"}, "scored": {}},
    )
    assert made == {
        "plan": "small",
        "run": "0123456789",
        "study": "retention",
        "command": "coroi run plan.yaml --only retention",
        "inputs": [{"table": "customers", "name": "customers.csv", "bytes": 3, "sha256": "ab"}],
        "parameters": {
            "horizon": {"value": 6, "default": 12, "changed": True},
            "metric": {"value": "", "default": "", "changed": False},
            "weighted": {"value": True, "default": 1, "changed": True},
        },
        "seed": 1,
        "coroi": coroi.__version__,
        "commit": manifest.commit(),
        "versions": manifest.versions(),
        "engine": {"name": "postgres", "version": "15.13"},
        "declaration": {"estimand": "x"},
        "computed": {"path": "from blocks, 1,200 rows"},
        "forecasts": {"kept": {"sha256": "ab"}, "scored": {}},
    }
    assert str(loaded.base) not in manifest.to_json(made)


def test_versions_name_what_results_depend_on():
    assert {"python", "pandas", "numpy", "statsmodels", "duckdb", "papermill"} <= set(manifest.versions())


def test_outside_a_checkout_there_is_no_commit(monkeypatch):
    monkeypatch.setattr(bundled, "checkout", lambda: None)
    assert manifest.commit() is None


def test_a_checkout_without_commits_or_git_has_none(monkeypatch, tmp_path):
    monkeypatch.setattr(bundled, "checkout", lambda: tmp_path)
    assert manifest.commit() is None
    (tmp_path / ".git").mkdir()
    assert manifest.commit() is None


def test_json_is_written_in_one_way_and_refuses_what_is_no_number():
    assert manifest.to_json({"b": 1, "a": "é"}) == '{\n "a": "é",\n "b": 1\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        manifest.to_json({"a": float("nan")})
