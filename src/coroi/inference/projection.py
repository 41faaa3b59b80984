"""Local projections: what a column goes with some periods later, one regression a horizon, tied by row influence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from coroi.inference.leverage import anew, shifts_without
from coroi.inference.linear import least_squares
from coroi.inference.panels import shifted
from coroi.inference.reach import counterweighed
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
    shift : ndarray, shape (n_entities_in,)
        What the estimate moves by without each entity that is in, in the order of their codes; empty unless asked for.
    """

    estimate: float
    rows: np.ndarray
    moved: np.ndarray
    reason: str = ""
    shift: np.ndarray = field(default_factory=lambda: np.zeros(0))


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
    reach: int = 0,
    shifts: bool = False,
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
    reach : int
        Periods apart up to which the bias of sweeping out entities is taken out, see
        :func:`coroi.inference.reach.balance`; 0 for plain least squares.
    shifts : bool
        Tell what the estimate moves by without each entity.

    Returns
    -------
    Step
        Rows with a missing value, and with entity effects those of entities with one row, are left out.
    """
    rows = _usable(np.column_stack([held, metric, later]), entity, effects)
    return _fit(rows, held, metric, later, entity, period, effects, reach, shifts)


def _usable(values: np.ndarray, entity: np.ndarray, effects: Effects) -> np.ndarray:
    rows = np.flatnonzero(np.isfinite(values).all(axis=1))
    if effects in ("entity", "both") and len(rows):
        rows = rows[np.bincount(entity[rows])[entity[rows]] > 1]
    return rows


def _fit(
    rows: np.ndarray,
    held: np.ndarray,
    metric: np.ndarray,
    later: np.ndarray,
    entity: np.ndarray,
    period: np.ndarray,
    effects: Effects,
    reach: int,
    shifts: bool,
) -> Step:
    nothing = np.zeros(len(rows))
    if len(rows) == 0:
        return Step(estimate=np.nan, rows=rows, moved=nothing, reason="no row has all values that it takes")
    who, when = (np.unique(each[rows], return_inverse=True)[1] for each in (entity, period))
    columns = np.column_stack([held[rows], metric[rows], later[rows]])
    swept = sweep(columns, who, when, effects=effects)
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
    design, coef = swept.values[:, :-1][:, fit.kept], fit.coef[fit.kept]
    weighed = design
    if reach:
        found = counterweighed(fit, swept.values, who, period[rows], effects=effects, reach=reach)
        if isinstance(found, str):
            return Step(estimate=np.nan, rows=rows, moved=nothing, reason=found)
        coef, weighed = found
    residual = target - design @ coef
    last = np.linalg.solve((weighed.T @ design).T, np.eye(len(coef))[-1])
    told = Step(estimate=float(coef[-1]), rows=rows, moved=weighed @ last * residual)
    if not shifts:
        return told
    count = anew(when) if effects in ("both", "period") else None
    return replace(told, shift=shifts_without(weighed, design, residual, who, count)[:, -1])
