"""Changes of units beside the mean change of those that they are compared with, averaged, with influence by cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from coroi.inference.doses import Doses
from coroi.inference.estimates import known

Pool = Callable[[int, int, int], np.ndarray]
"""From a unit, its base column and the last column that matters to the units that it may be compared with."""

FEWEST = 2
"""Clusters that a comparison needs on either side: one alone has no spread."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targets:
    """Unit-periods whose change is wanted.

    Parameters
    ----------
    unit, base, at, through : ndarray of int, shape (k,)
        Unit, column compared from, column compared to, and last column in which a control must not have changed.
    time : ndarray of int, shape (k,)
        What the rows are sorted by: time since the first change, or since the end.
    """

    unit: np.ndarray
    base: np.ndarray
    at: np.ndarray
    through: np.ndarray
    time: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Differences:
    """Each target's change less the mean change of its controls.

    Parameters
    ----------
    targets : Targets
    value : ndarray, shape (k,)
        NaN where the change is not seen, or fewer than two clusters are there to compare with.
    seen : ndarray of bool, shape (k,)
        Whether the target's own change is seen.
    cell : ndarray of int, shape (k,)
        Which mean of controls the target is compared with.
    spread, share : ndarray, shape (n_cells, n_clusters)
        Influence of each cluster on that mean, times √(n / (n − 1)) for n clusters in it, and its weight there.
    cluster : ndarray of int, shape (k,)
        Cluster of the target.
    weight : ndarray, shape (k,)
        Weight of the target's unit in the period compared to.
    """

    targets: Targets
    value: np.ndarray
    seen: np.ndarray
    cell: np.ndarray
    spread: np.ndarray
    share: np.ndarray
    cluster: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Term:
    """A mean of differences.

    Parameters
    ----------
    estimate : float
    moved : ndarray, shape (n_clusters,)
        Influence; its squares times G / (G − 1) sum to the variance.
    side : ndarray of int, shape (n_clusters,)
        Above 0 for clusters with units whose change is wanted, by group of them; 0 for those compared with.
    load : ndarray, shape (n_clusters,)
        Weight of each cluster's changes in the estimate, whatever their sign.
    n_units, n_rows : int
        Units and unit-periods whose change is averaged.
    """

    estimate: float
    moved: np.ndarray
    side: np.ndarray
    load: np.ndarray
    n_units: int
    n_rows: int

    @property
    def df(self) -> float:
        """Degrees of freedom by Welch and Satterthwaite: each side's variance is known from its own clusters alone.

        Clusters that weigh unevenly count for fewer: (Σ load²)² / Σ load⁴, which is their number where they do not.
        """
        told = []
        for side in np.unique(self.side):
            some = self.side == side
            variance, squares = float(self.moved[some] @ self.moved[some]), self.load[some] ** 2
            if variance > 0 and squares.any():
                told.append((variance, max(1.0, float(squares.sum() ** 2 / (squares @ squares)) - 1)))
        return sum(v for v, _ in told) ** 2 / sum(v**2 / n for v, n in told) if told else 1.0

    @property
    def error(self) -> float:
        """Standard error."""
        n = len(self.moved)
        return float(np.sqrt(self.moved @ self.moved * n / (n - 1)))

    def row(self, level: float) -> dict:
        """Return the columns of the estimate, with its degrees of freedom and what is behind it."""
        half = float(stats.t.ppf(0.5 + level / 2, self.df)) * self.error
        counted = {"n_units": self.n_units, "n_rows": self.n_rows, "df": self.df}
        return known(self.estimate, self.error, self.estimate - half, self.estimate + half) | counted


def unchanged(doses: Doses, *, anticipation: int, never: bool) -> Pool:
    """Compare with units of the same baseline whose dose has not changed yet, or never does."""

    def pool(unit: int, base: int, through: int) -> np.ndarray:
        free = doses.first == doses.n_periods if never else doses.first > through + anticipation
        return (doses.baseline == doses.baseline[unit]) & free

    return pool


def going_on(doses: Doses, *, anticipation: int) -> Pool:
    """Compare with units of the same doses up to the unit's end, which go on with the last of them."""

    def pool(unit: int, base: int, through: int) -> np.ndarray:
        end = int(doses.end[unit])
        before, own = doses.dose[:, :end], doses.dose[unit, :end]
        alike = ((before == own) | (np.isnan(before) & np.isnan(own))).all(axis=1)
        after = doses.dose[:, end : through + anticipation + 1]
        return np.asarray(alike & ((after == own[-1]) | np.isnan(after)).all(axis=1))

    return pool


def differences(doses: Doses, targets: Targets, pool: Pool, group: np.ndarray) -> Differences:
    """Compare the change of each target with the mean change of its controls.

    Parameters
    ----------
    doses : Doses
    targets : Targets
    pool : callable
        Which units may be compared with.
    group : ndarray of int, shape (k,)
        Targets of one group, base, column and last column share their controls.

    Returns
    -------
    Differences
    """
    n_clusters = len(doses.cluster_names)
    keys = np.column_stack([group, targets.base, targets.at, targets.through])
    cells, cell = np.unique(keys, axis=0, return_inverse=True)
    cell = cell.ravel()
    means = np.full(len(cells), np.nan)
    spread, share = np.zeros((2, len(cells), n_clusters))
    for number, (_, base, at, through) in enumerate(cells):
        some = int(targets.unit[np.argmax(cell == number)])
        change = doses.outcome[:, at] - doses.outcome[:, base]
        weight = np.where(pool(some, base, through) & ~np.isnan(change), doses.weight[:, at], 0.0)
        n = len(np.unique(doses.cluster[weight > 0]))
        if n >= FEWEST:
            change = np.nan_to_num(change)
            means[number] = weight @ change / weight.sum()
            parts = weight / weight.sum() * (change - means[number])
            spread[number] = np.bincount(doses.cluster, parts, n_clusters) * np.sqrt(n / (n - 1))
            share[number] = np.bincount(doses.cluster, weight / weight.sum(), n_clusters)
    own = doses.outcome[targets.unit, targets.at] - doses.outcome[targets.unit, targets.base]
    return Differences(
        targets=targets,
        value=own - means[cell],
        seen=~np.isnan(own),
        cell=cell,
        spread=spread,
        share=share,
        cluster=doses.cluster[targets.unit],
        weight=doses.weight[targets.unit, targets.at],
    )


def averaged(found: Differences, amount: np.ndarray, size: np.ndarray) -> Term | str:
    """Divide a weighted sum of differences by a sum of sizes.

    Parameters
    ----------
    found : Differences
    amount : ndarray, shape (k,)
        Weight of each difference in the sum, 0 for those that are not wanted.
    size : ndarray, shape (k,)
        What each adds to the divisor: the same weight for a mean, the dose for an effect per unit of it.

    Returns
    -------
    Term or str
        The reason in words where it is not identified.

    Notes
    -----
    Targets that are not identified are left out of both sums. Influence treats units as drawn, the mix of cohorts
    included, as Callaway and Sant'Anna's does; each side's residuals are inflated by √(n / (n − 1)), n its clusters.
    """
    wanted = (amount != 0) | (size != 0)
    if not (wanted & found.seen).any():
        return "no unit is seen then and before"
    use = wanted & ~np.isnan(found.value)
    if not use.any():
        return "fewer than two units are left to compare with then"
    n_clusters = found.spread.shape[1]
    treated = np.unique(found.cluster[use])
    if len(treated) < FEWEST:
        return "one unit alone is treated so: its own shocks cannot be told from an effect"
    share, total = np.where(use, amount, 0.0), float(size[use].sum())
    value = np.nan_to_num(found.value)
    estimate = float(share @ value) / total
    own = np.bincount(found.cluster, (share * value - estimate * np.where(use, size, 0.0)) / total, n_clusters)
    of_cells = np.bincount(found.cell, share / total, len(found.spread))
    moved = own * np.sqrt(len(treated) / (len(treated) - 1)) - of_cells @ found.spread
    side = np.zeros(n_clusters, dtype=np.int64)
    side[treated] = 1
    size_of_share, cells = np.abs(share) / total, len(found.spread)
    weighs = np.bincount(found.cluster, size_of_share, n_clusters)
    weighs = weighs + np.bincount(found.cell, size_of_share, cells) @ found.share
    return Term(
        estimate=estimate,
        moved=moved * np.sqrt((n_clusters - 1) / n_clusters),
        side=side,
        load=weighs,
        n_units=len(np.unique(found.targets.unit[use])),
        n_rows=int((use & (size != 0)).sum()),
    )


def combined(terms: Sequence[Term], weights: Sequence[float], *, apart: bool = False) -> Term:
    """Return a weighted sum of terms.

    Parameters
    ----------
    terms : sequence of Term
    weights : sequence of float
    apart : bool
        Whether the terms' treated clusters are groups of their own, each with its own spread.
    """
    side = np.zeros(len(terms[0].moved), dtype=np.int64)
    for number, term in enumerate(terms, start=1):
        side = np.where(term.side > 0, number if apart else 1, side)
    by = np.asarray(weights)
    moved, load = by @ np.stack([t.moved for t in terms]), np.abs(by) @ np.stack([t.load for t in terms])
    return Term(
        estimate=float(sum(w * t.estimate for w, t in zip(weights, terms, strict=True))),
        moved=np.asarray(moved),
        side=side,
        load=np.asarray(load),
        n_units=sum(t.n_units for t in terms) if apart else max(t.n_units for t in terms),
        n_rows=sum(t.n_rows for t in terms),
    )


def together(terms: Sequence[Term]) -> np.ndarray:
    """Return the influence of each cluster on some terms, shape (n_clusters, p)."""
    return np.stack([term.moved for term in terms], axis=1)


def joint_zero(terms: Sequence[Term]) -> tuple[float, float]:
    """Test that all terms are zero: Wald's statistic over their number, by F with the fewest degrees of freedom.

    Returns
    -------
    (float, float)
        Statistic and p-value; NaN where their covariance is singular, as with as many terms as clusters.
    """
    moved = together(terms)
    n = len(moved)
    covariance = moved.T @ moved * n / (n - 1)
    if np.linalg.matrix_rank(covariance) < len(terms):
        return float("nan"), float("nan")
    estimate, p = np.array([t.estimate for t in terms]), len(terms)
    df = min(t.df for t in terms)
    if df <= p:
        return float("nan"), float("nan")
    scale = (df - p + 1) / df  # Hotelling's
    value = scale * float(estimate @ np.linalg.solve(covariance, estimate)) / p
    return value, float(stats.f.sf(value, p, df - p + 1))
