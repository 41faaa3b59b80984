"""Mask what could name a person: e-mail addresses, long numbers, accounts, and identifiers of the data themselves."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator

EMAIL, NUMBER, ACCOUNT, PERSON = "[e-mail]", "[number]", "[account]", "[customer]"
LONGEST_SHAPE = 24
MISSPELT = 0.75  # likeness to a known word, from which a word is taken for it
MANY_ROWS = 10  # of a word that may be shown: what fewer rows hold could be somebody's
FEWEST_DIGITS = 7  # of a telephone number without its area
SHORTEST_DIGITS_ID = 5  # an identifier of fewer digits cannot be told from a count or a score
WORDS_OF_AN_ID = 4

_CURRENCY = (
    "(?:[$€£¥₹]|EUR|USD|GBP|CHF|JPY|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BRL|MXN|ZAR|TRY|KRW|SGD|HKD|NZD)"
)
_AMOUNT = r"(?:[1-9]\d{0,2}(?:[ ,.']\d{3})+|\d{1,12})(?:[.,]\d{1,2})?"
_MONTH, _DAY, _YEAR = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])", r"(?:19|20)\d{2}"
_DATE = (
    rf"(?:{_YEAR}([-/.]){_MONTH}\1{_DAY}|{_DAY}([-/.]){_MONTH}\2{_YEAR}|{_MONTH}([-/.]){_DAY}\3{_YEAR}"
    r"|(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
)
_TIME = r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?"
_PLAIN = (  # dates, money and decimals: numbers that name nobody
    re.compile(rf"(?<![\w.-]){_DATE}{_TIME}(?![\w]|[-/]\d)"),
    re.compile(rf"(?<!\w){_CURRENCY} ?-?{_AMOUNT}(?![\w]|[ .,-]\d)"),
    re.compile(rf"(?<![\w.+-]){_AMOUNT} ?{_CURRENCY}(?!\w)"),
    re.compile(r"(?<![\d.+])(?:0|[1-9]\d{0,5})\.\d+(?:e-?\d+)?(?![\d.])"),
)
_EMAIL = re.compile(r"[^\s@<>()\[\]{},;:\"'|]+ ?@ ?[^\s@<>()\[\]{},;:\"'|]+\.[^\W\d_][\w-]*")
_ACCOUNT = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?(?!\w)")
_NUMBER = re.compile(r"(?<![\d.,])\+?\(?\d(?:[ .\-/()‐‑–]{0,3}\d){6,}")
_WORD = re.compile(r"\w+(?:[-.+_/:#@]+\w+)*")
_BLANK = "\ufffc"
_WHOLE_DATE = re.compile(rf"{_DATE}{_TIME}\Z")
_DECIMAL = re.compile(r"-?\d+[.,]\d+\Z")
_PERIOD = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])?(?!\d)"  # a year, or a year and its month
_LONG_DIGITS = re.compile(rf"(?<!\d)(?!{_PERIOD})\d{{4,}}")


def mask_value(value: object) -> str:
    """Show a cell as its shape: "31/12/2020" as "99/99/9999", "Anna" as "Aaaa"; no letter and no digit of it stays.

    Parameters
    ----------
    value : object
        What stands in the cell; anything but text is written out first.

    Returns
    -------
    str
        At most 24 characters and an ellipsis: capitals as A, other letters as a, digits as 9, blanks as one blank,
        ASCII punctuation as it is, everything else as "?".
    """
    shape = "".join(_shape(c) for c in str(value)[: LONGEST_SHAPE + 1])
    return shape[:LONGEST_SHAPE] + ("…" if len(str(value)) > LONGEST_SHAPE else "")


def mask_word(word: object, rows: int, known: Iterable[str] = ()) -> str:
    """Show a word of a code list as it is where many rows hold it, or it is a known one misspelt; else its shape.

    Parameters
    ----------
    word : object
        What stands in the cells.
    rows : int
        Rows that hold it.
    known : iterable of str
        Words that it may have been meant for.
    """
    text = str(word)
    plain = re.fullmatch(r"[^\W\d_]+(?:[ _-][^\W\d_]+){0,3}", text) and len(text) <= LONGEST_SHAPE
    misspelt = difflib.get_close_matches(text.casefold(), [k.casefold() for k in known], n=1, cutoff=MISSPELT)
    return text if plain and (rows >= MANY_ROWS or misspelt) else mask_value(word)


def mask_text(text: str, identifiers: Collection[str] = ()) -> str:
    """Replace what could name a person in free text by a word in square brackets.

    Parameters
    ----------
    text : str
        A verbatim, a label, a message.
    identifiers : collection of str
        Identifiers that stand in the data, as :func:`candidates` writes them: folded.

    Returns
    -------
    str
        The text with e-mail addresses, account numbers, numbers of seven digits and more (telephones, cards), and
        `identifiers` replaced. Dates, scores, decimals, amounts with a currency, and counts with separators stay.

    Notes
    -----
    A name that no identifier column holds cannot be recognised: text that people wrote is shown only where many
    customers used each of its words, see ``coroi.metrics.verbatims``. Identifiers of fewer than five digits are left:
    they cannot be told from counts.
    """
    folded, positions = _fold(text)
    spans = [(m.start(), m.end(), EMAIL) for m in _EMAIL.finditer(folded)]
    spans += [(m.start(), m.end(), ACCOUNT) for m in _ACCOUNT.finditer(folded) if _is_account(m.group())]
    free = _hide_plain(folded)
    spans += [(m.start(), m.end(), NUMBER) for m in _NUMBER.finditer(free) if _names_somebody(m.group())]
    if identifiers:
        spans += [
            (a, b, PERSON) for a, b, word in _phrases(folded) if word in identifiers and not _is_plain(free, a, b)
        ]
    return _replaced(text, positions, spans)


def looks_like_data(header: Iterable[str]) -> bool:
    """Tell whether a file's first line may be a row, and hold what names somebody, instead of columns' names.

    Parameters
    ----------
    header : iterable of str
        Its fields.

    Notes
    -----
    What speaks for a row: an e-mail address, a code or number with four digits in a run that are no year, a decimal
    number, and one or two dates or a single whole number among other fields; more of these are names of periods. A
    row of nothing but plain words cannot be told from names.
    """
    fields = [field.strip() for field in header]
    dates = [field for field in fields if _WHOLE_DATE.match(field)]
    others = [field for field in fields if field not in dates]
    if any(_EMAIL.search(f) or _DECIMAL.match(f) or _LONG_DIGITS.search(f) for f in others):
        return True
    numbers = sum(field.isdecimal() for field in others)
    return len(fields) > 1 and (1 <= len(dates) <= 2 or numbers == 1)


def candidates(texts: Iterable[str]) -> set[str]:
    """Return every run of one to four words of some texts: what may be looked up among identifiers in lower case.

    Each is written folded, as :func:`fold` does, and as it stands, so that a plain comparison finds it.
    """
    found: set[str] = set()
    for text in texts:
        for written in (_fold(text)[0], text):
            found |= {written[a:b].lower() for a, b, _ in _phrases(written)}
        found |= {word for _, _, word in _phrases(_fold(text)[0])}
    return found


def fold(identifier: str) -> str:
    """Write an identifier as :func:`candidates` does: without case, form characters and blanks around it."""
    return _fold(str(identifier))[0].casefold().strip()


def could_be_told(identifier: str) -> bool:
    """Tell whether a folded identifier can be recognised in text; one of few digits or a single letter cannot."""
    return len(identifier) > 1 and not (identifier.isdecimal() and len(identifier) < SHORTEST_DIGITS_ID)


def _shape(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Lu", "Lt"):
        return "A"
    if kind[0] in "LM":
        return "a"
    if kind[0] == "N":
        return "9"
    if kind[0] == "Z" or character in "\t\r\n":
        return " "
    return character if character.isascii() and character.isprintable() else "?"


def _fold(text: str) -> tuple[str, list[int]]:
    """Return the text in plain characters, form characters left out, and where each stood."""
    kept = [(i, _plain(c)) for i, c in enumerate(text) if unicodedata.category(c) != "Cf"]
    return "".join(c for _, c in kept), [i for i, _ in kept]


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.decimal(character))
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 else character


def _phrases(folded: str) -> Iterator[tuple[int, int, str]]:
    """Yield runs of words with their place; words inside a joined one ("C-12:late") count by themselves too."""
    words = [(m.start(), m.end()) for m in _WORD.finditer(folded)]
    for i, (start, _) in enumerate(words):
        for _, end in words[i : i + WORDS_OF_AN_ID]:
            yield start, end, folded[start:end].casefold()
    for start, end in words:
        parts = [(start + m.start(), start + m.end()) for m in re.finditer(r"[^\W_]+", folded[start:end])]
        for i, (first, _) in enumerate(parts):
            for _, last in parts[i : i + 2 * WORDS_OF_AN_ID]:
                if (first, last) != (start, end):
                    yield first, last, folded[first:last].casefold()


def _hide_plain(folded: str) -> str:
    for pattern in _PLAIN:
        folded = pattern.sub(lambda m: _BLANK * len(m.group()), folded)
    return folded


def _is_plain(free: str, start: int, end: int) -> bool:
    """Tell whether a run of digits stands inside a date, an amount or a decimal."""
    return _BLANK in free[start:end]


def _is_account(found: str) -> bool:
    """Tell an IBAN by its check digits, or by ten digits of its own where these are misspelt."""
    plain = found.replace(" ", "").upper()
    moved = plain[4:] + plain[:4]
    valid = len(plain) >= 15 and int("".join(str(int(c, 36)) for c in moved)) % 97 == 1
    return valid or (sum(c.isdigit() for c in plain) >= 10 and found == found.upper())


def _names_somebody(found: str) -> bool:
    """Tell a telephone, card or other long number from a list of scores, of years, or a count grouped by thousands."""
    groups = re.findall(r"\d+", found)
    if found.startswith(("+", "(")) or groups[0].startswith("00"):
        return True
    if all(len(g) == 4 and g[:2] in ("19", "20") for g in groups):
        return False
    if all(len(g) <= 2 and int(g) <= 10 and str(int(g)) == g for g in groups):
        return False
    thousands = len(groups) > 1 and groups[0][0] != "0" and all(len(g) == 3 for g in groups[1:])
    return not (thousands and len(groups[0]) <= 2 and len(groups) <= 3 and "-" not in found and "/" not in found)


def _replaced(text: str, positions: list[int], spans: list[tuple[int, int, str]]) -> str:
    """Replace spans; where some overlap, the longest run that they cover is replaced by the first one's word."""
    merged: list[tuple[int, int, str]] = []
    for start, end, word in sorted(spans):
        if merged and start < merged[-1][1]:
            first, last, said = merged[-1]
            merged[-1] = (first, max(last, end), said)
        else:
            merged.append((start, end, word))
    out, at = [], 0
    for start, end, word in merged:
        out += [text[at : positions[start]], word]
        at = positions[end - 1] + 1
    return "".join([*out, text[at:]])
