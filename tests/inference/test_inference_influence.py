"""Errors and tests from influence, against their formulas written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coroi.inference.influence import influence_covariance, influence_row, serial_covariance, zero_test

MOVED = np.array([[0.1, -0.2], [0.3, 0.1], [-0.2, 0.2], [-0.2, -0.1]])


def test_the_covariance_sums_over_clusters():
    by_hand = sum(np.outer(m, m) for m in MOVED) * 4 / 3
    assert influence_covariance(MOVED) == pytest.approx(by_hand)


def test_an_interval_is_students():
    row = influence_row(1.0, MOVED[:, 0], 0.9)
    error = np.sqrt(0.18 * 4 / 3)
    assert row["std_error"] == pytest.approx(error)
    assert row["conf_high"] == pytest.approx(1.0 + stats.t(3).ppf(0.95) * error)
    assert row["conf_low"] == pytest.approx(1.0 - stats.t(3).ppf(0.95) * error)


def test_one_estimate_is_tested_by_the_square_of_its_t_ratio():
    row, test = influence_row(0.5, MOVED[:, 0], 0.95), zero_test(np.array([0.5]), MOVED[:, :1])
    assert test["statistic"] == pytest.approx((0.5 / row["std_error"]) ** 2)
    assert test["p_value"] == pytest.approx(2 * stats.t(3).sf(0.5 / row["std_error"]))
    assert (test["df"], test["df_error"]) == (1, 3)


def test_several_estimates_are_tested_whatever_their_units():
    estimate = np.array([0.3, -0.2])
    test = zero_test(estimate, MOVED)
    value = estimate @ np.linalg.inv(influence_covariance(MOVED)) @ estimate / 2
    assert test["statistic"] == pytest.approx(value)
    assert test["p_value"] == pytest.approx(stats.f(2, 3).sf(value))
    assert zero_test(estimate * [1, 100], MOVED * [1, 100])["p_value"] == pytest.approx(test["p_value"])


@pytest.mark.parametrize("n_lags", [0, 2])
def test_dependence_over_periods_is_weighted_by_bartlett(n_lags):
    by_hand = MOVED.T @ MOVED
    for lag in range(1, n_lags + 1):
        cross = sum(np.outer(MOVED[t], MOVED[t - lag]) for t in range(lag, len(MOVED)))
        by_hand = by_hand + (1 - lag / (n_lags + 1)) * (cross + cross.T)
    assert serial_covariance(MOVED, n_lags) == pytest.approx(by_hand)
