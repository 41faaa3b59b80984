"""Staged pilots of a few units, before–afters and their placebo dates."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from coroi.lab.pilot_before import Sides, placebo_starts, share_side_rows, simulate_dates, value_side_rows
from coroi.lab.pilot_compare import compare, staged
from coroi.lab.pilot_designs import held_out, n_lots
from coroi.lab.pilot_lots import compare_lots, wave_sizes
from coroi.lab.pilot_people import People
from coroi.lab.pilot_rows import Rows
from coroi.lab.pilot_units import as_rows, money_units, score_units, share_units

LENGTHS = (4, 4, 4)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def people(unit: np.ndarray, **given: np.ndarray) -> People:
    n = len(unit)
    blank = {"event": np.full(n, -1), "money": None, "score": None, "earlier_score": None, "earlier_money": None}
    ids = np.array([f"c{i:05}" for i in range(n)], dtype=object)
    return People(**{"ids": ids, "unit": unit, "n_units": int(unit.max()) + 1, **blank, **given})


def company(seed: int, *, units: int = 24, size: int = 40, between: float = 0.5, steps: int = 3) -> People:
    """Customers of units that differ, over a calendar that moves."""
    draw = rng(seed)
    unit = np.repeat(np.arange(units), size)
    level = draw.normal(0, between, units)
    own = draw.normal(size=len(unit))
    calendar = np.array([0.0, 2.0, -1.0])
    money = 10 + level[unit, None] + own[:, None] + calendar + draw.normal(size=(len(unit), 3))
    event = np.where(draw.random(len(unit)) < 0.2 + 0.05 * level[unit], draw.integers(0, 3, len(unit)), -1)
    return people(unit, money=money[:, :steps], event=event, earlier_money=10 + level[unit] + own)


def lots(units: Rows, n_units: int, waves: int = 4, times: int = 1500, alpha: float = 0.05):
    how = {"n_units": n_units, "waves": waves, "lengths": LENGTHS[: waves - 1], "replications": times, "alpha": alpha}
    return compare_lots(rng(3), units, **how)


def gap_of(value: np.ndarray, counted: np.ndarray, wave: np.ndarray, weight: np.ndarray) -> float:
    total = 0.0
    for k, w in enumerate(weight):
        on = wave <= k
        total += w * (value[on, k].sum() / counted[on, k].sum() - value[~on, k].sum() / counted[~on, k].sum())
    return total


def test_it_equals_a_test_over_every_lot():
    units = money_units(company(1, units=6, size=10, steps=2), LENGTHS[:2], np.array([0.0, 1.5]))
    units = Rows(share=units.share, outcome=units.outcome, counted=units.counted)  # nothing earlier
    found = lots(units, 6, waves=3, times=60, alpha=0.1)
    sizes = wave_sizes(6, 3)
    wave, weight = np.repeat(np.arange(3), sizes), staged(sizes, LENGTHS[:2]).weight
    every = [np.array(w) for w in set(itertools.permutations(wave.tolist()))]
    assert len(every) == n_lots(6, 3) == 90
    draw, picked = rng(3), []
    for n in (25, 25, 10):  # replications that share their lots
        picked += list(draw.integers(6, size=(n, 6)))
        draw.permuted(np.tile(wave, (499, 1)), axis=1)
    now = wave[:, None] <= np.arange(2)
    agree = []
    for e in range(2):
        for r in range(60):
            value = np.where(now, units.outcome[e][picked[r]], units.outcome[0][picked[r]])
            counted = units.counted[picked[r]]
            gap = gap_of(value, counted, wave, weight)
            assert found.estimate[e, r] == pytest.approx(gap)
            p = np.mean([abs(gap_of(value, counted, w, weight)) >= abs(gap) * (1 - 1e-9) for w in every])
            agree.append(found.reject[e, r] == (p <= 0.1) or 0.06 < p < 0.14)
    assert all(agree)
    assert found.reject[1].mean() > found.reject[0].mean()


@pytest.mark.parametrize("outcome", ["money", "share"])
def test_false_alarms_are_at_the_level_though_units_differ_and_the_calendar_moves(outcome):
    effects = np.array([0.0, 0.1])
    who = company(2)
    units = (
        money_units(who, LENGTHS, effects)
        if outcome == "money"
        else share_units(rng(), who, LENGTHS, effects, good=False)
    )
    found = lots(units, 24, times=4000)
    assert found.reject[0].mean() == pytest.approx(0.05, abs=0.014)


def test_units_that_differ_ask_for_more_than_customers_drawn_one_by_one():
    alike, apart = (money_units(company(4, between=b), LENGTHS, np.array([0.0, 0.5])) for b in (0.0, 2.0))
    alike, apart = (Rows(share=u.share, outcome=u.outcome, counted=u.counted) for u in (alike, apart))
    assert lots(alike, 24).estimate[0].std() < 0.5 * lots(apart, 24).estimate[0].std()


def test_adjusting_for_what_was_known_before_takes_out_what_units_differ_by():
    units = money_units(company(5, between=2.0), LENGTHS, np.array([0.0, 1.5]))
    plain = Rows(share=units.share, outcome=units.outcome, counted=units.counted)
    adjusted, raw = lots(units, 24, times=3000), lots(plain, 24, times=3000)
    assert adjusted.estimate[0].std() < 0.3 * raw.estimate[0].std()
    assert adjusted.reject[0].mean() == pytest.approx(0.05, abs=0.016)
    assert adjusted.estimate[1].mean() == pytest.approx(0.5, rel=0.08)  # a third of the effect a step


def test_many_units_by_their_error_and_few_by_their_lots_agree():
    who = company(6, units=80, size=10)
    units = money_units(who, LENGTHS, np.array([0.0, 1.2]))
    units = Rows(share=units.share, outcome=units.outcome, counted=units.counted)
    by_lots = lots(units, 80, times=3000)
    by_error = compare(rng(7), as_rows(units), staged(wave_sizes(80, 4), LENGTHS), replications=3000, alpha=0.05)
    assert by_error.estimate[0].std() == pytest.approx(by_lots.estimate[0].std(), rel=0.06)
    assert by_error.reject[1].mean() == pytest.approx(by_lots.reject[1].mean(), abs=0.06)


@pytest.mark.parametrize("good", [False, True])
def test_the_share_of_units_moves_by_the_effect(good):
    who = company(8)
    effects = np.array([0.0, 0.04, 0.1])
    units = share_units(rng(), who, LENGTHS, effects, good=good)
    n = units.counted[:, 0].sum()
    moved = units.outcome.sum(axis=(1, 2)) / n
    assert moved - moved[0] == pytest.approx(effects, abs=1e-3)
    lost = np.mean(who.event >= 0)
    assert moved[0] == pytest.approx(lost if good else -lost)


@pytest.mark.parametrize(("rate", "expected"), [(None, 0.5), (0.25, 0.25), (0.9, 0.9)])
def test_answers_of_units_follow_the_response_rate_and_the_effect(rate, expected):
    who = company(9)
    draw = rng(9)
    score = np.where(np.arange(len(who))[:, None] % 2 == 0, draw.choice([4.0, 7.0, 10.0], size=(len(who), 1)), np.nan)
    who = people(who.unit, score=score)
    units = score_units(rng(), who, np.array([0.0, 0.5]), top=10.0, response_rate=rate)
    versions = len(units.share) // who.n_units
    assert units.counted.sum() / (versions * len(who)) == pytest.approx(expected, rel=0.03)
    means = units.outcome.sum(axis=(1, 2)) / units.counted.sum()
    assert means[0] == pytest.approx(np.nanmean(score), abs=0.05)
    assert means[1] - means[0] == pytest.approx(0.5, abs=0.02)


def test_waves_are_as_even_as_can_be_and_lots_are_counted():
    assert wave_sizes(10, 4) == (3, 3, 2, 2)
    assert n_lots(4, 2) == 6
    assert n_lots(10, 4) == 25_200
    assert [held_out(n, s) for n, s in ((10, 0.5), (10, 0.001), (10, 0.999), (3, 0.5))] == [5, 1, 9, 2]


def sides(draw: np.random.Generator, n: int, drift: float, chance: float = 1.0) -> Sides:
    before = 5 + chance * draw.normal(size=n)
    after = 5 + drift + chance * draw.normal(size=n)
    both = draw.random(n) < 0.7
    return Sides(after=after, before=np.where(both, before, np.nan), n_after=n)


def before_afters(found: list[Sides], times: int = 1200):
    effects = np.array([0.0, 0.5])
    dates = [(s, value_side_rows(rng(), s, effects, top=None)) for s in found]
    return simulate_dates(rng(5), dates, n=400, replications=times, alpha=0.05)


def test_chance_alone_is_not_counted_twice_as_drift():
    shares = [
        before_afters([sides(d, 400, 0.0) for d in rng(s).spawn(8)], 400).replications.reject[0].mean()
        for s in range(25)
    ]
    assert np.mean(shares) < 0.09  # counting it twice gives 0.17
    assert np.mean(shares) > 0.04


def test_a_drift_raises_the_alarms_that_a_normal_estimate_would():
    drift = 0.3
    found = before_afters(
        [sides(d, 4000, sign * drift) for sign, d in zip((1, -1, 1, -1), rng(6).spawn(4), strict=True)]
    )
    error = np.sqrt(1 / 400 + 1 / 280)
    assert found.replications.reject[0].mean() == pytest.approx(
        np.mean(np.abs(rng().normal(drift / error, 1, 10**5)) > 1.96), abs=0.03
    )
    assert found.observed == pytest.approx([drift, -drift, drift, -drift], abs=0.08)
    assert found.alarms == 4


def test_shares_on_both_sides_keep_who_was_there():
    after = np.array([1.0] * 6 + [0.0] * 2 + [np.nan] * 2)
    before = np.array([1.0] * 5 + [np.nan, 1.0, np.nan, 0.0, 0.0])
    both = Sides(after=after, before=before, n_after=8)
    rows = share_side_rows(both, np.array([0.0, 0.125]))
    mean = (rows.share @ rows.outcome.transpose(1, 0, 2).reshape(len(rows.share), -1)).reshape(2, 2) / (
        rows.share @ rows.counted
    )
    assert mean[0] == pytest.approx([6 / 8, 6 / 8])
    assert mean[1] == pytest.approx([7 / 8, 6 / 8])
    assert both.drift == pytest.approx(0.0)


def test_placebo_dates_have_a_whole_horizon_on_either_side():
    assert placebo_starts(0, 35, 12) == list(range(12, 25))
    assert placebo_starts(0, 22, 12) == []
    many = placebo_starts(0, 400, 12)
    assert len(many) == 24
    assert (many[0], many[-1]) == (12, 389)
