"""Advice is given by lot, costs its sale, raises trust, and trust does the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coroi.company import SCENARIOS, simulate_company
from coroi.company.history import History, draw_history
from coroi.company.scenario import Intervention, World

N, MONTHS = 20_000, 24


def drawn(away: float | None = None, scenario: str = "baseline", n: int = N) -> History:
    world = World(scenario=SCENARIOS[scenario], intervention=Intervention(advised_away=away))
    return draw_history(customers=n, months=MONTHS, seed=4, world=world)


@pytest.fixture(scope="module")
def history() -> History:
    return drawn()


def joined(history: History, name: str) -> np.ndarray:
    return np.concatenate([getattr(month, name) for month in history.advice])


def test_needs_come_at_their_rate_and_away_is_a_lot_of_the_unit(history):
    customer, away = joined(history, "customer"), joined(history, "away")
    assert customer.size / history.here.sum() == pytest.approx(0.02, rel=0.05)
    assert 0.33 < away.mean() < 0.48
    unit = history.people.unit[customer]
    by_unit = np.array([away[unit == u].mean() for u in range(24)])
    assert by_unit.std() > 0.06
    month = np.repeat(np.arange(MONTHS), [each.customer.size for each in history.advice])
    felt = (
        history.satisfaction[month, customer]
        - np.array([history.satisfaction[:, history.people.unit == u].mean() for u in range(24)])[unit]
    )
    apart = away - by_unit[unit]
    assert abs(np.corrcoef(felt, apart)[0, 1]) < 3.5 / np.sqrt(away.size)


def test_only_customers_under_contract_are_advised():
    tables = simulate_company(customers=3000, months=MONTHS, seed=5).tables
    advice = tables["advice"]
    assert advice["advice_id"].is_unique
    assert advice["advised_at"].is_monotonic_increasing
    assert set(advice["advised_away"]) == {0, 1}
    pairs = advice.merge(tables["subscriptions"], on="customer_id")
    inside = (pairs["start_at"] <= pairs["advised_at"]) & ~(pairs["end_at"] < pairs["advised_at"])
    assert pairs.loc[inside, "advice_id"].nunique() == len(advice)


def test_being_advised_away_costs_the_sale_and_nothing_else_where_nothing_matters():
    sold, away = drawn(0.0, "null"), drawn(1.0, "null")
    np.testing.assert_array_equal(sold.contracts.end, away.contracts.end)
    np.testing.assert_array_equal(sold.trust, away.trust)
    n_needs = joined(sold, "customer").size
    lines = sum(p.customer.size for p in sold.purchases) - sum(p.customer.size for p in away.purchases)
    assert lines / n_needs == pytest.approx(0.6, abs=0.02)
    lost = sold.earned.sum() - away.earned.sum()
    assert lost / lines == pytest.approx(14 * np.exp(0.4**2 / 2) * 0.35, rel=0.03)
    assert (sold.revenue.sum() - away.revenue.sum()) / lines == pytest.approx(14 * np.exp(0.4**2 / 2), rel=0.03)
    for one, other in zip(sold.referrals, away.referrals, strict=True):
        np.testing.assert_array_equal(one.customer, other.customer)


def test_trust_rises_by_the_month_after_and_fades():
    """Trust of two worlds, set against a loop over every event."""
    sold, away = drawn(0.0, n=3000), drawn(1.0, n=3000)
    expected = np.zeros((MONTHS, 3000))
    for month, each in enumerate(away.advice):
        for who in each.customer:
            for later in range(month + 1, MONTHS):
                expected[later, who] += 1.5 * 0.92 ** (later - month)
    never_apart = (sold.here == away.here).all(axis=0)
    assert never_apart.mean() > 0.9
    found = (away.trust - sold.trust)[:, never_apart]
    np.testing.assert_allclose(found, expected[:, never_apart], atol=1e-9)


def test_who_trusts_more_stays_buys_and_recommends_more():
    sold, away = drawn(0.0), drawn(1.0)
    assert away.here.sum() > sold.here.sum() + 100
    asked = np.unique(joined(sold, "customer"))

    def made(history: History) -> tuple[int, int]:
        bought = np.concatenate([p.customer[(p.amount > 0)] for p in history.purchases])
        told = np.concatenate([r.customer for r in history.referrals])
        return np.isin(bought, asked).sum(), np.isin(told, asked).sum()

    lost_sales = sum(p.customer.size for p in drawn(0.0, "null").purchases) - sum(
        p.customer.size for p in drawn(1.0, "null").purchases
    )
    (before, told_before), (after, told_after) = made(sold), made(away)
    assert after - before > -0.9 * lost_sales  # what trust brings makes up for a part of them
    assert told_after > 1.1 * told_before


def test_units_are_equally_honest_without_heterogeneity(history):
    world = World(switches=replace(World().switches, heterogeneity=False))
    alike = draw_history(customers=N, months=MONTHS, seed=4, world=world)
    customer, away = joined(alike, "customer"), joined(alike, "away")
    unit = alike.people.unit[customer]
    table = pd.DataFrame({"unit": unit, "away": away}).groupby("unit")["away"].agg(["mean", "size"])
    z = (table["mean"] - away.mean()) / np.sqrt(away.mean() * (1 - away.mean()) / table["size"])
    assert (z**2).sum() < 50  # 24 units: 23 expected
