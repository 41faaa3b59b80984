"""A few treated units and their donors as a table of periods without gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.inference.roll_outs import NEVER, read_roll_out

FEWEST_DONORS, FEWEST_BEFORE = 3, 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FewUnits:
    """Periods by units.

    Parameters
    ----------
    outcome : ndarray, shape (T, N)
        Without gaps; in the order of time.
    times : ndarray of int, shape (T,)
        Periods since the start, which is 0.
    before : int
        Rows before the start, those of anticipation not counted.
    treated : tuple of int
        Columns of the treated units.
    names : pandas.Index
        Units in the order of the columns.
    left_out : pandas.DataFrame
        ``what, n_rows, n_entities, reason``.
    why : str
        What hinders an answer; empty where nothing does.
    """

    outcome: np.ndarray
    times: np.ndarray
    before: int
    treated: tuple[int, ...]
    names: pd.Index
    left_out: pd.DataFrame
    why: str


def read_few_units(
    data: pd.DataFrame, *, outcome: str, first_treated: str, entity: str, period: str, anticipation: int
) -> FewUnits:
    """Lay out treated units and donors over the periods of the treated, and leave out donors that miss one, counted.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    outcome, first_treated, entity, period : str
        Columns, as in :func:`coroi.inference.roll_outs.read_roll_out`.
    anticipation : int

    Returns
    -------
    FewUnits

    Raises
    ------
    DataError
        As :func:`coroi.inference.roll_outs.read_roll_out`.
    """
    roll_out = read_roll_out(
        data, outcome=outcome, first_treated=first_treated, entity=entity, period=period, anticipation=anticipation
    )
    first, names = roll_out.firsts(), roll_out.panel.names
    periods = np.unique(roll_out.period)
    table = np.full((len(periods), len(names)), np.nan)
    table[np.searchsorted(periods, roll_out.period), roll_out.entity] = roll_out.outcome
    ever = first < NEVER
    starts = np.unique(first[ever])
    start = int(starts[0]) if len(starts) else int(periods[-1]) + 1
    seen = ~np.isnan(table[:, ever]).any(axis=1) if ever.any() else np.ones(len(periods), dtype=bool)
    table, periods = table[seen], periods[seen]
    whole = ever | ~np.isnan(table).any(axis=0)
    gone = ~whole[roll_out.entity]
    dropped = {"what": "donors that miss a period of the treated units", "reason": "a mix needs every period"}
    counted = {"n_rows": int(gone.sum()), "n_entities": int((~whole).sum())}
    left = pd.DataFrame([dropped | counted] if gone.any() else [], columns=roll_out.left_out.columns)
    known = [each for each in (roll_out.left_out, left) if len(each)]
    return FewUnits(
        outcome=table[:, whole],
        times=periods - start,
        before=int((periods < start - anticipation).sum()),
        treated=tuple(int(i) for i in np.flatnonzero(ever[whole])),
        names=names[whole],
        left_out=pd.concat(known, ignore_index=True) if known else roll_out.left_out,
        why=_hindrance(starts, int((whole & ~ever).sum()), periods, start, anticipation),
    )


def _hindrance(starts: np.ndarray, n_donors: int, periods: np.ndarray, start: int, anticipation: int) -> str:
    if not len(starts):
        return "no unit is seen both before and after its treatment begins"
    if len(starts) > 1:
        return "the units start at different periods: fit the units of one start at a time, or use a roll-out's methods"
    if n_donors < FEWEST_DONORS:
        return f"there are {n_donors} units to mix, and {FEWEST_DONORS} are the fewest"
    before, after = int((periods < start - anticipation).sum()), int((periods >= start).sum())
    if before < FEWEST_BEFORE:
        return (
            f"there are {before} periods before the start, and {FEWEST_BEFORE} are the fewest that a mix is fitted to"
        )
    return "" if after else "no unit is seen both before and after its treatment begins"
