"""Lots drawn again: Fisher's and Darwin's published numbers, a slow twin, the interval, and how often it is wrong."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from coroi.inference.randomisation import draw_lots_again, lots_of, n_ways

DARWIN = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48])  # eighths of an inch


def test_darwins_maize_has_the_p_value_that_fisher_counted():
    """Fisher (1935), section 21: 1,726 of 32,768 ways, 5.267 %, are as far from zero as Darwin's fifteen pairs."""
    total = np.concatenate([DARWIN, np.zeros(15)])
    treated, pair = np.repeat([True, False], 15), np.tile(np.arange(15), 2)
    found = draw_lots_again(total, np.ones(30), treated, pair, draws=2**15)
    assert found.exact
    assert found.p_value(0.0) == pytest.approx(1726 / 32768, abs=1e-12)
    assert found.estimate == pytest.approx(DARWIN.sum() / 15)


def test_the_lady_who_tastes_tea_names_all_eight_cups_by_chance_in_one_of_seventy():
    """Fisher (1935), section 6: eight cups, four of them milk first; both ways of getting all alike count here."""
    said = np.array([1.0, 1, 1, 1, 0, 0, 0, 0])
    found = draw_lots_again(said, np.ones(8), said == 1)
    assert found.exact
    assert found.p_value(0.0) == pytest.approx(2 / 70)


def units(seed: int, n: int = 7, strata: int = 1) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    stratum = np.arange(n) % strata
    treated = np.zeros(n, dtype=bool)
    for code in range(strata):
        at = np.flatnonzero(stratum == code)
        treated[rng.permutation(at)[: len(at) // 2]] = True
    size = rng.integers(5, 20, size=n).astype(float)
    return size * (2 + rng.normal(size=n) + treated), size, treated, stratum


def slowly(total, size, treated, stratum, effect: float) -> float:
    """Subtract the effect, try every order of the lots that keeps the strata, and compute t by its definition."""

    def t_of(values: np.ndarray, on: np.ndarray) -> float:
        gap = spread = 0.0
        for code in set(stratum):
            weight = size[stratum == code].sum() / size.sum()
            for sign, side in ((1, on), (-1, ~on)):
                at = side & (stratum == code)
                mean = values[at].sum() / size[at].sum()
                left = values[at] - size[at] * mean
                gap += sign * weight * mean
                spread += weight**2 * (left**2).sum() / size[at].sum() ** 2 * at.sum() / (at.sum() - 1)
        return abs(gap) / math.sqrt(spread)

    values = total - effect * size * treated
    observed = t_of(values, treated)
    lots = set(permutations(treated.tolist()))
    kept = [np.array(lot) for lot in lots
            if all(sum(np.array(lot)[stratum == c]) == treated[stratum == c].sum() for c in set(stratum))]  # fmt: skip
    return float(np.mean([t_of(values, lot) >= observed * (1 - 1e-9) for lot in kept]))


@pytest.mark.parametrize(("n", "strata"), [(7, 1), (8, 2)])
@pytest.mark.parametrize("effect", [0.0, 1.5, -4.0])
def test_it_equals_every_lot_tried_one_by_one(n, strata, effect):
    rows = units(n, n, strata)
    found = draw_lots_again(*rows)
    assert found.exact
    assert len(found.level) == n_ways(rows[2], rows[3])
    assert found.p_value(effect) == pytest.approx(slowly(*rows, effect), abs=1e-12)


def test_the_interval_holds_what_is_not_rejected():
    for seed in range(6):
        found = draw_lots_again(*units(seed, 16, 2), draws=999)
        assert not found.exact
        low, high = found.limits(0.95)
        assert low < found.estimate < high
        assert min(found.p_value(low), found.p_value(high)) > 0.05
        width = high - low
        assert max(found.p_value(low - 1e-6 * width), found.p_value(high + 1e-6 * width)) <= 0.05


def test_too_few_lots_bound_nothing_and_do_not_pretend_to():
    found = draw_lots_again(*units(2, 6))
    assert n_ways(*units(2, 6)[2:]) == 20
    assert found.limits(0.95) == (-math.inf, math.inf)
    assert all(math.isfinite(end) for end in found.limits(0.85))


def test_units_and_shifts_change_the_interval_as_they_should():
    total, size, treated, stratum = units(4, 10)
    low, high = draw_lots_again(total, size, treated, stratum).limits(0.95)
    shifted = draw_lots_again(3 * total + 5 * size, size, treated, stratum).limits(0.95)
    assert shifted == pytest.approx((3 * low, 3 * high), rel=1e-6)
    moved = draw_lots_again(total + 2 * size * treated, size, treated, stratum).limits(0.95)
    assert moved == pytest.approx((low + 2, high + 2), rel=1e-6)


def test_lots_keep_their_strata_whether_listed_or_drawn():
    _, _, treated, stratum = units(1, 12, 3)
    for draws in (100, 1_000):
        lots, exact = lots_of(treated, stratum, draws=draws, seed=1)
        assert exact == (draws >= 6**3)
        assert len(lots) == (6**3 if exact else draws)
        for code in range(3):
            assert (lots[:, stratum == code].sum(axis=1) == treated[stratum == code].sum()).all()
    assert len(np.unique(lots, axis=0)) == 6**3


def test_no_more_than_one_in_twenty_lots_of_a_trial_without_effect_is_called_one():
    total, size, treated, stratum = units(3, 10)
    quiet = total - size * treated
    lots, exact = lots_of(treated, stratum, draws=1_000, seed=0)
    assert exact
    alarms = np.mean([draw_lots_again(quiet, size, lot).p_value(0.0) <= 0.05 for lot in lots])
    assert 0 < alarms <= 0.05 + 1e-12
