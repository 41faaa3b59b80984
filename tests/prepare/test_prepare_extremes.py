"""Dates, numbers and plans at the ends of what can be written, through the cleaning to the panel."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from coroi import storage
from coroi.errors import DataError
from coroi.prepare import PrepareOptions, prepare_company, window
from coroi.sources import Join, Metric, Source

NPS = {"nps": Metric(scale=(0, 10))}


def prepared(folder: Path, tables: dict[str, Source], **how: Any) -> Any:
    relationship = "snapshot" if "snapshot" in tables else "contract"
    options = {"period": "month", "currency": "EUR", "relationship": relationship, "grace_days": 30, "metrics": {}}
    options |= {"metric_age_limit": 12, "observed_from": None, "observed_until": None} | how
    return prepare_company(storage.connect(), tables, {}, PrepareOptions(**options), base=folder)


def rows_of(found: Any, rule: str) -> int:
    return int(found.ledger.loc[found.ledger["rule"] == rule, "rows"].sum())


@pytest.mark.parametrize("days", [2**31 - 2, -(2**31) + 2, 20_000 * 366, -800_000])
def test_a_day_beyond_the_calendar_is_no_date_and_is_counted(tmp_path, days):
    starts = pa.array([19_000] * 199 + [days], pa.int32()).cast(pa.date32())
    parquet.write_table(
        pa.table({"customer_id": [f"c{i}" for i in range(200)], "start_at": starts}), tmp_path / "s.parquet"
    )
    found = prepared(tmp_path, {"subscriptions": Source(path="s.parquet")}, observed_until=date(2023, 12, 31))
    assert found.problems == ()
    assert rows_of(found, "unreadable start_at") == 1


def test_a_moment_beyond_the_calendar_is_no_date_either(tmp_path):
    starts = pa.array([10**15] * 199 + [2**62], pa.int64()).cast(pa.timestamp("us"))
    parquet.write_table(
        pa.table({"customer_id": [f"c{i}" for i in range(200)], "start_at": starts}), tmp_path / "s.parquet"
    )
    found = prepared(tmp_path, {"subscriptions": Source(path="s.parquet")}, observed_until=date(2023, 12, 31))
    assert rows_of(found, "unreadable start_at") == 1


@pytest.mark.parametrize("term", ["1e99", "-1", "1201", "1e18"])
def test_a_term_that_cannot_be_is_left_empty_and_counted(tmp_path, term):
    lines = "".join(f"c{i},2022-01-01,{term if i == 7 else 12}\n" for i in range(200))
    (tmp_path / "s.csv").write_text("customer_id,start_at,term_months\n" + lines)
    found = prepared(tmp_path, {"subscriptions": Source(path="s.csv")}, observed_until=date(2023, 12, 31))
    assert found.problems == ()
    assert rows_of(found, "impossible term_months") == 1
    table = found.tables["subscriptions"]
    assert found.connection.execute(table["term_months"].count()) == 199


def test_a_tenure_that_cannot_be_is_left_empty_and_counted(tmp_path):
    lines = "".join(f"c{i},no,{'1e99' if i == 7 else 12}\n" for i in range(200))
    (tmp_path / "s.csv").write_text("customer_id,left,tenure_months\n" + lines)
    found = prepared(tmp_path, {"snapshot": Source(path="s.csv")})
    assert found.problems == ()
    assert rows_of(found, "impossible tenure_months") == 1


def test_centuries_for_many_customers_are_refused_before_they_are_laid_out(tmp_path, monkeypatch):
    monkeypatch.setattr(window, "MOST_ROWS", 100_000)
    lines = "".join(f"c{i},{'0001-01-01' if i % 2 else '2022-05-01'},\n" for i in range(50))
    (tmp_path / "s.csv").write_text("customer_id,start_at,end_at\n" + lines)
    source = {"subscriptions": Source(path="s.csv")}
    found = prepared(tmp_path, source)
    rows = 25 * ((2022 - 1) * 12 + 5) + 25
    assert [str(p) for p in found.problems] == [
        f"panel: the data run from 0001-01-01 to 2022-05-01: {rows:,} rows. Some dates in them stand for none: "
        "correct them, or give `observed_from` and `observed_until`."
    ]
    again = prepared(tmp_path, source, observed_from=date(2020, 1, 1))
    assert again.problems == ()


def test_a_single_early_date_is_no_reason_to_refuse(tmp_path):
    lines = "".join(f"c{i},{'0001-01-01' if i == 1 else '2022-05-01'},\n" for i in range(50))
    (tmp_path / "s.csv").write_text("customer_id,start_at,end_at\n" + lines)
    assert prepared(tmp_path, {"subscriptions": Source(path="s.csv")}).problems == ()


def test_a_panel_of_many_metrics_is_built_as_one_of_few(tmp_path):
    names = [f"m{i}" for i in range(20)]
    (tmp_path / "s.csv").write_text("customer_id,start_at,end_at\na,2022-01-01,\nb,2022-01-01,2022-09-11\n")
    (tmp_path / "r.csv").write_text("customer_id,answered_at,score\na,2022-02-03,7\nb,2022-03-04,2\n")
    tables = {
        "subscriptions": Source(path="s.csv"),
        "responses": Source(path="r.csv", scores=dict.fromkeys(names, "score")),
    }
    until = date(2022, 12, 31)
    many = prepared(tmp_path, tables, metrics={n: Metric(scale=(0, 10)) for n in names}, observed_until=until)
    few = prepared(
        tmp_path,
        tables | {"responses": Source(path="r.csv", scores={"m0": "score"})},
        metrics={"m0": Metric(scale=(0, 10))},
        observed_until=until,
    )
    keys = ["customer_id", "period"]
    wanted = few.connection.to_pandas(few.panel.data.order_by(keys))
    got = many.connection.to_pandas(many.panel.data.order_by(keys))
    for name in (names[0], names[8], names[19]):
        renamed = {c: c.replace("m0", name, 1) for c in wanted.columns if c.startswith("m0")}
        assert got[[*keys, *renamed.values()]].equals(wanted[[*keys, *renamed]].rename(columns=renamed))


def test_one_file_may_be_joined_twice(tmp_path):
    (tmp_path / "s.csv").write_text("customer_id,start_at,kind\na,2022-01-01,x\n")
    (tmp_path / "m.csv").write_text("who,kind,Kind of two\na,y,z\n")
    join = Join(path="m.csv", on={"customer_id": "who"})
    source = Source(path="s.csv", join=(join, join), columns={"exit_reason": "m.kind 2"})
    found = prepared(tmp_path, {"subscriptions": source}, observed_until=date(2023, 12, 31))
    assert found.problems == ()
    assert found.connection.to_pandas(found.tables["subscriptions"])["exit_reason"].tolist() == ["y"]
    assert list(join.added(["Kind", "m.kind"], ["who", "kind", "KIND OF TWO"])) == ["m.kind 2", "KIND OF TWO"]


def test_a_table_that_needs_more_memory_than_there_is_says_so(tmp_path):
    import duckdb

    with pytest.raises(DataError, match="does not fit into the memory"), storage.naming_damage("t"):
        raise duckdb.OutOfMemoryException("could not allocate block")
