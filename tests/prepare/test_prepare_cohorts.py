"""Cohorts fixed at a landmark, against a plain twin on the twin's panel, and the traps that they avoid."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pandas as pd
import panel_twin as twin
import pytest
from companies import answer, build, contract, purchase, random_company

from coroi.prepare.landmark import LandmarkCohort, contract_cohort, purchase_cohort, snapshot_cohort


def counted(cohort: LandmarkCohort) -> Counter:
    """Return customers by (state, score, duration, event)."""
    found = Counter()
    for row in cohort.counts.itertuples(index=False):
        key = (row.state, None if pd.isna(row.score) else row.score, row.duration, row.event)
        assert key not in found
        found[key] = row.n
    return found


def people_of(connection: Any, cohort: LandmarkCohort) -> Counter:
    """Return the same counts from the customers one by one."""
    people = connection.to_pandas(cohort.people)
    assert people["customer_id"].is_unique
    scores = [None if pd.isna(v) else v for v in people["score"]]
    return Counter(zip(people["state"], scores, people["duration"], people["event"], strict=True))


def steps(cohort: LandmarkCohort) -> list[tuple[str, int]]:
    """Return the flow, which must add up: who is there first, then losses, then who is left."""
    flow = list(zip(cohort.flow["step"], cohort.flow["customers"].tolist(), strict=True))
    numbers = [n for _, n in flow]
    assert numbers[0] >= 0 and all(n <= 0 for n in numbers[1:-1])
    assert sum(numbers[:-1]) == numbers[-1] == sum(counted(cohort).values())
    return flow


def known(row: Any, metric: str) -> tuple[str, float | None]:
    if not pd.isna(row[metric]):
        return "answered", row[metric]
    return ("answer too old" if row[f"{metric}_n_to_date"] else "never answered"), None


def contracts_again(frame: pd.DataFrame, company: Any, metric: str, start: pd.Period, stop: pd.Period) -> Counter:
    found: Counter = Counter()
    for _, rows in frame.groupby("customer_id"):
        by = {company.of(r["period"]): r for _, r in rows.iterrows()}
        if start not in by or not by[start]["at_risk"]:
            continue
        exits = [p for p, r in by.items() if start <= p <= stop and r["exited"] and r["spell"] == by[start]["spell"]]
        ended = min(exits, default=None)
        length = ((ended or stop) - start).n + 1
        found[(*known(by[start], metric), length, int(ended is not None))] += 1
    return found


def purchases_again(frame: pd.DataFrame, company: Any, metric: str, horizon: int, wait: int) -> Counter:
    found: Counter = Counter()
    complete = company.of(company.until() + twin.DAY) - 1
    for who, rows in frame.groupby("customer_id"):
        by = {company.of(r["period"]): r for _, r in rows.iterrows()}
        bought = [p for p, r in by.items() if r["n_transactions"] > 0]
        first_ever = min(company.of(day) for day in twin.covered(company, who))
        if not bought or min(bought) != first_ever:
            continue
        start = min(bought) + 1 + wait
        early = by[min(bought)]["n_transactions"] > 1 or any(min(bought) < p < start for p in bought)
        if early or start > complete:
            continue
        stop = min(start + horizon - 1, complete)
        again = min((p for p in bought if start <= p <= stop), default=None)
        found[(*known(by[start], metric), ((again or stop) - start).n + 1, int(again is not None))] += 1
    return found


@pytest.mark.parametrize(("seed", "period"), [(11, "week"), (12, "month")])
def test_contract_cohorts_equal_the_twin(connection, seed, period):
    company = random_company(seed, period, "contract")
    panel, _ = build(connection, company)
    last = company.of(panel.last_at_risk_period)
    frame = twin.panel(company)
    for horizon in (1, 6):
        cohort = contract_cohort(connection, panel, "nps", horizon=horizon)
        start = last - horizon + 1
        assert (cohort.landmark, cohort.horizon, cohort.reason) == (twin.first(start), horizon, "")
        assert counted(cohort) == people_of(connection, cohort) == contracts_again(frame, company, "nps", start, last)
        assert steps(cohort)[0] == ("customers in the panel", frame["customer_id"].nunique())
    landmark = last - 8
    cohort = contract_cohort(connection, panel, "ces", horizon=4, landmark=twin.first(landmark))
    assert counted(cohort) == contracts_again(frame, company, "ces", landmark, landmark + 3)
    cohort = contract_cohort(connection, panel, "ces", horizon=40, landmark=twin.first(landmark))
    assert cohort.horizon == 9
    assert counted(cohort) == contracts_again(frame, company, "ces", landmark, last)


@pytest.mark.parametrize(("seed", "period"), [(11, "week"), (12, "month")])
def test_purchase_cohorts_equal_the_twin(connection, seed, period):
    company = random_company(seed, period, "repeat_purchase")
    panel, _ = build(connection, company)
    frame = twin.panel(company)
    for horizon, wait in ((1, 0), (6, 0), (3, 2)):
        cohort = purchase_cohort(connection, panel, "nps", horizon=horizon, wait=wait)
        wanted = purchases_again(frame, company, "nps", horizon, wait)
        assert counted(cohort) == people_of(connection, cohort) == wanted
        assert steps(cohort)[-1] == ("customers followed", sum(wanted.values()))
        assert cohort.landmark is None and bool(cohort.reason) is (not wanted)


def test_a_later_answer_does_not_make_an_earlier_survivor(connection):
    """Whoever stays has time to answer; the landmark looks only at answers that were there before it."""
    company = twin.Company(
        "month",
        "contract",
        0,
        metrics=("nps",),
        observed_until=date(2024, 7, 31),
        subscriptions=[
            *(contract(f"stays{i}", "2024-01-01") for i in range(4)),
            *(contract(f"leaves{i}", "2024-01-01", "2024-03-20") for i in range(4)),
        ],
        responses=[
            answer("stays0", "2024-01-20", 9.0),
            answer("leaves0", "2024-01-20", 9.0),
            answer("stays1", "2024-02-01", 9.0),  # on the landmark itself: not yet known
            answer("stays2", "2024-05-10", 9.0),
            answer("stays3", "2024-06-10", 9.0),
        ],
    )
    panel, _ = build(connection, company)
    cohort = contract_cohort(connection, panel, "nps", horizon=5, landmark=date(2024, 2, 1))
    assert counted(cohort) == {
        ("answered", 9.0, 5, 0): 1,
        ("answered", 9.0, 2, 1): 1,
        ("never answered", None, 5, 0): 3,
        ("never answered", None, 2, 1): 3,
    }
    ever = {r["customer_id"] for r in company.responses}
    stayed = [who.startswith("stays") for who in sorted(ever)]
    assert sum(stayed) / len(stayed) == 0.8  # what counting later answers would have said; the truth is one half


def test_states_of_an_answer_at_the_landmark(connection):
    company = twin.Company(
        "month",
        "contract",
        0,
        metric_age_limit=2,
        metrics=("nps",),
        observed_until=date(2024, 7, 31),
        subscriptions=[contract(who, "2024-01-01") for who in ("fresh", "stale", "never")],
        responses=[answer("fresh", "2024-03-31", 3.0), answer("stale", "2024-02-29", 3.0)],
    )
    panel, _ = build(connection, company)
    cohort = contract_cohort(connection, panel, "nps", horizon=2, landmark=date(2024, 5, 1))
    assert counted(cohort) == {
        ("answered", 3.0, 2, 0): 1,
        ("answer too old", None, 2, 0): 1,
        ("never answered", None, 2, 0): 1,
    }


def test_an_exit_of_a_later_spell_is_not_the_cohorts(connection):
    company = twin.Company(
        "month",
        "contract",
        0,
        metrics=("nps",),
        observed_until=date(2024, 9, 30),
        subscriptions=[
            contract("back", "2024-01-01", "2024-03-10"),
            contract("back", "2024-05-05", "2024-06-10"),
            contract("new", "2024-05-05", "2024-06-10"),
        ],
    )
    panel, _ = build(connection, company)
    cohort = contract_cohort(connection, panel, "nps", horizon=6, landmark=date(2024, 2, 1))
    assert counted(cohort) == {("never answered", None, 2, 1): 1}
    assert steps(cohort) == [
        ("customers in the panel", 2),
        ("not under contract in the landmark's period", -1),
        ("customers followed", 1),
    ]


def test_data_too_short_for_the_horizon_give_a_reason(connection):
    company = twin.Company(
        "month",
        "contract",
        30,
        metrics=("nps",),
        observed_until=date(2024, 6, 30),
        subscriptions=[contract("a", "2024-01-01"), contract("b", "2024-01-01")],
    )
    panel, _ = build(connection, company)
    assert contract_cohort(connection, panel, "nps", horizon=4).reason == ""
    cohort = contract_cohort(connection, panel, "nps", horizon=5)
    assert cohort.reason == ("the data show 4 months in which an exit can be told, fewer than the horizon of 5")
    assert (len(cohort.counts), len(cohort.flow), cohort.landmark) == (0, 0, None)
    for landmark in (date(2023, 12, 1), date(2024, 5, 1)):
        cohort = contract_cohort(connection, panel, "nps", horizon=1, landmark=landmark)
        assert cohort.reason == f"the landmark {landmark} lies outside the periods in which an exit can be told"
    company.grace_days = 400
    panel, _ = build(connection, company)
    assert contract_cohort(connection, panel, "nps", horizon=1).reason.startswith("the data show 0 months")


def test_nobody_under_contract_at_the_landmark(connection):
    company = twin.Company(
        "month",
        "contract",
        0,
        metrics=("nps",),
        observed_until=date(2024, 9, 30),
        subscriptions=[contract("a", "2024-01-01", "2024-01-31"), contract("b", "2024-06-01")],
    )
    panel, _ = build(connection, company)
    cohort = contract_cohort(connection, panel, "nps", horizon=2, landmark=date(2024, 3, 1))
    assert cohort.reason == "no customer is under contract in the period of 2024-03-01"


def test_purchases_by_hand(connection):
    company = twin.Company(
        "month",
        "repeat_purchase",
        90,
        metrics=("nps",),
        observed_until=date(2024, 8, 15),  # the last complete month is July
        transactions=[
            purchase("same_month", "2024-01-05"),
            purchase("same_month", "2024-01-25"),
            purchase("while_waiting", "2024-01-05"),
            purchase("while_waiting", "2024-02-25"),
            purchase("at_landmark", "2024-01-05"),
            purchase("at_landmark", "2024-03-01"),
            purchase("in_the_end", "2024-01-05"),
            purchase("in_the_end", "2024-05-31"),
            purchase("too_late", "2024-01-05"),
            purchase("too_late", "2024-06-01"),
            purchase("never", "2024-01-05"),
            purchase("short", "2024-04-05"),  # landmark June: two of three months are seen
            purchase("short", "2024-08-05"),  # in a month that is not complete
            purchase("not_reached", "2024-06-05"),
            purchase("returned", "2024-01-05"),
            purchase("returned", "2024-01-09", -10.0),
        ],
        responses=[answer("never", "2024-02-29", 4.0), answer("at_landmark", "2024-03-01", 10.0)],
    )
    panel, _ = build(connection, company)
    cohort = purchase_cohort(connection, panel, "nps", horizon=3, wait=1)
    assert counted(cohort) == {
        ("answered", 4.0, 3, 0): 1,  # never
        ("never answered", None, 1, 1): 1,  # at_landmark: the answer of that day is not yet known
        ("never answered", None, 3, 1): 1,  # in_the_end
        ("never answered", None, 3, 0): 2,  # too_late, returned
        ("never answered", None, 2, 0): 1,  # short
    }
    assert steps(cohort) == [
        ("customers with a purchase", 9),
        ("bought again before the landmark", -2),
        ("landmark not reached within the data", -1),
        ("customers followed", 6),
    ]


def test_first_purchases_before_the_window_start_no_cohort(connection):
    company = twin.Company(
        "month",
        "repeat_purchase",
        400,
        metrics=("nps",),
        observed_from=date(2024, 2, 1),
        observed_until=date(2024, 8, 31),
        transactions=[
            purchase("old", "2024-01-05"),
            purchase("old", "2024-03-05"),
            purchase("lapsed", "2022-01-05"),
            purchase("lapsed", "2024-03-05"),
            purchase("new", "2024-03-05"),
        ],
    )
    panel, _ = build(connection, company)
    cohort = purchase_cohort(connection, panel, "nps", horizon=2)
    assert counted(cohort) == {("never answered", None, 2, 0): 1}
    assert steps(cohort)[:2] == [("customers with a purchase", 3), ("first purchase before the observed window", -2)]


def test_a_snapshot_is_taken_as_it_is(prepare, connection):
    text = "customer_id,left,csat,tenure_months,segment\n1,yes,1,7.9,a\n2,no,5,,b\n3,no,5,-1,b\n4,yes,,0,\n"
    prepared = prepare({"snapshot.csv": text}, {"snapshot": {"scores": {"csat": "csat"}}})
    cohort = snapshot_cohort(connection, prepared.tables["snapshot"], "csat")
    assert counted(cohort) == {
        ("answered", 1.0, 1, 1): 1,
        ("answered", 5.0, 1, 0): 2,
        ("never answered", None, 1, 1): 1,
    }
    assert steps(cohort) == [("customers in the snapshot", 4), ("customers followed", 4)]
    assert (cohort.landmark, cohort.horizon) == (None, 1)
    people = connection.to_pandas(cohort.people.order_by("customer_id"))
    tenure = [None if pd.isna(v) else v for v in people["tenure_periods"]]
    assert tenure == [7, None, 0, 0]
    assert people["segment"].fillna("").tolist() == ["a", "b", "b", ""]
