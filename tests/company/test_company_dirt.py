"""Clean and dirty tables differ where it is recorded, and nowhere else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from coroi.company import simulate_company, write_company
from coroi.company.dirt import KINDS, LEAK


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    clean, dirty = (tmp_path_factory.mktemp(name) for name in ("clean", "dirty"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("coroi.company.files.truth_of", lambda company: {})
        for module in ("history", "simulation"):
            patch.setattr(f"coroi.company.{module}.block_sizes", lambda customers: [400, 300])
        company = simulate_company(customers=700, months=24, seed=5)
        write_company(company, clean)
        write_company(company, dirty, dirty=True)
    return clean, dirty


def cells(folder: Path, table: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{table}.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def record(folders: tuple[Path, Path]) -> dict:
    return json.loads((folders[1] / "dirt.json").read_text(encoding="utf-8"))


def test_every_kind_of_dirt_is_there(record):
    assert {cell["kind"] for cell in record["cells"]} == set(KINDS)
    assert set(record["kinds"]) == {str(kind) for kind in range(1, 11)}


def test_clean_and_dirty_differ_only_where_recorded(folders, record):
    clean, dirty = folders
    for path in sorted(clean.glob("*.csv")):
        table = path.stem
        was, became = cells(clean, table), cells(dirty, table)
        mine = [cell for cell in record["cells"] if cell["table"] == table and cell["column"] != LEAK[1]]
        repeated = {cell["row"]: cell["clean_row"] for cell in mine if cell["column"] == "*"}
        origin = [row for row in range(1, len(became) + 1) if row not in repeated]
        assert len(origin) == len(was), table
        clean_row = dict(zip(origin, range(1, len(was) + 1), strict=True))
        expected = {(cell["row"], cell["column"]): cell for cell in mine if cell["column"] != "*"}
        for (row, column), cell in expected.items():
            assert cell["clean_row"] == clean_row[row]
            assert was[column][cell["clean_row"] - 1] == cell["before"] != cell["after"]
        found = set()
        for column in was:
            pairs = zip(origin, became[column][[row - 1 for row in origin]], was[column], strict=True)
            for row, now, before in pairs:
                if now != before:
                    found.add((row, column))
                    assert now == expected[row, column]["after"]
        assert found == set(expected), table


def test_repeated_lines_repeat_the_line_that_they_name(folders, record):
    _, dirty = folders
    for cell in record["cells"]:
        if cell["column"] == "*":
            table = cells(dirty, cell["table"])
            first = int(cell["after"].split()[4])
            assert table.iloc[cell["row"] - 1].tolist() == table.iloc[first - 1].tolist()


def test_rates_are_as_recorded(folders, record):
    n = {path.stem: len(cells(folders[0], path.stem)) for path in folders[0].glob("*.csv")}
    count = Counter((c["kind"], c["table"], c["column"]) for c in record["cells"] if c["row"] != "all")
    for kind, table, column in ((6, "transactions", "amount"), (2, "responses", "score"), (1, "responses", "asked_at")):
        rate = next(r["rate"] for r in record["rates"] if (r["kind"], r["table"], r["column"]) == (kind, table, column))
        assert 0.4 * rate < count[kind, table, column] / n[table] < 1.6 * rate


def test_scores_are_missing_more_often_where_they_are_low(folders, record):
    was = cells(folders[0], "responses")
    nps = was[was["metric"] == "nps"]
    low = set(nps.index[nps["score"].astype(int) <= 6] + 1)
    gone = [c["clean_row"] for c in record["cells"] if c["kind"] == 9]
    among = [row for row in gone if row - 1 in nps.index]
    share_low = sum(row in low for row in among) / len(low)
    share_high = sum(row not in low for row in among) / (len(nps) - len(low))
    assert share_low > 2 * share_high


def test_the_leaking_column_knows_who_left(folders):
    clean, dirty = folders
    leak = cells(dirty, LEAK[0]).set_index("customer_id")[LEAK[1]]
    ended = cells(clean, "subscriptions").query("end_at != ''")["customer_id"].unique()
    assert set(leak.index[leak == "lost"]) == set(ended)
    assert LEAK[1] not in cells(clean, LEAK[0]).columns


def test_the_dirt_is_the_same_again(folders, tmp_path, monkeypatch):
    monkeypatch.setattr("coroi.company.files.truth_of", lambda company: {})
    monkeypatch.setattr("coroi.company.simulation.block_sizes", lambda customers: [400, 300])
    for path in write_company(simulate_company(customers=700, months=24, seed=5), tmp_path, dirty=True):
        assert path.read_bytes() == (folders[1] / path.name).read_bytes(), path.name


def test_a_dirty_plan_names_its_command_and_runs(folders, monkeypatch):
    from coroi.studies.check import check_plan

    text = (folders[1] / "plan.yaml").read_text(encoding="utf-8")
    assert "--seed 5 --dirty\n" in text
    assert "transactions.csv" in text
    checked = check_plan(folders[1] / "plan.yaml")
    assert list(checked.problems) == []
    assert set(checked.studies.values()) == {""}
    lost = checked.ledger[checked.ledger["step"] == "dropped"].groupby("table")["rows"].sum()
    assert lost["responses"] > 100
    clean = check_plan(folders[0] / "plan.yaml")
    assert "dropped" not in set(clean.ledger["step"])
