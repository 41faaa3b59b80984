"""Leads out of sample: how units moved before their treatment, from untreated rows alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.inference.linear import least_squares, sum_by
from coroi.inference.within import sweep


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeadFit:
    """Coefficients of leads, and what each cluster adds to them.

    Parameters
    ----------
    times : ndarray of int, shape (k,)
        Event times, from the earliest.
    estimate : ndarray, shape (k,)
        NaN where it is not identified.
    scores, planned : ndarray, shape (n_clusters, k)
        Each cluster's part of the error, and of the variance if shocks were independent with a variance of one over
        the weight; zeros where not identified.
    weights : ndarray, shape (n, k)
        Weight of each row's outcome in each estimate; zero in treated rows.
    n_rows, n_entities, n_clusters : ndarray of int, shape (k,)
        Behind each lead.
    still : bool
        Whether no unit that is treated later moves before its start, so that a lead could show nothing; none is given.
    """

    times: np.ndarray
    estimate: np.ndarray
    scores: np.ndarray
    planned: np.ndarray
    weights: np.ndarray
    n_rows: np.ndarray
    n_entities: np.ndarray
    n_clusters: np.ndarray
    still: bool


def untreated_leads(
    outcome: np.ndarray,
    weight: np.ndarray,
    entity: np.ndarray,
    period: np.ndarray,
    event_time: np.ndarray,
    untreated: np.ndarray,
    cluster: np.ndarray,
    *,
    leads: int,
    last: int = -1,
) -> LeadFit:
    """Regress untreated rows on entity and period effects and on dummies of the last periods before the start.

    Parameters
    ----------
    outcome, weight : ndarray, shape (n,)
    entity, period : ndarray of int, shape (n,)
        Codes, without gaps or with.
    event_time : ndarray, shape (n,)
        Periods since the start; NaN for who is never treated.
    untreated : ndarray of bool, shape (n,)
        Rows that no effect reaches.
    cluster : ndarray of int, shape (n,)
        Codes from 0.
    leads : int
        How many periods before the start get a coefficient, each against all earlier untreated rows.
    last : int
        Event time of the last of them: −1 less the periods of anticipation.

    Returns
    -------
    LeadFit

    Notes
    -----
    No treated row is used, so that the test says nothing of the effect and the effect nothing of the test: passing it
    does not bias them. Residuals of the imputation itself would be pulled to zero. A lead is identified by units that
    are seen earlier too, beside others that are untreated in that period. Assumption under test: without treatment,
    outcomes of units differ by constants. Reference: Borusyak, Jaravel and Spiess (2024), Review of Economic Studies
    91:3253-3285, section 4.4 and proposition 3.
    """
    times = np.arange(last - leads + 1, last + 1)
    n_clusters, some = int(cluster.max()) + 1, np.flatnonzero(untreated)
    is_lead = event_time[some][:, None] == times[::-1]  # the earliest is left out where not all can be told
    w, code, who = weight[some], entity[some], cluster[some]
    estimate = np.full(leads, np.nan)
    scores, planned = np.zeros((n_clusters, leads)), np.zeros((n_clusters, leads))
    of_rows = np.zeros((len(outcome), leads))
    still = _still(outcome[some], code, np.isfinite(event_time[some]))
    if some.size and is_lead.any() and not still:
        effects = (np.unique(column, return_inverse=True)[1] for column in (code, period[some]))
        swept = sweep(np.column_stack([is_lead, outcome[some]]), *effects, weight=w).values
        fit = least_squares(swept[:, :-1], swept[:, -1], w)
        estimate = fit.coef
        weights = swept[:, :-1][:, fit.kept] @ fit.bread
        of_rows[np.ix_(some, fit.kept)] = w[:, None] * weights
        scores[:, fit.kept] = _by(fit.scores @ fit.bread, who, n_clusters)
        planned[:, fit.kept] = _by(w[:, None] * weights**2, who, n_clusters)
    return LeadFit(
        times=times,
        estimate=estimate[::-1],
        scores=scores[:, ::-1],
        planned=planned[:, ::-1],
        weights=of_rows[:, ::-1],
        n_rows=is_lead.sum(axis=0)[::-1],
        n_entities=_distinct(code, is_lead.T[::-1]),
        n_clusters=_distinct(who, is_lead.T[::-1]),
        still=still,
    )


def _still(outcome: np.ndarray, code: np.ndarray, ever: np.ndarray) -> bool:
    """Tell whether every unit that is treated later keeps one outcome, as one does that nobody has left yet."""
    if not ever.any():
        return False
    own, code = outcome[ever], np.unique(code[ever], return_inverse=True)[1]
    order = np.argsort(code, kind="stable")
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    return bool((np.maximum.reduceat(own[order], starts) == np.minimum.reduceat(own[order], starts)).all())


def _by(values: np.ndarray, code: np.ndarray, n: int) -> np.ndarray:
    found = np.zeros((n, values.shape[1]))
    summed = sum_by(values, code)
    found[: len(summed)] = summed
    return found


def _distinct(code: np.ndarray, masks: np.ndarray) -> np.ndarray:
    return np.array([len(np.unique(code[own])) for own in masks], dtype=int)
