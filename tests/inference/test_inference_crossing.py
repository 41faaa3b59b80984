"""Horizons of crossing: the band projected, and that it holds in a shallow valley where draws' percentiles do not."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.inference.bands import sup_t
from coroi.inference.crossing import crossing

INF = float("inf")


@pytest.mark.parametrize(
    ("path", "for_good", "first"),
    [
        ([-1, -1, 1, 2], 2, 2),
        ([-1, 1, -1, 2], 3, 1),
        ([1, -1, 0, 0], 2, 0),
        ([1, 2, 3, 4], 0, 0),
        ([1, 1, 1, -1], INF, 0),
        ([-1, -1, -1, -1], INF, INF),
        ([-1, 0, 0, 0], 1, 1),
    ],
)
def test_horizons_by_either_rule(path, for_good, first):
    path = np.array(path, dtype=float)
    assert crossing(path, path, path).estimate == for_good
    assert crossing(path, path, path, rule="first").estimate == first


def test_the_interval_is_where_the_ends_of_the_band_cross():
    path = np.array([-2.0, -1.0, 0.5, 2.0, 3.0])
    found = crossing(path, path - 1.0, path + 1.0)
    assert (found.earliest, found.estimate, found.latest) == (1, 2, 3)
    assert found.below
    wide = crossing(path, path - 4.0, path + 4.0)
    assert (wide.earliest, wide.estimate, wide.latest) == (0, 2, INF)


def test_a_path_that_is_never_below_says_so():
    assert not crossing(np.array([0.0, 1.0]), np.array([-1.0, 0.5]), np.array([1.0, 1.5])).below


@pytest.mark.parametrize("rule", ["for_good", "first"])
def test_a_path_inside_the_band_always_crosses_inside_the_interval(rule):
    rng = np.random.default_rng(1)
    for _ in range(500):
        path = rng.normal(size=8)
        low, high = path - rng.exponential(size=8), path + rng.exponential(size=8)
        inside = low + rng.random(8) * (high - low)
        found = crossing(path, low, high, rule=rule)
        assert found.earliest <= crossing(inside, low, high, rule=rule).estimate <= found.latest


def test_the_interval_holds_in_a_shallow_valley_where_percentiles_of_draws_do_not():
    """A path a little below zero for long: horizons of draws come too soon, the projected band does not."""
    truth = np.r_[np.full(11, -0.15), np.linspace(0.1, 1.5, 9)]
    t = np.arange(len(truth))
    covariance = 0.04 * 0.7 ** np.abs(np.subtract.outer(t, t))
    half = sup_t(covariance) * np.sqrt(np.diag(covariance))
    root = np.linalg.cholesky(covariance)
    rng = np.random.default_rng(2)
    true = crossing(truth, truth, truth, rule="first").estimate
    band = draws = 0
    n = 600
    for _ in range(n):
        path = truth + root @ rng.normal(size=len(truth))
        found = crossing(path, path - half, path + half, rule="first")
        band += found.earliest <= true <= found.latest
        drawn = path + rng.normal(size=(200, len(truth))) @ root.T
        horizons = np.where((drawn >= 0).any(axis=1), (drawn >= 0).argmax(axis=1), INF)
        low, high = np.quantile(horizons, [0.025, 0.975], method="lower")
        draws += low <= true <= high
    assert band / n >= 0.95
    assert draws / n < 0.80
