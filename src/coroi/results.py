"""The one shape of every answer: estimates with intervals, checks, cash flows and verdicts; frozen, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from coroi.errors import CoroiError

REQUIRED_ESTIMATE_COLUMNS = ("term", "estimate", "std_error", "conf_low", "conf_high", "identified", "reason")

Label = Literal[
    "supported",
    "consistent with",
    "too small to matter",
    "contradicted",
    "claimed effect ruled out",
    "cannot tell",
    "not testable with this data",
]
Grade = Literal["A", "B", "C", "D", "P1", "P2", "P3"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Check:
    """One diagnostic: what was tested, whether it passed, and a sentence that says so.

    Parameters
    ----------
    name : str
        Short name, unique within a result.
    tested : str
        What was tested, in words.
    passed : bool or None
        ``None`` where the check could not be run; a check that was not run counts as failed in a grade.
    sentence : str
        The finding, in words, with its numbers.
    table : pandas.DataFrame or None
        The numbers behind the sentence.
    """

    name: str
    tested: str
    passed: bool | None
    sentence: str
    table: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """What a method or a metric answers.

    Parameters
    ----------
    method : str
        Name of the method's module.
    estimand : str
        What is estimated, in words, with its unit.
    spec : Mapping
        What was asked for: plain, JSON-able values.
    estimates : pandas.DataFrame
        One row an estimate: ``term``, any keys (``band``, ``horizon`` …), ``estimate``, ``std_error``,
        ``conf_low``, ``conf_high``, ``identified``, ``reason``. What is not identified is NaN, with a reason.
    vcov : pandas.DataFrame or None
        Covariance of the estimates, rows and columns as in `estimates`.
    influence : pandas.DataFrame or None
        Influence values per cluster, shape (n_clusters, n_terms).
    draws : numpy.ndarray or None
        Joint draws, shape (n_draws, n_terms).
    n_obs, n_entities : int
        Rows and customers used.
    checks : tuple of Check
        Diagnostics that were run.
    tables : Mapping of str to pandas.DataFrame
        Curves and counts behind the estimates.

    Raises
    ------
    CoroiError
        If a column is missing, an unidentified row carries a number, or a number lacks its interval.
    """

    method: str
    estimand: str
    spec: Mapping[str, object]
    estimates: pd.DataFrame
    n_obs: int
    n_entities: int
    vcov: pd.DataFrame | None = None
    influence: pd.DataFrame | None = None
    draws: np.ndarray | None = None
    checks: tuple[Check, ...] = ()
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = [c for c in REQUIRED_ESTIMATE_COLUMNS if c not in self.estimates.columns]
        if missing:
            raise CoroiError(f"{self.method}: estimates lack the columns {', '.join(missing)}.")
        rows = self.estimates
        known = rows["identified"].astype(bool)
        numbers = rows[["estimate", "conf_low", "conf_high"]]
        if rows.loc[~known, "estimate"].notna().any():
            raise CoroiError(f"{self.method}: an estimate that is not identified carries a number.")
        if numbers[known].isna().any(axis=None):
            raise CoroiError(f"{self.method}: an identified estimate lacks its number or its interval.")
        if (rows.loc[~known, "reason"].astype(str).str.len() == 0).any():
            raise CoroiError(f"{self.method}: an estimate that is not identified lacks its reason.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CashFlow:
    """Money by draw and period.

    Parameters
    ----------
    draws : numpy.ndarray
        Shape (n_draws, n_periods), in `currency`.
    periods : tuple of str
        First day of each period, ISO.
    currency : str
        ISO 4217 code.
    label : str
        What the money is, in words.
    """

    draws: np.ndarray
    periods: tuple[str, ...]
    currency: str
    label: str

    def __post_init__(self) -> None:
        if self.draws.ndim != 2 or self.draws.shape[1] != len(self.periods):
            raise CoroiError(f"cash flow '{self.label}': {self.draws.shape} draws for {len(self.periods)} periods.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an interval says about a claim, and how good the evidence is.

    Parameters
    ----------
    theta : str
        The signed scalar in words, claimed side positive, with its unit.
    estimate, conf_low, conf_high : float
        Estimate and interval at `level`; NaN where not testable.
    delta : float
        Smallest effect that matters, above zero.
    level : float
        Level of the headline interval.
    label : str
        The headline verdict.
    label_95 : str
        The verdict from the 95 % interval.
    grade : str
        Evidence grade.
    reason : str
        Why, in words: what is missing, or what would settle it.
    """

    theta: str
    estimate: float
    conf_low: float
    conf_high: float
    delta: float
    level: float
    label: Label
    label_95: Label
    grade: Grade
    reason: str = ""
