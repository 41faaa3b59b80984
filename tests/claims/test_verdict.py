"""From an interval to a verdict: every branch, their order, and both intervals."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroi.claims import Declaration, headline_level, judge, label_of, untestable
from coroi.errors import CoroiError

INF = math.inf
DELTA = 0.01

CASES = [
    (0.02, 0.05, "supported"),
    (0.02, INF, "supported"),
    (0.010001, 0.010002, "supported"),
    (-0.005, 0.005, "too small to matter"),
    (-0.009999, 0.009999, "too small to matter"),
    (0.0, 0.0, "too small to matter"),
    (0.001, 0.009, "too small to matter"),
    (-0.009, -0.001, "too small to matter"),  # also wholly below zero: the earlier rule wins
    (-0.05, -0.02, "contradicted"),
    (-0.05, -0.001, "contradicted"),
    (-0.01, -0.001, "contradicted"),  # its lower end is not above −δ
    (-INF, -0.2, "contradicted"),
    (-0.05, 0.0, "claimed effect ruled out"),
    (-0.05, 0.009, "claimed effect ruled out"),
    (-INF, 0.009, "claimed effect ruled out"),
    (-0.05, 0.01, "cannot tell"),
    (-0.005, 0.01, "cannot tell"),
    (0.01, 0.05, "cannot tell"),
    (0.005, 0.05, "cannot tell"),
    (-0.05, 0.05, "cannot tell"),
    (-INF, INF, "cannot tell"),
    (-0.05, INF, "cannot tell"),
]


@pytest.mark.parametrize(("low", "high", "label"), CASES)
def test_the_first_rule_that_matches(low, high, label):
    assert label_of(low, high, DELTA, grade="A") == label


@pytest.mark.parametrize("grade", ["A", "B", "P1", "P2", "P3"])
def test_better_grades_support(grade):
    assert label_of(0.02, 0.03, DELTA, grade=grade) == "supported"


@pytest.mark.parametrize("grade", ["C", "D"])
def test_weak_grades_are_at_most_consistent_and_otherwise_the_same(grade):
    for low, high, label in CASES:
        assert label_of(low, high, DELTA, grade=grade) == ("consistent with" if label == "supported" else label)


@given(
    low=st.floats(-1, 1),
    width=st.floats(0, 1),
    delta=st.floats(0.001, 0.5),
)
def test_what_each_verdict_promises(low, width, delta):
    high = low + width
    label = label_of(low, high, delta, grade="B")
    promises = {
        "supported": low > delta,
        "too small to matter": -delta < low and high < delta,
        "contradicted": high < 0 and low <= -delta,
        "claimed effect ruled out": 0 <= high < delta and low <= -delta,
        "cannot tell": low <= delta <= high,
    }
    assert [name for name, kept in promises.items() if kept] == [label]


@pytest.mark.parametrize(("low", "high"), [(math.nan, 1.0), (0.0, math.nan), (0.2, 0.1), (INF, -INF)])
def test_what_is_no_interval_is_refused(low, high):
    with pytest.raises(CoroiError, match="is no interval"):
        label_of(low, high, DELTA, grade="A")


@pytest.mark.parametrize("delta", [0.0, -0.01, math.nan])
def test_a_smallest_effect_that_is_not_above_zero_is_refused(delta):
    with pytest.raises(CoroiError, match="has to be above zero"):
        label_of(0.0, 1.0, delta, grade="A")


@pytest.mark.parametrize(("rows", "level"), [(1, 0.95), (2, 0.975), (5, 0.99), (25, 0.998)])
def test_the_headline_level_is_shared_among_the_rows_declared(rows, level):
    assert headline_level(rows) == pytest.approx(level)


@pytest.mark.parametrize("rows", [0, -1])
def test_at_least_one_row_is_declared(rows):
    with pytest.raises(CoroiError, match=f"{rows} rows are declared"):
        headline_level(rows)


def declared(**changed) -> Declaration:
    return Declaration(**{"theta": "share that stays", "delta": DELTA, "level": 0.99, "grade": "B"} | changed)


def test_both_verdicts_are_given_each_from_its_own_interval():
    told = judge(declared(), estimate=0.03, interval=(-0.001, 0.061), interval_95=(0.011, 0.049))
    assert (told.label, told.label_95) == ("cannot tell", "supported")
    assert (told.estimate, told.conf_low, told.conf_high) == (0.03, -0.001, 0.061)
    assert (told.theta, told.delta, told.level, told.grade, told.reason) == ("share that stays", DELTA, 0.99, "B", "")


def test_the_grade_weakens_both_verdicts():
    told = judge(declared(grade="D"), estimate=0.03, interval=(0.02, 0.04), interval_95=(0.022, 0.038))
    assert (told.label, told.label_95) == ("consistent with", "consistent with")


def test_what_cannot_be_tested_carries_no_number_and_its_reason():
    told = untestable(declared(), "`transactions` are missing")
    assert (told.label, told.label_95) == ("not testable with this data",) * 2
    assert all(math.isnan(x) for x in (told.estimate, told.conf_low, told.conf_high))
    assert told.reason == "`transactions` are missing"
    assert (told.theta, told.delta, told.level, told.grade) == ("share that stays", DELTA, 0.99, "B")
