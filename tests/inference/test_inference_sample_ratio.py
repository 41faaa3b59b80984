"""Shares of the arms: a published mismatch, the exact test of few, and sentences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coroi.errors import DataError
from coroi.inference.sample_ratio import ratio_check

LABELS = ("control", "treatment")
EVEN = {"control": 1.0, "treatment": 1.0}


def test_a_published_mismatch_is_found():
    """Kohavi, Tang and Xu (2020), chapter 21: 821,588 and 815,482 users of an even split, p = 1.8e-6."""
    found = ratio_check(np.array([821_588, 815_482]), LABELS, EVEN, "users")
    assert found.passed is False
    assert found.table["p_value"][0] == pytest.approx(1.8e-6, abs=0.05e-6)
    assert found.sentence == (
        "Of 1,637,070 users, the arms hold: control 50.2 % (planned 50.0 %), treatment 49.8 % (planned 50.0 %); p = "
        "below 0.0001: lots were not kept to, or some were lost by arm, so the arms cannot be compared."
    )


def test_a_split_that_is_a_little_uneven_is_told_and_passes():
    found = ratio_check(np.array([45_489, 44_700]), LABELS, EVEN, "customers")
    assert found.passed is True
    assert "p = 0.0086: less even than most lots" in found.sentence
    assert ratio_check(np.array([4, 4]), LABELS, EVEN, "units").sentence.endswith("p = 1: as lots fall by chance.")


def test_few_units_are_tested_exactly_and_many_arms_by_chi_square():
    few = ratio_check(np.array([8, 0]), LABELS, {"control": 0.9, "treatment": 0.1}, "units")
    assert few.table["p_value"][0] == pytest.approx(stats.binomtest(8, 8, 0.9).pvalue)
    three = ratio_check(np.array([40, 25, 35]), ("a", "b", "c"), {"a": 2, "b": 1, "c": 1}, "customers")
    assert three.table["p_value"][0] == pytest.approx(stats.chisquare([40, 25, 35], [50, 25, 25]).pvalue)


def test_without_planned_shares_it_is_not_run():
    found = ratio_check(np.array([10, 90]), LABELS, None, "customers")
    assert found.passed is None
    assert "names no shares" in found.sentence


def test_a_plan_with_other_arms_is_refused():
    with pytest.raises(DataError, match="has no share for treatment"):
        ratio_check(np.array([5, 5]), LABELS, {"control": 1.0}, "customers")
    with pytest.raises(DataError, match="names third, which nobody is in"):
        ratio_check(np.array([5, 5]), LABELS, EVEN | {"third": 1.0}, "customers")
    with pytest.raises(DataError, match="not above zero"):
        ratio_check(np.array([5, 5]), LABELS, {"control": 1.0, "treatment": 0.0}, "customers")


def test_false_alarms_are_as_rare_as_said():
    rng = np.random.default_rng(1)
    counts = rng.binomial(1_000, 0.5, size=800)
    alarms = sum(ratio_check(np.array([k, 1_000 - k]), LABELS, EVEN, "customers").passed is False for k in counts)
    assert alarms <= 5  # 0.8 are expected
