"""Cohorts fixed at a date and followed whether they stay or not, against a plain twin on the panel's rows."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import panel_twin as twin
import pytest
from companies import answer, build, contract, frame_of, purchase, random_company

from coroi.prepare.calendar import index_of
from coroi.prepare.closed_cohort import MONEY, closed_cohort


def rows_again(frame: pd.DataFrame, panel, start: date, history: int) -> pd.DataFrame:
    at, last = (index_of(d, panel.frequency) for d in (start, panel.last_complete_period))
    told = index_of(panel.last_at_risk_period, panel.frequency)
    numbered = frame.assign(idx=[index_of(d, panel.frequency) for d in frame["period"]])
    there = sorted(set(numbered.loc[(numbered["idx"] == at) & numbered["at_risk"], "customer_id"]))
    kept = numbered[numbered["customer_id"].isin(there) & numbered["idx"].between(at - history, last)]
    active = kept["at_risk"].astype(float).where(kept["idx"] <= told)
    columns = {"entity": kept["customer_id"].map(there.index), "period": kept["idx"], "active": active}
    columns |= {c: kept[c].astype(float) for c in MONEY}
    columns |= {"score": kept["nps"].astype(float), "age": kept["nps_age_periods"].astype(float)}
    return pd.DataFrame(columns).sort_values(["entity", "period"]).reset_index(drop=True)


@pytest.mark.parametrize("relationship", ["contract", "repeat_purchase"])
@pytest.mark.parametrize("period", ["month", "quarter"])
@pytest.mark.parametrize("seed", range(4))
def test_the_cohort_equals_its_twin(connection, seed, period, relationship):
    panel, _ = build(connection, random_company(seed, period, relationship))
    found = closed_cohort(connection, panel, "nps", horizon=1, history=2)
    if found.reason:
        assert found.rows.empty
        return
    want = rows_again(frame_of(connection, panel), panel, found.start, 2)
    pd.testing.assert_frame_equal(found.rows, want, check_dtype=False)
    assert found.n_all == want["entity"].nunique()
    numbers = found.flow["customers"].to_list()
    assert sum(numbers[:-1]) == numbers[-1] == found.n_all


def small_company() -> twin.Company:
    company = twin.Company("month", "contract", 0, 12, ("nps",), observed_until=date(2024, 12, 31))
    for i in range(60):
        company.subscriptions.append(contract(f"c{i}", "2024-01-01", "2024-08-15" if i % 3 == 0 else None, price=10.0))
        company.responses.append(answer(f"c{i}", "2024-02-10", i % 11))
    company.subscriptions.append(contract("late", "2024-09-01", None, price=10.0))
    return company


def test_who_leaves_stays_in_the_cohort_with_zero_money(connection):
    panel, _ = build(connection, small_company())
    found = closed_cohort(connection, panel, "nps", horizon=3, start=date(2024, 6, 1))
    left = found.rows[found.rows["entity"] == 0]
    assert found.start == date(2024, 6, 1)
    by_month = left.set_index(left["period"] - index_of(date(2024, 1, 1), "month") + 1)
    assert by_month.loc[12, "revenue"] == 0
    assert by_month.loc[7, "revenue"] == pytest.approx(10.0, rel=0.05)
    assert (by_month.loc[8, "active"], by_month.loc[9, "active"]) == (1, 0)
    assert np.isnan(by_month.loc[12, "active"])  # an exit on the last day cannot be told
    assert len(left) == 12
    assert found.rows["entity"].nunique() == 60  # who joined later is not in it


def test_by_default_it_starts_in_the_middle_and_leaves_the_horizon(connection):
    panel, _ = build(connection, small_company())
    assert closed_cohort(connection, panel, "nps", horizon=2).start == date(2024, 7, 1)
    assert closed_cohort(connection, panel, "nps", horizon=4).start == date(2024, 5, 1)
    assert closed_cohort(connection, panel, "nps", horizon=8).start == date(2024, 1, 1)


def test_money_that_the_data_do_not_have_is_not_zero(connection):
    panel, _ = build(connection, small_company())
    rows = closed_cohort(connection, panel, "nps", horizon=3).rows
    assert rows["revenue"].notna().all()
    assert rows["margin"].isna().all()


@pytest.mark.parametrize(
    ("horizon", "start", "said"),
    [
        (12, None, "the data show 12 complete months, too few to follow anybody for a horizon of 12"),
        (3, date(2024, 11, 1), "too few to follow anybody for a horizon of 3"),
        (3, date(2031, 1, 1), "the start 2031-01-01 lies outside the months that the data show"),
        (3, date(2019, 1, 1), "the start 2019-01-01 lies outside"),
    ],
)
def test_what_cannot_be_followed_says_why(connection, horizon, start, said):
    panel, _ = build(connection, small_company())
    found = closed_cohort(connection, panel, "nps", horizon=horizon, start=start)
    assert said in found.reason
    assert found.rows.empty
    assert found.flow.empty


def test_a_start_without_customers_says_so(connection):
    company = twin.Company("month", "contract", 0, 12, ("nps",), observed_until=date(2024, 12, 31))
    company.subscriptions = [
        contract("a", "2024-01-01", "2024-02-15", price=1.0),
        contract("b", "2024-09-01", price=1.0),
    ]
    panel, _ = build(connection, company)
    found = closed_cohort(connection, panel, "nps", horizon=2, start=date(2024, 5, 1))
    assert found.reason == "nobody is a customer in the month of 2024-05-01"


def test_a_large_cohort_is_thinned_and_says_so(connection):
    company = twin.Company("month", "repeat_purchase", 365, 12, ("nps",), observed_until=date(2024, 12, 31))
    company.transactions = [purchase(f"c{i:04d}", day) for i in range(800) for day in ("2024-01-05", "2024-11-20")]
    panel, _ = build(connection, company)
    whole = closed_cohort(connection, panel, "nps", horizon=2)
    some = closed_cohort(connection, panel, "nps", horizon=2, most_customers=200)
    assert whole.n_all == some.n_all == 800
    n = some.rows["entity"].nunique()
    assert 150 < n < 250
    steps = some.flow.set_index("step")["customers"]
    assert steps["left out for the size of the cohort, drawn by chance"] == n - 800
    kept = np.sort(some.rows["entity"].unique())
    assert np.diff(kept).std() > 1  # not every fourth in the order of identifiers
    again = closed_cohort(connection, panel, "nps", horizon=2, most_customers=200)
    pd.testing.assert_frame_equal(some.rows, again.rows)
