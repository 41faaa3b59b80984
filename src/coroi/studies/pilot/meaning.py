"""What the answer of the study `pilot` means, what it does not, what would change it, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping

from coroi.report.sentences import begin, level_of, stop
from coroi.report.words import join_words
from coroi.results import Result, Verdict
from coroi.studies.pilot.guards import Guards, shown_checks
from coroi.studies.pilot.question import Question
from coroi.studies.pilot.words import UNTESTED, guard_words


def meaning(question: Question, guards: Guards, verdicts: Mapping[str, Verdict]) -> tuple[str, str, str]:
    """Say what the answer means, what it does not mean, and what would change it."""
    verdict = verdicts[question.headline]
    return _means(question, guards, verdict), _means_not(question), _would_change(question, guards, verdict)


def next_words(question: Question, verdicts: Mapping[str, Verdict]) -> str:
    """Say what to measure next."""
    verdict = verdicts[question.headline]
    said = []
    if verdict.label == "cannot tell":
        said.append(verdict.reason)
    if verdict.label == UNTESTED:
        said.append("Tell who was to be treated and who was not, with the share that was planned, before it begins.")
    if not question.people.drawn:
        said.append(
            "Draw by lot who is treated next (`coroi design`): that alone lifts the evidence to grade A, and says "
            "beforehand how many customers it takes."
        )
    elif question.people.share != question.people.share:  # NaN
        said.append("Write down the planned share of each arm, so that it can be told whether lots were kept to.")
    said.append("What the treatment costs is to be set beside what it brings.")
    return f"What to measure next. {' '.join(said)}"


def method(question: Question, result: Result) -> tuple[str, ...]:
    """Say how the numbers were estimated and what that rests on."""
    if question.reason:
        return ("Nothing was fitted.",)
    drawn, matchable = question.people.drawn, question.people.source != "snapshot"
    each = question.people.each
    said = [f"One row of the data is a {each}; where this page says customer, a {each} is meant."] * (
        each != "customer"
    )
    said.append(_outcomes(question))
    if drawn:
        what = "score" if question.people.source == "answers" else "money"
        known = f", adjusted for the {what} before, with slopes of each arm's own (Lin)" if matchable else ""
        said.append(
            "Effects: customers are compared in the arm that the lot put them in, whatever became of them (intention "
            f"to treat){known}. Intervals are at {level_of(result)}, by Welch's t; with fewer than 40 customers "
            "by drawing the lots again. The relative lift has Fieller's interval. Where the arms do not hold the "
            "planned shares (p below 0.001), no effect is told."
        )
    if matchable:
        use = "Claim C04 and the table of it rest" if drawn else "All effects rest"
        said.append(
            f"{use} on cells of {question.alike}: within each, customers who were treated are compared with those who "
            "were not, and cells count by the customers treated. What comes back by itself does so on either side. "
            f"Cells without two of either kind are left out. Errors are clustered by customer, {level_of(result)} "
            "intervals by t."
        )
    said.append(
        "It rests on this: lots were drawn and kept to, and what one customer gets leaves the others alone."
        if drawn
        else f"It rests on this: among customers with {question.alike}, it was as if by lot who was treated. Nothing "
        "here makes that so; the placebo asks whether they were alike still earlier."
    )
    said.append(
        "References: Lin (2013), Annals of Applied Statistics 7, 295–318; Deng, Xu, Kohavi and Walker (2013), WSDM; "
        "Fieller (1954), Journal of the Royal Statistical Society B 16, 175–185; Lee (2009), Review of Economic "
        "Studies 76, 1071–1102; Fabijan and others (2019), KDD; Barnett, van der Pols and Dobson (2005), "
        "International Journal of Epidemiology 34, 215–220."
    )
    return tuple(said)


def _outcomes(question: Question) -> str:
    if question.people.source == "snapshot":
        return "Who stays is who had not left by the snapshot's date; money is a customer's, as the snapshot tells it."
    span = question.span
    if question.people.source == "money":
        return (
            f"Money is added up over the {span} from the {question.frequency} in which the practice begins for a "
            "customer, nothing after an exit; who stays is who is still there at their end. Those who do not take part "
            "until then are looked at over the same time. All were customers when it began."
        )
    return (
        f"Each follow-up, or lot, goes with the customer's last answer before it. Over the {span} after that answer's "
        f"{question.frequency}, money is added up, nothing after an exit; who stays is who is still there when they "
        "are over; the later score is the customer's next answer within them. Customers not seen for that long are not "
        "in it, whichever arm they are in."
    )


def _means(question: Question, guards: Guards, verdict: Verdict) -> str:
    if verdict.label == UNTESTED:
        return f"Nothing about what {question.named} did should be read from these data: {stop(verdict.reason)}"
    outcome = question.outcome()
    better, worse = ("higher", "lower") if outcome.sign > 0 else ("lower", "higher")
    label, others = begin(outcome.label), f"for customers with {question.named} than for those compared with them"
    text = {
        "supported": f"{label} is {better} by at least what matters where {question.named} is given",
        "consistent with": f"{label} is {better} {others}",
        "too small to matter": f"What goes with {question.named} in {outcome.label} is less than would matter",
        "contradicted": f"{label} is {worse} {others}",
        "claimed effect ruled out": f"A gain in {outcome.label} that would matter can be ruled out",
    }.get(verdict.label, f"The data hold too little to say whether {outcome.label} moves by as much as matters")
    return f"{text}, {question.within}. {guard_words(question, guards)}"


def _means_not(question: Question) -> str:
    later = "after the snapshot" if question.people.source == "snapshot" else f"later than {question.within[7:]}"
    said = f"It says nothing of what comes {later}, of customers unlike these, or of what the treatment costs."
    if question.people.source == "answers" and any(o.name == "score" for o in question.told):
        said += " Who leaves answers no more, so that the later score is that of those who stay and answer."
    return said


def _would_change(question: Question, guards: Guards, verdict: Verdict) -> str:
    if verdict.label == UNTESTED:
        return "It would take two arms of customers, enough of either, in the shares that the plan gave them."
    said = (
        "The answer would change if lots were not drawn as the data say, or not kept to."
        if question.people.drawn
        else "The answer would change if those who were treated were picked for something that also moves the outcome."
    )
    lost = [c.tested for c in shown_checks(question, guards) if c.passed is False]
    if lost:
        return f"{said} These checks did not hold: {join_words(lost)}."
    return f"{said} No check that was run speaks for that here."
