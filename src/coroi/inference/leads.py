"""Effects before they can be there, from rows that no effect was fitted on: the honest pre-trend of an imputation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.errors import DataError
from coroi.inference.linear import least_squares, sum_by
from coroi.inference.within import sweep

FEW_CLUSTERS = 200
"""Up to as many clusters, influence is what leaving each of them out changes; beyond, the linear approximation."""

_LEAST_TREATED = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leads:
    """Estimates by periods before the start, and each cluster's influence on them.

    Parameters
    ----------
    event_time : ndarray of int, shape (p,)
        −1, −2, … ; what is not identified is left out.
    estimate : ndarray, shape (p,)
        Difference to the periods further before the start, in the outcome's unit.
    moved : ndarray, shape (n_clusters, p)
        Influence by cluster; with few clusters from leaving each of them out.
    distance : ndarray, shape (p,)
        Periods from what each lead is compared with, on average: what a straight line would make of them.
    n_rows, n_treated : int
        Rows without treatment that were used, and those of entities treated later among them.
    left_out : tuple of int
        Event times asked for that are not identified.
    """

    event_time: np.ndarray
    estimate: np.ndarray
    moved: np.ndarray
    distance: np.ndarray
    n_rows: int
    n_treated: int
    left_out: tuple[int, ...]


def leads_before(
    outcome: np.ndarray,
    entity: np.ndarray,
    period: np.ndarray,
    cohort: np.ndarray,
    *,
    n_leads: int,
    cluster: np.ndarray | None = None,
    anticipation: int = 0,
) -> Leads:
    """Regress the outcome of untreated rows on indicators of the last periods before the start.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
    entity, period : ndarray of int, shape (n,)
        Codes of who, from 0, and numbers that count time.
    cohort : ndarray, shape (n,)
        Period of each entity's first treatment; NaN or infinite where it never comes.
    n_leads : int
        Periods before the start that get an indicator; those further before it are what they are compared with.
    cluster : ndarray of int, shape (n,), optional
        Codes from 0; the entity by default.
    anticipation : int
        Periods before the start in which an effect is allowed: they count as treated.

    Returns
    -------
    Leads

    Raises
    ------
    DataError
        If no lead is asked for, or there is no untreated row.

    Notes
    -----
    Entity and period effects are fitted to untreated rows alone, together with the leads, so that the test does not
    use what the effects are estimated from, and passing it does not bias them. Residuals of an imputation's own fit
    are no such test: the fit pulls them to zero. A lead is identified by entities that are seen further before their
    start too, beside others that are untreated in that period; one that a single cluster carries is left out. With few
    clusters the covariance is the jackknife's (CR3), for the linear one is too small there and gives false alarms.
    Assumption under test: without treatment, outcomes of entities differ by constants. References: Borusyak, Jaravel
    and Spiess (2024), Review of Economic Studies 91:3253-3285, on testing for parallel trends; MacKinnon, Nielsen and
    Webb (2023), Journal of Applied Econometrics 38:671-694, for the jackknife.
    """
    if n_leads < 1:
        raise DataError(f"{n_leads} leads were asked for; there has to be at least one.")
    treated_later = np.isfinite(cohort)
    until = np.where(treated_later, period - cohort, -np.inf)
    free = (until < -anticipation) & np.isfinite(outcome)
    if not free.any():
        raise DataError("no row is untreated, so that there is nothing before the start to look at.")
    times = -1 - anticipation - np.arange(n_leads)
    who, when = (np.unique(code[free], return_inverse=True)[1] for code in (entity, period))
    group = who if cluster is None else np.unique(cluster[free], return_inverse=True)[1]
    indicators = (until[free][:, None] == times).astype(float)
    carried = np.array([len(np.unique(group[column > 0])) for column in indicators.T])
    line = np.where(treated_later[free], until[free], 0.0)
    swept = sweep(np.column_stack([indicators, outcome[free], line]), who, when).values
    fit, straight = (least_squares(swept[:, :n_leads], swept[:, at]) for at in (-2, -1))
    moved = sum_by(fit.scores, group) @ fit.bread
    if len(moved) <= FEW_CLUSTERS:
        moved = _left_out(indicators[:, fit.kept], outcome[free], who, when, group)
    told = fit.kept & (carried >= _LEAST_TREATED)
    return Leads(
        event_time=times[told],
        estimate=fit.coef[told],
        moved=moved[:, told[fit.kept]],
        distance=straight.coef[told],
        n_rows=int(free.sum()),
        n_treated=int((free & treated_later).sum()),
        left_out=tuple(int(t) for t in times[~told]),
    )


def _left_out(
    indicators: np.ndarray, outcome: np.ndarray, who: np.ndarray, when: np.ndarray, group: np.ndarray
) -> np.ndarray:
    """Return what leaving out each cluster changes, scaled as an influence, shape (n_clusters, p).

    Notes
    -----
    Entities lie within clusters, so that sweeping them out is the same with and without a cluster; periods are not, and
    stay in as indicators.
    """
    periods = when[:, None] == np.arange(1, when.max() + 1)
    columns = np.column_stack([periods, indicators, outcome]).astype(float)
    swept = sweep(columns, who, who, effects="entity").values
    design, residual = swept[:, :-1], swept[:, -1]
    gram = design.T @ design
    residual = residual - design @ (np.linalg.pinv(gram, hermitian=True) @ (design.T @ residual))
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group))
    p, n_clusters = indicators.shape[1], len(ends)
    moved = np.zeros((n_clusters, p))
    for g, rows in enumerate(np.split(order, ends[:-1])):
        own = design[rows]
        without = np.linalg.pinv(gram - own.T @ own, hermitian=True)
        moved[g] = (without @ (own.T @ residual[rows]))[len(gram) - p :]
    return moved * ((n_clusters - 1) / n_clusters)
