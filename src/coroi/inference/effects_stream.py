"""The same estimators from blocks of whole entities: sums first, scores in a second reading, never all rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from coroi.inference.effects import (
    ALIKE,
    WITHIN,
    EffectsFit,
    Estimator,
    column_reasons,
    outcome_reason,
)
from coroi.inference.effects_sums import Centred, Plan, Sums, add_entities, plan_of
from coroi.inference.leverage import most_influential
from coroi.schemas import EntityBlock, EntityBlocks


@dataclass(slots=True, eq=False)
class _Scores:
    """What the second reading sums for one estimator; lists have a part a block."""

    gram: np.ndarray
    right: np.ndarray
    by_period: np.ndarray
    by_entity: list[np.ndarray] = field(default_factory=list)
    information: list[np.ndarray] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Streamed:
    """What two readings of a panel tell.

    Parameters
    ----------
    fits : dict of str to EffectsFit
        By estimator.
    without : float
        The first coefficient of the first estimator, if that is within, without its most influential entity; NaN
        where there is none.
    length : ndarray, shape (n_entities,)
        Rows of each entity.
    """

    fits: dict[Estimator, EffectsFit]
    without: float
    length: np.ndarray


def stream_effects(panel: EntityBlocks, estimators: Sequence[Estimator]) -> Streamed:
    """Fit estimators to a panel that is read in blocks.

    Parameters
    ----------
    panel : EntityBlocks
        Read twice.
    estimators : sequence of str
        As in :func:`coroi.inference.effects.fit_effects`.

    Returns
    -------
    Streamed
        Coefficients and scores of the rows in memory, up to rounding.

    Raises
    ------
    DataError
        If an entity has a period twice.

    Notes
    -----
    Entities' means are swept out within the block; what is left needs one system of equations with a row a period,
    whose cross-products are sums over entities. Held are a few numbers an entity and the square of the periods.
    Without an entity the sums are less its own, so that leaving it out takes no reading.
    """
    sums, centre = _first_reading(panel, estimators)
    plans: dict[Estimator, Plan] = {each: plan_of(sums, each) for each in estimators}
    scores = {name: _empty(plan, panel.n_periods) for name, plan in plans.items()}
    moving, lengths, overall = [], [], centre + sums.total / sums.rows.sum()
    candidate = _Candidate(estimators[0], plans[estimators[0]])
    for block in panel.blocks():
        part = Centred(block, panel.n_periods)
        apart = np.abs(part.own[1:]) > ALIKE * sums.largest[1:, None]
        moving.append(np.logical_or.reduceat(apart, part.starts, axis=1).T)
        lengths.append(block.length)
        for name, plan in plans.items():
            _add_scores(scores[name], part, name, plan, centre if name == "between" else overall)
        candidate.look(block, scores[estimators[0]])
    still = sums.within.diagonal() <= sums.rows.sum() * (ALIKE * sums.largest) ** 2
    varies = np.concatenate(moving)
    fits = {name: _finish(name, plans[name], scores[name], still, varies, panel.n_rows) for name in estimators}
    return Streamed(fits, candidate.without(sums, centre), np.concatenate(lengths))


def _first_reading(panel: EntityBlocks, estimators: Sequence[Estimator]) -> tuple[Sums, np.ndarray]:
    sums, centre = Sums.none(len(panel.names), panel.n_periods), None
    for block in panel.blocks():
        centre = block.columns.mean(axis=1) if centre is None else centre
        add_entities(sums, Centred(block, panel.n_periods), centre, between="between" in estimators)
    assert centre is not None
    return sums, centre


def _empty(plan: Plan, n_periods: int) -> _Scores:
    q = int(plan.kept.sum())
    return _Scores(np.zeros((q, q)), np.zeros(q), np.zeros((n_periods, q)))


def _swept(part: Centred, estimator: Estimator, plan: Plan, middle: np.ndarray) -> np.ndarray:
    """Return a block's columns with the effects swept out; of entity means, one column an entity."""
    if estimator == "between":
        return part.means - plan.sweeper.T @ (part.counts / part.length[:, None]).T - middle[:, None]
    if estimator == "pooled":
        return part.columns - middle[:, None]
    if estimator == "entity":
        return part.own.copy()
    effects = plan.sweeper.T
    own = (part.counts @ plan.sweeper).T / part.length
    return part.own - np.take(effects, part.period, axis=1) + np.repeat(own, part.length, axis=1)


def _add_scores(found: _Scores, part: Centred, estimator: Estimator, plan: Plan, middle: np.ndarray) -> None:
    left = _swept(part, estimator, plan, middle)
    left[plan.gone] = 0.0
    design = left[1:][plan.kept]
    score = design * (left[0] - plan.coef @ design)
    pull = (plan.slope @ left[1:])[None] ** 2
    found.gram += design @ design.T
    found.right += score.sum(axis=1)
    if estimator == "between":
        found.by_entity.append(score.T)
        found.information.append(pull[0])
        return
    found.by_entity.append(part.sums(score).T)
    found.information.append(part.sums(pull)[0])
    found.by_period += part.over_time(score, len(found.by_period))


def _finish(
    estimator: Estimator, plan: Plan, found: _Scores, still: np.ndarray, varies: np.ndarray, n_rows: int
) -> EffectsFit:
    bread = np.linalg.inv(found.gram)
    coef = np.full(len(plan.kept), np.nan)
    coef[plan.kept] = plan.coef + bread @ found.right
    outcome = outcome_reason(estimator, bool(plan.gone[0]), bool(still[0]))
    return EffectsFit(
        coef=coef,
        reasons=column_reasons(estimator, outcome, plan.kept, plan.gone[1:], still[1:]),
        bread=bread,
        by_entity=np.concatenate(found.by_entity),
        by_period=None if estimator == "between" else found.by_period,
        spare=_spare(estimator, plan, found, n_rows),
        moving=varies if estimator in WITHIN else np.ones_like(varies),
        information=np.concatenate(found.information),
    )


def _spare(estimator: Estimator, plan: Plan, found: _Scores, n_rows: int) -> int:
    n_entities = sum(map(len, found.by_entity))
    rows = n_entities if estimator == "between" else n_rows
    effects = {"pooled": 1, "between": plan.rank}.get(estimator, n_entities + plan.rank)
    return rows - effects - int(plan.kept.sum())


class _Candidate:
    """The entity without which the first coefficient moves most, as far as blocks were read, with its rows."""

    def __init__(self, estimator: Estimator, plan: Plan) -> None:
        self.estimator, self.kept = estimator, plan.kept
        self.bread = np.linalg.inv(plan.cross[1:, 1:][np.ix_(plan.kept, plan.kept)])
        self.shift = -1.0
        self.rows: EntityBlock | None = None

    def look(self, block: EntityBlock, found: _Scores) -> None:
        """Hold the block's entities, whose scores were added last, against the one found before."""
        if self.estimator not in WITHIN or not self.kept[0]:
            return
        score = found.by_entity[-1] @ (self.bread[:, 0] / self.bread[0, 0])
        at, shift = most_influential(score, found.information[-1], 1 / self.bread[0, 0])
        if abs(shift) > self.shift:
            end = int(block.length[: at + 1].sum())
            rows = slice(end - int(block.length[at]), end)
            self.shift = abs(shift)
            self.rows = EntityBlock(
                columns=block.columns[:, rows].copy(), period=block.period[rows].copy(), length=block.length[[at]]
            )

    def without(self, sums: Sums, centre: np.ndarray) -> float:
        """Return the coefficient without that entity."""
        if self.rows is None:
            return float("nan")
        part = Centred(self.rows, len(sums.rows))
        add_entities(sums, part, centre, between=False, sign=-1)
        plan = plan_of(sums, self.estimator)
        return float(plan.coef[0]) if plan.kept[0] else float("nan")
