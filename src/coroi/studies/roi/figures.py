"""The figures of the study `roi`: the valley, and what moves the value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from coroi import report
from coroi.report.sentences import begin, level_of, level_words
from coroi.report.theme import MUTED, PALETTE
from coroi.report.words import number, plural
from coroi.results import Result
from coroi.studies.roi.amounts import amount, nth, row_of_ends, worth_words
from coroi.studies.roi.parts import Parts
from coroi.studies.roi.question import Question
from coroi.studies.roi.valued import Valued

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NOTHING = "There is no figure: nothing could be valued."


def valley_figure(question: Question, parts: Parts, valued: Valued | None) -> report.Picture | report.Block:
    """Draw what all money sums to since the start, with the band that holds the whole of it, and each period's own."""
    if valued is None:
        return report.prose(_NOTHING)
    band = valued.payback.band
    at = band["period"].to_numpy(float) + 1
    middle, low, high = (band[c].to_numpy(float) for c in ("estimate", "band_low", "band_high"))
    fig, ax = report.new_figure(height=4.6)
    ax.bar(at, valued.line.estimate, width=0.6, color=MUTED, alpha=0.35, linewidth=0)
    ax.fill_between(at, low, high, color=PALETTE[0], alpha=0.15, linewidth=0)
    ax.plot(at, middle, color=PALETTE[0], marker="o", markersize=4)
    ax.axhline(0, color=MUTED, linewidth=1)
    _mark(ax, question, valued, at, middle)
    ax.set_xlabel(f"{begin(question.frequency)}s since the start, that of the start being 1")
    ax.set_ylabel(f"{question.currency} per customer")
    title = _title(question, valued)
    cost = "before costs" if question.cost_reason else "benefits less costs"
    what = f"Sum of money since the start, {cost}, discounted at {question.rate_words}"
    report.finding(ax, title, f"{what}; bars are single {question.frequency}s, the band holds the whole sum")
    spot = int(np.argmin(middle))
    alt = (
        f"{title}. The sum is lowest in {nth(question, float(spot))} at "
        f"{amount(question, row_of_ends(middle[spot], low[spot], high[spot]))} per customer and ends at "
        f"{amount(question, row_of_ends(middle[-1], low[-1], high[-1]))} after {question.span}."
    )
    level = level_words(parts.level)
    caption = f"{what}, {question.currency} per customer. The band holds the whole sum at once at {level}."
    return report.figure(fig, alt=alt, caption=caption)


def swings_figure(question: Question, result: Result, valued: Valued | None) -> report.Picture | report.Block:
    """Draw the value with one input at a time at either end of its range, the widest first."""
    if valued is None or valued.swings.empty:
        return report.prose(_NOTHING)
    rows = valued.swings.to_dict("records")
    fig, ax = report.new_figure(height=1.6 + 0.45 * len(rows))
    value = float(valued.value["estimate"])
    for at, row in enumerate(reversed(rows)):
        ends = sorted((row["npv_low"], row["npv_high"]))
        colour = PALETTE[0] if row["kind"] == "estimated" else MUTED
        ax.plot(ends, [at, at], color=colour, linewidth=9, solid_capstyle="butt", alpha=0.75)
    ax.axvline(0, color=MUTED, linewidth=1)
    ax.axvline(value, color=PALETTE[0], linewidth=1, linestyle="--")
    ax.set_yticks(range(len(rows)), [begin(str(row["input"])) for row in reversed(rows)])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set_xlabel(f"{worth_words(question)}, {question.currency} per customer")
    widest = rows[0]["input"]
    title = f"{begin(str(widest))} moves the value most"
    subtitle = f"Blue: ends of {level_of(result)} intervals, one at a time; grey: assumptions. Dashed: the estimate"
    report.finding(ax, title, subtitle)
    spoken_rows = "; ".join(
        f"{row['input']}, {number(min(row['npv_low'], row['npv_high']), 1)} to "
        f"{number(max(row['npv_low'], row['npv_high']), 1)}"
        for row in rows
    )
    alt = f"{title}. Value in {question.currency} per customer: {spoken_rows}."
    return report.figure(fig, alt=alt, caption=_ranges(question, valued))


def _ranges(question: Question, valued: Valued) -> str:
    """Say what is varied, and by how much."""
    said = [f"{worth_words(question)} per customer within {question.span}, one input at a time."]
    inputs = set(valued.swings["input"])
    if "costs of the programme" in inputs:
        said.append("Costs of the programme are varied by a fifth.")
    said.append("The discount rate goes from 0 to 20 % a year.")
    if "time after the horizon" in inputs:
        after = plural(question.run_out, question.frequency)
        said.append(f"The time after the horizon goes from nothing to {after} in which effects stay.")
    return " ".join(said)


def _mark(ax: Axes, question: Question, valued: Valued, at: np.ndarray, middle: np.ndarray) -> None:
    """Name the lowest point, and where it is paid back."""
    spot = int(np.argmin(middle))
    if middle[spot] < 0:
        ax.annotate(
            "lowest",
            (at[spot], middle[spot]),
            xytext=(0, -16),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=PALETTE[0],
        )
    found = valued.payback
    if not found.never_negative and math.isfinite(found.estimate) and not question.cost_reason:
        ax.annotate(
            "paid back",
            (found.estimate + 1, 0),
            xytext=(0, 10),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=PALETTE[1],
        )
        ax.plot([found.estimate + 1], [0], marker="D", markersize=7, color=PALETTE[1])


def _title(question: Question, valued: Valued) -> str:
    low, high = float(valued.value["conf_low"]), float(valued.value["conf_high"])
    if question.cost_reason:
        told = "more came in" if low > 0 else "less came in" if high < 0 else "it is open whether more came in"
        return f"After {question.span} {told} than without it, before costs"
    if low > 0:
        return f"After {question.span} more has come in than was spent"
    if high < 0:
        return f"After {question.span} less has come in than was spent"
    return f"After {question.span} it is open whether more came in than was spent"
