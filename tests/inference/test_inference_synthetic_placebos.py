"""Placebos in space: p-values that are exact, sets that are the effects not rejected, and sets that have no bound."""

from __future__ import annotations

import math

import numpy as np
import pytest

from coroi.inference.synthetic_placebos import Placebos, mix_units, placebo_sets, run_placebos


def drawn(units: int, seed: int, periods: int = 14) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(periods, units)) + rng.normal(size=units) + rng.normal(size=(periods, 1)).cumsum(axis=0)


def run(outcome: np.ndarray, treated: tuple[int, ...] = (0,), **options) -> Placebos:
    return run_placebos(outcome, 10, treated, **({"intercept": False, "most": 400} | options))


@pytest.mark.parametrize("treated", [(3,), (1, 4)])
def test_taking_an_effect_off_is_fitting_data_without_it(treated):
    outcome, effect = drawn(7, 1), 1.7
    shifted = outcome.copy()
    shifted[10:, list(treated)] -= effect
    before, after = run(outcome, treated), run(shifted, treated)
    np.testing.assert_allclose(before.after - effect, after.after, atol=1e-10)
    np.testing.assert_allclose(before.others + before.slope[:, None] * effect, after.others, atol=1e-10)
    np.testing.assert_allclose(before.fit, after.fit, atol=1e-12)


@pytest.mark.parametrize(("units", "treated", "seed"), [(25, (2,), 2), (9, (0, 5), 3), (8, (1, 2, 6), 4)])
def test_the_set_is_of_effects_that_are_not_rejected(units, treated, seed):
    found = run(drawn(units, seed), treated)
    gap, others = float(found.after.mean()), found.others.mean(axis=1)
    low, high = found.confidence_set(gap, others, 0.95)
    assert low < gap < high
    step = 1e-7 * (high - low)
    for inside in (low + step, high - step, gap):
        assert found.p_value(gap, others, inside) > 0.05
    for beyond in np.concatenate([low - np.geomspace(step, 100, 40), high + np.geomspace(step, 100, 40)]):
        assert found.p_value(gap, others, beyond) <= 0.05


def test_p_values_are_the_share_of_sets_that_do_as_well():
    outcome = drawn(12, 5)
    ratios = []
    for unit in range(12):
        one = run(outcome, (unit,))
        ratios.append(abs(one.after.mean()) / one.actual.fit)
    for unit in range(12):
        one = run(outcome, (unit,))
        slow = np.mean([ratio >= ratios[unit] for ratio in ratios])
        assert one.p_value(float(one.after.mean()), one.others.mean(axis=1)) == pytest.approx(slow)
    slow = [np.sqrt((run(outcome, (u,)).after ** 2).mean()) / run(outcome, (u,)).actual.fit for u in range(12)]
    assert run(outcome, (4,)).ratio_test() == pytest.approx((slow[4], np.mean([s >= slow[4] for s in slow])))


def test_too_few_units_reject_nothing():
    found = run(drawn(9, 6))
    assert found.smallest_p == pytest.approx(1 / 9)
    assert found.confidence_set(float(found.after.mean()), found.others.mean(axis=1), 0.95) == (-math.inf, math.inf)
    assert found.critical(0.95) == math.inf
    low, high = found.confidence_set(float(found.after.mean()), found.others.mean(axis=1), 0.8)
    assert math.isfinite(low)
    assert math.isfinite(high)


def test_the_band_is_the_largest_share_that_may_be_left():
    found = run(drawn(40, 7))
    largest = np.abs(found.others + found.slope[:, None] * found.after).max(axis=1) / found.fit
    critical = found.critical(0.95)
    beyond, up_to = (largest > critical * (1 + 1e-12)).sum(), (largest >= critical * (1 - 1e-12)).sum()
    assert (1 + beyond) / 40 <= 0.05 < (1 + up_to) / 40


def test_sets_are_all_of_them_or_as_many_as_asked_for_and_never_the_treated():
    assert sorted(placebo_sets(4, (1,), 10)) == [(0,), (2,), (3,)]
    assert len(placebo_sets(5, (0, 3), 100)) == 9
    some = placebo_sets(30, (0, 3), 100)
    assert len(some) == len(set(some)) == 100
    assert (0, 3) not in some
    assert some == placebo_sets(30, (0, 3), 100)


def test_about_its_own_mean_a_level_out_of_reach_is_no_gap():
    outcome = drawn(6, 8)
    outcome[:, 0] = outcome[:, 1] + 50
    donors = np.arange(1, 6)
    assert mix_units(outcome, 10, (0,), donors, intercept=False).fit > 40
    about = mix_units(outcome, 10, (0,), donors, intercept=True)
    assert about.fit < 1e-4
    np.testing.assert_allclose(about.weights[0, 1], 1.0, atol=1e-4)
