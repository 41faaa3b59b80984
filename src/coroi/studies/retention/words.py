"""The sentences of the study `retention`, made from its result."""

from __future__ import annotations

import pandas as pd

from coroi.errors import StudyError
from coroi.report import Answer
from coroi.report.privacy import people as people_words
from coroi.report.sentences import begin, level_of, level_words, stop
from coroi.report.words import (
    Direction,
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
from coroi.results import Label, Result, Verdict
from coroi.studies.retention.answer import CLAIM, difference, estimate_row, is_withheld
from coroi.studies.retention.question import Question

_BASES = (100, 1_000, 10_000, 100_000)
UNTESTED: Label = "not testable with this data"


def answer(question: Question, result: Result, verdict: Verdict) -> Answer:
    """Return the page's first sentence and its card.

    Parameters
    ----------
    question, result, verdict
        What was asked, estimated and judged.
    """
    card: list[tuple[str, str]] = [("Verdict", _verdict(verdict))]
    card.append(("Evidence grade", grade_phrase(verdict.grade) + _weaker(question)))
    row = None if verdict.label == UNTESTED else difference(result)
    if row is not None and is_withheld(row):
        card.append(("Effect", begin(f"{row['reason']}.")))
    elif row is not None:
        low, high = float(row["conf_low"]), float(row["conf_high"])
        top, bottom = _ends(question)
        effect = per_thousand_difference(float(row["estimate"]), low, high, "customers")
        card.append(("Effect", f"{effect}, {stayed(question)} at {top} than at {bottom}"))
        card.append((f"Interval ({level_of(result)})", f"{_points_ends(low, high)} percentage points"))
    leak = next((c.sentence for c in result.checks if c.name.startswith("leak_") and c.passed is False), "")
    if leak:
        card.append(("Leak", leak))
    card.append(("Smallest that matters", f"{question.smallest} (from the plan)"))
    card.append(("Period and people", people(question)))
    return Answer(sentence=sentence(question, result, verdict), card=tuple(card), verdict=verdict)


def sentence(question: Question, result: Result, verdict: Verdict) -> str:
    """Say the answer in one sentence, with its numbers and no verb above its grade."""
    do = "buy again" if question.relationship == "repeat_purchase" else "stay"
    if verdict.label == UNTESTED:
        asked = f"Whether customers with {question.better} {do} more often cannot be tested with these data"
        return f"{asked}, because {stop(verdict.reason)}"
    if is_withheld(difference(result)):
        return _withheld_sentence(question, result, verdict)
    outcome, (top, bottom), compared = outcome_word(question), _ends(question), _compared(question, result)
    if verdict.label == "too small to matter":
        least = f"less than the {question.smallest} that would matter"
        return f"{outcome.capitalize()} hardly differs between {top} and {bottom}: {compared}, {least}."
    if verdict.label == "claimed effect ruled out":
        more = f"{outcome.capitalize()} higher by {question.smallest} or more at {top} than at {bottom}"
        return f"{more} is ruled out: {compared}."
    if verdict.label == "cannot tell" and not verdict.conf_low > 0:
        return f"These data cannot tell whether customers at {top} {do} more often than those at {bottom}: {compared}."
    direction: Direction = "lower" if verdict.label == "contradicted" else "higher"
    rates = "rates of repeat purchase" if question.relationship == "repeat_purchase" else outcome
    said = begin(f"{statement(top, rates, grade=verdict.grade, direction=direction)} than {bottom}")
    if verdict.label == "cannot tell":
        said += ", but these data cannot tell whether the difference is large enough to matter"
    return f"{said}: {compared}."


def _withheld_sentence(question: Question, result: Result, verdict: Verdict) -> str:
    """Say the answer without its numbers, which would name somebody."""
    outcome, (top, bottom) = outcome_word(question), _ends(question)
    why = f"the numbers are {difference(result)['reason']}"
    if verdict.label in ("too small to matter", "claimed effect ruled out"):
        more = f"{outcome.capitalize()} higher by {question.smallest} or more at {top} than at {bottom}"
        return f"{more} is ruled out; {why}."
    if verdict.label == "cannot tell":
        return f"These data cannot tell whether {outcome} at {top} is higher than at {bottom}; {why}."
    direction: Direction = "lower" if verdict.label == "contradicted" else "higher"
    rates = "rates of repeat purchase" if question.relationship == "repeat_purchase" else outcome
    return begin(f"{statement(top, rates, grade=verdict.grade, direction=direction)} than {bottom}; {why}.")


def claim_words(question: Question, result: Result, verdict: Verdict) -> tuple[str, ...]:
    """Say what the claim C06 asserts, what was found step by step, and the verdict."""
    claim = f"Claim {CLAIM}: the pay-off sits at the top of the scale; delight gains more than mere satisfaction."
    if verdict.label == UNTESTED or question.ladder is None:
        return (claim, f"{verdict_words(verdict.label)}: {stop(verdict.reason)}")
    neutral, satisfied, delighted = (f"{question.label} {band}" for band in question.ladder)
    first, last = (_gain(result, term) for term in ("first_step", "last_step"))
    more, level = _gain(result, "gain_at_the_top"), level_of(result)
    found = (
        f"From {neutral} to {satisfied} {outcome_word(question)} differs by {first}, from {satisfied} to {delighted} "
        f"by {last}; the second step less the first is {more}. Intervals are at {level}."
    )
    told = f"Verdict: {_verdict(verdict)} Evidence grade {grade_phrase(verdict.grade)}{_weaker(question)}."
    return (claim, found, told)


def _gain(result: Result, term: str) -> str:
    row = estimate_row(result, term)
    if not row["identified"]:
        why = "is" if is_withheld(row) else "cannot be estimated:"
        return f"an amount that {why} {row['reason']}"
    low, high = float(row["conf_low"]), float(row["conf_high"])
    return f"{points(float(row['estimate']), _places(low, high))} ({_points_ends(low, high)})"


def outcome_word(question: Question) -> str:
    """Name the outcome."""
    return "repeat purchase" if question.relationship == "repeat_purchase" else "retention"


def when(question: Question) -> str:
    """Say by when the outcome is counted."""
    if question.relationship == "snapshot":
        return "by the snapshot's date"
    return f"{'within' if question.relationship == 'repeat_purchase' else 'after'} {periods_of(question)}"


def day_of(question: Question) -> str:
    """Write the landmark's day."""
    day = question.cohort.landmark
    return f"{day.day} {day:%B %Y}" if day else "the landmark"


def periods_of(question: Question) -> str:
    """Write how long customers are followed: "12 months"."""
    return plural(question.horizon, question.frequency)


def people(question: Question) -> str:
    """Say who was followed, and when."""
    n = int(question.counts["n"].sum())
    if not n:
        return "nobody could be followed"
    who = people_words(n, question.smallest_cell)
    if question.relationship == "snapshot":
        return f"{who} on one date"
    if question.relationship == "contract":
        when = f"in the {question.frequency} that begins on {day_of(question)}"
        return f"{who} under contract {when}, followed for {periods_of(question)}"
    return f"{who} who had not bought again by their landmark, followed for up to {periods_of(question)}"


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


def _ends(question: Question) -> tuple[str, str]:
    assert question.contrast is not None
    top, bottom = (f"{question.label} {band}" for band in question.contrast)
    return top, bottom


def _compared(question: Question, result: Result) -> str:
    assert question.contrast is not None
    upper, lower = (float(band_row(result, b)["estimate"]) for b in question.contrast)
    row = difference(result)
    low, high = float(row["conf_low"]), float(row["conf_high"])
    base = _base(upper, lower)
    counts = f"{number(upper * base)} against {number(lower * base)} of every {number(base)} customers"
    gap = points(float(row["estimate"]), _places(low, high))
    told = f"{level_of(result)} interval {_points_ends(low, high)}"
    return f"{counts} {stayed(question)}, a difference of {gap} ({told})"


def _base(upper: float, lower: float) -> int:
    """Return the smallest round number of customers in which the two counts lie as far apart as the shares."""
    gap = upper - lower
    close = (b for b in _BASES if abs((round(upper * b) - round(lower * b)) / b - gap) <= 0.1 * abs(gap))
    return next(close, 1_000)


def stayed(question: Question) -> str:
    """Say what customers without an exit, or with another purchase, did, and by when."""
    if question.relationship == "snapshot":
        return f"had not left {when(question)}"
    did = "bought again" if question.relationship == "repeat_purchase" else "were still there"
    return f"{did} {when(question)}"


def _points_ends(low: float, high: float) -> str:
    return interval(100 * low, 100 * high, decimals=_places(low, high))


def _places(low: float, high: float) -> int:
    """Return the decimals that two significant figures of the half-width, in points, support."""
    half = 50 * (high - low)
    return 0 if half >= 10 else 1 if half >= 1 else 2


def _verdict(verdict: Verdict) -> str:
    words = verdict_words(verdict.label)
    if verdict.label == UNTESTED:
        return f"{words}."
    if verdict.level == 0.95:
        said = f"{words} ({level_words(0.95)} interval; the only comparison declared, so no wider one is called for)."
    else:
        at_95 = verdict_words(verdict.label_95).lower()
        said = f"{words} ({level_words(verdict.level)} interval); by the {level_words(0.95)} interval: {at_95}."
    return f"{said} {verdict.reason}".strip()


def _weaker(question: Question) -> str:
    return ", and the weaker kind: one date, no follow-up" if question.relationship == "snapshot" else ""


def share_places(rows: pd.DataFrame) -> int:
    """Return the decimals of shares that stand together: two where all are below 5 %."""
    return 2 if rows["conf_high"].max() < 0.05 else 1


def describe_band(row: pd.Series, places: int = 1) -> str:
    """Write a band's share with its interval in one cell."""
    if not row["identified"]:
        return str(row["reason"]) if is_withheld(row) else f"not estimable: {row['reason']}"
    low, high = float(row["conf_low"]), float(row["conf_high"])
    return f"{percent(float(row['estimate']), places)} ({percent_interval(low, high, decimals=places)})"
