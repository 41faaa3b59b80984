"""Few units: variances that are not too small, degrees of freedom as in Welch's test, and no interval below five."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coroi.inference.few_units import arm_factor, too_few, welch_df


@pytest.mark.parametrize(("n", "m"), [(2, 9), (5, 5), (3, 40)])
def test_two_means_have_welchs_degrees_of_freedom_and_error(n, m):
    rng = np.random.default_rng(n)
    one, other = rng.normal(size=n), 3 * rng.normal(size=m)
    parts = [(sign * (x - x.mean()) / len(x), x) for sign, x in ((1, one), (-1, other))]
    grown = [moved * arm_factor(np.ones(len(x)), np.arange(len(x))) for moved, x in parts]
    welch = stats.ttest_ind(one, other, equal_var=False)
    moved, arm = np.concatenate(grown), np.repeat([0, 1], [n, m])
    assert welch_df(moved, arm) == pytest.approx(welch.df, rel=1e-12)
    assert (one.mean() - other.mean()) / np.sqrt(moved @ moved) == pytest.approx(welch.statistic, rel=1e-12)


def test_clusters_of_many_rows_count_once_and_uneven_ones_less():
    assert arm_factor(np.ones(6), np.repeat([0, 1, 2], 2)) == pytest.approx(np.sqrt(3 / 2))
    assert arm_factor(np.array([4.0, 1.0, 1.0]), np.arange(3)) == pytest.approx(np.sqrt(2 / (2 - 1)))
    assert arm_factor(np.ones(3), np.zeros(3, dtype=int)) == np.inf


def test_degrees_of_freedom_stay_between_one_and_clusters_less_one():
    assert welch_df(np.array([1.0, 0, 0, 0]), np.array([0, 1, 1, 1])) == 1
    assert welch_df(np.zeros(4), np.array([0, 0, 1, 1])) == 3
    assert welch_df(np.ones(4), np.zeros(4, dtype=int)) == 3


def test_it_takes_five_clusters_on_each_side():
    assert too_few(5, 5) == ""
    assert too_few(4, 50).startswith("4 clusters treated are too few")
    assert too_few(50, 1).startswith("1 cluster to compare with is too few")
