"""The sentences of the study `roi`, made from its result."""

from __future__ import annotations

import math
from collections.abc import Mapping

from coroi.report import Answer
from coroi.report.privacy import people
from coroi.report.sentences import begin, level_words, stop
from coroi.report.words import grade_phrase, interval, join_words, number, percent, plural, verdict_words
from coroi.results import Grade, Label, Verdict
from coroi.roi.valley import Span
from coroi.studies.roi.amounts import amount, day_words, for_good, nth, plain, spoken, when
from coroi.studies.roi.answer import PARTS, UNTESTED, claim_label
from coroi.studies.roi.guards import Guards
from coroi.studies.roi.parts import Parts
from coroi.studies.roi.question import Question
from coroi.studies.roi.valued import Valued

PAYS: Mapping[Label, str] = {
    "supported": "Pays",
    "consistent with": "Consistent with paying",
    "too small to matter": "Too small to matter",
    "contradicted": "Does not pay",
    "claimed effect ruled out": "Does not pay what would matter",
    "cannot tell": "Cannot tell",
    "not testable with this data": "Not testable with this data",
}
_GAIN: Mapping[Grade, str] = {
    "A": "pays",
    "B": "likely pays",
    "C": "goes with a net gain, within the same units over time",
    "D": "is found together with a net gain",
}
_LOSS: Mapping[Grade, str] = {
    "A": "does not pay",
    "B": "likely does not pay",
    "C": "goes with a net loss, within the same units over time",
    "D": "is found together with a net loss",
}
_CLAIMS = {
    "C13": "the customer's outcome comes before short-term, even medium-term, profit: a cost early and a gain late",
    "C16": "chasing profit every quarter rules the whole thing out: it breaks even, but beyond the quarter",
    "C18": "results fall into a valley before they rise, and who stops there loses the prize",
}


def answer(
    question: Question,
    parts: Parts,
    guards: Guards,
    valued: Valued | None,
    verdicts: Mapping[str, Verdict],
    *,
    forecasts: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """Return the page's first sentence and its card.

    Parameters
    ----------
    question, parts, guards, valued, verdicts
        What was asked, estimated, guarded against, worked out and judged.
    forecasts : tuple of (str, str)
        The row on earlier forecasts, where some were scored.
    """
    verdict = verdicts["value"]
    card = [("Does it pay", PAYS[verdict.label]), ("Verdict", verdict_line(verdict))]
    card.append(("Evidence grade", guards.words() if valued is not None else "none: nothing was estimated"))
    if valued is not None:
        level = level_words(parts.level)
        if question.cost_reason:
            card.append(("Before costs", f"{amount(question, valued.gain)} per customer, {level} interval"))
        else:
            card += _money_rows(question, valued, level)
        least = f"{plain(question, question.delta)} per customer: {percent(question.share, 1)} of what one brings"
        card.append(("Smallest that matters", least))
    card.append(("Period and people", who(question)))
    return Answer(sentence=sentence(question, parts, valued, verdicts), card=(*card, *forecasts), verdict=verdict)


def sentence(question: Question, parts: Parts, valued: Valued | None, verdicts: Mapping[str, Verdict]) -> str:
    """Say the answer in one sentence, with its number and no verb above its grade."""
    verdict, named = verdicts["value"], begin(question.named)
    within, level = f"per customer within {question.span} of the start", level_words(parts.level)
    within += ", revenue counted as if it were margin," if question.on_revenue else ""
    if valued is None:
        return f"Whether {question.named} pays cannot be tested with these data, because {stop(verdict.reason)}"
    if question.cost_reason:
        told = f"{amount(question, valued.gain)} {within.rstrip(',')}, {level} interval"
        moved = "" if question.route != "score" else f" of {_steps(question)}"
        why = f"because {question.cost_reason}; before costs{moved}"
        return f"Whether {question.named} pays cannot be told, {why}: {told}."
    told = f"{amount(question, valued.value)} {within} at {question.rate_words}{_assuming(question)}, {level} interval"
    least = f"{plain(question, question.delta)} per customer"
    if verdict.label == "too small to matter":
        return f"What {question.named} is worth is too small to matter: {told}, when {least} either way would."
    if verdict.label == "claimed effect ruled out":
        return f"{named} does not pay what would matter: a net gain of {least} or more is ruled out; {told}."
    if verdict.label == "cannot tell":
        return f"These data cannot tell whether {question.named} pays: {told}."
    verb = _LOSS[verdict.grade] if verdict.label == "contradicted" else _GAIN[verdict.grade]
    if question.route == "score":
        verb = verb.replace("the same units", "the same customers")
    return f"{named} {verb}: {told}."


def verdict_line(verdict: Verdict) -> str:
    """Write a verdict with its levels and its reason."""
    words = verdict_words(verdict.label)
    if verdict.label == UNTESTED:
        return f"{words}: {stop(verdict.reason)}" if verdict.reason else f"{words}."
    at_95 = verdict_words(verdict.label_95).lower()
    said = f"{words} ({level_words(verdict.level)} interval, 3 claims declared); by the {level_words(0.95)} interval: "
    return f"{said}{at_95}. {verdict.reason}".strip()


def payback_words(question: Question, valued: Valued) -> str:
    """Say when it is paid back: the period, its interval, and dates for the units that started first."""
    found = valued.payback
    span = Span(estimate=found.estimate, low=found.earliest, high=found.latest)
    if found.never_negative:
        said = "By the estimate it is never below zero, so that there is nothing to pay back"
        if valued.dates[2] is None:
            return f"{said}; by the band it may not be paid back within {question.span}."
        if found.latest > 0:
            last = f"{day_words(valued.dates[2])} for {_whom(question)}"
            return f"{said}; by the band it may take until {nth(question, found.latest)}, {last}."
        return f"{said}."
    said = f"By the estimate paid back, discounted, in {when(question, span)}"
    if math.isinf(found.estimate):
        by_band = ", by the band either"
        if math.isfinite(found.earliest):
            by_band = f" (by the band, in {nth(question, found.earliest)} at the earliest)"
        said = f"By the estimate not paid back, discounted, within {question.span}{by_band}"
    if valued.dates[0] is None and valued.dates[1] is None:
        return f"{said}."
    first, last = (day_words(d) if d else f"not within {question.span}" for d in valued.dates[1:])
    middle = f"{day_words(valued.dates[0])}; " if valued.dates[0] else ""
    return f"{said}. For {_whom(question)}: {middle}{first} at the earliest, {last} at the latest."


def payback_and_valley(question: Question, valued: Valued | None) -> tuple[str, ...]:
    """Say when it is paid back, and what there is of a valley; that nothing can be said where nothing was valued."""
    if valued is None:
        return ("When it is paid back cannot be told: nothing could be valued.",)
    if question.cost_reason:
        return (f"When it is paid back cannot be told: {stop(question.cost_reason)}",)
    return stop(payback_words(question, valued)), *valley_words(question, valued)


def valley_words(question: Question, valued: Valued) -> tuple[str, ...]:
    """Say whether there is a valley, how deep and long, when it ends, and what stopping in it forgoes."""
    hole, p = valued.valley, valued.dip.p_value
    test = f"p = {'less than 0.001' if p < 0.001 else f'{p:.2g}'}".replace("= less than", "< ").replace("<  ", "< ")
    if hole.never_negative:
        found = f"The estimated sum of money since the start is never below zero ({test} for a dip at all)."
    else:
        seen = "a dip is told from chance" if p < 0.05 else "a dip cannot be told from chance"
        if question.route == "score":
            seen = "the cost in it is assumed, so that the test is none of a dip"
        found = (
            f"At its lowest the sum of money since the start is {spoken(question, hole.depth)} per customer, in "
            f"{when(question, hole.trough)}; {seen} ({test}). It is below zero at the end of "
            f"{plural(int(hole.length.estimate), question.frequency)} "
            f"({interval(hole.length.low, hole.length.high)}). {for_good(question, 'The sum', hole.end)}"
        )
    month = for_good(question, f"A single {question.frequency}'s money", hole.crossover)
    left = valued.forgone
    row = {"estimate": left.estimate, "conf_low": left.low, "conf_high": left.high}
    stopping = (
        f"Stopping at the lowest point would forgo {amount(question, row)} per customer. That rests on this: "
        f"{left.assumption[:1].lower()}{left.assumption[1:]}"
    )
    return found, month, stopping


def claim_words(question: Question, parts: Parts, valued: Valued | None, verdicts: Mapping[str, Verdict]) -> list[str]:
    """Say what claims C13, C16 and C18 assert, what was found, and their verdicts."""
    said = []
    for claim, text in _CLAIMS.items():
        label = claim_label(verdicts, claim)
        if label == UNTESTED or valued is None:
            why = next(verdicts[part].reason for part in PARTS[claim] if verdicts[part].label == UNTESTED)
            said.append(f"Claim {claim}: {text}. {verdict_words(UNTESTED)}: {stop(why)}")
            continue
        found = {"C13": _early_late, "C16": _horizon, "C18": _prize}[claim](question, valued)
        words = verdict_words(label)
        said.append(
            f"Claim {claim}: {text}. {found} (Intervals at {level_words(parts.level)}.) {words}: by the "
            f"{level_words(verdicts['value'].level)} interval, evidence grade {grade_phrase(verdicts['value'].grade)}."
        )
    return said


def who(question: Question) -> str:
    """Say which units and customers the answer is about, and when."""
    n = people(question.n_customers, question.smallest_cell)
    if question.route == "roll-out" and question.programme is not None:
        treated = int(question.programme.starts["first_treated"].notna().sum()) - question.n_short
        start = question.programme.units.start
        short = (
            f"; {plural(question.n_short, 'unit')} that could not be followed that long left aside after their start"
            if question.n_short
            else ""
        )
        return (
            f"{plural(treated, 'unit')} with {question.named}, {n} from {day_words(start)} on, those who left "
            "included; "
            f"{question.span} from each start{short}"
        )
    if question.route == "score" and question.score is not None:
        return f"{n} from {day_words(question.score.cohort.start)} on, {question.span}, those who left included"
    return "nobody could be followed"


def left_out_words(question: Question, parts: Parts) -> list[str]:
    """Say which lines of money are not counted, and what was left out of those that are."""
    said = [f"{begin(name)} is not counted: {stop(why)}" for name, why in parts.left_out.items()]
    if question.on_revenue:
        said.append("The data tell no margin: revenue stands in for it, which overstates gains by what was sold costs.")
    if question.asked_horizon:
        asked = plural(question.asked_horizon, question.frequency)
        said.append(f"{asked} were asked for; no more than {question.span} are followed, and so many are valued.")
    if question.no_roll_out:
        said.append(
            f"The programme's roll-out cannot be compared, so that its costs are not used: {stop(question.no_roll_out)}"
        )
    if question.lines is not None:
        said += [stop(note) for note in question.lines.notes]
    return [*said, *question.lost]


def _money_rows(question: Question, valued: Valued, level: str) -> list[tuple[str, str]]:
    value = valued.value
    rows = [("Net present value", f"{amount(question, value)} per customer at {question.rate_words}, {level} interval")]
    if question.n_customers >= question.smallest_cell:
        rows.append(("All of them", f"{amount(question, value, question.n_customers)}"))
    rows.append(("Confidence that it is above zero", f"{percent(float(value['confidence']))}, one-sided"))
    rows.append(("Payback", payback_words(question, valued)))
    if valued.ratio is not None and valued.ratio["identified"]:
        ends = interval(float(valued.ratio["conf_low"]), float(valued.ratio["conf_high"]), decimals=1)
        middle = number(float(valued.ratio["estimate"]), 1)
        per = f"{question.currency} {middle} ({ends}) for every {question.currency} spent"
        rows.append(("Net return", per))
    return rows


def _assuming(question: Question) -> str:
    """Write what is assumed by the route of the score."""
    if question.route != "score" or question.score is None:
        return ""
    spent = []
    if question.cost_at_start:
        spent.append(f"{plain(question, question.cost_at_start)} at the start")
    if question.cost_running:
        spent.append(f"{plain(question, question.cost_running)} a {question.frequency}")
    return f", assuming {_steps(question)} at a cost of {join_words(spent)}"


def _steps(question: Question) -> str:
    moved = question.score_change or 1.0
    return f"{'1 step' if moved == 1 else f'{moved:g} steps'} of the score for the better"


def _early_late(question: Question, valued: Valued) -> str:
    first = plural(question.early, question.frequency)
    rest = plural(question.horizon - question.early, question.frequency).removeprefix("1 ")
    first = first.removeprefix("1 ")
    return (
        f"In the first {first} it brings {amount(question, valued.early)} a {question.frequency} and customer, in the "
        f"last {rest} {amount(question, valued.late)}."
    )


def _horizon(question: Question, valued: Valued) -> str:
    rows = valued.horizons.to_dict("records")
    told = [f"{percent(r['rate_annual'])}: {nth(question, r['estimate'])}" for r in rows]
    first = amount(question, valued.quarter) if valued.quarter is not None else ""
    within = f"Within the first quarter of a year it is worth {first} per customer. " if first else ""
    return f"{within}Break-even horizon by discount rate: {join_words(told)}."


def _prize(question: Question, valued: Valued) -> str:
    left = valued.forgone
    row = {"estimate": left.estimate, "conf_low": left.low, "conf_high": left.high}
    return (
        f"Lowest sum {spoken(question, valued.valley.depth)} per customer; what comes after it {amount(question, row)}."
    )


def _whom(question: Question) -> str:
    """Name whose dates are told."""
    if question.route == "roll-out" or question.score is None:
        return "who started first"
    return f"a start on {day_words(question.score.cohort.start)}"
