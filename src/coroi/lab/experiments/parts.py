"""What an experiment is: an estimator, its estimands in words, where it is tried, and what is true there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from coroi.lab.months import Months

OWN = "own"
"""The scenario in which data arise as the method itself supposes."""
COMPANIES = ("baseline", "null", "dip", "overspend", "confounded", "small")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimand:
    """One number that an estimator is after.

    Parameters
    ----------
    name : str
        Unique within the experiment.
    words : str
        What it is, with its unit.
    headline : bool
        Whether a study answers with it.
    contrast : bool
        Whether zero means "no difference".
    zero_in : tuple of str
        Scenarios in which it is zero, so that an interval without zero is a false alarm.
    level : float
        Level of its interval.
    """

    name: str
    words: str
    headline: bool = False
    contrast: bool = True
    zero_in: tuple[str, ...] = ()
    level: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one replication gives for one estimand.

    Parameters
    ----------
    estimate, low, high : float
        The estimate and its interval; NaN where refused.
    refused : str
        Why there is none; empty where there is one.
    label : str
        The verdict; empty where the experiment gives none.
    causal : bool or None
        Whether verdict or sentence claims an effect; ``None`` where the experiment gives neither.
    """

    estimate: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    refused: str = ""
    label: str = ""
    causal: bool | None = None


Findings = Mapping[str, Found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """An estimator, and how it is tried.

    Parameters
    ----------
    name, method : str
        Short name, and what is run, in words.
    estimands : tuple of Estimand
        What it is after.
    scenarios : tuple of str
        Where it is tried.
    fit : callable
        From a company to what is found.
    reduce, pool : callable
        From a company to what its truth needs, and from many of these to the value of each estimand in a population.
    own_fit : callable, optional
        Draws data as the method supposes, and fits them.
    own_truth : callable, optional
        The true values there.
    """

    name: str
    method: str
    estimands: tuple[Estimand, ...]
    scenarios: tuple[str, ...]
    fit: Callable[[Months], Findings]
    reduce: Callable[[Months], Any]
    pool: Callable[[Sequence[Any]], Mapping[str, float]]
    own_fit: Callable[[np.random.Generator], Findings] | None = None
    own_truth: Callable[[], Mapping[str, float]] | None = None


def found_in(row: pd.Series) -> Found:
    """Read one row of a result's estimates."""
    if not row["identified"]:
        return Found(refused=str(row["reason"]))
    return Found(estimate=float(row["estimate"]), low=float(row["conf_low"]), high=float(row["conf_high"]))
