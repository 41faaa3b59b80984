"""What the answer of the study `retention` means, what it does not, what would change it, and how it was made."""

from __future__ import annotations

from coroi.prepare.landmark import NEVER
from coroi.report.privacy import people
from coroi.report.sentences import begin, level_of
from coroi.report.words import plural
from coroi.results import Result, Verdict
from coroi.studies.retention.answer import hindrance
from coroi.studies.retention.point import PointEffect
from coroi.studies.retention.question import Question
from coroi.studies.retention.words import UNTESTED, day_of, outcome_word, periods_of


def meaning(question: Question, result: Result, verdict: Verdict) -> tuple[str, str, str]:
    """Say what the answer means, what it does not mean, and what would change it."""
    return _means(question, verdict), _means_not(question), _would_change(question, result, verdict)


def method(question: Question, result: Result) -> tuple[str, ...]:
    """Say how the shares were estimated and what that rests on."""
    level = level_of(result)
    if question.relationship == "snapshot":
        how = (
            "Each customer counts once, as the snapshot shows them; the share that stays is taken by band of the score."
        )
    elif question.relationship == "contract":
        how = (
            f"Everyone under contract in the {question.frequency} that begins on {day_of(question)} is followed for "
            f"{periods_of(question)}. The band is that of the last answer before that day and never changes "
            "afterwards. An exit is a contract's end that no other contract follows within the plan's grace."
        )
    else:
        gap = f", {plural(question.wait, f'whole {question.frequency}')} later" if question.wait else ""
        how = (
            f"Each customer has a landmark of their own: the first day of the {question.frequency} after that of the "
            f"first purchase{gap}. Who bought again before it is left out. The band is that of the last answer before "
            f"the landmark, and the outcome another purchase within {periods_of(question)} from it."
        )
    return (
        how,
        f"Shares are Kaplan–Meier estimates with log-log intervals at {level} (exact binomial ones where nobody or "
        "everybody has the event); the difference joins the intervals of its two bands by square-and-add. The bands "
        "compared are the outermost that hold at least ten customers, chosen before any outcome was seen.",
        "It rests on this: customers act independently of each other; those whose follow-up ends early would have "
        "gone on like the rest of their band. Neither can be tested here. The bands are not adjusted for anything: "
        "they may differ in tenure, segment and much else.",
        "References: Kaplan and Meier (1958), Journal of the American Statistical Association 53, 457–481; Newcombe "
        "(1998), Statistics in Medicine 17, 873–890; Zou and Donner (2008), Statistics in Medicine 27, 1693–1702.",
    )


def point_method(question: Question, result: Result, point: PointEffect) -> tuple[str, ...]:
    """Say how the hazard was estimated and what that rests on; nothing where none is shown."""
    if point.hazard is None or hindrance(question, result):
        return ()
    link = "logit" if point.hazard.spec["link"] == "logit" else "complementary log-log"
    known, since = "the score as it was known before it", "tenure"
    renewal = _renewal_words(point, question.smallest_cell)
    if question.relationship == "snapshot":
        how = f"For one step on the scale each customer is one observation. The chance of having left ({link} link)"
        known = "the score"
    elif question.relationship == "contract":
        how = f"For one step on the scale every {question.frequency} in which a customer could leave is one "
        how += f"observation, in all of the data. The hazard of leaving ({link} link)"
    else:
        how = f"For one step on the scale every {question.frequency} from the landmark to the next purchase, or to the "
        how += f"end of follow-up, is one observation. The hazard of buying again ({link} link)"
        known, since = "the score as it was known at the landmark", "the time since then"
    return (
        f"{how} depends on {known}, on whether there was one, on {since} and on segment, with errors clustered by "
        "customer. The share is then predicted for each customer with the score held where it was, and again "
        "with the score one step better, never beyond the end of the scale; intervals are by the delta method.",
        *renewal,
        "It rests on this: on the scale of the link the score acts along a straight line, alike at every time and in "
        "every segment. The check of the prediction looks at the line; the rest is untested.",
        "References: Prentice and Gloeckler (1978), Biometrics 34, 57–67; Liang and Zeger (1986), Biometrika 73, "
        "13–22; sums of three shares: Zou, Huang and Zhang (2009), Computational Statistics and Data Analysis 53, "
        "1080–1085.",
    )


def _renewal_words(point: PointEffect, smallest: int) -> tuple[str, ...]:
    """Say what exits at renewal leave out; nothing where customers can leave at any time."""
    if point.off_schedule is None:
        return ()
    outside = people(point.off_schedule, smallest, "exit")
    lies = "lies" if point.off_schedule == 1 and smallest == 1 else "lie"
    return (
        "The plan says that contracts can be left only when a term ends: only such times count as chances to leave. "
        f"{begin(outside)} {lies} outside of them, left out of the hazard though not of the "
        "shares by band.",
    )


def _means(question: Question, verdict: Verdict) -> str:
    outcome = outcome_word(question)
    if verdict.label in ("supported", "consistent with"):
        return (
            f"The score tells customers apart: where it is better, {outcome} is higher, by more than the plan calls "
            "worth acting on."
        )
    if verdict.label == "contradicted":
        return f"The score tells customers apart, but the other way round: where it is better, {outcome} is lower."
    if verdict.label == "too small to matter":
        return f"Whatever the score says of {outcome}, it is less than the plan calls worth acting on."
    if verdict.label == "claimed effect ruled out":
        return (
            f"If {outcome} is higher at all where the score is better, it is by less than the plan calls worth acting "
            "on; it may well be lower."
        )
    if verdict.label == "cannot tell":
        return f"Neither a yes nor a no is backed by these data. {verdict.reason}".strip()
    return "No verdict is given, neither for the claim nor against it."


def _means_not(question: Question) -> str:
    who = "buys again" if question.relationship == "repeat_purchase" else "stays"
    first = (
        f"It does not mean that raising the score would change who {who}: customers with high and low scores differ in "
        "other ways too, and the bands are compared as they are."
    )
    if question.relationship == "snapshot":
        return f"{first} A snapshot also cannot show which came first, the score or the wish to leave."
    if NEVER not in question.bands:
        return first
    return f"{first} Nor does it speak for those who never answered; they stand as a group of their own."


def _would_change(question: Question, result: Result, verdict: Verdict) -> str:
    parts = []
    failed = [c for c in result.checks if c.passed is False]
    if verdict.label == UNTESTED:
        parts.append(_would_make_testable(question, leaks=any(c.name.startswith("leak_") for c in failed)))
    elif verdict.label == "cannot tell":
        parts.append("More customers or a longer time would narrow the interval.")
    if failed:
        overturn = "" if verdict.label == UNTESTED else " and could overturn it"
        parts.append(f"{plural(len(failed), 'check')} did not pass (see Checks){overturn}.")
    if question.relationship == "snapshot":
        parts.append("Dated answers and contracts or purchases over time would lift the evidence above one date.")
    elif verdict.label != UNTESTED:
        parts.append(
            "Comparing alike customers, or a change in experience that came to some and not to others, would lift "
            "the grade."
        )
    return " ".join(parts)


def _would_make_testable(question: Question, *, leaks: bool) -> str:
    if question.cohort.reason:
        return "Data over a longer time, a shorter horizon or another landmark would give customers to follow."
    if leaks:
        return "Answers that were surely given before the outcome would make the question testable."
    return "More customers with an answer, or a longer time, would let the bands be compared."
