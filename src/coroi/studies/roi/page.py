"""The figures and tables of the study `roi`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from coroi import report
from coroi.report.sentences import begin, level_of, level_words
from coroi.report.theme import MUTED, PALETTE
from coroi.report.words import number, percent, plural
from coroi.results import Result
from coroi.studies.cohort_flow import flow_table as cohort_table
from coroi.studies.roi.amounts import amount, nth, ratio, share, spoken, when
from coroi.studies.roi.books import Books
from coroi.studies.roi.parts import Parts
from coroi.studies.roi.question import Question
from coroi.studies.roi.valued import Valued
from coroi.studies.roi.words import verdict_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from coroi.results import Verdict

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
        f"{amount(question, _row(middle[spot], low[spot], high[spot]))} per customer and ends at "
        f"{amount(question, _row(middle[-1], low[-1], high[-1]))} after {question.span}."
    )
    level = level_words(parts.level)
    caption = f"{what}, {question.currency} per customer. The band holds all {question.span} at once at {level}."
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
    ax.set_xlabel(f"Net present value, {question.currency} per customer")
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
    caption = (
        f"Net present value per customer within {question.span}, one input at a time. Costs of the programme are "
        "varied "
        "by a fifth, the discount rate from 0 to 20 % a year, and the time after the horizon from nothing to "
        f"{plural(question.run_out, question.frequency)} in which effects stay."
    )
    return report.figure(fig, alt=alt, caption=caption)


def ledger_table(question: Question, result: Result, books: Books | None) -> report.Block:
    """Show the ledger: each line with its customers, its account and its value."""
    if books is None:
        return report.prose("There is no ledger: nothing could be valued.")
    rows = []
    for row in books.table.to_dict("records"):
        rows.append(
            {
                "Line": begin(str(row["entry"])),
                "Customers": str(row["customers"]),
                "Account": str(row["account"]),
                f"Value, {question.currency} per customer": amount(
                    question, _row(row["value"], row["conf_low"], row["conf_high"])
                ),
            }
        )
    note = f"Present values over {question.span} at {question.rate_words}, {level_of(result)} intervals; parts add up."
    return report.table(pd.DataFrame(rows), caption="The ledger: every line once", name="ledger", note=note)


def ledger_words(question: Question, parts: Parts, books: Books | None) -> tuple[str, ...]:
    """Say that nothing is counted twice, what the whole shows, and how the data fit the accounts."""
    if books is None:
        return ("Nothing was counted.",)
    said = [
        "Each line is tied to customers, periods and a line of the accounts; two that share all three would be refused."
    ]
    if books.whole is not None:
        said.append(f"Held against the margin of everybody in the units, newcomers too: {books.whole.sentence}")
    elif question.route == "roll-out":
        said.append("The margin of everybody in the units could not be told, so the sum is held against nothing.")
    if books.accounts is not None:
        said.append(books.accounts.sentence)
    else:
        said.append("No figure of the accounts was given (`reported_margin`), so the data are not held against it.")
    return tuple(said)


def run_out_table(question: Question, result: Result, valued: Valued | None) -> report.Block:
    """Show the value under each assumption on the time after the horizon."""
    if valued is None:
        return report.prose("There is no table: nothing could be valued.")
    after = plural(question.run_out, question.frequency)
    rows = []
    for row in valued.run_out.to_dict("records"):
        told = {
            "none": "nothing is counted",
            "stays": "effects stay as they last were",
            "fades": f"half of the effect is gone after {number(row['half_life'])} {question.frequency}s",
        }[str(row["how"])]
        rows.append({f"In the {after} after": begin(told), "Net present value": amount(question, row)})
    note = (
        "Assumptions, not estimates: nothing in the data tells what comes after the horizon. The programme's costs "
        "go on "
        f"as they last were, but for the first row. {level_of(result)} intervals, per customer."
    )
    return report.table(pd.DataFrame(rows), caption="What if effects last", name="run_out", note=note)


def numbers_table(question: Question, result: Result, valued: Valued | None) -> report.Block:
    """Show the other figures that a financial officer asks for."""
    if valued is None:
        return report.prose("There is no table: nothing could be valued.")
    rows = [("Internal rate of return", _rate(question, valued))]
    if valued.ratio is not None:
        rows.append(("Net return on each unit of cost", ratio(valued.ratio)))
    if valued.factor is not None:
        told = str(valued.factor.get("words", ""))
        shown = ratio(valued.factor) if valued.factor["identified"] else str(valued.factor["reason"])
        rows.append(("Factor on the benefits that breaks even", f"{shown}; {told}" if "unbounded" in told else shown))
    rows.append(("Lowest point of the sum", spoken(question, valued.valley.depth)))
    rows.append(("In", when(question, valued.valley.trough)))
    rows.append((f"Single {question.frequency}s above zero for good from", when(question, valued.valley.crossover)))
    frame = pd.DataFrame(rows, columns=["Figure", f"With its {level_of(result)} interval"])
    return report.table(frame, caption="Other figures", name="other_figures")


def information_table(question: Question, valued: Valued | None) -> report.Block:
    """Show what knowing each input would be worth for all customers of the answer."""
    if valued is None or valued.information is None:
        return report.prose("What knowing more is worth is not told: costs are not known, or units are too few.")
    rows = [
        {
            "Known altogether": begin(str(row["input"])),
            f"Worth, {question.currency}": number(float(row["value"]), _places(float(row["value"]))),
            f"A study that halves its interval, {question.currency}": number(
                float(row["halved"]), _places(float(row["halved"]))
            ),
        }
        for row in valued.information.to_dict("records")
        if row["input"] == "everything" or float(row["spread"]) > 0
    ]
    note = f"For all {plural(question.n_customers, 'customer')} of the answer, before deciding to fund it or not."
    if question.n_customers < question.smallest_cell:
        note = "For all customers of the answer, before deciding to fund it or not."
    return report.table(pd.DataFrame(rows), caption="What knowing more is worth", name="information", note=note)


def verdicts_table(verdicts: Mapping[str, Verdict]) -> report.Block:
    """Show every declared verdict at both levels."""
    rows = [{"Declared": begin(v.theta), "Verdict": verdict_line(v)} for v in verdicts.values()]
    return report.table(pd.DataFrame(rows), caption="What was declared before the fit", name="verdicts")


def flow_table(question: Question, result: Result) -> report.Block:
    """Show who is in the cohort and who is not."""
    if question.programme is not None and not question.programme.units.flow.empty:
        flow = question.programme.units.flow
    elif question.score is not None:
        flow = question.score.cohort.flow
    else:
        return report.prose(f"Nobody was followed: {question.reason}.")
    return cohort_table(flow, result.tables["cohort"], question.smallest_cell, reason=question.reason)


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
    if not found.never_negative and math.isfinite(found.estimate):
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
    if low > 0:
        return f"After {question.span} more has come in than was spent" if not question.cost_reason else "Money came in"
    if high < 0:
        return f"After {question.span} less has come in than was spent"
    return f"After {question.span} it is open whether more came in than was spent"


def _row(estimate: float, low: float, high: float) -> dict[str, float]:
    return {"estimate": estimate, "conf_low": low, "conf_high": high}


def _rate(question: Question, valued: Valued) -> str:
    rate = valued.rate
    pieces = " and ".join(f"{share(low)} to {share(high)}" for low, high in rate.pieces)
    if any(math.isinf(low) and math.isinf(high) for low, high in rate.pieces):
        return f"{begin(rate.reason or percent(rate.estimate, 1) + ' a year')}; no rate that was searched is ruled out"
    told = begin(rate.reason) if rate.reason else f"{percent(rate.estimate, 1)} a year"
    if not rate.pieces:
        return f"{told}; at no rate is a value of nothing in its interval"
    return f"{told}; a value of nothing is in its interval at rates of {pieces}"


def _places(value: float) -> int:
    return 0 if abs(value) >= 10 or value == 0 else 2
