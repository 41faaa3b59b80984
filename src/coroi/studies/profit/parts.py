"""The regressions of the study `profit`: paths after a change of the score, sides, lags, and the arrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.inference.estimates import unknown, wald
from coroi.inference.panels import shifted
from coroi.models.direction import fit_direction
from coroi.models.distributed_lags import fit_distributed_lags
from coroi.models.fixed_effects import fit_fixed_effects
from coroi.models.local_projections import fit_local_projections
from coroi.results import Result
from coroi.studies.profit.question import Question

MOST_PAST = 4
_MOST_LAGS = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """The regressions behind the answer; empty where nothing can be estimated.

    Parameters
    ----------
    path : Result or None
        Money by period after the score's change: ``response``, ``crossover``.
    clock : Mapping of str to Result
        Paths of revenue, margin, cost to serve and of the share still there.
    selected : Result or None
        Money by period among those who stay.
    sides : Result or None
        Within customers, between them, and all rows alike.
    lasting : Result or None
        What a step that stays adds, by lags.
    arrow : Result or None
        Each on the other's past.
    level : float
        Level of the intervals.
    """

    path: Result | None = None
    clock: Mapping[str, Result]
    selected: Result | None = None
    sides: Result | None = None
    lasting: Result | None = None
    arrow: Result | None = None
    level: float = 0.95


def fit_parts(question: Question, *, level: float = 0.95) -> Parts:
    """Fit every regression of the study on the closed cohort.

    Parameters
    ----------
    question : Question
        From :func:`coroi.studies.profit.ask`.
    level : float
        Level of the intervals.

    Notes
    -----
    Paths are of changes on changes: the money of each later period less that of the period before the score, on the
    change of the score, with their last changes held. That leaves each customer's own level out as sweeping it out
    would, without the bias that sweeping has where the horizon is long and the periods are few.
    """
    if question.reason:
        return Parts(clock={}, level=level)
    data = with_changes(question)
    lags = min(_MOST_LAGS, question.horizon - 1)
    arrow = _arrow(data, level)
    held = int(str(arrow.spec["lags"]))

    def after(outcome: str) -> Result:
        return fit_local_projections(
            data,
            outcome=f"{outcome}_change",
            metric="metric",
            horizons=question.horizon - 1,
            cumulative=True,
            change=True,
            early=question.early,
            past=("money_change",),
            lags=held,
            effects="period",
            level=level,
        )

    return Parts(
        path=after("money"),
        clock={name: after(name) for name in question.parts},
        selected=after("staying"),
        sides=fit_fixed_effects(data, outcome="money", metric="metric", level=level),
        lasting=fit_distributed_lags(data, outcome="money", metric="metric", lags=lags, level=level),
        arrow=arrow,
        level=level,
    )


def combined(path: Result, weights: np.ndarray, level: float) -> dict:
    """Return a combination of a path's responses with its interval, or why there is none.

    Parameters
    ----------
    path : Result
        Of :func:`coroi.models.local_projections.fit_local_projections`.
    weights : ndarray, shape (n_horizons,)
        Of each response; with all at zero there is nothing to estimate.
    level : float
        Level of the interval.
    """
    rows = path.estimates[path.estimates["term"] == "response"]
    if path.vcov is None:
        return unknown(next(str(r) for r in rows["reason"] if r))
    if not weights.any():
        return unknown("no period is left after the early ones")
    variance = float(weights @ path.vcov.to_numpy() @ weights)
    df = float(path.tables["band"]["df"].iloc[0])
    return wald(float(weights @ rows["estimate"].to_numpy(float)), float(np.sqrt(max(variance, 0.0))), level, df)


def with_changes(question: Question) -> pd.DataFrame:
    """Add to each kind of money what it has changed by since the period before, never across a gap.

    Parameters
    ----------
    question : Question
        From :func:`coroi.studies.profit.ask`.

    Returns
    -------
    pandas.DataFrame
        The question's data, sorted, with a column ``<kind>_change`` for each kind of money.
    """
    data = question.data.sort_values(["entity", "period"], ignore_index=True)
    names = ["money", "staying", *question.parts]
    code = pd.factorize(data["entity"])[0]
    before = shifted(data[names].to_numpy(float), code, data["period"].to_numpy("int64"), 1)
    changes = pd.DataFrame(data[names].to_numpy(float) - before, columns=[f"{name}_change" for name in names])
    return pd.concat([data, changes], axis=1)


def _arrow(data: pd.DataFrame, level: float) -> Result:
    """Fit each on the other's past, with as much of it held as one period more adds something to, up to a limit."""
    for lags in range(1, MOST_PAST + 1):
        found = fit_direction(data, outcome="money", metric="metric", lags=lags, level=level)
        if lags > 1 and not found.estimates["identified"].all():
            return fit_direction(data, outcome="money", metric="metric", lags=lags - 1, level=level)
        if next(c for c in found.checks if c.name == "memory").passed is not False:
            break
    return found
