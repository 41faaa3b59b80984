"""A panel in first differences: one equation an entity and period, and the lagged levels that instrument it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from coroi.inference.panels import shifted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Equations:
    """Changes from one period to the next, where both are there with all that the model needs.

    Parameters
    ----------
    row : ndarray of int, shape (e,)
        Each equation's later row in the panel.
    entity, period : ndarray of int, shape (e,)
        Who and when, as the panel numbers them; sorted by entity, then period.
    outcome : ndarray, shape (e,)
        Change of the outcome.
    design : ndarray, shape (e, k)
        Changes of the regressors.
    """

    row: np.ndarray
    entity: np.ndarray
    period: np.ndarray
    outcome: np.ndarray
    design: np.ndarray


def differenced(outcome: np.ndarray, regressors: np.ndarray, entity: np.ndarray, period: np.ndarray) -> Equations:
    """Take first differences within entity, never across a gap.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        NaN where missing.
    regressors : ndarray, shape (n, k)
        Levels, lags among them; NaN where missing.
    entity, period : ndarray of int, shape (n,)
        Sorted by entity, then period.

    Returns
    -------
    Equations
        Of the rows in which every change is known.
    """
    levels = np.column_stack([outcome, regressors])
    change = levels - shifted(levels, entity, period, 1)
    row = np.flatnonzero(np.isfinite(change).all(axis=1))
    return Equations(row=row, entity=entity[row], period=period[row], outcome=change[row, 0], design=change[row, 1:])


def lagged_levels(
    values: np.ndarray,
    entity: np.ndarray,
    period: np.ndarray,
    row: np.ndarray,
    *,
    lags: Iterable[int],
    collapse: bool,
) -> Any:
    """Return earlier levels as instruments of the equations; 0 where a level is missing.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Levels in the panel; NaN where missing.
    entity, period : ndarray of int, shape (n,)
        Sorted by entity, then period.
    row : ndarray of int, shape (e,)
        Later row of each equation.
    lags : iterable of int
        Periods back from an equation's later period.
    collapse : bool
        One column a lag; otherwise one a lag and period, as Arellano and Bond have it.

    Returns
    -------
    scipy.sparse.csr_array, shape (e, m)
        Without columns that hold nothing.

    Notes
    -----
    References: Arellano and Bond (1991), Review of Economic Studies 58:277-297, eq. 7; Roodman (2009), Stata Journal
    9:86-136, section 3.2, for the missing zeros and for collapsing.
    """
    from scipy import sparse

    span = int(period.max() - period.min()) + 1
    found, equation, column = [], [], []
    for lag in lags:
        if lag >= span:
            break
        level = shifted(values, entity, period, lag)[row]
        at = np.flatnonzero(np.isfinite(level) & (level != 0))
        found.append(level[at])
        equation.append(at)
        column.append(np.full(len(at), lag) if collapse else (period[row[at]] - period.min()) * span + lag)
    if not found:
        return sparse.csr_array((len(row), 0))
    names, code = np.unique(np.concatenate(column), return_inverse=True)
    where = (np.concatenate(equation), code)
    return sparse.coo_array((np.concatenate(found), where), shape=(len(row), len(names))).tocsr()


def period_columns(period: np.ndarray) -> np.ndarray:
    """Return one indicator a period, shape (e, p): they span the changes of period effects, gaps or none."""
    names, code = np.unique(period, return_inverse=True)
    return (code[:, None] == np.arange(len(names))).astype(float)
