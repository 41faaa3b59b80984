"""What a panel's entities add up to, and each estimator's normal equations from it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from coroi.errors import DataError
from coroi.inference.binary import aliased
from coroi.inference.effects import ALIKE, Estimator, mean_effects
from coroi.inference.tall import cross, wide_cross
from coroi.schemas import EntityBlock

_NOISE = 1e-12  # share of a sum of squares below which a difference of two is rounding


@dataclass(slots=True, eq=False)
class Sums:
    """What is summed in the first reading; sums of two sets of entities add up.

    Parameters
    ----------
    whole, within, means : ndarray, shape (k, k)
        Cross-products of all rows around `centre`, of rows around their entity's mean, of the means themselves.
    by_period : ndarray, shape (T, k)
        Rows around their entity's mean, summed by period.
    overlap, mixes : ndarray, shape (T, T)
        Entities' numbers of rows by pairs of periods, each entity's divided by its rows, and by their square.
    mixed_means : ndarray, shape (T, k)
        Entities' shares of rows by period times their means.
    rows : ndarray, shape (T,)
        Rows by period.
    total : ndarray, shape (k,)
        Columns around `centre`, summed.
    largest : ndarray, shape (k,)
        Largest absolute value of each column.
    """

    whole: np.ndarray
    within: np.ndarray
    means: np.ndarray
    by_period: np.ndarray
    overlap: np.ndarray
    mixes: np.ndarray
    mixed_means: np.ndarray
    rows: np.ndarray
    total: np.ndarray
    largest: np.ndarray

    @classmethod
    def none(cls, k: int, n_periods: int) -> Sums:
        """Return the sums of no rows."""
        square, wide, long = (k, k), (n_periods, k), (n_periods, n_periods)
        shapes = (square, square, square, wide, long, long, wide, (n_periods,), (k,), (k,))
        return cls(*(np.zeros(shape) for shape in shapes))

    def plus(self, other: Sums, sign: int = 1) -> Sums:
        """Return the sums with another set of entities in, or out."""
        names = [each.name for each in fields(self) if each.name != "largest"]
        added = {name: getattr(self, name) + sign * getattr(other, name) for name in names}
        return Sums(**added, largest=np.maximum(self.largest, other.largest))


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What the sums say of one estimator: how to sweep its rows, and its coefficients.

    Parameters
    ----------
    sweeper : ndarray, shape (T, k)
        Period effects of the columns; for means, coefficients of the shares.
    kept : ndarray of bool, shape (p,)
    coef : ndarray, shape (q,)
    slope : ndarray, shape (p,)
        Coefficients that sweep the other columns out of the first; zeros where it is not identified.
    cross : ndarray, shape (k, k)
        Cross-products of the swept columns.
    gone : ndarray of bool, shape (k,)
        Columns of which nothing is left.
    rank : int
        Period effects, or shares, that can be told apart.
    """

    sweeper: np.ndarray
    kept: np.ndarray
    coef: np.ndarray
    slope: np.ndarray
    cross: np.ndarray
    gone: np.ndarray
    rank: int


class Centred:
    """A block's rows around their entities' means, and its entities' rows by period."""

    def __init__(self, block: EntityBlock, n_periods: int) -> None:
        self.columns, self.period, self.length = block.columns, block.period, block.length
        self.starts = np.concatenate([[0], np.cumsum(block.length)[:-1]])
        self.means = self.sums(block.columns) / block.length
        self.own = block.columns - np.repeat(self.means, block.length, axis=1)
        cell = np.repeat(np.arange(len(block.length)) * n_periods, block.length)
        cell += block.period
        counted = np.bincount(cell, minlength=len(block.length) * n_periods)
        if counted.max() > 1:
            twice = int((counted - 1).clip(0).sum())
            raise DataError(f"{twice:,} rows repeat the period of their entity. Aggregate before fitting.")
        self.counts = counted.reshape(-1, n_periods).astype(float)

    def sums(self, columns: np.ndarray) -> np.ndarray:
        """Sum columns, shape (m, r), by entity."""
        return np.add.reduceat(columns, self.starts, axis=1)

    def over_time(self, columns: np.ndarray) -> np.ndarray:
        """Sum columns, shape (m, r), by period."""
        n_periods = self.counts.shape[1]
        summed = [np.bincount(self.period, weights=column, minlength=n_periods) for column in columns]
        return np.stack(summed, axis=1) if summed else np.zeros((n_periods, 0))


def sums_of(part: Centred, centre: np.ndarray, *, between: bool) -> Sums:
    """Sum up a block's entities; the sums that means alone need are left at zero where they are not asked for."""
    sums = Sums.none(len(part.columns), part.counts.shape[1])
    means, shares = part.means - centre[:, None], part.counts / part.length[:, None]
    sums.within = wide_cross(part.own)
    sums.whole = sums.within + wide_cross(means * np.sqrt(part.length))
    sums.total = (means * part.length).sum(axis=1)
    sums.by_period = part.over_time(part.own)
    sums.overlap = cross(shares, part.counts)
    sums.rows = part.counts.sum(axis=0)
    sums.largest = np.abs(part.columns).max(axis=1)
    if between:
        sums.means = wide_cross(means)
        sums.mixes = cross(shares, shares)
        sums.mixed_means = cross(shares, np.ascontiguousarray(means.T))
    return sums


def plan_of(sums: Sums, estimator: Estimator) -> Plan:
    """Solve an estimator's normal equations; period effects first, then what they leave."""
    n, sweeper, rank = sums.rows.sum(), np.zeros_like(sums.by_period), 0
    if estimator == "between":
        before, (sweeper, rank) = sums.means, mean_effects(sums.mixes, sums.mixed_means)
        cross = before - sums.mixed_means.T @ sweeper
    elif estimator == "pooled":
        before, cross = sums.whole, sums.whole - np.outer(sums.total, sums.total) / n
    else:
        before = cross = sums.within
        if estimator == "two_way":
            sweeper, rank = mean_effects(np.diag(sums.rows) - sums.overlap, sums.by_period)
            cross = before - sums.by_period.T @ sweeper
    gone = cross.diagonal() <= np.maximum(n * (ALIKE * sums.largest) ** 2, _NOISE * before.diagonal())
    return _solved(np.where(np.logical_or.outer(gone, gone), 0.0, cross), sweeper, gone, rank)


def _solved(cross: np.ndarray, sweeper: np.ndarray, gone: np.ndarray, rank: int) -> Plan:
    kept = ~aliased(cross[1:, 1:]) & (not gone[0])
    inverse = np.linalg.inv(cross[1:, 1:][np.ix_(kept, kept)])
    slope = np.zeros(len(kept))
    if len(kept) and kept[0]:
        slope[kept] = inverse[0] / inverse[0, 0]
    return Plan(sweeper, kept, inverse @ cross[1:, 0][kept], slope, cross, gone, rank)
