"""A randomised trial as arrays: who was put where, by what lots, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from coroi.errors import DataError, Problem, did_you_mean

_STRICT = 0.001


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """Names of a trial's columns; see :func:`read_trial`."""

    outcome: str
    arm: str
    control: str
    entity: str
    before: tuple[str, ...] = ()
    unit: str | None = None
    stratum: str | None = None
    taken: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """Customers of a trial, in the order of their names.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        NaN where it is not known.
    arm : ndarray of int, shape (n,)
        0 is the control.
    labels : tuple of str
        Names of the arms.
    unit : ndarray of int, shape (n,)
        Unit of assignment, codes from 0 without gaps; the customer where lots were drawn customer by customer.
    units : pandas.Index
        Their names.
    stratum : ndarray of int, shape (n,)
        Within which lots were drawn.
    strata : ndarray, shape (n, s − 1)
        Indicators of all strata but the first.
    before : ndarray, shape (n, k)
        What was known before, a missing value put at the mean, and an indicator of those that were missing.
    taken : ndarray, shape (n,) or None
        Whether the treatment was taken up.
    by_unit : bool
        Whether lots were drawn for groups of customers.
    n_filled : int
        Values known before that were missing.
    """

    outcome: np.ndarray
    arm: np.ndarray
    labels: tuple[str, ...]
    unit: np.ndarray
    units: pd.Index
    stratum: np.ndarray
    strata: np.ndarray
    before: np.ndarray
    taken: np.ndarray | None
    by_unit: bool
    n_filled: int

    @property
    def seen(self) -> np.ndarray:
        """Whether the outcome is known, shape (n,)."""
        return ~np.isnan(self.outcome)

    def covariates(self, *, adjusted: bool) -> np.ndarray:
        """Return strata, and what was known before where `adjusted`, shape (n, c)."""
        return np.column_stack([self.strata, self.before]) if adjusted else self.strata

    def keep(self, rows: np.ndarray) -> Trial:
        """Return some of the customers, with new codes for their units."""
        codes, unit = np.unique(self.unit[rows], return_inverse=True)
        return replace(
            self,
            outcome=self.outcome[rows],
            arm=self.arm[rows],
            unit=unit,
            units=self.units[codes],
            stratum=self.stratum[rows],
            strata=self.strata[rows],
            before=self.before[rows],
            taken=None if self.taken is None else self.taken[rows],
        )

    def first_of_units(self) -> np.ndarray:
        """Return one row of each unit, in the order of their codes."""
        return np.unique(self.unit, return_index=True)[1]


def read_trial(data: pd.DataFrame, names: Columns) -> Trial:
    """Check a trial's rows and lay them out.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a customer; the outcome is empty where it is not known.
    names : Columns
        Which columns they are.

    Raises
    ------
    DataError
        If columns or keys are missing, a customer repeats, an arm, unit or stratum is empty, a unit lies in several
        arms or strata, there is no such control, or numbers are none.
    """
    _examine(data, names)
    frame = data.sort_values(names.entity).reset_index(drop=True)
    labels = _labels(frame[names.arm].astype(str), names)
    arm = np.asarray(pd.Categorical(frame[names.arm].astype(str), categories=labels).codes, dtype=int)
    unit, units = pd.factorize(frame[names.unit or names.entity], sort=True)
    stratum = np.zeros(len(frame), dtype=int)
    if names.stratum:
        stratum = pd.factorize(frame[names.stratum], sort=True)[0]
    for code, what in ((arm, names.arm), (stratum, names.stratum or "")):
        _one_each(unit, code, names.unit or names.entity, what)
    before, n_filled = _filled(frame[list(names.before)].to_numpy(dtype=float, na_value=np.nan))
    return Trial(
        outcome=frame[names.outcome].to_numpy(dtype=float, na_value=np.nan),
        arm=arm,
        labels=labels,
        unit=unit,
        units=pd.Index(units),
        stratum=stratum,
        strata=(stratum[:, None] == np.arange(1, int(stratum.max()) + 1)).astype(float),
        before=before,
        taken=None if names.taken is None else frame[names.taken].to_numpy(dtype=float),
        by_unit=names.unit is not None and len(units) < len(frame),
        n_filled=n_filled,
    )


def in_pairs(trial: Trial) -> bool:
    """Tell whether a stratum has a single unit of an arm, so that its spread cannot be told from within."""
    return bool(trial.stratum.max(initial=0) > 0 and _units_by_cell(trial).min() == 1)


def even_shares(trial: Trial) -> bool:
    """Tell whether all strata hold the very same shares of the arms, in units."""
    cells = _units_by_cell(trial)
    expected = cells.sum(axis=1, keepdims=True) * cells.sum(axis=0) / cells.sum()
    return bool(np.allclose(cells, expected))


def alike_shares(trial: Trial) -> bool:
    """Tell whether strata differ in the shares of the arms by no more than chance would (p of 0.001 or more)."""
    cells = _units_by_cell(trial)
    return len(cells) == 1 or bool(stats.chi2_contingency(cells, correction=False).pvalue >= _STRICT)


def by_stratum(trial: Trial) -> Trial:
    """Return the trial with strata in place of units, and no level of their own."""
    names, code = np.unique(trial.stratum, return_inverse=True)
    return replace(trial, unit=code, units=pd.Index(names), strata=trial.strata[:, :0])


def whole_strata(trial: Trial) -> np.ndarray:
    """Mark customers of strata in which every arm has a known outcome, shape (n,)."""
    cells = np.zeros((int(trial.stratum.max()) + 1, len(trial.labels)), dtype=int)
    np.add.at(cells, (trial.stratum[trial.seen], trial.arm[trial.seen]), 1)
    return np.asarray(cells.min(axis=1)[trial.stratum] > 0)


def _units_by_cell(trial: Trial) -> np.ndarray:
    """Count units by stratum and arm, strata that nobody is in left out."""
    first = trial.first_of_units()
    cells = np.zeros((int(trial.stratum.max()) + 1, len(trial.labels)), dtype=int)
    np.add.at(cells, (trial.stratum[first], trial.arm[first]), 1)
    return np.asarray(cells[cells.sum(axis=1) > 0])


def _examine(data: pd.DataFrame, names: Columns) -> None:
    must = [c for c in (names.entity, names.arm, names.unit, names.stratum, names.taken) if c]
    numbers = [names.outcome, *names.before, *([names.taken] if names.taken else [])]
    absent = [c for c in dict.fromkeys((*must, *numbers)) if c not in data.columns]
    if absent:
        raise DataError(f"the trial lacks the columns {', '.join(absent)}; it has {', '.join(map(str, data.columns))}.")
    if data.empty:
        raise DataError("the trial has no row.")
    for column in must:
        empty = int(data[column].isna().sum())
        if empty:
            raise DataError(f"{empty:,} rows lack '{column}'. Who was put where is known of everybody in a trial.")
    twice = int(data.duplicated([names.entity]).sum())
    if twice:
        raise DataError(f"{twice:,} rows repeat ({names.entity}). Give one row a customer, outcomes summed up.")
    infinite = int(np.isinf(data[numbers].to_numpy(dtype=float, na_value=np.nan)).sum())
    if infinite:
        raise DataError(f"{infinite:,} cells of the trial are infinite. Correct them, or leave them empty.")
    if names.taken and not data[names.taken].isin([0, 1]).all():
        raise DataError(Problem(names.taken, "take-up is neither 0 nor 1.", "Mark who took the treatment with 1."))


def _labels(arm: pd.Series, names: Columns) -> tuple[str, ...]:
    found = sorted(set(arm))
    if names.control not in found:
        raise DataError(
            Problem(names.arm, f"nobody is in the arm '{names.control}'.", did_you_mean(names.control, found))
        )
    if len(found) == 1:
        raise DataError(Problem(names.arm, "everybody is in one arm.", "There is nobody to compare with."))
    return (names.control, *(label for label in found if label != names.control))


def _one_each(unit: np.ndarray, code: np.ndarray, unit_name: str, what: str) -> None:
    pairs = np.unique(np.column_stack([unit, code]), axis=0)
    several = int((np.bincount(pairs[:, 0]) > 1).sum())
    if several:
        raise DataError(
            f"{several:,} of '{unit_name}' have more than one '{what}'. Lots are drawn for units that lie in one arm."
        )


def _filled(values: np.ndarray) -> tuple[np.ndarray, int]:
    """Put missing values at the mean and mark them: who lacks one was known before the lots were drawn."""
    gone = np.isnan(values)
    if gone.all(axis=0).any():
        raise DataError("a column of what was known before holds no value. Leave it out.")
    if not gone.any():
        return values, 0
    filled = np.where(gone, np.nanmean(values, axis=0), values)
    return np.column_stack([filled, gone[:, gone.any(axis=0)].astype(float)]), int(gone.sum())


def arms_table(trial: Trial, used: Sequence[bool] | np.ndarray) -> pd.DataFrame:
    """Return customers and units assigned, outcomes known and customers used, by arm."""
    n = len(trial.labels)
    first = trial.first_of_units()
    return pd.DataFrame(
        {
            "arm": trial.labels,
            "customers": np.bincount(trial.arm, minlength=n),
            "units": np.bincount(trial.arm[first], minlength=n),
            "with outcome": np.bincount(trial.arm, trial.seen, minlength=n).astype(int),
            "used": np.bincount(trial.arm, np.asarray(used), minlength=n).astype(int),
        }
    )
