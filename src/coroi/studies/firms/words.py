"""The sentences of the study `firms`, made from its results."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from coroi.report import Answer
from coroi.report.words import (
    Direction,
    grade_phrase,
    grade_verb,
    interval,
    number,
    percent,
    plural,
    points,
    verdict_words,
)
from coroi.results import Label, Verdict
from coroi.studies.firms.answer import Findings, estimate_of
from coroi.studies.firms.question import COST, STANDING, VALUE, Question
from coroi.studies.retention.words import begin

UNTESTED: Label = "not testable with this data"
Verdicts = Mapping[str, Verdict]
_FOR = ("supported", "consistent with")
_CLAIMED = {
    VALUE: "earnings given up for customers come back as value of the firm",
    STANDING: "firms that satisfy customers more reach the top of their industry",
    COST: "earnings fall at first when satisfaction rises",
}


def answer(question: Question, found: Findings, verdicts: Verdicts) -> Answer:
    """Return the page's first sentence and its card.

    Parameters
    ----------
    question, found, verdicts
        What was asked, estimated and judged, by what is declared.
    """
    name = headline_of(verdicts)
    other = STANDING if name == VALUE else VALUE
    card = [
        ("Verdict", f"On {_ABOUT[name]}: {_verdict(verdicts[name])}"),
        (f"Verdict on {_ABOUT[other]}", _verdict(verdicts[other])),
        ("Evidence grade", _grades(verdicts)),
        *((label, begin(effect_words(question, found, each))) for label, each in _EFFECTS if _tested(verdicts, each)),
        ("Smallest that matters", _smallest(question, verdicts)),
        ("Period and firms", people(question)),
    ]
    return Answer(sentence=sentence(question, found, verdicts, name), card=tuple(card), verdict=verdicts[name])


_ABOUT = {VALUE: "C17, value", STANDING: "C15, standing"}
_EFFECTS = (("Value", VALUE), ("Earnings at first", COST), ("Standing", STANDING))


def headline_of(verdicts: Verdicts) -> str:
    """Return what the page leads with: the value, or the standing where the value cannot be tested."""
    return STANDING if not _tested(verdicts, VALUE) and _tested(verdicts, STANDING) else VALUE


def sentence(question: Question, found: Findings, verdicts: Verdicts, name: str) -> str:
    """Say what was found of a declared scalar in one sentence, with its numbers and no verb above its grade."""
    verdict = verdicts[name]
    if verdict.label == UNTESTED:
        return f"Whether {_CLAIMED[name]} cannot be tested with these data, because {verdict.reason}."
    told, outcome = effect_words(question, found, name), _outcome(question, name)
    if verdict.label == "too small to matter":
        least = _least_size(question, name)
        return f"{begin(outcome)} hardly moves with satisfaction: {told}, less than the {least} that would matter."
    if verdict.label == "claimed effect ruled out":
        return f"That {outcome} moves as claimed by {_least_size(question, name)} or more is ruled out: {told}."
    if verdict.label == "cannot tell":
        return f"These data cannot tell whether {_CLAIMED[name]}: {told}."
    up = (verdict.label in _FOR) != (name == COST)
    direction: Direction = "higher" if up else "lower"
    scope = ", within the same firms" if verdict.grade == "C" else ""
    return f"Higher satisfaction {grade_verb(verdict.grade, direction)} {outcome}{scope}: {told}."


def effect_words(question: Question, found: Findings, name: str) -> str:
    """Write a declared scalar with its interval, as it reads after a colon."""
    row = estimate_of(question, found, name)
    if not row["identified"]:
        return f"this is not known, since {row['reason']}"
    estimate, low, high = (float(row[c]) for c in ("estimate", "conf_low", "conf_high"))
    level, length = level_words(found.level), question.panel.length
    told = f"with satisfaction {question.step} higher than usual for it"
    if name == COST:
        size = f"{_size(100 * estimate, 100 * (high - low))} percentage points of revenue"
        return (
            f"{told}, earnings of the same {length} are {size} {'lower' if estimate > 0 else 'higher'} ({level} "
            f"interval {_both_sides(100 * low, 100 * high, 'higher', 'lower')})"
        )
    if name == STANDING:
        ranks, when = question.ranked_by.replace("_", " "), later(question.lag, length)
        return (
            f"{told}, a firm outdoes {_size(100 * estimate, 100 * (high - low))} percentage points "
            f"{'more' if estimate > 0 else 'fewer'} of its rivals by {ranks} {when} ({level} interval "
            f"{_both_sides(100 * low, 100 * high, 'fewer', 'more')})"
        )
    if question.by_value == "returns":
        rate = f"{_size(1200 * estimate, 1200 * (high - low))}{_PC} a year {'more' if estimate > 0 else 'less'}"
        return (
            f"firms with high satisfaction returned {rate} than those with low, beyond the factors ({level} interval "
            f"{_span(1200 * low, 1200 * high)}{_PC})"
        )
    worth, least, most = (100 * math.expm1(x) for x in (estimate, low, high))
    return (
        f"{told}, a firm is worth about {_size(worth, most - least)}{_PC} {'more' if worth > 0 else 'less'} "
        f"{later(question.horizon, length)} ({level} interval {_span(least, most)}{_PC})"
    )


_PC = "\u00a0%"


def claim_words(question: Question, found: Findings, verdicts: Verdicts, name: str) -> tuple[str, ...]:
    """Say what is claimed, what was found, and the verdict."""
    claim = f"Claim {'C15' if name == STANDING else 'C17'}: {_CLAIMED[name]}."
    verdict = verdicts[name]
    if verdict.label == UNTESTED:
        return (claim, f"{verdict_words(UNTESTED)}: {verdict.reason}.")
    told = begin(f"{effect_words(question, found, name)}.")
    return (claim, told, f"Verdict: {_verdict(verdict)} Evidence grade {grade_phrase(verdict.grade)}.")


def arrow_words(question: Question, found: Findings) -> tuple[str, ...]:
    """Say, by what stands against satisfaction, which way the arrow runs."""
    said = []
    for kind, result in found.arrows.items():
        rows = result.estimates[result.estimates["estimator"] == "corrected"].set_index("term")
        what = {"earnings": "the share of revenue that is earned"}.get(kind, kind.replace("_", " "))
        if not rows["identified"].all():
            said.append(
                f"Which way the arrow runs between satisfaction and {what} is not known: {rows['reason'].iloc[0]}."
            )
            continue
        ways = {
            f"satisfaction foretells {what}": _apart(rows.loc["forward"]),
            f"{what} foretells satisfaction": _apart(rows.loc["reverse"]),
        }
        held = [way for way, apart in ways.items() if apart]
        length = question.panel.length
        if len(held) == 2:
            said.append(f"The arrow runs both ways: from one {length} to the next {held[0]}, and {held[1]}.")
        elif held:
            other = next(way for way in ways if way not in held)
            said.append(f"From one {length} to the next {held[0]}; that {other} is not seen beyond chance.")
        else:
            said.append(
                f"From one {length} to the next neither satisfaction nor {what} foretells the other beyond chance."
            )
    return tuple(said) or ("Which way the arrow runs cannot be told without money of the firms.",)


def people(question: Question) -> str:
    """Say which firms were followed, and when."""
    frame = question.panel.frame
    first, last = _days(question)
    industries = frame["industry"].nunique()
    of = f" of {plural(industries, 'industry')}" if industries else ""
    firms = plural(frame["entity"].nunique(), "firm")
    return f"{firms}{of}, {first:%B %Y} to {last:%B %Y}, by the {question.panel.length}"


def later(periods: int, length: str) -> str:
    """Write when: "in the same year", "3 years later"."""
    return f"in the same {length}" if periods == 0 else f"{plural(periods, length)} later"


def _days(question: Question) -> tuple[pd.Timestamp, pd.Timestamp]:
    month = question.panel.frame["month"]
    ends = (int(month.min()), int(month.max()) + question.panel.months - 1)
    first, last = (pd.Timestamp(year=m // 12, month=m % 12 + 1, day=1) for m in ends)
    return first, last


def level_words(level: float) -> str:
    """Write a level with one decimal at most: "95 %", "98.3 %"."""
    return percent(level, 0 if round(1000 * level) % 10 == 0 else 1)


def _apart(row: pd.Series) -> bool:
    return bool(row["conf_low"] > 0 or row["conf_high"] < 0)


def _tested(verdicts: Verdicts, name: str) -> bool:
    return verdicts[name].label != UNTESTED


def _outcome(question: Question, name: str) -> str:
    if name == COST:
        return "earnings at first"
    if name == STANDING:
        return "standing in the industry"
    return "market value" if question.by_value == "market_value" else "return beyond the factors"


def _least_size(question: Question, name: str) -> str:
    delta = question.deltas[name]
    if name == VALUE and question.by_value == "returns":
        return f"{_plain(1200 * delta)}{_PC} a year"
    if name == VALUE:
        return f"{_plain(100 * math.expm1(delta))}{_PC}"
    return points(delta, len(_plain(100 * delta).partition(".")[2]))


def _smallest(question: Question, verdicts: Verdicts) -> str:
    names = {VALUE: "of value", COST: "of revenue in earnings", STANDING: "of rivals in standing"}
    told = [f"{_least_size(question, name)} {of}" for name, of in names.items() if _tested(verdicts, name)]
    return "; ".join(told) or "Nothing is judged"


def _grades(verdicts: Verdicts) -> str:
    told = {"C17": verdicts[VALUE], "C15": verdicts[STANDING]}
    grades = {claim: v.grade for claim, v in told.items() if v.label != UNTESTED}
    if not grades:
        return "Neither claim could be tested"
    if len(set(grades.values())) == 1:
        return f"{grade_phrase(next(iter(grades.values())))} ({' and '.join(grades)})"
    return "; ".join(f"{grade_phrase(grade)} ({claim})" for claim, grade in grades.items())


def _verdict(verdict: Verdict) -> str:
    words = verdict_words(verdict.label)
    if verdict.label == UNTESTED:
        return f"{words}: {verdict.reason}."
    at_95 = verdict_words(verdict.label_95).lower()
    return f"{words} ({level_words(verdict.level)} interval); by the {level_words(0.95)} interval: {at_95}."


def _span(low: float, high: float) -> str:
    return interval(low, high, decimals=_places(high - low))


def _both_sides(low: float, high: float, below: str, above: str) -> str:
    """Write an interval by its sides: "1.4 to 2.3 lower", "from 3.4 higher to 4.3 lower"."""
    places = _places(high - low)
    if low < 0 < high:
        return f"from {number(-low, places)} {below} to {number(high, places)} {above}"
    return f"{interval(low, high, decimals=places)} {above}" if low >= 0 else f"{_span(-high, -low)} {below}"


def _size(x: float, width: float) -> str:
    return number(abs(x), _places(width))


def _places(width: float) -> int:
    """Return the decimals that two significant figures of an interval's half-width support."""
    half = width / 2
    return 0 if half >= 10 else 1 if half >= 1 else 2


def _plain(x: float) -> str:
    return f"{x:.3g}"
