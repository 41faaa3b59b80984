"""What guards leave of a grade: each of them alone, those that were not run, and the rule of a claim as theirs."""

from __future__ import annotations

import pytest

from coroi.claims import GUARDS, Declaration, graded, judged_by
from coroi.errors import CoroiError
from coroi.inference import (
    composition,
    evalues,
    omitted,
    placebos,
    pretrend,
    regression_to_mean,
    spillover,
    trend_bounds,
)
from coroi.results import Check

NEEDED = [guard.name for guard in GUARDS if "B" in guard.needed_for]
IDLE = {"evalue": "the effect is no ratio"}


def checks(**passed: bool | None) -> list[Check]:
    every = dict.fromkeys(NEEDED, True) | passed
    return [Check(name=name, tested="x", passed=value, sentence="x") for name, value in every.items()]


def test_a_roll_out_with_every_guard_held_is_of_grade_b():
    found = graded("B", checks())
    assert (found.grade, found.reasons) == ("B", ())
    assert found.words() == "B: every guard that it needs was run and held."


@pytest.mark.parametrize("name", NEEDED)
def test_each_guard_that_fails_takes_grade_b_away(name):
    found = graded("B", checks(**{name: False}))
    assert found.grade == ("D" if name == "regression_to_mean" else "C")
    assert len(found.reasons) == 1


@pytest.mark.parametrize("name", NEEDED)
def test_a_guard_that_was_not_run_counts_as_failed(name):
    assert graded("B", checks(**{name: None})).grade == "C"
    missing = [c for c in checks() if c.name != name]
    found = graded("B", missing)
    assert found.grade == "C"
    assert found.words() == f"C instead of B: the guard '{name}' could not be run."


def test_guards_have_the_names_of_the_checks_that_make_them():
    names = {composition.NAME, evalues.NAME, omitted.NAME, placebos.DATES, placebos.OUTCOMES, pretrend.NAME}
    names |= {regression_to_mean.NAME, spillover.NAME, trend_bounds.NAME}
    assert names == set(NEEDED)


def test_only_what_may_be_idle_is_excused():
    without = [c for c in checks() if c.name != "evalue"]
    assert graded("B", without).grade == "C"
    assert graded("B", without, idle=IDLE).grade == "B"
    assert graded("B", checks(evalue=False), idle=IDLE).grade == "C"
    with pytest.raises(CoroiError, match="'pretrend' cannot be called idle"):
        graded("B", checks(), idle={"pretrend": "too dull"})


def test_what_was_drawn_by_lot_needs_its_lots_kept_to_and_little_else():
    lots = [Check(name=name, tested="x", passed=True, sentence="x") for name in ("sample_ratio", "attrition")]
    assert graded("A", lots).grade == "A"
    assert graded("A", [*lots, *checks(pretrend=False, trend_bounds=None, omitted=False)]).grade == "A"
    assert graded("A", [*lots, *checks(spillover=False)]).grade == "C"
    for at in (0, 1):
        broken = Check(name=lots[at].name, tested="x", passed=False, sentence="x")
        assert graded("A", [broken, lots[1 - at]]).grade == "D"
        assert graded("A", [lots[1 - at]]).grade == "D"  # not run


def test_guards_never_lift_a_grade():
    assert graded("C", checks()).grade == "C"
    assert graded("C", checks(pretrend=False)).grade == "C"
    assert graded("C", checks(regression_to_mean=False)).grade == "D"
    assert graded("D", checks()).grade == "D"


def test_other_checks_are_left_aside_and_doubles_refused():
    other = Check(name="rows", tested="x", passed=False, sentence="x")
    assert graded("B", [*checks(), other, other]).grade == "B"
    with pytest.raises(CoroiError, match="stands twice"):
        graded("B", [*checks(), *checks()])
    with pytest.raises(CoroiError, match="not for P1"):
        graded("P1", [])


def test_the_rule_of_the_claim_judges_bounds():
    judged = judged_by(Declaration(theta="x", delta=0.1, level=0.95, grade="B"))
    assert judged(0.2, 0.4) == "supported"
    assert judged(0.05, 0.4) == "cannot tell"
    assert judged(float("-inf"), float("inf")) == "cannot tell"
