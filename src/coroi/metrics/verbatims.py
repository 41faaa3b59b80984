"""Words that customers wrote, shown only as far as many customers used them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from coroi.masking import mask_text

RARE = "[…]"
_SELF = ("I", "I'm", "I’m", "I've", "I’ve", "I'd", "I’d", "I'll", "I’ll")
_WORD = re.compile(r"\[[^\[\]\s]*\]|[^\W_]+(?:['’][^\W_]+)*")
_RARE_RUN = re.compile(rf"{re.escape(RARE)}(?:[^\w\[\]]*{re.escape(RARE)})+")


def mask_verbatims(
    written: Iterable[tuple[str, str]], *, smallest: int, identifiers: Collection[str] = (), most: int = 5
) -> tuple[str, ...]:
    """Return a few texts in which every word was used by many customers; all other words are left out.

    Parameters
    ----------
    written : iterable of (str, str)
        Who wrote, and what: all texts of one group, such as the answers to one metric.
    smallest : int
        Fewest customers who used a word, for it to be shown; and who wrote at all, for anything to be shown.
    identifiers : collection of str
        As :func:`coroi.masking.mask_text` takes them.
    most : int
        Most texts to return.

    Returns
    -------
    tuple of str
        The texts of which most stays, told apart by what stays; the choice depends on the set of texts alone. Empty
        where fewer than `smallest` customers wrote.

    Notes
    -----
    A name, a place or a number that one customer wrote is not known as such; it is left out because few wrote it.
    Words with a capital inside a sentence, and the word before them that begins it, may be names that many bear: they
    are left out too.
    """
    users: dict[str, set[str]] = {}
    writers: set[str] = set()
    masked: set[str] = set()
    for who, text in written:
        told = _without_names(" ".join(mask_text(text, identifiers).split()))
        writers.add(who)
        masked.add(told)
        for word in _WORD.findall(told):
            users.setdefault(word.casefold(), set()).add(who)
    if len(writers) < smallest:
        return ()
    common = {word for word, who in users.items() if len(who) >= smallest}
    shown = {_common_only(text, common) for text in masked}
    worth = [text for text in shown if len(_WORD.findall(text.replace(RARE, ""))) >= 3]
    return tuple(sorted(worth, key=lambda text: (text.count(RARE), -len(text), text))[:most])


def _without_names(text: str) -> str:
    """Leave out words with a capital, but for a lone one that begins a sentence."""
    words = [m for m in _WORD.finditer(text) if m.group()[0] != "["]
    begins = [
        not text[: m.start()].rstrip(" \"'“‘(") or text[: m.start()].rstrip(" \"'“‘(")[-1] in ".!?…:" for m in words
    ]
    capital = [m.group()[0].isupper() and m.group() not in _SELF for m in words]
    out, at = [], 0
    for i, word in enumerate(words):
        beside = i + 1 < len(words) and capital[i + 1] and not begins[i + 1]
        hidden = capital[i] and (not begins[i] or beside)
        out += [text[at : word.start()], RARE if hidden else word.group()]
        at = word.end()
    return "".join([*out, text[at:]])


def _common_only(text: str, common: Collection[str]) -> str:
    """Replace words that few used, and digits and signs that belong to them."""
    kept = _WORD.sub(lambda m: m.group() if m.group().casefold() in common or m.group()[0] == "[" else RARE, text)
    return _RARE_RUN.sub(RARE, re.sub(r"[^\w\s.,;:!?'’()\[\]…-]|_", "", kept))
