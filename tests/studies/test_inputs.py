"""What a notebook works on: prepared once and read back, or prepared by hand; and what the data lack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from small_company import contracts, open_company

from coroi.errors import DataError, PlanError, StudyError
from coroi.schemas import missing_for
from coroi.studies.inputs import (
    OUTPUT,
    PREPARED,
    REPORTS,
    Inputs,
    available,
    choose_metric,
    holdings,
    metric_label,
    open_inputs,
    options_of,
    prepare_plan,
    study_availability,
)
from coroi.studies.plan import LoadedPlan, read_plan
from coroi.studies.registry import STUDIES, notebook_of

TABLES = contracts([(20, 10, ""), (20, 2, "2024-03-15")]) | {"customers": [("c0_0", "x"), ("c1_0", None)]}
UNTIL = {"observed_until": "2024-12-31"}


@pytest.fixture
def by_hand(tmp_path, monkeypatch) -> Inputs:
    monkeypatch.delenv(PREPARED, raising=False)
    monkeypatch.delenv(OUTPUT, raising=False)
    return open_company(tmp_path, TABLES, **UNTIL)


def load(folder: Path) -> LoadedPlan:
    return read_plan(folder / "plan.yaml", known_studies={name: notebook_of(name) for name in STUDIES})


def frame(inputs: Inputs, table) -> pd.DataFrame:
    found = inputs.connection.to_pandas(table)
    return found.sort_values(list(found.columns)).reset_index(drop=True)


def test_a_run_reads_what_was_prepared_and_finds_the_same(by_hand, tmp_path, monkeypatch):
    steps = []
    prepare_plan(load(tmp_path), tmp_path / "ready", steps.append)
    assert sorted(steps) == ["customers", "panel", "responses", "subscriptions"]
    monkeypatch.setenv(PREPARED, str(tmp_path / "ready"))
    monkeypatch.setenv(OUTPUT, str(tmp_path / "out"))
    monkeypatch.setenv(REPORTS, str(tmp_path / "reports"))
    run = open_inputs("is not read")
    assert run.plan == by_hand.plan
    assert (run.output, run.reports) == (tmp_path / "out", tmp_path / "reports")
    assert (by_hand.output, by_hand.reports) == (None, None)
    assert set(run.tables) == set(by_hand.tables) == {"customers", "responses", "subscriptions"}
    for name, table in by_hand.tables.items():
        pd.testing.assert_frame_equal(frame(run, run.tables[name]), frame(by_hand, table))
    pd.testing.assert_frame_equal(frame(run, run.panel.data), frame(by_hand, by_hand.panel.data))
    kept = ("metrics", "frequency", "currency", "relationship", "observed_until", "last_complete_period")
    assert [getattr(run.panel, k) for k in kept] == [getattr(by_hand.panel, k) for k in kept]
    assert run.panel.last_at_risk_period == by_hand.panel.last_at_risk_period
    pd.testing.assert_frame_equal(run.ledger, by_hand.ledger, check_dtype=False)
    assert run.flags.empty


def test_a_company_without_a_panel_is_read_back_without_one(tmp_path, monkeypatch):
    open_company(tmp_path, {"customers": TABLES["customers"]})
    prepare_plan(load(tmp_path), tmp_path / "ready")
    monkeypatch.setenv(PREPARED, str(tmp_path / "ready"))
    run = open_inputs()
    assert run.panel is None
    assert (run.output, run.reports) == (None, None)
    assert set(run.tables) == {"customers"}


def test_raw_files_stay_as_they_were(by_hand, tmp_path):
    before = {p.name: p.read_bytes() for p in tmp_path.glob("*.csv")}
    prepare_plan(load(tmp_path), tmp_path / "ready")
    assert {p.name: p.read_bytes() for p in tmp_path.glob("*.csv")} == before


def test_data_that_cannot_be_used_raise_all_problems_together(tmp_path):
    for name in ("subscriptions", "responses"):
        (tmp_path / f"{name}.csv").write_text("customer_id,start_at,answered_at,metric,score\n", encoding="utf-8")
    (tmp_path / "plan.yaml").write_text(
        "name: empty\ncurrency: EUR\nperiod: month\nmetrics:\n  nps:\n    scale: [0, 10]\ntables:\n"
        "  subscriptions:\n    path: subscriptions.csv\n  responses:\n    path: responses.csv\n",
        encoding="utf-8",
    )
    with pytest.raises(DataError) as caught:
        open_inputs(str(tmp_path / "plan.yaml"))
    assert [name for name in ("subscriptions", "responses") if name not in str(caught.value)] == []
    assert len(caught.value.problems) >= 2
    prepared = prepare_plan(load(tmp_path), tmp_path / "ready", strict=False)
    assert prepared.problems == caught.value.problems
    assert prepared.tables == {}


def test_a_plan_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PlanError):
        open_inputs(str(tmp_path / "plan.yaml"))


def test_available_names_only_columns_that_hold_something(by_hand):
    columns = available(by_hand.tables, by_hand.connection)
    assert {"customers.segment", "responses.score", "subscriptions.end_at"} <= columns
    assert {"customers.unit_id", "responses.verbatim", "subscriptions.price"}.isdisjoint(columns)


def test_holdings_are_what_missing_for_takes(by_hand):
    tables, metrics, _ = held = holdings(by_hand.tables, by_hand.connection)
    assert tables == {"customers", "responses", "subscriptions"}
    assert metrics == {"nps"}
    assert {name: missing_for(s.need, *held) for name, s in STUDIES.items()} == dict.fromkeys(STUDIES, "") | {
        "programme": "`programme`",
        "pilot": "`programme` or `snapshot`",
        "firms": "`firms`",
    }


def test_studies_that_the_data_cannot_bear_say_what_is_missing(tmp_path):
    open_company(tmp_path, {"customers": TABLES["customers"]})
    found = study_availability(prepare_plan(load(tmp_path), tmp_path / "ready"))
    assert found["readiness"] == ""
    assert found["retention"].startswith("`snapshot` or `responses` and `subscriptions`, and a metric")


def test_the_metric_is_the_plans_first_that_has_answers(by_hand):
    metrics = by_hand.plan.metrics | {"csat": by_hand.plan.metrics["nps"]}
    both = replace(by_hand, plan=by_hand.plan.model_copy(update={"metrics": dict(reversed(metrics.items()))}))
    assert list(both.plan.metrics) == ["csat", "nps"]
    assert choose_metric(both, "") == "nps"
    assert choose_metric(both, "csat") == "csat"
    with pytest.raises(StudyError, match="Did you mean 'csat'"):
        choose_metric(both, "cast")


def test_without_metrics_the_way_out_is_told(by_hand):
    none = replace(by_hand, plan=by_hand.plan.model_copy(update={"metrics": {}}))
    with pytest.raises(StudyError, match=r"The plan names no metric\. Add one under `metrics`"):
        choose_metric(none, "")


def test_a_metric_has_the_plans_label_or_its_own_name(by_hand):
    nps = by_hand.plan.metrics["nps"]
    metrics = {"nps": nps, "review_score": nps, "csat": nps.model_copy(update={"label": "Satisfaction"})}
    plan = by_hand.plan.model_copy(update={"metrics": metrics})
    assert [metric_label(plan, m) for m in metrics] == ["NPS", "review score", "Satisfaction"]


def test_options_carry_the_plans_choices(by_hand):
    options = options_of(by_hand.plan)
    assert (options.period, options.currency, options.relationship) == ("month", "EUR", "contract")
    assert (options.grace_days, options.metric_age_limit) == (30, 12)
    assert str(options.observed_until) == "2024-12-31"
