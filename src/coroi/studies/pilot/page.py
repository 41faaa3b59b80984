"""The figures and tables of the study `pilot`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from textwrap import fill
from typing import TYPE_CHECKING, Any

import pandas as pd

from coroi import report
from coroi.report.sentences import begin, level_of
from coroi.report.theme import MUTED, PALETTE
from coroi.report.words import grade_phrase, percent, verdict_words
from coroi.results import Result, Verdict
from coroi.studies.cohort_flow import flow_table as cohort_table
from coroi.studies.pilot.amounts import amount, lift, numbers
from coroi.studies.pilot.answer import row_of
from coroi.studies.pilot.guards import Guards
from coroi.studies.pilot.outcomes import Outcome
from coroi.studies.pilot.question import Question
from coroi.studies.pilot.words import UNTESTED, verdict_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE = 28  # letters of a label beside a figure
_WAYS = {
    "before_after": "the slide: after against before, of those treated",
    "regression_to_mean": "what moved by itself, of those alike but not treated",
    "effect": "what is left for the treatment",
}


def effects_figure(
    question: Question, result: Result, verdicts: Mapping[str, Verdict]
) -> report.Picture | report.Block:
    """Draw the effect on each outcome beside the smallest one that matters, better to the right."""
    rows = [(o, row_of(result, "effect", outcome=o.name)) for o in question.told]
    told = [
        (o, row) for o, row in rows if row is not None and row["identified"] and row.get("set") in (None, "interval")
    ]
    told = told or [(o, row) for o, row in rows if row is not None and row["identified"] and _bounded(row)]
    if not told:
        return report.prose("There is no figure: no effect can be told.")
    fig, ax = report.new_figure(height=1.9 + 0.75 * len(told))
    ax.axvspan(-1, 1, color=MUTED, alpha=0.15, linewidth=0)
    ax.axvline(0, color=MUTED, linewidth=1)
    for at, (outcome, row) in enumerate(reversed(told)):
        scale = outcome.sign / outcome.delta
        middle, low, high = (scale * each for each in numbers(row))
        ax.plot([low, high], [at, at], color=PALETTE[0], linewidth=2.4)
        ax.plot([middle], [at], color=PALETTE[0], marker="o", markersize=8)
    _amounts(ax, [amount(question, o, row) for o, row in reversed(told)])
    ax.set_yticks(range(len(told)), [fill(begin(o.label), WIDE) for o, _ in reversed(told)])
    ax.set_ylim(-0.6, len(told) - 0.3)
    ax.set_xlabel("times the smallest effect that matters")
    title = _title(question, verdicts[question.headline])
    report.finding(ax, title, f"Effects with their {level_of(result)} intervals, better to the right; grey: too small")
    spoken = "; ".join(f"{begin(o.label)}, {amount(question, o, row)}" for o, row in told)
    caption = f"Effects of {question.named} {question.within}, of {len(question.people.trial):,} customers."
    return report.figure(fig, alt=f"{title}. {spoken}. Better lies to the right.", caption=caption)


def slide_figure(question: Question, result: Result) -> report.Picture | report.Block:
    """Draw the before–after of those followed up beside what came back by itself, and what is left."""
    rows = {term: row_of(result, "matched", term, question.slide) for term in _WAYS}
    told = {term: row for term, row in rows.items() if row is not None and row["identified"]}
    if len(told) < len(_WAYS):
        return report.prose("There is no figure: what came back by itself cannot be told.")
    outcome = question.outcome(question.slide)
    fig, ax = report.new_figure(height=3.2)
    for at, (term, row) in enumerate(reversed(told.items())):
        colour = PALETTE[0] if term == "effect" else MUTED
        middle, low, high = numbers(row)
        ax.plot([low, high], [at, at], color=colour, linewidth=2.2)
        marker = "o" if term == "effect" else "s"
        ax.plot([middle], [at], color=colour, marker=marker, markersize=8)
    ax.axvline(0, color=MUTED, linewidth=1)
    ax.set_yticks(range(len(told)), [fill(begin(_WAYS[term]), WIDE) for term in reversed(told)])
    ax.set_ylim(-0.6, len(told) - 0.4)
    unit = "points of the score" if outcome.kind == "points" else f"{question.currency} a customer"
    ax.set_xlabel(unit)
    title = _slide_title(told)
    report.finding(ax, title, f"Customers with {question.alike}; {level_of(result)} intervals")
    spoken = "; ".join(f"{begin(_WAYS[term])}, {amount(question, outcome, row)}" for term, row in told.items())
    caption = "How the score moved from the answer that triggered the follow-up to the next one."
    if outcome.kind == "money":
        caption = f"How {outcome.label} moved from the {question.span} before to the {question.span} after."
    return report.figure(fig, alt=f"{title}. {spoken}.", caption=caption)


def outcomes_table(question: Question, result: Result, guards: Guards, verdicts: Mapping[str, Verdict]) -> report.Block:
    """Show the effect on every outcome with its verdict and grade."""
    rows = []
    for outcome in question.outcomes:
        verdict, grade = verdicts.get(outcome.name), guards.grades.get(outcome.name)
        row = row_of(result, "effect", outcome=outcome.name)
        shown = {"Outcome": begin(outcome.label), "Effect": _cell(question, outcome, row)}
        if question.people.drawn:
            shown["Relative to the control"] = _lift(result, outcome)
        shown |= {
            "Verdict": verdict_words(verdict.label if verdict else UNTESTED),
            "Grade": grade_phrase(grade.grade) if grade else "none",
        }
        rows.append(shown)
    if not rows:
        return report.prose(f"There is no table: {question.reason}.")
    note = f"Effects {question.within}, each with its {level_of(result)} interval."
    return report.table(pd.DataFrame(rows), caption="What the pilot moved", name="pilot_outcomes", note=note)


def matched_table(question: Question, result: Result) -> report.Block:
    """Show what customers of the same score and period say beside the arms, and the difference that ignores both."""
    rows = []
    for outcome in question.told:
        effect = row_of(result, "matched", "effect", outcome.name)
        if effect is not None:
            plain = row_of(result, "matched", "unmatched_difference", outcome.name)
            rows.append(
                {
                    "Outcome": begin(outcome.label),
                    begin(question.alike.removeprefix("the ")): _cell(question, outcome, effect),
                    "All treated less all others": _cell(question, outcome, plain),
                }
            )
    if not rows:
        return report.prose("There is no table of customers who were alike before: nothing tells what they were like.")
    note = f"Each with its {level_of(result)} interval. The last column compares all, whenever and whoever they were."
    return report.table(pd.DataFrame(rows), caption="Against those who were alike before", name="alike", note=note)


def arms_table(question: Question, result: Result) -> report.Block:
    """Show how many were put where, beside the plan."""
    arms = result.tables.get("arms")
    if arms is None:
        return report.prose(f"There is no table of the arms: {question.reason}.")
    planned = ["not told" if pd.isna(p) else percent(float(p), 1) for p in arms["planned_share"]]
    names = {"treatment": f"with {question.named}", "control": "without it"}
    shown = pd.DataFrame(
        {
            "Arm": [begin(names[a]) for a in arms["arm"]],
            "Customers": arms["customers"],
            "Share": [percent(float(s), 1) for s in arms["share"]],
            "Planned": planned,
        }
    )
    return report.table(shown, caption="Who was put where", name="arms")


def verdicts_table(question: Question, verdicts: Mapping[str, Verdict]) -> report.Block:
    """Show every declared verdict at both levels."""
    rows = [{"Declared": begin(v.theta), "Verdict": verdict_line(v, len(verdicts))} for v in verdicts.values()]
    return report.table(pd.DataFrame(rows), caption="What was declared before the fit", name="verdicts")


def flow_table(question: Question, result: Result) -> report.Block:
    """Show who is compared and who is not."""
    flow = question.people.flow
    return cohort_table(flow, result.tables["cohort"], question.smallest_cell, reason=question.reason)


def _amounts(ax: Axes, amounts: Sequence[str]) -> None:
    """Write each amount above its line, from the left end of the axes on, so that none runs out of them."""
    left = ax.get_xlim()[0]
    put: dict[str, Any] = {"xytext": (4, 9), "textcoords": "offset points", "ha": "left", "fontsize": 9}
    for at, text in enumerate(amounts):
        ax.annotate(text, (left, at), **put)


def _cell(question: Question, outcome: Outcome, row: Mapping[str, object] | None) -> str:
    if row is None:
        return f"not identified: {outcome.reason or question.reason or 'no plan of the arms holds'}"
    return amount(question, outcome, row) if row["identified"] else f"not identified: {row['reason']}"


def _lift(result: Result, outcome: Outcome) -> str:
    row = row_of(result, "effect", "relative_lift", outcome.name)
    if outcome.kind == "points":
        return "no share of a score"
    if row is not None and row["identified"] and row.get("set") != "interval":
        return "no bounded interval"
    return lift(row)


def _bounded(row: Mapping[str, object]) -> bool:
    return all(map(isfinite, numbers(row)))


def _title(question: Question, verdict: Verdict) -> str:
    outcome = question.outcome()
    if verdict.label == UNTESTED:
        return f"Effects of {question.named}"
    low, high = sorted((outcome.sign * verdict.conf_low, outcome.sign * verdict.conf_high))
    if low > 0:
        return f"{begin(outcome.label)} is higher with {question.named}"
    if high < 0:
        return f"{begin(outcome.label)} is lower with {question.named}"
    return f"No clear difference in {outcome.label}"


def _slide_title(rows: Mapping[str, Mapping[str, object]]) -> str:
    slide, itself = (numbers(rows[term])[0] for term in ("before_after", "regression_to_mean"))
    _, low, high = numbers(rows["effect"])
    if slide * itself > 0 and abs(itself) > 0.5 * abs(slide):
        return "Most of the slide comes by itself"
    if low <= slide <= high:
        return "The slide's figure lies within the interval of what is left"
    return "The slide's figure is not what is left"
