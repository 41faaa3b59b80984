"""Amounts and shares in words: rounding, signs and thousands."""

from __future__ import annotations

import pytest

from coroi.roi.wording import NBSP, money, money_range, nothing_to_erase, percent


@pytest.mark.parametrize(
    ("amount", "half", "text"),
    [
        (12_345.6, 900.0, "12,350"),
        (-12_345.6, 9_000.0, "−12,300"),
        (0.4567, 0.012, "0.457"),
        (1_234_567, float("nan"), "1,230,000"),
        (-0.01234, float("nan"), "−0.0123"),
        (0.0, float("nan"), "0"),
        (-0.2, 40.0, "0"),
        (3.0, 0.0, "3.00"),
        (1e-12, float("nan"), "0.000000"),
    ],
)
def test_money_keeps_what_its_interval_bears(amount, half, text):
    assert money(amount, "EUR", half) == f"EUR{NBSP}{text}"


def test_both_ends_are_rounded_alike():
    assert money_range(-1_234.5, 3_456.7) == "−1,200 to 3,500"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0123, "1.2"), (0.09996, "10"), (0.5, "50"), (-0.031, "−3.1"), (-0.0001, "0.0"), (12.0, "1,200")],
)
def test_shares_are_written_with_a_decimal_below_ten(share, text):
    assert percent(share) == f"{text}{NBSP}%"


def test_nothing_to_erase_names_the_interval():
    said = nothing_to_erase("the gain", 2.0, 5.0, "EUR")
    value = f"EUR{NBSP}2.0 (−3.0 to 7.0)"
    assert said == f"There is nothing to erase: the gain, {value}, cannot be told from nothing as it is."
    assert nothing_to_erase("the gain", 2.0, 5.0, "EUR", (-1.0, 6.0)).count("−1.0 to 6.0") == 1
