"""What factors add in every order, against orders walked through one at a time, and a game with a published answer."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from coroi.inference.orders import added, all_orders, along, subsets


def value_of(k: int) -> dict[frozenset[int], float]:
    rng = np.random.default_rng(k)
    return {frozenset(np.flatnonzero(row).tolist()): float(rng.normal()) for row in subsets(k)}


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_mean_and_ends_over_orders_are_those_of_walking_through_them(k):
    worth = value_of(k)
    values = np.array(list(worth.values()))
    for factor in range(k):
        walked = []
        for order in permutations(range(k)):
            before = frozenset(order[: order.index(factor)])
            walked.append(worth[before | {factor}] - worth[before])
        maps, share = added(k, factor)
        assert share.sum() == pytest.approx(1)
        assert share @ maps @ values == pytest.approx(np.mean(walked))
        assert (maps @ values).min() == pytest.approx(min(walked))
        assert (maps @ values).max() == pytest.approx(max(walked))


def test_steps_along_an_order_sum_to_the_whole_whatever_the_order():
    worth = value_of(4)
    values = np.array(list(worth.values()))
    orders = all_orders(4)
    assert len(set(orders)) == 24
    for order in orders:
        steps = along(order) @ values
        assert steps.sum() == pytest.approx(worth[frozenset(range(4))] - worth[frozenset()])
        assert steps[1] == pytest.approx(worth[frozenset(order[:2])] - worth[frozenset(order[:1])])


def test_an_airport_is_shared_as_littlechild_and_owen_share_it():
    """Runways that cost 1, 2 and 4: each stretch is shared by those who need it (Management Science 20:370-372)."""
    costs = np.array([1.0, 2.0, 4.0])
    values = np.array([max(costs[row], default=0.0) for row in subsets(3)])
    shares = []
    for factor in range(3):
        maps, share = added(3, factor)
        shares.append(float(share @ maps @ values))
    assert shares == pytest.approx([1 / 3, 1 / 3 + 1 / 2, 1 / 3 + 1 / 2 + 2])
