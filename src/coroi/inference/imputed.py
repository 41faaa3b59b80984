"""What would have been without treatment: entity and period effects of untreated rows, carried to the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_ALIKE = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Imputed:
    """Effects of entities and periods, fitted on untreated rows, and what is left of every row.

    Parameters
    ----------
    left : ndarray, shape (n,)
        Outcome less what is imputed: a residual in untreated rows, an effect in the others; NaN where not estimable.
    estimable, has_entity, has_period : ndarray of bool, shape (n,)
        Whether untreated rows tell the sum of the row's two effects; whether its entity has an untreated row; whether
        a row tells its period.
    untreated, tells : ndarray of bool, shape (n,)
        Rows that the effects are fitted on; those of them that periods' effects are.
    weight : ndarray, shape (n,)
    entity, period : ndarray of int, shape (n,)
        Codes from 0, without gaps.
    counts, telling : sparse array, shape (n_entities, n_periods)
        Weight of untreated rows; of those that tell periods.
    total : ndarray, shape (n_entities,)
        Their weight by entity.
    inverse : ndarray, shape (n_periods, n_periods)
        Inverse of the periods' cross-products, entities swept out; zero in directions that untreated rows do not tell.
    """

    left: np.ndarray
    estimable: np.ndarray
    has_entity: np.ndarray
    has_period: np.ndarray
    untreated: np.ndarray
    tells: np.ndarray
    weight: np.ndarray
    entity: np.ndarray
    period: np.ndarray
    counts: Any
    telling: Any
    total: np.ndarray
    inverse: np.ndarray

    def scores(self, targets: Any, centred: np.ndarray, cluster: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what each cluster adds to the error of weighted sums of effects, and to its variance beforehand.

        Parameters
        ----------
        targets : sparse array, shape (n, k)
            Weight of each row's effect in each sum; zero in rows that are untreated or not estimable.
        centred : ndarray, shape (n,)
            Effects of treated rows less what is common to rows alike; zero in all others.
        cluster : ndarray of int, shape (n,)
            Codes from 0; entities are nested in clusters.

        Returns
        -------
        scores, planned : ndarray, shape (n_clusters, k)
            The cluster's part of the error; and its part of the variance if shocks were independent with a variance of
            one over the weight, which is known before any outcome.

        Notes
        -----
        A sum of effects is a weighted sum of all outcomes; the score is the cluster's part of it, outcomes replaced by
        residuals. The weight of an untreated row is its own weight times a part of its entity and, where it tells its
        period, one of that.
        Residuals of an entity sum to zero, so that the period's part alone counts in the score. Reference: Borusyak,
        Jaravel and Spiess (2024), Review of Economic Studies 91:3253-3285, theorem 3 and its proof.
        """
        gather = _summing(cluster)
        of_entity, of_period = self._parts(targets)
        error = np.where(self.tells, self.weight * self.left, 0.0)
        scores = (gather @ targets.multiply(centred[:, None])).toarray() - _laid(
            error, cluster, self.period
        ) @ of_period
        planned = of_entity**2 * self.total[:, None] + 2 * of_entity * (self.telling @ of_period)
        planned += self.telling @ of_period**2
        first = np.zeros(len(self.total), dtype=np.int64)
        first[self.entity] = cluster
        planned = _summing(first) @ planned
        planned += (gather @ targets.power(2).multiply((1 / self.weight)[:, None])).toarray()
        return np.asarray(scores), np.maximum(planned, 0.0)  # rounding may leave less than nothing

    def weights(self, targets: Any) -> np.ndarray:
        """Return the weight of each row's outcome in sums of effects, dense, shape (n, k)."""
        of_entity, of_period = self._parts(targets)
        own = of_period[self.period] * self.tells[:, None]
        untreated = -self.weight[:, None] * (of_entity[self.entity] + own)
        return np.where(self.untreated[:, None], untreated, targets.toarray())

    def _parts(self, targets: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the parts of entities and of periods in the weights of untreated rows."""
        by_entity = (_summing(self.entity) @ targets).toarray()
        by_period = (_summing(self.period) @ targets).toarray()
        whole = np.divide(1.0, self.total, out=np.zeros(len(self.total)), where=self.total > 0)[:, None]
        of_period = self.inverse @ (by_period - self.counts.T @ (by_entity * whole))
        return whole * (by_entity - self.telling @ of_period), of_period


def impute(
    outcome: np.ndarray,
    weight: np.ndarray,
    entity: np.ndarray,
    period: np.ndarray,
    untreated: np.ndarray,
    tells: np.ndarray | None = None,
) -> Imputed:
    """Fit entity and period effects on untreated rows, and take them off every row that they reach.

    Parameters
    ----------
    outcome, weight : ndarray, shape (n,)
        Weights are above zero.
    entity, period : ndarray of int, shape (n,)
        Codes from 0, without gaps.
    untreated : ndarray of bool, shape (n,)
    tells : ndarray of bool, shape (n,), optional
        Untreated rows that periods' effects are fitted on, either all those of an entity or none: those of entities
        that are never treated; all by default. The others then tell their own entity's effect alone.

    Returns
    -------
    Imputed

    Notes
    -----
    Weighted least squares by exact algebra: entities are swept out by their means, periods by their cross-products. A
    row is estimable where its entity has untreated rows, its period rows that tell it, and a chain of those joins the
    period with all periods of the entity's. Untreated rows in a period that no row tells are left out of the fit.
    """
    from scipy import sparse

    n_entities, n_periods = int(entity.max()) + 1, int(period.max()) + 1
    tells = untreated if tells is None else untreated & tells
    by_period = np.bincount(period[tells], weights=weight[tells], minlength=n_periods)
    has_period = (by_period > 0)[period]
    untreated = untreated & has_period
    e, t, w, tell = entity[untreated], period[untreated], weight[untreated], tells[untreated]
    counts, telling = (
        sparse.coo_array((w[rows], (e[rows], t[rows])), shape=(n_entities, n_periods)).tocsr()
        for rows in (np.ones(len(w), dtype=bool), tell)
    )
    total = np.bincount(e, weights=w, minlength=n_entities)
    whole = np.divide(1.0, total, out=np.zeros(n_entities), where=total > 0)
    inverse = _inverse(np.diag(by_period) - (telling.T @ (sparse.diags_array(whole) @ telling)).toarray())
    middle = float(np.average(outcome[untreated], weights=w)) if w.size else 0.0
    y = outcome[untreated] - middle
    mean = np.bincount(e, weights=w * y, minlength=n_entities) * whole
    of_period = inverse @ np.bincount(t, weights=tell * w * (y - mean[e]), minlength=n_periods)
    of_entity = mean - whole * (counts @ of_period)
    has_entity = (total > 0)[entity]
    of_periods = _joined(e[tell], t[tell], n_entities, n_periods)[n_entities:]
    estimable = has_entity & has_period & (_reached(e, of_periods[t], n_entities)[entity] == of_periods[period])
    return Imputed(
        left=np.where(estimable, outcome - middle - of_entity[entity] - of_period[period], np.nan),
        estimable=estimable,
        has_entity=has_entity,
        has_period=has_period,
        untreated=untreated,
        tells=tells,
        weight=weight,
        entity=entity,
        period=period,
        counts=counts,
        telling=telling,
        total=total,
        inverse=inverse,
    )


def _reached(entity: np.ndarray, label: np.ndarray, n_entities: int) -> np.ndarray:
    """Return the label that all rows of an entity have; −1 where they differ or there is none."""
    low, high = np.full(n_entities, np.iinfo(np.int64).max), np.full(n_entities, -1)
    np.minimum.at(low, entity, label)
    np.maximum.at(high, entity, label)
    return np.where(low == high, low, -1)


def _inverse(gram: np.ndarray) -> np.ndarray:
    root, vectors = np.linalg.eigh(gram)
    real = root > _ALIKE * max(float(root.max(initial=0.0)), 1e-300)
    return np.asarray((vectors[:, real] / root[real]) @ vectors[:, real].T)


def _joined(entity: np.ndarray, period: np.ndarray, n_entities: int, n_periods: int) -> np.ndarray:
    """Label entities, then periods, by the rows that join them."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    n = n_entities + n_periods
    graph = sparse.coo_array((np.ones(len(entity)), (entity, n_entities + period)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1])


def _summing(code: np.ndarray) -> Any:
    """Return the matrix that sums rows by code."""
    return _laid(np.ones(len(code)), code, np.arange(len(code)))


def _laid(values: np.ndarray, row: np.ndarray, column: np.ndarray) -> Any:
    from scipy import sparse

    shape = (int(row.max()) + 1, int(column.max()) + 1)
    return sparse.coo_array((values, (row, column)), shape=shape).tocsr()
