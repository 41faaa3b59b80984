"""Use follows its law, is read when it should be, fades before customers leave, and weighs in leaving as written."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coroi.company import SCENARIOS, Switches, simulate_company
from coroi.company.clock import first_days
from coroi.company.customers import draw_people
from coroi.company.history import History, draw_history
from coroi.company.measures import kept
from coroi.company.scenario import Intervention, World
from coroi.company.subscriptions import Leaving

N, MONTHS = 20_000, 24


@pytest.fixture(scope="module")
def history() -> History:
    return draw_history(customers=N, months=MONTHS, seed=5)


@pytest.fixture(scope="module")
def null() -> History:
    return draw_history(customers=N, months=MONTHS, seed=5, world=World(scenario=SCENARIOS["null"]))


def slopes(history: History, values: np.ndarray, number: int) -> tuple[np.ndarray, float]:
    """Slopes of a reading's values on dependence and satisfaction, and the standard deviation of the rest."""
    reading = history.readings[number]
    who = reading.customer
    x = np.column_stack(
        [np.ones(who.size), history.people.dependence[who], history.satisfaction[reading.month + 1, who]]
    )
    found, *_ = np.linalg.lstsq(x, values, rcond=None)
    return found[1:], float((values - x @ found).std())


def test_use_follows_dependence_satisfaction_and_engagement(history, null):
    reading = history.readings[0]
    found, rest = slopes(history, np.log(reading.amount), 0)
    np.testing.assert_allclose(found, [0.3, 0.5], atol=0.02)
    assert rest == pytest.approx(math.hypot(0.4, 0.15), abs=0.015)
    share, rest = slopes(history, np.log(reading.share / (1 - reading.share)), 0)
    np.testing.assert_allclose(share, [0.9, 0.1], atol=0.03)
    assert rest == pytest.approx(0.2, abs=0.03)
    found, _ = slopes(null, np.log(null.readings[0].amount), 0)
    np.testing.assert_allclose(found, [0.3, 0.0], atol=0.02)


def change_before(history: History) -> tuple[np.ndarray, np.ndarray]:
    """Change of the log of use between readings, of those who leave in the two months after and of all others."""
    leavers, others = [], []
    for one, two in zip(history.readings[2:-1], history.readings[3:-1], strict=False):
        both, i, j = np.intersect1d(one.customer, two.customer, return_indices=True)
        change = np.log(two.amount[j].clip(0.1)) - np.log(one.amount[i].clip(0.1))
        ends = history.contracts.customer[
            (history.contracts.end > two.day) & (history.contracts.end < history.days[two.month + 3])
        ]
        gone = np.isin(both, ends)
        leavers.append(change[gone])
        others.append(change[~gone])
    return np.concatenate(leavers), np.concatenate(others)


def test_use_fades_before_customers_leave_unless_nothing_matters(history, null):
    leavers, others = change_before(history)
    assert leavers.size > 500
    assert -0.25 < leavers.mean() - others.mean() < -0.08
    leavers, others = change_before(null)
    assert abs(leavers.mean() - others.mean()) < 4 * leavers.std() / math.sqrt(leavers.size)


def test_the_metered_are_read_every_quarter_while_they_have_a_contract():
    tables = simulate_company(customers=3000, months=MONTHS, seed=5).tables
    usage, contracts = tables["usage"], tables["subscriptions"]
    ends = pd.date_range("2022-01-31", periods=8, freq="3ME")
    assert sorted(usage["occurred_at"].unique()) == list(ends)
    assert usage["amount"].min() >= 0
    assert usage["share_of_wallet"].between(0, 1).all()
    assert not usage.duplicated(["customer_id", "occurred_at"]).any()
    metered = set(usage["customer_id"])
    for end in ends:
        running = contracts[(contracts["start_at"] <= end) & ~(contracts["end_at"] < end)]
        read = set(usage.loc[usage["occurred_at"] == end, "customer_id"])
        assert read <= set(running["customer_id"])
        assert metered & set(running["customer_id"]) == read
        assert abs(len(read) / len(running) - 0.4) < 0.05


@pytest.mark.parametrize("scenario", ["baseline", "null"])
def test_the_chance_of_leaving_is_the_one_written_down(scenario):
    """Every term of the odds, counted by hand for single customers."""
    days, month = first_days(6), 3
    people = draw_people(400, days, 3, World(scenario=SCENARIOS[scenario]))
    leaving = Leaving(people, 3, 0, World(scenario=SCENARIOS[scenario]))
    satisfaction, trust, engagement = np.random.default_rng(1).standard_normal((3, 400))
    leaving.month(satisfaction, trust, engagement, days, month)
    strength = SCENARIOS[scenario].loyalty
    checked = 0
    for i in range(400):
        first = np.datetime64(int(people.joined[i]), "D")
        start = pd.Timestamp(first)
        if start >= pd.Timestamp("2022-04-01"):
            continue
        end = min(pd.Timestamp("2022-04-01") + pd.Timedelta(days=start.day - 2), pd.Timestamp("2022-04-30"))
        end = pd.Timestamp("2022-04-30") if start.day == 1 else end
        service = sorted(people.service[:, i])
        odds = -3.75 + (0.35, 0.0, -0.35)[people.segment[i]] + people.frailty[i]
        odds += strength * 0.6 * (sum(service) / 3 - service[0] - 0.42)
        odds += strength * math.exp(0.35 * people.dependence[i]) * (-0.95 * satisfaction[i] - 0.25 * trust[i])
        odds -= strength * 0.6 * (engagement[i] + 0.2)
        odds -= 0.15 * math.log1p((end - start).days / (365.25 / 12))
        odds += 0.12 * math.cos(2 * math.pi * month / 12)
        wants = 1 / (1 + math.exp(-odds))
        assert leaving.chance[i] == pytest.approx(1 - (1 - 0.002) * (1 - wants), rel=1e-9)
        checked += 1
    assert checked > 150


def test_as_many_exit_as_the_chances_say(history):
    months = range(3, 18)
    expected = sum(0.985 * history.leaving[month][history.here[month]].sum() for month in months)
    ends = history.contracts.end
    left = 0
    for row in np.flatnonzero((ends >= history.days[3]) & (ends < history.days[18])):
        after = row + 1 < ends.size and history.contracts.customer[row + 1] == history.contracts.customer[row]
        back = history.contracts.start[row + 1] if after else math.inf
        left += back - ends[row] - 1 > 30
    assert abs(left - expected) < 3.5 * math.sqrt(expected)


def test_satisfaction_keeps_the_dependent_more():
    def effect(history: History, happier: History) -> tuple[float, float]:
        here, dependent = history.here[0], history.people.dependence > 0
        gained = kept(happier, np.zeros(N, dtype=int)) - kept(history, np.zeros(N, dtype=int))
        return gained[here & dependent].mean(), gained[here & ~dependent].mean()

    usual = World(switches=replace(Switches(), seasonality=False))
    one = draw_history(customers=N, months=14, seed=8, world=usual)
    other = draw_history(customers=N, months=14, seed=8, world=replace(usual, intervention=Intervention(raised=1.0)))
    np.testing.assert_allclose(other.satisfaction[0], one.satisfaction[0] + 1.0)
    more, less = effect(one, other)
    assert 0.03 < more - less < 0.1
    assert less > 0.05
    still = replace(usual, scenario=SCENARIOS["null"])
    one = draw_history(customers=2000, months=14, seed=8, world=still)
    other = draw_history(customers=2000, months=14, seed=8, world=replace(still, intervention=Intervention(raised=1.0)))
    np.testing.assert_array_equal(one.contracts.end, other.contracts.end)
