"""The words of a page: counts, money, intervals and verbs, right in number, sign, unit and certainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

from coroi.errors import ReportError, did_you_mean
from coroi.results import Grade, Label

Direction = Literal["higher", "lower"]

NBSP = "\u00a0"
MINUS = "\u2212"
_BASES = (1_000, 10_000, 100_000, 1_000_000)

_GRADE_PHRASES: dict[Grade, str] = {
    "A": "randomised",
    "B": "quasi-experimental, every diagnostic run and passed",
    "C": "the same customers or units over time",
    "D": "cross-sectional association",
    "P1": "tested on a later period",
    "P2": "tested on customers set aside at random",
    "P3": "fitted and judged on the same data",
}
_CAUSAL_VERBS: dict[tuple[Grade, Direction], tuple[str, str]] = {
    ("A", "higher"): ("raises", "raise"),
    ("A", "lower"): ("lowers", "lower"),
    ("B", "higher"): ("likely raises", "likely raise"),
    ("B", "lower"): ("likely lowers", "likely lower"),
}
_WEAKER_VERBS: dict[Grade, tuple[str, str]] = {
    "C": ("goes with", "go with"),
    "D": ("is found together with", "are found together with"),
    "P1": ("predicts", "predict"),
    "P2": ("predicts", "predict"),
    "P3": ("tracks", "track"),
}
_SCOPES: dict[Grade, str] = {
    "C": ", within the same customers",
    "P1": ", in a later period",
    "P2": ", among customers set aside",
    "P3": ", in the data that it was fitted to",
}
_VERDICTS: dict[Label, str] = {
    "supported": "Supported",
    "consistent with": "Consistent with the claim",
    "too small to matter": "Too small to matter",
    "contradicted": "Contradicted",
    "claimed effect ruled out": "Claimed effect ruled out",
    "cannot tell": "Cannot tell",
    "not testable with this data": "Not testable with this data",
}


def number(x: float, decimals: int = 0) -> str:
    """Write a number with thousands separators and a true minus sign.

    Parameters
    ----------
    x : float
        The number; NaN reads "not known".
    decimals : int
        Digits after the point.
    """
    if math.isnan(x):
        return "not known"
    if math.isinf(x):
        return "∞" if x > 0 else f"{MINUS}∞"
    text = f"{x:,.{decimals}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def plural(n: int, noun: str, many: str = "") -> str:
    """Write a count with its noun: "1 customer", "1,204 customers", "2 companies"."""
    return f"{number(n)} {noun if n == 1 else many or _many(noun)}"


def percent(x: float, decimals: int = 0) -> str:
    """Write a share (0.12) as a percentage ("12 %", joined by a no-break space)."""
    return number(x, decimals) if math.isnan(x) else f"{number(100 * x, decimals)}{NBSP}%"


def points(x: float, decimals: int = 1) -> str:
    """Write a difference of shares (0.042) in percentage points ("4.2 percentage points")."""
    text = number(100 * x, decimals)
    return f"{text} percentage point{'' if text in ('1', f'{MINUS}1') else 's'}"


def interval(low: float, high: float, unit: str = "", *, decimals: int = 0) -> str:
    """Write an interval in words: "5 to 19 customers", "5 or more months", "no bound on either side".

    Parameters
    ----------
    low, high : float
        Ends; infinite where there is no bound.
    unit : str
        Unit, plural; "%" is joined by a no-break space.
    decimals : int
        Digits after the point; more are taken where both ends would read the same.

    Raises
    ------
    ReportError
        If the lower end lies above the upper one.
    """
    if low > high:
        raise ReportError(f"An interval runs from {low:g} down to {high:g}. Give the lower end first.")
    tail = f"{NBSP}%" if unit == "%" else f" {unit}" if unit else ""
    if math.isnan(low) or math.isnan(high):
        return "not known"
    if math.isinf(low) and math.isinf(high):
        return "no bound on either side"
    if math.isinf(high):
        return f"{number(low, decimals)}{tail} or more" if unit == "%" else f"{number(low, decimals)} or more{tail}"
    if math.isinf(low):
        return f"{number(high, decimals)}{tail} or less" if unit == "%" else f"{number(high, decimals)} or less{tail}"
    places = _places_that_differ(low, high, decimals)
    return f"{number(low, places)} to {number(high, places)}{tail}"


def percent_interval(low: float, high: float, *, decimals: int = 0) -> str:
    """Write an interval of shares (0.05, 0.19) as "5 to 19 %"."""
    return interval(100 * low, 100 * high, "%", decimals=decimals)


def money(amount: float, half_width: float, currency: str) -> str:
    """Write an amount rounded to two significant figures of its interval's half-width: "EUR 12,300".

    Parameters
    ----------
    amount : float
        The amount, in `currency`.
    half_width : float
        Half the width of its interval; 0 for an amount that is known exactly.
    currency : str
        ISO 4217 code.

    Raises
    ------
    ReportError
        If the half-width is negative or not known: money is never written without its uncertainty.
    """
    return f"{currency}{NBSP}{_money_figures(amount, half_width)}"


def money_interval(low: float, high: float, currency: str) -> str:
    """Write an interval of money, both ends rounded as :func:`money` does: "EUR 1,200 to 3,400"."""
    if not (math.isfinite(low) and math.isfinite(high)):
        text = interval(low, high)
        return text if text.startswith("no") else f"{currency}{NBSP}{text}"
    if low > high:
        raise ReportError(f"An interval runs from {low:g} down to {high:g}. Give the lower end first.")
    half = (high - low) / 2
    return f"{currency}{NBSP}{_money_figures(low, half)} to {_money_figures(high, half)}"


def per_thousand(rate: float, low: float, high: float, noun: str) -> str:
    """Write a rate as people: "about 12 of every 1,000 customers, 5 to 19".

    Parameters
    ----------
    rate, low, high : float
        The rate and its interval, as shares of one.
    noun : str
        Who, in the plural.

    Raises
    ------
    ReportError
        If a rate is outside 0 to 1; see :func:`per_thousand_difference` for differences.
    """
    if not all(0 <= x <= 1 for x in (rate, low, high)):
        raise ReportError(f"A rate has to lie between 0 and 1, got {rate:g} with {low:g} to {high:g}.")
    base = _base(rate, low, high)
    return f"about {number(rate * base)} of every {number(base)} {noun}, {interval(low * base, high * base)}"


def per_thousand_difference(difference: float, low: float, high: float, noun: str) -> str:
    """Write a difference of rates as people: "about 12 fewer of every 1,000 customers, 5 to 19 fewer".

    Parameters
    ----------
    difference, low, high : float
        The difference and its interval, as shares of one; an interval across zero names both sides, and one that
        leaves zero out is told of so many people that it still does.
    noun : str
        Who, in the plural.
    """
    nearest = min(abs(low), abs(high)) if low * high > 0 else 0.0
    base = max(_base(difference, low, high), _base(nearest, 0, 0))
    middle, span = fewer_or_more(*(round(x * base) for x in (difference, low, high)))
    return f"about {middle} of every {number(base)} {noun}, {span}"


def fewer_or_more(difference: int, low: int, high: int) -> tuple[str, str]:
    """Write a difference of counts and its interval: "12 fewer" and "5 to 19 fewer", or "from 3 fewer to 8 more"."""
    if low > high:
        raise ReportError(f"An interval runs from {low:g} down to {high:g}. Give the lower end first.")
    middle, bottom, top = (f"{number(abs(n))} {'fewer' if n < 0 else 'more'}" for n in (difference, low, high))
    if low < 0 < high:
        return middle, f"from {bottom} to {top}"
    return middle, f"{interval(-high, -low)} fewer" if high <= 0 else f"{interval(low, high)} more"


def grade_verb(grade: Grade, direction: Direction, *, plural: bool = False) -> str:
    """Return the strongest verb that an evidence grade allows: "likely raises", "is found together with higher".

    Parameters
    ----------
    grade : str
        Evidence grade.
    direction : str
        "higher" or "lower": where the outcome lies.
    plural : bool
        Whether the subject is plural.
    """
    _known_grade(grade)
    if direction not in get_args(Direction):
        raise ReportError(f"There is no direction '{direction}'. {did_you_mean(direction, get_args(Direction))}")
    if (grade, direction) in _CAUSAL_VERBS:
        return _CAUSAL_VERBS[grade, direction][plural]
    return f"{_WEAKER_VERBS[grade][plural]} {direction}"


def statement(subject: str, outcome: str, *, grade: Grade, direction: Direction, plural: bool = False) -> str:
    """Join subject, verb and outcome as the grade allows, without the full stop.

    Parameters
    ----------
    subject, outcome : str
        What goes with what: "A higher score", "retention".
    grade, direction, plural
        As in :func:`grade_verb`.
    """
    return f"{subject} {grade_verb(grade, direction, plural=plural)} {outcome}{_SCOPES.get(grade, '')}"


def grade_phrase(grade: Grade) -> str:
    """Return a grade's letter and what it stands for: "D: cross-sectional association"."""
    _known_grade(grade)
    return f"{grade}: {_GRADE_PHRASES[grade]}"


def verdict_words(label: Label) -> str:
    """Return a verdict as it stands on a page: "Consistent with the claim"."""
    return _VERDICTS[label]


def join_words(words: Sequence[str]) -> str:
    """Join words with commas and a last "and": "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _many(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in tuple("aeiou"):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def _places_that_differ(low: float, high: float, decimals: int) -> int:
    if low == high:
        return decimals
    return next((d for d in range(decimals, decimals + 7) if number(low, d) != number(high, d)), decimals)


def _money_figures(amount: float, half_width: float) -> str:
    if not half_width >= 0 or math.isinf(half_width):
        raise ReportError(f"Money needs the half-width of its interval, at least 0; got {half_width:g}.")
    if half_width == 0:
        return number(amount, 0 if float(amount).is_integer() else 2)
    place = 1 - math.floor(math.log10(half_width))
    return number(round(amount, place) if math.isfinite(amount) else amount, max(0, place))


def _base(rate: float, low: float, high: float) -> int:
    """Return the smallest round number of people of which the rate and its interval are whole counts."""
    for base in _BASES:
        if (low == high or round(low * base) != round(high * base)) and (rate == 0 or abs(rate * base) >= 0.5):
            return base
    return _BASES[-1]


def _known_grade(grade: str) -> None:
    if grade not in _GRADE_PHRASES:
        raise ReportError(f"There is no evidence grade '{grade}'. {did_you_mean(grade, _GRADE_PHRASES)}")
