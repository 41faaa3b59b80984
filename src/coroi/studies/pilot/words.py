"""The sentences of the study `pilot`, made from its result."""

from __future__ import annotations

from collections.abc import Mapping

from coroi.report import Answer
from coroi.report.privacy import people
from coroi.report.sentences import begin, level_of, level_words, stop
from coroi.report.words import Direction, grade_phrase, grade_verb, plural, verdict_words
from coroi.results import Label, Result, Verdict
from coroi.studies.pilot.amounts import amount, least, numbers
from coroi.studies.pilot.answer import claim_verdict, row_of
from coroi.studies.pilot.guards import Guards
from coroi.studies.pilot.outcomes import Outcome
from coroi.studies.pilot.question import CLAIM, Question

UNTESTED: Label = "not testable with this data"


def answer(question: Question, result: Result, guards: Guards, verdicts: Mapping[str, Verdict]) -> Answer:
    """Return the page's first sentence and its card.

    Parameters
    ----------
    question, result, guards, verdicts
        What was asked, estimated, guarded against and judged.
    """
    verdict = verdicts[question.headline]
    card = [("Verdict", verdict_line(verdict, len(verdicts))), ("Evidence grade", grade_line(question, guards))]
    row = row_of(result, "effect", outcome=question.headline)
    if row is not None and row["identified"]:
        outcome = question.outcome()
        told = f"{amount(question, outcome, row)} {question.within}, {level_of(result)} interval"
        card.append((begin(outcome.label), told))
        card += [(begin(o.label), other_line(question, result, o, verdicts)) for o in _beside(question, verdicts)]
        card.append(("Smallest that matters", f"{least(question, outcome)}, the plan's smallest effect, {outcome.per}"))
    card.append((begin(f"{question.people.each}s"), who(question)))
    return Answer(sentence=sentence(question, result, verdicts), card=tuple(card), verdict=verdict)


def sentence(question: Question, result: Result, verdicts: Mapping[str, Verdict]) -> str:
    """Say the answer in one sentence, with its number and no verb above its grade."""
    verdict = verdicts[question.headline]
    row = row_of(result, "effect", outcome=question.headline)
    if row is None or verdict.label == UNTESTED:
        return f"Whether {question.named} worked cannot be tested with these data, because {stop(verdict.reason)}"
    outcome = question.outcome()
    told = f"{amount(question, outcome, row)} {question.within}, {level_of(result)} interval"
    named = begin(question.named)
    if verdict.label == "too small to matter":
        if verdict.grade == "A":
            return (
                f"{named} hardly moves {outcome.label}: {told}, less than the {least(question, outcome)} that matters."
            )
        small = f"less than the {least(question, outcome)} that matters"
        return f"With and without {question.named}, {outcome.label} hardly differs: {told}, {small}."
    if verdict.label == "claimed effect ruled out":
        better = "higher" if outcome.sign > 0 else "lower"
        by = f"by {least(question, outcome)} or more"
        return f"{begin(outcome.label)} is not {better} {by} with {question.named} than without: {told}."
    middle, low, high = numbers(row)
    away = low > 0 or high < 0
    if verdict.label == "cannot tell" and not away:
        return f"These data cannot tell whether {question.named} changes {outcome.label}: {told}."
    direction: Direction = "higher" if middle > 0 else "lower"
    said = f"{named} {grade_verb(verdict.grade, direction)} {outcome.label}: {told}"
    if not question.people.drawn and any(c.name == "placebo" and c.passed is False for c in result.checks):
        said += "; but those with it were unlike the others before it too"
    if verdict.label == "cannot tell":
        return f"{said}; whether by {least(question, outcome)}, the least that matters, cannot be told."
    return f"{said}."


def other_line(question: Question, result: Result, outcome: Outcome, verdicts: Mapping[str, Verdict]) -> str:
    """Write the effect on another outcome and its verdict in one line."""
    row = row_of(result, "effect", outcome=outcome.name)
    verdict = verdicts[outcome.name]
    if row is None or not row["identified"]:
        return f"{verdict_words(UNTESTED)}: {verdict.reason}"
    return f"{amount(question, outcome, row)}. {verdict_words(verdict.label)}"


def claim_words(question: Question, result: Result, guards: Guards, verdicts: Mapping[str, Verdict]) -> tuple[str, ...]:
    """Say what claim C04 asserts of follow-ups, and what was found among customers of the same score and period."""
    said = f"Claim {CLAIM}: following up after a bad contact keeps what the follow-up gained."
    verdict = claim_verdict(question, verdicts)
    if verdict is None:
        why = (
            "no later score of those who were followed up is known"
            if question.people.source == "answers" and not question.reason
            else "no answer stands before the treatment of anybody here"
        )
        return said, f"{verdict_words(UNTESTED)}: {stop(why)}"
    row = row_of(result, "matched", outcome="score")
    if row is None or verdict.label == UNTESTED:
        return said, f"{verdict_words(UNTESTED)}: {stop(verdict.reason)}"
    outcome = question.outcome("score")
    found = guards.grades.get(CLAIM) or guards.grades.get("score")
    grade = "" if found is None else f" Evidence grade {found.words()}"
    told = f"{begin(outcome.label)} of customers followed up, less that of customers with {question.alike} "
    told += f"who were not, is {amount(question, outcome, row)}, {level_of(result)} interval."
    return said, told, f"{verdict_line(verdict, len(verdicts))}{grade}"


def slide_words(question: Question, result: Result) -> tuple[str, ...]:
    """Set the naive before–after beside what chance would have given back anyhow, and beside what is left."""
    rows = {
        term: row_of(result, "matched", term, question.slide)
        for term in ("before_after", "regression_to_mean", "effect")
    }
    if any(row is None or not row["identified"] for row in rows.values()):
        return (_no_slide(question),)
    outcome = question.outcome(question.slide)
    told = {term: amount(question, outcome, row) for term, row in rows.items() if row is not None}
    if question.people.source == "money":
        return (
            f"A slide would show how {outcome.label} moved from the {question.span} before {question.named} began to "
            f"the {question.span} after: by {told['before_after']}.",
            f"For customers with {question.alike} without it, it moved by {told['regression_to_mean']}.",
            f"What is left is the difference, {told['effect']}.",
        )
    return (
        "A slide would show how the score of customers who were followed up moved from the answer that triggered it to "
        f"their next one: by {told['before_after']}.",
        f"But a low score is followed by a better one by itself. For customers with {question.alike} who were not "
        f"followed up it moved by {told['regression_to_mean']}.",
        f"What is left for the follow-up is the difference, {told['effect']}.",
    )


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
    lowered = f", instead of {found.start}: {'; '.join(found.reasons)}" if found.reasons else ""
    return f"{grade_phrase(found.grade)}{lowered}"


def guard_words(question: Question, guards: Guards) -> str:
    """Say in a sentence what the guards left of the grade."""
    found = guards.grades.get(question.headline)
    if found is None:
        return "No guard was run: there is no effect to guard."
    if not question.people.drawn:
        return "Evidence grade D: nobody drew lots for who was treated, so that different customers are compared."
    return f"Evidence grade {found.words()}"


def who(question: Question) -> str:
    """Say which customers the answer is about."""
    trial, smallest = question.people.trial, question.smallest_cell
    if question.reason:
        return "nobody could be compared"
    n = int((trial["followed"] == 1).sum())
    how = "drawn by lot" if question.people.drawn else "not drawn by lot"
    treated = people(n, smallest, question.people.each)
    return f"{treated} with {question.named} and {len(trial) - n:,} without, {how}; {question.within}"


def left_out_words(question: Question) -> str:
    """Say what of the table was not looked at."""
    found, said = question.people, []
    if found.source == "snapshot":
        return f"Each {found.each} with an arm is in it, whatever became of it."
    if found.n_without:
        n = people(found.n_without, question.smallest_cell, "follow-up")
        said.append(f"Left out, because no answer stands before them: {n}.")
    if found.n_others:
        many = plural(found.n_others, "other practice")
        said.append(f"The table holds {many} of single customers; the parameter `practice` asks about another one.")
    if found.source == "money":
        said.append("Of a customer's starts the first counts.")
    elif found.drawn:
        said.append("Of a customer for whom lots were drawn several times, the first lot counts.")
    return " ".join(said) or "No follow-up was left out for want of an answer."


def _no_slide(question: Question) -> str:
    if question.people.source == "snapshot" and not question.reason:
        return "There is no slide to correct: nothing is known from before, and arms are compared as they were drawn."
    return "There is no slide to correct: no score is known from before and after the follow-ups of enough customers."


def _beside(question: Question, verdicts: Mapping[str, Verdict]) -> list[Outcome]:
    return [o for o in question.outcomes if o.name != question.headline and o.name in verdicts]
