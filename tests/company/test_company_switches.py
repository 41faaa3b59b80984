"""Each behaviour does what it says, and nothing else."""

from __future__ import annotations

import time
from dataclasses import fields, replace

import numpy as np
import pytest

from coroi.company import SCENARIOS, Switches
from coroi.company.clock import NEVER
from coroi.company.history import BLOCK, History, block_sizes, draw_history
from coroi.company.programme import PRACTICES, draw_roll_out, push
from coroi.company.scenario import Intervention, World

N, MONTHS = 8_000, 24


def world_without(*names: str, scenario: str = "baseline") -> World:
    return World(scenario=SCENARIOS[scenario], switches=replace(Switches(), **dict.fromkeys(names, False)))


def drawn(*names: str, scenario: str = "baseline") -> History:
    return draw_history(customers=N, months=MONTHS, seed=11, world=world_without(*names, scenario=scenario))


@pytest.fixture(scope="module")
def usual() -> History:
    return drawn()


def answered_feelings(history: History) -> float:
    """How much happier those who answer the NPS are than all who could have."""
    nps = history.answers[0]
    month = nps.asked.astype("datetime64[D]").astype("datetime64[M]").astype(int) - 52 * 12
    felt = history.satisfaction[month + 1, nps.customer]
    return float(felt.mean() - history.satisfaction[1:][history.here].mean())


def lines(history: History, name: str) -> np.ndarray:
    return np.concatenate([getattr(month, name) for month in history.purchases])


@pytest.mark.parametrize("name", [f.name for f in fields(Switches)])
def test_every_switch_changes_the_company_and_not_who_the_customers_are(usual, name):
    changed = drawn(name)
    if name != "late_joiners":
        np.testing.assert_array_equal(changed.people.joined, usual.people.joined)
    np.testing.assert_array_equal(changed.people.segment, usual.people.segment)
    np.testing.assert_array_equal(changed.people.unit, usual.people.unit)
    same = changed.profit.shape == usual.profit.shape and np.array_equal(changed.profit, usual.profit)
    assert not same


def test_respondents_are_happier_unless_all_answer_alike(usual):
    assert answered_feelings(usual) > 0.2
    assert abs(answered_feelings(drawn("respondents_differ"))) < 0.04


def test_satisfaction_rises_after_a_purchase(usual):
    without = drawn("satisfaction_follows_spend")
    np.testing.assert_array_equal(without.purchases[0].customer, usual.purchases[0].customer)
    first = usual.purchases[0].customer
    rise = (usual.satisfaction[2] - without.satisfaction[2])[first].mean()
    assert 0.15 < rise < 0.3
    np.testing.assert_array_equal(without.satisfaction[1], usual.satisfaction[1])


def test_followed_up_scores_are_low_and_rise_by_themselves():
    still = World(scenario=SCENARIOS["null"])
    history = draw_history(customers=N, months=MONTHS, seed=11, world=still)
    picked = [(month, np.unique(history.follow_ups[month].customer)) for month in range(8)]
    then = np.concatenate([history.satisfaction[month + 1, who] for month, who in picked])
    later = np.concatenate([history.satisfaction[month + 7, who] for month, who in picked])
    assert then.mean() < -0.4
    assert 0.1 < (later - then).mean() < 0.3
    anybody = replace(still, switches=replace(Switches(), follow_ups_on_low_scores=False))
    history = draw_history(customers=N, months=MONTHS, seed=11, world=anybody)
    picked = np.unique(history.follow_ups[3].customer)
    assert abs(history.satisfaction[4, picked].mean() - history.satisfaction[10, picked].mean()) < 0.25


def test_units_begin_one_after_the_other_or_together():
    starts = draw_roll_out(MONTHS, 11, world_without()).start
    together = draw_roll_out(MONTHS, 11, world_without("staggered_roll_out")).start
    assert np.unique(starts[starts < MONTHS]).size > 4
    assert np.unique(together[together < MONTHS]).tolist() == [5]


def test_effects_grow_fade_and_depend_on_intensity_and_sponsor():
    world = World(scenario=replace(SCENARIOS["baseline"], dip=0.0))
    plan = draw_roll_out(48, 11, world)
    calm = replace(plan, recognition=np.full_like(plan.recognition, 4))
    path = np.array([push(calm, month, world) for month in range(48)])
    assert (path[:, ~plan.treated] == 0).all()
    broken, kept = plan.end < 48, plan.treated & (plan.end >= 48)
    assert (np.diff(path[:, kept], axis=0) >= 0).all()
    unit = np.flatnonzero(broken)[0]
    assert path[plan.end[unit], unit] == pytest.approx(0.7 * path[plan.end[unit] - 1, unit])
    unit = np.flatnonzero(kept & (plan.intensity == 1.0) & plan.sponsored)[0]
    halved = replace(calm, intensity=np.full(24, 0.5))
    unsponsored = replace(calm, sponsored=np.zeros(24, dtype=bool))
    assert push(halved, 47, world)[unit] == pytest.approx(path[47, unit] / 4)
    assert push(unsponsored, 47, world)[unit] == pytest.approx(path[47, unit] * 0.4)
    at_once = replace(world, switches=replace(Switches(), effects_grow=False))
    assert push(calm, int(plan.start[unit]), at_once)[unit] == pytest.approx(path[47, unit])


def test_customers_differ_unless_switched_off(usual):
    assert usual.people.level.std() > 0.7
    alike = drawn("heterogeneity").people
    traits = (alike.level, alike.frailty, alike.replying, alike.spending, alike.dependence, alike.service.ravel())
    assert not np.concatenate(traits).any()
    assert usual.people.dependence.std() > 0.9


def test_buying_follows_the_calendar(usual):
    def december_less_june(history: History) -> float:
        share = [p.amount[p.amount > 0].size / h.sum() for p, h in zip(history.purchases, history.here, strict=True)]
        return float(np.mean([share[m] for m in (0, 11, 12, 23)]) - np.mean([share[m] for m in (5, 6, 17, 18)]))

    assert december_less_june(usual) > 0.02
    assert abs(december_less_june(drawn("seasonality"))) < 0.015


def test_all_are_there_at_the_start_without_late_joiners(usual):
    assert usual.here[0].mean() < 0.65
    assert drawn("late_joiners").here[0].all()


def test_failed_payments_end_contracts(usual):
    assert (usual.contracts.reason == 0).sum() > 150
    assert (drawn("involuntary_exits").contracts.reason == 0).sum() == 0


def test_purchases_come_back_and_some_lose_money(usual):
    assert 0.04 < (lines(usual, "amount") < 0).mean() < 0.08
    assert ((lines(usual, "margin") < 0) & (lines(usual, "amount") > 0)).sum() > 100
    without = drawn("returns")
    assert (lines(without, "amount") > 0).all()
    assert (lines(without, "margin") > 0).all()


def test_answers_of_one_month_share_a_mood():
    def shared(history: History) -> float:
        nps, csat = history.answers[:2]
        month = {
            name: a.asked.astype("datetime64[D]").astype("datetime64[M]").astype(int)
            for name, a in (("n", nps), ("c", csat))
        }
        felt = history.satisfaction
        pairs = {
            (c, m): s - 6.9 - 1.8 * felt[m - 623, c]
            for c, m, s in zip(nps.customer, month["n"], nps.score, strict=True)
        }
        both = [
            (pairs[c, m], s - 3.7 - 0.7 * felt[m - 623, c])
            for c, m, s in zip(csat.customer, month["c"], csat.score, strict=True)
            if (c, m) in pairs
        ]
        return float(np.corrcoef(np.array(both).T)[0, 1])

    assert shared(drawn()) > shared(drawn("common_method_noise")) + 0.1


def test_the_confounded_company_gives_its_practices_to_the_best_units():
    world = world_without(scenario="confounded")
    plan = draw_roll_out(MONTHS, 11, world)
    history = draw_history(customers=N, months=MONTHS, seed=11, world=world)
    treated = plan.treated[history.people.unit]
    assert history.people.level[treated].mean() > history.people.level[~treated].mean() + 0.15
    assert np.corrcoef(history.people.level, history.people.frailty)[0, 1] < -0.7


def test_leaving_out_every_practice_changes_nothing_before_the_first_start(usual):
    world = World(intervention=Intervention(without=PRACTICES))
    other = draw_history(customers=N, months=MONTHS, seed=11, world=world)
    first = int(usual.roll_out.start.min())
    np.testing.assert_array_equal(other.profit[:first], usual.profit[:first])
    never = ~usual.roll_out.treated[usual.people.unit]
    np.testing.assert_array_equal(other.satisfaction[:, never], usual.satisfaction[:, never])
    assert not np.array_equal(other.profit, usual.profit)
    assert (other.programme_cost == 0).all()


def test_blocks_make_up_the_company_and_differ():
    assert block_sizes(2 * BLOCK + 1) == [BLOCK, BLOCK, 1]
    assert block_sizes(BLOCK) == [BLOCK]
    one, two = (draw_history(customers=500, months=6, seed=1, block=b) for b in (0, 1))
    assert not np.array_equal(one.people.joined, two.people.joined)
    np.testing.assert_array_equal(one.roll_out.start, two.roll_out.start)
    assert (one.contracts.end == NEVER).any()


def test_twenty_thousand_customers_take_seconds():
    began = time.process_time()
    draw_history(customers=BLOCK, months=36, seed=2)
    assert time.process_time() - began < 5
