"""The sentences of the study `retention`, made from its result."""

from __future__ import annotations

import pandas as pd

from coroi.errors import StudyError
from coroi.report import Answer
from coroi.report.words import (
    grade_phrase,
    interval,
    number,
    per_thousand_difference,
    percent,
    percent_interval,
    plural,
    points,
    statement,
    verdict_words,
)
from coroi.results import Result, Verdict
from coroi.studies.retention.answer import difference
from coroi.studies.retention.question import Question

_BASES = (100, 1_000, 10_000, 100_000)


def answer(question: Question, result: Result, verdict: Verdict) -> Answer:
    """Return the page's first sentence and its card.

    Parameters
    ----------
    question, result, verdict
        What was asked, estimated and judged.
    """
    row = difference(result) if question.contrast else None
    card: list[tuple[str, str]] = [("Verdict", _verdict(verdict))]
    card.append(("Evidence grade", grade_phrase(verdict.grade) + _weaker(question)))
    if row is not None and row["identified"] and verdict.label != "not testable with this data":
        low, high = float(row["conf_low"]), float(row["conf_high"])
        effect = per_thousand_difference(float(row["estimate"]), low, high, "customers")
        card.append(("Effect", f"{effect} {_verb(question)} at the good end of the scale than at the bad end"))
        card.append((f"Interval ({percent(result.spec['level'])})", _points_interval(low, high)))
    card.append(("Smallest that matters", f"{points(question.delta, 2 if question.delta < 0.001 else 1)} (from the plan)"))
    card.append(("Period and people", people(question)))
    return Answer(sentence=sentence(question, result, verdict), card=tuple(card), verdict=verdict)


def sentence(question: Question, result: Result, verdict: Verdict) -> str:
    """Say the answer in one sentence, with its numbers and no verb above its grade."""
    outcome = outcome_word(question)
    if verdict.label == "not testable with this data" or question.contrast is None:
        return f"Whether {question.label} goes with {outcome} cannot be tested with these data: {_stop(verdict.reason)}"
    top, bottom = (f"{question.label} {b}" for b in question.contrast)
    compared = _compared(question, result)
    if verdict.label in ("supported", "consistent with", "contradicted"):
        direction = "lower" if verdict.label == "contradicted" else "higher"
        said = statement(top, outcome, grade=verdict.grade, direction=direction)
        return f"{said} than {bottom}: {compared}."
    if verdict.label == "too small to matter":
        return f"{outcome.capitalize()} hardly differs between {top} and {bottom}: {compared}, too little to matter."
    if verdict.label == "claimed effect ruled out":
        least = points(question.delta, 2 if question.delta < 0.001 else 1)
        return f"A difference of {least} or more in {outcome} between {top} and {bottom} is ruled out: {compared}."
    said = f"{top} goes with higher {outcome} than {bottom}"
    return f"These data cannot tell whether {said}: {compared}."


def meaning(question: Question, result: Result, verdict: Verdict) -> tuple[str, str, str]:
    """Say what the answer means, what it does not mean, and what would change it."""
    return _means(question, verdict), _means_not(question), _would_change(question, result, verdict)


def method(question: Question, result: Result) -> tuple[str, ...]:
    """Say how the shares were estimated and what that rests on."""
    level = percent(result.spec["level"])
    if question.relationship == "snapshot":
        how = "Each customer counts once, as the snapshot shows them; the share that stays is taken by band of the score."
    elif question.relationship == "contract":
        how = (
            f"Everyone under contract in the period that begins on {_day(question)} is followed for "
            f"{_periods(question)}. The band is that of the last answer before that day and never changes afterwards. "
            "An exit is a contract's end that no other contract follows within the plan's grace."
        )
    else:
        how = (
            f"The cohort is fixed at the first purchase. Each customer has a landmark of their own, a whole "
            f"{question.frequency} or more after it; the band is that of the last answer before the landmark, and the "
            f"outcome another purchase within {_periods(question)} from it."
        )
    return (
        how,
        f"Shares are Kaplan–Meier estimates with log-log intervals at {level} (exact binomial ones where nobody or "
        "everybody has the event); the difference joins the intervals of its two bands by square-and-add. The bands "
        "compared are the outermost that hold at least ten customers, chosen before any outcome was seen.",
        "It rests on this: customers leave independently of each other; those whose follow-up ends early would have "
        "gone on like the rest of their band. Neither can be tested here. Nothing is adjusted for: bands may differ in "
        "tenure, segment and much else.",
        "References: Kaplan and Meier (1958), Journal of the American Statistical Association 53, 457–481; Newcombe "
        "(1998), Statistics in Medicine 17, 873–890; Zou and Donner (2008), Statistics in Medicine 27, 1693–1702.",
    )


def outcome_word(question: Question) -> str:
    """Name the outcome."""
    return "repeat purchase" if question.relationship == "repeat_purchase" else "retention"


def when(question: Question) -> str:
    """Say by when the outcome is counted."""
    if question.relationship == "snapshot":
        return "by the snapshot's date"
    return f"{'within' if question.relationship == 'repeat_purchase' else 'after'} {_periods(question)}"


def people(question: Question) -> str:
    """Say who was followed, and when."""
    n = int(question.counts["n"].sum())
    who = plural(n, "customer")
    if question.relationship == "snapshot":
        return f"{who} on one date"
    if question.relationship == "contract" and question.cohort.landmark:
        return f"{who} under contract on {_day(question)}, followed for {_periods(question)}"
    return f"{who} after their first purchase, followed for up to {_periods(question)}"


def share_of(question: Question) -> str:
    """Name the share that the figures show."""
    if question.relationship == "snapshot":
        return "Share of customers who had not left"
    return "Share that bought again" if question.relationship == "repeat_purchase" else "Share still under contract"


def band_row(result: Result, band: str) -> pd.Series:
    """Return the estimate of one band."""
    rows = result.estimates
    found = rows[(rows["term"] == "share") & (rows["band"] == band)]
    if found.empty:
        raise StudyError(f"The result has no band '{band}'.")
    return found.iloc[0]


def _compared(question: Question, result: Result) -> str:
    assert question.contrast is not None
    upper, lower = (float(band_row(result, b)["estimate"]) for b in question.contrast)
    row = difference(result)
    low, high = float(row["conf_low"]), float(row["conf_high"])
    base = next((b for b in _BASES if round(upper * b) != round(lower * b)), _BASES[1])
    level = percent(result.spec["level"])
    verb = _verb(question)
    return (
        f"{number(upper * base)} against {number(lower * base)} of every {number(base)} customers {verb} {when(question)}, "
        f"a difference of {points(float(row['estimate']), _places(low, high))} "
        f"({level} interval {_points_ends(low, high)})"
    )


def _verb(question: Question) -> str:
    return "bought again" if question.relationship == "repeat_purchase" else "stayed"


def _points_interval(low: float, high: float) -> str:
    return f"{_points_ends(low, high)} percentage points"


def _points_ends(low: float, high: float) -> str:
    return interval(100 * low, 100 * high, decimals=_places(low, high))


def _places(low: float, high: float) -> int:
    """Return the decimals that two significant figures of the half-width, in points, support."""
    half = 50 * (high - low)
    return 0 if half >= 10 else 1 if half >= 1 else 2


def _verdict(verdict: Verdict) -> str:
    words = verdict_words(verdict.label)
    if verdict.label == "not testable with this data":
        return f"{words}."
    beside = f"{words} (interval at {percent(verdict.level)}; at {percent(0.95)}: {verdict_words(verdict.label_95).lower()})."
    return f"{beside} {verdict.reason}".strip()


def _weaker(question: Question) -> str:
    return ", and the weaker kind: one date, no follow-up" if question.relationship == "snapshot" else ""


def _stop(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _day(question: Question) -> str:
    day = question.cohort.landmark
    return f"{day.day} {day:%B %Y}" if day else "the landmark"


def _periods(question: Question) -> str:
    return plural(question.horizon, question.frequency)


def _means(question: Question, verdict: Verdict) -> str:
    outcome = outcome_word(question)
    if verdict.label in ("supported", "consistent with"):
        return f"The score tells customers apart: where it is high, {outcome} is higher, by more than the plan calls worth acting on."
    if verdict.label == "contradicted":
        return f"The score tells customers apart, but the other way round: where it is high, {outcome} is lower."
    if verdict.label in ("too small to matter", "claimed effect ruled out"):
        return f"Whatever the score says of {outcome}, it is less than the plan calls worth acting on."
    if verdict.label == "cannot tell":
        return f"The interval holds both a difference that matters and none at all. Neither a yes nor a no is backed by these data. {verdict.reason}".strip()
    return f"No verdict is given. {_stop(verdict.reason[:1].upper() + verdict.reason[1:])}"


def _means_not(question: Question) -> str:
    first = "It does not mean that raising the score would change who stays: customers with high and low scores differ in other ways too, and nothing here is adjusted for."
    if question.relationship == "snapshot":
        return f"{first} A snapshot also cannot show which came first, the score or the wish to leave."
    return f"{first} Nor does it speak for those who never answered; they stand as a group of their own."


def _would_change(question: Question, result: Result, verdict: Verdict) -> str:
    parts = []
    if verdict.label == "cannot tell":
        parts.append("More customers or a longer time would narrow the interval.")
    failed = [c for c in result.checks if c.passed is False]
    if failed:
        parts.append(f"{plural(len(failed), 'check')} did not pass (see Checks) and could overturn it.")
    if question.relationship == "snapshot":
        parts.append("Dated answers and contracts or purchases over time would lift the evidence above one date.")
    else:
        parts.append("A comparison within alike customers, or a change in experience that came to some and not to others, would lift the grade.")
    return " ".join(parts)


def describe_band(row: pd.Series) -> str:
    """Write a band's share with its interval in one cell."""
    if not row["identified"]:
        return f"not estimable: {row['reason']}"
    low, high = float(row["conf_low"]), float(row["conf_high"])
    places = 2 if high < 0.05 else 1
    return f"{percent(float(row['estimate']), places)} ({percent_interval(low, high, decimals=places)})"
