"""Units by period around a roll-out, against a plain twin on the panel's rows, and who took up what when."""

from __future__ import annotations

import random
from datetime import date

import ibis
import numpy as np
import pandas as pd
import panel_twin as twin
import pytest
from companies import answer, build, contract, frame_of, random_company, tables_of

from coroi.prepare.calendar import index_of
from coroi.prepare.treatments import unit_treatments
from coroi.prepare.unit_panel import MONEY, unit_panel

JANUARY = index_of(date(2024, 1, 1), "month")


def with_units(company, n_units: int):
    lots = random.Random(n_units)
    names = {r["customer_id"] for r in (*company.subscriptions, *company.transactions)}
    company.customers = [
        {"customer_id": who, "segment": None, "unit_id": lots.choice([None, *(f"u{i}" for i in range(n_units))])}
        for who in sorted(names)
    ]
    return company


def rows_again(frame: pd.DataFrame, company, panel, at: int, smallest: int) -> list[tuple]:
    """Count each unit and period in loops; an empty unit is no unit."""
    last, told = (index_of(d, panel.frequency) for d in (panel.last_complete_period, panel.last_at_risk_period))
    rows = frame.assign(idx=[index_of(d, panel.frequency) for d in frame["period"]]).to_dict("records")
    cohort = {r["customer_id"]: r["unit_id"] for r in rows if r["idx"] == at and r["at_risk"]}
    units = sorted({u for u in cohort.values() if isinstance(u, str)})
    sizes = {u: sum(v == u for v in cohort.values()) for u in units}
    units = [u for u in units if sizes[u] >= smallest]
    unit_of = {r["customer_id"]: r["unit_id"] for r in rows}
    has = {
        c: any(r[c] == r[c] and r["idx"] >= at and r["idx"] <= last for r in rows if r["customer_id"] in cohort)
        for c in MONEY
    }
    made = []
    for number, unit in enumerate(units):
        for idx in range(at, last + 1):
            here = [r for r in rows if r["idx"] == idx and r["unit_id"] == unit]
            risk = [r for r in here if r["at_risk"]]
            scores = [
                a["score"]
                for a in company.responses
                if a["metric"] == "nps"
                and unit_of.get(a["customer_id"]) == unit
                and index_of(a["answered_at"], panel.frequency) == idx
            ]
            rate = sum(r["exited"] for r in risk) / len(risk) if risk and idx <= told else np.nan
            money = [
                sum(r[c] for r in here if r["customer_id"] in cohort and r[c] == r[c]) / sizes[unit]
                if has[c]
                else np.nan
                for c in MONEY
            ]
            score = float(np.mean(scores)) if scores else np.nan
            made.append((number, idx, score, len(scores), rate, len(risk), *money))
    return made


@pytest.mark.parametrize(("relationship", "period"), [("contract", "month"), ("repeat_purchase", "quarter")])
@pytest.mark.parametrize("seed", range(2))
def test_units_equal_their_twin(connection, seed, period, relationship):
    company = with_units(random_company(seed, period, relationship), 3)
    panel, _ = build(connection, company)
    frame = frame_of(connection, panel)
    first = min(index_of(d, panel.frequency) for d in frame["period"])
    responses = tables_of(company)["responses"]
    found = unit_panel(connection, panel, responses, "nps", first_start=first + 3, history=2, smallest=1)
    if found.reason:
        assert "fewer than two units" in found.reason
        return
    want = pd.DataFrame(rows_again(frame, company, panel, first + 1, 1))
    got = found.rows[["unit", "period", "score", "n_answers", "exit_rate", "n_at_risk", *MONEY]]
    want.columns = got.columns
    pd.testing.assert_frame_equal(got.reset_index(drop=True), want, check_dtype=False, check_exact=False, rtol=1e-12)
    numbers = found.flow["customers"].tolist()
    assert numbers[0] - sum(numbers[1:-1]) == numbers[-1] == found.units["n_customers"].sum()


def two_units(n: int = 12) -> twin.Company:
    company = twin.Company("month", "contract", 0, 12, ("nps",), observed_until=date(2024, 12, 31))
    for i in range(2 * n + 3):
        who = f"c{i}"
        unit = "b" if i < n else "a" if i < 2 * n else "tiny"
        company.customers.append({"customer_id": who, "segment": None, "unit_id": unit})
        company.subscriptions.append(contract(who, "2024-01-01", "2024-03-10" if i == 0 else None, price=10.0))
        company.responses.append(answer(who, "2024-02-10", i % 11))
    company.subscriptions.append(contract("c_late", "2024-06-01", "2024-08-10", price=99.0))
    company.customers.append({"customer_id": "c_late", "segment": None, "unit_id": "b"})
    return company


def test_exits_are_of_all_who_are_there_and_money_of_the_cohort_alone(connection):
    company = two_units()
    panel, _ = build(connection, company)
    found = unit_panel(connection, panel, tables_of(company)["responses"], "nps", first_start=JANUARY + 4)
    assert found.start == date(2024, 1, 1)
    assert found.units["unit_id"].tolist() == ["a", "b"]
    assert found.n_small == 1
    rows = found.rows.set_index(["unit", "period"])
    assert rows.loc[(1, JANUARY + 2), "exit_rate"] == pytest.approx(1 / 12)
    assert rows.loc[(1, JANUARY + 7), ["exit_rate", "n_at_risk"]].tolist() == pytest.approx([1 / 12, 12])
    assert rows.loc[(1, JANUARY + 7), "revenue"] == pytest.approx(10 * 11 / 12, rel=0.05)
    assert rows.loc[(0, JANUARY + 1), "n_answers"] == 12
    assert np.isnan(rows.loc[(0, JANUARY + 5), "score"])


@pytest.mark.parametrize(
    ("first_start", "smallest", "told"),
    [
        (None, 10, "no unit has a start"),
        (JANUARY, 10, "when the first unit had started already"),
        (JANUARY + 2, 13, "fewer than two units had 13 customers"),
    ],
)
def test_what_cannot_be_followed_says_why(connection, first_start, smallest, told):
    company = two_units()
    panel, _ = build(connection, company)
    found = unit_panel(connection, panel, None, "nps", first_start=first_start, smallest=smallest)
    assert told in found.reason
    assert found.rows.empty


def test_without_answers_there_is_no_score(connection):
    panel, _ = build(connection, two_units())
    found = unit_panel(connection, panel, None, "nps", first_start=JANUARY + 4)
    assert found.rows["score"].isna().all()
    assert not found.rows["n_answers"].any()


def took_up(*rows: tuple) -> pd.DataFrame:
    names = (
        "unit_id",
        "customer_id",
        "practice",
        "arm",
        "planned_share",
        "start_at",
        "end_at",
        "intensity",
        "leader_sponsor",
    )
    frame = pd.DataFrame([dict(zip(names, r, strict=True)) for r in rows])
    for column in ("start_at", "end_at"):
        frame[column] = pd.to_datetime(frame[column]).dt.date
    return frame


def test_each_unit_and_practice_has_one_start(connection):
    frame = took_up(
        ("n", None, "panel", None, np.nan, "2024-03-20", "2024-05-31", 1.0, True),
        ("n", None, "panel", None, np.nan, "2024-08-01", None, 0.5, True),
        ("n", None, "coach", None, np.nan, "2024-02-01", "2024-06-15", np.nan, None),
        ("s", None, "panel", "control", 0.5, "2024-03-01", None, 0.0, False),
        (None, "c1", "follow-up", "treatment", 0.5, "2024-03-01", None, 1.0, None),
    )
    schema = {"unit_id": "string", "customer_id": "string", "practice": "string", "arm": "string"}
    schema |= {"planned_share": "float64", "start_at": "date", "end_at": "date", "intensity": "float64"}
    table = ibis.memtable(frame, schema=schema | {"leader_sponsor": "boolean"})
    found = unit_treatments(connection, table, "month").set_index(["unit_id", "practice"])
    assert sorted(found.index) == [("n", "coach"), ("n", "panel"), ("s", "panel")]
    panel, coach, control = (found.loc[k] for k in (("n", "panel"), ("n", "coach"), ("s", "panel")))
    assert (panel["first_treated"], panel["restarts"], panel["dose"]) == (JANUARY + 2, 1, 0.75)
    assert np.isnan(panel["ended"])
    assert (coach["first_treated"], coach["ended"], coach["dose"]) == (JANUARY + 1, JANUARY + 5, 1.0)
    assert np.isnan(coach["sponsored"])
    assert panel["sponsored"] == 1
    assert np.isnan(control["first_treated"])
    assert (control["arm"], control["planned_share"]) == ("control", 0.5)
    none = unit_treatments(connection, table.filter(table["customer_id"].notnull()), "month")
    assert none.empty
    assert list(none.columns) == list(found.reset_index().columns)
