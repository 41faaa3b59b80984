"""Products of arrays with many rows and few columns, in slices.

BLAS shares a large product among threads that wait for each other; for arrays this narrow that saves little, and on a
busy machine it costs many times what the product takes. Slices this small it multiplies at once.
"""

from __future__ import annotations

import numpy as np

SLICE = 128


def cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the cross-products of columns.

    Parameters
    ----------
    one : ndarray, shape (n, p)
    other : ndarray, shape (n, q)

    Returns
    -------
    ndarray, shape (p, q)
    """
    whole = len(one) - len(one) % SLICE
    left, right = (each[:whole].reshape(-1, SLICE, each.shape[1]) for each in (one, other))
    return np.asarray((left.transpose(0, 2, 1) @ right).sum(axis=0) + one[whole:].T @ other[whole:])


def times(tall: np.ndarray, small: np.ndarray) -> np.ndarray:
    """Return a tall array times a small one.

    Parameters
    ----------
    tall : ndarray, shape (n, p)
    small : ndarray, shape (p, q)

    Returns
    -------
    ndarray, shape (n, q)
    """
    found = np.empty((len(tall), small.shape[1]))
    whole = len(tall) - len(tall) % SLICE
    stacked = tall[:whole].reshape(-1, SLICE, tall.shape[1])
    found[:whole] = (stacked @ small).reshape(whole, small.shape[1])
    found[whole:] = tall[whole:] @ small
    return found


def wide_cross(wide: np.ndarray) -> np.ndarray:
    """Return the cross-products of the rows of a wide array, shape (k, n)."""
    return np.einsum("ir,jr->ij", wide, wide)


def weighted_sum(weight: np.ndarray, wide: np.ndarray) -> np.ndarray:
    """Return the sum of the rows of a wide array, shape (k, n), each times its weight."""
    total = np.zeros(wide.shape[1])
    for factor, row in zip(weight, wide, strict=True):
        total += factor * row
    return total
