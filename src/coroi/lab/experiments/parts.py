"""What an experiment is: an estimator, its estimands in words, where it is tried, and what is true there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from coroi.errors import CoroiError
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
    at_most : float or None
        Where it is a yes or a no, told as 1 or 0 without an interval: the largest share of a yes that is allowed.
    """

    name: str
    words: str
    headline: bool = False
    contrast: bool = True
    zero_in: tuple[str, ...] = ()
    level: float = 0.95
    at_most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one replication gives for one estimand.

    Parameters
    ----------
    estimate, low, high : float
        The estimate and its interval; NaN where refused, infinite ends where it has no bound.
    refused : str
        Why there is none; empty where there is one.
    label : str
        The verdict; empty where the experiment gives none.
    causal : bool or None
        Whether verdict or sentence claims an effect; ``None`` where the experiment gives neither.
    gap_low, gap_high : float
        Ends of what is left out between `low` and `high`, where the set is no interval; NaN elsewhere.
    """

    estimate: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    refused: str = ""
    label: str = ""
    causal: bool | None = None
    gap_low: float = float("nan")
    gap_high: float = float("nan")


Findings = Mapping[str, Found]


def _in_its_own_world(*_: Any) -> NoReturn:
    raise CoroiError(
        "This experiment is tried in its own world alone. Give it `fit`, `reduce` and `pool` for companies."
    )


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
    fit : callable, optional
        From a company to what is found; without it the experiment is tried in its own world alone.
    reduce, pool : callable, optional
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
    fit: Callable[[Months], Findings] = _in_its_own_world
    reduce: Callable[[Months], Any] = _in_its_own_world
    pool: Callable[[Sequence[Any]], Mapping[str, float]] = _in_its_own_world
    own_fit: Callable[[np.random.Generator], Findings] | None = None
    own_truth: Callable[[], Mapping[str, float]] | None = None


def found_in(row: pd.Series) -> Found:
    """Read one row of a result's estimates."""
    if not row["identified"]:
        return Found(refused=str(row["reason"]))
    low, high, *gap = (float(row.get(name, np.nan)) for name in ("conf_low", "conf_high", "gap_low", "gap_high"))
    return Found(estimate=float(row["estimate"]), low=low, high=high, gap_low=gap[0], gap_high=gap[1])
