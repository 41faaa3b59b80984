"""What follows a rise of a column, the column's own later values held: one regression a horizon, without their bias."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from coroi.inference.feedback import complex_slope, fit_feedback
from coroi.inference.linear import least_squares, sum_by
from coroi.inference.panels import shifted
from coroi.inference.past_runs import past_runs
from coroi.inference.within import sweep


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fading:
    """How much of a rise is left some periods later.

    Parameters
    ----------
    kept : ndarray, shape (last + 1,)
        1 at first; NaN where there is a reason.
    moved : ndarray, shape (n_groups, last + 1)
        Influence of each group.
    told : ndarray of bool, shape (n_groups,)
        Groups that tell something.
    reason : str
        Why it cannot be told; empty where it can.
    """

    kept: np.ndarray
    moved: np.ndarray
    told: np.ndarray
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """A response at one horizon.

    Parameters
    ----------
    estimate : float
        NaN where there is none.
    moved : ndarray, shape (n_groups,)
        Influence of each group.
    told : ndarray of bool, shape (n_groups,)
        Groups that tell something.
    rows : ndarray of int
        Positions of the rows in the regression.
    reason : str
        Why there is none; empty where there is one.
    """

    estimate: float
    moved: np.ndarray
    told: np.ndarray
    rows: np.ndarray
    reason: str = ""

    @property
    def factor(self) -> float:
        """G / (G − 1) of the groups that tell something."""
        g = int(self.told.sum())
        return g / max(g - 1, 1)

    @property
    def error(self) -> float:
        """The standard error."""
        return float(np.sqrt(self.factor * self.moved @ self.moved))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rises:
    """A panel's column that rises, and whom each row belongs to.

    Parameters
    ----------
    metric : ndarray, shape (n,)
        NaN where missing.
    entity, period, group : ndarray of int, shape (n,)
        Sorted, as in :class:`coroi.inference.panels.PanelRows`; groups are of whole entities, without gaps.
    past : int
        Earlier values that are held.
    least : int
        Groups below which nothing is told.
    """

    metric: np.ndarray
    entity: np.ndarray
    period: np.ndarray
    group: np.ndarray
    past: int
    least: int

    @property
    def n_groups(self) -> int:
        """Groups."""
        return int(self.group.max()) + 1

    def at(self, by: int) -> np.ndarray:
        """Return the metric some periods earlier, or later below zero."""
        return shifted(self.metric, self.entity, self.period, by)


def fade(rises: Rises, last: int) -> Fading:
    """Estimate how a rise fades: by an autoregression with the bias of short panels taken out.

    Parameters
    ----------
    rises : Rises
        As many earlier values are in the autoregression as are held.
    last : int
        Periods after the rise.
    """
    n, p = rises.n_groups, rises.past
    nothing = Fading(kept=np.ones(1), moved=np.zeros((n, 1)), told=np.zeros(n, dtype=bool))
    if last < 1:
        return nothing
    known = rises.metric[np.isfinite(rises.metric)]
    scale = float(known.std()) if len(known) and known.std() > 0 else 1.0
    runs = past_runs(rises.metric[:, None] / scale, rises.entity, rises.period, rises.group, lags=p)
    told = np.zeros(n, dtype=bool)
    told[rises.group[runs.rows]] = True
    unknown = {"kept": np.full(last + 1, np.nan), "moved": np.zeros((n, last + 1)), "told": told}
    if runs.n_clusters < rises.least:
        return Fading(**unknown, reason=_few(rises.least, f"{p + 3} periods in a row, which tell how a rise fades"))
    if runs.lost.any():
        return Fading(**unknown, reason="the metric never varies beyond the effects")
    fit = fit_feedback(runs)

    def left(coef: np.ndarray) -> np.ndarray:
        found = [np.ones(len(coef), dtype=coef.dtype)]
        for j in range(1, last + 1):
            found.append(np.sum([coef[:, i] * found[j - 1 - i] for i in range(min(p, j))], axis=0))
        return np.stack(found, axis=1)

    coef = fit.coef[0]
    moved = np.zeros((n, last + 1))
    moved[told] = fit.coef_influence[:, 0] @ complex_slope(left, coef).T
    return Fading(kept=left(coef[None])[0], moved=moved, told=told)


def respond(rises: Rises, change: np.ndarray, horizon: int, fading: Fading) -> Held:
    """Estimate what a rise that fades goes with in the outcome's change from the period before it to a horizon.

    Parameters
    ----------
    rises : Rises
    change : ndarray, shape (n,)
        Outcome at the horizon less that of the period before; NaN where missing.
    horizon : int
        Periods from the rise; below −1 for what went before.
    fading : Fading
        For that horizon at least.

    Notes
    -----
    Sweeping out an entity's mean ties a rise to what the same column does later, which is part of the error of a plain
    projection and biases it by the order of one over the periods, the more the longer the horizon. With the later
    values held it is not, whatever the number of periods; the response to a rise that fades is their coefficients,
    weighted by what is left of the rise at each. Before the rise, as many earlier values are held from the earlier of
    the two ends of the change on. Columns are many beside groups, which makes residuals small: the influence of the
    regression has the square root of (N − 1) / (N − K), K without the entities, which lie within groups. References:
    Teulings and Zubanov (2014), Journal of Applied Econometrics 29:497-514; the factor: Cameron and Miller (2015),
    Journal of Human Resources 50:317-372, sections II.B and III.B.
    """
    n_later = max(horizon, 0)
    n_past = rises.past + max(-horizon - 1, 0)
    columns = [rises.at(by) for by in (*range(n_past, 0, -1), *range(-n_later, 0))]
    values = np.column_stack([*columns, rises.metric, change])
    rows = np.flatnonzero(np.isfinite(values).all(axis=1))
    told = fading.told.copy() if n_later else np.zeros(rises.n_groups, dtype=bool)
    nothing = Held(estimate=np.nan, moved=np.zeros(rises.n_groups), told=told, rows=rows)
    if not len(rows):
        return _without(nothing, "no entity has all values that it takes")
    rows = rows[np.bincount(rises.entity[rows])[rises.entity[rows]] > 1]
    nothing = replace(nothing, rows=rows)
    if np.unique(rises.group[rows]).size < rises.least:
        return _without(nothing, _few(rises.least, "all values that it takes, in two periods"))
    if n_later and fading.reason:
        return _without(nothing, fading.reason)
    codes = (np.unique(each[rows], return_inverse=True)[1] for each in (rises.entity, rises.period))
    swept = sweep(values[rows], *codes)
    if not swept.values[:, -2].any():
        return _without(nothing, "the metric never varies beyond the effects")
    if not swept.values[:, -1].any():
        return _without(nothing, "the outcome never varies beyond the effects")
    fit = least_squares(swept.values[:, :-1], swept.values[:, -1])
    if not fit.kept[n_past:].all():
        return _without(nothing, "the metric of a period is made up of what is held")
    n_entities = np.unique(rises.entity[rows]).size
    spent = swept.n_effects - n_entities + int(fit.kept.sum())
    if len(rows) <= n_entities + spent:
        return _without(nothing, "there are no more rows than parameters")
    ahead = n_later + 1
    later = fit.coef[-ahead:][::-1]  # now first, then ever later
    weight = fading.kept[:ahead]
    moved = np.zeros(rises.n_groups)
    by_group = sum_by(fit.scores, rises.group[rows]) @ fit.bread[:, -ahead:][:, ::-1] @ weight
    moved[: len(by_group)] = by_group * np.sqrt((len(rows) - 1) / (len(rows) - spent))
    if n_later:
        moved += fading.moved[:, :ahead] @ later
    told[rises.group[rows]] = True
    return Held(estimate=float(weight @ later), moved=moved, told=told, rows=rows)


def _without(nothing: Held, reason: str) -> Held:
    return replace(nothing, reason=reason)


def _few(least: int, what: str) -> str:
    return f"fewer than {least} clusters have {what}"
