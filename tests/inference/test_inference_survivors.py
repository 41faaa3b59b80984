"""Mean survivors against a hand-made example; the delta method is held in the tests of the hazard."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from coroi.inference.survivors import mean_survivors


def test_two_profiles_of_unequal_length_by_hand():
    """Three customers stay with 1/2, then 2/3; one stays with 3/4."""
    stay = np.array([1 / 2, 2 / 3, 3 / 4])
    found = mean_survivors(
        np.array([4, 4, 9]),
        np.array([3, 3, 1]),
        np.log(stay),
        np.array([1.0, 2.0, 5.0]),
        np.array([[1.0], [3.0], [2.0]]),
    )
    share = (3 * Fraction(1, 2) * Fraction(2, 3) + Fraction(3, 4)) / 4
    assert found.share == pytest.approx(float(share), rel=1e-12)
    assert found.stay == pytest.approx((3 * 1.5 + 1) / 4, rel=1e-12)
    # each log falls by pull × design: 1, then 6 more; and 10 for the other profile
    assert found.share_gradient == pytest.approx([-(3 * (1 / 3) * 7 + (3 / 4) * 10) / 4], rel=1e-12)
    assert found.stay_gradient == pytest.approx([-(3 * (1 / 2) * 1) / 4], rel=1e-12)


def test_the_numbers_of_profiles_and_the_size_of_weights_do_not_matter():
    rng = np.random.default_rng(1)
    profile = np.repeat([0, 1, 2], 4)
    customers = np.repeat([1.0, 2.5, 7.0], 4)
    log_stay, pull, design = -rng.random(12), rng.random(12), rng.normal(size=(12, 3))
    one = mean_survivors(profile, customers, log_stay, pull, design)
    at = np.concatenate([np.arange(8, 12), np.arange(8)])
    other = mean_survivors(np.repeat([70, 5, 9], 4)[at], 3 * customers[at], log_stay[at], pull[at], design[at])
    for name in ("share", "stay", "share_gradient", "stay_gradient"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-12)
