"""The strongest case against the answer of the study `roi`: what would erase it, in a stakeholder's words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.errors import CoroiError
from coroi.roi.flows import Line
from coroi.roi.present_value import present_value
from coroi.roi.referee import Confounder, TrendBreak, confounder_that_erases, regression_of, trend_that_erases
from coroi.roi.silent_customers import Silent, silent_tipping
from coroi.roi.wording import nothing_to_erase, percent
from coroi.studies.programme.known_causes import units_regression
from coroi.studies.roi.guards import event_path, paid_value
from coroi.studies.roi.parts import Parts
from coroi.studies.roi.question import Question
from coroi.studies.roi.valued import Valued

NOT_RUN = "Not worked out: {}."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseAgainst:
    """What a referee would say.

    Parameters
    ----------
    confounder : Confounder or None
    trend : TrendBreak or None
    silent : Silent or None
    sentences : tuple of str
        One for each of the three, where it could not be worked out why not.
    """

    confounder: Confounder | None
    trend: TrendBreak | None
    silent: Silent | None
    sentences: tuple[str, ...]


def case_against(question: Question, parts: Parts, valued: Valued | None) -> CaseAgainst:
    """Work out the cause, the break in trends and the silent customers that would erase the value.

    Parameters
    ----------
    question, parts, valued
        What was asked, the lines, and what they come to.
    """
    if valued is None:
        return CaseAgainst(confounder=None, trend=None, silent=None, sentences=())
    what = "what it brings before costs" if question.cost_reason else "the net present value"
    told = valued.value
    if float(told["conf_low"]) <= 0 <= float(told["conf_high"]):
        half = (float(told["conf_high"]) - float(told["conf_low"])) / 2
        nothing = nothing_to_erase(what, float(told["estimate"]), half, question.currency)
        beside = "Neither a hidden cause, nor a break in trends, nor silent customers are needed to doubt it."
        return CaseAgainst(confounder=None, trend=None, silent=None, sentences=(f"{nothing} {beside}",))
    confounder, first = _cause(question, parts, valued, what)
    trend, second = _trend(question, parts, what)
    silent, third = _silent(question, parts, what)
    return CaseAgainst(confounder=confounder, trend=trend, silent=silent, sentences=(first, second, third))


def _cause(question: Question, parts: Parts, valued: Valued, what: str) -> tuple[Confounder | None, str]:
    try:
        known = {}
        if question.programme is not None and question.route == "roll-out":
            known = dict(units_regression(question.programme, question.programme.outcome("money")).benchmarks)
        found = regression_of(
            float(valued.value["estimate"]), float(valued.value["std_error"]), int(valued.line.df), known
        )
        told = confounder_that_erases(found, currency=question.currency, what=what, level=parts.level)
    except CoroiError as error:
        return None, NOT_RUN.format(str(error).rstrip("."))
    return told, told.sentence


def _trend(question: Question, parts: Parts, what: str) -> tuple[TrendBreak | None, str]:
    if question.route != "roll-out":
        return None, "There is no roll-out, so that no trend of treated and untreated can be set side by side."
    try:
        path, weights = event_path(question, parts)
        assert question.programme is not None
        told = trend_that_erases(
            path,
            weights,
            currency=question.currency,
            paid=paid_value(question, parts),
            what=f"{what}, measured from the last period before the start alone",
            level=parts.level,
            df=len(question.programme.starts) - 1,
        )
    except CoroiError as error:
        return None, NOT_RUN.format(str(error).rstrip("."))
    return told, told.sentence


def _silent(question: Question, parts: Parts, what: str) -> tuple[Silent | None, str]:
    """Split the value between customers who had answered before the first start and those who had not."""
    if question.lines is None or parts.beside is None or "heard" not in parts.beside.names:
        return None, "Who is silent is not known: the data hold no answers of these customers."
    units = question.lines.units
    treated = units[units["first_treated"].notna()]
    share = 1 - float(treated["n_silent"].sum() / max(treated["n_customers"].sum(), 1))
    if not 0 < share < 1:
        every = "Every customer" if share == 1 else "No customer"
        return None, f"{every} had answered before the first start, so that nobody can be set apart as silent."
    alike = np.array(
        [
            float(n in (parts.flows.names if parts.flows else ()) and n not in ("retention", "spend"))
            for n in parts.beside.names
        ]
    )
    heard, silent = (_of(parts, alike, name, by) for name, by in (("heard", share), ("silent", 1 - share)))
    at = present_value(heard, rate_annual=question.rate, per_year=question.per_year, level=parts.level)
    if float(at["conf_low"]) <= 0 <= float(at["conf_high"]):
        half = (float(at["conf_high"]) - float(at["conf_low"])) / 2
        theirs = f"{what} of those who had answered, {percent(share)} of customers"
        return None, nothing_to_erase(theirs, float(at["estimate"]), half, question.currency)
    try:
        told = silent_tipping(
            float(at["estimate"]),
            float(at["conf_low"]),
            float(at["conf_high"]),
            share,
            currency=question.currency,
            silent=silent,
            weights=question.factors,
            what=what,
            level=parts.level,
        )
    except CoroiError as error:
        return None, NOT_RUN.format(str(error).rstrip("."))
    return told, told.sentence


def _of(parts: Parts, alike: np.ndarray, name: str, share: float) -> Line:
    """Return the money of one of some customers: their own part, and the lines that are known for all alike."""
    assert parts.beside is not None
    weights = alike + np.array([float(n == name) / share for n in parts.beside.names])
    return parts.beside.weighted(weights, name)
