"""The lab's roll-outs: every figure is found, its truth is the design's own, and failures are shown as failures."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.lab.experiments.roll_outs import (
    DESIGNS,
    HORIZON,
    LEADS,
    LEAVERS,
    OPENING,
    PERIODS,
    RISE,
    ROLL_OUTS,
    SIZES,
    STARTS,
    draw,
    truth_of,
)


@pytest.fixture(scope="module")
def found():
    return ROLL_OUTS.own_fit(np.random.default_rng(1))


def test_every_estimand_is_found_or_refused_with_a_reason(found):
    names = [each.name for each in ROLL_OUTS.estimands]
    assert len(names) == len(set(names))
    assert set(found) == set(names)
    for name, each in found.items():
        assert each.refused or each.low <= each.estimate <= each.high, name
        assert not each.refused or np.isnan(each.estimate), name


def test_truths_do_not_change_from_draw_to_draw():
    """Dates are dealt to units by lot, and how many get each is fixed."""
    for design in DESIGNS:
        for n in SIZES:
            drawn = [draw(np.random.default_rng(seed), design, n) for seed in (1, 2)]
            one, other = (truth_of(*each) for each in drawn)
            assert one == pytest.approx(other, abs=1e-12)
            told = sum((drawn[0][0]["first_treated"] == start).any() for start in STARTS)
            assert len(one) == HORIZON + LEADS + 2 + told + 1  # the last period beside the dates


def test_truth_is_the_mean_effect_of_a_design_written_out():
    truth = ROLL_OUTS.own_truth()
    effects = [0.2 * (h + 1) + 0.2 * place for place, start in enumerate(STARTS) for h in range(PERIODS - start)]
    effects = [min(value, 2.0 + 0.2 * 2) for value in effects]
    units = {8: (2, 2, 2)}  # two are never treated
    assert sum(units[8]) == 6
    assert truth["overall[baseline, 8]"] == pytest.approx(np.mean(effects))
    assert truth["effect 0[dip, 200]"] == -1.0
    assert truth["overall[confounded, 20]"] == 0.0
    assert "leads[confounded, 20]" not in truth
    assert truth["leads[closed cohort, taken at its word]"] == pytest.approx(RISE * (OPENING - 1 - (OPENING - 2) / 2))


def test_a_closed_cohort_shows_nothing_and_its_test_is_refused(found):
    naive = found["leads[closed cohort, taken at its word]"]
    assert (naive.low, naive.high) == pytest.approx((0.0, 0.0), abs=1e-15)
    assert "no treated unit's outcome moves before its start" in found["leads[closed cohort]"].refused
    assert not found["leads[at risk]"].refused
    assert LEAVERS == 20


def test_one_untreated_unit_is_refused(found):
    assert "one cluster that has no other of its cohort" in found["overall[one untreated, 20]"].refused


def test_designs_share_units_and_differ_by_what_they_say():
    frame, effect = draw(np.random.default_rng(3), "confounded", 20)
    assert not effect.any()
    plain, _ = draw_roll_out(np.random.default_rng(3), n=20, periods=PERIODS, starts=STARTS, path=(0.0,), never=0.25)
    drift = frame["outcome"] - plain["outcome"]
    assert np.allclose(drift, 0.15 * frame["period"] * frame["first_treated"].notna())
