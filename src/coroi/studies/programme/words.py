"""The sentences of the study `programme`, made from its result."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from coroi.report import Answer
from coroi.report.privacy import people
from coroi.report.sentences import begin, level_of, level_words, stop
from coroi.report.words import Direction, grade_phrase, grade_verb, join_words, plural, verdict_words
from coroi.results import Label, Result, Verdict
from coroi.studies.programme.amounts import amount, least
from coroi.studies.programme.answer import row_of
from coroi.studies.programme.guards import Guards
from coroi.studies.programme.outcomes import Outcome
from coroi.studies.programme.question import CLAIM, OF_SPONSORS, Question, first_day_words, practices_words

UNTESTED: Label = "not testable with this data"
_OTHERS = {
    "before_after": "the slide: treated units after against before",
    "two_way_did": "two-way fixed effects",
    "effect": "what this page answers with",
    "group_time": "cohort by cohort, against those not treated yet",
    "group_time_never": "cohort by cohort, against those never treated",
    "sun_abraham": "saturated in cohorts and times",
    "lp_did": "local projections on clean controls",
    "two_stage_did": "two stages, by another library",
}


def answer(question: Question, result: Result, guards: Guards, verdicts: Mapping[str, Verdict]) -> Answer:
    """Return the page's first sentence and its card.

    Parameters
    ----------
    question, result, guards, verdicts
        What was asked, estimated, guarded against and judged.
    """
    verdict, outcome = verdicts[question.headline], _outcome(question)
    card = [("Verdict", verdict_line(verdict, len(verdicts)))]
    card.append(("Evidence grade", grade_line(question, guards)))
    row = row_of(result, "effect", outcome=question.headline)
    if outcome is not None and row is not None and row["identified"]:
        per = f", a {question.frequency}" if outcome.kind != "points" else ""
        card.append((begin(outcome.label), f"{amount(question, outcome, row)}{per}, {level_of(result)} interval"))
        card += [(begin(o.label), other_line(question, result, o, verdicts)) for o in _beside(question, verdicts)]
        card.append(("Smallest that matters", f"{least(question, outcome)}: {outcome.per}"))
    card.append(("Period and units", who(question)))
    return Answer(sentence=sentence(question, result, guards, verdicts), card=tuple(card), verdict=verdict)


def sentence(question: Question, result: Result, guards: Guards, verdicts: Mapping[str, Verdict]) -> str:
    """Say the answer in one sentence, with its number and no verb above its grade."""
    verdict, outcome = verdicts[question.headline], _outcome(question)
    row = row_of(result, "effect", outcome=question.headline)
    if outcome is None or row is None or verdict.label == UNTESTED:
        return f"Whether {question.named} worked cannot be tested with these data, because {stop(verdict.reason)}"
    per = f"a {question.frequency} within {question.span} of the start"
    told = f"{amount(question, outcome, row)} {per}, {level_of(result)} interval"
    named = begin(question.named)
    if verdict.label == "too small to matter":
        return f"{named} hardly moved {outcome.label}: {told}, less than the {least(question, outcome)} that matters."
    if verdict.label == "claimed effect ruled out":
        better = "more" if outcome.sign > 0 else "less"
        return f"{named} did not bring {least(question, outcome)} {better} of {outcome.label}: {told}."
    if verdict.label == "cannot tell":
        return f"These data cannot tell whether {question.named} changed {outcome.label}: {told}."
    direction: Direction = "higher" if float(row["estimate"]) > 0 else "lower"
    scope = ", within the same units over time" if verdict.grade == "C" else ""
    return f"{named} {grade_verb(verdict.grade, direction)} {outcome.label}{scope}: {told}."


def other_line(question: Question, result: Result, outcome: Outcome, verdicts: Mapping[str, Verdict]) -> str:
    """Write the effect on another outcome and its verdict in one line."""
    row = row_of(result, "effect", outcome=outcome.name)
    verdict = verdicts[outcome.name]
    if row is None or not row["identified"]:
        return f"{verdict_words(UNTESTED)}: {verdict.reason}"
    per = f", a {question.frequency}" if outcome.kind != "points" else ""
    return f"{amount(question, outcome, row)}{per}. {verdict_words(verdict.label)}"


def claim_words(question: Question, result: Result, verdicts: Mapping[str, Verdict]) -> tuple[str, ...]:
    """Say what claim C12 asserts of practices, and what was found of the score and of money."""
    claim = f"Claim {CLAIM}: practices such as {practices_words(question)} raise experience and pay back."
    told = []
    for name in ("score", "money"):
        if name in verdicts:
            told.append(
                f"{begin(question.outcome(name).label) if name in _names(question) else name}: "
                f"{verdict_line(verdicts[name], len(verdicts))}"
            )
    if not told:
        return (claim, f"{verdict_words(UNTESTED)}: the data tell neither a score nor money.")
    return claim, " ".join(told), "Whether it pays back depends on what it cost, which this study does not take in."


def slide_words(question: Question, result: Result) -> tuple[str, ...]:
    """Set the slide's figure and the two-way estimate beside the defensible one."""
    outcome = _outcome(question)
    rows = {name: row_of(result, name, outcome=question.headline) for name in _OTHERS}
    effect, slide, two_way = rows["effect"], rows["before_after"], rows["two_way_did"]
    if outcome is None or effect is None or not effect["identified"]:
        return ("The slide's figure has nothing to be set beside.",)
    said = []
    taken = next((c.sentence for c in result.checks if c.name == "forbidden_comparisons"), "")
    if slide is not None and slide["identified"]:
        said.append(
            f"A slide would compare treated units after their start with the same units before it: "
            f"{amount(question, outcome, slide)} a {question.frequency} on {outcome.label}. Whatever else changed in "
            "that time is in that figure."
        )
    if two_way is not None and two_way["identified"]:
        said.append(
            f"Two-way fixed effects give {amount(question, outcome, two_way)}. They are shown as the wrong answer: "
            f"units treated already serve as the comparison for others, which goes wrong where effects grow. {taken}"
        )
    said.append(f"Against what untreated units foretell it is {amount(question, outcome, effect)}.")
    return tuple(said)


def sponsor_words(question: Question, result: Result, verdicts: Mapping[str, Verdict]) -> str:
    """Say what claim C24 asserts, and what is found where leaders stand behind the programme."""
    claim = "Claim C24: it works top-down, where a leader stands behind it."
    row, outcome = row_of(result, "sponsor", "difference"), _outcome(question)
    if row is None or outcome is None:
        return f"{claim} {verdict_words(UNTESTED)}: the data do not tell units with a sponsor from units without."
    if not row["identified"]:
        return f"{claim} {verdict_words(UNTESTED)}: {stop(str(row['reason']))}"
    more = "with a sponsor less those without" if "yes less no" in str(row["group"]) else str(row["group"])
    turned = _turned(row) if str(row["group"]).startswith("no less yes") else row
    more = "with a sponsor less those without" if turned is not row else more
    said = (
        f"{claim} The effect on {outcome.label} in units {more} is {amount(question, outcome, turned)} a "
        f"{question.frequency}."
    )
    if OF_SPONSORS not in verdicts:
        return f"{said} Leaders were not drawn by lot: evidence grade {grade_phrase('D')}."
    return f"{said} {_lots_of_sponsors(outcome, verdicts)}"


def _lots_of_sponsors(outcome: Outcome, verdicts: Mapping[str, Verdict]) -> str:
    """Say the verdict on claim C24 where lots are said to have been drawn, with no verb above its grade."""
    verdict = verdicts[OF_SPONSORS]
    line, grade = verdict_line(verdict, len(verdicts)), grade_phrase(verdict.grade)
    clear = verdict.label in ("supported", "consistent with", "contradicted")
    direction: Direction = "higher" if outcome.sign * verdict.estimate > 0 else "lower"
    found = f"A leader behind it {grade_verb(verdict.grade, direction)} {outcome.label}. " if clear else ""
    lots = (
        "Lots were drawn which units have one, but a guard did not hold: that of the lots, which sets units with one "
        "beside the others before the first start, or one of the effect's own"
        if verdict.grade in ("C", "D")
        else "Lots were drawn which units have one, and the units were as lots would leave them"
    )
    return f"{found}{line} {lots}: evidence grade {grade}."


def dose_words(question: Question, result: Result) -> tuple[str, ...]:
    """Say what claim C19 asserts, and what is found of half doses and after an end."""
    claim = "Claim C19: half commitment fails, and there is no going back."
    outcome = _outcome(question)
    rows = result.estimates[result.estimates["part"] == "dose"]
    if outcome is None or rows.empty:
        return (f"{claim} {verdict_words(UNTESTED)}: every unit took it up in full and kept it.",)
    said = [claim]
    for term, text in (
        ("full_less_part", "In full rather than in part, the effect on {o} is {a} a {f} more."),
        ("faded", "After an end, {o} of the same units moved by {a} a {f} from where it was."),
    ):
        found = rows[rows["term"] == term]
        if found.empty:
            continue
        row = found.iloc[0]
        told = (
            text.format(o=outcome.label, f=question.frequency, a=amount(question, outcome, row))
            if row["identified"]
            else f"{_term_words(term)} cannot be told: {stop(str(row['reason']))}"
        )
        said.append(told)
    return tuple(said)


def guard_words(guards: Guards, question: Question) -> str:
    """Say in a sentence what the guards left of the grade."""
    found = guards.grades.get(question.headline)
    return "No guard was run: there is no effect to guard." if found is None else f"Evidence grade {found.words()}"


def verdict_line(verdict: Verdict, n_declared: int) -> str:
    """Write a verdict with its levels and its reason."""
    words = verdict_words(verdict.label)
    if verdict.label == UNTESTED:
        return f"{words}."
    at_95 = verdict_words(verdict.label_95).lower()
    many = plural(n_declared, "comparison")
    said = f"{words} ({level_words(verdict.level)} interval, {many} declared); by the "
    return f"{said}{level_words(0.95)} interval: {at_95}. {verdict.reason}".strip()


def grade_line(question: Question, guards: Guards) -> str:
    """Write the grade of the headline, and what lowered it."""
    found = guards.grades.get(question.headline)
    if found is None:
        return "none: nothing was estimated"
    lowered = f", instead of {found.start}: {join_words(list(found.reasons))}" if found.reasons else ""
    return f"{grade_phrase(found.grade)}{lowered}"


def who(question: Question) -> str:
    """Say which units the answer is about, and when."""
    if question.units.start is None:
        return "no units could be followed"
    n = int(question.units.units["n_customers"].sum())
    everybody = people(n, question.smallest_cell)
    return (
        f"{plural(question.n_treated, 'unit')} with {question.named} and {len(question.starts) - question.n_treated} "
        f"without; {everybody} from the {question.frequency} that begins on "
        f"{first_day_words(question.units.start)} on, those who left included"
    )


def other_names() -> Mapping[str, str]:
    """Return how each way to the effect is named on the page."""
    return _OTHERS


def _outcome(question: Question) -> Outcome | None:
    return next((o for o in question.outcomes if o.name == question.headline), None)


def _beside(question: Question, verdicts: Mapping[str, Verdict]) -> list[Outcome]:
    return [o for o in question.outcomes if o.name != question.headline and o.name in verdicts]


def _names(question: Question) -> list[str]:
    return [o.name for o in question.outcomes]


def _term_words(term: str) -> str:
    return {"full_less_part": "In full rather than in part: what more it brings", "faded": "What is left after an end"}[
        term
    ]


def _turned(row: pd.Series) -> pd.Series:
    turned = row.copy()
    turned["estimate"], turned["conf_low"], turned["conf_high"] = -row["estimate"], -row["conf_high"], -row["conf_low"]
    return turned
