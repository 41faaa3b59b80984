"""Treatments that vary in intensity and may end, as arrays: when a dose first changes and when it ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.panels import PanelRows, cluster_codes, read_panel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Doses:
    """Units by period, with what each received.

    Parameters
    ----------
    outcome, dose, weight : ndarray, shape (n_units, n_periods)
        NaN where there is no row; `outcome` also where nothing was measured.
    periods : ndarray of int, shape (n_periods,)
        Numbers of the periods, one after the other, gaps included.
    baseline : ndarray, shape (n_units,)
        Dose in the unit's first period.
    first, end : ndarray of int, shape (n_units,)
        Column in which the dose first differs from the baseline, and that in which it first is 0 after having been
        above; ``n_periods`` where it never does.
    cluster : ndarray of int, shape (n_units,)
        Code of the unit's cluster, from 0.
    cluster_names : pandas.Index
        The clusters in the order of their codes.
    left_out : pandas.DataFrame
        What was left out before anything was fitted: ``what, n_rows, n_entities, reason``.
    """

    outcome: np.ndarray
    dose: np.ndarray
    weight: np.ndarray
    periods: np.ndarray
    baseline: np.ndarray
    first: np.ndarray
    end: np.ndarray
    cluster: np.ndarray
    cluster_names: pd.Index
    left_out: pd.DataFrame

    @property
    def n_periods(self) -> int:
        """Number of columns."""
        return len(self.periods)

    @property
    def begins(self) -> np.ndarray:
        """Whether the unit's first change raises its dose, shape (n_units,)."""
        changed = self.first < self.n_periods
        at = np.minimum(self.first, self.n_periods - 1)
        return changed & (self.dose[np.arange(len(at)), at] > self.baseline)


def read_doses(
    data: pd.DataFrame,
    *,
    outcome: str,
    dose: str = "dose",
    entity: str = "entity",
    period: str = "period",
    weight: str | None = None,
    cluster: str | None = None,
) -> Doses:
    """Lay out a panel with doses by unit and period, and leave out what follows a gap in what was received, counted.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome : str
        Column of what is explained; where it is empty, the dose still counts.
    dose : str
        Column of what the entity received in the period: 0 for nothing, never below.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    weight : str, optional
        Column of weights above zero, such as customers behind a unit's rate.
    cluster : str, optional
        Column of groups of entities by which treatment was assigned; the entity itself by default.

    Returns
    -------
    Doses

    Raises
    ------
    DataError
        If keys are missing, empty or repeated, a dose is below zero, a weight is not above zero, or no row is left.
    """
    wanted = [outcome, dose, *([weight] if weight else []), *([cluster] if cluster else [])]
    panel = read_panel(data, wanted, entity=entity, period=period)
    amount = panel.frame[dose].to_numpy(dtype=float, na_value=np.nan)
    below = int((amount < 0).sum())
    if below:
        raise DataError(f"{below:,} rows of '{dose}' are below zero. Give what was received, 0 for nothing.")
    if weight is not None:
        broken = int((~(panel.frame[weight].to_numpy(dtype=float, na_value=np.nan) > 0)).sum())
        if broken:
            raise DataError(f"{broken:,} rows of '{weight}' are not above zero. Leave them out, and say so.")
    known = _until_gap(panel, amount)
    if not known.any():
        raise DataError(f"no row has a '{dose}'. Write 0 where nothing was received.")
    smaller = panel.keep(known)
    code, names = cluster_codes(smaller, cluster)
    periods = np.arange(smaller.period.min(), smaller.period.max() + 1)
    value = smaller.frame[outcome].to_numpy(dtype=float, na_value=np.nan)
    weights = np.ones(len(value)) if weight is None else smaller.frame[weight].to_numpy(dtype=float)
    received = _laid_out(smaller, amount[known], periods)
    baseline, first, end = _changes(received)
    of_unit = np.zeros(len(smaller.names), dtype=np.int64)
    of_unit[smaller.entity] = code
    return Doses(
        outcome=_laid_out(smaller, value, periods),
        dose=received,
        weight=_laid_out(smaller, weights, periods),
        periods=periods,
        baseline=baseline,
        first=first,
        end=end,
        cluster=of_unit,
        cluster_names=names,
        left_out=_left_out(panel, known, smaller, value),
    )


def _until_gap(panel: PanelRows, amount: np.ndarray) -> np.ndarray:
    """Mark rows with a dose that no gap separates from the entity's first such row."""
    told = ~np.isnan(amount)
    rows = pd.DataFrame({"entity": panel.entity[told], "period": panel.period[told]})
    place = rows["period"] - rows.groupby("entity")["period"].transform("min")
    known = told.copy()
    known[told] = (place == rows.groupby("entity").cumcount()).to_numpy()
    return known


def _laid_out(panel: PanelRows, values: np.ndarray, periods: np.ndarray) -> np.ndarray:
    laid = np.full((len(panel.names), len(periods)), np.nan)
    laid[panel.entity, panel.period - periods[0]] = values
    return laid


def _changes(dose: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each unit's baseline, the column of its first change, and that of its first end."""
    n_periods = dose.shape[1]
    known = ~np.isnan(dose)
    baseline = dose[np.arange(len(dose)), known.argmax(axis=1)]
    differs = known & (dose != baseline[:, None])
    before = np.column_stack([np.zeros(len(dose)), dose[:, :-1]])
    ends = known & (dose == 0) & (before > 0)
    columns = [np.where(each.any(axis=1), each.argmax(axis=1), n_periods) for each in (differs, ends)]
    return baseline, columns[0], columns[1]


def _left_out(panel: PanelRows, known: np.ndarray, kept: PanelRows, value: np.ndarray) -> pd.DataFrame:
    rows = []
    for what, entity, reason in (
        ("rows after a gap, or without a dose", panel.entity[~known], "what was received before is not known there"),
        ("rows without an outcome", kept.entity[np.isnan(value)], "nothing was measured there"),
    ):
        if len(entity):
            rows.append({"what": what, "n_rows": len(entity), "n_entities": len(np.unique(entity)), "reason": reason})
    return pd.DataFrame(rows, columns=["what", "n_rows", "n_entities", "reason"])
