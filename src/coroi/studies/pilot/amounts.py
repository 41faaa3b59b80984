"""Effects written as a page writes them: money, people or points, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping

from coroi.report.words import interval, money, money_interval, number, percent, percent_interval, points
from coroi.studies.pilot.outcomes import Outcome
from coroi.studies.pilot.question import Question


def amount(question: Question, outcome: Outcome, row: Mapping[str, object]) -> str:
    """Write an effect with its interval: "EUR 1.2 (0.3 to 2.1)", "0.82 percentage points (0.31 to 1.33)".

    Parameters
    ----------
    question : Question
        As declared.
    outcome : Outcome
        What the effect is on.
    row : Mapping
        ``estimate, conf_low, conf_high``; ends may be infinite.
    """
    middle, low, high = numbers(row)
    if outcome.kind == "share":
        return f"{points(middle, 2)} ({interval(100 * low, 100 * high, decimals=2)})"
    if outcome.kind == "points":
        return f"{_points(middle)} ({interval(low, high, decimals=2)})"
    half = (high - low) / 2
    if not math.isfinite(half):
        return f"{money(middle, 0.1 * abs(middle), question.currency)} ({interval(low, high, decimals=2)})"
    return f"{money(middle, half, question.currency)} ({money_interval(low, high, '').strip()})"


def least(question: Question, outcome: Outcome) -> str:
    """Write the smallest effect that matters."""
    if outcome.kind == "money":
        return money(outcome.delta, outcome.delta / 2, question.currency)
    return points(outcome.delta, 2) if outcome.kind == "share" else _points(outcome.delta)


def lift(row: Mapping[str, object] | None) -> str:
    """Write a relative lift with its interval in a table's cell."""
    if row is None:
        return "not asked"
    if not row["identified"]:
        return f"not identified: {row['reason']}"
    middle, low, high = numbers(row)
    return f"{percent(middle)} ({percent_interval(low, high)})"


def numbers(row: Mapping[str, object]) -> tuple[float, float, float]:
    """Return an estimate and the ends of its interval."""
    middle, low, high = (float(str(row[c])) for c in ("estimate", "conf_low", "conf_high"))
    return middle, low, high


def _points(x: float) -> str:
    return f"{number(x, 2)} points"
