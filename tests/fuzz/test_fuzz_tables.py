"""Files that nobody wrote by hand: text, Parquet and workbooks, read by a plan and looked at for a draft."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import odd
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import company
from coroi.studies import produce
from coroi.studies.check import check_plan
from coroi.studies.draft import write_project
from coroi.studies.execute import Execution
from coroi.studies.runner import run_plan
from coroi.studies.yaml_lines import read_yaml

NAMES = ("contracts.csv", "answers.csv", "customers.csv", "more.csv", "flags.csv")
PLAN = yaml.safe_dump(company.PLAN)
any_table = st.sampled_from(NAMES).flatmap(lambda name: st.tuples(st.just(name), odd.tables(name)))
below_its_header = st.sampled_from(NAMES).flatmap(
    lambda name: st.tuples(st.just(name), odd.tables(name, keep_header=True))
)

without_its_header = below_its_header.map(lambda table: (table[0], table[1].partition(b"\n")[2]))


def packed(kind: str) -> bytes:
    out = io.BytesIO()
    frame = pd.read_csv(io.StringIO(company.tables()["contracts.csv"]))
    frame.to_parquet(out) if kind == "parquet" else frame.to_excel(out, index=False)
    return out.getvalue()


PACKED = {kind: packed(kind) for kind in ("parquet", "xlsx")}
any_packed = st.sampled_from(sorted(PACKED)).flatmap(lambda k: st.tuples(st.just(k), odd.damaged(PACKED[k])))


def check(attempt: Callable[..., Any], tmp_path: Path, text: str, files: dict[str, bytes]) -> str:
    folder = tmp_path / "company"
    plan = company.write(folder, text, files)
    checked, message = attempt(lambda: check_plan(plan), folder)
    shutil.rmtree(folder)
    if checked is None:
        return str(message)
    spoken = [*map(str, checked.problems), *checked.ledger["sentence"], *checked.ledger["examples"].map(str)]
    return "\n".join(spoken)


def check_packed(attempt: Callable[..., Any], tmp_path: Path, kind: str, content: bytes) -> None:
    plan = company.plan()
    source = plan["tables"]["subscriptions"]
    source["path"] = f"contracts.{kind}"
    del source["delimiter"], source["encoding"]
    check(attempt, tmp_path, yaml.safe_dump(plan), {f"contracts.{kind}": content})


def draft(attempt: Callable[..., Any], tmp_path: Path, name: str, content: bytes) -> None:
    exports, mine = tmp_path / "exports", tmp_path / "mine"
    company.write(exports, "", {name: content})
    (exports / "plan.yaml").unlink()
    made, _ = attempt(lambda: write_project(mine, exports), tmp_path, mine)
    if made is not None:
        attempt(lambda: read_yaml(mine / "plan.yaml"), tmp_path)
        assert read_yaml(mine / "plan.yaml").findings == []
        shutil.rmtree(mine)
    shutil.rmtree(exports)


@odd.everyday(10)
@given(table=any_table)
def test_odd_text_files_are_checked_or_refused(attempt, tmp_path, table):
    check(attempt, tmp_path, PLAN, dict([table]))


@odd.everyday(6)
@given(table=below_its_header)
def test_no_message_tells_who_a_customer_is(attempt, tmp_path, table):
    said = check(attempt, tmp_path, PLAN, dict([table]))
    assert not any(who in said for who in company.IDS)


@odd.everyday(6)
@given(table=without_its_header)
def test_no_message_tells_who_stands_where_a_header_should(attempt, tmp_path, table):
    said = check(attempt, tmp_path, PLAN, dict([table]))
    assert not any(who in said for who in company.IDS)


@odd.everyday(20)
@given(table=any_table)
def test_a_draft_from_odd_text_files_is_a_plan(attempt, tmp_path, table):
    draft(attempt, tmp_path, *table)


@odd.everyday(8)
@given(table=any_packed)
def test_damaged_parquet_and_workbooks_are_checked_or_refused(attempt, tmp_path, table):
    check_packed(attempt, tmp_path, *table)


@odd.everyday(12)
@given(table=any_packed)
def test_a_draft_from_damaged_parquet_and_workbooks_is_a_plan(attempt, tmp_path, table):
    draft(attempt, tmp_path, f"contracts.{table[0]}", table[1])


@odd.everyday(4)
@given(table=any_table)
def test_a_run_writes_below_its_output_only(attempt, tmp_path, monkeypatch, table):
    monkeypatch.setattr(produce, "execute_notebook", lambda *_, **__: Execution("failed", "not run here", None))
    folder = tmp_path / "company"
    plan = company.write(folder, PLAN, dict([table]))
    attempt(lambda: run_plan(plan, output=tmp_path / "reports"), tmp_path, tmp_path / "reports")
    shutil.rmtree(folder)
    shutil.rmtree(tmp_path / "reports", ignore_errors=True)


@pytest.mark.slow
@odd.long(500)
@given(table=any_table)
def test_many_odd_text_files_are_checked_or_refused(attempt, tmp_path, table):
    check(attempt, tmp_path, PLAN, dict([table]))


@pytest.mark.slow
@odd.long(300)
@given(table=below_its_header)
def test_no_message_of_many_tells_who_a_customer_is(attempt, tmp_path, table):
    said = check(attempt, tmp_path, PLAN, dict([table]))
    assert not any(who in said for who in company.IDS)


@pytest.mark.slow
@odd.long(300)
@given(table=without_its_header)
def test_no_message_of_many_tells_who_stands_where_a_header_should(attempt, tmp_path, table):
    said = check(attempt, tmp_path, PLAN, dict([table]))
    assert not any(who in said for who in company.IDS)


@pytest.mark.slow
@odd.long(1000)
@given(table=any_table)
def test_drafts_from_many_odd_text_files_are_plans(attempt, tmp_path, table):
    draft(attempt, tmp_path, *table)


@pytest.mark.slow
@odd.long(500)
@given(table=any_packed)
def test_many_damaged_parquet_files_and_workbooks_are_checked_or_refused(attempt, tmp_path, table):
    check_packed(attempt, tmp_path, *table)
