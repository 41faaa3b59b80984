"""The figures and tables of the study `profit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from coroi import report
from coroi.report.privacy import shown_counts, suppressed_words
from coroi.report.sentences import begin, level_of
from coroi.report.theme import MUTED, PALETTE
from coroi.report.words import number, plural
from coroi.results import Result, Verdict
from coroi.studies.profit.question import Question
from coroi.studies.profit.words import UNTESTED, crossing, describe, describe_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CLOCK = {
    "margin": "Contribution margin",
    "revenue": "Revenue",
    "cost_to_serve": "Cost to serve",
    "active": "Still a customer",
}
_SIDES = {
    "pooled": "All rows alike (the slide)",
    "between": "Between customers (their means)",
    "entity": "Within customers",
    "two_way": "Within customers and periods",
}


def path_figure(question: Question, result: Result, verdict: Verdict) -> report.Picture | report.Block:
    """Draw money by period after the score, with intervals and the band that holds them all."""
    rows = _path(result, "path")
    if rows.empty:
        return report.prose("There is no figure: no period after the score can be estimated.")
    fig, ax = report.new_figure(height=4.4)
    month = rows["horizon"].to_numpy(float) + 1
    ax.fill_between(month, rows["band_low"], rows["band_high"], color=PALETTE[0], alpha=0.13, linewidth=0)
    for at, row in zip(month, rows.to_dict("records"), strict=True):
        ax.plot([at, at], [row["conf_low"], row["conf_high"]], color=PALETTE[0], linewidth=1.6)
    ax.plot(month, rows["estimate"], color=PALETTE[0], marker="o", markersize=5)
    _axes(ax, question, f"{question.currency} a {question.frequency} and customer")
    title = _title(question, verdict)
    what = f"{begin(question.outcome)} that {question.step} goes with, by {question.frequency}"
    report.finding(ax, title, f"{what}; bars are {level_of(result)} intervals, the band holds them all at once")
    best, worst = (rows.loc[rows["estimate"].idxmax()], rows.loc[rows["estimate"].idxmin()])
    alt = (
        f"{title}. Points with intervals over {question.span}: highest in {question.frequency} "
        f"{int(best['horizon']) + 1} at {describe(question, best)}, lowest in {question.frequency} "
        f"{int(worst['horizon']) + 1} at {describe(question, worst)}. {crossing(question, result)}"
    )
    caption = (
        f"{what}. {begin(question.frequency)} 1 is the one that the score is known at the start of. {_n(question)}"
    )
    return report.figure(fig, alt=alt, caption=caption)


def sides_figure(question: Question, result: Result) -> report.Picture | report.Block:
    """Draw the slide's figure beside what is left of it within customers."""
    found = result.estimates
    rows = found[(found["part"] == "side by side") & (found["errors"] == "cluster") & found["identified"].astype(bool)]
    if rows.empty:
        return report.prose("There is no figure: neither comparison can be made.")
    by_name = {e: rows[rows["estimator"] == e].iloc[0] for e in _SIDES if (rows["estimator"] == e).any()}
    fig, ax = report.new_figure(height=1.5 + 0.5 * len(by_name))
    for at, (name, row) in enumerate(reversed(by_name.items())):
        color = PALETTE[0] if name in ("two_way", "entity") else MUTED
        ax.plot([row["conf_low"], row["conf_high"]], [at, at], color=color, linewidth=2.2)
        ax.plot([row["estimate"]], [at], color=color, marker="s" if color == MUTED else "o", markersize=8)
    ax.axvline(0, color=MUTED, linewidth=1)
    ax.set_yticks(range(len(by_name)), [_SIDES[name] for name in reversed(by_name)])
    ax.set_ylim(-0.6, len(by_name) - 0.4)
    ax.set_xlabel(f"{question.currency} a {question.frequency} and customer")
    title = _sides_title(by_name)
    report.finding(ax, title, f"{begin(question.outcome)} that {question.step} goes with; {level_of(result)} intervals")
    spoken = "; ".join(f"{_SIDES[name].lower()} {describe(question, row)}" for name, row in by_name.items())
    return report.figure(
        fig,
        alt=f"{title}. Points with intervals: {spoken}.",
        caption=f"{begin(question.outcome)} of a {question.frequency}, {question.step} in it. {_n(question)}",
    )


def clock_table(question: Question, result: Result) -> report.Block:
    """Show the parts of the money by period: revenue, margin, cost to serve, and who is still there."""
    path = _path(result, "path", identified=False)
    if path.empty:
        return report.prose(f"There is no table: {question.reason}.")
    columns: dict[str, list[object]] = {begin(question.frequency): [int(h) + 1 for h in path["horizon"]]}
    columns[f"{begin(question.outcome)} ({question.currency})"] = [describe(question, r) for _, r in path.iterrows()]
    for name in (c for c in _CLOCK if c in question.parts):
        rows = _path(result, name, identified=False)
        share = name == "active"
        unit = "" if share else f" ({question.currency})"
        told: list[object] = [describe_share(r) if share else describe(question, r) for _, r in rows.iterrows()]
        if f"{_CLOCK[name]}{unit}" not in columns:
            columns[f"{_CLOCK[name]}{unit}"] = told
    note = (
        f"Each cell: what {question.step} goes with in that {question.frequency}, and the {level_of(result)} interval."
    )
    return report.table(
        pd.DataFrame(columns), caption=f"Money and customers by {question.frequency}", name="profit_clock", note=note
    )


def flow_table(question: Question, result: Result) -> report.Block:
    """Show who is in and who is not."""
    flow = result.tables["cohort"]
    if flow.empty:
        return report.prose(f"Nobody was followed: {question.reason}.")
    marks = [int(m) for m in flow["customers_mark"]]
    shown = shown_counts(question.cohort.flow["customers"], marks, question.smallest_cell)
    frame = pd.DataFrame({"Step": flow["step"], "Customers": shown})
    words = suppressed_words(marks, question.smallest_cell)
    return report.table(frame, caption="Who was followed, and who was not", name="cohort", note=words)


def _path(result: Result, part: str, *, identified: bool = True) -> pd.DataFrame:
    rows = result.estimates
    rows = rows[(rows["part"] == part) & (rows["term"] == "response")]
    return (
        rows[rows["identified"].astype(bool)]
        if identified
        else rows[rows.get("horizon", pd.Series(dtype=float)).notna()]
    )


def _axes(ax: Axes, question: Question, label: str) -> None:
    ax.axhline(0, color=MUTED, linewidth=1)
    ax.set_xlim(0.5, question.horizon + 0.5)
    step = max(1, int(np.ceil(question.horizon / 12)))
    ax.set_xticks(range(1, question.horizon + 1, step))
    ax.set_xlabel(f"{begin(question.frequency)} since the score was known")
    ax.set_ylabel(label)


def _title(question: Question, verdict: Verdict) -> str:
    money = begin(question.outcome)
    if verdict.label == UNTESTED:
        return f"{money} by {question.frequency} after the score"
    if verdict.conf_low > 0:
        return f"{begin(question.step)} goes with more {question.outcome} over {question.span}"
    if verdict.conf_high < 0:
        return f"{begin(question.step)} goes with less {question.outcome} over {question.span}"
    return f"No clear change of {question.outcome} after {question.step}"


def _sides_title(rows: dict[str, pd.Series]) -> str:
    if "pooled" not in rows or "two_way" not in rows:
        return "What comparing customers shows"
    naive, same = float(rows["pooled"]["estimate"]), float(rows["two_way"]["estimate"])
    if naive <= 0:
        return "Customers who score higher do not bring more, and so do the same customers over time"
    if rows["two_way"]["conf_low"] <= 0 <= rows["two_way"]["conf_high"]:
        return "Once customers are compared with themselves, nothing may be left"
    left = 100 * same / naive
    if left > 90:
        return "Comparing customers with themselves changes little"
    if left < 10:
        return "Little is left once customers are compared with themselves"
    return f"About {number(round(left, -1))} of every 100 are left once customers are compared with themselves"


def _n(question: Question) -> str:
    return f"{plural(question.n_customers, 'customer')} of the cohort, those who left included."
