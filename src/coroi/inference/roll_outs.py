"""Roll-outs as arrays: who is treated from when on, the time since, and what a panel cannot tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.panels import PanelRows, cluster_codes, read_panel

NEVER = 1 << 60
"""First treated period of who is never treated: later than every period, exact as a float."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RollOut:
    """Rows of a panel whose entities are treated from some period on, for good, or never.

    Parameters
    ----------
    panel : PanelRows
        Rows in the order of entity and period; all with an outcome.
    outcome, weight : ndarray, shape (n,)
        Weights are above zero; ones where none were given.
    first : ndarray of int, shape (n,)
        First treated period of the row's entity, anticipation not taken off; ``NEVER`` for who is never treated.
    anticipation : int
        Periods before the first treated one in which the effect may already be felt.
    cluster : ndarray of int, shape (n,)
        Code of the row's cluster, from 0.
    cluster_names : pandas.Index
        The clusters in the order of their codes.
    left_out : pandas.DataFrame
        What was left out before anything was fitted: ``what, n_rows, n_entities, reason``.
    """

    panel: PanelRows
    outcome: np.ndarray
    weight: np.ndarray
    first: np.ndarray
    anticipation: int
    cluster: np.ndarray
    cluster_names: pd.Index
    left_out: pd.DataFrame

    @property
    def entity(self) -> np.ndarray:
        """Code of each row's entity."""
        return self.panel.entity

    @property
    def period(self) -> np.ndarray:
        """Number of each row's period."""
        return self.panel.period

    @property
    def ever(self) -> np.ndarray:
        """Whether the row's entity is treated in some period, seen or not."""
        return self.first < NEVER

    @property
    def affected(self) -> np.ndarray:
        """Whether the row may carry an effect: treated, or within the periods of anticipation."""
        return self.period >= self.first - self.anticipation

    @property
    def event_time(self) -> np.ndarray:
        """Periods since the first treated one, which is 0, shape (n,); NaN for who is never treated."""
        return np.where(self.ever, (self.period - np.where(self.ever, self.first, 0)).astype(float), np.nan)

    def firsts(self) -> np.ndarray:
        """Return the first treated period of each entity in the order of codes, shape (n_entities,)."""
        found = np.empty(len(self.panel.names), dtype=np.int64)
        found[self.entity] = self.first
        return found

    def cohorts(self) -> np.ndarray:
        """Return the first treated periods that some entity has, sorted, without ``NEVER``."""
        return np.unique(self.first[self.ever])


def read_roll_out(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_treated: str = "first_treated",
    entity: str = "entity",
    period: str = "period",
    controls: Sequence[str] = (),
    weight: str | None = None,
    cluster: str | None = None,
    anticipation: int = 0,
) -> RollOut:
    """Check a roll-out's keys and dates, and leave out what cannot tell anything, counted.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome : str
        Column of what is explained; rows without a value are left out.
    first_treated : str
        Column of the first treated period; empty for who is never treated. One value an entity.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    controls : sequence of str
        Columns to carry along.
    weight : str, optional
        Column of weights above zero, such as customers behind a unit's rate.
    cluster : str, optional
        Column of groups of entities by which treatment was assigned; the entity itself by default.
    anticipation : int
        Periods before the first treated one in which the effect may already be felt.

    Returns
    -------
    RollOut

    Raises
    ------
    DataError
        If keys are missing, empty or repeated, a first treated period is no whole number, an entity has several (its
        treatment starts more than once, or the column holds the period's own state), a weight is not above zero,
        `anticipation` is below zero, or no row is left.
    """
    if anticipation < 0:
        raise DataError(f"anticipation is {anticipation}; it counts periods before the start, 0 or more.")
    wanted = [outcome, first_treated, *controls, *([weight] if weight else []), *([cluster] if cluster else [])]
    panel = read_panel(data, wanted, entity=entity, period=period)
    first = _first(panel, first_treated)
    weights = np.ones(len(first)) if weight is None else panel.frame[weight].to_numpy(dtype=float, na_value=np.nan)
    broken = int((~(weights > 0)).sum())
    if broken:
        raise DataError(f"{broken:,} rows of '{weight}' are not above zero. Leave them out, and say so.")
    rows: list[dict[str, object]] = []
    value = panel.frame[outcome].to_numpy(dtype=float, na_value=np.nan)
    silent = np.isnan(value)
    _leave(rows, panel, silent, "rows without an outcome", "nothing was measured there")
    start = np.full(len(panel.names), NEVER)
    np.minimum.at(start, panel.entity[~silent], panel.period[~silent])
    early = ~silent & (start[panel.entity] >= first - anticipation) & (first < NEVER)
    reason = "there is no period before the effect may begin to compare with"
    _leave(rows, panel, early, "units treated from their first period on", reason)
    kept = ~(silent | early)
    if not kept.any():
        raise DataError("no row has an outcome of a unit that is seen before it is treated, or that is never treated.")
    smaller = panel.keep(kept)
    code, names = cluster_codes(smaller, cluster)
    columns = ["what", "n_rows", "n_entities", "reason"]
    return RollOut(
        panel=smaller,
        outcome=value[kept],
        weight=weights[kept],
        first=first[kept],
        anticipation=anticipation,
        cluster=code,
        cluster_names=names,
        left_out=pd.DataFrame(rows, columns=columns),
    )


def _first(panel: PanelRows, column: str) -> np.ndarray:
    """Read the first treated period of each row's entity, one an entity."""
    told = panel.frame[column].to_numpy(dtype=float, na_value=np.nan)
    broken = int((~np.isnan(told) & (told != np.round(told))).sum())
    if broken:
        raise DataError(f"{broken:,} rows of '{column}' are no whole numbers. Number the periods.")
    first = np.where(np.isnan(told), NEVER, np.nan_to_num(told)).astype(np.int64)
    low = np.full(len(panel.names), NEVER)
    high = np.full(len(panel.names), -NEVER)
    np.minimum.at(low, panel.entity, first)
    np.maximum.at(high, panel.entity, first)
    several = int((low != high).sum())
    if several:
        raise DataError(
            f"{several:,} entities have more than one '{column}'. Give each its first start; where treatment ends and "
            "starts again, use an estimator that allows it to."
        )
    return first


def _leave(rows: list[dict[str, object]], panel: PanelRows, out: np.ndarray, what: str, reason: str) -> None:
    """Note what is left out, where it is anything."""
    if out.any():
        n_entities = len(np.unique(panel.entity[out]))
        rows.append({"what": what, "n_rows": int(out.sum()), "n_entities": n_entities, "reason": reason})


def hindrance(roll_out: RollOut, *, controls: str = "not_yet") -> str:
    """Say why no effect of a roll-out is identified; empty where some effect is.

    Parameters
    ----------
    roll_out : RollOut
    controls : {'not_yet', 'never'}
        Who may be compared with: those not treated yet besides those never treated, or the latter alone.

    Returns
    -------
    str
    """
    first = roll_out.firsts()
    treated = first[first < NEVER]
    seen = np.unique(roll_out.period)
    if not treated.size or not (roll_out.affected & roll_out.ever).any():
        return "no unit is seen both before and after its treatment begins"
    if treated.size == 1:
        return "one unit alone is treated: its own shocks cannot be told from an effect; use a synthetic control"
    if controls == "never" and treated.size == first.size:
        return "no unit is never treated, and those not treated yet were not to be compared with"
    if treated.size == first.size and np.unique(treated).size == 1:
        return "every unit is treated from the same period on: nobody is left to compare with"
    return "" if seen.size > 1 else "the panel has one period only"
