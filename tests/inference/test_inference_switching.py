"""Means of differences: joint tests beside Hotelling's, degrees of freedom beside what chance gives, and their sums."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coroi.inference.switching import Term, combined, joint_zero


def means(values: np.ndarray) -> list[Term]:
    """Return the mean of each column, with each row a cluster."""
    n = len(values)
    moved = (values - values.mean(axis=0)) / n
    ones = np.ones(n, dtype=np.int64)
    return [
        Term(estimate=float(v.mean()), moved=m, side=ones, load=ones / n, n_units=n, n_rows=n)
        for v, m in zip(values.T, moved.T, strict=True)
    ]


def test_the_joint_test_is_hotellings():
    values = np.random.default_rng(1).normal(size=(12, 3)) + 0.3
    away = values.mean(axis=0)
    statistic = 12 * away @ np.linalg.solve(np.cov(values, rowvar=False), away)
    value, p = joint_zero(means(values))
    assert value == pytest.approx((12 - 3) / (3 * (12 - 1)) * statistic)
    assert p == pytest.approx(stats.f.sf(value, 3, 12 - 3))
    alone, p_alone = joint_zero(means(values)[:1])
    t = stats.ttest_1samp(values[:, 0], 0)
    assert (alone, p_alone) == pytest.approx((t.statistic**2, t.pvalue))


def test_more_terms_than_clusters_can_tell_have_no_test():
    values = np.random.default_rng(2).normal(size=(4, 4))
    assert np.isnan(joint_zero(means(values))).all()


def test_sums_are_those_of_rows():
    values = np.random.default_rng(3).normal(size=(15, 2))
    both = combined(means(values), [2.0, -0.5])
    (slow,) = means(values @ np.array([[2.0], [-0.5]]))
    assert both.estimate == pytest.approx(slow.estimate)
    np.testing.assert_allclose(both.moved, slow.moved, atol=1e-15)
    assert both.df == pytest.approx(slow.df)
    row = both.row(0.95)
    interval = stats.ttest_1samp(values @ [2.0, -0.5], 0).confidence_interval(0.95)
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((interval.low, interval.high))


def test_clusters_that_weigh_unevenly_tell_less_of_the_spread():
    """The variance of a chi-square with ν degrees of freedom over ν is 2 / ν."""
    load = np.array([3.0, 3, 3, 1, 1, 1, 1, 1]) / 14
    side = np.ones(8, dtype=np.int64)
    draws = np.random.default_rng(4).normal(size=(40_000, 8)) * load
    sums = (draws**2).sum(axis=1)
    told = 2 * sums.mean() ** 2 / sums.var()
    term = Term(estimate=0.0, moved=draws[0], side=side, load=load, n_units=8, n_rows=8)
    assert term.df + 1 == pytest.approx(told, rel=0.03)
