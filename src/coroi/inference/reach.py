"""Entities swept out of short panels without the bias that this leaves: pairs of periods far apart as counterweight."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from coroi.inference.linear import LinearFit
from coroi.inference.within import Effects, sweep

AHEAD = 2
"""Periods beyond the horizon that the reach has to take in."""

_SHARE = 2 / 3
_MOST = 24
_CELLS = 4_000_000
_EXACT = 1e-6
_LEAST = 0.1


def reach_of(rows: float, horizon: int) -> int:
    """Return how many periods apart a metric and an error may be tied, for an entity with so many rows.

    Parameters
    ----------
    rows : float
        Of an entity at the horizon, on average.
    horizon : int

    Notes
    -----
    Two thirds of the rows, and 24 periods beyond the horizon at most. More would leave too few pairs as counterweight:
    two thirds cost about a fifth of precision.
    """
    return max(min(int(_SHARE * rows + 1e-9), int(rows) - 2, horizon + _MOST), 0)


def least_rows(horizon: int) -> int:
    """Return the rows of an entity from which the reach takes in the horizon and two periods more."""
    return max(math.ceil((horizon + AHEAD) / _SHARE - 1e-9), horizon + AHEAD + 2)


def balance(entity: np.ndarray, period: np.ndarray, reach: int) -> np.ndarray | None:
    """Return the weights of a row's neighbours with which sweeping out entities leaves no bias.

    Parameters
    ----------
    entity, period : ndarray of int, shape (n,)
        Sorted by entity, then period; entities from 0 without gaps.
    reach : int
        Periods apart beyond which metric and error are not tied.

    Returns
    -------
    ndarray, shape (2 * reach + 1,), or None
        By how many periods the neighbour is later, from −reach; nothing where the rows allow no such weights.

    Notes
    -----
    Let c(k) be the covariance of a swept column with the error of k periods before; c(0) = 0 is what identifies the
    regression. With an entity's mean taken out of both, their product over pairs of rows k periods apart has a mean
    that is linear in all the c(k), G c, where G follows from which rows are there. The weights w solve G w = G₀₀ e₀, so
    that Σ_k w_k (product k apart) has the mean zero whatever the c(k) within the reach: G is symmetric, and w'G c =
    G₀₀ c(0). Plain least squares has w = e₀, whose mean is −(1/T) Σ_k (1 − |k|/T) c(k) a row; half panels take out its
    first order in 1/T and double the second. Assumption: covariances hang on how far apart periods are, not on when
    they are. The idea of equations whose mean is zero at any length: Bun and Carree (2005), Journal of Business &
    Economic Statistics 23:200-210; pairs of all distances: Han, Phillips and Sul (2014), Econometric Theory 30:201-251.
    The weights are ours.
    """
    gram = np.zeros((2 * reach + 1,) * 2)
    for present, count in _patterns(entity, period):
        gram += _mean_products(present, count, reach)
    wanted = np.zeros(2 * reach + 1)
    wanted[reach] = gram[reach, reach]
    size = np.sqrt(np.diag(gram).clip(0))
    scale = np.divide(1.0, size, out=np.zeros(len(size)), where=size > 1e-9 * max(size.max(), 1e-300))
    weights = scale * np.linalg.lstsq(gram * np.outer(scale, scale), scale * wanted, rcond=1e-11)[0]
    exact = np.abs(scale * (gram @ weights - wanted)).max() <= _EXACT * size[reach]
    return weights if exact and size[reach] > 0 else None


def neighbours(values: np.ndarray, entity: np.ndarray, period: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return each row's weighted sum of itself and its neighbours of the same entity, shape (n, k).

    Parameters
    ----------
    values : ndarray, shape (n, k)
    entity, period : ndarray of int, shape (n,)
        As in :func:`balance`.
    weights : ndarray, shape (2 * reach + 1,)
    """
    reach = len(weights) // 2
    place, span = _places(entity, period)
    toeplitz = np.zeros((span, span))
    for k in range(-min(reach, span - 1), min(reach, span - 1) + 1):
        toeplitz += weights[reach + k] * np.eye(span, k=k)
    found = np.empty(values.shape)
    step = max(_CELLS // (span * max(values.shape[1], 1)), 1)
    for first in range(0, int(entity.max()) + 1, step):
        low, high = np.searchsorted(entity, [first, first + step])
        who, when = entity[low:high] - first, place[low:high]
        laid = np.zeros((int(who.max()) + 1, span, values.shape[1]))
        laid[who, when] = values[low:high]
        found[low:high] = (toeplitz @ laid)[who, when]
    return found


def counterweighed(
    fit: LinearFit,
    swept: np.ndarray,
    entity: np.ndarray,
    period: np.ndarray,
    *,
    effects: Effects,
    reach: int,
) -> tuple[np.ndarray, np.ndarray] | str:
    """Solve a regression's equations again, each column replaced by itself and its neighbours.

    Parameters
    ----------
    fit : LinearFit
        By plain least squares.
    swept : ndarray, shape (n, p + 1)
        Design and outcome, effects swept out.
    entity, period : ndarray of int, shape (n,)
        As in :func:`balance`.
    effects : str
        What was swept out.
    reach : int

    Returns
    -------
    coef : ndarray, shape (q,)
        Of the columns in the fit.
    weighed : ndarray, shape (n, q)
        What stands for them in the equations.
    str
        Instead, why there is none.
    """
    weights = balance(entity, period, reach)
    if weights is None:
        return "its rows are too scattered to take out the bias of sweeping out levels"
    design, outcome = swept[:, :-1][:, fit.kept], swept[:, -1]
    when = np.unique(period, return_inverse=True)[1]
    weighed = sweep(neighbours(design, entity, period, weights), entity, when, effects=effects).values
    gram = weighed.T @ design
    if np.linalg.matrix_rank(gram) < len(gram):
        return "the metric moves too slowly to be told from an entity's level"
    bread = np.linalg.inv(gram)
    left = fit.bread[-1, -1] / bread[-1, -1]
    if not left > _LEAST:
        return "the metric moves too slowly to be told from an entity's level"
    return bread @ (weighed.T @ outcome), weighed


def _places(entity: np.ndarray, period: np.ndarray) -> tuple[np.ndarray, int]:
    """Return each row's periods since its entity's first, and the longest span."""
    start = np.flatnonzero(np.append(True, entity[1:] != entity[:-1]))
    place = period - np.repeat(period[start], np.diff(np.append(start, len(entity))))
    return place, int(place.max()) + 1


def _patterns(entity: np.ndarray, period: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield which places entities have rows in, shape (some, span), and how many entities are alike in that."""
    place, span = _places(entity, period)
    present = np.zeros((int(entity.max()) + 1, span), dtype=bool)
    present[entity, place] = True
    packed, counts = np.unique(np.packbits(present, axis=1), axis=0, return_counts=True)
    step = max(_CELLS // span**2, 1)
    for first in range(0, len(packed), step):
        some = slice(first, first + step)
        yield np.unpackbits(packed[some], axis=1, count=span).astype(float), counts[some].astype(float)


def _mean_products(present: np.ndarray, count: np.ndarray, reach: int) -> np.ndarray:
    """Return the mean of products of swept rows k apart where c(j) alone is one, shape (2 reach + 1, 2 reach + 1)."""
    span, rows = present.shape[1], present.sum(axis=1)
    wide = np.pad(present, ((0, 0), (reach, reach)))
    pairs = np.stack([present * wide[:, reach + k : reach + k + span] for k in range(-reach, reach + 1)])
    many = pairs.sum(axis=2)
    half = (pairs * np.sqrt(count / rows)[:, None]).reshape(len(pairs), -1)
    ties = half @ half.T
    return np.asarray(np.diag(many @ count) - ties - ties[::-1, ::-1] + (many * (count / rows**2)) @ many.T)
