"""The study `profit` where the truth is known: what a point is worth, when, which way round, and when it is silent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from plain_words import miscounted, misprinted
from profit_world import cohort, plan, question_of

from coroi.errors import StudyError
from coroi.models.long_differences import fit_long_differences
from coroi.results import Result, Verdict
from coroi.studies.profit import (
    answer,
    answer_of,
    arrow_words,
    claim_words,
    fit_parts,
    meaning,
    method,
    selected_words,
    sides_words,
    verdicts,
)
from coroi.studies.profit.answer import row_of, total_row
from coroi.studies.profit.flow import published_flow
from coroi.studies.profit.guards import grade_of
from coroi.studies.profit.parts import combined
from coroi.studies.profit.question import Question, declared_rows, frame
from long_differences_twin import slow_long_differences


def told(question: Question) -> tuple[Result, tuple[Verdict, Verdict, Verdict]]:
    parts = fit_parts(question)
    result = answer_of(question, parts)
    return result, verdicts(question, parts, result)


def sentences(question: Question, result: Result, found: tuple[Verdict, Verdict, Verdict]) -> list[str]:
    total, early, late = found
    card = answer(question, result, total)
    more = [*meaning(question, result, total), *method(question, result), *claim_words(question, result, early, late)]
    return [card.sentence, *more, *sides_words(question, result), arrow_words(question, result)]


RISING = question_of(cohort(path=(0.5, 0.5, 0.5, 0.5), n=600, seed=3))


def slow_path(question: Question, lags: int) -> np.ndarray:
    """Return the path and its covariance from rows taken one by one."""
    names = {"outcome": "money", "past": ("metric", "money"), "gone": "gone", "since": question.cohort.start_idx}
    return slow_long_differences(question.data, horizons=question.horizon - 1, lags=lags, settle=6, **names)


def worth(path: tuple[float, ...], horizon: int, persistence: float = 0.5) -> np.ndarray:
    """Return what a point of the score that nothing foretold adds to money by period: the score fades, and pays."""
    score = persistence ** np.arange(horizon)
    return np.array([sum(e * score[h - k] for k, e in enumerate(path) if k <= h) for h in range(horizon)])


def lags_of(result: Result) -> int:
    return result.spec["parts"]["path"]["lags"]


def test_the_path_equals_its_twin():
    question = question_of(cohort(path=(0.5, 0.25), n=40, leaving=0.02, seed=2))
    result, _ = told(question)
    rows = result.estimates
    found = rows[(rows["part"] == "path") & (rows["term"] == "response")]
    path, covariance = slow_path(question, lags_of(result))
    np.testing.assert_allclose(found["estimate"].to_numpy(float), path, rtol=1e-7)
    np.testing.assert_allclose(found["std_error"].to_numpy(float), np.sqrt(np.diag(covariance)), rtol=1e-7)
    assert total_row(result)["estimate"] == pytest.approx(path.sum())
    assert total_row(result)["std_error"] == pytest.approx(np.sqrt(covariance.sum()))
    assert row_of(result, "path", "early")["estimate"] == pytest.approx(path[:1].mean())
    assert row_of(result, "path", "late")["estimate"] == pytest.approx(path[1:].mean())


@pytest.mark.parametrize(
    "replications", [60, pytest.param(2_000, marks=pytest.mark.slow)], ids=["some", "two_thousand"]
)
def test_intervals_hold_what_a_point_is_worth_by_design(replications):
    path = (-0.5, 0.5, 0.5)
    truth, held = worth(path, 4).sum(), []
    for seed in range(replications):
        data = question_of(cohort(path=path, n=120, seed=1000 + seed), horizon=4).data
        asked = {"past": ("money",), "gone": "gone", "lags": 1, "horizons": 3}
        fit = fit_long_differences(data, outcome="money", metric="metric", **asked)
        row = combined(fit, np.ones(4), 0.95)
        held.append(row["conf_low"] <= truth <= row["conf_high"])
    assert abs(np.mean(held) - 0.95) < 3 * np.sqrt(0.95 * 0.05 / replications) + 0.005


@pytest.mark.parametrize("leaving", [0.0, 0.03])
def test_blocks_and_memory_give_the_same_numbers_and_say_which(leaving):
    question = question_of(cohort(path=(0.5, 0.25), n=150, leaving=leaving, seed=12))
    question.data.loc[::17, "metric"] = np.nan
    whole, blocks = (answer_of(question, fit_parts(question, most_rows=n)) for n in (10**6, 100))
    pd.testing.assert_frame_equal(blocks.estimates, whole.estimates, rtol=1e-10, atol=1e-10)
    assert [c.passed for c in blocks.checks] == [c.passed for c in whole.checks]
    for result, how in ((whole, "in memory"), (blocks, "from blocks")):
        named = dict(result.spec["computed"])
        assert set(named) == {"path", "side by side", "lags", "direction"}
        assert named.pop("direction").startswith("in memory, ")
        assert all(said.startswith(f"{how}, ") and said.endswith(" rows") for said in named.values())
        assert named["path"] in " ".join(method(question, result))


def test_a_point_that_pays_is_found_with_its_worth_and_its_grade():
    result, (total, _, _) = told(RISING)
    row = total_row(result)
    assert row["conf_low"] < worth((0.5, 0.5, 0.5, 0.5), 6).sum() < row["conf_high"]
    assert 0.05 < row["conf_high"] - row["conf_low"] < 1.5
    assert (total.label, total.grade) == ("consistent with", "C")
    assert total.level == pytest.approx(1 - 0.05 / 3)
    assert total.conf_low < row["conf_low"]
    said = answer(RISING, result, total).sentence
    assert said.startswith(
        "One point more on NPS goes with higher contribution margin per customer over 6 months, within "
    )
    assert "EUR" in said


def test_nothing_to_find_gives_no_claim():
    question = question_of(cohort(n=600, seed=4))
    result, (total, early, late) = told(question)
    assert total.label in ("cannot tell", "too small to matter")
    assert total.conf_low < 0 < total.conf_high
    assert all(v.label != "consistent with" for v in (early, late))
    assert "Neither foretells the other beyond chance" in arrow_words(question, result)


def test_money_that_moves_the_score_is_told_and_lowers_the_grade():
    question = question_of(cohort(reverse=0.5, n=600, seed=5))
    result, (total, _, _) = told(question)
    back = next(c for c in result.checks if c.name == "reverse")
    assert back.passed is False
    assert grade_of(result.checks) == total.grade == "D"
    assert "the arrow runs from money to the score" in arrow_words(question, result)
    assert "goes with higher" not in answer(question, result, total).sentence


def test_what_keeps_marginal_customers_pays_in_the_cohort_though_not_among_those_who_stay():
    question = question_of(cohort(leaving=0.04, kept_by_score=1.0, n=2000, seed=6))
    result, (total, _, _) = told(question)
    whole, stayed = total_row(result), row_of(result, "those who stay", "total")
    assert total.label == "consistent with"
    assert whole["conf_low"] > 0
    assert stayed["conf_high"] < whole["conf_low"]
    assert "a selected group" in selected_words(question, result)


def test_a_cost_that_turns_into_a_gain_has_both_verdicts_and_a_date():
    path = (-1.0, 0.5, 0.5, 0.75, 0.75, 0.75, 0.75, 0.75)
    question = question_of(cohort(path=path, n=900, periods=36, seed=7), horizon=8)
    result, (_, early, late) = told(question)
    assert (early.label, late.label) == ("consistent with", "consistent with")
    assert early.estimate > 0
    row = row_of(result, "path", "crossover")
    true = int(np.flatnonzero(worth(path, 8) < 0)[-1]) + 1
    assert row["conf_low"] <= true <= row["conf_high"]
    words = " ".join(claim_words(question, result, early, late))
    assert f"no longer below zero from month {int(row['estimate']) + 1} on" in words


def test_money_is_the_margin_after_cost_to_serve_as_far_as_told():
    rows = cohort(cost=3.0, n=40).rows
    usual = question_of(cohort(cost=3.0, n=40))
    assert usual.outcome == "contribution margin after cost to serve"
    np.testing.assert_allclose(usual.data["money"], rows["margin"] - 3.0)
    assert question_of(cohort(n=40)).outcome == "contribution margin"
    assert question_of(cohort(margin=False, n=40)).outcome == "revenue"
    assert question_of(cohort(n=40), outcome="revenue").outcome == "revenue"
    asked = question_of(cohort(margin=False, n=40), outcome="margin")
    assert asked.reason == "the data tell no margin"


def test_revenue_twice_the_margin_gives_twice_the_worth():
    one, two = (question_of(cohort(path=(0.5,), n=200), outcome=o) for o in ("margin", "revenue"))
    (first, _), (second, _) = told(one), told(two)
    for column in ("estimate", "conf_low", "conf_high"):
        assert total_row(second)[column] == pytest.approx(2 * total_row(first)[column], rel=1e-8)
    assert two.delta == pytest.approx(2 * one.delta)


def test_winsorising_is_off_unless_asked_for_and_then_said():
    found = cohort(n=300)
    found.rows.loc[7, "margin"] = 1e6
    plain, pulled = question_of(found), question_of(found, winsorise=0.01)
    assert plain.data["money"].max() == 1e6
    assert pulled.data["money"].max() < 100
    result, verdict = told(pulled)
    assert "pulled in at 1.0\u00a0%" in dict(answer(pulled, result, verdict[0]).card)["Money"]
    assert "No amount was cut" in " ".join(method(plain, result))


def test_a_score_for_which_less_is_better_is_turned():
    worse = plan(metrics={"nps": {"scale": [0, 10], "higher_is": "worse"}})
    question = frame(cohort(path=(0.5, 0.5), n=400), worse, "nps", horizon=6)
    result, _ = told(question)
    straight = question_of(cohort(path=(0.5, 0.5), n=400))
    other, _ = told(straight)
    assert total_row(result)["estimate"] == pytest.approx(-total_row(other)["estimate"], rel=1e-8)
    assert question.step == "one point less on NPS"


def spoilt(what: str) -> Question:
    found = cohort(n=5 if what == "few" else 60)
    rows = found.rows
    if what == "silent":
        rows["score"] = np.nan
    if what == "constant":
        rows["score"] = 7.0
    if what == "fixed":
        rows["score"] = rows["entity"] % 11.0
    if what == "zeros":
        rows["margin"] = 0.0
    if what == "none":
        rows[["margin", "revenue"]] = np.nan
    return question_of(found)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("silent", "no customer of the cohort had a usable answer on NPS"),
        ("constant", "NPS is the same in every answer"),
        ("fixed", "the metric never varies"),
        ("zeros", "the contribution margin is zero for every customer and period"),
        ("none", "the data tell no money"),
        ("few", "5 clusters"),
    ],
)
def test_what_is_not_identified_gets_a_reason_and_no_number(what, said):
    question = spoilt(what)
    result, found = told(question)
    for verdict in found:
        assert verdict.label == "not testable with this data"
        assert np.isnan(verdict.estimate)
    assert said in found[0].reason
    for text in sentences(question, result, found):
        assert misprinted(text) == []
        assert "nan" not in text
    assert "cannot be tested with these data" in answer(question, result, found[0]).sentence


def test_two_periods_are_too_few():
    question = question_of(cohort(n=60, periods=2), horizon=1)
    _, found = told(question)
    assert found[0].label == "not testable with this data"


@pytest.mark.parametrize("seed", range(3))
def test_sentences_are_whole_and_count_rightly(seed):
    question = question_of(cohort(path=(0.3, -0.4, 0.5), n=80, leaving=0.03, seed=seed))
    result, found = told(question)
    for text in [*sentences(question, result, found), selected_words(question, result)]:
        assert misprinted(text) == []
        assert miscounted(text) == []
        assert "nan" not in text


def test_the_words_of_a_verdict_follow_its_label():
    result, (total, _, _) = told(RISING)
    said = {
        label: answer(RISING, result, replace(total, label=label)).sentence
        for label in ("too small to matter", "claimed effect ruled out", "cannot tell", "contradicted")
    }
    assert "hardly moves with" in said["too small to matter"]
    assert "is ruled out" in said["claimed effect ruled out"]
    assert said["cannot tell"].startswith("These data cannot tell whether")
    assert "goes with lower" in said["contradicted"]


def test_three_scalars_are_declared_before_the_fit_each_with_its_least_effect():
    rows = declared_rows(RISING)
    assert [r.level for r in rows] == [pytest.approx(1 - 0.05 / 3)] * 3
    assert rows[0].delta == pytest.approx(0.01 * RISING.mean_money * 6)
    assert rows[1].delta == rows[2].delta == pytest.approx(rows[0].delta / 6)
    assert rows[1].theta.startswith("C13, cost early")


def test_few_customers_left_out_are_not_counted():
    found = cohort(n=60)
    flow = pd.DataFrame(
        {
            "step": ["customers in the panel", "not customers at the start", "customers followed"],
            "customers": [64, -4, 60],
        }
    )
    shown = published_flow(question_of(replace(found, flow=flow)))
    assert (shown["customers_mark"] > 0).to_list() == shown["customers"].isna().to_list()
    assert shown["customers"].isna().to_list() in ([True, True, False], [False, True, True])


def test_an_outcome_or_start_that_is_none_is_refused(tmp_path):
    from small_company import contracts, open_company

    from coroi.studies.profit import ask

    inputs = open_company(tmp_path, contracts([(20, 9, ""), (20, 3, "")]))
    with pytest.raises(StudyError, match=r"no outcome 'profit'"):
        ask(inputs, outcome="profit")
    with pytest.raises(StudyError, match="'soon' is no date"):
        ask(inputs, start="soon")
    assert ask(inputs, horizon=6).reason == "the data tell no money"
