"""What the answer of the study `roi` means, what it does not, what would change it, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping

from coroi.report.sentences import level_words
from coroi.report.words import join_words, percent, plural
from coroi.results import Verdict
from coroi.roi.information import measure_next
from coroi.studies.roi.answer import UNTESTED
from coroi.studies.roi.case_against import CaseAgainst
from coroi.studies.roi.guards import Guards
from coroi.studies.roi.parts import Parts
from coroi.studies.roi.question import Question
from coroi.studies.roi.valued import COSTS_OFF, Valued


def meaning(
    question: Question, guards: Guards, valued: Valued | None, verdicts: Mapping[str, Verdict]
) -> tuple[str, str, str]:
    """Say what the answer means, what it does not mean, and what would change it."""
    verdict = verdicts["value"]
    return _means(question, verdict), _means_not(question), _would_change(question, guards, valued, verdict)


def next_words(question: Question, valued: Valued | None, verdicts: Mapping[str, Verdict]) -> str:
    """Say what to measure next, and what knowing it would be worth."""
    if valued is None:
        return (
            "What to measure next: when each unit started, in the table 'programme', with units that start later or "
            "never, money by customer, and what the programme cost, in the table 'costs'."
        )
    if question.cost_reason:
        return (
            "What to measure next: what the programme costs, by date and unit (the table 'costs', kind 'programme'). "
            "Without it nobody can say whether it pays."
        )
    if valued.information is None:
        return "What to measure next: more units, for with so few nothing can be said of what knowing more is worth."
    drawn = question.programme is None or not question.programme.drawn
    lot = " A start drawn by lot (`coroi design`) would lift the evidence to grade A." if drawn else ""
    return f"What to measure next. {measure_next(valued.information, question.currency)}{lot}"


def referee_words(question: Question, against: CaseAgainst) -> tuple[str, ...]:
    """Say the strongest case against, in the order of causes, trends and silent customers."""
    if not against.sentences:
        return ("There is no value that anything could erase.",)
    return against.sentences


def method(question: Question, parts: Parts) -> tuple[str, ...]:
    """Say how the numbers were made and what they rest on."""
    level = level_words(parts.level)
    if parts.flows is None:
        return ("Nothing was fitted.",)
    first = _of_roll_out(question) if question.route == "roll-out" else _of_score(question)
    return (
        *first,
        f"Money of each {question.frequency} is discounted to that of the start, at {question.rate_words}. All lines "
        "are "
        "summed with the errors that they share: each unit's influence on every one of them. Intervals are at "
        f"{level}, "
        "by t. The payback and the valley are read off a band that holds the whole sum at once (sup-t): from the "
        "first "
        "period in which its upper end is above zero for good to the first in which its lower end is. The internal "
        "rate "
        "and the factor that breaks even are all values that a test does not reject; there may be none, or several.",
        "What knowing more is worth is the value of perfect information: by how much the decision to fund or not would "
        f"be better on average, for all customers of the answer. In the figure of inputs, costs are varied by "
        f"{percent(COSTS_OFF)} either way.",
        "References: Montiel Olea and Plagborg-Møller (2019), Journal of Applied Econometrics 34, 1–17; Fieller "
        "(1954), "
        "Journal of the Royal Statistical Society B 16, 175–185; Raiffa and Schlaifer (1961), Applied Statistical "
        "Decision Theory; Strong, Oakley and Brennan (2014), Medical Decision Making 34, 311–326; Cinelli and Hazlett "
        "(2020), Journal of the Royal Statistical Society B 82, 39–67; Rambachan and Roth (2023), Review of Economic "
        "Studies 90, 2555–2591; Borusyak, Jaravel and Spiess (2024), Review of Economic Studies 91, 3253–3285.",
    )


def _of_roll_out(question: Question) -> tuple[str, ...]:
    borne = (
        "The cohort bears all costs of its units."
        if question.borne == "cohort"
        else "A cost that names a unit is shared by heads among its customers then, and the cohort bears its part."
    )
    return (
        "Customers of each unit are fixed at one date before the first start, and who leaves stays in with nothing. "
        "Retention is who is still there, valued at what a customer brought before; spend is the rest of the margin: "
        "an "
        "accounting split, no proof of a mechanism. Referral is money of customers whom they recommended and who are "
        "not themselves among them; it counts only where that is asked for, for they may have come anyway. "
        f"{borne} Costs from before a start count at the start; they were paid, and have no "
        "error.",
        "Each line is what treated units brought less what untreated ones foretell (imputation), by "
        f"{question.frequency} "
        "since the start, on the same units throughout. Lines add up to the effect on the whole, and the ledger holds "
        "them against it. What it takes beyond the guards of the study `programme`: that the programme cost what the "
        "table says, and that what comes after the horizon is nothing, which the table of run-outs varies.",
    )


def _of_score(question: Question) -> tuple[str, ...]:
    why = f": {question.no_roll_out}" if question.no_roll_out else ""
    step = question.score.step if question.score is not None else "a better score"
    return (
        f"There is no roll-out to compare{why}. "
        "The answer takes what followed, in the same customers, when a score was better "
        f"than its past foretold ({step}, times {question.score_change or 1:g}), and sets assumed costs beside it. "
        "It assumes that a programme moves the score by so much, once, and that money follows a raised score as it "
        "followed scores that moved by themselves. Neither can be tested: grade C at best.",
    )


def _means(question: Question, verdict: Verdict) -> str:
    if verdict.label == UNTESTED:
        return f"Nothing about whether {question.named} pays should be read from these data: {verdict.reason}."
    text = {
        "supported": f"Money spent on {question.named} came back with a gain that matters",
        "consistent with": f"The data are as if {question.named} paid, but do not show that it was the cause",
        "too small to matter": "What it brings and what it costs are about the same",
        "contradicted": f"{question.named[:1].upper()}{question.named[1:]} cost more than it brought",
        "claimed effect ruled out": "A gain that would matter can be ruled out",
    }.get(verdict.label, "The data hold too little to decide on them alone")
    return f"{text}, within {question.span} of the start."


def _means_not(question: Question) -> str:
    return (
        f"It says nothing of what comes after {question.span}, of units or customers unlike these, or of what the "
        "money "
        "would have brought elsewhere beyond the discount rate. Confidence that the value is above zero is "
        "one-sided, of "
        "the interval; it is no chance that the programme pays."
    )


def _would_change(question: Question, guards: Guards, valued: Valued | None, verdict: Verdict) -> str:
    if valued is None or verdict.label == UNTESTED:
        return "It would take starts at different times, money by customer, and the programme's costs."
    failed = [c.tested for c in guards.checks if c.passed is False]
    said = "The referee below says what would erase it: a hidden cause, a break in trends, or customers not heard."
    if failed:
        return f"{said} {plural(len(failed), 'check')} did not hold: {join_words(failed)}."
    return f"{said} No check that was run speaks against it."
