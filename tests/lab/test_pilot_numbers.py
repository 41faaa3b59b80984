"""Pilots of the row engine against formulas, and against slow pilots drawn customer by customer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower

from coroi.lab.pilot_compare import before_after, compare, hold_out, staged
from coroi.lab.pilot_power import power_curve, smallest_effect
from coroi.lab.pilot_rows import Rows, money_rows, score_rows, score_shift, share_rows, some_of

TIMES = 4_000


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def events(n: int, lost: int, steps: int = 1) -> np.ndarray:
    event = np.full(n, -1)
    event[:lost] = np.arange(lost) % steps
    return event


def detectable(rows_of, layout, top: float, *, alpha: float = 0.05, power: float = 0.8):
    effects = np.linspace(0, top, 13)
    found = compare(rng(), rows_of(effects), layout, replications=TIMES, alpha=alpha)
    return smallest_effect(rng(2), effects, found.reject, power=power), power_curve(effects, found.reject)


def formula_of_shares(base: float, treated: int, held: int, *, alpha: float = 0.05, power: float = 0.8) -> float:
    z = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)

    def gap(effect: float) -> float:
        p = base + effect
        return effect - z * np.sqrt(base * (1 - base) / held + p * (1 - p) / treated)

    return optimize.brentq(gap, 0, 1 - base)


@pytest.mark.parametrize(
    ("treated", "held", "alpha", "power", "near"),
    # with unequal arms the estimate and its error go together, and the formula asks for 2 % too much
    [(2000, 2000, 0.05, 0.8, 0.025), (3200, 800, 0.1, 0.9, 0.045)],
)
def test_a_hold_out_on_shares_detects_what_the_normal_formula_says(treated, held, alpha, power, near):
    event = events(1000, 150)
    expected = formula_of_shares(0.85, treated, held, alpha=alpha, power=power)
    found, curve = detectable(
        lambda e: share_rows(event, [12], e, good=False),
        hold_out(treated, held),
        1.5 * expected,
        alpha=alpha,
        power=power,
    )
    assert found.estimate == pytest.approx(expected, rel=near)
    assert curve["power"][0] == pytest.approx(alpha, abs=4 * np.sqrt(alpha * (1 - alpha) / TIMES))
    assert found.conf_low < found.estimate < found.conf_high
    assert (found.conf_high - found.conf_low) / expected < 0.05


def test_unequal_arms_detect_what_binomial_draws_tested_one_by_one_do():
    rows = share_rows(events(1000, 150), [12], np.array([0.0, 0.04]), good=False)
    found = compare(rng(17), rows, hold_out(3200, 800), replications=20_000, alpha=0.1)
    draw = rng(18)
    for e, share in enumerate((0.85, 0.89)):
        on, off = draw.binomial(3200, share, 20_000) / 3200, draw.binomial(800, 0.85, 20_000) / 800
        error = np.sqrt(on * (1 - on) / 3199 + off * (1 - off) / 799)
        rejected = np.mean(np.abs(on - off) > stats.norm.ppf(0.95) * error)
        assert found.reject[e].mean() == pytest.approx(rejected, abs=0.013)


def test_unequal_arms_are_near_the_effect_size_of_cohen():
    found, _ = detectable(lambda e: share_rows(events(1000, 400), [12], e, good=False), hold_out(1500, 500), 0.12)
    h = NormalIndPower().solve_power(None, nobs1=500, alpha=0.05, power=0.8, ratio=3)
    by_arcsine = np.sin(np.arcsin(np.sqrt(0.6)) + h / 2) ** 2 - 0.6
    assert found.estimate == pytest.approx(by_arcsine, rel=0.05)


def test_a_purchase_is_won_as_an_exit_is_prevented():
    exits = share_rows(events(1000, 150), [12], np.array([0, 0.05]), good=False)
    purchases = share_rows(np.where(events(1000, 150) == 0, -1, 0), [12], np.array([0, 0.05]), good=True)
    assert exits.share @ exits.outcome[:, :, 0].T == pytest.approx([-0.15, -0.10])
    assert purchases.share @ purchases.outcome[:, :, 0].T == pytest.approx([0.85, 0.90])


def test_an_effect_is_what_it_is_called_in_every_step_and_larger_ones_win_over_the_same_customers():
    effects = np.array([0, 0.02, 0.06, 0.15])
    rows = share_rows(events(1000, 150, 3), [4, 4, 4], effects, good=False)
    assert rows.share.sum() == pytest.approx(1)
    assert rows.share @ rows.outcome.sum(axis=2).T == pytest.approx(effects - 0.15)
    assert np.all(np.diff(rows.outcome, axis=0) >= 0)
    assert rows.share @ rows.outcome[2] == pytest.approx(np.full(3, -0.03))


def test_a_hold_out_on_scores_detects_what_the_t_formula_says():
    scores = rng(3).normal(5, 1, size=(900, 1))  # far from the scale's end
    found, curve = detectable(
        lambda e: score_rows(scores, None, e, top=50.0, response_rate=None), hold_out(450, 450), 0.35
    )
    expected = TTestIndPower().solve_power(None, nobs1=450, alpha=0.05, power=0.8) * scores.std()
    assert found.estimate == pytest.approx(expected, rel=0.03)
    assert curve["power"][0] == pytest.approx(0.05, abs=0.012)


def test_fewer_answers_ask_for_a_larger_effect():
    scores = rng(3).normal(5, 1, size=(900, 1))
    scores[600:] = np.nan
    found, _ = detectable(lambda e: score_rows(scores, None, e, top=50.0, response_rate=0.25), hold_out(450, 450), 0.6)
    expected = TTestIndPower().solve_power(None, nobs1=450 * 0.25, alpha=0.05, power=0.8) * np.nanstd(scores)
    assert found.estimate == pytest.approx(expected, rel=0.04)


def test_what_was_known_before_shrinks_the_error_by_its_correlation():
    draw = rng(4)
    before = draw.normal(size=600)
    money = 0.8 * before + 0.6 * draw.normal(size=600)
    rows = money_rows(money[:, None], before, [12], np.array([0.0, 0.1]))
    plain = money_rows(money[:, None], None, [12], np.array([0.0, 0.1]))
    layout = hold_out(500, 500)
    adjusted, raw = (compare(rng(5), r, layout, replications=TIMES, alpha=0.05) for r in (rows, plain))
    r = np.corrcoef(before, money)[0, 1]
    assert adjusted.estimate[0].std() / raw.estimate[0].std() == pytest.approx(np.sqrt(1 - r**2), rel=0.04)
    assert adjusted.reject[0].mean() == pytest.approx(0.05, abs=0.012)
    assert adjusted.estimate[1].mean() == pytest.approx(0.1, abs=0.003)


def welch(treated: np.ndarray, held: np.ndarray, alpha: float) -> tuple[float, bool]:
    test = stats.ttest_ind(treated, held, equal_var=False)
    return float(treated.mean() - held.mean()), bool(test.pvalue < alpha)


def test_the_test_of_a_hold_out_is_welchs_to_the_last_digit():
    values = rng(6).gamma(1, 10, size=40)
    rows = money_rows(values[:, None], None, [1], np.array([0.0, 5.0]))
    layout = hold_out(12, 30)
    found = compare(rng(7), rows, layout, replications=50, alpha=0.2)
    again = rng(7)
    edges = np.cumsum(rows.share)
    on = np.searchsorted(edges / edges[-1], again.random((50, 12)), side="right")
    off = np.searchsorted(edges / edges[-1], again.random((50, 30)), side="right")
    for r in range(50):
        for e, added in enumerate((0.0, 5.0)):
            gap, reject = welch(values[on[r]] + added, values[off[r]], 0.2)
            assert found.estimate[e, r] == pytest.approx(gap)
            assert found.reject[e, r] == reject


def staged_pilot(draw: np.random.Generator, event: np.ndarray, sizes, lengths, won: float) -> tuple[float, float]:
    """Simulate one staged pilot by customer, in loops: estimate and standard error."""
    weight = staged(sizes, lengths).weight
    wave = np.repeat(np.arange(len(sizes)), sizes)
    own = event[draw.integers(len(event), size=len(wave))]
    kept = draw.random(len(wave)) < won
    collapsed = np.zeros(len(wave))
    estimate = 0.0
    for k in range(len(lengths)):
        on = wave <= k
        lost = ((own == k) & ~(on & kept)).astype(float)
        treated, waiting = -lost[on].mean(), -lost[~on].mean()
        estimate += weight[k] * (treated - waiting)
        collapsed += weight[k] * np.where(on, (-lost - treated) / on.sum(), -(-lost - waiting) / (~on).sum())
    variance = 0.0
    for w, n in enumerate(sizes):
        own_wave = collapsed[wave == w]
        variance += n * own_wave.var(ddof=1)
    return estimate, float(np.sqrt(variance))


def test_a_staged_roll_out_by_customer_equals_a_slow_one():
    event, sizes, lengths = events(1000, 200, 3), (150, 150, 150, 150), [4, 4, 4]
    effects = np.array([0.0, 0.08])
    rows = share_rows(event, lengths, effects, good=False)
    found = compare(rng(8), rows, staged(sizes, lengths), replications=TIMES, alpha=0.05)
    for e, won in enumerate((0.0, 0.4)):
        slow = np.array([staged_pilot(draw, event, sizes, lengths, won) for draw in rng(9).spawn(1500)])
        rejected = np.mean(np.abs(slow[:, 0]) > 1.96 * slow[:, 1])
        assert found.estimate[e].mean() == pytest.approx(slow[:, 0].mean(), abs=4 * slow[:, 0].std() / np.sqrt(1500))
        assert found.estimate[e].std() == pytest.approx(slow[:, 0].std(), rel=0.08)
        assert found.reject[e].mean() == pytest.approx(rejected, abs=0.05)
    assert found.reject[0].mean() == pytest.approx(0.05, abs=0.012)


def test_steps_weigh_by_length_and_by_the_sizes_of_their_sides():
    assert staged((10, 10, 10, 10), [4, 4, 4]).weight == pytest.approx(np.array([3, 4, 3]) / 10)
    assert staged((10, 10, 10), [6, 2]).weight == pytest.approx([0.75, 0.25])


def test_a_calendar_that_falls_on_all_alike_does_not_mislead_a_staged_roll_out():
    money = rng(10).normal(size=(800, 3)) + np.array([0.0, 5.0, -5.0])
    rows = money_rows(money, None, [4, 4, 4], np.array([0.0, 0.3]))
    found = compare(rng(11), rows, staged((100,) * 4, [4, 4, 4]), replications=TIMES, alpha=0.05)
    assert found.reject[0].mean() == pytest.approx(0.05, abs=0.012)
    assert found.estimate[1].mean() - found.estimate[0].mean() == pytest.approx(0.1, rel=1e-6)


def test_a_before_after_pairs_the_customers_of_both_sides():
    draw = rng(12)
    self_same = draw.normal(size=600)
    values = np.column_stack([self_same + 0.1 * draw.normal(size=600), self_same])[None]
    rows = Rows(share=np.full(600, 1 / 600), outcome=values, counted=np.ones((600, 2)))
    found = compare(rng(13), rows, before_after(600), replications=2000, alpha=0.05)
    assert found.estimate.std() == pytest.approx(0.1 / np.sqrt(600), rel=0.08)
    gap = values[0, :, 0].mean() - values[0, :, 1].mean()
    assert np.mean(np.abs(found.estimate - gap) > found.margin) == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize("top", [10.0, 60.0])
def test_a_shift_moves_the_mean_by_the_effect_and_nobody_past_the_top(top):
    scores = rng(14).choice([2.0, 5.0, 8.0, 9.0, 10.0], size=500)
    effects = np.array([0.0, 0.3, 1.0, 10 - scores.mean()])
    moved = np.minimum(scores + score_shift(scores, effects, top)[:, None], top)
    assert moved.mean(axis=1) - scores.mean() == pytest.approx(effects)


def test_a_pilot_in_which_nothing_varies_detects_nothing():
    rows = share_rows(np.full(50, -1), [12], np.zeros(3), good=False)
    found = compare(rng(), rows, hold_out(25, 25), replications=200, alpha=0.05)
    assert not found.reject.any()


def test_the_smallest_effect_is_where_a_known_curve_crosses():
    effects = np.linspace(0, 5, 13)
    z = rng(15).normal(size=20_000)
    found = smallest_effect(rng(16), effects, np.abs(z + effects[:, None]) > stats.norm.ppf(0.975), power=0.8)
    assert found.estimate == pytest.approx(2.8016, abs=4 * found.std_error)
    assert found.std_error == pytest.approx(np.sqrt(0.8 * 0.2 / 20_000) / stats.norm.pdf(0.8416), rel=0.25)


def test_no_effect_is_named_where_none_is_detected():
    found = smallest_effect(rng(), np.linspace(0, 1, 5), rng(1).random((5, 500)) < 0.3, power=0.8)
    assert found.estimate == found.conf_high == np.inf


def test_a_pool_is_drawn_by_lot_only_where_it_is_too_large():
    assert list(some_of(rng(), 5, 10)) == [0, 1, 2, 3, 4]
    some = some_of(rng(), 1000, 10)
    assert len(set(some)) == 10
    assert list(some) == sorted(some)
