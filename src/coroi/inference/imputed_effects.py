"""Averages of imputed effects and leads, joined, with each cluster's influence on all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from coroi.inference.absorbed import Spread, absorbed, residual_spread, worth_it
from coroi.inference.cohort_errors import Moved, Strata, centred, moved_within, strata_of
from coroi.inference.effect_terms import KEYS, EffectTerms
from coroi.inference.few_units import too_few_in_cohorts
from coroi.inference.imputed import Imputed
from coroi.inference.roll_outs import RollOut
from coroi.inference.untreated_leads import LeadFit

_OF_GROUPS = ("group", "difference")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImputedEffects:
    """What a roll-out's estimates are made of.

    Parameters
    ----------
    keys : list of dict, k of them
        Leads first, then averages, as :class:`coroi.inference.effect_terms.EffectTerms` tells them.
    estimate : ndarray, shape (k,)
    moved : Moved
    reasons : list of str
        Why an estimate is not identified; empty where it is.
    """

    keys: list[dict]
    estimate: np.ndarray
    moved: Moved
    reasons: list[str]


def imputed_effects(
    roll_out: RollOut, found: Imputed, terms: EffectTerms, before: LeadFit, group: np.ndarray | None
) -> ImputedEffects:
    """Join leads and averages of effects.

    Parameters
    ----------
    roll_out : RollOut
    found : Imputed
    terms : EffectTerms
    before : LeadFit
    group : ndarray, shape (n,), optional
        Group of each row's unit: figures of groups compare clusters within cohort and group, all others within cohort.

    Returns
    -------
    ImputedEffects
    """
    strata = strata_of(roll_out.first, roll_out.cluster)
    grouped = np.array([key["term"] in _OF_GROUPS for key in terms.keys])
    parts = [
        _moved_leads(roll_out, found, before, strata),
        _moved(roll_out, found, terms.targets[:, ~grouped], strata),
    ]
    if grouped.any():
        apart = strata_of(roll_out.first, roll_out.cluster, group)
        parts.append(_moved(roll_out, found, terms.targets[:, grouped], apart))
    moved = Moved.join(parts)
    none = {**dict.fromkeys(KEYS[1:3], np.nan), "group": "", "n_lost": 0}
    leads = [
        {"term": "event_time", "event_time": float(time), "n_units": int(units), "n_rows": int(rows), **none}
        for time, units, rows in zip(before.times, before.n_entities, before.n_rows, strict=True)
    ]
    keys = [*leads, *terms.keys]
    estimate = np.concatenate([before.estimate, terms.targets.T @ np.nan_to_num(found.left)])
    lost = [_why_not(key, before) for key in keys]
    few = too_few_in_cohorts(np.concatenate([before.n_clusters, terms.clusters]), moved)
    reasons = [one or other for one, other in zip(lost, few, strict=True)]
    return ImputedEffects(keys=keys, estimate=estimate, moved=moved, reasons=reasons)


def _moved(roll_out: RollOut, found: Imputed, targets: Any, strata: Strata) -> Moved:
    """Return the influence on averages, effects centred within strata and times since the start."""
    rows = np.flatnonzero(roll_out.affected & found.estimable)
    own = np.zeros(len(found.left))
    time = np.unique(roll_out.event_time[rows], return_inverse=True)[1]
    who, weight = roll_out.cluster[rows], roll_out.weight
    alike = np.unique(strata.code[who] * (time.max(initial=0) + 1) + time, return_inverse=True)[1]
    own[rows] = centred(found.left[rows], weight[rows], alike, time, who)
    scores, planned = found.scores(targets, own, roll_out.cluster)
    if not worth_it(planned, strata, len(own)):
        return moved_within(scores, planned, strata)
    spread = _spread(found).centred(rows, weight[rows], alike, time, who)
    factor = absorbed(found.weights(targets), spread, weight, roll_out.cluster, planned, strata)
    return moved_within(scores, planned, strata, factor)


def _moved_leads(roll_out: RollOut, found: Imputed, before: LeadFit, strata: Strata) -> Moved:
    """Return the influence on leads."""
    if not worth_it(before.planned, strata, len(found.left)):
        return moved_within(before.scores, before.planned, strata)
    dummies = (roll_out.event_time[:, None] == before.times)[:, np.isfinite(before.estimate)]
    spread = residual_spread(np.hstack([dummies, _effects(found)]), roll_out.weight, ~roll_out.affected)
    factor = absorbed(before.weights, spread, roll_out.weight, roll_out.cluster, before.planned, strata)
    return moved_within(before.scores, before.planned, strata, factor)


def _spread(found: Imputed) -> Spread:
    """Return the covariance of what the imputation leaves of each row.

    Notes
    -----
    Where some untreated rows tell their own entity's effect alone, periods' effects come from other rows and are
    independent of them: an entity's part of the covariance is then that of its own mean, and all such rows share the
    error of the periods' effects less their mean over the entity's untreated rows.
    """
    effects = _effects(found)
    if (found.tells == found.untreated).all():
        return residual_spread(effects, found.weight, found.untreated)
    fitted = residual_spread(effects, found.weight, found.tells)
    within = np.where(found.tells[:, None], fitted.columns, 0.0)
    inside = within[:, within.any(axis=0)]
    n_entities = len(found.total)
    whole = np.divide(1.0, found.total, out=np.zeros(n_entities), where=found.total > 0)
    mean = effects[:, :n_entities] * np.sqrt(whole)
    alone = found.untreated & ~found.tells
    root, vectors = np.linalg.eigh(found.inverse)
    share = found.counts.toarray() * whole[:, None]
    contrast = np.where(found.tells[:, None], 0.0, effects[:, n_entities:] - share[found.entity])
    shared = contrast @ (vectors * np.sqrt(np.clip(root, 0.0, None)))
    own, others = (np.where(rows[:, None], mean, 0.0) for rows in (alone, ~found.untreated))
    return Spread(
        columns=np.hstack([inside, own, others, shared]),
        sign=np.repeat([-1.0, -1.0, 1.0, 1.0], [inside.shape[1], n_entities, n_entities, shared.shape[1]]),
    )


def _effects(found: Imputed) -> np.ndarray:
    """Lay out dummies of entities and periods."""
    entity, period = np.arange(len(found.total)), np.arange(len(found.inverse))
    return np.hstack([found.entity[:, None] == entity, found.period[:, None] == period]).astype(float)


def _why_not(row: dict, before: LeadFit) -> str:
    """Say why a term has no estimate; empty where it has one."""
    if row["term"] == "event_time" and row["event_time"] in before.times:
        at = int(row["event_time"] - before.times[0])
        if not row["n_rows"]:
            return "no unit is seen untreated that long before its start"
        if before.still:
            return "no treated unit's outcome moves before its start, as in a cohort fixed there: nothing could show"
        return "" if np.isfinite(before.estimate[at]) else "nothing earlier is left to compare it with"
    if row["n_rows"]:
        return ""
    if row["n_lost"]:
        return "no untreated row tells what its rows would have been; the check of lost cells lists them"
    return "no unit can be told at all times up to it"
