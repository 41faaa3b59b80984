"""Bands that hold every estimate at once: exact cases, limits, and that a repeated estimate changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coroi.inference.bands import lowest_t_p_value, sup_t


def ar1(k: int, rho: float) -> np.ndarray:
    return rho ** np.abs(np.subtract.outer(np.arange(k), np.arange(k)))


def test_one_estimate_has_the_pointwise_quantile():
    assert sup_t(np.array([[4.0]])) == pytest.approx(1.959964, abs=1e-6)
    assert sup_t(np.array([[4.0]]), df=9) == pytest.approx(2.262157, abs=1e-6)
    assert sup_t(np.array([[4.0]]), level=0.9) == pytest.approx(1.644854, abs=1e-6)


@pytest.mark.parametrize("k", [2, 5, 12])
def test_independent_estimates_have_sidaks_quantile(k):
    assert sup_t(np.eye(k)) == pytest.approx(stats.norm.ppf(0.5 + 0.95 ** (1 / k) / 2), abs=0.01)


def test_two_correlated_estimates_have_the_quantile_of_the_bivariate_normal():
    critical = sup_t(ar1(2, 0.7))
    both = stats.multivariate_normal(cov=ar1(2, 0.7))
    inside = both.cdf([critical, critical], lower_limit=[-critical, -critical])
    assert inside == pytest.approx(0.95, abs=0.001)


def test_with_few_clusters_the_band_is_that_of_the_multivariate_t():
    critical = sup_t(ar1(2, 0.5), df=7)
    shape = stats.multivariate_t(shape=ar1(2, 0.5), df=7, seed=1)
    inside = shape.cdf([critical, critical], lower_limit=[-critical, -critical])
    assert inside == pytest.approx(0.95, abs=0.002)


def test_duplicating_an_estimate_leaves_the_critical_value_unchanged():
    covariance = 3.0 * ar1(6, 0.6)
    doubled = covariance[np.ix_([0, 1, 2, 3, 4, 5, 2], [0, 1, 2, 3, 4, 5, 2])]
    assert sup_t(doubled) == sup_t(covariance)
    scaled = np.diag([1, 1, 1, 1, 1, 1, -10.0]) @ doubled @ np.diag([1, 1, 1, 1, 1, 1, -10.0])
    assert sup_t(scaled) == sup_t(covariance)
    one = np.full((4, 4), 2.0)
    assert sup_t(one) == pytest.approx(1.959964, abs=1e-6)


def test_correlation_narrows_the_band_and_bonferroni_bounds_it():
    widths = [sup_t(ar1(8, rho)) for rho in (0.0, 0.5, 0.9, 0.99)]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] > 1.96
    assert widths[0] < stats.norm.ppf(1 - 0.05 / 16)


def test_what_does_not_vary_is_left_aside():
    assert sup_t(np.diag([1.0, 0.0])) == pytest.approx(1.959964, abs=1e-6)
    assert np.isnan(sup_t(np.zeros((2, 2))))


def test_the_lowest_of_independent_ratios_is_as_rare_as_that_of_each_says():
    for statistic in (-2.5, -1.0, 0.3):
        alone = stats.norm.cdf(statistic)
        assert lowest_t_p_value(statistic, np.eye(4)) == pytest.approx(1 - (1 - alone) ** 4, abs=0.002)


def test_the_lowest_of_correlated_ratios_is_as_rare_as_the_bivariate_normal_says():
    both = stats.multivariate_normal(cov=ar1(2, 0.6))
    expected = 1 - both.cdf([1.7, 1.7])  # by symmetry, that not both are above -1.7
    assert lowest_t_p_value(-1.7, 4 * ar1(2, 0.6)) == pytest.approx(expected, abs=0.002)


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.95])
def test_with_few_clusters_the_lowest_ratio_is_as_rare_as_among_drawn_clusters(rho):
    """Draw ten clusters again and again, and estimate each error from them as an analyst does."""
    rng = np.random.default_rng(4)
    half = np.linalg.cholesky(ar1(4, rho)).T
    lowest = []
    for _ in range(20):
        rows = rng.standard_normal((2000, 10, 4)) @ half
        ratio = rows.mean(axis=1) / (rows.std(axis=1, ddof=1) / 10**0.5)
        lowest.append(ratio.min(axis=1))
    drawn = np.concatenate(lowest)
    for statistic in (-3.0, -2.0, -1.0):
        assert lowest_t_p_value(statistic, ar1(4, rho), df=9) == pytest.approx((drawn <= statistic).mean(), abs=0.006)


def test_a_lowest_ratio_is_not_the_largest_in_size():
    """Estimates that move against one another are two chances of a low one, those that move together are one."""
    against = np.array([[1.0, -1.0], [-1.0, 1.0]])
    assert lowest_t_p_value(-2.0, against) == pytest.approx(2 * stats.norm.cdf(-2.0), abs=1e-3)
    assert lowest_t_p_value(-2.0, np.ones((3, 3))) == pytest.approx(stats.norm.cdf(-2.0), abs=1e-9)
    assert lowest_t_p_value(-2.0, np.diag([3.0, 0.0]), df=5) == pytest.approx(stats.t.cdf(-2.0, 5), abs=1e-9)


def test_a_lowest_ratio_beyond_all_draws_keeps_the_bounds():
    found = lowest_t_p_value(-9.0, ar1(6, 0.5))
    assert stats.norm.cdf(-9.0) <= found <= 6 * stats.norm.cdf(-9.0)
    assert np.isnan(lowest_t_p_value(-1.0, np.zeros((2, 2))))
