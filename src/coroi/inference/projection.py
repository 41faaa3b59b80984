"""Local projections: what a column goes with some periods later, one regression a horizon, tied by row influence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coroi.inference.linear import least_squares
from coroi.inference.panels import shifted
from coroi.inference.within import Effects, sweep


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One horizon.

    Parameters
    ----------
    estimate : float
        NaN where there is none.
    rows : ndarray of int
        Positions of the rows in the regression.
    moved : ndarray, shape (n_rows_in,)
        Influence of each of these rows on the estimate.
    reason : str
        Why there is no estimate; empty where there is one.
    """

    estimate: float
    rows: np.ndarray
    moved: np.ndarray
    reason: str = ""


def ahead(outcome: np.ndarray, entity: np.ndarray, period: np.ndarray, horizon: int, *, cumulative: bool) -> np.ndarray:
    """Return the outcome a number of periods later, or its sum from now until then; NaN where a period is missing.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
    entity, period : ndarray of int, shape (n,)
        Sorted, as in :class:`coroi.inference.panels.PanelRows`.
    horizon : int
        Periods, from 0.
    cumulative : bool
        Whether the sum is wanted.
    """
    if not cumulative:
        return shifted(outcome, entity, period, -horizon)
    return np.asarray(sum(shifted(outcome, entity, period, -h) for h in range(horizon + 1)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """What the regressions of all horizons are made of.

    Parameters
    ----------
    held : ndarray, shape (n, p)
        Controls now, and past values.
    metric : ndarray, shape (n,)
        Now, or its change.
    later : tuple of ndarray, each of shape (n,)
        The outcome at each horizon, or its sum until then.
    """

    held: np.ndarray
    metric: np.ndarray
    later: tuple[np.ndarray, ...]


def projection_columns(
    values: np.ndarray,
    entity: np.ndarray,
    period: np.ndarray,
    *,
    metric: int,
    controls: Sequence[int],
    past: Sequence[int],
    lags: int,
    horizons: int,
    cumulative: bool,
    change: bool,
    common: bool,
) -> Columns:
    """Lay out outcome, metric and what is held; NaN where a period is missing.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        The outcome first.
    entity, period : ndarray of int, shape (n,)
        Sorted, as in :class:`coroi.inference.panels.PanelRows`.
    metric : int
        Column of the metric; 0 if the outcome is projected on itself.
    controls, past : sequence of int
        Columns held as they are now, and columns of which the last values are held: of a metric that is a change, its
        last changes.
    lags : int
        Last values that are held.
    horizons : int
        Last horizon.
    cumulative, change : bool
        Whether the outcome is a sum, and the metric a change.
    common : bool
        Whether rows that lack the outcome at some horizon are left out of all.
    """
    now = values[:, metric]
    if change:
        now = now - shifted(now, entity, period, 1)
    lagged = values.copy()
    if metric:
        lagged[:, metric] = now
    before = [shifted(lagged[:, list(past)], entity, period, by) for by in range(1, lags + 1)]
    held = np.hstack([values[:, list(controls)], *before])
    later = [ahead(values[:, 0], entity, period, h, cumulative=cumulative) for h in range(horizons + 1)]
    if common:
        missing = ~np.isfinite(np.column_stack(later)).all(axis=1)
        later = [np.where(missing, np.nan, each) for each in later]
    return Columns(held=held, metric=now, later=tuple(later))


def project(
    held: np.ndarray,
    metric: np.ndarray,
    later: np.ndarray,
    entity: np.ndarray,
    period: np.ndarray,
    *,
    effects: Effects = "both",
) -> Step:
    """Regress a later outcome on the metric now, with other columns held and effects swept out.

    Parameters
    ----------
    held : ndarray, shape (n, p)
        NaN where missing.
    metric, later : ndarray, shape (n,)
    entity, period : ndarray of int, shape (n,)
        Sorted, as in :class:`coroi.inference.panels.PanelRows`.
    effects : str
        See :func:`coroi.inference.within.sweep`.

    Returns
    -------
    Step
        Rows with a missing value, and with entity effects those of entities with one row, are left out.
    """
    rows = _usable(np.column_stack([held, metric, later]), entity, effects)
    return _fit(rows, held, metric, later, entity, period, effects)


def halve(
    whole: Step,
    held: np.ndarray,
    metric: np.ndarray,
    later: np.ndarray,
    entity: np.ndarray,
    period: np.ndarray,
    *,
    effects: Effects = "both",
) -> Step:
    """Take the first-order bias of short panels out of a horizon by half panels.

    Parameters
    ----------
    whole : Step
        From :func:`project` with the same columns, which are told there.
    held, metric, later, entity, period, effects
        See :func:`project`.

    Notes
    -----
    Twice the estimate less the mean of those from each entity's first and second half of rows, weighted by their rows,
    effects swept out of each half anew. The bias of order 1/T goes, that of 1/T² and some precision are the price.
    Without entity effects there is none, and the horizon stays as it is. Reference: Dhaene and Jochmans (2015), Review
    of Economic Studies 82:991-1030, section 3; for projections Mei, Sheng and Shi (2026), Journal of International
    Economics 160:104210.
    """
    if whole.reason or effects in ("none", "period"):
        return whole
    rows, second = whole.rows, _second_half(entity[whole.rows])
    estimate, moved = 2 * whole.estimate, 2 * whole.moved
    for half in (~second, second):
        part = _fit(rows[half], held, metric, later, entity, period, effects)
        if part.reason:
            why = f"in half the panel {part.reason}"
            return Step(estimate=np.nan, rows=rows, moved=np.zeros(len(rows)), reason=why)
        share = half.mean()
        estimate -= share * part.estimate
        moved[half] -= share * part.moved
    return Step(estimate=float(estimate), rows=rows, moved=moved)


def _usable(values: np.ndarray, entity: np.ndarray, effects: Effects) -> np.ndarray:
    rows = np.flatnonzero(np.isfinite(values).all(axis=1))
    if effects in ("entity", "both") and len(rows):
        rows = rows[np.bincount(entity[rows])[entity[rows]] > 1]
    return rows


def _second_half(entity: np.ndarray) -> np.ndarray:
    """Mark the later half of each entity's rows; of an odd number the one in the middle is in the first."""
    first = np.append(True, entity[1:] != entity[:-1])
    start = np.flatnonzero(first)
    count = np.diff(np.append(start, len(entity)))
    place = np.arange(len(entity)) - np.repeat(start, count)
    return np.asarray(place >= np.repeat((count + 1) // 2, count))


def _fit(
    rows: np.ndarray,
    held: np.ndarray,
    metric: np.ndarray,
    later: np.ndarray,
    entity: np.ndarray,
    period: np.ndarray,
    effects: Effects,
) -> Step:
    nothing = np.zeros(len(rows))
    if len(rows) == 0:
        return Step(estimate=np.nan, rows=rows, moved=nothing, reason="no row has all values that it takes")
    codes = (np.unique(each[rows], return_inverse=True)[1] for each in (entity, period))
    columns = np.column_stack([held[rows], metric[rows], later[rows]])
    swept = sweep(columns, *codes, effects=effects)
    *_, own, target = swept.values.T
    if not own.any():
        return Step(estimate=np.nan, rows=rows, moved=nothing, reason="the metric never varies beyond the effects")
    if not target.any():
        return Step(estimate=np.nan, rows=rows, moved=nothing, reason="the outcome never varies beyond the effects")
    fit = least_squares(swept.values[:, :-1], target)
    if not fit.kept[-1]:
        return Step(estimate=np.nan, rows=rows, moved=nothing, reason="the metric is made up of what is held")
    if len(rows) <= swept.n_effects + int(fit.kept.sum()):
        return Step(estimate=np.nan, rows=rows, moved=nothing, reason="there are no more rows than parameters")
    return Step(estimate=float(fit.coef[-1]), rows=rows, moved=fit.scores @ fit.bread[:, -1])
