"""Synthetic controls of a few units, and the same for others that were never treated: what chance alone would give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from coroi.inference.simplex import nearest_mix

_ALIKE = 1e-9  # of two statistics, relative: they tie


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mixed:
    """Units less the mixes of the others that were nearest to them before the start.

    Parameters
    ----------
    units : tuple of int
        Columns of the units, k of them.
    gap : ndarray, shape (T,)
        Mean over the units of outcome less mix.
    weights : ndarray, shape (k, N)
        Of every column in each mix; 0 for the units themselves.
    fit : float
        Root of the mean square of the units' gaps before the start.
    """

    units: tuple[int, ...]
    gap: np.ndarray
    weights: np.ndarray
    fit: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placebos:
    """The treated units' gap among those of all sets of as many units.

    Parameters
    ----------
    actual : Mixed
    after : ndarray, shape (n_after,)
        The actual gap from the start on.
    others : ndarray, shape (m, n_after)
        Gaps of the other sets from the start on.
    slope : ndarray, shape (m,)
        What one more unit of effect, taken off the treated units, adds to each other set's gap: in their mixes the
        treated units have a weight, and some sets hold a treated unit.
    fit : ndarray, shape (m,)
        Fits of the other sets.
    donors : ndarray of bool, shape (m,)
        Whether the set holds no treated unit.
    units : ndarray of int, shape (m,)
        First unit of each set.
    """

    actual: Mixed
    after: np.ndarray
    others: np.ndarray
    slope: np.ndarray
    fit: np.ndarray
    donors: np.ndarray
    units: np.ndarray

    @property
    def smallest_p(self) -> float:
        """The least p-value that a test can give."""
        return 1 / (len(self.fit) + 1)

    def p_value(self, gap: float, others: np.ndarray, effect: float = 0.0) -> float:
        """Return the share of sets whose gap over its fit is at least the actual one, were the effect as given."""
        mine = abs(gap - effect) / self.actual.fit
        theirs = np.abs(others + self.slope * effect) / self.fit
        return float((1 + (theirs >= mine * (1 - _ALIKE)).sum()) / (len(theirs) + 1))

    def confidence_set(self, gap: float, others: np.ndarray, level: float) -> tuple[float, float]:
        """Return the least and the largest effect that the test does not reject; infinite where it rejects none.

        Notes
        -----
        Each comparison with a set turns at two effects at most; between all of these the p-value is constant.
        """
        ratio = self.fit / self.actual.fit
        with np.errstate(divide="ignore", invalid="ignore"):
            turns = np.concatenate([(s * ratio * gap - others) / (self.slope + s * ratio) for s in (1, -1)])
        turns = np.unique(turns[np.isfinite(turns)])
        width = max(float(np.ptp(turns)), abs(gap), self.actual.fit) if len(turns) else 1.0
        ends = np.concatenate([[min(turns, default=gap) - width], turns, [max(turns, default=gap) + width]])
        within = (ends[:-1] + ends[1:]) / 2
        held = np.array([self.p_value(gap, others, e) for e in (ends[0], *within, ends[-1])]) > 1 - level + _ALIKE
        if held.all():
            return -math.inf, math.inf
        low = -math.inf if held[0] else ends[int(np.argmax(held[1:-1]))]
        high = math.inf if held[-1] else ends[len(within) - int(np.argmax(held[1:-1][::-1]))]
        return float(low), float(high)

    def critical(self, level: float) -> float:
        """Return how many fits a band needs to hold the whole path at once, the effect taken as estimated."""
        allowed = math.floor((1 - level) * (len(self.fit) + 1) + _ALIKE)
        if allowed < 1:
            return math.inf
        largest = np.abs(self.others + self.slope[:, None] * self.after).max(axis=1) / self.fit
        return float(np.sort(largest)[::-1][allowed - 1])

    def ratio_test(self) -> tuple[float, float]:
        """Return the root mean square of the gap after over that before the start, and its p-value."""
        mine = math.sqrt(float((self.after**2).mean())) / self.actual.fit
        theirs = np.sqrt((self.others**2).mean(axis=1)) / self.fit
        return mine, float((1 + (theirs >= mine * (1 - _ALIKE)).sum()) / (len(theirs) + 1))


def mix_units(
    outcome: np.ndarray, before: int, units: tuple[int, ...], donors: np.ndarray, *, intercept: bool
) -> Mixed:
    """Set units beside the nearest mix of donors.

    Parameters
    ----------
    outcome : ndarray, shape (T, N)
    before : int
        Periods before the start.
    units : tuple of int
    donors : ndarray of int
        Columns that may be mixed.
    intercept : bool
        Whether each series is taken about its own mean before the start.
    """
    level = outcome[:before].mean(axis=0) if intercept else np.zeros(outcome.shape[1])
    values = outcome - level
    weights, gaps = np.zeros((len(units), outcome.shape[1])), np.zeros((len(outcome), len(units)))
    for number, unit in enumerate(units):
        weights[number, donors] = nearest_mix(values[:before, unit], values[:before][:, donors])
        gaps[:, number] = values[:, unit] - values @ weights[number]
    fit = math.sqrt(float((gaps[:before] ** 2).mean()))
    return Mixed(units=units, gap=gaps.mean(axis=1), weights=weights, fit=fit)


def placebo_sets(n_units: int, treated: tuple[int, ...], most: int) -> list[tuple[int, ...]]:
    """Return the other sets of as many units, all or as many as asked for, drawn by a seed of its own."""
    size = len(treated)
    if math.comb(n_units, size) - 1 <= most:
        return [each for each in combinations(range(n_units), size) if each != treated]
    rng, found = np.random.default_rng(20240229), dict[tuple[int, ...], None]()
    while len(found) < most:
        drawn = tuple(sorted(int(u) for u in rng.choice(n_units, size, replace=False)))
        if drawn != treated:
            found[drawn] = None
    return list(found)


def run_placebos(outcome: np.ndarray, before: int, treated: tuple[int, ...], *, intercept: bool, most: int) -> Placebos:
    """Mix the treated units from those never treated, and every other set of as many from all that are not in it.

    Parameters
    ----------
    outcome : ndarray, shape (T, N)
        Without gaps.
    before : int
        Periods before the start, the first rows.
    treated : tuple of int
        Columns of the treated units, rising.
    intercept : bool
    most : int
        Most sets tried; one is drawn at most once.

    Notes
    -----
    Under a hypothesis on the effect it is taken off the treated units, which then are units like the others: so that
    all sets are mixed alike, and the p-value is exact where units could be exchanged. Reference: Abadie, Diamond and
    Hainmueller (2010), Journal of the American Statistical Association 105:493-505; inversion: Firpo and Possebom
    (2018), Journal of Causal Inference 6(2).
    """
    every = np.arange(outcome.shape[1])

    def mixed(units: tuple[int, ...]) -> Mixed:
        return mix_units(outcome, before, units, np.setdiff1d(every, units), intercept=intercept)

    actual, column = mixed(treated), np.array(treated)
    others = [mixed(each) for each in placebo_sets(len(every), treated, most)]
    inside = [np.isin(each.units, column) for each in others]
    return Placebos(
        actual=actual,
        after=actual.gap[before:],
        others=np.array([each.gap[before:] for each in others]),
        slope=np.array(
            [e.weights[:, column].sum(axis=1).mean() - i.mean() for e, i in zip(others, inside, strict=True)]
        ),
        fit=np.array([each.fit for each in others]),
        donors=np.array([not each.any() for each in inside]),
        units=np.array([each.units[0] for each in others]),
    )
