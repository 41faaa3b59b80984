"""The regressions of the study `profit`: paths after a change of the score, sides, lags, and the arrow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.inference.blocks import MOST_ROWS, ArrayBlocks, read_blocks
from coroi.inference.estimates import unknown, wald
from coroi.models.direction import fit_direction
from coroi.models.distributed_lags import fit_distributed_lags
from coroi.models.fixed_effects import fit_fixed_effects
from coroi.models.long_differences import fit_long_differences
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


def fit_parts(question: Question, *, level: float = 0.95, most_rows: int = MOST_ROWS) -> Parts:
    """Fit every regression of the study on the closed cohort.

    Parameters
    ----------
    question : Question
        From :func:`coroi.studies.profit.ask`.
    level : float
        Level of the intervals.
    most_rows : int
        With more rows than that, regressions take the cohort in blocks of whole customers; the numbers are the same.

    Notes
    -----
    Paths are of what is new in the score, beyond what the last scores and the last money foretell; periods before the
    cohort's start serve as past alone, since nobody of the cohort had left in them.
    """
    if question.reason:
        return Parts(clock={}, level=level)
    data = question.data.sort_values(["entity", "period"], ignore_index=True)
    arrow = _arrow(data, level)
    hand = _hander(data, most_rows)
    held = int(str(arrow.spec["lags"]))

    def after(outcome: str, gone: str | None = "gone") -> Result:
        return fit_long_differences(
            hand(tuple(dict.fromkeys((outcome, "metric", "money", *([gone] if gone else []))))),
            outcome=outcome,
            metric="metric",
            past=("money",),
            gone=gone,
            since=question.cohort.start_idx,
            horizons=question.horizon - 1,
            lags=held,
            settle=_settle(question, held),
            level=level,
        )

    lags = min(_MOST_LAGS, question.horizon - 1)
    beside, changing = hand(("money", "metric"), complete_only=True), hand(("money", "metric"))
    return Parts(
        path=after("money"),
        clock={name: after(name) for name in question.parts},
        selected=after("staying", None),
        sides=fit_fixed_effects(beside, outcome="money", metric="metric", level=level, most_rows=most_rows),
        lasting=fit_distributed_lags(changing, outcome="money", metric="metric", lags=lags, level=level),
        arrow=arrow,
        level=level,
    )


def combined(path: Result, weights: np.ndarray, level: float) -> dict:
    """Return a combination of a path's responses with its interval, or why there is none.

    Parameters
    ----------
    path : Result
        Of :func:`coroi.models.long_differences.fit_long_differences`.
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


def _hander(data: pd.DataFrame, most_rows: int) -> Callable[..., pd.DataFrame | ArrayBlocks]:
    """Return what hands a regression its columns: the frame, or blocks of whole customers where it is large."""
    if len(data) <= most_rows:
        return lambda names, *, complete_only=False: data
    names = [name for name in data.columns if name not in ("entity", "period")]
    return read_blocks(data, names, entity="entity", period="period", complete_only=False).take


def _settle(question: Question, held: int) -> int:
    """Return the periods after which a score no longer moves who leaves: the horizon, or what the data have of it."""
    seen = question.cohort.last_idx - int(question.data["period"].min())
    return int(np.clip(seen - question.horizon - held, 1, question.horizon))


def _arrow(data: pd.DataFrame, level: float) -> Result:
    """Fit each on the other's past, with as much of it held as one period more adds something to, up to a limit."""
    for lags in range(1, MOST_PAST + 1):
        found = fit_direction(data, outcome="money", metric="metric", lags=lags, level=level)
        if lags > 1 and not found.estimates["identified"].all():
            return fit_direction(data, outcome="money", metric="metric", lags=lags - 1, level=level)
        if next(c for c in found.checks if c.name == "memory").passed is not False:
            break
    return found
