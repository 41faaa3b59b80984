"""The lines of money of the study `roi`, each estimated on the same units, and joined with their common errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from coroi.errors import CoroiError
from coroi.models.group_time import fit_group_time
from coroi.models.imputation_did import fit_imputation_did
from coroi.prepare.calendar import first_day
from coroi.results import Result
from coroi.roi.flows import Flows, Line, join_lines, known_line, line_of
from coroi.studies import profit
from coroi.studies.programme.parts import MOST_LEADS, OUTCOME, WEIGHT
from coroi.studies.programme.question import frame_of
from coroi.studies.roi.question import Question

PROGRAMME = "programme"
BENEFITS: Mapping[str, float] = {"retention": 1.0, "spend": 1.0, "referral": 1.0, "cost to serve": -1.0}
"""Lines of money that a programme may move, with the sign by which each enters profit."""
SCORE = "money after a better score"
_COLUMNS = {"cost to serve": "cost_to_serve"}
NOT_ASKED = "who was recommended may have come anyway; the parameter `referrals` counts it"
_BESIDE = ("everyone", "others", "silent", "heard")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """The lines behind the answer; empty where nothing can be estimated.

    Parameters
    ----------
    flows : Flows or None
        Every line that enters profit, the programme's cost among them where it is known.
    beside : Flows or None
        The lines that the answer is held against: money of everybody in the unit, of others than the cohort and whom
        it brought, and of customers who never answered, with those of `flows`.
    fits : Mapping of str to Result
        The regression behind each line, and ``total`` of all benefits at once.
    path : Result or None
        The total's path with one base for all its estimates, which bounds on differing trends need.
    score : coroi.studies.profit.Parts or None
        The regressions by the route of the score.
    left_out : Mapping of str to str
        Lines that the data do not tell, with the reason.
    level : float
        Level of the intervals.
    reason : str
        Why there are no flows; empty where there are.
    """

    flows: Flows | None = None
    beside: Flows | None = None
    fits: Mapping[str, Result] = field(default_factory=dict)
    path: Result | None = None
    score: profit.Parts | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    level: float = 0.95
    reason: str = ""

    @property
    def benefits(self) -> tuple[str, ...]:
        """Names of the lines that are no cost of the programme."""
        return () if self.flows is None else tuple(n for n in self.flows.names if n != PROGRAMME)


def fit_parts(question: Question, *, level: float = 0.95) -> Parts:
    """Estimate every line of money that the data tell.

    Parameters
    ----------
    question : Question
        From :func:`coroi.studies.roi.ask`.
    level : float
        Level of the intervals.

    Notes
    -----
    Lines are linear in one another's outcomes and fitted on the same rows, so that they add up to the total's own
    estimate; each unit's influence on every line ties their errors.
    """
    if question.route == "roll-out":
        return _of_roll_out(question, level)
    if question.route == "score":
        return _of_score(question, level)
    return Parts(level=level, reason=question.reason)


def _of_roll_out(question: Question, level: float) -> Parts:
    assert question.lines is not None and question.programme is not None
    rows = question.lines.rows
    fits: dict[str, Result] = {}
    lines: list[Line] = []
    left_out: dict[str, str] = {}
    for name, sign in BENEFITS.items():
        column = _COLUMNS.get(name, name)
        if name == "referral" and not question.referrals and rows[column].notna().any():
            left_out[name] = NOT_ASKED
            continue
        if not rows[column].notna().any():
            left_out[name] = question.lines.reasons.get(column, "the data tell nothing of it")
            continue
        fits[name] = _fitted(question, column, level)
        try:
            lines.append(line_of(fits[name], name, n_periods=question.horizon, sign=sign))
        except CoroiError as error:
            why = str(error).rstrip(".").removeprefix(f"{name}: ")
            return Parts(fits=fits, left_out=left_out, level=level, reason=why)
    fits["margin"] = _fitted(question, "margin", level)
    fits["total"] = _fitted(question, "benefit", level, leads=MOST_LEADS)
    if not question.cost_reason:
        lines.append(known_line(PROGRAMME, -_paid(question)))
    flows = join_lines(lines, currency=question.currency, periods=_days(question))
    others = []
    for name in (*_BESIDE, *(("referral",) if left_out.get("referral") == NOT_ASKED else ())):
        if rows[name].notna().any():
            fits[name] = _fitted(question, name, level)
            try:
                others.append(line_of(fits[name], name, n_periods=question.horizon))
            except CoroiError:
                continue
    beside = join_lines([*lines, *others], currency=question.currency, periods=_days(question)) if others else None
    path = fit_group_time(
        frame_of(question.programme),
        outcome=OUTCOME,
        weight=WEIGHT,
        anticipation=question.programme.anticipation,
        leads=MOST_LEADS,
        level=level,
    )
    return Parts(flows=flows, beside=beside, fits=fits, path=path, left_out=left_out, level=level)


def line_frame(question: Question, column: str) -> pd.DataFrame:
    """Return the rows of one line of money, as roll-outs are fitted.

    Parameters
    ----------
    question : Question
        By the route of a roll-out.
    column : str
        A line of :class:`coroi.prepare.money_lines.MoneyLines`.
    """
    assert question.programme is not None and question.lines is not None
    frame = frame_of(question.programme)
    own = question.lines.rows[["unit", "period", column]].rename(columns={"unit": "entity", column: "value"})
    frame = frame.merge(own, on=["entity", "period"], how="left", validate="one_to_one")
    return frame.assign(outcome=frame["value"]).drop(columns="value")


def _fitted(question: Question, column: str, level: float, *, leads: int = 0) -> Result:
    assert question.programme is not None
    return fit_imputation_did(
        line_frame(question, column),
        outcome=OUTCOME,
        weight=WEIGHT,
        anticipation=question.programme.anticipation,
        leads=leads,
        horizon=question.horizon - 1,
        balanced=0,
        level=level,
        keep_influence=True,
    )


def _paid(question: Question) -> np.ndarray:
    """Return what the programme cost per customer by period since the start, units weighted as their effects are."""
    frame = line_frame(question, "programme_cost")
    treated = frame[frame["period"] >= frame["first_treated"]]
    since = (treated["period"] - treated["first_treated"]).astype(int)
    sums = (treated["outcome"] * treated["weight"]).groupby(since).sum() / treated["weight"].groupby(since).sum()
    return sums.reindex(range(question.horizon)).to_numpy(float)


def _of_score(question: Question, level: float) -> Parts:
    assert question.score is not None
    found = profit.fit_parts(question.score, level=level)
    if found.path is None:
        return Parts(score=found, level=level, reason="the money that follows a better score cannot be told")
    steps = question.score_change or 1.0
    try:
        line = line_of(found.path, SCORE, term="response", n_periods=question.horizon, sign=steps)
    except CoroiError as error:
        return Parts(score=found, level=level, reason=str(error).rstrip(".").removeprefix(f"{SCORE}: "))
    lines = [line]
    if not question.cost_reason:
        paid = np.full(question.horizon, question.cost_running)
        paid[0] += question.cost_at_start
        lines.append(known_line(PROGRAMME, -paid))
    flows = join_lines(lines, currency=question.currency, periods=_days(question))
    return Parts(flows=flows, fits={"total": found.path}, score=found, level=level)


def _days(question: Question) -> tuple[str, ...]:
    """Return the first day of each period for who starts first; by the score's route, for the cohort's start."""
    from coroi.prepare.calendar import index_of

    day = question.first_day
    if day is None:
        assert question.score is not None and question.score.cohort.start is not None
        start = index_of(question.score.cohort.start, question.frequency)  # type: ignore[arg-type]
    else:
        start = index_of(day.date(), question.frequency)  # type: ignore[arg-type]
    return tuple(first_day(start + k, question.frequency).isoformat() for k in range(question.horizon))  # type: ignore[arg-type]
