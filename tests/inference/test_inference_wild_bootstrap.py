"""The wild cluster bootstrap: against refitting draw by draw, its interval, its weights, and how often it is wrong."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import statsmodels.api as sm

from coroi.inference.wild_bootstrap import draw_weights, wild_bootstrap


def problem(seed: int, n_clusters: int, *, effect: float = 0.0, each: int = 6) -> tuple[np.ndarray, ...]:
    """Draw clusters of uneven size with a regressor that is theirs, one that varies within, and errors they share."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(n_clusters), each + np.arange(n_clusters) % 3)
    treated = (np.arange(n_clusters) % 2 == 0)[cluster].astype(float)
    other = rng.normal(size=len(cluster))
    outcome = 1 + effect * treated + 0.5 * other + rng.normal(size=n_clusters)[cluster] + rng.normal(size=len(cluster))
    return np.column_stack([treated, np.ones(len(cluster)), other]), outcome, cluster


def by_refitting(design, outcome, cluster, null: float, weights: np.ndarray) -> float:
    """Impose the hypothesis, draw outcomes, refit with statsmodels' clustered errors, and count."""

    def t_of(y: np.ndarray) -> float:
        fit = sm.OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False})
        return abs(float((fit.params[0] - null) / fit.bse[0]))

    others = design[:, 1:]
    fitted = others @ np.linalg.lstsq(others, outcome - null * design[:, 0], rcond=None)[0] + null * design[:, 0]
    observed = t_of(outcome)
    return float(np.mean([t_of(fitted + w[cluster] * (outcome - fitted)) >= observed * (1 - 1e-7) for w in weights]))


@pytest.mark.parametrize("null", [0.0, 0.7, -2.0])
def test_it_equals_refitting_every_draw(null):
    design, outcome, cluster = problem(1, 6)
    signs = np.array(list(product([1.0, -1.0], repeat=6)))
    found = wild_bootstrap(design, outcome, cluster, at=0, weights="rademacher")
    assert found.exact
    assert found.p_value(null) == pytest.approx(by_refitting(design, outcome, cluster, null, signs), abs=1e-12)
    drawn = draw_weights(6, weights="webb", draws=99, seed=4)
    assert not drawn.exact
    again = wild_bootstrap(design, outcome, cluster, at=0, weights="webb", draws=99, seed=4)
    want = by_refitting(design, outcome, cluster, null, drawn.values)
    assert again.p_value(null) == pytest.approx((1 + 99 * want) / 100, abs=1e-12)


def test_the_interval_holds_what_is_not_rejected():
    for seed in range(6):
        design, outcome, cluster = problem(seed, 11, effect=1.0)
        found = wild_bootstrap(design, outcome, cluster, at=0, draws=999)
        low, high = found.limits(0.95)
        assert low < found.estimate < high
        assert found.p_value(found.estimate) == 1
        assert min(found.p_value(low), found.p_value(high)) > 0.05
        width = high - low
        assert max(found.p_value(low - 1e-6 * width), found.p_value(high + 1e-6 * width)) <= 0.05
        assert found.estimate == pytest.approx(sm.OLS(outcome, design).fit().params[0], rel=1e-10)


def test_with_five_clusters_two_points_reject_nothing_and_six_points_do():
    design, outcome, cluster = problem(3, 5, effect=3.0)
    two = wild_bootstrap(design, outcome, cluster, at=0, weights="rademacher")
    assert two.limits(0.95) == (-math.inf, math.inf)
    assert two.p_value(1e6) == pytest.approx(2 / 32)
    six = wild_bootstrap(design, outcome, cluster, at=0)
    assert six.exact
    assert len(six.level) == 6**5
    assert all(math.isfinite(end) for end in six.limits(0.90))


def test_weights_have_mean_zero_and_square_one():
    for name, points in (("rademacher", 2), ("webb", 6)):
        values = draw_weights(3, weights=name).values
        assert values.shape == (points**3, 3)
        np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose((values**2).mean(axis=0), 1)
        assert len(np.unique(values, axis=0)) == len(values)
    assert len(np.unique(draw_weights(11).values)) == 6
    assert len(np.unique(draw_weights(12).values)) == 2


def test_a_column_that_others_make_up_changes_nothing():
    design, outcome, cluster = problem(5, 8)
    one = wild_bootstrap(design, outcome, cluster, at=0, draws=199)
    other = wild_bootstrap(np.column_stack([design, 1 - design[:, 2]]), outcome, cluster, at=0, draws=199)
    assert one.p_value(0.0) == other.p_value(0.0)
    assert one.limits(0.9) == pytest.approx(other.limits(0.9))


def rejections(replications: int, n_clusters: int) -> tuple[float, float]:
    """Return how often a true effect of zero is rejected at 5 %: by the bootstrap, and by t with G − 1."""
    from scipy import stats

    wild = plain = 0
    for seed in range(replications):
        design, outcome, cluster = problem(10_000 + seed, n_clusters)
        found = wild_bootstrap(design, outcome, cluster, at=0, draws=399)
        wild += found.p_value(0.0) <= 0.05
        error = np.sqrt(found.observed_spread[0])
        plain += 2 * stats.t.sf(abs(found.estimate) / error, n_clusters - 1) <= 0.05
    return wild / replications, plain / replications


def test_false_alarms_with_eight_clusters_are_as_said():
    wild, plain = rejections(300, 8)
    assert wild <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)
    assert plain > wild


def test_false_alarms_with_ten_clusters_are_as_said():
    wild, _ = rejections(2_000, 10)
    assert abs(wild - 0.05) <= 3.5 * math.sqrt(0.05 * 0.95 / 2_000)


@pytest.mark.parametrize(
    ("at", "t_ratio", "p_value"), [(0, -1.0530803154504016, 0.308831), (5, 1.200524160940055, 0.240024)]
)
def test_it_gives_the_published_example_of_wildboottest(at, t_ratio, p_value):
    """README of the package wildboottest (Fischer and others), 25 clusters, 9,999 draws of the restricted bootstrap."""
    rng = np.random.RandomState(12312312)
    design = rng.normal(0, 1, 10_000).reshape(1_000, 10)
    beta = rng.normal(0, 1, 10)
    beta[0] = 0.005
    outcome = 1 + design @ beta + rng.normal(0, 1, 1_000)
    cluster = rng.choice(list(range(25)), 1_000)
    found = wild_bootstrap(design, outcome, cluster, at=at, weights="rademacher")
    error = math.sqrt(found.observed_spread[0] * 25 / 24 * 999 / 990)
    assert found.estimate / error == pytest.approx(t_ratio, rel=1e-9)
    assert found.p_value(0.0) == pytest.approx(p_value, abs=4 * math.sqrt(2 * p_value * (1 - p_value) / 9_999))
