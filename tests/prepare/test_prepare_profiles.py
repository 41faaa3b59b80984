"""Cohorts as rows at risk, and the periods ahead of each kind of customer, counted by hand."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
from companies import answer, build, contract
from panel_twin import Company

from coroi.prepare.cells import NO_SCORE, panel_cells, reduce_rows
from coroi.prepare.landmark import LandmarkCohort, contract_cohort
from coroi.prepare.levels import NOT_GIVEN, OTHERS, STATES
from coroi.prepare.profiles import MOST_STEPS, cohort_rows, profiles_ahead

ANSWERED, NEVER, STALE = STATES
COLUMNS = ["customer_id", "state", "score", "tenure_periods", "segment", "duration", "event"]
PEOPLE = [
    ("a", ANSWERED, 8.0, 7, "s", 3, 1),
    ("b", ANSWERED, 8.0, 7, "s", 4, 0),
    ("c", NEVER, None, 2, None, 1, 1),
    ("d", STALE, None, 2, None, 1, 0),
]


def cohort_of(people: list[tuple], horizon: int) -> LandmarkCohort:
    frame = pd.DataFrame(people, columns=COLUMNS).assign(start=0)
    frame = frame.astype({"score": float, "segment": "str", "tenure_periods": "Int64"})
    return LandmarkCohort(
        counts=pd.DataFrame(),
        flow=pd.DataFrame(),
        landmark=None,
        horizon=horizon,
        event="another purchase",
        people=ibis.memtable(frame),
    )


def rows_of(connection: Any, cohort: LandmarkCohort) -> Counter:
    frame = connection.to_pandas(cohort_rows(cohort))
    columns = ["customer_id", "score", "state", "tenure_periods", "segment", "weight", "event"]
    assert set(frame.columns) == set(columns)
    return Counter(frame[columns].itertuples(index=False, name=None))


def test_a_cohort_has_a_row_for_each_period_to_the_event_or_the_end(connection):
    found = rows_of(connection, cohort_of(PEOPLE, 4))
    assert found == Counter(
        [
            ("a", 8.0, 0, 0, "s", 1.0, 0.0),
            ("a", 8.0, 0, 1, "s", 1.0, 0.0),
            ("a", 8.0, 0, 2, "s", 1.0, 1.0),
            ("b", 8.0, 0, 0, "s", 1.0, 0.0),
            ("b", 8.0, 0, 1, "s", 1.0, 0.0),
            ("b", 8.0, 0, 2, "s", 1.0, 0.0),
            ("b", 8.0, 0, 3, "s", 1.0, 0.0),
            ("c", NO_SCORE, 1, 0, NOT_GIVEN, 1.0, 1.0),
            ("d", NO_SCORE, 2, 0, NOT_GIVEN, 1.0, 0.0),
        ]
    )


def test_a_cohort_of_one_period_keeps_its_tenure(connection):
    people = [(*p[:5], 1, p[6]) for p in PEOPLE]
    found = rows_of(connection, cohort_of(people, 1))
    assert found == Counter(
        [
            ("a", 8.0, 0, 7, "s", 1.0, 1.0),
            ("b", 8.0, 0, 7, "s", 1.0, 0.0),
            ("c", NO_SCORE, 1, 2, NOT_GIVEN, 1.0, 1.0),
            ("d", NO_SCORE, 2, 2, NOT_GIVEN, 1.0, 0.0),
        ]
    )


def test_the_counts_of_a_cohort_are_its_life_table(connection):
    cells = reduce_rows(connection, cohort_rows(cohort_of(PEOPLE, 4)), [])
    table = cells.by_tenure.set_index("tenure_periods")
    assert table["n"].to_dict() == {0: 4, 1: 2, 2: 2, 3: 1}
    assert table["events"].to_dict() == {0: 1, 1: 0, 2: 1, 3: 0}


def test_customers_alike_are_one_profile_with_all_its_periods(connection):
    cohort = cohort_of(PEOPLE, 3)
    cells = reduce_rows(connection, cohort_rows(cohort_of(PEOPLE, 4)), [])
    ahead = profiles_ahead(connection, cohort, cells)
    assert ahead["step"].tolist() == [0, 1, 2] * 3
    assert ahead["profile"].tolist() == [0] * 3 + [1] * 3 + [2] * 3
    firsts = ahead[ahead["step"] == 0]
    kinds = {(r.state, r.segment, None if np.isnan(r.score) else r.score): r.customers for r in firsts.itertuples()}
    assert kinds == {(ANSWERED, OTHERS, 8.0): 2, (NEVER, OTHERS, None): 1, (STALE, OTHERS, None): 1}
    assert ahead["at_risk"].tolist() == [1.0] * 9


@pytest.mark.parametrize(
    ("horizon", "contracts", "wanted"), [(4, False, [0, 1, 2, 2]), (4, True, [2, 3, 3, 4]), (1, False, [2])]
)
def test_time_starts_at_the_landmark_or_with_the_contract_and_stands_still_in_a_snapshot(
    connection, horizon, contracts, wanted
):
    """Bands begin at 0, 1, 2, 4 and 6; the customer is in the fourth period of a contract, numbered 3."""
    company = Company("month", "contract", 0, metrics=("nps",), subscriptions=[contract("a", "2024-01-01")])
    panel, _ = build(connection, company)
    cells = reduce_rows(connection, spread(), [1, 2, 4, 6])
    assert cells.coding.tenure_starts == (0, 1, 2, 4, 6)
    cohort = cohort_of([("a", ANSWERED, 8.0, 3, "s", 1, 0)], horizon)
    ahead = profiles_ahead(connection, cohort, cells, panel=panel if contracts else None)
    assert ahead["tenure"].tolist() == wanted


def spread() -> Any:
    """Rows with exits enough in every tenure from 0 to 8."""
    rows = [(f"{t}-{i}", t, float(i < 6)) for t in range(9) for i in range(12)]
    frame = pd.DataFrame(rows, columns=["customer_id", "tenure_periods", "event"])
    return ibis.memtable(frame.assign(score=5.0, state=np.zeros(len(rows), dtype="int8"), segment="s", weight=1.0))


def test_levels_are_those_of_the_rows_at_risk(connection):
    """Segments joined there are joined ahead; a missing tenure has the level that it has there."""
    people = [
        (f"{g}{i}", ANSWERED, 8.0, t, g, 1, int(i < 9)) for g, t in (("a", 0), ("b", 0), ("a", None)) for i in range(40)
    ]
    people += [(f"c{i}", ANSWERED, 8.0, 0, "c", 1, 0) for i in range(3)]
    people += [(f"d{i}", ANSWERED, 8.0, None, "d", 1, int(i < 9)) for i in range(20)]
    people = [(f"{n}", *p[1:]) for n, p in enumerate(people)]
    cohort = cohort_of(people, 1)
    cells = reduce_rows(connection, cohort_rows(cohort), [1])
    assert cells.levels["segment"] == ("a", "b", OTHERS)
    assert cells.levels["tenure"] == ("all", NOT_GIVEN)
    ahead = profiles_ahead(connection, cohort, cells)
    found = ahead.groupby(["segment", "tenure"], observed=True)["customers"].sum().to_dict()
    assert found == {("a", 0): 40, ("a", 1): 40, ("b", 0): 40, (OTHERS, 0): 3, (OTHERS, 1): 20}


def terms() -> Company:
    return Company(
        "month",
        "contract",
        0,
        metrics=("nps",),
        observed_until=date(2024, 12, 31),
        subscriptions=[
            contract("quarterly", "2023-02-01", term_months=3.0),
            contract("also", "2022-11-01", term_months=3.0),
            contract("yearly", "2023-06-15", term_months=12.0),
            contract("left", "2023-02-01", "2024-04-30", term_months=3.0),
            contract("free", "2023-02-01"),
            contract("new", "2024-11-01", term_months=1.0),
        ],
        responses=[answer(who, "2023-12-15", 8.0) for who in ("quarterly", "also", "left", "yearly", "free")],
    )


def test_periods_ahead_follow_the_schedule_of_each_customer_whether_or_not_they_left(connection):
    panel, _ = build(connection, terms())
    cohort = contract_cohort(connection, panel, "nps", horizon=10)
    assert str(cohort.landmark) == "2024-02-01"
    cells = panel_cells(connection, panel, "nps", at_renewal=True)
    ahead = profiles_ahead(connection, cohort, cells, panel=panel, at_renewal=True)
    found = Counter()
    for _, rows in ahead.groupby("profile"):
        assert rows["step"].tolist() == list(range(10))
        months = tuple(2 + s for s, yes in zip(rows["step"], rows["at_risk"], strict=True) if yes)
        found[months] += rows["customers"].iloc[0]
    assert found == Counter({(4, 7, 10): 3, (6,): 1, tuple(range(2, 12)): 1})
    assert ahead.loc[ahead["step"] == 0, "customers"].sum() == cohort.flow["customers"].iloc[-1] == 5


def test_without_the_schedule_every_period_is_open(connection):
    panel, _ = build(connection, terms())
    cohort = contract_cohort(connection, panel, "nps", horizon=10)
    ahead = profiles_ahead(connection, cohort, panel_cells(connection, panel, "nps"), panel=panel)
    assert ahead["at_risk"].eq(1.0).all()
    assert ahead.loc[ahead["step"] == 0, "customers"].sum() == 5


def test_as_many_periods_ahead_as_fit_keep_their_schedule(connection):
    company = Company(
        "month",
        "contract",
        0,
        metrics=("nps",),
        observed_until=date(2024, 12, 31),
        subscriptions=[
            contract("monthly", "2018-01-01", term_months=1.0),
            contract("never", "2018-01-01", term_months=120.0),
        ],
    )
    panel, _ = build(connection, company)
    cohort = contract_cohort(connection, panel, "nps", horizon=MOST_STEPS)
    cells = panel_cells(connection, panel, "nps", at_renewal=True)
    ahead = profiles_ahead(connection, cohort, cells, panel=panel, at_renewal=True)
    assert sorted(ahead.groupby("profile")["at_risk"].sum()) == [0.0, MOST_STEPS]


def test_a_level_without_a_row_at_risk_keeps_its_name(connection):
    """Nobody who never answered, and nobody of the segment, renews before the landmark."""
    company = terms()
    company.subscriptions.append(contract("silent", "2024-01-15", term_months=24.0))
    company.customers.append({"customer_id": "silent", "segment": "rare", "unit_id": None})
    panel, _ = build(connection, company)
    cells = panel_cells(connection, panel, "nps", at_renewal=True)
    assert "rare" not in cells.levels["segment"]
    cohort = contract_cohort(connection, panel, "nps", horizon=10)
    ahead = profiles_ahead(connection, cohort, cells, panel=panel, at_renewal=True)
    rare = ahead[ahead["segment"] == "rare"]
    assert set(rare["state"]) == {NEVER}
    assert (rare["customers"].iloc[0], rare["at_risk"].sum()) == (1, 0.0)
