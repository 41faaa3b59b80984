"""Standings within groups, against counting one pair at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from coroi.inference.ranks import at_top, rivals_mean, standings

NAN = float("nan")


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 12, 300).astype(float)
    values[rng.random(300) < 0.1] = NAN
    return values, rng.integers(-1, 40, 300)


@pytest.mark.parametrize("seed", range(5))
def test_standings_equal_a_count_of_pairs(seed):
    values, group = drawn(seed)
    found = standings(values, group)
    for i, (value, own) in enumerate(zip(values, group, strict=True)):
        others = [v for j, (v, g) in enumerate(zip(values, group, strict=True)) if j != i and g == own and v == v]
        if math.isnan(value) or own < 0:
            assert np.isnan([found.rivals[i], found.outdone[i], found.first[i], found.share[i]]).all()
            continue
        below = sum(v < value for v in others) + sum(v == value for v in others) / 2
        assert (found.rivals[i], found.outdone[i]) == (len(others), below)
        assert found.first[i] == all(v <= value for v in others)
        assert found.share[i] == (pytest.approx(below / len(others)) if others else pytest.approx(NAN, nan_ok=True))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.34, 1.0])
def test_the_top_equals_a_sorted_list(share):
    values, group = drawn(9)
    found = at_top(values, group, share)
    for code in range(40):
        inside = np.flatnonzero((group == code) & ~np.isnan(values))
        if not len(inside):
            continue
        ranked = sorted(values[inside], reverse=True)
        last = ranked[max(1, math.ceil(share * len(ranked) - 1e-9)) - 1]
        assert found[inside].tolist() == [float(v >= last) for v in values[inside]]
    assert np.isnan(found[np.isnan(values) | (group < 0)]).all()


def test_a_tenth_of_thirty_is_three_whatever_the_rounding_of_floats():
    assert at_top(np.arange(30.0), np.zeros(30, dtype=int), 0.1).sum() == 3
    assert at_top(np.arange(70.0), np.zeros(70, dtype=int), 0.1).sum() == 7


def test_the_mean_of_rivals_leaves_the_own_value_out():
    values, group = drawn(3)
    found = rivals_mean(values, group)
    for i, (value, own) in enumerate(zip(values, group, strict=True)):
        others = [v for j, v in enumerate(values) if j != i and group[j] == own and v == v]
        if math.isnan(value) or own < 0 or not others:
            assert math.isnan(found[i])
        else:
            assert found[i] == pytest.approx(sum(others) / len(others))
