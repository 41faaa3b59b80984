"""Grades of trials: A where lots were kept to and nobody was lost, D otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.claims import graded
from coroi.models.follow_up import fit_follow_up, simulate_follow_up
from coroi.models.randomised_pilot import fit_randomised_pilot, simulate_randomised_pilot
from coroi.results import Check

EVEN = {"control": 0.5, "treatment": 0.5}


def check(name: str, passed: bool | None) -> Check:
    return Check(name=name, tested="t", passed=passed, sentence=f"Said of {name}.")


def test_a_pilot_by_lot_is_a_and_without_its_plan_d():
    data, _ = simulate_randomised_pilot(np.random.default_rng(1), n=200, effect=0.5)
    planned = fit_randomised_pilot(data, outcome="outcome", shares=EVEN)
    assert graded("A", planned.checks).grade == "A"
    found = graded("A", fit_randomised_pilot(data, outcome="outcome").checks)
    assert found.grade == "D"
    assert found.words() == "D instead of A: the guard 'sample_ratio' could not be run."


def test_a_follow_up_that_no_lot_chose_compares_different_customers():
    data, _ = simulate_follow_up(np.random.default_rng(2), n=600, periods=2, effect=0.5)
    assert graded("A", fit_follow_up(data, outcome="outcome", planned_share=0.5).checks).grade == "A"
    assert graded("A", fit_follow_up(data, outcome="outcome").checks).grade == "D"


@pytest.mark.parametrize("passed", [False, None])
def test_a_check_that_failed_or_was_not_run_lowers_the_grade(passed):
    lots = [check("sample_ratio", True), check("attrition", True)]
    found = graded("A", [lots[0], check("attrition", passed)])
    assert (found.grade, len(found.reasons)) == ("D", 1)
    assert graded("A", lots[:1]).grade == "D"
    assert graded("A", [*lots, check("other", False)]).grade == "A"


def test_what_was_known_before_and_lies_apart_takes_the_lots_away():
    lots = [check("sample_ratio", True), check("attrition", True)]
    assert graded("A", [*lots, check("balance", True)]).grade == "A"
    assert graded("A", [*lots, check("balance", None)]).grade == "A"
    assert graded("A", [*lots, check("balance", False)]).grade == "D"
