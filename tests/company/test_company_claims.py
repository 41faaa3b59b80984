"""The truths of the claims have the signs that their scenarios promise."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from coroi.claims import CLAIMS
from coroi.company import SCENARIOS, true_claims, true_retention
from coroi.company.claims import CLAIM_IDS, NOT_SIMULATED
from coroi.company.effects import cohorts_of, halves_apart, part_values
from coroi.company.history import draw_history
from coroi.company.parts import INTERVENTIONS, PARTS, ROLL_OUT
from coroi.company.path import _back_above_zero
from coroi.company.programme import FOREVER
from coroi.company.scenario import World
from coroi.company.truth import TRUTH_SEED

MONTHS = 36
WHO = "customers of treated units with a contract when their unit begins"


@cache
def truths(scenario: str) -> dict[str, dict]:
    retention = true_retention(months=MONTHS, scenario=scenario, customers=40_000)
    return true_claims(months=MONTHS, scenario=scenario, retention=retention, customers=3_000)


def parts(scenario: str, claim: str) -> list[dict]:
    found = truths(scenario)[claim]
    return found.get("parts", [found])


def effects_of_the_programme(scenario: str) -> list[dict]:
    found = [p for claim in ("C04", "C12", "C19", "C23", "C24") for p in parts(scenario, claim)]
    return [p for p in found if p["unit"] != "EUR per customer"]


def test_every_claim_has_a_value_or_a_reason():
    assert tuple(claim.id for claim in CLAIMS) == CLAIM_IDS
    for claim, found in truths("baseline").items():
        assert (found["value"] is None) == ("reason" in found), claim
        if "reason" not in found:
            assert found["estimand"].endswith(".")
            assert found["unit"]
    missing = {claim for claim, found in truths("baseline").items() if found.get("reason") == NOT_SIMULATED}
    assert missing == set()


def test_in_the_baseline_practices_work_and_pay_back():
    for claim in ("C04", "C12", "C19", "C22", "C23", "C24", "C25"):
        first = truths("baseline")[claim]
        assert first["value"] > 1.5 * first["mc_std_error"], claim
    early, late, crossed = parts("baseline", "C13")
    assert early["value"] < 0 < late["value"]
    assert 2 <= crossed["value"] <= 12
    trust, stays, _, _, referred = parts("baseline", "C14")
    for row in (trust, stays, referred, truths("baseline")["C08"], *parts("baseline", "C11")[2:]):
        assert row["value"] > 2 * row["mc_std_error"], row["estimand"]
    horizon, undiscounted, discounted, steeply = parts("baseline", "C16")
    assert 6 <= horizon["value"] <= 18
    assert undiscounted["value"] > discounted["value"] > steeply["value"] > 0


def test_in_the_baseline_standing_and_leading_matter_and_satisfied_customers_pay_late():
    for claim in ("C03", "C15", "C20", "C21"):
        first = truths("baseline")[claim]
        assert first["value"] > 2 * first["mc_std_error"], claim
    assert parts("baseline", "C20")[1]["value"] == pytest.approx(0.7 * 0.1 / 0.45 * 1.8, rel=0.1)
    seen, walked = (parts("baseline", "C21")[i]["value"] for i in (1, 3))
    assert walked == pytest.approx(seen * (1 + 0.4 / 0.45 / (0.5 / 0.5)), rel=0.1)
    short, late = parts("baseline", "C07")
    assert late["value"] > 2 * late["mc_std_error"]
    assert short["value"] < late["value"]
    assert [np.sign(row["value"]) for row in parts("baseline", "C17")] == [-1, -1, 1, 1, 1]


@pytest.mark.parametrize("scenario", ["null", "confounded"])
def test_where_nothing_works_every_effect_is_zero(scenario):
    assert [p["value"] for p in effects_of_the_programme(scenario)] == [0] * len(effects_of_the_programme(scenario))
    for claim in ("C02", "C03", "C05", "C08", "C11", "C15", "C17", "C20", "C21", "C22"):
        assert [p["value"] for p in parts(scenario, claim)] == [0] * len(parts(scenario, claim))
    assert truths(scenario)["C12"]["mc_std_error"] == 0
    trust, stays, revenue, profit, referred = (p["value"] for p in parts(scenario, "C14"))
    assert (trust, stays, referred) == (0, 0, 0)
    assert revenue < profit < 0  # the sales given up bring nothing back
    assert parts(scenario, "C16")[0]["value"] is None
    assert parts(scenario, "C16")[0]["reason"] == "Not within 20 months."
    assert all(p["value"] < 0 for p in parts(scenario, "C16")[1:])


def band_contrast(scenario: str) -> dict:
    entries = true_retention(months=MONTHS, scenario=scenario, customers=40_000)["entries"]
    return next(e for e in entries if e["term"] == "top band minus bottom band")


def test_null_shows_no_association_and_confounded_one_without_effect():
    null, confounded = band_contrast("null"), band_contrast("confounded")
    assert abs(null["value"]) < 3 * null["mc_std_error"]
    assert confounded["value"] > 5 * confounded["mc_std_error"]


def test_the_dip_is_deeper_and_longer_and_pays_off_late():
    (depth, month, end, forgone), (shallow, early, sooner, _) = parts("dip", "C18"), parts("baseline", "C18")
    assert depth["value"] < 2 * shallow["value"] < 0
    assert month["value"] > early["value"]
    assert end["value"] is None or end["value"] > sooner["value"]
    assert forgone["value"] > 2 * forgone["mc_std_error"]
    first, late, _ = parts("dip", "C13")
    assert first["value"] < 0 < late["value"]


def test_overspending_has_a_real_effect_and_loses_money():
    retained = truths("overspend")["C12"]
    assert retained["value"] > 3 * retained["mc_std_error"]
    for row in parts("overspend", "C16")[1:]:
        assert row["value"] < -5 * row["mc_std_error"]
    assert parts("overspend", "C16")[0]["reason"] == "Not within 20 months."
    assert retained["value"] == truths("baseline")["C12"]["value"]


def test_too_few_months_give_reasons_and_no_values():
    retention = true_retention(months=10, customers=500)
    found = true_claims(months=10, scenario="baseline", retention=retention, customers=500)
    of_other_years = {"C07", "C15", "C17"}  # companies of their own length
    of_the_day = {"C03"}
    told = {claim: row["value"] for claim, row in found.items() if claim not in of_other_years | of_the_day}
    assert told == dict.fromkeys(told)
    assert None not in {found[claim]["value"] for claim in of_other_years | of_the_day}
    assert {part["value"] for part in found["C03"]["parts"][3:]} == {None}
    assert found["C12"]["reason"] == f"10 months are too few to follow {WHO} for 12 months."
    assert found["C06"]["reason"] == found["C25"]["reason"] == "10 months are too few for a landmark."


def test_a_truth_is_the_plain_difference_between_two_worlds():
    part = next(p for p in PARTS if p.claim == "C12" and p.cohort == ROLL_OUT and p.measure == "kept")
    found = part_values([part], months=MONTHS, scenario=SCENARIOS["baseline"], customers=3000)[part]
    worlds = [
        draw_history(customers=3000, months=MONTHS, seed=TRUTH_SEED, world=World(intervention=INTERVENTIONS[name]))
        for name, _ in part.weights
    ]
    stays = [[], []]
    for i, history in enumerate(worlds):
        contracts = history.contracts
        for who in range(3000):
            unit = history.people.unit[who]
            start = int(history.roll_out.start[unit])
            if start >= FOREVER or not worlds[0].here[start, who]:
                continue
            mine = np.flatnonzero(contracts.customer == who)
            left = False
            for k, row in enumerate(mine):
                following = contracts.start[mine[k + 1]] if k + 1 < mine.size else FOREVER
                end = contracts.end[row]
                left |= history.days[start] <= end < history.days[start + 12] and following - end - 1 > 30
            stays[i].append(0.0 if left else 1.0)
    np.testing.assert_array_equal(found, np.subtract(*stays))


def slow_stays(history, who: int, start: int) -> float:
    contracts = history.contracts
    mine = np.flatnonzero(contracts.customer == who)
    for k, row in enumerate(mine):
        following = contracts.start[mine[k + 1]] if k + 1 < mine.size else FOREVER
        end = contracts.end[row]
        if history.days[start] <= end < history.days[start + 12] and following - end - 1 > 30:
            return 0.0
    return 1.0


def two_worlds(claim: str) -> tuple[dict[str, np.ndarray], list]:
    asked = [p for p in PARTS if p.claim == claim]
    found = part_values(asked, months=MONTHS, scenario=SCENARIOS["baseline"], customers=2000)
    worlds = [
        draw_history(customers=2000, months=MONTHS, seed=TRUTH_SEED, world=World(intervention=INTERVENTIONS[name]))
        for name, _ in asked[0].weights
    ]
    return {part.measure: values for part, values in found.items()}, worlds


def test_the_truth_of_weak_departments_equals_a_slow_count():
    found, (weakest, every) = two_worlds("C08")
    rise, all_rise = (
        world.people.service - draw_history(customers=2000, months=2, seed=TRUTH_SEED).people.service
        for world in (weakest, every)
    )
    np.testing.assert_allclose(rise.sum(axis=0), all_rise.sum(axis=0))
    here = np.flatnonzero(weakest.here[0])
    slow = [slow_stays(weakest, who, 0) - slow_stays(every, who, 0) for who in here]
    np.testing.assert_array_equal(found["kept"], slow)
    assert np.any(slow)


def test_the_truth_of_honest_advice_equals_a_slow_count():
    found, (away, sold) = two_worlds("C14")
    first: dict[int, int] = {}
    for month, each in enumerate(sold.advice):
        for who in each.customer:
            first.setdefault(int(who), month)
    followed = sorted(who for who, month in first.items() if month <= 23)
    slow: dict[str, list[float]] = {name: [] for name in found}
    for who in followed:
        start = first[who]
        year = slice(start, start + 12)
        told: dict[str, list[float]] = {name: [] for name in found}
        for world in (away, sold):
            trust = world.trust[start + 3, who] + 0.5 * world.satisfaction[start + 4, who]
            told["trust soon"].append(4.6 + 1.1 * trust)
            told["kept"].append(slow_stays(world, who, start))
            lines = [(p.amount[p.customer == who], p.margin[p.customer == who]) for p in world.purchases[year]]
            paid = sum(world.earned[year, who]) - sum(margin.sum() for _, margin in lines)
            told["year's revenue"].append(paid + sum(amount.sum() for amount, _ in lines))
            costs = (world.serving, world.programme_cost, world.follow_up_cost)
            told["year's profit"].append(sum(world.earned[year, who]) - sum(cost[year, who].sum() for cost in costs))
            told["year's referrals"].append(sum((r.customer == who).sum() for r in world.referrals[year]))
        for name, (one, other) in told.items():
            slow[name].append(one - other)
    for name, values in slow.items():
        np.testing.assert_allclose(found[name], values, atol=1e-9, err_msg=name)
        assert np.any(values), name


def test_the_truth_of_dependence_is_the_effect_in_one_half_less_that_in_the_other():
    found, (happier, usual) = two_worlds("C11")
    del found
    asked = [p for p in PARTS if p.claim == "C11"]
    values = part_values(asked, months=MONTHS, scenario=SCENARIOS["baseline"], customers=2000)
    first = usual.readings[0]
    median = sorted(first.share)[first.share.size // 2]
    effects: dict[bool, list[float]] = {True: [], False: []}
    for who, share in zip(first.customer, first.share, strict=True):
        effects[bool(share > median)].append(slow_stays(happier, who, 0) - slow_stays(usual, who, 0))
    told = halves_apart(values)[0]
    assert told["value"] == pytest.approx(np.mean(effects[True]) - np.mean(effects[False]), abs=1e-6)
    errors = [np.std(each, ddof=1) ** 2 / len(each) for each in effects.values()]
    assert told["mc_std_error"] == pytest.approx(sum(errors) ** 0.5, abs=1e-6)
    assert told["n"] == first.share.size


def test_cohorts_are_the_same_in_every_world():
    for name, intervention in INTERVENTIONS.items():
        world = World(intervention=intervention)
        found = cohorts_of(draw_history(customers=2000, months=MONTHS, seed=5, world=world))
        usual = cohorts_of(draw_history(customers=2000, months=MONTHS, seed=5))
        if name in ("as it is", "no practices", "all sponsored", "full", "half", "broken off"):
            np.testing.assert_array_equal(found[ROLL_OUT][1], usual[ROLL_OUT][1])


def test_the_month_back_above_zero_is_the_one_after_the_last_below():
    assert _back_above_zero(np.array([-1.0, -2.0, 0.0, 1.0])) == 3
    assert _back_above_zero(np.array([-1.0, 1.0, -1.0, 1.0])) == 4
    assert _back_above_zero(np.array([1.0, -1.0])) is None
    assert _back_above_zero(np.array([0.0, 1.0])) == 1
