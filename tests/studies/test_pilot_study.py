"""The study `pilot` where the truth is known: what it finds, what its grade rests on, and what it refuses."""

from __future__ import annotations

import json

import pytest
from pilot_world import question_of
from plain_words import miscounted, misprinted

from coroi.results import Result, Verdict
from coroi.studies import pilot
from coroi.studies.pilot.answer import row_of
from coroi.studies.pilot.guards import Guards
from coroi.studies.pilot.parts import Parts
from coroi.studies.pilot.question import Question

Told = tuple[Parts, Guards, Result, dict[str, Verdict]]


def told(question: Question) -> Told:
    parts = pilot.fit_parts(question)
    guards = pilot.run_guards(question, parts)
    return parts, guards, pilot.answer_of(question, parts, guards), pilot.verdicts(question, parts, guards)


def sentences(question: Question, found: Told) -> list[str]:
    _, guards, result, judged = found
    return [
        pilot.answer(question, result, guards, judged).sentence,
        *pilot.meaning(question, guards, judged),
        pilot.next_words(question, judged),
        *pilot.slide_words(question, result),
        *pilot.claim_words(question, result, guards, judged),
        pilot.guard_words(question, guards),
        pilot.left_out_words(question),
        *pilot.method(question, result),
        *(c.sentence for c in result.checks),
    ]


QUESTIONS = {
    "works": question_of(effect=6.0, on_score=1.0, on_staying=0.2, seed=3),
    "nothing": question_of(seed=4),
    "snapshot": question_of(effect=6.0, on_staying=0.2, source="snapshot", seed=5),
    "not drawn": question_of(effect=6.0, on_score=1.0, on_staying=0.2, drawn=False, seed=6),
    "picked": question_of(drawn=False, picking=1.5, seed=7),
    "campaign": question_of(effect=6.0, drawn=False, source="money", seed=8),
    "worse": question_of(effect=-6.0, headline="money", seed=9),
    "another plan": question_of(effect=6.0, planned=0.4, seed=10),
    "one arm": question_of(reason="everybody is in one arm, so that there is nobody to compare with"),
    "lost": question_of(on_score=1.0, lost=0.3, headline="score", seed=11),
}


@pytest.fixture(scope="module")
def answers() -> dict[str, Told]:
    return {name: told(question) for name, question in QUESTIONS.items()}


@pytest.mark.parametrize(("outcome", "truth"), [("money", 6.0), ("score", 1.0), ("staying", 0.2)])
def test_what_a_pilot_by_lot_did_is_found_on_every_outcome_at_grade_a(answers, outcome, truth):
    _, guards, result, judged = answers["works"]
    row = row_of(result, "effect", outcome=outcome)
    assert row["conf_low"] < truth < row["conf_high"]
    assert (guards.grades[outcome].grade, judged[outcome].label) == ("A", "supported")
    assert judged[outcome].level == pytest.approx(1 - 0.05 / 4)  # three outcomes and the claim
    sentence = sentences(QUESTIONS["works"], answers["works"])[0]
    assert sentence.startswith("The practice “call back” raises contribution margin per customer: EUR")


def test_the_effect_is_that_of_lins_regression_by_hand(answers):
    trial = QUESTIONS["works"].people.trial
    start = trial["trigger"] - trial["trigger"].mean()
    means = []
    for arm in (1, 0):
        side = trial["followed"] == arm
        x, y = start[side], trial.loc[side, "money"]
        slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
        means.append(y.mean() - slope * x.mean())
    row = row_of(answers["works"][2], "effect", outcome="money")
    assert row["estimate"] == pytest.approx(means[0] - means[1], rel=1e-9)


def test_without_lots_cells_of_equal_score_and_period_are_compared_at_grade_d(answers):
    question, (_, guards, result, judged) = QUESTIONS["not drawn"], answers["not drawn"]
    rows = question.people.matched
    cells = rows.groupby(["trigger", "period"])
    kept = cells.filter(lambda c: 2 <= c["followed"].sum() <= len(c) - 2)
    sides = kept.pivot_table(index=["trigger", "period"], columns="followed", values="money", aggfunc=["mean", "size"])
    gap, weight = sides["mean"][1] - sides["mean"][0], sides["size"][1]
    estimate = row_of(result, "effect", outcome="money")["estimate"]
    assert estimate == pytest.approx(float((gap * weight).sum() / weight.sum()), rel=1e-9)
    assert {guards.grades[o].grade for o in ("money", "score", "staying")} == {"D"}
    assert judged["money"].label == "consistent with"
    assert "C04" not in judged  # its scalar is that of the later score
    said = sentences(question, answers["not drawn"])
    assert "is found together with higher contribution margin per customer" in said[0]
    assert not any(word in " ".join(said) for word in ("raises", "likely"))


def test_the_slide_is_taken_apart_into_what_comes_back_and_what_is_left(answers):
    result = answers["works"][2]
    rows = {t: row_of(result, "matched", t, "score") for t in ("before_after", "regression_to_mean", "effect")}
    gone = rows["before_after"]["estimate"] - rows["regression_to_mean"]["estimate"]
    assert gone == pytest.approx(rows["effect"]["estimate"], rel=1e-9)
    assert rows["regression_to_mean"]["conf_low"] > 0.3  # low scores come back
    assert rows["effect"]["conf_low"] < 1.0 < rows["effect"]["conf_high"]
    nothing = answers["nothing"][2]
    assert row_of(nothing, "matched", "before_after", "score")["conf_low"] > 0
    assert answers["nothing"][3]["C04"].label in ("cannot tell", "too small to matter", "claimed effect ruled out")


def test_who_was_picked_for_being_better_is_told_by_the_placebo(answers):
    _, guards, result, _ = answers["picked"]
    placebo = next(c for c in result.checks if c.name == "placebo")
    assert placebo.passed is False
    assert guards.grades["money"].grade == "D"
    assert "unlike the others before it too" in sentences(QUESTIONS["picked"], answers["picked"])[0]
    assert next(c for c in answers["not drawn"][2].checks if c.name == "placebo").passed


def test_arms_that_do_not_fit_the_plan_are_refused(answers):
    question, found = QUESTIONS["another plan"], answers["another plan"]
    assert {v.label for v in found[3].values()} == {"not testable with this data"}
    assert "because the arms do not hold the shares that the plan gave them." in sentences(question, found)[0]
    assert not found[2].estimates["identified"].any()


def test_losing_outcomes_by_arm_takes_the_grade_away(answers):
    _, guards, result, _ = answers["lost"]
    assert guards.grades["score"].grade == "D"
    assert guards.grades["money"].grade == "A"
    assert "D instead of A: outcomes are missing in one arm more often" in " ".join(
        sentences(QUESTIONS["lost"], answers["lost"])
    )
    assert row_of(result, "effect", outcome="score") is not None


def test_a_pilot_that_harms_says_so(answers):
    assert answers["worse"][3]["money"].label == "contradicted"
    assert "lowers contribution margin per customer: EUR" in sentences(QUESTIONS["worse"], answers["worse"])[0]


def test_without_a_planned_share_the_lots_are_no_evidence():
    question = question_of(effect=6.0, planned=float("nan"), seed=3)
    _, guards, _, judged = told(question)
    assert guards.grades["money"].words() == "D instead of A: the guard 'sample_ratio' could not be run."
    assert "raises" not in pilot.answer(question, told(question)[2], guards, judged).sentence


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_words_are_plain(answers, name):
    for text in sentences(QUESTIONS[name], answers[name]):
        assert miscounted(text) == [], text
        assert misprinted(text) == [], text
        assert "nan" not in text.split(), text


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_page_has_its_figures_and_tables(answers, name):
    question, (_, guards, result, judged) = QUESTIONS[name], answers[name]
    blocks = [
        pilot.outcomes_table(question, result, guards, judged),
        pilot.arms_table(question, result),
        pilot.verdicts_table(question, judged),
        pilot.flow_table(question, result),
        pilot.matched_table(question, result),
    ]
    assert all(block.text for block in blocks)
    figures = [pilot.effects_figure(question, result, judged), pilot.slide_figure(question, result)]
    if name in ("works", "not drawn", "campaign"):
        assert all("<table" in block.html for block in blocks)
        assert "Better lies to the right" in figures[0].alt
        assert "moved by itself" in figures[1].alt


def test_few_customers_are_not_shown_nor_counted_out():
    few = question_of(n=400, on_staying=0.39, seed=2)
    staying = few.outcome("staying")
    assert staying.reason == "fewer than 10 customers of an arm left, or stayed, too few to be compared or shown"
    assert "staying" not in told(few)[3]
    assert question_of(n=12, seed=2).reason == "fewer than 10 customers are in an arm, too few to be shown"


def test_no_table_counts_single_answers(answers):
    for _, _, result, _ in answers.values():
        assert set(result.tables) <= {"cohort", "arms"}
        assert [c.name for c in result.checks if c.table is not None] == []
        json.dumps(dict(result.spec))


def test_a_small_gap_in_the_overlap_or_the_outcomes_is_written_as_few():
    question = question_of(n=400, seed=12)
    people = question.people
    rows = people.matched.copy()
    lone = rows.index[rows["followed"] == 1][:3]
    rows.loc[lone, "period"] = [90, 91, 92]
    trial = people.trial.copy()
    trial.loc[lone, "score"] = float("nan")
    changed = question_of(n=400, seed=12, matched=rows, trial=trial, headline="score")
    result = told(changed)[2]
    said = {c.name: c.sentence for c in result.checks}
    assert said["overlap"].startswith("All but fewer than 10 of ")
    assert said["attrition"].startswith("In an arm, outcomes of fewer than 10 customers are missing or known")


@pytest.mark.parametrize(
    ("world", "label", "said"),
    [
        ({"smallest_effect": 0.2}, "too small to matter", "hardly moves contribution margin per customer: EUR"),
        ({"smallest_effect": 0.2, "drawn": False}, "too small to matter", "hardly differs: EUR"),
        ({"smallest_effect": 0.001}, "cannot tell", "These data cannot tell whether the practice “call back” changes"),
        ({"effect": 2.0, "smallest_effect": 0.04, "seed": 3}, "cannot tell", "; whether by EUR"),
        ({"effect": -1.0, "smallest_effect": 0.015, "seed": 1}, "claimed effect ruled out", "is not higher by EUR"),
    ],
)
def test_every_verdict_has_its_sentence(world, label, said):
    question = question_of(**({"seed": 0} | world))
    found = told(question)
    assert found[3]["money"].label == label
    for text in sentences(question, found):
        assert miscounted(text) + misprinted(text) == [], text
    assert said in sentences(question, found)[0]
