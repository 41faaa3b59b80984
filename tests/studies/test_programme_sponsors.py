"""Claim C24: it rises above grade D only where lots were drawn which units have a sponsor, and were kept to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from plain_words import miscounted, misprinted
from programme_world import question_of
from scipy import stats

from coroi.claims import Graded
from coroi.inference.estimates import known, unknown
from coroi.results import Result
from coroi.studies.programme import Guards, Parts, answer_of, sponsor_words, verdicts
from coroi.studies.programme.parts import fit_parts
from coroi.studies.programme.question import OF_SPONSORS, Question, declared_rows
from coroi.studies.programme.sponsors import check_sponsors, sponsor_grade

BASE = Graded(grade="A", start="A")


def dealt(seed: int, *, by_lot: bool = True, n: int = 60) -> Question:
    """Deal sponsors to the units that start: by lot, or to those that made most before."""
    question = question_of(n=n, seed=seed)
    starts = question.starts
    on = starts["first_treated"].notna().to_numpy()
    who = np.random.default_rng([seed, 7]).permutation(int(on.sum())) % 2 == 0
    if not by_lot:
        before = question.units.rows[question.units.rows["period"] < starts["first_treated"].min()]
        made = before.groupby("unit")["margin"].mean().to_numpy()[on]
        who = made > np.median(made)
    sponsored = np.full(n, np.nan)
    sponsored[on] = who
    return replace(question, starts=starts.assign(sponsored=sponsored), sponsors_by_lot=True)


def parts_of(estimate: float, reason: str = "") -> Parts:
    """Return parts whose one figure is the difference between units with a sponsor and without."""
    number = unknown(reason) if reason else known(estimate, 0.1, estimate - 0.2, estimate + 0.2)
    row = {"term": "difference", "group": "yes less no", "df": 40.0, **number}
    overall = {"term": "overall", "group": "", "df": 40.0, **known(1.0, 0.1, 0.8, 1.2)}
    made = [
        Result(method="imputation_did", estimand="", spec={}, estimates=pd.DataFrame([r]), n_obs=1, n_entities=1)
        for r in (row, overall)
    ]
    return Parts(sponsors=made[0], effects={"money": made[1]})


def judged(question: Question, estimate: float, grade: Graded, reason: str = ""):
    guards = Guards(checks={}, grades={"money": BASE, OF_SPONSORS: grade})
    parts = parts_of(estimate, reason)
    found = verdicts(question, parts, guards)
    return found[OF_SPONSORS], sponsor_words(question, answer_of(question, parts, guards), found)


def test_units_as_lots_would_leave_them_pass_and_others_do_not():
    assert check_sponsors(dealt(1)).passed is True
    picked = check_sponsors(dealt(1, by_lot=False))
    assert picked.passed is False
    assert "lay further apart than lots would put them" in picked.sentence
    few = check_sponsors(dealt(1, n=12))
    assert (few.passed, few.sentence) == (None, "Not run: it takes 5 units on a side.")


def test_lots_that_were_drawn_fail_one_time_in_twenty():
    failed = sum(check_sponsors(dealt(seed)).passed is False for seed in range(60))
    assert stats.binomtest(failed, 60, 0.05).pvalue > 0.005


def test_the_grade_is_the_programmes_own_only_where_the_lots_were_kept_to():
    assert sponsor_grade(check_sponsors(dealt(1)), BASE) == BASE
    lowered = Graded(grade="C", start="B", reasons=("paths went apart before the start",))
    assert sponsor_grade(check_sponsors(dealt(1)), lowered) == lowered
    for question, words in ((dealt(1, by_lot=False), "as lots would not make them"), (dealt(1, n=12), "held against")):
        found = sponsor_grade(check_sponsors(question), BASE)
        assert found.grade == "D"
        assert words in found.reasons[-1]


def test_the_claim_is_declared_only_with_lots_and_takes_its_part_of_the_level():
    with_lots, without = dealt(1), replace(dealt(1), sponsors_by_lot=False)
    assert set(declared_rows(with_lots, {})) - set(declared_rows(without, {})) == {OF_SPONSORS}
    n = len(declared_rows(without, {}))
    assert {d.level for d in declared_rows(with_lots, {}).values()} == {1 - 0.05 / (n + 1)}
    assert declared_rows(with_lots, {})[OF_SPONSORS].grade == "D"
    alone = replace(with_lots, starts=with_lots.starts.assign(sponsored=1.0))
    assert OF_SPONSORS not in declared_rows(alone, {})


@pytest.mark.parametrize(
    ("estimate", "grade", "label", "words"),
    [
        (1.0, "A", "supported", "A leader behind it raises"),
        (1.0, "D", "consistent with", "A leader behind it is found together with higher"),
        (0.0, "A", "cannot tell", "evidence grade A"),
        (-1.0, "A", "contradicted", "A leader behind it lowers"),
    ],
)
def test_verdict_and_words_follow_the_grade(estimate, grade, label, words):
    verdict, said = judged(dealt(1), estimate, Graded(grade=grade, start="A"))
    assert (verdict.label, verdict.grade) == (label, grade)
    assert words in said
    assert (" raises " in said) == (estimate > 0 and grade == "A")
    assert miscounted(said) == []
    assert misprinted(said) == []


def test_a_difference_that_cannot_be_told_is_not_judged():
    verdict, said = judged(dealt(1), np.nan, BASE, reason="there are 5 clusters")
    assert verdict.label == "not testable with this data"
    assert "there are 5 clusters" in said


@pytest.mark.slow
def test_sponsors_that_change_nothing_are_seldom_said_to():
    """By fits, at the declared level: any verdict that tells a direction is false."""
    told = 0
    for seed in range(60):
        question = dealt(seed, n=24)
        guards = Guards(checks={}, grades={"money": BASE, OF_SPONSORS: BASE})
        label = verdicts(question, fit_parts(question), guards)[OF_SPONSORS].label
        told += label in ("supported", "consistent with", "contradicted")
    assert stats.binomtest(told, 60, 0.05, alternative="greater").pvalue > 0.05
