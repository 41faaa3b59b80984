"""Least squares and its covariances against statsmodels, against sums written out, and on dependent columns."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from coroi.inference.linear import clustered, least_squares, serial, sum_by, two_way_clustered

RNG = np.random.default_rng(7)
N, FIRMS, YEARS = 600, 40, 15
FIRM, YEAR = np.repeat(np.arange(FIRMS), YEARS), np.tile(np.arange(YEARS), FIRMS)
X = np.column_stack([np.ones(N), RNG.normal(size=N) + RNG.normal(size=FIRMS)[FIRM], RNG.normal(size=YEARS)[YEAR]])
Y = X @ [1.0, 2.0, -1.0] + RNG.normal(size=FIRMS)[FIRM] + RNG.normal(size=YEARS)[YEAR] + RNG.normal(size=N)
THEIRS = sm.OLS(Y, X).fit()


def test_coefficients_are_those_of_the_normal_equations():
    fit = least_squares(X, Y)
    np.testing.assert_allclose(fit.coef, THEIRS.params, rtol=1e-10)
    np.testing.assert_allclose(fit.residual, THEIRS.resid, atol=1e-10)
    weight = RNG.uniform(0.5, 2, N)
    np.testing.assert_allclose(least_squares(X, Y, weight).coef, sm.WLS(Y, X, weights=weight).fit().params, rtol=1e-10)


@pytest.mark.parametrize(("factor", "use_correction"), [("stata", True), ("none", False)])
def test_clustered_errors_are_those_of_statsmodels(factor, use_correction):
    fit = least_squares(X, Y)
    how = {"groups": FIRM, "use_correction": use_correction}
    want = THEIRS.get_robustcov_results("cluster", **how).cov_params()
    np.testing.assert_allclose(clustered(fit, FIRM, factor=factor, n_params=3), want, rtol=1e-9)
    how["groups"] = np.column_stack([FIRM, YEAR])
    want = THEIRS.get_robustcov_results("cluster", **how).cov_params()
    np.testing.assert_allclose(two_way_clustered(fit, FIRM, YEAR, factor=factor, n_params=3), want, rtol=1e-9)


def test_the_houses_factor_is_clusters_over_clusters_less_one():
    fit = least_squares(X, Y)
    np.testing.assert_allclose(clustered(fit, FIRM), clustered(fit, FIRM, factor="none") * FIRMS / (FIRMS - 1))


@pytest.mark.parametrize("n_lags", [0, 2, 5])
def test_serial_errors_are_the_double_sum_over_periods(n_lags):
    fit = least_squares(X, Y)
    by_year = [sum(X[i] * fit.residual[i] for i in range(N) if YEAR[i] == t) for t in range(YEARS)]
    meat = np.zeros((3, 3))
    for s in range(YEARS):
        for t in range(YEARS):
            meat += max(0.0, 1 - abs(s - t) / (n_lags + 1)) * np.outer(by_year[s], by_year[t])
    bread = np.linalg.inv(X.T @ X)
    np.testing.assert_allclose(serial(fit, YEAR, n_lags), bread @ meat @ bread, rtol=1e-9)


def test_a_period_without_rows_counts_as_time():
    fit = least_squares(X, Y)
    gap = np.where(YEAR >= 7, YEAR + 1, YEAR)
    assert not np.allclose(serial(fit, YEAR, 1), serial(fit, gap, 1), rtol=1e-3)
    np.testing.assert_allclose(serial(fit, YEAR + 2000, 1), serial(fit, YEAR, 1))


def test_a_column_that_others_make_up_gets_no_number():
    fit = least_squares(np.column_stack([X, X[:, 1] - 2 * X[:, 2]]), Y)
    np.testing.assert_allclose(fit.coef[:3], THEIRS.params, rtol=1e-9)
    assert np.isnan(fit.coef[3])
    assert fit.kept.tolist() == [True, True, True, False]
    whole = fit.spread(clustered(fit, FIRM))
    assert np.isnan(whole[3]).all()
    assert not np.isnan(whole[:3, :3]).any()


def test_influence_squares_to_the_clustered_covariance():
    fit = least_squares(X, Y)
    moved = fit.influence(FIRM)
    assert moved.shape == (FIRMS, 3)
    np.testing.assert_allclose(moved.T @ moved, clustered(fit, FIRM, factor="none"), rtol=1e-9)
    np.testing.assert_allclose(moved.sum(axis=0), 0, atol=1e-9)


def test_nothing_is_summed_into_nothing():
    assert sum_by(np.zeros((4, 0)), np.array([0, 1, 1, 2])).shape == (3, 0)
