"""Fieller's sets: against the quadratic by brute force, their kinds and words, and coverage near a zero denominator."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from coroi.inference.ratios import RatioSet, delta, fieller, ratio_row, set_of

Z = stats.norm.ppf(0.975)


def accepted(r: float, a: float, b: float, covariance: np.ndarray, quantile: float) -> bool:
    """Test one ratio, as the definition says."""
    error = math.sqrt(np.array([1, -r]) @ covariance @ np.array([1, -r]))
    return abs(a - r * b) <= quantile * error


def ends_by_companion_matrix(a: float, b: float, covariance: np.ndarray, quantile: float) -> list[float]:
    square = quantile**2
    coefficients = [
        b**2 - square * covariance[1, 1],
        -2 * (a * b - square * covariance[0, 1]),
        a**2 - square * covariance[0, 0],
    ]
    return sorted(float(root.real) for root in np.roots(coefficients) if root.imag == 0)


def problems(n: int):
    rng = np.random.default_rng(1)
    for _ in range(n):
        half = rng.normal(size=(2, 2))
        yield rng.normal(scale=2), rng.normal(scale=1.5), half @ half.T


def test_the_set_holds_what_the_test_accepts_and_its_ends_are_the_roots():
    kinds = set()
    angles = np.linspace(-np.pi / 2, np.pi / 2, 201)[1:-1]
    for a, b, covariance in problems(400):
        found = fieller(a, b, covariance, Z)
        kinds.add(found.kind)
        roots = ends_by_companion_matrix(a, b, covariance, Z)
        ends = sorted(e for e in (found.low, found.high, found.gap_low, found.gap_high) if math.isfinite(e))
        assert ends == pytest.approx(roots, rel=1e-7, abs=1e-12)
        for r in np.tan(angles):
            if all(abs(r - root) > 1e-7 * (1 + abs(root)) for root in roots):
                assert found.holds(r) == accepted(r, a, b, covariance, Z)
        if b:
            assert found.holds(a / b)
    assert kinds == {"interval", "complement", "line"}


def test_the_set_is_unbounded_exactly_where_the_denominator_may_be_zero():
    for a, b, covariance in problems(400):
        far = abs(b) > Z * math.sqrt(covariance[1, 1])
        assert fieller(a, b, covariance, Z).bounded == far


def test_a_denominator_at_the_edge_leaves_a_half_line():
    found = fieller(3.0, 2.0, np.eye(2), 2.0)
    assert found == RatioSet(kind="half-line", low=5 / 12, high=math.inf)
    assert fieller(-3.0, 2.0, np.eye(2), 2.0).words() == "unbounded: −0.417 or less"
    assert fieller(0.0, 2.0, np.eye(2), 2.0).kind == "line"


def test_a_certain_denominator_gives_the_ordinary_interval():
    found = fieller(3.0, 2.0, np.diag([0.25, 0.0]), Z)
    assert (found.low, found.high) == pytest.approx((1.5 - Z / 4, 1.5 + Z / 4))
    assert delta(3.0, 2.0, np.diag([0.25, 0.0])) == pytest.approx((1.5, 0.25))


def test_zero_over_something_holds_zero():
    assert fieller(0.0, 2.0, np.diag([0.0, 0.04]), Z) == RatioSet(kind="interval", low=0.0, high=0.0)


def test_the_sets_are_said_in_words():
    assert fieller(1.0, 2.0, 0.01 * np.eye(2), Z).words() == "0.395 to 0.615"
    assert fieller(3.0, 0.5, np.eye(2), Z).words() == "unbounded: −1.69 or less, and 0.852 or more"
    assert fieller(0.1, 0.1, np.eye(2), Z).words() == "unbounded: no number is ruled out"


def test_a_row_carries_its_set():
    for numbers in ((1.0, 2.0, 0.01 * np.eye(2)), (3.0, 0.5, np.eye(2)), (0.1, 0.1, np.eye(2))):
        row = ratio_row(*numbers, Z)
        want = fieller(*numbers, Z)
        assert set_of(row).words() == want.words()
        assert row["identified"]
    assert ratio_row(3.0, 0.5, np.eye(2), Z)["conf_high"] == math.inf
    nothing = ratio_row(1.0, 0.0, np.eye(2), Z)
    assert not nothing["identified"]
    assert nothing["set"] == ""


@pytest.mark.parametrize(("denominator", "delta_at_most"), [(0.0, 0.65), (0.5, 0.75), (4.0, 0.94)])
def test_the_set_covers_however_near_the_denominator_is_to_zero_and_the_delta_method_does_not(
    denominator, delta_at_most
):
    """Of 20,000 draws with errors of 1 and correlation −0.8; at denominator 0 any ratio would do."""
    rng, n = np.random.default_rng(7), 20_000
    covariance = np.array([[1.0, -0.8], [-0.8, 1.0]])
    truth = 1.0
    draws = rng.multivariate_normal([truth * denominator, denominator], covariance, size=n)
    held = by_delta = 0
    for a, b in draws:
        held += fieller(a, b, covariance, Z).holds(truth)
        ratio, error = delta(a, b, covariance)
        by_delta += abs(ratio - truth) <= Z * error
    assert held / n == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / n))
    assert by_delta / n < delta_at_most
