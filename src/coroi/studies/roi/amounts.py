"""Money, periods and dates as the pages of the study `roi` write them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from coroi.report.words import money, money_interval, number, percent
from coroi.roi.valley import Span
from coroi.studies.roi.question import Question

LATER = "later"
_WHOLE = 10.0
"""Half-width at which an amount of nothing is written without decimals."""


def amount(question: Question, row: Mapping[str, Any], times: float = 1.0) -> str:
    """Write an amount with its interval: "EUR 12 (−3 to 27)".

    Parameters
    ----------
    question : Question
    row : Mapping
        ``estimate, conf_low, conf_high``.
    times : float
        Customers, where the amount is for all of them.
    """
    middle, low, high = (times * float(row[c]) for c in ("estimate", "conf_low", "conf_high"))
    half = (high - low) / 2
    if half == 0:
        return f"{plain(question, middle)} (known)"
    ends = money_interval(low, high, "").strip()
    return f"{money(middle, half if math.isfinite(half) else 0.1 * abs(middle), question.currency)} ({ends})"


def plain(question: Question, value: float) -> str:
    """Write an amount that has no interval, such as the smallest that matters."""
    return money(value, 0.1 * abs(value) or _WHOLE, question.currency)


def spoken(question: Question, span: Span) -> str:
    """Write a depth with its interval."""
    return amount(question, {"estimate": span.estimate, "conf_low": span.low, "conf_high": span.high})


def nth(question: Question, at: float) -> str:
    """Write which period of the programme it is, counted from 1: "month 7"; or that it is not within the horizon."""
    return f"not within {question.span}" if math.isinf(at) else f"{question.frequency} {int(at) + 1}"


def when(question: Question, span: Span) -> str:
    """Write a period with the ends of its interval: "month 7 (by the band, from month 2 to not within 22 months)"."""
    if span.low == span.high == span.estimate:
        return nth(question, span.estimate)
    ends = f"from {nth(question, span.low)} to {nth(question, span.high)}"
    if math.isinf(span.low):
        return f"not within {question.span}, by the band either"
    return f"{nth(question, span.estimate)} (by the band, {ends})"


def in_short(question: Question, span: Span) -> str:
    """Write a period with the ends of its interval for a narrow column: "month 7 (2 to later)"; later: beyond it."""
    ends = [LATER if math.isinf(at) else f"{int(at) + 1}" for at in (span.low, span.high)]
    middle = LATER if math.isinf(span.estimate) else f"{question.frequency} {int(span.estimate) + 1}"
    return middle if span.low == span.high else f"{middle} ({ends[0]} to {ends[1]})"


def for_good(question: Question, subject: str, span: Span) -> str:
    """Say from when a path is no longer below zero for good, or that it is not within the horizon; one sentence."""
    if math.isinf(span.low):
        return f"{subject} does not rise above zero for good within {question.span}, by the band either."
    if math.isinf(span.estimate):
        earliest = f"from {nth(question, span.low)} at the earliest"
        return f"{subject} does not rise above zero for good within {question.span} (by the band, {earliest})."
    return f"{subject} is no longer below zero for good from {when(question, span)}."


def day_words(day: date | None) -> str:
    """Write a day: "28 February 2023"; or that there is none."""
    return "no day within the horizon" if day is None else f"{day.day} {day:%B %Y}"


def sure(question: Question, row: Mapping[str, Any]) -> str:
    """Write a value with its interval and the confidence that it is above zero: "EUR 12 (−3 to 27), 91 %"."""
    return f"{amount(question, row)}, {percent(float(row['confidence']))}"


def share(rate: float) -> str:
    """Write a rate, or that it is an end of those searched."""
    if math.isinf(rate):
        return "the lowest searched" if rate < 0 else "the highest searched"
    return percent(rate, 1)


def ratio(row: Mapping[str, Any]) -> str:
    """Write a ratio with its interval, or that the interval has no bound."""
    middle, low, high = (float(row[c]) for c in ("estimate", "conf_low", "conf_high"))
    if math.isinf(low) or math.isinf(high):
        return f"{number(middle, 2)} (no bound)"
    return f"{number(middle, 2)} ({number(low, 2)} to {number(high, 2)})"


def worth_words(question: Question) -> str:
    """Name what is shown: the value, or what there is of it where costs are not known."""
    return "Worth before costs" if question.cost_reason else "Net present value"


def row_of_ends(estimate: float, low: float, high: float) -> dict[str, float]:
    """Return an estimate with its interval as a row of estimates names them."""
    return {"estimate": estimate, "conf_low": low, "conf_high": high}
