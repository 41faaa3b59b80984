"""Bounds on what differing trends can do to an effect, against slow twins that take no short way."""

from __future__ import annotations

import time
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from coroi.errors import DataError
from coroi.inference import relative_magnitudes as relative
from coroi.inference.event_path import EventPath, around, path_of
from coroi.inference.relative_magnitudes import breakdown_bound, relative_set
from coroi.inference.smoothness import _lasso_path, fixed_length, folded_quantile
from coroi.inference.trend_bounds import check_trend_bounds
from coroi.results import Result

MEDICAID = np.array([0.00033968, -0.00141931, -0.00267598, -0.01129732, -0.00528534, 0.04644686, 0.06920618])
MEDICAID_COVARIANCE = 1e-5 * np.array(
    [
        [5.462665, 2.412861, 2.778194, 4.543321, 4.328014, 3.682535, 0.972298],
        [2.412861, 4.003222, 2.673678, 2.866576, 3.385766, 2.380869, 0.292390],
        [2.778194, 2.673678, 5.052051, 3.789328, 4.444619, 3.060645, 0.963755],
        [4.543321, 2.866576, 3.789328, 7.266499, 6.039876, 4.428853, 2.824656],
        [4.328014, 3.385766, 4.444619, 6.039876, 7.488485, 4.765882, 2.425130],
        [3.682535, 2.380869, 3.060645, 4.428853, 4.765882, 8.375674, 6.321403],
        [0.972298, 0.292390, 0.963755, 2.824656, 2.425130, 6.321403, 10.712358],
    ]
)


def medicaid() -> EventPath:
    """Effects of the expansion of Medicaid on insurance, the nearest year before 2013 first."""
    return EventPath(before=MEDICAID[:5], after=MEDICAID[5:], covariance=MEDICAID_COVARIANCE)


def random_path(seed: int, k: int = 3, n: int = 3) -> EventPath:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(k + n, k + n + 4))
    estimates = rng.normal(size=k + n) * 2
    return EventPath(before=estimates[:k], after=estimates[k:], covariance=root @ root.T / 10)


# --- the twin of the bounds by relative magnitudes: every inequality and every corner of its dual, by brute force ---


def inequalities(path: EventPath, bound: float, s: int, sign: float) -> np.ndarray:
    """Rows of A in A·delta <= 0, columns in the order of the path; only those that speak of periods after the base."""
    k, n = len(path.before), len(path.after)
    order = {-(i + 1): i for i in range(k)} | {t: k + t - 1 for t in range(1, n + 1)}

    def change(t: int) -> np.ndarray:
        row = np.zeros(k + n)
        for at, weight in ((t, 1.0), (t - 1, -1.0)):
            if at != 0:
                row[order[at]] += weight
        return row

    largest = sign * change(s)
    return np.array([way * change(t) - bound * largest for t in range(1, n + 1) for way in (1.0, -1.0)])


def twin_rejects(path, weights, bound, s, sign, theta, critical, alpha=0.05):
    k, n = len(path.before), len(path.after)
    rows = inequalities(path, bound, s, sign)
    estimates = np.concatenate([path.before, path.after])
    # effects of single periods = (effect asked for, n - 1 free ones)
    basis = np.linalg.inv(np.vstack([weights, np.eye(n)[[i for i in range(n) if i != int(np.argmax(weights != 0))]]]))
    turned = rows[:, k:] @ basis
    y = rows @ estimates - turned[:, 0] * theta
    covariance = rows @ path.covariance @ rows.T
    error = np.sqrt(np.diag(covariance))
    design = np.column_stack([error, turned[:, 1:]])
    solved = optimize.linprog(np.eye(n)[0], A_ub=-design, b_ub=-y, bounds=[(None, None)] * n)
    corners = []
    for chosen in combinations(range(len(rows)), n):
        try:
            found = np.linalg.solve(design[list(chosen)].T, np.eye(n)[0])
        except np.linalg.LinAlgError:
            continue
        if (found >= -1e-10).all():
            corner = np.zeros(len(rows))
            corner[list(chosen)] = found
            corners.append(corner)
    corners = np.array(corners)
    values = corners @ y
    best = corners[values.argmax()]
    eta = values.max()
    assert eta == pytest.approx(solved.fun, abs=1e-8)
    sd = np.sqrt(best @ covariance @ best)
    rest = y - covariance @ best * (best @ y) / sd**2
    low, high = -np.inf, critical
    for corner in corners:
        share = corner @ covariance @ best / sd**2
        if share < 1 - 1e-9:
            low = max(low, corner @ rest / (1 - share))
        elif share > 1 + 1e-9:
            high = min(high, corner @ rest / (1 - share))
    if eta > critical:
        return eta, True
    mass = stats.norm.cdf(high / sd) - stats.norm.cdf(low / sd)
    chance = (stats.norm.cdf(high / sd) - stats.norm.cdf(eta / sd)) / mass
    return eta, bool(eta > 0 and chance < (alpha - alpha / 10) / (1 - alpha / 10))


@pytest.mark.parametrize("weights", [(1.0, 0.0, 0.0), (1 / 3, 1 / 3, 1 / 3), (0.0, 0.0, 1.0), (-1.0, 0.5, 1.0)])
def test_each_yardstick_tests_as_the_brute_twin_does(weights):
    weights = np.array(weights)
    for seed in (1, 2):
        path = random_path(seed)
        corners = relative._all_corners(path, weights, 0.8, 0.05)
        yardsticks = [(-i, sign) for i in range(len(path.before)) for sign in (1.0, -1.0)]
        middle, error = weights @ path.after, path.error(weights)
        for own, (s, sign) in zip(corners, yardsticks, strict=True):
            for theta in middle + error * np.array([-9.0, -4.0, -2.2, -1.0, 0.3, 1.8, 2.6, 5.0, 12.0]):
                eta, rejected = twin_rejects(path, weights, 0.8, s, sign, theta, own.critical)
                assert (own.value + own.slope * theta).max() == pytest.approx(eta, abs=1e-8)
                assert relative._rejects(own, np.array([theta]), 0.05)[0] == rejected


def test_the_least_favourable_value_is_that_of_many_draws():
    rng = np.random.default_rng(3)
    loads = rng.normal(size=(6, 2))
    largest = (rng.normal(size=(2_000_000, 2)) @ loads.T).max(axis=1)
    assert relative._least_favourable(loads @ loads.T, 0.01) == pytest.approx(np.quantile(largest, 0.99), rel=0.003)
    one = np.diag([4.0, 0.0])
    assert relative._least_favourable(one, 0.05) == pytest.approx(2 * stats.norm.ppf(0.95), abs=1e-3)


def test_without_differing_trends_the_set_is_the_ordinary_interval():
    path = random_path(4)
    weights = path.average()
    found = relative_set(path, weights, 0.0)
    half = stats.norm.ppf(0.975) * path.error(weights)
    assert (found.low, found.high) == pytest.approx(
        (weights @ path.after - half, weights @ path.after + half), abs=1e-5
    )


def test_sets_grow_with_the_bound_and_shrink_with_the_level():
    path = medicaid()
    weights = path.average((0,))
    sets = [relative_set(path, weights, bound) for bound in (0, 0.5, 1, 2, 4)]
    assert all(a.low > b.low and a.high < b.high for a, b in pairwise(sets))
    assert relative_set(path, weights, 1, level=0.8).low > sets[2].low


@pytest.mark.parametrize("bound", [0.3, 1.0, 3.0])
def test_ends_are_where_acceptance_ends_on_a_far_wider_and_finer_grid(bound):
    for seed in range(8):
        path = random_path(20 + seed, k=2 + seed % 2)
        weights = path.average() if seed % 2 else path.average((2,))
        found = relative_set(path, weights, bound)
        error = path.error(weights)
        tried = np.linspace(found.low - 60 * error, found.high + 60 * error, 20_001)
        kept = tried[relative._accepted(relative._all_corners(path, weights, bound, 0.05), tried, 0.05)]
        step = tried[1] - tried[0]
        assert kept[0] - step <= found.low <= kept[0]
        assert kept[-1] <= found.high <= kept[-1] + step


def test_sets_cover_where_trends_differ_by_all_that_is_allowed():
    rng = np.random.default_rng(5)
    covariance = 0.04 * (np.eye(5) + 0.5)
    truth = np.array([-1.0, -1.2, 1.0, 2.0, 3.0])  # largest change before: 1, and 1 in each period after; no effect
    weights, inside = np.ones(3) / 3, 0
    for _ in range(400):
        drawn = rng.multivariate_normal(truth, covariance)
        path = EventPath(before=drawn[:2], after=drawn[2:], covariance=covariance)
        corners = relative._all_corners(path, weights, 1.0, 0.05)
        inside += relative._accepted(corners, np.array([0.0]), 0.05)[0]
    assert stats.binomtest(int(inside), 400, 0.95).pvalue > 0.001


def test_medicaids_published_sets_by_relative_magnitudes():
    """README of R's HonestDiD: ends on a grid whose step is 0.0004, with a simulated critical value."""
    path = medicaid()
    for bound, low, high in ((0.5, 0.0241, 0.0673), (1, 0.0171, 0.0720), (1.5, 0.00859, 0.0796), (2, -0.00107, 0.0883)):
        found = relative_set(path, np.array([1.0, 0.0]), bound)
        assert (found.low, found.high) == pytest.approx((low, high), abs=0.0006)
    assert 1.5 < breakdown_bound(path, np.array([1.0, 0.0])) < 2


def test_medicaids_published_intervals_by_smoothness():
    path = medicaid()
    for bend, low, high in (
        (0, 0.0259, 0.0607),
        (0.01, 0.0132, 0.0787),
        (0.02, 0.00286, 0.0907),
        (0.05, -0.0271, 0.121),
    ):
        found = fixed_length(path, np.array([1.0, 0.0]), bend)
        assert found.low == pytest.approx(low, abs=0.0001)
        assert found.high == pytest.approx(high, abs=0.0005)


def test_the_breakdown_is_where_the_set_reaches_the_effect():
    path = medicaid()
    weights = path.average((0,))
    bound = breakdown_bound(path, weights)
    assert relative_set(path, weights, bound).low > 0
    assert relative_set(path, weights, bound + 0.003).low <= 0
    assert np.isnan(breakdown_bound(path, weights, effect=0.046))
    far = EventPath(before=np.full(2, 1e-4), after=np.array([5.0]), covariance=1e-6 * np.eye(3))
    assert np.isinf(breakdown_bound(far, np.ones(1)))


# --- the twin of the intervals by smoothness: bias by a linear programme, weights by a search that knows no lasso ---


def worst_bias(path: EventPath, whole: np.ndarray, bend: float) -> float:
    k, n = len(path.before), len(path.after)
    size = k + n + 1  # differences from k before to n after, the base among them
    line = np.concatenate([whole[:k][::-1], [0.0], whole[k:]])
    curve = np.array([np.eye(size)[i] - 2 * np.eye(size)[i + 1] + np.eye(size)[i + 2] for i in range(size - 2)])
    bounds = [(None, None)] * k + [(0, 0)] + [(None, None)] * n
    found = optimize.linprog(
        -line, A_ub=np.vstack([curve, -curve]), b_ub=np.full(2 * len(curve), bend), bounds=bounds, method="highs"
    )
    return np.inf if found.status == 3 else -found.fun


@pytest.mark.parametrize("bend", [0.05, 0.4])
def test_the_interval_is_the_shortest_that_a_slow_search_finds(bend):
    path = random_path(6, k=3, n=2)
    weights = np.array([0.5, 0.5])
    found = fixed_length(path, weights, bend)
    whole = np.concatenate([found.before, weights])
    assert found.bias == pytest.approx(worst_bias(path, whole, bend), rel=1e-6)
    assert found.std_error == pytest.approx(np.sqrt(whole @ path.covariance @ whole))

    def length(two: np.ndarray) -> float:
        first = weights @ [1, 2] - two @ [2, 3]
        tried = np.concatenate([[first], two, weights])
        error = np.sqrt(tried @ path.covariance @ tried)
        return 2 * error * np.sqrt(stats.ncx2.ppf(0.95, 1, (worst_bias(path, tried, bend) / error) ** 2))

    options = {"xatol": 1e-5, "fatol": 1e-7, "maxfev": 300}
    best = optimize.minimize(length, np.zeros(2), method="Nelder-Mead", options=options).fun
    assert found.high - found.low <= best + 1e-6
    assert found.high - found.low == pytest.approx(best, rel=2e-3)


def test_without_bends_a_line_is_taken_out_as_generalised_least_squares_would():
    path = random_path(7)
    weights = path.average((0,))
    distance = np.concatenate([-np.arange(1.0, 4), np.arange(1.0, 4)])
    # an effect after the base, a line through all: the effect in the first period, estimated by all estimates
    design = np.column_stack([distance, np.vstack([np.zeros((3, 3)), np.eye(3)])])
    precise = np.linalg.inv(path.covariance)
    covariance = np.linalg.inv(design.T @ precise @ design)
    estimate = covariance @ design.T @ precise @ np.concatenate([path.before, path.after])
    found = fixed_length(path, weights, 0.0)
    assert (found.estimate, found.std_error) == pytest.approx((estimate[1], np.sqrt(covariance[1, 1])))


def test_corners_of_the_lasso_meet_its_conditions():
    rng = np.random.default_rng(8)
    root = rng.normal(size=(6, 8))
    square, cross = root @ root.T, rng.normal(size=6) * 3
    corners = _lasso_path(square, cross)
    assert corners[-1] == pytest.approx(-np.linalg.solve(square, cross))
    for x in (corners[1:] + corners[:-1]) / 2:
        slope = square @ x + cross
        penalty = np.abs(slope).max()
        assert slope[x != 0] == pytest.approx(-penalty * np.sign(x[x != 0]))


def test_the_folded_quantile_is_that_of_a_noncentral_chi_square():
    for shift in (0.0, 0.3, 2.0, 6.0):
        assert folded_quantile(shift, 0.95) == pytest.approx(np.sqrt(stats.ncx2.ppf(0.95, 1, shift**2)), rel=1e-8)
    assert folded_quantile(1e4, 0.95) == pytest.approx(1e4 + stats.norm.ppf(0.95))


# --- the check ---


def test_the_check_passes_where_the_verdict_survives_and_fails_where_not():
    path = medicaid()
    held = check_trend_bounds(path, path.average((0,)))
    assert held.passed is True
    assert held.sentence == (
        "With trends as parallel as can be, the effect is 0.0285 to 0.0644 (above zero). If their difference may "
        "change after the start by as much as the most it changed before, it is 0.0168 to 0.0723 (above zero). It "
        "stays clear of zero as long as that change is at most 1.9 times the most seen before."
    )
    steep = EventPath(before=path.before - 0.03 * np.arange(1, 6), after=path.after, covariance=path.covariance)
    lost = check_trend_bounds(steep, steep.average((0,)))
    assert lost.passed is False
    assert "on either side of zero" in lost.sentence
    strict = check_trend_bounds(path, path.average((0,)), judged=lambda low, high: "yes" if low > 0.02 else "no")
    assert strict.passed is False


def test_an_effect_that_parallel_trends_do_not_show_has_no_breakdown():
    path = medicaid()
    nothing = EventPath(before=path.before, after=0.1 * path.after, covariance=path.covariance)
    check = check_trend_bounds(nothing)
    assert "Its interval holds zero even if trends are parallel." in check.sentence
    assert check.passed is True  # the verdict, that one cannot tell, is the same
    assert "The verdict that has to survive" not in check.sentence


def test_a_verdict_that_the_path_does_not_show_even_with_parallel_trends_does_not_survive():
    path = medicaid()
    nothing = EventPath(before=path.before, after=0.1 * path.after, covariance=path.covariance)
    check = check_trend_bounds(nothing, verdict="above zero")
    assert check.passed is False
    assert "The verdict that has to survive is that of the answer: above zero." in check.sentence
    assert check_trend_bounds(path, path.average((0,)), verdict="above zero").passed is True


def test_with_few_clusters_a_bound_of_zero_gives_the_interval_by_t():
    path = medicaid()
    row = check_trend_bounds(path, path.average((0,)), df=7).table.iloc[0]
    half = stats.t.ppf(0.975, 7) * path.error(path.average((0,)))
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((MEDICAID[5] - half, MEDICAID[5] + half), abs=1e-6)


def test_bends_are_not_bounded_with_few_clusters_an_estimate():
    assert "smooth" in set(check_trend_bounds(medicaid(), df=20).table["assumption"])
    assert "smooth" not in set(check_trend_bounds(medicaid(), df=19).table["assumption"])


def test_a_long_path_is_bounded_within_seconds():
    rng = np.random.default_rng(9)
    covariance = np.cov(rng.normal(size=(48, 200)).cumsum(axis=0)) / 200
    path = EventPath(before=0.1 * rng.normal(size=24), after=0.5 + 0.1 * rng.normal(size=24), covariance=covariance)
    start = time.perf_counter()
    assert len(check_trend_bounds(path).table) == 8
    assert time.perf_counter() - start < 10


def test_a_singular_covariance_bears_no_smooth_bound_but_relative_ones():
    rng = np.random.default_rng(10)
    moved = rng.normal(size=(6, 8)) / 6  # six clusters, eight estimates
    path = EventPath(before=0.1 * np.ones(4), after=np.ones(4), covariance=moved.T @ moved)
    with pytest.raises(DataError, match="singular"):
        fixed_length(path, path.average(), 0.1)
    table = check_trend_bounds(path).table
    assert set(table["assumption"]) == {"relative"}
    assert np.isfinite(table[["conf_low", "conf_high"]].to_numpy()).all()


def test_an_effect_without_an_error_is_refused():
    path = EventPath(before=np.ones(1), after=np.ones(1), covariance=np.diag([1.0, 0.0]))
    with pytest.raises(DataError, match="does not vary"):
        relative_set(path, np.ones(1), 1.0)


# --- reading a path ---


def test_a_path_is_read_off_a_result_and_stops_at_gaps():
    times = [-5, -3, -2, -1, 0, 1, 3]
    rows = pd.DataFrame(
        {
            "term": "event_time",
            "event_time": [float(t) for t in times],
            "estimate": [float(t) for t in times],
            "std_error": 1.0,
            "conf_low": -9.0,
            "conf_high": 9.0,
            "identified": True,
            "reason": "",
        }
    )
    overall = rows.iloc[[0]].assign(term="overall", event_time=np.nan)
    names = [f"event_time: {t}" for t in times]
    vcov = pd.DataFrame(np.diag(np.arange(1.0, 8)), index=names, columns=names)
    result = Result(
        method="x",
        estimand="x",
        spec={},
        estimates=pd.concat([overall, rows]),
        vcov=vcov,
        n_obs=1,
        n_entities=1,
    )
    path = path_of(result)
    assert path.before.tolist() == [-2, -3]
    assert path.after.tolist() == [0, 1]
    assert np.diag(path.covariance).tolist() == [3, 2, 5, 6]
    assert path.average().tolist() == [0.5, 0.5]
    with pytest.raises(DataError, match="no row of 'effect'"):
        path_of(result, term="effect")


def test_a_path_without_a_neighbour_of_its_base_is_refused():
    with pytest.raises(DataError, match="right before event time -1"):
        around(np.array([-3, 0, 1]), np.ones(3), np.eye(3))
    with pytest.raises(DataError, match="stands twice"):
        around(np.array([-2, 0, 0]), np.ones(3), np.eye(3))
    with pytest.raises(DataError, match="not a number"):
        EventPath(before=np.ones(1), after=np.ones(1), covariance=np.full((2, 2), np.nan))
