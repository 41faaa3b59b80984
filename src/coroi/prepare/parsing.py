"""Text to ids, dates, numbers and flags, as expressions: what does not parse becomes null, to be counted."""

from __future__ import annotations

import re
from typing import Any

import ibis

_MONTHS = {
    m: f"{i:02d}"
    for i, m in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)
}
_PARTS = {
    "%Y": r"(?P<Y>\d{4})",
    "%y": r"(?P<y>\d{2})",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%b": r"(?P<b>[A-Za-z]{3})[a-z]*\.?",
    "%B": r"(?P<b>[A-Za-z]{3})[a-z]*",
    "%H": r"\d{1,2}",
    "%I": r"\d{1,2}",
    "%M": r"\d{2}",
    "%S": r"\d{2}(?:\.\d+)?",
    "%f": r"\d+",
    "%p": r"[AaPp]\.?[Mm]\.?",
    "%z": r"(?:Z|[+-]\d{2}:?\d{2})",
    "%Z": r"[A-Z]{2,5}",
}
# Every day that there is and no other, so that what it matches can be cast by an engine that stops at a bad date.
_LEAP_YEAR = r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DAY_OF_ANY_YEAR = (
    r"(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8])"
)
_DAY = rf"(?:\d{{4}}-(?:{_DAY_OF_ANY_YEAR})|{_LEAP_YEAR}-02-29)"
ISO_DATE = rf"^({_DAY})(?:[T ]\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?(?:Z|[+-]\d{{2}}:?\d{{2}})?)?$"
NO_BREAK = "\u00a0"
_CALENDAR = (ibis.date("0001-01-01"), ibis.date("9999-12-31"))  # beyond it no other library has a date
TRUE_WORDS = ("true", "yes", "y", "t", "1", "1.0")
NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?$"  # no engine's floats end below 1e99
LONGEST_NUMBER = 200  # characters
FALSE_WORDS = ("false", "no", "n", "f", "0", "0.0")


def text(column: Any) -> Any:
    """Trim a column as text, no-break spaces included; an empty cell is null."""
    return column.cast("string").replace(NO_BREAK, " ").strip().nullif("")


def date_pattern(date_format: str, *, of_period: bool = False) -> tuple[str, dict[str, int]]:
    """Turn a strptime format into a regular expression and the group numbers of its parts.

    Parameters
    ----------
    date_format : str
        The format.
    of_period : bool
        The date stands for the period that it lies in, so that a year, or a year and a month, will do.

    Raises
    ------
    ValueError
        If the format uses a code that is not a date's, uses one twice, or does not tell year, month and day.
    """
    pattern, position = "", 0
    codes = list(re.finditer(r"%.", date_format))
    parts = [code.group().replace("%B", "%b") for code in codes if code.group() in _PARTS]
    twice = next((part for part in parts if parts.count(part) > 1), None)
    if twice:
        raise ValueError(f"'{twice}' stands in it twice")
    for code in codes:
        if code.group() not in _PARTS:
            raise ValueError(f"'{code.group()}' is not one of {', '.join(_PARTS)}")
        part = _PARTS[code.group()]
        if re.search(r"%[Yymd]$", date_format[: code.start()]) or re.match(r"%[Yymd]", date_format[code.end() :]):
            part = part.replace("{1,2}", "{2}")  # digits that touch are told apart by their number only
        pattern += re.escape(date_format[position : code.start()]) + part
        position = code.end()
    pattern += re.escape(date_format[position:])
    groups = dict(re.compile(pattern).groupindex)
    year, month, day = bool({"Y", "y"} & set(groups)), bool({"m", "b"} & set(groups)), "d" in groups
    if of_period and not (year and month >= day):
        raise ValueError("it does not tell the year, or tells a day without its month")
    if not of_period and not (year and month and day):
        raise ValueError("it does not tell year, month and day")
    return "^" + re.sub(r"\?P<\w>", "", pattern) + "$", groups


def parse_date(column: Any, formats: tuple[str, ...] = (), *, of_period: bool = False) -> Any:
    """Read dates; without a format only ISO 8601 is taken, since any other order is a guess.

    Parameters
    ----------
    column : ibis column
        Text, number, date or timestamp.
    formats : tuple of str
        strptime formats, tried in order.
    of_period : bool
        The date stands for the period that it lies in: a format may leave out the day, or day and month, and the
        first one is taken.
    """
    kind = column.type()
    if kind.is_timestamp() or kind.is_date():
        day = column.cast("date")
        return ibis.cases((day.between(*_CALENDAR), day))
    raw = text(column)
    if not formats:
        return _day(raw.re_extract(ISO_DATE, 1))
    raw = raw.re_replace(r"^(\d+)\.0$", r"\1")  # 20240131.0: a day number that passed through a decimal column
    return ibis.coalesce(*(_parse_with(raw, f, of_period) for f in formats))


def _day(iso: Any) -> Any:
    """Cast to a date where a pattern has found one; the year 0, which no calendar has, is no date."""
    return ibis.cases(((iso != "") & ~iso.startswith("0000"), iso.cast("date")))


def _parse_with(raw: Any, date_format: str, of_period: bool) -> Any:
    pattern, groups = date_pattern(date_format, of_period=of_period)
    part = {name: raw.re_extract(pattern, at) for name, at in groups.items()}
    if "Y" in part:
        year = part["Y"]
    else:
        short = part["y"].nullif("").cast("int64")
        year = (short + ibis.cases((short < 69, 2000), else_=1900)).cast("string")
    if "m" in part:
        month = part["m"].lpad(2, "0")
    elif "b" not in part:
        month = ibis.literal("01")
    else:
        name = part["b"].lower()
        month = ibis.cases(*((name == m, n) for m, n in _MONTHS.items()))
    iso = year + "-" + month + "-" + (part["d"].lpad(2, "0") if "d" in part else "01")
    return _day(ibis.cases((raw.re_search(pattern) & iso.re_search(f"^{_DAY}$"), iso)))


def parse_number(column: Any) -> Any:
    """Read numbers; text with anything but digits, sign, point and exponent is null, and so are NaN and infinity."""
    if column.type().is_boolean():
        return column.cast("float64")
    if column.type().is_numeric():
        value = column.cast("float64")
    else:
        word = text(column)
        value = ibis.cases((word.re_search(NUMBER) & (word.length() <= LONGEST_NUMBER), word.cast("float64")))
    return ibis.cases((value.isnan() | value.isinf(), ibis.null("float64")), else_=value)


def parse_flag(column: Any) -> Any:
    """Read yes and no; any other word is null."""
    if column.type().is_boolean():
        return column
    word = text(column).lower()
    return ibis.cases((word.isin(TRUE_WORDS), True), (word.isin(FALSE_WORDS), False))


def parse_id(column: Any) -> Any:
    """Read identifiers as text."""
    return text(column)


def parse(column: Any, kind: str, formats: tuple[str, ...] = (), *, of_period: bool = False) -> Any:
    """Read a column as its kind says."""
    if kind == "date":
        return parse_date(column, formats, of_period=of_period)
    return {"number": parse_number, "flag": parse_flag, "id": parse_id, "text": text}[kind](column)
