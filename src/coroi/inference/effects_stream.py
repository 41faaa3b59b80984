"""The same estimators from blocks of whole entities: sums first, scores in a second reading, never all rows at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from coroi.inference.effects import (
    ALIKE,
    WITHIN,
    EffectsFit,
    Estimator,
    column_reasons,
    outcome_reason,
)
from coroi.inference.effects_sums import Centred, Plan, Sums, plan_of, sums_of
from coroi.inference.leverage import anew_share, most_influential
from coroi.inference.parallel import in_order
from coroi.inference.tall import times, weighted_sum, wide_cross
from coroi.schemas import EntityBlock, EntityBlocks


@dataclass(frozen=True, slots=True, eq=False)
class _Scores:
    """What the second reading tells of one estimator in one block; see :class:`coroi.inference.effects.EffectsFit`."""

    gram: np.ndarray
    right: np.ndarray
    by_entity: np.ndarray
    by_period: np.ndarray
    information: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """What the second reading tells of one block: `shift` and `furthest` are of its most influential entity."""

    scores: dict[Estimator, _Scores]
    moving: np.ndarray
    length: np.ndarray
    shift: float
    furthest: EntityBlock | None


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
    sums, centre = _first_reading(panel, between="between" in estimators)
    plans: dict[Estimator, Plan] = {each: plan_of(sums, each) for each in estimators}
    parts = list(in_order(lambda block: _second_reading(block, sums, plans, centre), panel.blocks()))
    still = sums.within.diagonal() <= sums.rows.sum() * (ALIKE * sums.largest) ** 2
    varies = np.concatenate([part.moving for part in parts])
    fits = {
        name: _finish(name, plan, [part.scores[name] for part in parts], still, varies, panel.n_rows)
        for name, plan in plans.items()
    }
    furthest = max(parts, key=lambda part: part.shift).furthest
    without = _without(furthest, estimators[0], sums, centre)
    return Streamed(fits, without, np.concatenate([part.length for part in parts]))


def _first_reading(panel: EntityBlocks, *, between: bool) -> tuple[Sums, np.ndarray]:
    blocks = panel.blocks()
    first = next(blocks)
    centre = first.columns.mean(axis=1)
    sums = Sums.none(len(panel.names), panel.n_periods)

    def work(block: EntityBlock) -> Sums:
        return sums_of(Centred(block, panel.n_periods), centre, between=between)

    for part in in_order(work, chain([first], blocks)):
        sums = sums.plus(part)
    return sums, centre


def _second_reading(block: EntityBlock, sums: Sums, plans: Mapping[Estimator, Plan], centre: np.ndarray) -> _Read:
    part, overall = Centred(block, len(sums.rows)), centre + sums.total / sums.rows.sum()
    apart = np.abs(part.own[1:]) > ALIKE * sums.largest[1:, None]
    scores = {n: _scores_of(part, n, plan, centre if n == "between" else overall) for n, plan in plans.items()}
    first, (name, plan) = next(iter(scores.values())), next(iter(plans.items()))
    shift, furthest = -1.0, None
    if name in WITHIN and plan.kept[0]:
        inverse = np.linalg.inv(plan.cross[1:, 1:][np.ix_(plan.kept, plan.kept)])[0]
        count = anew_share(sums.rows) if name == "two_way" else 1.0
        slope = inverse / inverse[0]
        at, moves = most_influential(first.by_entity @ slope, first.information, 1 / inverse[0], count)
        shift, furthest = abs(moves), _one_entity(block, at)
    return _Read(scores, np.logical_or.reduceat(apart, part.starts, axis=1).T, block.length, shift, furthest)


def _one_entity(block: EntityBlock, at: int) -> EntityBlock:
    end = int(block.length[: at + 1].sum())
    rows = slice(end - int(block.length[at]), end)
    return EntityBlock(
        columns=block.columns[:, rows].copy(), period=block.period[rows].copy(), length=block.length[[at]]
    )


def _swept(part: Centred, estimator: Estimator, plan: Plan, middle: np.ndarray) -> np.ndarray:
    """Return a block's columns with the effects swept out; of entity means, one column an entity."""
    if estimator == "between":
        return part.means - times(part.counts, plan.sweeper).T / part.length - middle[:, None]
    if estimator == "pooled":
        return part.columns - middle[:, None]
    if estimator == "entity":
        return part.own.copy()
    own = times(part.counts, plan.sweeper).T / part.length
    left = part.own - np.take(np.ascontiguousarray(plan.sweeper.T), part.period, axis=1)
    left += np.repeat(own, part.length, axis=1)
    return left


def _scores_of(part: Centred, estimator: Estimator, plan: Plan, middle: np.ndarray) -> _Scores:
    left = _swept(part, estimator, plan, middle)
    left[plan.gone] = 0.0
    design = left[1:][plan.kept]
    score = design * (left[0] - weighted_sum(plan.coef, design))
    pull = weighted_sum(plan.slope, left[1:]) ** 2
    by_entity, information, by_period = score, pull, np.zeros((0, len(score)))
    if estimator != "between":
        by_entity, information = part.sums(score), part.sums(pull[None])[0]
        by_period = part.over_time(score)
    return _Scores(wide_cross(design), score.sum(axis=1), by_entity.T, by_period, information)


def _finish(
    estimator: Estimator, plan: Plan, parts: Sequence[_Scores], still: np.ndarray, varies: np.ndarray, n_rows: int
) -> EffectsFit:
    bread = np.linalg.inv(sum((part.gram for part in parts), np.zeros_like(parts[0].gram)))
    coef = np.full(len(plan.kept), np.nan)
    coef[plan.kept] = plan.coef + bread @ sum((part.right for part in parts), np.zeros(len(bread)))
    outcome = outcome_reason(estimator, bool(plan.gone[0]), bool(still[0]))
    means = estimator == "between"
    effects = {"pooled": 1, "between": plan.rank}.get(estimator, len(varies) + plan.rank)
    return EffectsFit(
        coef=coef,
        reasons=column_reasons(estimator, outcome, plan.kept, plan.gone[1:], still[1:]),
        bread=bread,
        by_entity=np.concatenate([part.by_entity for part in parts]),
        by_period=None if means else sum((p.by_period for p in parts), np.zeros_like(parts[0].by_period)),
        moving=varies if estimator in WITHIN else np.ones_like(varies),
        spare=(len(varies) if means else n_rows) - effects - int(plan.kept.sum()),
        information=np.concatenate([part.information for part in parts]),
    )


def _without(furthest: EntityBlock | None, estimator: Estimator, sums: Sums, centre: np.ndarray) -> float:
    """Return the first coefficient without an entity; NaN where none was found, or nothing is left without it."""
    if furthest is None:
        return float("nan")
    own = sums_of(Centred(furthest, len(sums.rows)), centre, between=False)
    plan = plan_of(sums.plus(own, sign=-1), estimator)
    return float(plan.coef[0]) if plan.kept[0] else float("nan")
