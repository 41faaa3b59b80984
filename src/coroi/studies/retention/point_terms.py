"""The names of what the hazard compares: terms, references, and why some cannot be estimated."""

from __future__ import annotations

import re

from coroi.prepare.landmark import ANSWERED
from coroi.prepare.levels import NOT_GIVEN, OTHERS
from coroi.report.words import join_words
from coroi.results import Result
from coroi.studies.retention.point import PointEffect
from coroi.studies.retention.question import Question

_REASONS = {
    "the event never happens": "nobody {happened}",
    "the event happens in every row": "everybody {happened} as soon as they could",
    "every row has a level in which the event happens to nobody or to everybody": (
        "every customer is in a group of which nobody or everybody {happened}"
    ),
    "nobody of this level has the event": "nobody of this group {happened}",
    "everybody of this level has the event": "everybody of this group {happened}",
    "no row has this level": "nobody is in this group",
    ", among the rows that stay": ", among those who can be compared",
    "it does not vary, or is a combination of the terms before it": "it does not vary, or other terms tell it already",
    "the covariates separate those who leave from those who stay, so": "what is known tells fully who {happened}, so",
    "some of its customers have a level that no row at risk has": (
        "some customers are in a group of which nobody is at risk"
    ),
    "there is no row at risk": "nobody is at risk",
}


def doing(question: Question) -> str:
    """Name what the hazard is a hazard of."""
    return "buying again" if question.relationship == "repeat_purchase" else "leaving"


def kind_of(hazard: Result) -> str:
    """Name the ratio that a coefficient gives."""
    return "Odds" if hazard.spec["link"] == "logit" else "Hazard"


def step_words(point: PointEffect) -> str:
    """Write the step: "one point", "10 points"."""
    return "one point" if point.size == 1 else f"{point.size:g} points"


def span_words(question: Question, band: str) -> str:
    """Write a band of tenure with its unit: "3–5 months", "1 month"."""
    unit = "month" if question.relationship == "snapshot" else question.frequency
    return f"{band} {unit}{'' if band == '1' else 's'}"


def begun(question: Question) -> str:
    """Name the day from which tenure is counted."""
    return "the landmark" if question.relationship == "repeat_purchase" else "the start"


def term_words(question: Question, point: PointEffect, term: str) -> str:
    """Write what a term compares."""
    if term == "score":
        return f"{question.label}, {step_words(point)} higher"
    name, _, level = term.rstrip("]").partition("[")
    if name == "tenure":
        return "tenure not given" if level == NOT_GIVEN else f"{span_words(question, level)} since {begun(question)}"
    if name == "segment":
        if level == OTHERS:
            return "the other segments"
        label = point.segments.get(level, level)
        return "a segment of few customers" if label is None else f"segment {label}"
    return "had answered" if level == ANSWERED else level


def names_few(point: PointEffect, term: str) -> bool:
    """Tell whether a term is about a segment of so few customers that they could be named."""
    name, _, level = term.rstrip("]").partition("[")
    return name == "segment" and point.segments.get(level, level) is None


def references(question: Question, point: PointEffect) -> list[str]:
    """Write what the groups are set against: an answer at the middle of the scale, the first tenure and segment."""
    terms = _terms(point)
    found = [term_words(question, point, f"{name}[{terms[name]['reference']}]") for name in _compared(point)]
    if "state" in _compared(point) and terms["state"]["reference"] == ANSWERED:
        found[0] = f"an answer of {terms['score']['centre']:g}"
    return found


def at_equal(question: Question, point: PointEffect) -> str:
    """Say what is held equal: "At equal tenure and segment, "; nothing where nothing is."""
    tenure = f"time since {begun(question)}" if question.relationship == "repeat_purchase" else "tenure"
    names = [tenure if name == "tenure" else name for name in _compared(point) if name != "state"]
    return f"At equal {join_words(names)}, " if names else ""


def in_words(question: Question, point: PointEffect, reason: str) -> str:
    """Write a reason of the hazard's in the study's words."""
    for theirs, ours in _REASONS.items():
        reason = reason.replace(theirs, ours.format(happened=question.happened))
    return re.sub(
        r"\(((?:state|tenure|segment)\[.*\]|score)\)$", lambda m: f"({_named(question, point, m[1])})", reason
    )


def _named(question: Question, point: PointEffect, term: str) -> str:
    if term == "score":
        return question.label
    words = term_words(question, point, term)
    return f"customers who {words}" if term == f"state[{ANSWERED}]" else words


def _terms(point: PointEffect) -> dict[str, dict]:
    assert point.hazard is not None
    terms = point.hazard.spec["terms"]
    assert isinstance(terms, list)
    return {t["name"]: t for t in terms}


def _compared(point: PointEffect) -> list[str]:
    return [name for name, term in _terms(point).items() if len(term["levels"]) > 1]
