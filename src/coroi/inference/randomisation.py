"""Randomisation inference: the lots of a trial drawn again, within strata, as they were drawn the first time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np

from coroi.inference.inversion import Inversion

DRAWS = 9_999
SEED = 19350101


def draw_lots_again(
    total: np.ndarray,
    size: np.ndarray,
    treated: np.ndarray,
    stratum: np.ndarray | None = None,
    *,
    moved: np.ndarray | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Inversion:
    """Draw the treated less the untreated mean again under every effect that is alike for all.

    Parameters
    ----------
    total : ndarray, shape (g,)
        Sum of the outcome of each unit of assignment; of residuals, where outcomes are adjusted for what was known
        before the lots were drawn.
    size : ndarray, shape (g,)
        Customers of each unit, above zero.
    treated : ndarray of bool, shape (g,)
        What the lots said; some units of each kind in every stratum.
    stratum : ndarray of int, shape (g,), optional
        Within which lots were drawn, so many treated in each; one stratum by default.
    moved : ndarray, shape (g,), optional
        What an effect of one adds to each total; the customers of treated units by default.
    draws : int
        Most draws; all lots that there are where they are no more than that.
    seed : int
        Of the draws, so that equal inputs give equal answers.

    Returns
    -------
    Inversion
        p-values, and the interval of effects that are not rejected.

    Notes
    -----
    The statistic is the difference of the means over customers within strata, weighted by customers, over its
    cluster-robust error: exact for an effect alike for all, and right in large trials for an average effect (Wu and
    Ding 2021). Where a stratum has a single unit on a side it is not divided by an error, and exact for the first kind
    alone. Assumptions: lots were drawn as said, with so many treated units in each stratum (by design).

    References
    ----------
    Fisher (1935), The Design of Experiments, section 21; Rosenbaum (2002), Statistical Science 17:286-327, section 2;
    Wu and Ding (2021), Journal of the American Statistical Association 116:1898-1913, section 4.
    """
    strata = np.zeros(len(total), dtype=int) if stratum is None else np.unique(stratum, return_inverse=True)[1]
    on = np.asarray(treated, dtype=bool)
    added = size * on if moved is None else moved
    columns = np.column_stack([size, total, added, size**2, size * total, size * added])
    columns = np.column_stack([columns, total**2, total * added, added**2])
    lots, exact = lots_of(on, strata, draws=draws, seed=seed)
    level, slope, spread = _statistic(np.vstack([on, lots]), columns, strata)
    return Inversion(
        level=level[1:],
        slope=slope[1:],
        spread=spread[1:],
        observed_level=float(level[0]),
        observed_slope=float(slope[0]),
        observed_spread=spread[0],
        exact=exact,
    )


def n_ways(treated: np.ndarray, stratum: np.ndarray) -> int:
    """Count the ways in which lots can fall, so many treated in each stratum."""
    ways = 1
    for code in np.unique(stratum):
        here = treated[stratum == code]
        ways *= comb(len(here), int(here.sum()))
    return ways


def lots_of(treated: np.ndarray, stratum: np.ndarray, *, draws: int, seed: int) -> tuple[np.ndarray, bool]:
    """Draw lots, or list them all where there are no more than `draws`.

    Returns
    -------
    lots : ndarray of bool, shape (n_lots, g)
    exact : bool
        Whether they are all.
    """
    places = [np.flatnonzero(stratum == code) for code in np.unique(stratum)]
    if n_ways(treated, stratum) <= draws:
        return np.array(list(_all_lots(treated, places))), True
    rng = np.random.default_rng(seed)
    lots = np.empty((draws, len(treated)), dtype=bool)
    for at in places:
        lots[:, at] = rng.permuted(np.tile(treated[at], (draws, 1)), axis=1)
    return lots, False


def _all_lots(treated: np.ndarray, places: list[np.ndarray]) -> Iterator[np.ndarray]:
    if not places:
        yield np.zeros(len(treated), dtype=bool)
        return
    at, n = places[0], int(treated[places[0]].sum())
    for rest in _all_lots(treated, places[1:]):
        for chosen in combinations(at, n):
            lot = rest.copy()
            lot[list(chosen)] = True
            yield lot


def _statistic(lots: np.ndarray, columns: np.ndarray, strata: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return level, slope and squared error (constant, linear, square) of each lot."""
    n_lots, whole = len(lots), float(columns[:, 0].sum())
    level, slope, spread = np.zeros(n_lots), np.zeros(n_lots), np.zeros((n_lots, 3))
    divided = True
    for code in range(int(strata.max()) + 1):
        at = strata == code
        here, own = lots[:, at], columns[at]
        weight = float(own[:, 0].sum()) / whole
        n_on = int(here[0].sum())
        divided &= min(n_on, int(at.sum()) - n_on) > 1
        on = here.astype(float) @ own
        for sign, sums, n in ((1.0, on, n_on), (-1.0, own.sum(axis=0) - on, int(at.sum()) - n_on)):
            level += sign * weight * sums[:, 1] / sums[:, 0]
            slope += sign * weight * sums[:, 2] / sums[:, 0]
            if n > 1:
                spread += (weight / sums[:, :1]) ** 2 * n / (n - 1) * _squares(sums)
    return level, slope, spread if divided else np.tile([1.0, 0.0, 0.0], (n_lots, 1))


def _squares(sums: np.ndarray) -> np.ndarray:
    """Return the sum over units of (total − effect · moved − size · mean)², by powers of the effect."""
    size, total, added, size_2, size_total, size_added, total_2, both, added_2 = sums.T
    mean, shift = total / size, added / size
    constant = total_2 - 2 * mean * size_total + mean**2 * size_2
    linear = both - mean * size_added - shift * size_total + mean * shift * size_2
    square = added_2 - 2 * shift * size_added + shift**2 * size_2
    return np.column_stack([constant, -2 * linear, square])
