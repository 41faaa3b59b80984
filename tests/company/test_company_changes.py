"""Changes to choose from, and the true worth of what two ways of choosing pick."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.company import SCENARIOS, portfolios, simulate_company
from coroi.company.changes import CHANGE_IDS, draw_candidates
from coroi.company.history import draw_history
from coroi.company.portfolios import pick, portfolio_truths, true_changes, worth_of_points
from coroi.company.scenario import Intervention, World
from coroi.company.truth import TRUTH_SEED


def test_the_table_tells_what_is_thought_and_what_it_would_cost():
    company = simulate_company(customers=3000, months=24, seed=6)
    table, found = company.tables["changes"], draw_candidates(6)
    there = int(company.tables["subscriptions"]["end_at"].isna().sum())
    assert table["change_id"].tolist() == list(CHANGE_IDS)
    assert table["proposed_at"].between("2023-11-02", "2023-12-31").all()
    assert set(table["metric"]) == {"nps"}
    np.testing.assert_array_equal(table["n_customers"], np.rint(found.reach[0] * there))
    np.testing.assert_allclose(table["metric_change"], found.told_metric_change[0], atol=0.0006)
    np.testing.assert_allclose(table["cost"], found.cost[0] * table["n_customers"], atol=0.51)
    np.testing.assert_allclose(table["margin"], found.told_margin[0] * table["n_customers"], atol=0.51)
    assert (table["cost"] > 0).all()
    assert (table["margin"] < 0).any()
    assert (table["metric_change"] < 0).any()


def test_what_is_told_errs_by_its_standard_error():
    found = draw_candidates(1, 500)
    z = (found.told_metric_change - found.metric_change) / found.metric_change_se
    assert abs(z.mean()) < 0.03
    assert abs(z.std() - 1) < 0.02
    assert found.metric_change_se.min() >= 0.05
    assert abs((found.told_margin - found.margin).std() - 0.5) < 0.02
    assert abs(np.corrcoef(z.ravel(), found.metric_change.ravel())[0, 1]) < 0.03


def test_changes_for_margin_are_no_gain_to_customers():
    found = draw_candidates(1, 500)
    for_margin = found.margin > 2.5
    assert found.metric_change[for_margin].mean() < 0.0
    assert found.metric_change[found.margin < 0.5].mean() > 0.3


def slow_pick(gain: list[float], cost: list[float]) -> set[int]:
    left, taken = 0.25 * sum(cost), set()
    for j in sorted(range(len(gain)), key=lambda j: -gain[j] / cost[j]):
        if gain[j] > 0 and cost[j] <= left:
            taken.add(j)
            left -= cost[j]
    return taken


def test_the_best_for_the_money_is_picked_while_the_budget_lasts():
    gain, cost = np.array([[9.0, 8.0, 1.0, -1.0]]), np.array([[3.0, 2.0, 1.0, 6.0]])
    assert pick(gain, cost).tolist() == [[False, True, True, False]]  # a quarter of 12; 3 no longer fit beside 2
    found = draw_candidates(2, 20)
    both = portfolios.portfolios(found)
    for t in range(20):
        cost = (found.reach * found.cost)[t].tolist()
        for mask, told in zip(both, (found.told_metric_change, found.told_margin), strict=True):
            assert set(np.flatnonzero(mask[t])) == slow_pick((found.reach * told)[t].tolist(), cost)


def slow_worth(scenario: str, customers: int, points: float) -> list[float]:
    """Mean discounted profit gained within 12 and 36 months by customers with a contract at the start."""
    worlds = [World(scenario=SCENARIOS[scenario], intervention=Intervention(level=p / 1.8)) for p in (0.0, points)]
    usual, other = (draw_history(customers=customers, months=36, seed=TRUTH_SEED, world=world) for world in worlds)
    totals = [0.0, 0.0]
    there = np.flatnonzero(usual.here[0])
    for who in there:
        for month in range(36):
            gained = (other.profit[month, who] - usual.profit[month, who]) / 1.10 ** (month / 12)
            totals[1] += gained
            totals[0] += gained if month < 12 else 0.0
    return [total / there.size for total in totals]


def between(points: float, knots: dict[float, float]) -> float:
    """Straight line between the two knots around a size."""
    low = max(k for k in knots if k <= points)
    high = min(k for k in knots if k >= points)
    return knots[low] if low == high else knots[low] + (knots[high] - knots[low]) * (points - low) / (high - low)


@pytest.mark.parametrize("scenario", ["baseline", "null"])
def test_the_truth_equals_a_slow_valuation_change_by_change(scenario, monkeypatch):
    monkeypatch.setattr(portfolios, "N_TABLES", 6)
    customers = 250
    found = portfolio_truths(scenario=scenario, customers=customers)
    worth = {points: slow_worth(scenario, customers, points) for points in (-0.5, 0.0, 0.5, 1.0)}
    tables = draw_candidates(TRUTH_SEED, 6)
    for i, months in enumerate((12, 36)):
        paid = sum(1.10 ** (-month / 12) / 12 for month in range(months))
        values = []
        for t in range(6):
            cost = [tables.reach[t, j] * tables.cost[t, j] for j in range(40)]
            worths = []
            for told in (tables.told_metric_change, tables.told_margin):
                total = 0.0
                for j in slow_pick([tables.reach[t, j] * told[t, j] for j in range(40)], cost):
                    by_metric = between(tables.metric_change[t, j], {p: w[i] for p, w in worth.items()})
                    by_itself = tables.margin[t, j] * paid - tables.cost[t, j]
                    total += tables.reach[t, j] * (by_metric + by_itself)
                worths.append(total)
            values.append(worths[0] - worths[1])
        assert found[i]["value"] == pytest.approx(np.mean(values), abs=1e-5)
    assert found[0]["mc_std_error"] > 0


def test_satisfaction_pays_late_and_is_a_loss_where_loyalty_does_not_work():
    short, late = portfolio_truths(scenario="baseline", customers=20_000)
    assert short["value"] < 0 < late["value"] - 5 * late["mc_std_error"]
    short, late = portfolio_truths(scenario="null", customers=500)
    assert late["value"] < short["value"] < 0


def test_where_loyalty_does_not_work_points_save_some_calls_back_and_nothing_else():
    worth = worth_of_points(SCENARIOS["confounded"], 2000).profit
    assert 0 < worth[:, 1, 3].mean() < 1.5
    assert worth[:, 1, 0].mean() < 0


def test_points_are_worth_more_the_more_there_are_and_nothing_at_zero():
    worth = worth_of_points(SCENARIOS["baseline"], 20_000)
    assert worth.sizes.tolist() == [-0.5, 0.0, 0.5, 1.0]
    means = worth.profit.mean(axis=0)
    assert (means[:, 1] == 0).all()
    assert (np.diff(means, axis=1) > 0).all()
    assert 8 < means[0, 3] < 13
    assert 3.5 * means[0, 3] < means[1, 3] < 6 * means[0, 3]


def test_the_changes_of_one_table_are_told_truly():
    told = true_changes(seed=6, scenario="baseline", customers=400)
    found, worth = draw_candidates(6), worth_of_points(SCENARIOS["baseline"], 400).profit.mean(axis=0)
    assert [row["change_id"] for row in told["changes"]] == list(CHANGE_IDS)
    for j, row in enumerate(told["changes"]):
        assert row["metric_change"] == pytest.approx(found.metric_change[0, j], abs=1e-4)
        points = dict(zip((-0.5, 0.0, 0.5, 1.0), worth[0], strict=True))
        yearly = sum(1.10 ** (-month / 12) / 12 for month in range(12))
        value = between(found.metric_change[0, j], points) + found.margin[0, j] * yearly - found.cost[0, j]
        assert row["value_12_months"] == pytest.approx(value, abs=1e-3)
    for portfolio in told["portfolios"].values():
        mine = [CHANGE_IDS.index(name) for name in portfolio["change_ids"]]
        total = sum(found.reach[0, j] * told["changes"][j]["value_36_months"] for j in mine)
        assert portfolio["value_36_months"] == pytest.approx(total, abs=1e-2)
    assert list(told["portfolios"]) == ["customers first", "margin first"]
