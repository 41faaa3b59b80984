"""Payback: against loops, with its dates, and horizons that are not within the path."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from coroi.errors import DataError
from coroi.roi.flows import Line, known_line
from coroi.roi.paths import banded, cumulated, tails
from coroi.roi.payback import break_even_horizons, interpolated_payback, payback, payback_dates
from money_lines import INF, drawn_line, summed, variance_of_sum

PATH = [-10.0, -1.0, 1.0, 3.0, 4.0, 4.0, 4.0, 4.0]


def loop(amounts, rate: float, per_year: int, rule: str) -> float:
    """Walk through the periods and note the last one below zero, or the first that is not."""
    total, answer = 0.0, 0.0
    for k, amount in enumerate(amounts):
        total += amount / (1 + rate) ** (k / per_year)
        if total >= -1e-9 and rule == "first":
            return float(k)
        if total < -1e-9:
            answer = k + 1.0
    return INF if rule == "first" or answer == len(amounts) else answer


@pytest.mark.parametrize("rule", ["for_good", "first"])
def test_paybacks_are_those_of_a_loop(rule):
    rng = np.random.default_rng(5)
    for _ in range(200):
        amounts = np.round(rng.normal(0.3, 2.0, 7) - np.r_[2.0, np.zeros(6)], 1)
        rate = float(rng.choice([0.0, 0.1, 0.8]))
        found = payback(known_line("x", amounts), rate_annual=rate, per_year=4, rule=rule)
        assert found.estimate == found.earliest == found.latest == loop(amounts, rate, 4, rule)


def test_the_band_is_that_of_the_sums_with_their_errors():
    line = drawn_line("x", PATH, 2, spread=2.0)
    found = payback(line, rate_annual=0.2, per_year=12)
    factors = [(1.2) ** (-k / 12) for k in range(8)]
    for k in range(8):
        weights = factors[: k + 1] + [0.0] * (7 - k)
        row = found.band.iloc[k]
        half = 2.045229642 * variance_of_sum(line.covariance, weights) ** 0.5
        assert row["estimate"] == pytest.approx(summed(PATH[: k + 1], 0.2, 12), rel=1e-12)
        assert row["conf_high"] - row["estimate"] == pytest.approx(half, rel=1e-8)
        assert row["band_low"] <= row["conf_low"] and row["conf_high"] <= row["band_high"]
    low, high = found.band["band_low"], found.band["band_high"]
    assert found.latest == (INF if low.iloc[-1] < 0 else 1 + np.flatnonzero(low < 0)[-1])
    assert found.earliest == 1 + np.flatnonzero(high < 0)[-1]
    assert found.earliest < found.estimate < found.latest < INF


def test_sums_and_what_comes_after_are_all_there_is():
    line = drawn_line("x", PATH, 2)
    before, after = (f(line, rate_annual=0.2, per_year=12) for f in (cumulated, tails))
    np.testing.assert_allclose(before.estimate + after.estimate, summed(PATH, 0.2, 12), rtol=1e-12)
    assert after.estimate[-1] == 0.0 and not after.covariance[-1].any()
    assert before.moved is not None and after.moved is not None
    both = before.moved.to_numpy() + after.moved.to_numpy()
    np.testing.assert_allclose(both, both[:, :1] @ np.ones((1, 8)), rtol=1e-9)


def test_a_cost_that_is_paid_back_to_the_last_cent_is_paid_back():
    amounts = np.r_[-1.0, np.full(10, 0.1)]
    assert np.cumsum(amounts)[-1] != 0.0
    found = payback(known_line("x", amounts), rate_annual=0.0, per_year=12)
    assert found.estimate == found.latest == 10.0


def test_what_is_never_paid_back_or_never_owed_says_so():
    never = payback(known_line("x", np.array([-1.0, 0.2])), rate_annual=0.0, per_year=12)
    assert (never.estimate, never.earliest, never.latest) == (INF, INF, INF) and not never.never_negative
    owed = payback(known_line("x", np.array([1.0, 0.2])), rate_annual=0.0, per_year=12)
    assert owed.estimate == 0.0 and owed.never_negative
    one = payback(known_line("x", np.array([-1.0])), rate_annual=0.1, per_year=12)
    assert one.estimate == INF


def test_a_wider_error_widens_the_interval_only():
    line = drawn_line("x", PATH, 2)
    wide = Line(name="x", estimate=line.estimate, covariance=9 * line.covariance, df=line.df)
    one, other = (payback(x, rate_annual=0.1, per_year=12) for x in (line, wide))
    assert other.estimate == one.estimate and other.earliest <= one.earliest and one.latest <= other.latest


@pytest.mark.parametrize(
    ("frequency", "days"),
    [
        ("month", (date(2024, 5, 31), date(2024, 4, 30), None)),
        ("week", (date(2024, 3, 10), date(2024, 3, 3), None)),
        ("quarter", (date(2024, 12, 31), date(2024, 9, 30), None)),
        ("year", (date(2027, 12, 31), date(2026, 12, 31), None)),
    ],
)
def test_dates_are_the_last_days_of_periods(frequency, days):
    found = payback(drawn_line("x", [-3.0, 1.0, 1.5, 1.5, 0.5], 4, spread=1.0), rate_annual=0.0, per_year=12)
    assert (found.estimate, found.earliest, found.latest) == (3.0, 2.0, INF)
    assert payback_dates(found, date(2024, 2, 17), frequency) == days


def test_a_higher_rate_moves_the_break_even_out():
    rows = break_even_horizons(drawn_line("x", PATH, 2), rates=(0.0, 0.3, 1.0), per_year=1)
    assert list(rows["rate_annual"]) == [0.0, 0.3, 1.0]
    for name in ("estimate", "earliest", "latest"):
        assert rows[name].is_monotonic_increasing
    assert (rows["earliest"] <= rows["estimate"]).all() and (rows["estimate"] <= rows["latest"]).all()
    assert rows["estimate"].iloc[-1] == INF and not rows["never_negative"].any()


def test_a_part_of_a_period_is_where_the_line_between_two_ends_crosses():
    assert interpolated_payback(known_line("x", np.array([-3.0, 1.0, 4.0])), rate_annual=0.0, per_year=1) == 1.5
    assert interpolated_payback(known_line("x", np.array([-3.0, 1.0, 1.0])), rate_annual=0.0, per_year=1) == INF
    assert interpolated_payback(known_line("x", np.array([3.0, 1.0])), rate_annual=0.0, per_year=1) == 0.0


def test_lines_that_cannot_be_paid_back_are_refused():
    with pytest.raises(DataError, match="x: no period to value"):
        payback(known_line("x", np.array([])), rate_annual=0.1, per_year=12)
    with pytest.raises(DataError, match=r"write 0.10 for 10 %"):
        payback(known_line("x", np.ones(2)), rate_annual=10, per_year=12)
    with pytest.raises(DataError, match="A level of 0 is no chance"):
        banded(known_line("x", np.ones(2)), level=0)
