"""Effects of each cohort in each period by differences in differences of one pair of periods at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from coroi.inference.adjusted_difference import Adjust, Contrast, contrast
from coroi.inference.cohort_cells import Cells
from coroi.inference.roll_outs import NEVER, RollOut

Base = Literal["universal", "varying"]
Compared = Literal["not_yet", "never"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wide:
    """A roll-out with one row a unit and one column a period.

    Parameters
    ----------
    outcome : ndarray, shape (n_units, n_periods)
        NaN where the unit is not seen.
    covariates : ndarray, shape (n_units, n_periods, p)
        With a leading constant; NaN where unknown.
    periods : ndarray of int, shape (n_periods,)
        Periods in which some unit is seen.
    first : ndarray of int, shape (n_units,)
    weight : ndarray, shape (n_units,)
        Mean weight of the unit's rows.
    cluster : ndarray of int, shape (n_units,)
    anticipation : int
    """

    outcome: np.ndarray
    covariates: np.ndarray
    periods: np.ndarray
    first: np.ndarray
    weight: np.ndarray
    cluster: np.ndarray
    anticipation: int


def widen(roll_out: RollOut, covariates: np.ndarray) -> Wide:
    """Put a roll-out's rows, and covariates of shape (n_rows, p), in one row a unit."""
    periods, at = np.unique(roll_out.period, return_inverse=True)
    n = len(roll_out.panel.names)
    outcome = np.full((n, len(periods)), np.nan)
    outcome[roll_out.entity, at] = roll_out.outcome
    held = np.full((n, len(periods), 1 + covariates.shape[1]), np.nan)
    held[roll_out.entity, at] = np.column_stack([np.ones(len(at)), covariates])
    cluster = np.zeros(n, dtype=np.int64)
    cluster[roll_out.entity] = roll_out.cluster
    weight = np.bincount(roll_out.entity, weights=roll_out.weight) / np.bincount(roll_out.entity)
    return Wide(
        outcome=outcome,
        covariates=held,
        periods=periods,
        first=roll_out.firsts(),
        weight=weight,
        cluster=cluster,
        anticipation=roll_out.anticipation,
    )


def group_time_cells(
    wide: Wide,
    n_clusters: int,
    *,
    base: Base,
    compared_with: Compared,
    adjust: Adjust,
    corrected: bool,
    drawn: bool,
    leads: int | None,
) -> Cells:
    """Estimate the effect of each cohort in each period but its base period.

    Parameters
    ----------
    wide : Wide
    n_clusters : int
    base : str
        ``universal``: all periods are compared with the last one before the effect may begin; ``varying``: those
        before it with the period before them.
    compared_with : str
        ``not_yet``: units not treated in either period, nor soon to be, besides those never treated; ``never``.
    adjust, corrected
        See :func:`coroi.inference.adjusted_difference.contrast`.
    drawn : bool
        Whether cohorts' sizes count as drawn.
    leads : int, optional
        Event times from ``-leads`` on only.

    Returns
    -------
    Cells
    """
    cohorts = np.unique(wide.first[wide.first < NEVER])
    found = []
    for g in cohorts:
        before = wide.periods[wide.periods < g - wide.anticipation]
        for t in wide.periods:
            if leads is not None and t - g < -leads:
                continue
            b = _base_period(int(g), int(t), before, wide, base)
            if b is not None and b != t:
                found.append(_cell(wide, int(g), int(t), b, compared_with, adjust, corrected))
    size = np.array([wide.weight[wide.first == cell.cohort].sum() for cell in found])
    return Cells(
        cohort=np.array([cell.cohort for cell in found], dtype=np.int64),
        period=np.array([cell.period for cell in found], dtype=np.int64),
        estimate=np.array([cell.contrast.estimate for cell in found]),
        reasons=tuple(cell.contrast.reason for cell in found),
        moved=_by_cluster([(cell.units, cell.contrast.moved) for cell in found], wide.cluster, n_clusters),
        treats=_some([cell.units[cell.treated] for cell in found], wide.cluster, n_clusters),
        compares=_some([cell.units[~cell.treated] for cell in found], wide.cluster, n_clusters),
        n_units=np.array([cell.treated.sum() for cell in found], dtype=np.int64),
        n_compared=np.array([(~cell.treated).sum() for cell in found], dtype=np.int64),
        n_rows=np.array([cell.n_rows for cell in found], dtype=np.int64),
        n_left_out=np.array([cell.n_left_out for cell in found], dtype=np.int64),
        size=size,
        held=_held(found, wide, n_clusters) if drawn else None,
    )


def base_time(wide: Wide, base: Base) -> int | None:
    """Return the event time of the base period, where it is one for all cohorts and periods."""
    cohorts = np.unique(wide.first[wide.first < NEVER])
    times = {int(wide.periods[wide.periods < g - wide.anticipation].max(initial=-NEVER) - g) for g in cohorts}
    return times.pop() if base == "universal" and len(times) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cell:
    cohort: int
    period: int
    units: np.ndarray
    treated: np.ndarray
    n_rows: int
    n_left_out: int
    contrast: Contrast


def _base_period(g: int, t: int, before: np.ndarray, wide: Wide, base: Base) -> int | None:
    """Return the period that a cell is compared with; nothing where the panel has none."""
    if base == "universal" or t >= g - wide.anticipation:
        return int(before[-1]) if before.size else None
    earlier = wide.periods[wide.periods < t]
    return int(earlier[-1]) if earlier.size else None


def _cell(wide: Wide, g: int, t: int, b: int, compared_with: Compared, adjust: Adjust, corrected: bool) -> _Cell:
    now, then = np.searchsorted(wide.periods, (t, b))
    seen = ~np.isnan(wide.outcome[:, now])
    both = seen & ~np.isnan(wide.outcome[:, then]) & ~np.isnan(wide.covariates[:, then]).any(axis=1)
    own = wide.first == g
    free = wide.first == NEVER if compared_with == "never" else wide.first > max(t, b) + wide.anticipation
    units = np.flatnonzero(both & (own | free))
    treated = own[units]
    why = _hindrance(wide.cluster[units], treated, b, t)
    if why:
        found = Contrast(estimate=np.nan, moved=np.zeros(len(units)), reason=why)
    else:
        found = contrast(
            wide.outcome[units, now] - wide.outcome[units, then],
            treated,
            wide.covariates[units, then],
            wide.weight[units],
            wide.cluster[units],
            adjust=adjust,
            corrected=corrected,
        )
    return _Cell(
        cohort=g,
        period=t,
        units=units,
        treated=treated,
        n_rows=int((own & seen).sum()),
        n_left_out=int(((own | free) & ~both).sum()),
        contrast=found,
    )


def _hindrance(cluster: np.ndarray, treated: np.ndarray, b: int, t: int) -> str:
    """Say why a cell has no estimate."""
    one, other = (np.unique(cluster[rows]).size for rows in (treated, ~treated))
    if not one:
        return f"no unit of the cohort is seen in both periods {b} and {t}"
    if not other:
        return f"nobody is left to compare with in periods {b} and {t}"
    if one == 1:
        return "one unit alone is in the cohort: its own shocks cannot be told from an effect"
    return "one unit alone is left to compare with" if other == 1 else ""


def _by_cluster(parts: list[tuple[np.ndarray, np.ndarray]], cluster: np.ndarray, n: int) -> np.ndarray:
    columns = [np.bincount(cluster[units], weights=moved, minlength=n) for units, moved in parts]
    return np.stack(columns, axis=1) if columns else np.zeros((n, 0))


def _some(units: list[np.ndarray], cluster: np.ndarray, n: int) -> np.ndarray:
    return np.stack([np.bincount(cluster[some], minlength=n) > 0 for some in units], axis=1)


def _held(found: list[_Cell], wide: Wide, n: int) -> np.ndarray:
    """Return what each cluster adds to the size of each cell's cohort, shape (n_clusters, k)."""
    by_cohort = {
        g: np.bincount(wide.cluster, weights=wide.weight * (wide.first == g), minlength=n)
        for g in {cell.cohort for cell in found}
    }
    return np.stack([by_cohort[cell.cohort] for cell in found], axis=1)
