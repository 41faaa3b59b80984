"""Values of a plan as files write them: compared as text, without regard to case."""

from __future__ import annotations

from typing import Any

import ibis

from coroi.sources import Value


def spoken(value: Value) -> str:
    """Write a value as it is compared."""
    return str(value).strip().lower()


def spellings(value: Value) -> tuple[str, ...]:
    """Return the ways in which files write a value: 5 is also 5.0."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and float(value).is_integer():
        return (str(int(value)), f"{int(value)}.0")
    return (spoken(value),)


def among(word: Any, values: tuple[Value, ...]) -> Any:
    """Tell whether a lower-case word is one of some values; ``None`` among them stands for an empty cell."""
    known = [way for v in values if v is not None for way in spellings(v)]
    found = word.isin(known) if known else ibis.literal(False)
    return found | word.isnull() if None in values else found
