from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coroi.company import SCENARIOS, Company, Switches, referrals, responses, simulate_company
from coroi.company.clock import NEVER, as_dates, first_days, stream
from coroi.company.history import History, draw_history
from coroi.company.scenario import World
from coroi.company.subscriptions import Contracts, exits
from coroi.errors import CoroiError
from coroi.schemas import TABLES

END = pd.Timestamp("2023-12-31")


@pytest.fixture(scope="module")
def company() -> Company:
    return simulate_company(customers=20_000, months=24, seed=3)


@pytest.fixture(scope="module")
def history() -> History:
    return draw_history(customers=20_000, months=24, seed=3)


def gaps(table: pd.DataFrame) -> pd.Series:
    """Uncovered days before each contract that follows another of the same customer."""
    earlier = table.groupby("customer_id")["end_at"].shift()
    return ((table["start_at"] - earlier).dt.days - 1).dropna()


def test_tables_have_columns_of_the_schema_and_unique_keys(company: Company) -> None:
    assert list(company.tables) == [
        "advice",
        "changes",
        "competitors",
        "costs",
        "customers",
        "factors",
        "firm_returns",
        "firms",
        "practices",
        "programme",
        "recognition",
        "referrals",
        "responses",
        "subscriptions",
        "touchpoints",
        "transactions",
        "usage",
    ]
    for name in set(company.tables) & set(TABLES):
        table = company.tables[name]
        assert set(table.columns) <= set(TABLES[name].names)
        assert set(TABLES[name].required) <= set(table.columns)
    assert company.tables["customers"]["customer_id"].is_unique
    assert company.tables["responses"]["response_id"].is_unique
    assert company.tables["subscriptions"]["subscription_id"].is_unique
    assert list(company.tables["customers"]["customer_id"].iloc[[0, -1]]) == ["C00001", "C20000"]


def test_equal_arguments_give_equal_tables(company: Company) -> None:
    again = simulate_company(customers=20_000, months=24, seed=3)
    for name, table in company.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table)


def test_another_seed_gives_another_company(company: Company) -> None:
    other = simulate_company(customers=20_000, months=24, seed=4)
    for name, table in company.tables.items():
        assert not other.tables[name].equals(table)


def test_all_wrong_arguments_are_told_together() -> None:
    with pytest.raises(CoroiError) as error:
        simulate_company(customers=0, months=1, seed=-1)
    assert str(error.value) == (
        "simulate: customers is 0. Give a whole number of 1 or more.\n"
        "simulate: months is 1. Give a whole number of 2 or more.\n"
        "simulate: seed is -1. Give a whole number of 0 or more."
    )


@pytest.mark.parametrize("customers", [True, 10.0, "10"])
def test_what_is_no_whole_number_is_refused(customers: object) -> None:
    with pytest.raises(CoroiError, match=r"customers is .*Give a whole number of 1 or more"):
        simulate_company(customers=customers, months=12, seed=1)  # type: ignore[arg-type]


def test_an_unknown_scenario_is_told_with_the_nearest() -> None:
    with pytest.raises(CoroiError) as error:
        simulate_company(customers=10, months=12, seed=1, scenario="over-spend")
    assert str(error.value) == "simulate: there is no scenario 'over-spend'. Did you mean 'overspend'?"


def test_smallest_company() -> None:
    tables = simulate_company(customers=1, months=2, seed=0).tables
    assert len(tables["customers"]) == 1
    assert len(tables["subscriptions"]) == 1
    assert list(tables["responses"].columns[:3]) == ["response_id", "customer_id", "asked_at"]


def test_base_and_late_joiners(company: Company) -> None:
    joined = company.tables["customers"]["joined_at"]
    base = joined < "2022-01-01"
    assert joined.min() >= pd.Timestamp("2018-12-31")
    assert joined.max() <= END
    assert abs(base.mean() - 0.55) < 0.015
    by_quarter = joined[~base].dt.to_period("Q").value_counts(normalize=True)
    assert len(by_quarter) == 8
    assert abs(by_quarter - 1 / 8).max() < 0.015


def test_first_contract_begins_on_joining(company: Company) -> None:
    first = company.tables["subscriptions"].groupby("customer_id")["start_at"].min()
    joined = company.tables["customers"].set_index("customer_id")["joined_at"]
    pd.testing.assert_series_equal(first, joined, check_names=False)


def test_nothing_is_dated_after_the_end(company: Company) -> None:
    contracts, answers = company.tables["subscriptions"], company.tables["responses"]
    dates = pd.concat([contracts["start_at"], contracts["end_at"], answers["asked_at"], answers["answered_at"]])
    assert dates.max() == END
    assert answers["asked_at"].min() >= pd.Timestamp("2022-01-01")
    assert contracts["end_at"].min() >= pd.Timestamp("2022-01-01")


def test_contracts_of_one_customer_follow_each_other(company: Company) -> None:
    table = company.tables["subscriptions"]
    ended = table["end_at"].notna()
    assert (table.loc[ended, "end_at"] >= table.loc[ended, "start_at"]).all()
    assert gaps(table).min() >= 5
    last = ~table["customer_id"].duplicated(keep="last")
    assert ended[~last].all()
    assert 0.5 < (~ended).mean() < 0.9
    assert ((table["exit_reason"] != "") == ended).all()


def test_contracts_end_with_a_paid_month(company: Company) -> None:
    table = company.tables["subscriptions"].dropna(subset="end_at").head(2000)
    for start, end in zip(table["start_at"], table["end_at"], strict=True):
        months = (end.year - start.year) * 12 + end.month - start.month + (start.day == 1)
        renewal = start + pd.DateOffset(months=months)
        shortened = renewal.day < start.day  # the month is too short: it ends on its own last day
        assert end == (renewal if shortened else renewal - pd.Timedelta(days=1))
        assert months >= 1


def test_one_leaver_in_ten_returns_mostly_after_the_grace(company: Company) -> None:
    table = company.tables["subscriptions"]
    again = table["customer_id"].duplicated(keep="last")
    early = table["end_at"] < "2022-10-01"
    assert early.sum() > 1500
    assert abs(again[early].mean() - 0.10) < 0.02
    between = gaps(table)
    assert 0.08 < (between <= 30).mean() < 0.30
    assert (between > 30).sum() > 100


def test_prices_follow_segment_and_year_of_start(company: Company) -> None:
    table = company.tables["subscriptions"].merge(company.tables["customers"], on="customer_id")
    price = table.groupby(["segment", table["start_at"].dt.year])["price"].unique()
    assert price["basic", 2022].tolist() == [12.0]
    assert price["plus", 2023].tolist() == [29.87]
    assert price["business", 2021].tolist() == [76.70]


def test_answers_come_from_customers_with_a_contract_when_asked(company: Company) -> None:
    answers = company.tables["responses"][["response_id", "customer_id", "asked_at"]]
    pairs = answers.merge(company.tables["subscriptions"], on="customer_id")
    end = pairs["end_at"].fillna(END)
    covered = pairs[(pairs["start_at"] <= pairs["asked_at"]) & (pairs["asked_at"] <= end)]
    assert covered["response_id"].nunique() == len(answers)


@pytest.mark.parametrize(("table", "key"), [("touchpoints", "contact_id"), ("transactions", "transaction_id")])
def test_nobody_calls_or_buys_without_a_contract(company: Company, table: str, key: str) -> None:
    rows = company.tables[table]
    rows = rows[rows["amount"] > 0] if table == "transactions" else rows
    pairs = rows[[key, "customer_id", "occurred_at"]].merge(company.tables["subscriptions"], on="customer_id")
    covered = (pairs["start_at"] <= pairs["occurred_at"]) & (pairs["occurred_at"] <= pairs["end_at"].fillna(END))
    assert pairs.loc[covered, key].nunique() == len(rows)


def test_scores_delays_and_comments(company: Company) -> None:
    answers = company.tables["responses"]
    scores = answers.groupby("metric")["score"].agg(["min", "max"])
    assert scores.loc["csat"].tolist() == [1, 5]
    assert scores.loc["nps", "min"] <= 2
    assert scores.loc["nps", "max"] == 10
    delay = (answers["answered_at"] - answers["asked_at"]).dt.days
    assert (delay.min(), delay.max()) == (0, 21)
    assert (delay > 0).mean() > 0.5
    assert abs((answers["verbatim"] != "").mean() - 0.12) < 0.01
    words = answers[answers["metric"] == "nps"].groupby("verbatim")["score"].mean()
    assert words["Nobody called me back."] + 2 < words["Does what it should."] < words["Everything simply works."] - 1


def test_nps_turn_comes_every_three_months(company: Company) -> None:
    asked = company.tables["responses"].query("metric == 'nps'")
    month = asked["asked_at"].dt.year * 12 + asked["asked_at"].dt.month
    assert (month % 3).groupby(asked["customer_id"]).nunique().max() == 1
    assert (month % 3).value_counts(normalize=True).between(0.30, 0.37).all()


def test_some_never_answer(company: Company) -> None:
    customers, answers = company.tables["customers"], company.tables["responses"]
    never = ~customers["customer_id"].isin(answers["customer_id"])
    assert 0.15 < never.mean() < 0.45


def test_respondents_are_happier_than_the_rest(history: History) -> None:
    nps = history.answers[0]
    answered = np.isin(np.arange(history.people.n), nps.customer)
    level = history.satisfaction.mean(axis=0)
    difference = level[answered].mean() - level[~answered].mean()
    assert 0.1 < difference < 0.5


def test_satisfaction_has_a_lasting_and_a_passing_part() -> None:
    still = replace(SCENARIOS["null"], follow_up=0.0)
    quiet = World(scenario=still, switches=Switches(satisfaction_follows_spend=False))
    level = draw_history(customers=20_000, months=24, seed=3, world=quiet).satisfaction
    assert abs(level[0].std() - 1.0) < 0.03
    assert abs(np.corrcoef(level[0], level[1])[0, 1] - 0.946) < 0.015
    assert abs(np.corrcoef(level[0], level[24])[0, 1] - 0.65) < 0.03
    assert abs((level[24] - level[0]).mean() - 0.2) < 0.03


def test_leaving_follows_satisfaction_but_failed_payments_do_not(history: History) -> None:
    contracts = history.contracts
    before = contracts.end < NEVER
    level = history.satisfaction.mean(axis=0)[contracts.customer]
    unpaid = level[before & (contracts.reason == 0)]
    chosen = level[before & (contracts.reason > 0)]
    assert unpaid.size > 300
    assert chosen.mean() < unpaid.mean() - 0.4


def test_a_change_in_one_mechanism_leaves_the_others(monkeypatch: pytest.MonkeyPatch, history: History) -> None:
    monkeypatch.setattr(responses, "DELAY_MEAN_DAYS", 0.0)
    monkeypatch.setattr(referrals, "REFERRING", -3.0)
    changed = draw_history(customers=20_000, months=24, seed=3)
    np.testing.assert_array_equal(changed.people.joined, history.people.joined)
    np.testing.assert_array_equal(changed.satisfaction, history.satisfaction)
    np.testing.assert_array_equal(changed.contracts.end, history.contracts.end)
    assert changed.answers[0].score.size > history.answers[0].score.size
    assert sum(r.customer.size for r in changed.referrals) > 3 * sum(r.customer.size for r in history.referrals)


def test_streams_are_told_apart_by_name_and_seed() -> None:
    assert stream(1, "leaving").random() == stream(1, "leaving").random()
    assert stream(1, "leaving").random() != stream(1, "payment").random()
    assert stream(1, "leaving").random() != stream(2, "leaving").random()


def test_exit_is_a_gap_longer_than_the_grace() -> None:
    contracts = Contracts(
        customer=np.array([0, 0, 0, 1, 2]),
        start=np.array([100, 231, 322, 100, 100]),
        end=np.array([200, 290, NEVER, 200, NEVER]),
        reason=np.array([1, 1, -1, 1, -1]),
    )
    assert exits(contracts, 30).tolist() == [False, True, False, True, False]
    assert exits(contracts, 29).tolist() == [True, True, False, True, False]
    assert exits(contracts, 31).tolist() == [False, False, False, True, False]


def test_calendar() -> None:
    days = first_days(2)
    assert [str(d)[:10] for d in as_dates(np.append(days, NEVER))] == ["2022-01-01", "2022-02-01", "2022-03-01", "NaT"]
