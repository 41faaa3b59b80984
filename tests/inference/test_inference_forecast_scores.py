"""Scores of forecasts: by their definitions, and lowest where they should be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from coroi.inference.forecast_scores import exact_share, interval_score, widened


def test_the_interval_score_is_the_width_and_a_fine_outside():
    low, high, level = np.zeros(3), np.full(3, 2.0), np.full(3, 0.9)
    assert interval_score(low, high, np.array([1.0, -0.5, 2.5]), level) == pytest.approx([2.0, 12.0, 12.0])


def test_the_interval_score_is_lowest_for_the_true_quantiles():
    seen = np.random.default_rng(1).normal(size=200_000)
    level = np.full(len(seen), 0.8)

    def mean_score(half: float) -> float:
        ends = np.full(len(seen), half)
        return float(interval_score(-ends, ends, seen, level).mean())

    best = optimize.minimize_scalar(mean_score, bounds=(0.5, 3), method="bounded").x
    assert best == pytest.approx(stats.norm.ppf(0.9), abs=0.02)


@pytest.mark.parametrize(("n_true", "n"), [(0, 5), (3, 12), (10, 12), (12, 12)])
def test_the_exact_interval_inverts_both_binomial_tests(n_true, n):
    low, high = exact_share(n_true, n)
    if n_true:
        assert stats.binom.sf(n_true - 1, n, low) == pytest.approx(0.025)
    else:
        assert low == 0
    if n_true < n:
        assert stats.binom.cdf(n_true, n, high) == pytest.approx(0.025)
    else:
        assert high == 1


def test_the_exact_interval_agrees_with_what_was_published():
    """Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 5: 15 of 148."""
    assert exact_share(15, 148) == pytest.approx((0.0578, 0.1617), abs=5e-5)


def test_fewer_effective_cases_widen_the_interval():
    wide, narrow = exact_share(2.5, 3), exact_share(10, 12)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_an_error_of_the_observed_value_widens_each_side_in_squares():
    one = np.array([1.0])
    low, high = widened(one, np.array([-2.0]), np.array([5.0]), np.array([4 / stats.norm.ppf(0.975)]), np.array([0.95]))
    assert (low.item(), high.item()) == pytest.approx((1 - 5, 1 + np.hypot(4, 4)))
    same = widened(one, np.array([-np.inf]), np.array([5.0]), np.zeros(1), np.array([0.95]))
    assert (same[0].item(), same[1].item()) == (-np.inf, 5.0)


def test_widened_intervals_of_normal_forecasts_hold_at_their_level():
    rng = np.random.default_rng(2)
    n, half = 40_000, stats.norm.ppf(0.95)
    truth, seen_error = rng.normal(size=n), 0.7
    seen = truth + seen_error * rng.normal(size=n)
    low, high = widened(*(np.full(n, v) for v in (0.0, -half, half, seen_error, 0.9)))
    assert np.mean((low <= seen) & (seen <= high)) == pytest.approx(0.9, abs=0.006)
