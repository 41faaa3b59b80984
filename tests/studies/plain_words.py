"""What is wrong with a sentence of a page: the checks that every study's words have to pass."""

from __future__ import annotations

import re

FORBIDDEN = (
    "significant",
    "prove",
    "cause",
    "leads to",
    "due to",
    "raises",
    "increase",
    "goes with",
    "nan",
    "None",
    "inf",
)
NOUNS = "customers?|months?|points?|percentage points?|checks?|periods?|bands?"


def too_strong(text: str) -> list[str]:
    """Return the words that claim more than association, or that show what is not a number."""
    return [word for word in FORBIDDEN if re.search(rf"\b{word}", text)]


def miscounted(text: str) -> list[str]:
    """Return counts whose noun is in the wrong number."""
    many = re.findall(rf"\b1 (?:{NOUNS.replace('?', '')})\b(?! of)", text)
    one = re.findall(rf"(?<![\d.,–])(?:[02-9]|\d{{2,}}) (?:{NOUNS.replace('s?', '')})\b", text)
    return many + one


def misprinted(text: str) -> list[str]:
    """Return what no sentence holds: doubled stops and spaces, a hyphen for a minus, no capital or full stop."""
    odd = re.findall(r"\s\s|\.\.|: :|,,| \.|\( |-\d|\(\)", text)
    return odd + ([] if re.match(r"[A-Z0-9]", text) else ["start"]) + ([] if text.endswith(".") else ["end"])
