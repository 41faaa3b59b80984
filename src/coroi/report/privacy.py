"""The words for what is not shown, so that nobody can be named: small counts, and what would give them away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from coroi.report.words import plural

WITHHELD = "withheld"
_SHOWN, _SMALL = 0, 1  # as in coroi.inference.disclosure


def fewer_than(smallest: int) -> str:
    """Write what stands for a small count: "fewer than 10"."""
    return f"fewer than {smallest}"


def people(n: int, smallest: int, noun: str = "customer") -> str:
    """Write a count of people with its noun, a small one as "fewer than 10 customers"."""
    return f"{fewer_than(smallest)} {noun}s" if 0 < n < smallest else plural(n, noun)


def shown_counts(counts: Iterable[int], marks: Iterable[int], smallest: int) -> pd.Series:
    """Write counts as their marks allow: 1204, "fewer than 10", "withheld"; all stay numbers where all are shown."""
    words = {_SMALL: fewer_than(smallest)}
    pairs = list(zip(counts, marks, strict=True))
    cells = [int(n) if int(m) == _SHOWN else words.get(int(m), WITHHELD) for n, m in pairs]
    return pd.Series(cells, dtype="int64" if all(int(m) == _SHOWN for _, m in pairs) else "object")


def kept_counts(counts: Iterable[int], marks: Iterable[int]) -> pd.Series:
    """Return counts as a kept table holds them: those that are not shown are missing."""
    pairs = zip(counts, marks, strict=True)
    return pd.Series([int(n) if int(m) == _SHOWN else pd.NA for n, m in pairs], dtype="Int64")


def suppressed_words(marks: Sequence[int], smallest: int) -> str:
    """Say how many counts are not shown, and why; empty where all are."""
    small, more = (sum(int(m) == mark for m in marks) for mark in (1, 2))
    if not small + more:
        return ""
    verb = "is" if small == 1 else "are"
    if not small:
        verb = "is" if more == 1 else "are"
        return f"{plural(more, 'count')} {verb} withheld, so that none of {fewer_than(smallest)} can be worked out."
    said = f"{plural(small, 'count')} {verb} given only as {fewer_than(smallest)}, because so few could be named"
    if more:
        verb, of = "is" if more == 1 else "are", "it" if small == 1 else "they"
        said += f"; {plural(more, 'other')} {verb} withheld, so that {of} cannot be worked out"
    return f"{said}."
