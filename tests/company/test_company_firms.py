"""Firms, their shares and the share market; what satisfaction truly does there."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from coroi.company import SCENARIOS, Switches, firms, simulate_company
from coroi.company.factors import FACTORS
from coroi.company.firm_truths import firm_truths, tops
from coroi.company.firms import Draws, Fortunes, draw_firms, unfold
from coroi.company.scenario import World
from coroi.company.truth import TRUTH_SEED

PANELS = 60


def world(scenario: str = "baseline") -> World:
    return World(scenario=SCENARIOS[scenario])


@cache
def tables() -> dict[str, pd.DataFrame]:
    return simulate_company(customers=40, months=30, seed=8).tables


@cache
def many(scenario: str) -> tuple[Draws, Fortunes]:
    draws = draw_firms(3, PANELS)
    return draws, unfold(draws, world(scenario))


def test_twelve_years_end_with_the_company_and_some_firms_do_before():
    found = tables()["firms"]
    periods = found["period"].drop_duplicates().sort_values()
    assert [str(p)[:10] for p in (periods.iloc[0], periods.iloc[-1])] == ["2012-07-01", "2023-07-01"]
    assert len(periods) == 12
    assert not found.duplicated(["firm_id", "period"]).any()
    assert found.groupby("firm_id")["industry"].nunique().eq(1).all()
    assert found.groupby("industry")["firm_id"].nunique().tolist() == [8] * 6
    lasts = found.groupby("firm_id")["period"].agg(["size", "min", "max"])
    assert (lasts["min"] == periods.iloc[0]).all()
    years = (lasts["max"].dt.year - lasts["min"].dt.year) + 1
    assert (years == lasts["size"]).all()
    assert 3 <= (years < 12).sum() <= 24
    assert found["satisfaction"].between(50, 100).all()
    assert (found[["revenue", "market_value"]] > 0).all(axis=None)


def test_returns_are_monthly_as_long_as_the_firm_is_there():
    returns, found, factors = (tables()[name] for name in ("firm_returns", "firms", "factors"))
    assert not returns.duplicated(["firm_id", "month"]).any()
    assert returns.groupby("firm_id").size().eq(12 * found.groupby("firm_id").size()).all()
    assert returns["month"].dt.is_month_start.all()
    assert factors["month"].tolist() == sorted(returns["month"].unique())
    assert str(factors["month"].iloc[-1])[:10] == "2024-06-01"
    assert (factors["risk_free"] >= 0).all()
    assert returns["total_return"].between(-0.9, 1.5).all()
    assert len(factors) == 144


def test_shares_follow_the_factors_with_little_alpha():
    draws, found = many("baseline")
    x = np.concatenate([np.ones((PANELS, 1, 144)), draws.factors], axis=1)
    excess = found.returns - draws.risk_free[:, None, :]
    betas = np.stack([np.linalg.lstsq(x[p].T, excess[p].T, rcond=None)[0].T for p in range(PANELS)])
    assert abs(12 * betas[..., 0].mean()) < 0.012
    np.testing.assert_allclose(betas[..., 1:].mean(axis=(0, 1)), [1.0, 0.2, 0.0, 0.0], atol=0.03)
    slope = np.polyfit(draws.betas[..., 0].ravel(), betas[..., 1].ravel(), 1)[0]
    assert slope == pytest.approx(1.0, abs=0.05)
    high = found.satisfaction.mean(axis=2)
    alpha = 12 * np.polyfit(high.ravel(), betas[..., 0].ravel(), 1)[0]
    assert 0.003 < alpha < 0.016  # 0.9 % a year by standard deviation
    assert tuple(FACTORS) == ("market", "smb", "hml", "mom")


def test_firms_with_satisfied_customers_are_better_by_themselves_too():
    def goes(scenario: str) -> float:
        draws, found = many(scenario)
        return float(np.corrcoef(draws.traits[..., 0].ravel(), found.satisfaction.mean(axis=2).ravel())[0, 1])

    assert abs(goes("null")) < 0.06
    assert 0.25 < goes("baseline") < goes("confounded")


def test_satisfaction_keeps_most_of_itself():
    _, found = many("baseline")
    felt = found.satisfaction
    assert abs(felt.std() - 1.0) < 0.03
    assert abs(np.corrcoef(felt[..., 0].ravel(), felt[..., 1].ravel())[0, 1] - (0.36 + 0.64 * 0.8)) < 0.03
    assert abs(np.corrcoef(felt[..., 0].ravel(), felt[..., 5].ravel())[0, 1] - (0.36 + 0.64 * 0.8**5)) < 0.05


def test_who_loses_value_disappears():
    _, found = many("baseline")
    gone = ~found.there[..., -1]
    assert 0.1 < gone.mean() < 0.4
    growth = np.log(found.value[..., 4] / found.value[..., 0])
    next_year = found.there[..., 4] & ~found.there[..., 5]
    stays = found.there[..., 5]
    assert growth[next_year].mean() < growth[stays].mean() - 0.1
    assert found.there[..., 0].all()
    assert (found.there[..., 1:] <= found.there[..., :-1]).all()


def test_without_heterogeneity_no_firm_is_better():
    draws = draw_firms(3, 5)
    alike = unfold(draws, replace(world(), switches=Switches(heterogeneity=False)))
    own = alike.satisfaction.mean(axis=(0, 2))
    usual = unfold(draws, world()).satisfaction.mean(axis=(0, 2))
    assert own.std() < usual.std()
    assert np.log(alike.revenue[..., 0]).std() < 0.15 < np.log(unfold(draws, world()).revenue[..., 0]).std()


def slow_firm(draws: Draws, firm: int, raised: list[float], loyalty: float) -> dict[str, list[float]]:
    """One firm of the first panel, year by year and month by month, from the definition."""
    quality, own, gain, size, value = (float(v) for v in draws.traits[0, firm])
    share = 0.5 * loyalty
    level = 0.6 * (share * quality + math.sqrt(1 - share**2) * own)
    part = [0.8 * float(draws.moves[0, firm, 0])]
    for year in range(1, 14):
        part.append(0.8 * part[-1] + 0.8 * math.sqrt(1 - 0.8**2) * float(draws.moves[0, firm, year]))
    part = [p + r for p, r in zip(part, [0.0, 0.0, *raised], strict=True)]
    effort = [math.nan, *(part[t] - 0.8 * part[t - 1] for t in range(1, 14))]
    log_revenue = math.log(2e9) + 0.3 * quality + 0.6 * size
    log_value = log_revenue + math.log(1.2) + 0.3 * value
    told: dict[str, list[float]] = {"revenue": [], "earnings": [], "value": []}
    for year in range(12):
        t = year + 2
        by_satisfaction = loyalty * 0.03 * (1 + 0.5 * gain) * (level + part[t - 1])
        news = 0.05 * float(draws.growth[0, firm, year]) + 0.04 * float(draws.industries[0, firm // 8, year])
        log_revenue += 0.03 + 0.01 * quality + by_satisfaction + news
        margin = 0.09 + 0.02 * quality + 0.012 * float(draws.margins[0, firm, year])
        margin += loyalty * (-0.02 * effort[t] - 0.01 * effort[t - 1] + 0.004 * (level + part[t - 2]))
        for month in range(12 * year, 12 * year + 12):
            total = float(draws.risk_free[0, month]) + (0.3 * by_satisfaction + news) / 12
            total += sum(float(draws.betas[0, firm, k]) * float(draws.factors[0, k, month]) for k in range(4))
            total += 0.04 * float(draws.returns[0, firm, month])
            log_value += math.log1p(max(total, -0.9))
        log_value -= 0.045 - 0.7 * by_satisfaction - 0.01 * quality
        told["revenue"].append(math.exp(log_revenue))
        told["earnings"].append(math.exp(log_revenue) * margin)
        told["value"].append(math.exp(log_value))
    return told


@pytest.mark.parametrize("scenario", ["baseline", "null"])
def test_the_truth_equals_a_slow_history_firm_by_firm(scenario, monkeypatch):
    draws, loyalty = draw_firms(TRUTH_SEED, 2), SCENARIOS[scenario].loyalty
    rise = [0.0] * 3 + [0.8**k for k in range(9)]
    sums = [[], [], [], [], []]
    for panel in range(2):
        one = Draws(**{name: getattr(draws, name)[panel : panel + 1] for name in Draws.__slots__})
        for firm in range(48):
            usual, raised = (slow_firm(one, firm, r, loyalty) for r in ([0.0] * 12, rise))
            base = usual["revenue"][2]
            for i, year in ((0, 3), (1, 4), (3, 8)):
                sums[i].append(100 * (raised["earnings"][year] - usual["earnings"][year]) / base)
            sums[2].append(math.log(raised["value"][8] / usual["value"][8]))
            sums[4].append(math.log(raised["revenue"][8] / usual["revenue"][8]))
    found = firm_truths(scenario=scenario, panels=2)["C17"]
    for row, values in zip(found, sums, strict=True):
        assert row["value"] == pytest.approx(np.mean(values), abs=2e-6)
        assert row["n"] == 96
    if scenario == "baseline":
        assert found[0]["value"] < found[1]["value"] < 0 < found[2]["value"]
    else:
        assert [row["value"] for row in found] == [0] * 5


def test_the_truth_of_rank_equals_a_slow_count():
    draws, rules = draw_firms(TRUTH_SEED, 40), world()
    usual = unfold(draws, rules)
    raised = unfold(draws, rules, np.array([0.0] * 3 + [1.0] * 9))

    def leads(panel: int, firm: int, year: int, mine: Fortunes) -> bool:
        first = 8 * (firm // 8)
        rivals = [
            usual.value[panel, j, year] for j in range(first, first + 8) if j != firm and usual.there[panel, j, year]
        ]
        return bool(mine.there[panel, firm, year]) and all(mine.value[panel, firm, year] > v for v in rivals)

    reached, kept = [], []
    for panel in range(40):
        for firm in range(48):
            if usual.there[panel, firm, 3]:
                reached.append(leads(panel, firm, 8, raised) - leads(panel, firm, 8, usual))
            if leads(panel, firm, 2, usual):
                spell = [all(leads(panel, firm, year, one) for year in range(3, 9)) for one in (raised, usual)]
                kept.append(spell[0] - spell[1])
    found = firm_truths(scenario="baseline", panels=40)["C15"]
    assert [row["n"] for row in found] == [len(reached), len(kept)]
    assert found[0]["value"] == pytest.approx(np.mean(reached), abs=1e-6)
    assert found[1]["value"] == pytest.approx(np.mean(kept), abs=1e-6)
    assert len(kept) == 240


def test_every_industry_has_one_firm_at_the_top():
    _, found = many("baseline")
    by_industry = tops(found, found).reshape(PANELS, 6, 8, 12).sum(axis=2)
    assert (by_industry == 1).all()


def test_satisfaction_costs_first_pays_later_and_leads_to_the_top():
    found = firm_truths(scenario="baseline")
    for row in found["C15"]:
        assert row["value"] > 4 * row["mc_std_error"]
    first, second, value, later, revenue = found["C17"]
    assert first["value"] == pytest.approx(-2.0, abs=0.2)
    assert -1.2 < second["value"] < -0.4
    gain = 0.03 * sum(0.8**k for k in range(5))  # growth of years 1 to 5
    assert revenue["value"] == pytest.approx(gain, abs=0.003)
    assert value["value"] == pytest.approx(gain, abs=0.003)
    assert later["value"] > 1


@pytest.mark.parametrize("scenario", ["null", "confounded"])
def test_where_loyalty_does_not_work_satisfaction_does_nothing_to_firms(scenario):
    for rows in firm_truths(scenario=scenario, panels=20).values():
        assert [row["value"] for row in rows] == [0] * len(rows)


def test_growth_goes_with_satisfaction_in_the_confounded_market_without_effect():
    def slope(scenario: str) -> float:
        _, found = many(scenario)
        growth = np.diff(np.log(found.revenue), axis=2)
        return float(np.polyfit(found.satisfaction[..., :-1].ravel(), growth.ravel(), 1)[0])

    assert abs(slope("null")) < 0.002
    assert 0.003 < slope("confounded") < 0.009
    assert 0.03 < slope("baseline") < 0.037
    assert firms.GROWTH_BY_SATISFACTION == 0.03
