"""The study `programme` where the truth is known: what it finds, when it is silent, and what a grade rests on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from plain_words import miscounted, misprinted
from programme_world import FIRST, question_of

from coroi.errors import StudyError
from coroi.results import Result, Verdict
from coroi.studies.programme import (
    Guards,
    Parts,
    answer,
    answer_of,
    ask,
    claim_words,
    dose_words,
    fit_parts,
    guard_words,
    meaning,
    method,
    next_words,
    run_guards,
    slide_words,
    sponsor_words,
    verdicts,
)
from coroi.studies.programme.answer import row_of
from coroi.studies.programme.dealt import check_dealt
from coroi.studies.programme.page import (
    comparisons_table,
    flow_table,
    guards_table,
    outcomes_table,
    parts_table,
    path_figure,
    verdicts_table,
    ways_figure,
)
from coroi.studies.programme.parts import MOST_LEADS, effect_of, overall_of
from coroi.studies.programme.question import Question, frame_of
from coroi.studies.programme.starts import nobody_left

Told = tuple[Parts, Guards, Result, dict[str, Verdict]]


def told(question: Question) -> Told:
    parts = fit_parts(question)
    guards = run_guards(question, parts)
    return parts, guards, answer_of(question, parts, guards), verdicts(question, parts, guards)


def sentences(question: Question, found: Told) -> list[str]:
    _, guards, result, judged = found
    card = answer(question, result, guards, judged)
    return [
        card.sentence,
        *meaning(question, result, guards, judged),
        next_words(question, guards, judged),
        *slide_words(question, result),
        *claim_words(question, result, judged),
        sponsor_words(question, result, judged),
        *dose_words(question, result),
        guard_words(guards, question),
        *method(question, result),
    ]


WORKS = question_of(effect=1.0, on_score=0.5, on_exits=-0.01, practices=("panel", "coach"), noise=0.1, seed=13)
NOTHING = question_of(seed=4)


@pytest.fixture(scope="module")
def works() -> Told:
    return told(WORKS)


@pytest.fixture(scope="module")
def nothing() -> Told:
    return told(NOTHING)


@pytest.mark.parametrize(("outcome", "truth"), [("money", 1.0), ("score", 0.5), ("exits", -0.01)])
def test_what_the_programme_does_is_found_on_every_outcome(works, outcome, truth):
    row = row_of(works[2], "effect", outcome=outcome)
    assert row["conf_low"] < truth < row["conf_high"]
    assert not row["conf_low"] < 0 < row["conf_high"]
    grade = works[1].grade(outcome)
    assert works[3][outcome].label == ("supported" if grade == "B" else "consistent with")
    assert works[3][outcome].estimate > 0  # claimed side positive, also where less is better


def test_every_guard_runs_and_a_sound_roll_out_keeps_its_grade(works):
    _, guards, _, _ = works
    for name, checks in guards.checks.items():
        assert {c.name: c.passed for c in checks if c.passed is None} == {}, name
    assert guards.grade("money") == "B"
    assert "likely raises contribution margin per customer" in sentences(WORKS, works)[0]


def test_the_pre_trend_test_is_of_the_effect_as_weighted(works):
    parts, guards, *_ = works
    shown = parts.effects["money"].estimates.set_index(["term", "event_time"])["estimate"]["event_time"]
    check = next(c for c in guards.checks["money"] if c.name == "pretrend")
    assert check.table is not None
    assert len(check.table) == MOST_LEADS
    assert check.table["estimate"].to_numpy() == pytest.approx(shown.loc[check.table["event_time"]].to_numpy())


def test_where_nothing_happens_nothing_is_claimed(nothing):
    for verdict in nothing[3].values():
        assert verdict.label in ("cannot tell", "too small to matter", "claimed effect ruled out")
    assert "likely raises" not in " ".join(sentences(NOTHING, nothing))


def test_a_trend_that_was_there_before_lowers_the_grade():
    question = question_of(trend=0.4, seed=5)
    _, guards, result, judged = told(question)
    assert {c.name for c in guards.checks["money"] if c.passed is False} >= {"pretrend"}
    assert guards.grade("money") in ("C", "D")
    assert "likely" not in answer(question, result, guards, judged).sentence


def test_the_slide_holds_whatever_else_changed_and_the_two_way_estimate_is_taken_apart(works):
    _, _, result, _ = works
    for way in ("before_after", "two_way_did", "group_time", "sun_abraham", "lp_did", "two_stage_did"):
        assert row_of(result, way)["identified"], way
    kinds = result.tables["two_way_comparisons"]
    whole = float((kinds["weight"] * kinds["estimate"]).sum())
    assert whole == pytest.approx(float(row_of(result, "two_way_did")["estimate"]), rel=1e-9)


def test_parts_are_told_by_practice_sponsor_and_start(works):
    rows = works[2].estimates
    assert set(rows.loc[(rows["part"] == "practice") & (rows["term"] == "group"), "group"]) == {"panel", "coach"}
    assert set(rows.loc[(rows["part"] == "sponsor") & (rows["term"] == "group"), "group"]) == {"yes", "no"}
    assert (rows["term"] == "cohort").sum() == 3 * 3
    for name in ("coach", "panel"):
        row = row_of(works[2], "practice", "group", group=name)
        assert row["conf_low"] < 1.0 < row["conf_high"]


def test_what_comes_after_an_end_is_told():
    question = question_of(effect=1.0, ended_after=5, seed=6)
    found = told(question)
    words = dose_words(question, found[2])
    assert any("After an end" in w or "left after an end" in w for w in words)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"starts": (3,), "never": 0.0}, "every unit is treated from the same period on"),
        ({"never": 1.0}, "no unit is seen both before and after"),
        ({"n": 2, "never": 0.5}, "one unit alone is treated"),
        ({"reason": "the data tell no margins or revenue"}, "the data tell no margins or revenue"),
        ({"starts": (30, 31)}, "no unit is seen both before and after"),
    ],
)
def test_what_cannot_be_told_is_refused_in_one_sentence(changes, reason):
    question = question_of(**changes)
    found = told(question)
    assert found[3]["money"].label == "not testable with this data"
    said = sentences(question, found)
    assert reason in said[0]
    for text in said:
        assert miscounted(text) == []
        assert misprinted(text) == []


def test_the_words_are_plain(works, nothing):
    for question, found in ((WORKS, works), (NOTHING, nothing)):
        for text in sentences(question, found):
            assert miscounted(text) == [], text
            assert misprinted(text) == [], text


def test_the_page_shows_figures_and_tables(works, nothing):
    for question, (_, guards, result, judged) in ((WORKS, works), (NOTHING, nothing)):
        assert "highest in month" in path_figure(question, result, judged["money"]).alt
        assert "two-way fixed effects" in ways_figure(question, result).alt
        shown = [
            outcomes_table(question, result, guards, judged),
            parts_table(question, result),
            guards_table(question, guards),
            verdicts_table(question, judged),
            flow_table(question, result),
            comparisons_table(question, result),
        ]
        for block in shown:
            assert "<table" in block.html


def test_rows_beyond_the_horizon_and_of_another_practice_are_not_in_it():
    starts = NOTHING.starts.assign(until=np.where(NOTHING.starts["unit"] == 30, FIRST + 5.0, np.nan))
    rows = frame_of(replace(NOTHING, starts=starts))
    since = rows["period"] - rows["first_treated"]
    assert since.max() == NOTHING.horizon - 1
    assert rows.loc[rows["entity"] == 30, "period"].max() == FIRST + 4
    whole = frame_of(NOTHING, whole=True)
    assert len(whole) == 60 * 24
    assert set(whole.loc[since.reindex(whole.index).isna(), "dose"]) <= {0.0, 1.0}


def test_a_study_without_its_tables_says_what_is_missing(open_sample):
    inputs = open_sample()
    with pytest.raises(StudyError, match=r"No unit takes up a practice 'ride-alone'. Did you mean 'ride-along'"):
        ask(inputs, practice="ride-alone")
    with pytest.raises(StudyError, match=r"There is no outcome 'exit'. Did you mean 'exits'"):
        ask(inputs, outcome="exit")
    with pytest.raises(StudyError, match=r"There is no comparison with 'nevr'. Did you mean 'never'"):
        ask(inputs, compared_with="nevr")
    assert ask(inputs, practice="ride-along").own_names == ("ride-along",)
    assert ask(inputs).own_names == ("client panel", "journey coach", "ride-along")
    without = replace(inputs, tables={k: v for k, v in inputs.tables.items() if k != "programme"})
    with pytest.raises(StudyError, match="There is no table 'programme'"):
        ask(without)
    with pytest.raises(StudyError, match="There is no panel"):
        ask(replace(inputs, panel=None))


def test_only_units_that_never_start_are_compared_with_where_that_is_asked():
    usual = question_of(n=20, effect=1.0, noise=0.3, seed=22)
    asked = replace(usual, compared_with="never")
    parts = {q.compared_with: fit_parts(q) for q in (usual, asked)}
    rows = {who: overall_of(found.effects["money"]) for who, found in parts.items()}
    assert rows["never"]["conf_low"] < 1.0 < rows["never"]["conf_high"]
    assert rows["never"]["estimate"] != pytest.approx(rows["not_yet"]["estimate"], rel=1e-3)
    for way in ("group_time", "group_time_never"):
        ways = [overall_of(found.others[way])["estimate"] for found in parts.values()]
        assert ways[0] == pytest.approx(ways[1], rel=1e-12)
    path = parts["never"].paths["money"].estimates
    pd.testing.assert_frame_equal(path, parts["never"].others["group_time_never"].estimates)
    guards = Guards(checks={}, grades={})
    said = method(asked, answer_of(asked, parts["never"], guards))
    assert any("only units that never start" in text for text in said)
    for text in said:
        assert miscounted(text) == []
        assert misprinted(text) == []


def test_units_about_to_start_are_left_out_of_the_comparison_where_that_is_asked():
    """Units react three months before their start, so that those not treated yet are no comparison."""
    early = question_of(effect=0.0, noise=0.1, season=0.0, starts=(8, 12), never=0.4, seed=21)
    rows = early.units.rows.merge(early.starts[["unit", "first_treated"]], on="unit")
    soon = (rows["period"] < rows["first_treated"]) & (rows["period"] >= rows["first_treated"] - 3)
    moved = early.units.rows.assign(margin=early.units.rows["margin"] + 2.0 * soon.to_numpy(bool))
    early = replace(early, units=replace(early.units, rows=moved))
    first = FIRST + 8
    biased, clean = (
        effect_of(replace(early, compared_with=who, anticipation=3), "money", 0.95).estimates
        for who in ("not_yet", "never")
    )
    alone = effect_of(replace(early, compared_with="never"), "money", 0.95).estimates
    for rows_of in (biased, clean):
        assert abs(rows_of.loc[rows_of["cohort"] == first, "estimate"].iloc[0]) < 0.1  # both leave the reaction aside
    assert alone.loc[alone["cohort"] == first, "estimate"].iloc[0] == pytest.approx(-2.0 * 3 / 8, abs=0.1)


def test_where_nobody_is_never_treated_the_comparison_is_refused():
    everybody = question_of(never=0.0).starts
    assert nobody_left(everybody, "not_yet") == ""
    assert nobody_left(WORKS.starts, "never") == ""
    reason = nobody_left(everybody, "never")
    question = question_of(never=0.0, compared_with="never", reason=reason)
    said = sentences(question, told(question))
    assert "only units that never start were to be compared with" in said[0]


def test_one_unit_is_set_beside_a_mix_of_the_others():
    question = question_of(n=12, never=11 / 12, starts=(12,), effect=3.0, noise=0.3, seed=8)
    found = told(question)
    assert found[0].effects["money"].method == "synthetic_control"
    row = row_of(found[2], "effect", outcome="money")
    assert row["identified"]
    assert abs(float(row["estimate"]) - 3.0) < 1.0
    assert found[1].grade("money") in ("C", "D")
    said = sentences(question, found)
    assert "no end" in " ".join(v.reason for v in found[3].values())  # 12 units allow for no level above 91 %
    assert any("synthetic control" in text for text in said)


def test_all_units_at_once_leave_their_own_past_at_grade_d():
    question = question_of(starts=(12,), never=0.0, effect=3.0, noise=0.3, season=0.0, seed=9)
    found = told(question)
    assert found[0].effects["money"].method == "interrupted_series"
    assert found[1].grade("money") == "D"
    row = row_of(found[2], "effect", outcome="money")
    assert row["conf_low"] < 3.0 < row["conf_high"]
    assert not row["conf_low"] < 0 < row["conf_high"]
    assert any("nobody is left to compare with" in text for text in sentences(question, found))


def test_lots_of_units_reach_grade_a_only_where_they_were_kept_to(works):
    parts = replace(works[0], effects={"money": works[0].effects["money"]})
    arm = np.where(WORKS.starts["first_treated"].isna(), "control", "treatment")
    share = np.where(arm == "treatment", 0.6, 0.4)
    drawn = replace(WORKS, starts=WORKS.starts.assign(arm=arm, planned_share=share))
    checks = {c.name: c.passed for c in run_guards(drawn, parts).checks["money"]}
    assert (checks["sample_ratio"], checks["attrition"]) == (True, True)
    of_controls = drawn.starts.assign(planned_share=np.where(arm == "control", 0.4, np.nan))
    told_by_controls = run_guards(replace(WORKS, starts=of_controls), parts).checks["money"]
    assert {c.name: c.passed for c in told_by_controls}["sample_ratio"] is True
    off = replace(WORKS, starts=drawn.starts.assign(planned_share=np.where(arm == "treatment", 0.1, 0.9)))
    guards = run_guards(off, parts)
    assert guards.grade("money") == "D"
    assert "arms are not as large" in guards.grades["money"].words()


def test_starts_dealt_anew_agree_with_the_interval_where_units_are_few():
    question = question_of(n=24, effect=1.5, noise=0.5, seed=10)
    check = check_dealt(question, "money", level=0.95, deals=39)
    assert check.passed is True
    assert "leaves zero out" in check.sentence
    assert check_dealt(WORKS, "money", level=0.95) is None


def test_a_unit_that_starts_again_is_told(nothing):
    again = replace(NOTHING, starts=NOTHING.starts.assign(restarts=[1.0] + [0.0] * 59))
    parts = replace(nothing[0], effects={"money": nothing[0].effects["money"]})
    check = next(c for c in run_guards(again, parts).checks["money"] if c.name == "one_start")
    assert check.passed is False
    assert check.sentence.startswith("1 of 60 units end and start again")
