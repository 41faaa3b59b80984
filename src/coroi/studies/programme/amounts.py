"""Effects written as a page writes them: money, people or points, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from coroi.report.words import interval, money, money_interval, number, points
from coroi.studies.programme.outcomes import Outcome
from coroi.studies.programme.question import Question

MANY = 1_000


def amount(question: Question, outcome: Outcome, row: pd.Series | Mapping[str, object]) -> str:
    """Write an effect with its interval: "EUR 1.2 (0.3 to 2.1)", "4 fewer of every 1,000 customers (from 9 fewer …)".

    Parameters
    ----------
    question : Question
        As declared.
    outcome : Outcome
        What the effect is on.
    row : pandas.Series or Mapping
        ``estimate, conf_low, conf_high``.
    """
    middle, low, high = (float(row[c]) for c in ("estimate", "conf_low", "conf_high"))  # type: ignore[arg-type]
    if outcome.kind == "money":
        ends = money_interval(low, high, "").strip()
        half = (high - low) / 2
        return f"{money(middle, half if math.isfinite(half) else 0.1 * abs(middle), question.currency)} ({ends})"
    if outcome.kind == "share":
        ends = interval(100 * low, 100 * high, decimals=2)
        return f"{points(middle, 2)} ({ends})"
    return f"{number(middle, 2)} points ({interval(low, high, decimals=2)})"


def cell(question: Question, outcome: Outcome, row: pd.Series | None) -> str:
    """Write an effect in a table's cell, or why there is none."""
    if row is None:
        return "not asked"
    return amount(question, outcome, row) if row["identified"] else f"not identified: {row['reason']}"


def least(question: Question, outcome: Outcome) -> str:
    """Write the smallest effect that matters, with the period that it is counted by."""
    per = f"a {question.frequency}"
    if outcome.kind == "money":
        return f"{money(outcome.delta, 0.1 * outcome.delta, question.currency)} {per}"
    if outcome.kind == "share":
        return f"{points(outcome.delta, 2)} {per}"
    return f"{number(outcome.delta, 2)} points"


def unit_of(question: Question, outcome: Outcome) -> str:
    """Name an outcome's unit for an axis."""
    if outcome.kind == "money":
        return f"{question.currency} a {question.frequency} and customer"
    return f"percentage points a {question.frequency}" if outcome.kind == "share" else "points"


def scale_of(outcome: Outcome) -> float:
    """Return what an effect is multiplied by on an axis: shares are shown as percentage points."""
    return 100.0 if outcome.kind == "share" else 1.0
