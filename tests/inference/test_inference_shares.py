"""Score intervals of shares and their differences: statsmodels, a quartic's roots, published limits, and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from coroi.inference.shares import (
    correlation_of,
    effective_size,
    move_difference,
    p_value_of,
    score_difference,
    width_of,
    wilson,
)

Z95 = float(stats.norm.ppf(0.975))


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (10, 10), (3, 17), (450, 900)])
def test_a_shares_interval_equals_statsmodels_wilson(hits, n):
    assert wilson(hits / n, n, Z95) == pytest.approx(proportion_confint(hits, n, method="wilson"), abs=1e-12)


def quartic(b: float, c: float, n: float, z: float) -> tuple[float, float]:
    """Find the limits as roots of the quartic that squaring Tango's equation gives (Yang, Sun and Hardin 2013)."""
    g = z**2
    coefficients = [
        n**2 * (n / g + 1) ** 2,
        -n * (b - c) * (n / g + 1) * (4 * n / g + 1),
        2 * n * (b - c) ** 2 * (3 * n / g + 2) / g - n**2 * ((b + c) / g + 1),
        n * (b - c) * (2 * (b + c) / g + 1) - (b - c) ** 3 * (4 * n / g + 1) / g,
        (b - c) ** 2 * ((b - c) ** 2 / g - (b + c)) / g,
    ]
    roots = np.roots(coefficients)
    real = np.sort(roots[np.abs(roots.imag) < 1e-7].real)
    return float(real[0]), float(real[-1])


@pytest.mark.parametrize(
    ("b", "c", "n"), [(25, 28, 618), (40, 20, 160), (1, 7, 21), (12, 2, 15), (462, 362, 1000), (3, 3, 40)]
)
def test_a_differences_interval_equals_the_roots_of_its_quartic(b, c, n):
    assert score_difference(b / n, c / n, n, Z95) == pytest.approx(quartic(b, c, n, Z95), abs=1e-7)


def test_it_matches_r_propcis():
    """scoreci.mp(25, 28, 618, conf.level = 0.90) gives -0.0148 to 0.0247 for the second less the first."""
    low, high = score_difference(28 / 618, 25 / 618, 618, float(stats.norm.ppf(0.95)))
    assert (round(low, 4), round(high, 4)) == (-0.0148, 0.0247)


@given(plus=st.integers(0, 30), minus=st.integers(0, 30), rest=st.integers(0, 30), level=st.floats(0.5, 0.999))
def test_it_holds_its_estimate_stays_within_one_and_mirrors(plus, minus, rest, level):
    n = plus + minus + rest
    if n < 2:
        return
    width = width_of(level, n)
    low, high = score_difference(plus / n, minus / n, n, width)
    assert -1 <= low <= (plus - minus) / n + 1e-12
    assert (plus - minus) / n - 1e-12 <= high <= 1
    assert high - low > 1e-3
    assert score_difference(minus / n, plus / n, n, width) == pytest.approx((-high, -low), abs=1e-8)


def test_all_on_one_side_still_leave_room():
    low, high = score_difference(1.0, 0.0, 20, Z95)
    assert high == 1
    assert low == pytest.approx(
        20 / (20 + Z95**2) * 2 - 1, abs=1e-9
    )  # Wilson's lower end of 20 in 20, doubled less one


def test_the_interval_joins_correlated_estimates():
    apart = move_difference(0.6, (0.5, 0.7), 0.4, (0.3, 0.5), 0.0)
    assert apart == pytest.approx((0.2 - np.sqrt(0.02), 0.2 + np.sqrt(0.02)))
    closer = move_difference(0.6, (0.5, 0.7), 0.4, (0.3, 0.5), 0.5)
    assert closer == pytest.approx((0.2 - 0.1, 0.2 + 0.1))
    assert move_difference(0.6, (0.5, 0.7), 0.4, (0.3, 0.5), 1.0) == pytest.approx((0.2, 0.2))


@pytest.mark.parametrize("gap", [-0.3, -0.05, 0.01, 0.2])
def test_the_p_value_is_that_of_the_interval(gap):
    error = 0.08

    def limits(level: float) -> tuple[float, float]:
        half = stats.norm.ppf(0.5 + level / 2) * error
        return gap - half, gap + half

    assert p_value_of(limits) == pytest.approx(2 * stats.norm.sf(abs(gap) / error), rel=1e-7)


def test_no_gap_has_a_p_value_of_one_and_a_huge_one_next_to_none():
    assert p_value_of(lambda level: (-level, level)) == 1.0
    assert p_value_of(lambda level: (5 - level, 5 + level)) < 1e-11


def test_the_effective_size_is_the_variance_ratio_and_never_more_than_the_answers():
    assert effective_size(0.25, 0.0125, n_obs=50, even_customers=30) == pytest.approx(20)
    assert effective_size(0.25, 0.001, n_obs=50, even_customers=30) == 50
    assert effective_size(0.0, 0.0, n_obs=50, even_customers=30) == 30


def test_estimates_that_do_not_vary_are_not_correlated():
    assert correlation_of(np.array([[4.0, 1.0], [1.0, 1.0]]), 0, 1) == pytest.approx(0.5)
    assert correlation_of(np.zeros((2, 2)), 0, 1) == 0.0


@pytest.mark.parametrize(("p", "d"), [(0.5, 0.2), (0.9, 0.02), (0.1, 0.1)])
def test_in_samples_of_fifteen_it_holds_the_truth_more_often_than_the_normal_interval(p, d):
    """Exact: every outcome of 15 answers, weighed by its chance."""
    n, ours, normal = 15, 0.0, 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            chance = stats.multinomial.pmf([b, c, n - b - c], n, [p, d, 1 - p - d])
            low, high = score_difference(b / n, c / n, n, Z95)
            ours += chance * (low <= p - d <= high)
            half = Z95 * np.sqrt(((b + c) / n - ((b - c) / n) ** 2) / n)
            normal += chance * (abs((b - c) / n - (p - d)) <= half)
    assert ours >= 0.93
    assert normal < ours
