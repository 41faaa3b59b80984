"""One regression of a panel with no, entity and period effects, or of entity means; scores by entity and by period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from coroi.inference.leverage import most_influential
from coroi.inference.linear import LinearFit, clustered, least_squares, serial, sum_by
from coroi.inference.within import Effects, Swept, sweep

Estimator = Literal["two_way", "entity", "between", "pooled"]
ESTIMATORS: tuple[Estimator, ...] = ("two_way", "entity", "between", "pooled")
WITHIN: tuple[Estimator, ...] = ("two_way", "entity")
EFFECTS: dict[Estimator, Effects] = {"two_way": "both", "entity": "entity", "pooled": "none"}
ALIKE = 1e-10  # share of a column's largest value below which nothing but rounding is left
_RANK = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectsFit:
    """One estimator's coefficients, with all that its errors need.

    Parameters
    ----------
    coef : ndarray, shape (p,)
        NaN where not identified.
    reasons : tuple of str
        Why a coefficient is not identified; empty where it is.
    bread : ndarray, shape (q, q)
        Inverse of the cross-products of the q identified columns.
    by_entity : ndarray, shape (n_entities, q)
        Scores summed by entity.
    by_period : ndarray, shape (n_periods, q), or None
        Scores summed by period; none for entity means, which have no time.
    moving : ndarray of bool, shape (n_entities, p)
        Entities that tell something of each column: within, those in which it varies.
    spare : int
        Rows, or means, beyond coefficients and effects.
    information : ndarray, shape (n_entities,)
        Each entity's part in the sum of squares of the first column, the others swept out; zeros where that is not
        identified.
    """

    coef: np.ndarray
    reasons: tuple[str, ...]
    bread: np.ndarray
    by_entity: np.ndarray
    by_period: np.ndarray | None
    moving: np.ndarray
    spare: int
    information: np.ndarray

    @property
    def kept(self) -> np.ndarray:
        """The identified columns, shape (p,)."""
        return ~np.isnan(self.coef)

    def influence(self, cluster: np.ndarray) -> np.ndarray:
        """Return each cluster's influence on the identified coefficients, shape (n_clusters, q)."""
        return sum_by(self.by_entity, cluster) @ self.bread

    def by_cluster(self, cluster: np.ndarray) -> np.ndarray:
        """Return the covariance of the identified coefficients with entities' clusters, factor G / (G − 1)."""
        return clustered(self._summed(self.by_entity), cluster)

    def over_time(self, n_lags: int, *, factor: bool = True) -> np.ndarray:
        """Return their covariance by Driscoll and Kraay, with the factor T / (T − 1) of T periods or without."""
        assert self.by_period is not None
        n = len(self.by_period)
        return serial(self._summed(self.by_period), np.arange(n), n_lags) * (n / (n - 1) if factor else 1.0)

    def furthest(self, count: float = 1.0) -> int:
        """Return the entity without which the first coefficient moves most; `count` as in `most_influential`."""
        slope = self.bread[:, 0] / self.bread[0, 0]
        return most_influential(self.by_entity @ slope, self.information, 1 / self.bread[0, 0], count)[0]

    def _summed(self, scores: np.ndarray) -> LinearFit:
        return LinearFit(coef=self.coef, kept=self.kept, bread=self.bread, scores=scores, residual=scores[:, :0])


def fit_effects(values: np.ndarray, entity: np.ndarray, period: np.ndarray, estimator: Estimator) -> EffectsFit:
    """Fit one estimator to rows in memory.

    Parameters
    ----------
    values : ndarray, shape (n, 1 + p)
        Outcome and regressors.
    entity, period : ndarray of int, shape (n,)
        Codes of the entities from 0 without gaps; periods counted from 0.
    estimator : str
        ``two_way``: entity and period effects; ``entity``: entity effects alone; ``pooled``: none; ``between``: means
        of entities, each entity once, with the share of its rows in each period as further regressors, so that
        entities seen in other periods are compared like with like. In a balanced panel those shares are all alike.

    Returns
    -------
    EffectsFit

    Notes
    -----
    Reference: Baltagi (2021), Econometric Analysis of Panel Data, sections 2.2 and 3.2.
    """
    within = sweep(values, entity, period, effects="entity").values
    if estimator == "between":
        swept, group, when = _between(values, entity, period), np.arange(int(entity.max()) + 1), None
    else:
        code = np.unique(period, return_inverse=True)[1]
        swept, group, when = sweep(values, entity, code, effects=EFFECTS[estimator]), entity, period
    left = swept.values
    gone, still = np.all(left == 0, axis=0), np.all(within == 0, axis=0)
    reasons = outcome_reason(estimator, gone[0], still[0])
    fit = least_squares(left[:, 1:] * (not reasons), left[:, 0])
    kept, slope = fit.kept, np.zeros(left.shape[1] - 1)
    if kept[0]:
        slope[kept] = fit.bread[:, 0] / fit.bread[0, 0]
    varies = np.abs(within[:, 1:]) > ALIKE * np.abs(values[:, 1:]).max(axis=0)
    return EffectsFit(
        coef=fit.coef,
        reasons=column_reasons(estimator, reasons, kept, gone[1:], still[1:]),
        bread=fit.bread,
        by_entity=sum_by(fit.scores, group),
        by_period=None if when is None else sum_by(fit.scores, when),
        moving=moving_entities(varies, entity, estimator),
        spare=len(left) - swept.n_effects - int(kept.sum()),
        information=sum_by((left[:, 1:] @ slope)[:, None] ** 2, group)[:, 0],
    )


def outcome_reason(estimator: Estimator, gone: bool, still: bool) -> str:
    """Say why an outcome tells nothing; empty where it does."""
    if not gone:
        return ""
    return f"the outcome {_gone_words(estimator, still)}"


def column_reasons(
    estimator: Estimator, outcome: str, kept: np.ndarray, gone: np.ndarray, still: np.ndarray
) -> tuple[str, ...]:
    """Say of each column why it is not in the fit; empty where it is.

    Parameters
    ----------
    estimator : str
        As in :func:`fit_effects`.
    outcome : str
        What is wrong with the outcome, if anything.
    kept, gone, still : ndarray of bool, shape (p,)
        Columns in the fit, of which nothing is left, and that never vary within an entity.
    """
    found = []
    for stays, nothing, constant in zip(kept, gone, still, strict=True):
        if stays:
            found.append("")
        elif nothing:
            found.append(f"it {_gone_words(estimator, constant)}")
        else:
            found.append(outcome or "it is a combination of the columns before it")
    return tuple(found)


def _gone_words(estimator: Estimator, still: bool) -> str:
    if estimator == "pooled":
        return "never varies"
    if estimator == "between":
        return "does not differ between entities beyond the periods in which they were seen"
    return "never varies within an entity" if still else "varies within entities only as the periods do"


def moving_entities(varies: np.ndarray, entity: np.ndarray, estimator: Estimator) -> np.ndarray:
    """Mark the entities that tell something of each column, from the rows that differ from their entity's mean."""
    if estimator in WITHIN:
        return sum_by(varies, entity) > 0
    return np.ones((int(entity.max()) + 1, varies.shape[1]), dtype=bool)


def mean_effects(gram: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, int]:
    """Solve normal equations that may lack rank, by the least of all solutions; return it with the rank.

    Parameters
    ----------
    gram : ndarray, shape (m, m)
    right : ndarray, shape (m, k)
    """
    root, vectors = np.linalg.eigh(gram)
    real = root > _RANK * max(root.max(), 1e-300)
    return (vectors[:, real] / root[real]) @ (vectors[:, real].T @ right), int(real.sum())


def _between(values: np.ndarray, entity: np.ndarray, period: np.ndarray) -> Swept:
    """Return entity means without what shares of rows by period explain; exact zeros where nothing is left."""
    n_entities, n_periods = int(entity.max()) + 1, int(period.max()) + 1
    counts = np.bincount(entity * n_periods + period, minlength=n_entities * n_periods).reshape(n_entities, n_periods)
    rows = counts.sum(axis=1, keepdims=True)
    shares, means = counts / rows, sum_by(values - values.mean(axis=0), entity) / rows
    effects, rank = mean_effects(shares.T @ shares, shares.T @ means)
    left = means - shares @ effects
    left[:, np.abs(left).max(axis=0) <= ALIKE * np.abs(values).max(axis=0)] = 0.0
    return Swept(values=left, n_effects=rank)
