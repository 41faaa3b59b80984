"""Internal rates: roots against a search, sets against tests at each rate, and answers that are none or several."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from coroi.errors import DataError
from coroi.roi.flows import Line, known_line
from coroi.roi.irr import internal_rate
from coroi.roi.present_value import present_value
from money_lines import INF, drawn_line, summed


def rates_by_halving(amounts, per_year: int) -> list[float]:
    """Walk up the rates in small steps and halve where the sign changes."""
    found, steps = [], [-0.99 * 0.999**k for k in range(6000)] + [0.002 * k for k in range(5001)]
    for a, b in pairwise(steps):
        if summed(amounts, a, per_year) * summed(amounts, b, per_year) < 0:
            for _ in range(60):
                middle = (a + b) / 2
                same = summed(amounts, a, per_year) * summed(amounts, middle, per_year) > 0
                a, b = (middle, b) if same else (a, middle)
            found.append((a + b) / 2)
    return found


@pytest.mark.parametrize(
    ("amounts", "per_year"),
    [
        ([-100, 39, 59, 55, 20], 1),
        ([-5, 10.5, 1, -8, 1], 1),
        ([-100, 100, 0, -7], 4),
        ([-20, *[1.0] * 30], 12),
        ([0, 0, -3, 1, 1, 2], 12),
    ],
)
def test_rates_are_those_that_a_search_finds(amounts, per_year):
    found = internal_rate(known_line("x", np.array(amounts, float)), per_year=per_year)
    np.testing.assert_allclose(found.roots, rates_by_halving(amounts, per_year), atol=1e-9)
    for rate in found.roots:
        assert summed(amounts, rate, per_year) == pytest.approx(0.0, abs=1e-9)


def test_several_rates_are_an_answer_and_no_estimate():
    found = internal_rate(known_line("x", np.array([-100.0, 230.0, -132.0])), per_year=1)
    assert found.roots == pytest.approx((0.1, 0.2), abs=1e-9)
    assert np.isnan(found.estimate)
    assert found.reason == "several (10 %, 20 %): the money changes sign more than once"
    assert found.pieces == tuple((r, r) for r in found.roots)


def test_a_rate_at_which_the_value_only_touches_zero_is_found():
    found = internal_rate(known_line("x", np.array([1.0, -2.4, 1.44])), per_year=1)
    assert found.estimate == pytest.approx(0.2, abs=1e-6)


def test_an_effect_that_has_faded_to_nothing_does_not_hide_the_rate():
    amounts = np.r_[-10.0, 20.0 * 0.5 ** (20.0 * np.arange(54))]
    assert 0 < amounts[-1] < 1e-300
    found = internal_rate(known_line("x", amounts), per_year=1)
    assert found.estimate == pytest.approx(1.0, abs=1e-4)
    assert summed(amounts, found.estimate, 1) == pytest.approx(0.0, abs=1e-9)


def test_no_rate_is_an_answer_that_tells_the_side():
    above = internal_rate(known_line("x", np.array([1.0, 1.0])), per_year=1)
    below = internal_rate(known_line("x", np.array([-2.0])), per_year=12)
    assert above.reason == "none: the value is above zero at every rate from −99 % to 1,000 %"
    assert below.reason == "none: the value is below zero at every rate from −99 % to 1,000 %"
    assert above.roots == above.pieces == () and np.isnan(above.low)
    nothing = internal_rate(known_line("x", np.zeros(3)), per_year=1)
    assert nothing.reason == "none: there is no money to value" and nothing.pieces == ((-INF, INF),)


def test_the_set_holds_the_rates_at_which_the_value_may_be_zero():
    line = drawn_line("x", [-10, 1, 2, 3, 4, 4, 3], 3, spread=2.0)
    found = internal_rate(line, per_year=4)
    ((low, high),) = found.pieces
    assert (low, high) == (found.low, found.high) and low < found.estimate < high
    for rate, inside in [(low - 1e-6, False), (low + 1e-6, True), (high - 1e-6, True), (high + 1e-6, False)]:
        factors = (1 + rate) ** (-np.arange(7) / 4)
        value, error = factors @ line.estimate, np.sqrt(factors @ line.covariance @ factors)
        assert (abs(value) <= 2.045229642 * error) == inside  # t with 29 degrees of freedom


def test_values_by_rate_tell_the_same_as_the_set():
    line = drawn_line("x", [-10, 1, 2, 3, 4, 4, 3], 3, spread=2.0)
    found = internal_rate(line, per_year=4)
    for rate in np.linspace(-0.5, 1.0, 61):
        value = present_value(line, rate_annual=rate, per_year=4)
        assert (value["conf_low"] <= 0 <= value["conf_high"]) == (found.low <= rate <= found.high)


def test_sets_without_bounds_empty_or_in_pieces_are_told():
    noisy = internal_rate(drawn_line("x", [-1, 0.5, 0.5, 0.5], 3, spread=9.0), per_year=1)
    assert (noisy.low, noisy.high) == (-INF, INF)
    sure = internal_rate(drawn_line("x", [5, 5, 5], 3, spread=0.1), per_year=1)
    assert sure.pieces == () and np.isnan(sure.high)
    twice = internal_rate(drawn_line("x", [-100, 230, -130], 3, spread=0.5), per_year=1)
    assert len(twice.pieces) == 2
    assert twice.pieces[0][0] < twice.roots[0] < twice.pieces[0][1] < twice.pieces[1][0] < twice.roots[1]
    assert twice.reason.startswith("several")


def test_units_and_sides_of_the_ledger_change_no_rate():
    line = drawn_line("x", [-10, 1, 2, 3, 4, 4, 3], 3, spread=2.0)
    turned = Line(name="x", estimate=-1e6 * line.estimate, covariance=1e12 * line.covariance, df=line.df)
    one, other = (internal_rate(x, per_year=4) for x in (line, turned))
    assert other.estimate == pytest.approx(one.estimate, abs=1e-10)
    assert (other.low, other.high) == pytest.approx((one.low, one.high), abs=1e-9)


def test_rates_and_lines_that_are_none_are_refused():
    with pytest.raises(DataError, match="x: no period to value"):
        internal_rate(known_line("x", np.array([])), per_year=1)
    with pytest.raises(DataError, match="Rates from -1 to 10 are none"):
        internal_rate(known_line("x", np.ones(2)), per_year=1, lowest=-1.0)
    with pytest.raises(DataError, match="0 periods in a year"):
        internal_rate(known_line("x", np.ones(2)), per_year=0)
