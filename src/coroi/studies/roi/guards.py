"""The guards of the study `roi`: those of the programme or of the score, run on the money that is valued."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.claims import Graded, graded, label_of
from coroi.errors import CoroiError
from coroi.inference.event_path import EventPath, path_of
from coroi.inference.trend_bounds import check_trend_bounds
from coroi.results import Check, Grade
from coroi.roi.present_value import present_value
from coroi.studies import programme
from coroi.studies.profit.guards import checks_of as score_checks
from coroi.studies.profit.guards import grade_of as score_grade
from coroi.studies.programme.guards import NOT_A_RATIO, checks_of
from coroi.studies.roi.books import Books
from coroi.studies.roi.parts import PROGRAMME, Parts
from coroi.studies.roi.question import Question, declared_rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guards:
    """What every guard found, and the grade that it leaves.

    Parameters
    ----------
    checks : tuple of Check
    graded : Graded or None
        Of a roll-out; by the route of the score the grade is C at best.
    grade : str
    """

    checks: tuple[Check, ...]
    graded: Graded | None
    grade: Grade

    def words(self) -> str:
        """Say the grade and what lowered it."""
        if self.graded is not None:
            return self.graded.words()
        lowered = (
            " instead of C: a guard of the arrow did not hold"
            if self.grade == "D"
            else ": no roll-out stands behind it"
        )
        return f"{self.grade}{lowered}."


def run_guards(question: Question, parts: Parts, books: Books | None = None) -> Guards:
    """Run the guards on all benefits together.

    Parameters
    ----------
    question, parts
        What was asked, and the lines.
    books : Books, optional
        The ledger, which is held against the whole.

    Notes
    -----
    Costs were paid and need no guard. The bounds on differing trends are of the net present value itself, weighted as
    it is, and the grade B asks that its verdict survives them.
    """
    if parts.flows is None:
        return Guards(checks=(), graded=None, grade="D")
    if question.route == "score":
        assert question.score is not None and parts.score is not None
        found = score_checks(question.score, parts.score)
        return Guards(checks=found, graded=None, grade=score_grade(found))
    assert question.programme is not None and parts.path is not None
    own = programme.Parts(effects={"money": parts.fits["total"]}, paths={"money": parts.path}, level=parts.level)
    outcome = question.programme.outcome("money")
    found = checks_of(question.programme, own, outcome, bounds=bounds_check(question, parts))
    held = None if books is None else books.check
    found = (*found, held) if held is not None else found
    left = graded("A" if question.programme.drawn else "B", found, idle=NOT_A_RATIO)
    return Guards(checks=found, graded=left, grade=left.grade)


def bounds_check(question: Question, parts: Parts) -> Check:
    """Bound the net present value by how much trends differed before the start."""
    declared, paid = declared_rows(question, "B")["value"], paid_value(question, parts)
    if question.cost_reason:
        return _bounds(question, parts, "what it brings before costs", paid, declared.level, declared.delta)
    return _bounds(question, parts, "the net present value", paid, declared.level, declared.delta)


def event_path(question: Question, parts: Parts) -> tuple[EventPath, np.ndarray]:
    """Return the path of all benefits around one base, and the weights that make its net present value.

    Raises
    ------
    DataError
        If the path is not whole over the horizon.
    """
    assert parts.path is not None and question.programme is not None
    path = path_of(parts.path, term="event_time", base=-1 - question.programme.anticipation)
    times = path.first + np.arange(len(path.after))
    weights = np.zeros(len(path.after))
    inside = (times >= 0) & (times < question.horizon)
    if int(inside.sum()) < question.horizon:
        raise CoroiError(f"only {int(inside.sum())} of {question.horizon} periods are on the path around one base")
    weights[inside] = question.factors
    return path, weights


def paid_value(question: Question, parts: Parts) -> float:
    """Return the present value of the programme's costs, below zero; zero where they are not known."""
    assert parts.flows is not None
    if PROGRAMME not in parts.flows.names:
        return 0.0
    return float(question.factors @ parts.flows.line(PROGRAMME).estimate)


def _answered(question: Question, parts: Parts, level: float, delta: float) -> str:
    """Return the verdict on the value as the study estimates it, which is sharper than the path around one base."""
    assert parts.flows is not None
    row = present_value(parts.flows.total, rate_annual=question.rate, per_year=question.per_year, level=level)
    return label_of(float(row["conf_low"]), float(row["conf_high"]), delta, grade="B")


def _bounds(question: Question, parts: Parts, what: str, paid: float, level: float, delta: float) -> Check:
    def judged(low: float, high: float) -> str:
        return label_of(low + paid, high + paid, delta, grade="B")

    tested = "whether the verdict survives trends that differ after the start as much as before it"
    try:
        path, weights = event_path(question, parts)
        assert question.programme is not None
        df = len(question.programme.starts) - 1
        return check_trend_bounds(
            path,
            weights,
            what=f"{what} but for its cost" if paid else what,
            judged=judged,
            level=level,
            df=df,
            effect=-paid,
            verdict=_answered(question, parts, level, delta),
        )
    except CoroiError as error:
        return Check(name="trend_bounds", tested=tested, passed=None, sentence=f"Not run: {str(error).rstrip('.')}.")
