"""Missing outcomes: Lee's bounds by sorting, their errors by resampling, and the check by arm."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coroi.inference.attrition import Bounds, attrition_check, lee_bounds

LABELS = ("control", "treatment")


def drawn(seed: int, n: int = 400, *, more: float = 0.15, ties: bool = False) -> tuple[np.ndarray, ...]:
    """Draw outcomes, of which treated customers show more."""
    rng = np.random.default_rng(seed)
    treated = rng.permutation(np.arange(n) % 2 == 0)
    outcome = rng.normal(size=n) + 0.3 * treated
    if ties:
        outcome = np.round(outcome)
    return outcome, rng.random(n) < 0.7 + more * treated, treated


def by_sorting(outcome: np.ndarray, seen: np.ndarray, treated: np.ndarray) -> tuple[float, float]:
    """Cut the excess share off either end of the arm with more outcomes, a part of a customer where need be."""
    rate = {side: seen[treated == side].mean() for side in (True, False)}
    more = rate[True] >= rate[False]
    own = sorted(outcome[seen & (treated == more)].tolist())
    keep = rate[not more] / rate[more] * len(own)

    def mean_of_first(values: list[float]) -> float:
        whole, part = int(keep), keep - int(keep)
        last = values[whole] * part if part > 1e-12 else 0.0
        return (sum(values[:whole]) + last) / keep

    other = outcome[seen & (treated != more)].mean()
    ends = [mean_of_first(own) - other, mean_of_first(own[::-1]) - other]
    return tuple(sorted(ends if more else [-e for e in ends]))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("more", [0.15, -0.2])
def test_bounds_are_those_of_sorted_outcomes(more, ties):
    for seed in range(5):
        rows = drawn(seed, more=more, ties=ties)
        found = lee_bounds(*rows, np.arange(400))
        assert tuple(found.ends) == pytest.approx(by_sorting(*rows), abs=1e-12)
        assert 0 < found.trimmed < 1


def test_errors_are_those_of_drawing_customers_again():
    rng = np.random.default_rng(7)
    outcome, seen, treated = drawn(3, 600)
    ends = []
    for _ in range(600):
        at = rng.integers(600, size=600)
        ends.append(by_sorting(outcome[at], seen[at], treated[at]))
    found = lee_bounds(outcome, seen, treated, np.arange(600))
    np.testing.assert_allclose(found.errors, np.std(ends, axis=0), rtol=0.12)


def test_with_all_seen_both_ends_are_the_difference():
    outcome, _, treated = drawn(4)
    found = lee_bounds(outcome, np.ones(400, dtype=bool), treated, np.arange(400))
    gap = outcome[treated].mean() - outcome[~treated].mean()
    np.testing.assert_allclose(found.ends, [gap, gap])
    assert found.trimmed == 0
    low, high = found.interval(0.95)
    assert high - gap == pytest.approx(stats.norm.ppf(0.975) * found.errors[1], rel=1e-6)
    assert gap - low == pytest.approx(stats.norm.ppf(0.975) * found.errors[0], rel=1e-6)


def test_far_ends_need_the_one_sided_quantile_only():
    moved = np.zeros((100, 2))
    moved[:2] = [[0.01, 0.02], [-0.01, -0.02]]
    wide = Bounds(ends=np.array([0.0, 50.0]), influence=moved, trimmed=0.5)
    low, _ = wide.interval(0.95)
    assert low == pytest.approx(-stats.norm.ppf(0.95) * wide.errors[0], rel=1e-6)


def test_the_interval_holds_the_effect_of_who_is_always_seen():
    """Who answers only if treated is worse off; the effect on the others is 0.3."""
    rng = np.random.default_rng(8)
    inside = plain = 0
    for _ in range(400):
        kind = rng.random(500)
        treated = rng.permutation(np.arange(500) % 2 == 0)
        seen = (kind < 0.6) | ((kind < 0.8) & treated)
        outcome = rng.normal(size=500) + 0.3 * treated - 1.5 * (kind > 0.6)
        low, high = lee_bounds(outcome, seen, treated, np.arange(500)).interval(0.95)
        inside += low <= 0.3 <= high
        theirs = stats.ttest_ind(outcome[seen & treated], outcome[seen & ~treated], equal_var=False)
        plain += theirs.confidence_interval()[0] <= 0.3 <= theirs.confidence_interval()[1]
    assert inside / 400 >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 400)
    assert plain / 400 < 0.5


def test_the_check_compares_shares_by_unit():
    _, seen, treated = drawn(5, more=0.2)
    found = attrition_check(seen, treated.astype(int), np.arange(400), LABELS)
    one, other = seen[treated], seen[~treated]
    square = 400 / 399 * (one.var() / 200 + other.var() / 200)
    want = stats.f.sf((one.mean() - other.mean()) ** 2 / square, 1, 398)
    assert found.passed is bool(want >= 0.05)
    assert want < 0.0001
    assert "p = below 0.0001 if arms lose alike" in found.sentence
    assert found.table["with outcome"].tolist() == [other.sum(), one.sum()]
    whole = attrition_check(np.ones(400, dtype=bool), treated.astype(int), np.arange(400), LABELS)
    assert (whole.passed, whole.sentence) == (True, "Every customer's outcome is known.")
    lone = attrition_check(np.array([True, False, True]), np.array([0, 0, 1]), np.array([0, 0, 1]), LABELS)
    assert lone.passed is None
