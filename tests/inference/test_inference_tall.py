"""Products in slices are the products."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.inference.tall import SLICE, cross, times, weighted_sum, wide_cross

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("n", [0, 1, SLICE - 1, SLICE, 5 * SLICE, 5 * SLICE + 7])
def test_products_in_slices_are_the_products(n):
    one, other, small = RNG.normal(size=(n, 4)), RNG.normal(size=(n, 3)), RNG.normal(size=(4, 2))
    np.testing.assert_allclose(cross(one, other), one.T @ other, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(times(one, small), one @ small, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(wide_cross(one.T), one.T @ one, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(weighted_sum(np.arange(4.0), one.T), one @ np.arange(4.0), rtol=1e-12, atol=1e-12)
