from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest
import yaml

from coroi.company import Company, simulate_company, true_claims, true_retention, write_company
from coroi.company.firm_truths import firm_truths
from coroi.company.portfolios import true_changes
from coroi.errors import CoroiError
from coroi.prepare.ledger import Ledger
from coroi.prepare.tables import prepare_table
from coroi.schemas import TABLES
from coroi.sources import Metric, Source
from coroi.storage import connect

MARKET_TABLES = ("competitors", "practices", "changes", "firms", "firm_returns", "factors")

FILES = [
    "advice.csv",
    "changes.csv",
    "competitors.csv",
    "costs.csv",
    "customers.csv",
    "factors.csv",
    "firm_returns.csv",
    "firms.csv",
    "plan.yaml",
    "practices.csv",
    "programme.csv",
    "recognition.csv",
    "referrals.csv",
    "responses.csv",
    "subscriptions.csv",
    "touchpoints.csv",
    "transactions.csv",
    "truth.json",
    "usage.csv",
]


@pytest.fixture(autouse=True)
def smaller_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coroi.company.files.true_retention", functools.partial(true_retention, customers=500))
    monkeypatch.setattr("coroi.company.files.true_claims", functools.partial(true_claims, customers=500))
    monkeypatch.setattr("coroi.company.claims.firm_truths", functools.partial(firm_truths, panels=10))
    monkeypatch.setattr("coroi.company.files.true_changes", functools.partial(true_changes, customers=500))


@pytest.fixture
def company() -> Company:
    return simulate_company(customers=60, months=18, seed=5)


def test_writes_a_file_per_table_with_equal_bytes(company: Company, tmp_path: Path) -> None:
    first = write_company(company, tmp_path / "new" / "one")
    again = write_company(simulate_company(customers=60, months=18, seed=5), tmp_path / "two")
    assert [path.name for path in first] == FILES
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert all(b"\r" not in path.read_bytes() for path in first)


def test_tables_read_back_as_they_were(company: Company, tmp_path: Path) -> None:
    write_company(company, tmp_path)
    for name, table in company.tables.items():
        read = pd.read_csv(tmp_path / f"{name}.csv", keep_default_na=False)
        assert list(read.columns) == list(table.columns)
        assert len(read) == len(table)
    contracts = pd.read_csv(tmp_path / "subscriptions.csv", keep_default_na=False)
    expected = company.tables["subscriptions"]["end_at"].dt.strftime("%Y-%m-%d").fillna("")
    assert contracts["end_at"].tolist() == expected.tolist()
    assert "" in contracts["end_at"].tolist()


def test_plan_maps_columns_that_are_there(company: Company, tmp_path: Path) -> None:
    write_company(company, tmp_path, name="my-own")
    plan = yaml.safe_load((tmp_path / "plan.yaml").read_text(encoding="utf-8"))
    assert plan["name"] == "my-own"
    assert str(plan["observed_until"]) == "2023-06-30"
    asked = {
        "readiness": {},
        "retention": {"metric": "nps"},
        "profit": {"metric": "nps"},
        "firms": {"case_firm": "F07"},
        "programme": {"metric": "nps", "unmoved": "payment failed"},
        "pilot": {"metric": "nps"},
        "roi": {"metric": "nps", "unmoved": "payment failed"},
    }
    assert plan["studies"] == asked
    assert "F07" in set(company.tables["firms"]["firm_id"])
    for name, source in plan["tables"].items():
        parsed = Source(**source)
        header = (tmp_path / parsed.path).read_text(encoding="utf-8").splitlines()[0].split(",")
        assert sorted(parsed.columns.values()) == sorted(header)
        assert set(parsed.columns) <= set(TABLES[name].names)
    assert {name: Metric(**metric).scale for name, metric in plan["metrics"].items()} == {
        "nps": (0, 10),
        "csat": (1, 5),
        "trust": (1, 7),
    }
    assert set(company.tables["responses"]["metric"]) == {"nps", "csat", "trust"}
    assert list(plan["tables"]) == [name for name in TABLES if name in company.tables]


def test_plan_is_one_that_coroi_reads(company: Company, tmp_path: Path) -> None:
    from coroi.studies.plan import Plan

    write_company(company, tmp_path)
    plan = Plan.model_validate(yaml.safe_load((tmp_path / "plan.yaml").read_text(encoding="utf-8")))
    assert (plan.name, plan.currency, plan.period, plan.grace_days, plan.horizon) == (
        "simulated",
        "EUR",
        "month",
        30,
        12,
    )
    assert (plan.discount_rate_annual, plan.smallest_effect, plan.relationship_or_default) == (0.10, 0.01, "contract")


@pytest.fixture
def untold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coroi.company.files.truth_of", lambda company: {})


@pytest.mark.usefixtures("untold")
@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_no_row_of_the_market_s_and_the_units_tables_is_flagged_or_lost(
    company: Company, tmp_path: Path, format: Literal["csv", "parquet"]
) -> None:
    write_company(company, tmp_path, format=format)
    plan = yaml.safe_load((tmp_path / "plan.yaml").read_text(encoding="utf-8"))
    metrics = {name: Metric(**metric) for name, metric in plan["metrics"].items()}
    connection = connect()
    for table in MARKET_TABLES:
        ledger, rows = Ledger(), len(company.tables[table])
        clean = prepare_table(connection, table, Source(**plan["tables"][table]), tmp_path, ledger, metrics)
        assert [(e.table, e.step, e.rows) for e in ledger.entries] == [
            (table, "in", rows),
            (table, "out", rows),
        ]
        found = connection.to_pandas(clean)
        assert found[list(company.tables[table].columns)].notna().all(axis=None)


@pytest.mark.usefixtures("untold")
def test_small_fractions_keep_their_decimals(company: Company, tmp_path: Path) -> None:
    write_company(company, tmp_path)
    for name, column in (("factors", "risk_free"), ("firm_returns", "total_return"), ("changes", "metric_change_se")):
        read = pd.read_csv(tmp_path / f"{name}.csv")[column]
        assert (read - company.tables[name][column]).abs().max() < 1e-9
        assert read.nunique() > 20


@pytest.mark.usefixtures("untold")
def test_dirt_spares_the_market_s_and_the_units_tables(company: Company, tmp_path: Path) -> None:
    for folder, dirty in (("clean", False), ("dirty", True)):
        write_company(company, tmp_path / folder, dirty=dirty)
    for name in MARKET_TABLES:
        clean, dirty = ((tmp_path / folder / f"{name}.csv").read_bytes() for folder in ("clean", "dirty"))
        assert clean == dirty, name


def test_truth_is_written_beside(company: Company, tmp_path: Path) -> None:
    write_company(company, tmp_path)
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert truth["company"] == {"customers": 60, "months": 18, "seed": 5, "scenario": "baseline"}
    retention = true_retention(months=18, customers=500)
    assert truth["studies"] == {"retention": retention}
    assert truth["claims"] == true_claims(months=18, scenario="baseline", retention=retention, customers=500)
    assert truth["changes"] == true_changes(seed=5, scenario="baseline", customers=500)
    assert [row["change_id"] for row in truth["changes"]["changes"]] == company.tables["changes"]["change_id"].tolist()
    assert list(truth["claims"]) == [f"C{i:02d}" for i in range(1, 26)]


def test_the_same_again_is_no_conflict(company: Company, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in write_company(company, tmp_path)}
    assert {path: path.stat().st_mtime_ns for path in write_company(company, tmp_path)} == before


def test_files_of_other_content_are_named_and_kept(company: Company, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("mine", encoding="utf-8")
    (tmp_path / "truth.json").mkdir()
    with pytest.raises(CoroiError) as error:
        write_company(company, tmp_path)
    told = "is there already and its content is another. Choose another folder, or move it away."
    assert str(error.value) == f"{tmp_path / 'plan.yaml'}: {told}\n{tmp_path / 'truth.json'}: {told}"
    assert (tmp_path / "plan.yaml").read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.yaml", "truth.json"]


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_file_in_the_way_is_named(company: Company, tmp_path: Path, below: str) -> None:
    (tmp_path / "taken").write_text("x", encoding="utf-8")
    with pytest.raises(CoroiError) as error:
        write_company(company, tmp_path / "taken" / below)
    assert str(error.value) == f"{tmp_path / 'taken'}: is a file where a folder is wanted. Choose another folder."


@pytest.mark.parametrize("name", ["", "Two Words", "../up", "x" * 65, "a\n"])
def test_a_name_that_is_no_folder_is_refused(company: Company, tmp_path: Path, name: str) -> None:
    with pytest.raises(CoroiError, match="Use up to 64 small letters, digits, '-' and '_'"):
        write_company(company, tmp_path / "new", name=name)
    assert not (tmp_path / "new").exists()


def test_parquet_holds_the_same_rows(company: Company, tmp_path: Path) -> None:
    files = write_company(company, tmp_path / "one", format="parquet")
    again = write_company(company, tmp_path / "two", format="parquet")
    assert [path.read_bytes() for path in files] == [path.read_bytes() for path in again]
    for name, table in company.tables.items():
        read = pd.read_parquet(tmp_path / "one" / f"{name}.parquet")
        assert len(read) == len(table)
        assert list(read.columns) == list(table.columns)
        for column in table:
            assert read[column].isna().tolist() == table[column].isna().tolist()
            kept, made = read[column].dropna().tolist(), table[column].dropna().tolist()
            assert kept == made, (name, column)
    plan = yaml.safe_load((tmp_path / "one" / "plan.yaml").read_text(encoding="utf-8"))
    assert plan["tables"]["customers"]["path"] == "customers.parquet"


def test_nothing_is_left_of_a_refused_or_a_finished_writing(company: Company, tmp_path: Path) -> None:
    write_company(company, tmp_path / "made")
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert not list((tmp_path / "made").glob(".*"))
