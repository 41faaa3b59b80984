"""The figures and tables of the study `programme`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from coroi import report
from coroi.prepare.calendar import first_day
from coroi.report.sentences import begin, level_of
from coroi.report.theme import MUTED, PALETTE
from coroi.report.words import grade_phrase, number, percent, plural, verdict_words
from coroi.results import Result, Verdict
from coroi.studies.cohort_flow import flow_table as cohort_table
from coroi.studies.programme.amounts import amount, cell, scale_of, unit_of
from coroi.studies.programme.answer import row_of
from coroi.studies.programme.guards import Guards
from coroi.studies.programme.outcomes import Outcome
from coroi.studies.programme.question import Question
from coroi.studies.programme.words import UNTESTED, other_names, verdict_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKS = {"before_after": "s", "two_way_did": "s"}


def path_figure(question: Question, result: Result, verdict: Verdict) -> report.Picture | report.Block:
    """Draw the effect by period since the start, leads included, with the band, and the balanced path beside it."""
    rows = _path(result, question.headline, "event_time")
    if rows.empty:
        return report.prose("There is no figure: no period since a start can be told.")
    outcome = question.outcome()
    scale = scale_of(outcome)
    fig, ax = report.new_figure(height=4.6)
    for side, colour in ((rows[rows["event_time"] < 0], MUTED), (rows[rows["event_time"] >= 0], PALETTE[0])):
        at = side["event_time"].to_numpy(float)
        low, high, middle = ((scale * side[c]).to_numpy(float) for c in ("band_low", "band_high", "estimate"))
        ax.fill_between(at, low, high, color=colour, alpha=0.14, linewidth=0)
        for row in side.to_dict("records"):
            ends = [scale * row["conf_low"], scale * row["conf_high"]]
            ax.plot([row["event_time"]] * 2, ends, color=colour, linewidth=1.5)
        ax.plot(at, middle, color=colour, marker="o", markersize=5)
    balanced = _path(result, question.headline, "balanced")
    if not _same(balanced, rows):
        line = (scale * balanced["estimate"]).to_numpy(float)
        ax.plot(balanced["event_time"], line, color=PALETTE[1], linewidth=1.4, linestyle="--")
        spot = (float(balanced["event_time"].iloc[-1]), float(line[-1]))
        told = "the same units throughout"
        ax.annotate(told, spot, xytext=(0, 7), textcoords="offset points", ha="right", fontsize=9, color=PALETTE[1])
    _axes(ax, question, outcome, rows["event_time"])
    title = _title(question, verdict)
    what = f"Effect on {outcome.label}, by {question.frequency} since the start"
    report.finding(ax, title, f"{what}; bars are {level_of(result)} intervals, the band holds them all at once")
    after = rows[rows["event_time"] >= 0]
    alt = f"{title}. Before the start {len(rows) - len(after)} leads in grey."
    if len(after):
        best, worst = after.loc[after["estimate"].idxmax()], after.loc[after["estimate"].idxmin()]
        alt += (
            f" After it the effect is highest in {question.frequency} {int(best['event_time'])} at "
            f"{amount(question, outcome, best)} and lowest in {question.frequency} {int(worst['event_time'])} at "
            f"{amount(question, outcome, worst)}."
        )
    units = "The same units stand behind every point. " if _same(balanced, rows) and len(balanced) else ""
    caption = (
        f"{what}. {begin(question.frequency)} 0 is that of the start; to the left of it, leads, where there should be "
        f"nothing. {units}{plural(question.n_treated, 'unit')} of {len(question.starts)} start."
    )
    return report.figure(fig, alt=alt, caption=caption)


def ways_figure(question: Question, result: Result) -> report.Picture | report.Block:
    """Draw the slide's figure and the two-way estimate beside the defensible one and others of its kind."""
    rows = {name: row_of(result, name, outcome=question.headline) for name in other_names()}
    told = {name: row for name, row in rows.items() if row is not None and row["identified"]}
    if not told:
        return report.prose("There is no figure: no way to the effect tells anything.")
    outcome = question.outcome()
    scale = scale_of(outcome)
    fig, ax = report.new_figure(height=1.5 + 0.5 * len(told))
    for at, (name, row) in enumerate(reversed(told.items())):
        colour = MUTED if name in _MARKS else PALETTE[0]
        ax.plot([scale * row["conf_low"], scale * row["conf_high"]], [at, at], color=colour, linewidth=2.2)
        ax.plot([scale * row["estimate"]], [at], color=colour, marker=_MARKS.get(name, "o"), markersize=8)
    ax.axvline(0, color=MUTED, linewidth=1)
    ax.set_yticks(range(len(told)), [begin(other_names()[name]) for name in reversed(told)])
    ax.set_ylim(-0.6, len(told) - 0.4)
    ax.set_xlabel(unit_of(question, outcome))
    title = _ways_title(told)
    report.finding(ax, title, f"Effect on {outcome.label}; squares are wrong answers, {level_of(result)} intervals")
    spoken = "; ".join(f"{other_names()[name]}, {amount(question, outcome, row)}" for name, row in told.items())
    return report.figure(
        fig, alt=f"{title}. {begin(spoken)}.", caption=f"Effect on {outcome.label}, by {len(told)} ways."
    )


def comparisons_table(question: Question, result: Result) -> report.Block:
    """Show which comparisons the two-way estimate is made of."""
    kinds = result.tables.get("two_way_comparisons")
    if kinds is None or kinds.empty:
        return report.prose("The two-way estimate could not be taken apart into its comparisons.")
    outcome = question.outcome()
    shown = pd.DataFrame(
        {
            "Comparison": [begin(str(k)) for k in kinds["kind"]],
            "Weight": [percent(float(w), 1) for w in kinds["weight"]],
            f"Estimate ({unit_of(question, outcome)})": [
                number(scale_of(outcome) * float(e), 3) for e in kinds["estimate"]
            ],
        }
    )
    note = "Weights times estimates add up to the two-way estimate; the last kind has no place in it."
    return report.table(shown, caption="What the two-way estimate is made of", name="two_way_parts", note=note)


def outcomes_table(question: Question, result: Result, guards: Guards, verdicts: Mapping[str, Verdict]) -> report.Block:
    """Show the effect on every outcome with its verdict and grade."""
    rows = []
    for outcome in question.outcomes:
        row = row_of(result, "effect", outcome=outcome.name)
        verdict = verdicts.get(outcome.name)
        grade = guards.grades.get(outcome.name)
        shown = cell(question, outcome, row) if not outcome.reason else f"not identified: {outcome.reason}"
        rows.append(
            {
                "Outcome": begin(outcome.label),
                f"Effect a {question.frequency}": shown,
                "Verdict": verdict_words(verdict.label if verdict else UNTESTED),
                "Grade": grade.grade if grade else "none",
            }
        )
    if not rows:
        return report.prose(f"There is no table: {question.reason}.")
    note = f"Mean over the {question.span} since each start, with the {level_of(result)} interval."
    return report.table(pd.DataFrame(rows), caption="What the programme moved", name="programme_outcomes", note=note)


def parts_table(question: Question, result: Result) -> report.Block:
    """Show the effect by practice, by who stands behind it, by dose and by start."""
    outcome = next((o for o in question.outcomes if o.name == question.headline), None)
    if outcome is None:
        return report.prose(f"There is no table: {question.reason}.")
    rows = []
    found = result.estimates
    for part, heading in (("practice", "Practice"), ("sponsor", "Leader behind it"), ("dose", "Dose")):
        for row in found[(found["part"] == part) & found["term"].isin(["group", "dose_group"])].to_dict("records"):
            rows.append((heading, str(row["group"]), row))
    cohorts = found[(found["part"] == "effect") & (found["term"] == "cohort") & (found["outcome"] == outcome.name)]
    for row in cohorts.to_dict("records"):
        rows.append(("Start", _start_words(question, int(row["cohort"])), row))
    if not rows:
        return report.prose("The effect has no parts to show: all units took up one practice at one time.")
    frame = pd.DataFrame(
        {
            "By": [r[0] for r in rows],
            "Which": [r[1] for r in rows],
            "Units": [_count(r[2].get("n_units")) for r in rows],
            f"Effect on {outcome.label} a {question.frequency}": [
                cell(question, outcome, pd.Series(r[2])) for r in rows
            ],
        }
    )
    note = f"Each with its own {level_of(result)} interval; parts were not declared beforehand, so none has a verdict."
    return report.table(frame, caption="The effect by practice, sponsor, dose and start", name="parts", note=note)


def lost_table(question: Question, result: Result) -> report.Block:
    """List the cells of start and period whose effects cannot be told, with the reason."""
    lost = result.tables.get("lost")
    if lost is None or lost.empty:
        return report.prose("Every treated unit and period could be told.")
    frame = pd.DataFrame(
        {
            "Start": [_start_words(question, int(c)) for c in lost["cohort"]],
            begin(question.frequency): [_start_words(question, int(p)) for p in lost["period"]],
            "Units": [_count(n) for n in lost["n_units"]],
            "Why not": [begin(str(r)) for r in lost["reason"]],
        }
    )
    return report.table(frame, caption="What could not be told, and is in no figure", name="lost_cells")


def guards_table(question: Question, guards: Guards) -> report.Block:
    """Show on which outcome each guard held."""
    names = list(dict.fromkeys(c.name for found in guards.checks.values() for c in found))
    if not names:
        return report.prose("No guard was run: there is no effect to guard.")
    shown = {True: "held", False: "did not hold", None: "not run"}
    rows = []
    for name in names:
        row = {"Guard": begin(name.replace("_", " "))}
        for outcome in (o for o in question.outcomes if o.name in guards.checks):
            check = next((c for c in guards.checks[outcome.name] if c.name == name), None)
            row[begin(outcome.label)] = "does not apply" if check is None else shown[check.passed]
        rows.append(row)
    last = {"Guard": "Grade that they leave"}
    last |= {
        begin(o.label): grade_phrase(guards.grades[o.name].grade) for o in question.outcomes if o.name in guards.grades
    }
    return report.table(pd.DataFrame([*rows, last]), caption="Guards, by outcome", name="guards")


def verdicts_table(question: Question, verdicts: Mapping[str, Verdict]) -> report.Block:
    """Show every declared verdict at both levels."""
    rows = [{"Declared": begin(v.theta), "Verdict": verdict_line(v, len(verdicts))} for v in verdicts.values()]
    return report.table(pd.DataFrame(rows), caption="What was declared before the fit", name="verdicts")


def flow_table(question: Question, result: Result) -> report.Block:
    """Show who is in the cohort and who is not."""
    units = question.units
    return cohort_table(units.flow, result.tables["cohort"], question.smallest_cell, reason=question.reason)


def _path(result: Result, outcome: str, term: str) -> pd.DataFrame:
    rows = result.estimates
    kept = (rows["part"] == "effect") & (rows["outcome"] == outcome) & (rows["term"] == term)
    return rows[kept & rows["identified"].astype(bool)].sort_values("event_time")


def _same(balanced: pd.DataFrame, rows: pd.DataFrame) -> bool:
    """Tell whether the path of the same units throughout adds nothing to the path of all."""
    both = balanced.merge(rows, on="event_time", suffixes=("", "_all"))
    return len(both) == len(balanced) and bool(np.allclose(both["estimate"], both["estimate_all"], rtol=1e-9))


def _axes(ax: Axes, question: Question, outcome: Outcome, times: pd.Series) -> None:
    ax.axhline(0, color=MUTED, linewidth=1)
    ax.axvline(-0.5, color=MUTED, linewidth=1, linestyle=":")
    first, last = int(times.min()), int(times.max())
    step = max(1, (last - first) // 9)
    ax.set_xticks([t for t in range(first, last + 1) if t % step == 0])
    ax.set_xlabel(f"{begin(question.frequency)}s since the start")
    ax.set_ylabel(unit_of(question, outcome))


def _title(question: Question, verdict: Verdict) -> str:
    outcome = question.outcome()
    if verdict.label == UNTESTED:
        return f"{begin(outcome.label)} by {question.frequency} since the start"
    low, high = sorted((outcome.sign * verdict.conf_low, outcome.sign * verdict.conf_high))
    if low > 0:
        return f"{begin(outcome.label)} is higher once units start"
    if high < 0:
        return f"{begin(outcome.label)} is lower once units start"
    return f"No clear change of {outcome.label} once units start"


def _ways_title(rows: Mapping[str, pd.Series]) -> str:
    if "effect" not in rows or "before_after" not in rows:
        return "What other ways to the effect give"
    slide, effect = float(rows["before_after"]["estimate"]), rows["effect"]
    if float(effect["conf_low"]) <= slide <= float(effect["conf_high"]):
        return "The slide's figure lies within the interval of the defensible one"
    return "The slide's figure lies outside the interval of the defensible one"


def _start_words(question: Question, index: int) -> str:
    day = first_day(index, question.frequency)  # type: ignore[arg-type]
    return f"{day.day} {day:%B %Y}"


def _count(n: object) -> str:
    return f"{int(n):,}" if isinstance(n, int | float) and n == n else ""
