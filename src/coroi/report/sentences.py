"""How a sentence begins and ends, and how a level is written in it."""

from __future__ import annotations

from coroi.report.words import percent
from coroi.results import Result


def begin(text: str) -> str:
    """Begin a sentence with a capital unless its first word has capitals of its own."""
    return text[:1].upper() + text[1:] if text.split()[0].islower() else text


def stop(text: str) -> str:
    """End a sentence with its full stop."""
    return text if text.endswith(".") else f"{text}."


def level_words(level: float) -> str:
    """Write a level with four figures at most: "95 %", "97.5 %", "98.33 %"."""
    digits = f"{100 * level:.4g}".partition(".")[2]
    return percent(level, len(digits))


def level_of(result: Result) -> str:
    """Write the level of a result's intervals."""
    level = result.spec["level"]
    assert isinstance(level, float)
    return level_words(level)
