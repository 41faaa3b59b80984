"""The tables of the study `roi`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from coroi import report
from coroi.report.sentences import begin, level_of, stop
from coroi.report.words import number, percent, plural
from coroi.results import Result
from coroi.roi.present_value import present_value
from coroi.studies.cohort_flow import flow_table as cohort_table
from coroi.studies.roi.amounts import amount, ratio, row_of_ends, share, spoken, when, worth_words
from coroi.studies.roi.books import Books
from coroi.studies.roi.parts import Parts
from coroi.studies.roi.question import Question
from coroi.studies.roi.valued import Valued
from coroi.studies.roi.words import verdict_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coroi.results import Verdict


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
                    question, row_of_ends(row["value"], row["conf_low"], row["conf_high"])
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
        money = "revenue" if question.on_revenue else "margin"
        said.append(f"Held against the {money} of everybody in the units, newcomers too: {books.whole.sentence}")
    elif question.route == "roll-out":
        said.append("The margin of everybody in the units could not be told, so the sum is held against nothing.")
    said += _beside(question, parts)
    if books.accounts is not None:
        said.append(books.accounts.sentence)
    else:
        said.append("No figure of the accounts was given (`reported_margin`), so the data are not held against it.")
    return tuple(said)


def _beside(question: Question, parts: Parts) -> list[str]:
    """Say what customers brought whom others recommended, where it is not counted."""
    if parts.beside is None or "referral" not in parts.beside.names or "referral" in parts.benefits:
        return []
    at = present_value(
        parts.beside.line("referral"), rate_annual=question.rate, per_year=question.per_year, level=parts.level
    )
    return [
        f"Beside the sum, and not counted: customers whom they recommended brought {amount(question, at)} per customer "
        "more. They may have come anyway, so that only the whole could tell it from what others would have brought."
    ]


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
        rows.append({f"In the {after} after": begin(told), worth_words(question): amount(question, row)})
    goes_on = "" if question.cost_reason else "The programme's costs go on as they last were, but for the first row. "
    lone = "One period is too few to say how effects go on after it. "
    costs = lone if question.horizon < 2 else goes_on
    note = (
        "Assumptions, not estimates: nothing in the data tells what comes after the horizon. "
        f"{costs}{level_of(result)} intervals, per customer."
    )
    return report.table(pd.DataFrame(rows), caption="What if effects last", name="run_out", note=note)


def numbers_table(question: Question, result: Result, valued: Valued | None) -> report.Block:
    """Show the other figures that a financial officer asks for."""
    if valued is None or question.cost_reason:
        return report.prose(f"There are no other figures: {stop(question.cost_reason or 'nothing could be valued')}")
    rows = [("Internal rate of return", _rate(question, valued))]
    if valued.ratio is not None:
        rows.append(("Net return on each unit of cost", ratio(valued.ratio)))
    if valued.factor is not None:
        told = str(valued.factor.get("words", ""))
        shown = ratio(valued.factor) if valued.factor["identified"] else str(valued.factor["reason"])
        rows.append(("Factor on the benefits that breaks even", f"{shown}; {told}" if "unbounded" in told else shown))
    rows.append(("Lowest point of the sum", spoken(question, valued.valley.depth)))
    rows.append((f"{begin(question.frequency)} of the lowest point", when(question, valued.valley.trough)))
    rows.append(
        (f"Single {question.frequency}s no longer below zero for good from", when(question, valued.valley.crossover))
    )
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
