"""Events in an order that cannot be: neither date can be trusted, so the row is dropped."""

from __future__ import annotations

from typing import Any

from coroi.prepare.cleaning.rules import Rule


def ends_before_start(table: Any, start: str, end: str) -> Rule:
    """Match rows that end before they start."""
    return Rule(f"{end} before {start}", table[end] < table[start], f"{end} lies before {start}", end)


def empty(table: Any, column: str) -> Rule:
    """Match rows that lack what they cannot do without."""
    return Rule(f"no {column}", table[column].isnull(), f"{column} is empty", column)
