"""The rows of a trial's answer: means, effects, lifts, take-up and the effect on those who took it up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from coroi.inference.arms import ArmMeans, arm_means
from coroi.inference.bands import sup_t
from coroi.inference.estimates import known, unknown, wald
from coroi.inference.few_lots import ENOUGH_UNITS, RANDOMISATION, WILD, lots_row, wild_row
from coroi.inference.ratios import ratio_row
from coroi.inference.trials import Trial, by_stratum, in_pairs

KEYS = ("term", "arm", "adjusted", "errors")
T, FIELLER, ANDERSON_RUBIN, AT_ONCE = "t", "Fieller", "Anderson–Rubin", "simultaneous"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """What rows are made from.

    Parameters
    ----------
    trial : Trial
        Customers whose outcome is known.
    refused : str
        Why no effect is told; empty where effects are told.
    how : Mapping of str to float
        ``level``, ``draws`` and ``seed``.
    """

    trial: Trial
    refused: str
    how: Mapping[str, float]

    @property
    def grouped(self) -> Trial:
        """The trial as errors see it: by strata instead of units, where lots were drawn within pairs and the like."""
        return by_stratum(self.trial) if in_pairs(self.trial) else self.trial

    @property
    def headline(self) -> str:
        """Errors to answer with."""
        if len(self.trial.labels) > 2:
            return AT_ONCE
        return RANDOMISATION if self.few else T

    @property
    def few(self) -> bool:
        """Whether there are fewer units of assignment than large-sample theory asks for."""
        return len(self.trial.units) < ENOUGH_UNITS


def trial_rows(fitted: Fitted, *, adjusted: bool) -> tuple[list[Row], pd.DataFrame]:
    """Return all rows but the bounds, and the influence of units on the linear ones among them.

    Parameters
    ----------
    fitted : Fitted
    adjusted : bool
        Whether to make all estimates again with what was known before.

    Returns
    -------
    rows : list of dict
    influence : pandas.DataFrame, shape (n_units, n_terms)
        Columns ``term: arm``, with ``, adjusted``.
    """
    trial, n_arms = fitted.trial, len(fitted.trial.labels)
    if not len(trial.arm):
        why = "no stratum has a known outcome in every arm"
        keys = [key_of("effect", label, False, T) for label in trial.labels[1:]]
        return [key | unknown(why) for key in keys], pd.DataFrame()
    rows: list[Row] = []
    moved: dict[str, np.ndarray] = {}
    trial = fitted.grouped
    for again in (False, True) if adjusted else (False,):
        covariates = trial.covariates(adjusted=again)
        found = arm_means(trial.outcome, trial.arm, n_arms, trial.unit, covariates)
        rows += list(_means(fitted, found, again))
        for k in range(1, n_arms):
            rows += list(_effects(fitted, found, k, again))
        if n_arms > 2:
            rows += list(_at_once(fitted, found, again))
        moved |= _linear("mean", fitted, found, again)
        if trial.taken is not None:
            took = arm_means(trial.taken, trial.arm, n_arms, trial.unit, covariates)
            for k in range(1, n_arms):
                rows += list(_compliers(fitted, found, took, k, again))
    return rows, pd.DataFrame(moved, index=trial.units)


def key_of(term: str, arm: str, adjusted: bool, errors: str) -> Row:
    """Return the columns that tell a row."""
    return {"term": term, "arm": arm, "adjusted": adjusted, "errors": errors}


def error_of(moved: np.ndarray) -> float:
    """Return a standard error from the influence of units, shape (g,)."""
    n = len(moved)
    return float(np.sqrt(moved @ moved * n / (n - 1))) if n > 1 else 0.0


def _means(fitted: Fitted, found: ArmMeans, adjusted: bool) -> Iterator[Row]:
    for k, label in enumerate(fitted.trial.labels):
        error = error_of(found.influence[:, k])
        row = unknown(found.reasons[k]) if found.reasons[k] else None
        told = wald(found.mean[k], error, fitted.how["level"], found.freedom[k]) if row is None else row
        yield key_of("mean", label, adjusted, T) | told


def _effects(fitted: Fitted, found: ArmMeans, k: int, adjusted: bool) -> Iterator[Row]:
    label, level = fitted.trial.labels[k], fitted.how["level"]
    estimate, moved = float(found.mean[k] - found.mean[0]), found.influence[:, k] - found.influence[:, 0]
    error, why = error_of(moved), _why_not(fitted, found, k)
    kinds = (T, RANDOMISATION, WILD) if fitted.few else (T,)
    if why:
        yield from (key_of("effect", label, adjusted, kind) | unknown(why) for kind in kinds)
        yield key_of("relative_lift", label, adjusted, FIELLER) | unknown(why)
        return
    freedom = found.welch(k, 0)
    p_value = float(2 * stats.t.sf(abs(estimate) / error, freedom))
    yield key_of("effect", label, adjusted, T) | wald(estimate, error, level, freedom) | {"p_value": p_value}
    if fitted.few:
        for kind, told, trial in ((RANDOMISATION, lots_row, fitted.trial), (WILD, wild_row, fitted.grouped)):
            row = told(trial, k, adjusted=adjusted, estimate=estimate, error=error, how=fitted.how)
            yield key_of("effect", label, adjusted, kind) | row
    yield key_of("relative_lift", label, adjusted, FIELLER) | _lift(found, k, stats.t.ppf(0.5 + level / 2, freedom))


def _lift(found: ArmMeans, k: int, quantile: float) -> Row:
    """Return the ratio of two means, less one."""
    if found.mean[0] <= 0:
        return unknown("the control's mean is not above zero, so that a relative lift says nothing")
    both = found.influence[:, [k, 0]]
    n = len(both)
    row: Row = ratio_row(found.mean[k], found.mean[0], both.T @ both * (n / (n - 1)), quantile)
    return row | {name: row[name] - 1 for name in ("estimate", "conf_low", "conf_high", "gap_low", "gap_high")}


def _compliers(fitted: Fitted, found: ArmMeans, took: ArmMeans, k: int, adjusted: bool) -> Iterator[Row]:
    label, level = fitted.trial.labels[k], fitted.how["level"]
    gaps = [float(each.mean[k] - each.mean[0]) for each in (found, took)]
    moved = np.column_stack([each.influence[:, k] - each.influence[:, 0] for each in (found, took)])
    why, freedom = _why_not(fitted, found, k), found.welch(k, 0)
    if why:
        yield key_of("take_up", label, adjusted, T) | unknown(why)
        yield key_of("complier_effect", label, adjusted, ANDERSON_RUBIN) | unknown(why)
        return
    yield key_of("take_up", label, adjusted, T) | wald(gaps[1], error_of(moved[:, 1]), level, freedom)
    n = len(moved)
    covariance = moved.T @ moved * (n / (n - 1))
    ratio = ratio_row(gaps[0], gaps[1], covariance, float(stats.t.ppf(0.5 + level / 2, freedom)))
    yield key_of("complier_effect", label, adjusted, ANDERSON_RUBIN) | ratio


def _at_once(fitted: Fitted, found: ArmMeans, adjusted: bool) -> Iterator[Row]:
    """Return all effects with intervals that hold together: sup-t, or Bonferroni's by lots of few units."""
    labels, level = fitted.trial.labels, fitted.how["level"]
    some = [k for k in range(1, len(labels)) if not _why_not(fitted, found, k)]
    moved = found.influence[:, some] - found.influence[:, :1]
    n = len(moved)
    freedom = min((found.welch(k, 0) for k in some), default=1.0)
    times = sup_t(moved.T @ moved * (n / (n - 1)), level=level, df=freedom) if some else 0.0
    stricter = {**fitted.how, "level": 1 - (1 - level) / max(len(some), 1)}
    for k, label in enumerate(labels[1:], start=1):
        key = key_of("effect", label, adjusted, AT_ONCE)
        if k not in some:
            yield key | unknown(_why_not(fitted, found, k))
            continue
        estimate, error = float(found.mean[k] - found.mean[0]), error_of(moved[:, some.index(k)])
        if fitted.few:
            row = lots_row(fitted.trial, k, adjusted=adjusted, estimate=estimate, error=error, how=stricter)
            yield key | {name: value for name, value in row.items() if name != "p_value"}
        else:
            yield key | known(estimate, error, estimate - times * error, estimate + times * error)


def _why_not(fitted: Fitted, found: ArmMeans, k: int) -> str:
    why = fitted.refused or found.reasons[0] or found.reasons[k]
    if not why and found.within[0] + found.within[k] == 0:
        return "the outcome does not vary within the arms, so that chance cannot be told"
    return why


def _linear(term: str, fitted: Fitted, found: ArmMeans, adjusted: bool) -> dict[str, np.ndarray]:
    """Return the influence on means and effects that are told, by name."""
    labels, tail = fitted.trial.labels, ", adjusted" if adjusted else ""
    moved = {f"{term}: {label}{tail}": found.influence[:, k] for k, label in enumerate(labels) if not found.reasons[k]}
    told = [k for k in range(1, len(labels)) if not _why_not(fitted, found, k)]
    return moved | {f"effect: {labels[k]}{tail}": found.influence[:, k] - found.influence[:, 0] for k in told}
