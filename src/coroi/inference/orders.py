"""What each of some factors adds, where what one adds hangs on which others are in already."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np


def subsets(k: int) -> np.ndarray:
    """Return all subsets of k factors, shape (2^k, k), bool; the row's number has bit i set where factor i is in."""
    return (np.arange(2**k)[:, None] >> np.arange(k) & 1).astype(bool)


def added(k: int, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what a factor may add to, and how often each is what it adds to in all orders.

    Parameters
    ----------
    k : int
        Factors.
    factor : int
        One of them, from 0.

    Returns
    -------
    map : ndarray, shape (2^(k-1), 2^k)
        Times the values of all subsets: the value with the factor less that without, for each subset of the others.
    share : ndarray, shape (2^(k-1),)
        Of the k! orders in which exactly that subset stands before the factor; they sum to 1.

    Notes
    -----
    The shares are Shapley's. Reference: Shapley (1953), Contributions to the Theory of Games 2:307-317.
    """
    before = np.flatnonzero(~subsets(k)[:, factor])
    maps = np.zeros((len(before), 2**k))
    rows = np.arange(len(before))
    maps[rows, before + 2**factor] = 1.0
    maps[rows, before] = -1.0
    size = subsets(k)[before].sum(axis=1)
    share = np.array([factorial(s) * factorial(k - s - 1) / factorial(k) for s in size])
    return maps, share


def along(order: tuple[int, ...]) -> np.ndarray:
    """Return what each factor adds if they come in an order, shape (k, 2^k), times the values of all subsets.

    Parameters
    ----------
    order : tuple of int
        The factors 0 to k − 1, each once.
    """
    k = len(order)
    maps, so_far = np.zeros((k, 2**k)), 0
    for at, factor in enumerate(order):
        maps[at, so_far] -= 1.0
        so_far += 2**factor
        maps[at, so_far] += 1.0
    return maps


def all_orders(k: int) -> list[tuple[int, ...]]:
    """Return the k! orders of k factors."""
    return list(permutations(range(k)))
