from __future__ import annotations

import math
import re
from typing import get_args

import pytest

from coroi.errors import ReportError
from coroi.report import words
from coroi.results import Grade, Label

CAUSAL = re.compile(r"\b(rais|lowers|lowered|caus|driv|increas|reduc|lead|because|effect|impact|result)", re.IGNORECASE)


@pytest.mark.parametrize(
    ("x", "decimals", "expected"),
    [
        (0, 0, "0"),
        (1204, 0, "1,204"),
        (-1204.5, 1, "−1,204.5"),
        (-0.04, 1, "0.0"),
        (-0.4, 0, "0"),
        (0.125, 2, "0.12"),
        (math.nan, 0, "not known"),
        (math.inf, 0, "∞"),
        (-math.inf, 2, "−∞"),
    ],
)
def test_number(x: float, decimals: int, expected: str) -> None:
    assert words.number(x, decimals) == expected


@pytest.mark.parametrize(
    ("n", "noun", "many", "expected"),
    [
        (0, "customer", "", "0 customers"),
        (1, "customer", "", "1 customer"),
        (12_040, "customer", "", "12,040 customers"),
        (2, "company", "", "2 companies"),
        (2, "survey", "", "2 surveys"),
        (2, "branch", "", "2 branches"),
        (3, "person", "people", "3 people"),
        (1, "person", "people", "1 person"),
    ],
)
def test_plural(n: int, noun: str, many: str, expected: str) -> None:
    assert words.plural(n, noun, many) == expected


def test_percent_is_joined_by_a_no_break_space() -> None:
    assert words.percent(0.124) == "12\u00a0%"
    assert words.percent(-0.0512, 1) == "−5.1\u00a0%"
    assert words.percent(math.nan) == "not known"


@pytest.mark.parametrize(
    ("x", "decimals", "expected"),
    [
        (0.042, 1, "4.2 percentage points"),
        (0.01, 0, "1 percentage point"),
        (-0.01, 0, "−1 percentage point"),
        (0.01, 1, "1.0 percentage points"),
        (0, 0, "0 percentage points"),
    ],
)
def test_points(x: float, decimals: int, expected: str) -> None:
    assert words.points(x, decimals) == expected


@pytest.mark.parametrize(
    ("low", "high", "unit", "expected"),
    [
        (5, 19, "", "5 to 19"),
        (5, 19, "customers", "5 to 19 customers"),
        (-3, 5, "%", "−3 to 5\u00a0%"),
        (5, math.inf, "months", "5 or more months"),
        (-math.inf, -5, "%", "−5\u00a0% or less"),
        (-math.inf, math.inf, "months", "no bound on either side"),
        (0.012, 0.043, "", "0.01 to 0.04"),
        (0.2, 0.4, "", "0.2 to 0.4"),
        (7, 7, "", "7 to 7"),
        (math.nan, 3, "months", "not known"),
    ],
)
def test_interval(low: float, high: float, unit: str, expected: str) -> None:
    assert words.interval(low, high, unit) == expected


def test_interval_upside_down_is_refused() -> None:
    with pytest.raises(ReportError, match=r"runs from 19 down to 5\. Give the lower end first"):
        words.interval(19, 5)


def test_percent_interval_takes_shares() -> None:
    assert words.percent_interval(0.05, 0.19) == "5 to 19\u00a0%"


@pytest.mark.parametrize(
    ("amount", "half_width", "expected"),
    [
        (12_345.67, 1_234, "EUR\u00a012,300"),
        (12_345.67, 123, "EUR\u00a012,350"),
        (12_345.67, 9.96, "EUR\u00a012,345.7"),
        (-12_345.67, 98_765, "EUR\u00a0−12,000"),
        (432, 98_765, "EUR\u00a00"),
        (12_345.678, 0.12, "EUR\u00a012,345.68"),
        (12_345, 0, "EUR\u00a012,345"),
        (12.5, 0, "EUR\u00a012.50"),
        (math.nan, 10, "EUR\u00a0not known"),
    ],
)
def test_money_keeps_two_figures_of_the_half_width(amount: float, half_width: float, expected: str) -> None:
    assert words.money(amount, half_width, "EUR") == expected


@pytest.mark.parametrize("half_width", [-1.0, math.nan, math.inf])
def test_money_without_its_interval_is_refused(half_width: float) -> None:
    with pytest.raises(ReportError, match="Money needs the half-width"):
        words.money(100, half_width, "EUR")


def test_money_interval() -> None:
    assert words.money_interval(20_123, 41_456, "EUR") == "EUR\u00a020,000 to 41,000"
    assert words.money_interval(-1_234, 1_234, "USD") == "USD\u00a0−1,200 to 1,200"
    assert words.money_interval(500, math.inf, "USD") == "USD\u00a0500 or more"
    assert words.money_interval(-math.inf, math.inf, "USD") == "no bound on either side"
    with pytest.raises(ReportError, match="Give the lower end first"):
        words.money_interval(2, 1, "EUR")


@pytest.mark.parametrize(
    ("rate", "low", "high", "expected"),
    [
        (0.012, 0.005, 0.019, "about 12 of every 1,000 customers, 5 to 19"),
        (0, 0, 0.003, "about 0 of every 1,000 customers, 0 to 3"),
        (0.0002, 0.0001, 0.0003, "about 2 of every 10,000 customers, 1 to 3"),
        (0.0121, 0.0120, 0.0122, "about 121 of every 10,000 customers, 120 to 122"),
        (0.5, 0.5, 0.5, "about 500 of every 1,000 customers, 500 to 500"),
    ],
)
def test_per_thousand(rate: float, low: float, high: float, expected: str) -> None:
    assert words.per_thousand(rate, low, high, "customers") == expected


def test_per_thousand_refuses_what_is_no_rate() -> None:
    with pytest.raises(ReportError, match="between 0 and 1"):
        words.per_thousand(-0.01, -0.02, 0.01, "customers")


@pytest.mark.parametrize(
    ("difference", "low", "high", "expected"),
    [
        (0.112, 0.074, 0.150, "about 112 more of every 1,000 customers, 74 to 150 more"),
        (-0.012, -0.019, -0.005, "about 12 fewer of every 1,000 customers, 5 to 19 fewer"),
        (0.003, -0.004, 0.010, "about 3 more of every 1,000 customers, from 4 fewer to 10 more"),
        (-0.003, -0.010, 0.004, "about 3 fewer of every 1,000 customers, from 10 fewer to 4 more"),
        (0.0, -0.004, 0.004, "about 0 more of every 1,000 customers, from 4 fewer to 4 more"),
        (0.02, 0.0, 0.04, "about 20 more of every 1,000 customers, 0 to 40 more"),
        (-0.02, -0.04, 0.0, "about 20 fewer of every 1,000 customers, 0 to 40 fewer"),
        (0.00067, 0.0002, 0.0011, "about 7 more of every 10,000 customers, 2 to 11 more"),
        (-0.02, -0.04, -0.0001, "about 200 fewer of every 10,000 customers, 1 to 400 fewer"),
    ],
)
def test_per_thousand_difference(difference: float, low: float, high: float, expected: str) -> None:
    assert words.per_thousand_difference(difference, low, high, "customers") == expected


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((-91, -119, -64), ("91 fewer", "64 to 119 fewer")),
        ((1_204, 3, 2_000), ("1,204 more", "3 to 2,000 more")),
        ((1, -32, 56), ("1 more", "from 32 fewer to 56 more")),
    ],
)
def test_fewer_or_more(ends: tuple[int, int, int], expected: tuple[str, str]) -> None:
    assert words.fewer_or_more(*ends) == expected


def test_fewer_or_more_refuses_ends_in_the_wrong_order() -> None:
    with pytest.raises(ReportError, match="from 3 down to 1"):
        words.fewer_or_more(2, 3, 1)


@pytest.mark.parametrize(
    ("grade", "direction", "plural", "expected"),
    [
        ("A", "higher", False, "raises"),
        ("A", "lower", True, "lower"),
        ("B", "higher", True, "likely raise"),
        ("B", "lower", False, "likely lowers"),
        ("C", "higher", False, "goes with higher"),
        ("C", "lower", True, "go with lower"),
        ("D", "higher", False, "is found together with higher"),
        ("D", "lower", True, "are found together with lower"),
        ("P1", "higher", False, "predicts higher"),
        ("P2", "lower", True, "predict lower"),
        ("P3", "higher", False, "tracks higher"),
    ],
)
def test_grade_verb(grade: Grade, direction: words.Direction, plural: bool, expected: str) -> None:
    assert words.grade_verb(grade, direction, plural=plural) == expected


def test_no_causal_word_below_grade_b_and_no_forbidden_word_anywhere() -> None:
    for grade in get_args(Grade):
        for direction in get_args(words.Direction):
            for plural in (True, False):
                said = words.statement("A top score", "retention", grade=grade, direction=direction, plural=plural)
                assert not re.search(r"significan|prove", said)
                if grade not in ("A", "B"):
                    assert not CAUSAL.search(said), said


def test_statement_says_for_whom() -> None:
    assert (
        words.statement("A higher score", "retention", grade="C", direction="higher")
        == "A higher score goes with higher retention, within the same customers"
    )
    assert words.statement("Scores", "churn", grade="A", direction="lower", plural=True) == "Scores lower churn"
    assert (
        words.statement("Trust", "profit", grade="P3", direction="lower")
        == "Trust tracks lower profit, in the data that it was fitted to"
    )


def test_unknown_grade_and_direction_are_refused() -> None:
    with pytest.raises(ReportError, match="no evidence grade 'E'"):
        words.grade_verb("E", "higher")  # type: ignore[arg-type]
    with pytest.raises(ReportError, match=r"no direction 'hihger'\. Did you mean 'higher'"):
        words.grade_verb("A", "hihger")  # type: ignore[arg-type]
    with pytest.raises(ReportError, match="no evidence grade 'P4'"):
        words.grade_phrase("P4")  # type: ignore[arg-type]


def test_every_grade_and_verdict_has_its_words() -> None:
    assert words.grade_phrase("D") == "D: cross-sectional association"
    assert len({words.grade_phrase(g) for g in get_args(Grade)}) == len(get_args(Grade))
    assert words.verdict_words("consistent with") == "Consistent with the claim"
    assert len({words.verdict_words(v) for v in get_args(Label)}) == len(get_args(Label))


@pytest.mark.parametrize(
    ("given", "expected"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_join_words(given: list[str], expected: str) -> None:
    assert words.join_words(given) == expected
