"""Cases in which the study `roi` once said something wrong, or nothing at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import profit_world
import programme_world
import pytest

from coroi.errors import DataError, StudyError
from coroi.models.imputation_did import fit_imputation_did
from coroi.prepare.money_lines import MoneyLines
from coroi.roi.flows import Line, join_lines, known_line, line_of
from coroi.roi.valley import Span
from coroi.studies.programme.question import frame_of
from coroi.studies.roi import (
    Guards,
    Parts,
    Question,
    answer,
    answer_of,
    claim_words,
    fit_parts,
    left_out_words,
    payback_and_valley,
    predictions,
    value,
    verdicts,
)
from coroi.studies.roi.amounts import amount, in_short
from coroi.studies.roi.answer import claim_label
from coroi.studies.roi.asking import _check_assumed, signed_costs
from coroi.studies.roi.books import keep_books
from coroi.studies.roi.foresight import observed
from coroi.studies.roi.lost import lost_rows

HORIZON = 6


def scored(*, path: Sequence[float] = (3.0, 2.0, 1.0), **changes: Any) -> Question:
    """Return a question by the route of the score, on a cohort whose money follows scores by a known path."""
    score = profit_world.question_of(profit_world.cohort(path=path), horizon=HORIZON)
    own: dict[str, Any] = {
        "route": "score",
        "score": score,
        "currency": "EUR",
        "frequency": "month",
        "horizon": HORIZON,
        "early": 1,
        "rate": 0.0,
        "delta": 0.5,
        "share": 0.01,
        "n_customers": score.n_customers,
        "run_out": 12,
        "score_change": 1.0,
        "cost_at_start": 4.0,
    }
    return Question(**(own | changes))


@pytest.fixture(scope="module")
def by_score() -> tuple[Question, Parts]:
    question = scored()
    return question, fit_parts(question)


def test_money_after_a_score_is_read_with_its_errors_and_set_beside_the_cost(by_score) -> None:
    question, parts = by_score
    assert parts.reason == "" and parts.flows is not None
    valued = value(question, parts)
    assert valued is not None
    path = parts.fits["total"]
    assert path.vcov is not None
    ones = np.ones(HORIZON)
    assert valued.value["std_error"] == pytest.approx(np.sqrt(ones @ path.vcov.to_numpy() @ ones))
    assert valued.line.df == path.tables["band"]["df"].iloc[0]
    # half of what is new in a score is left a period later, and moves money then too
    truth = sum(a * 0.5 ** (h - j) for j, a in enumerate((3.0, 2.0, 1.0)) for h in range(j, HORIZON)) - 4
    assert valued.value["conf_low"] < truth < valued.value["conf_high"]


def test_two_steps_of_a_score_have_twice_the_money_and_twice_the_error(by_score) -> None:
    question, parts = by_score
    one = value(question, parts)
    twice = replace(question, score_change=2.0)
    two = value(twice, fit_parts(twice))
    assert one is not None and two is not None
    assert two.gain["estimate"] == pytest.approx(2 * one.gain["estimate"])
    assert two.gain["std_error"] == pytest.approx(2 * one.gain["std_error"])


def rolled_out(**changes: Any) -> Question:
    """Return a question by the route of a roll-out, without lines of money: they come with :func:`parts_of`."""
    own: dict[str, Any] = {
        "route": "roll-out",
        "programme": programme_world.question_of(n=12, periods=20),
        "currency": "EUR",
        "frequency": "month",
        "horizon": HORIZON,
        "early": 2,
        "rate": 0.1,
        "delta": 0.5,
        "share": 0.01,
        "n_customers": 400,
        "run_out": 12,
    }
    return Question(**(own | changes))


def parts_of(amounts: Sequence[float], error: float = 0.1, paid: Sequence[float] | None = None) -> Parts:
    """Return lines whose benefits and costs are what is asked."""
    n = len(amounts)
    benefit = Line(name="spend", estimate=np.array(amounts, float), covariance=error**2 * np.eye(n), df=30.0)
    costs = [] if paid is None else [known_line("programme", -np.array(paid, float))]
    days = tuple(f"2024-{k + 1:02d}-01" for k in range(n))
    return Parts(flows=join_lines([benefit, *costs], currency="EUR", periods=days))


GUARDS = Guards(checks=(), graded=None, grade="B")


def test_what_pays_from_its_first_month_is_no_support_for_not_chasing_profit_by_the_quarter() -> None:
    question, parts = rolled_out(), parts_of([5.0] * HORIZON, paid=[1.0] * HORIZON)
    found = verdicts(question, parts, GUARDS, value(question, parts))
    assert found["value"].label == "supported"
    assert found["quarter"].label == "contradicted"
    assert claim_label(found, "C16") == "contradicted"


def test_what_pays_after_the_first_quarter_alone_supports_it() -> None:
    question, parts = rolled_out(), parts_of([0, 0, 1, 9, 9, 9.0], paid=[9.0, 1, 1, 0, 0, 0])
    found = verdicts(question, parts, GUARDS, value(question, parts))
    assert claim_label(found, "C16") == "supported"
    assert found["quarter"].estimate == pytest.approx(9 + 1 * 1.1 ** (-1 / 12))
    said = " ".join(claim_words(question, parts, value(question, parts), found))
    assert "Within the first quarter of a year it is worth EUR\xa0−9.99 (" in said


def test_a_year_has_no_quarter_and_one_period_no_late_part() -> None:
    question, parts = rolled_out(frequency="year"), parts_of([5.0] * HORIZON, paid=[1.0] * HORIZON)
    found = verdicts(question, parts, GUARDS, value(question, parts))
    assert claim_label(found, "C16") == "not testable with this data" and "quarter" in found["quarter"].reason
    question, parts = rolled_out(horizon=1, early=1), parts_of([5.0], paid=[1.0])
    valued = value(question, parts)
    found = verdicts(question, parts, GUARDS, valued)
    assert found["value"].label == "supported"
    assert {claim_label(found, c) for c in ("C13", "C18")} == {"not testable with this data"}
    assert "longer horizon" in " ".join(claim_words(question, parts, valued, found))


def test_an_assumed_cost_makes_no_valley_and_no_early_loss(by_score) -> None:
    question, parts = by_score
    valued = value(question, parts)
    found = verdicts(question, parts, replace(GUARDS, grade="C"), valued)
    assert found["value"].label == "consistent with"
    assert {claim_label(found, c) for c in ("C13", "C16", "C18")} == {"not testable with this data"}
    said = answer(question, parts, replace(GUARDS, grade="C"), valued, found).sentence
    assert "within the same customers over time" in said
    assert "assuming 1 step of the score for the better at a cost of EUR" in said


def test_a_metric_whose_low_end_is_good_is_lowered(by_score) -> None:
    question, _ = by_score
    assert question.score is not None
    assert question.named.startswith("raising ")
    assert replace(question, score=replace(question.score, higher_is_better=False)).named.startswith("lowering ")


@pytest.mark.parametrize("amounts", [[-1.0] * HORIZON, [-9.0, 1, 1, 1, 1, 1], [9.0, 1, 1, 1, 1, 1]])
@pytest.mark.parametrize("error", [0.01, 5.0])
def test_what_is_not_within_the_horizon_is_told_in_sentences(amounts: list[float], error: float) -> None:
    question, parts = rolled_out(), parts_of(amounts, error, paid=[0.5] * HORIZON)
    valued = value(question, parts)
    assert valued is not None
    said = " ".join(payback_and_valley(question, valued))
    for odd in ("in not within", "from not within", "until not within", "good at no", "inf", "nan"):
        assert odd not in said
    found = valued.payback
    cell = in_short(question, Span(estimate=found.estimate, low=found.earliest, high=found.latest))
    assert ("later" in cell) == np.isinf(found.latest) and len(cell) < 25
    if amounts[1] < 0 and error < 1:
        assert cell == "later"
        assert "not paid back, discounted, within 6 months, by the band either" in said
    if amounts[0] > 0 and error > 1:
        assert "by the band it may not be paid back within 6 months" in said


def test_without_costs_no_number_bears_the_name_of_a_value_after_costs() -> None:
    question, parts = rolled_out(cost_reason="there is no table 'costs'"), parts_of([1.0] * HORIZON)
    found = answer_of(question, parts, GUARDS, value(question, parts), None).estimates
    told = found[found["identified"].astype(bool)]
    assert set(told["term"]) == {"benefits", "present_value", "benefits_cumulative", "benefits_by_period"}
    lost = found[found["term"] == "net_present_value"]
    assert list(lost["reason"]) == ["there is no table 'costs'"]


def test_what_is_paid_once_does_not_go_on_after_a_short_horizon() -> None:
    question, parts = rolled_out(horizon=3, early=1), parts_of([1.0] * 3, paid=[100.0, 2.0, 2.0])
    valued = value(question, parts)
    assert valued is not None
    stays = valued.run_out.loc[valued.run_out["how"] == "stays", "estimate"].item()
    assert stays == pytest.approx(valued.value["estimate"] - sum(1.1 ** (-k / 12) for k in range(3, 15)))


def test_a_horizon_that_was_cut_and_a_roll_out_that_was_not_used_are_said() -> None:
    said = " ".join(left_out_words(rolled_out(asked_horizon=600), parts_of([1.0] * HORIZON)))
    assert "600 months were asked for; no more than 6 months are followed" in said
    said = " ".join(left_out_words(rolled_out(no_roll_out="all units start at once"), parts_of([1.0] * HORIZON)))
    assert said.endswith("costs are not used: all units start at once.")


def test_assumptions_below_zero_are_refused() -> None:
    with pytest.raises(StudyError, match="score_change: -1 steps make a score worse"):
        _check_assumed(-1.0, 5.0, 0.0)
    with pytest.raises(StudyError, match="below zero is no cost"):
        _check_assumed(1.0, -5.0, 0.0)


def test_a_figure_of_the_accounts_is_not_passed_over_by_the_route_of_the_score(by_score) -> None:
    question, parts = by_score
    books = keep_books(replace(question, reported=1000.0), parts)
    assert books is not None and books.accounts is not None
    assert books.accounts.passed is None and "without a roll-out" in books.accounts.sentence


def test_forecasts_of_another_practice_or_date_are_of_another_series() -> None:
    question = rolled_out()
    assert question.programme is not None
    one = set(observed(question)["label"])
    other = replace(question, programme=replace(question.programme, practice="panel"))
    units = replace(question.programme.units, start_idx=question.programme.units.start_idx + 1)
    later = replace(question, programme=replace(question.programme, units=units))
    assert one and not one & set(observed(other)["label"]) and not one & set(observed(later)["label"])
    assert set(predictions(question, 0.95)["label"]) <= one


def test_costs_written_below_zero_are_no_gain() -> None:
    empty = {f.name: None for f in fields(MoneyLines)} | {"reasons": {}}

    def reasons(programme: Sequence[float], serve: Sequence[float]) -> tuple[dict[str, str], pd.DataFrame]:
        rows = pd.DataFrame({"programme_cost": programme, "cost_to_serve": serve})
        found = signed_costs(MoneyLines(**(empty | {"rows": rows})))  # type: ignore[arg-type]
        return dict(found.reasons), found.rows

    told, rows = reasons([-5.0, 2.0], [-1.0, -1.0])
    assert set(told) == {"programme_cost", "cost_to_serve"} and rows.isna().all(axis=None)
    assert "write what was spent above zero" in told["programme_cost"] and "'serve'" in told["cost_to_serve"]
    told, rows = reasons([5.0, -1.0], [np.nan, np.nan])
    assert told == {} and rows["programme_cost"].tolist() == [5.0, -1.0]


def test_a_lone_treated_unit_is_refused_by_its_own_reason_and_no_shorter_horizon_is_advised() -> None:
    programme = programme_world.question_of(n=10, never=0.9, periods=20)
    frame = frame_of(programme)
    fit = fit_imputation_did(frame, outcome="outcome", weight="weight", horizon=5)
    with pytest.raises(DataError, match=r"spend: no period after the start is identified: \w+") as told:
        line_of(fit, "spend", n_periods=HORIZON)
    assert "shorter" not in str(told.value)


def test_an_amount_of_nothing_has_no_decimals() -> None:
    row = {"estimate": 0.0, "conf_low": 0.0, "conf_high": 0.0}
    assert amount(rolled_out(), row) == "EUR\xa00 (known)"


def test_what_follows_a_score_before_costs_says_for_how_many_steps() -> None:
    question = scored(score_change=0.0, cost_reason="there is no roll-out, and its cost is not given")
    parts = parts_of([1.0] * HORIZON)
    valued = value(question, parts)
    said = answer(question, parts, GUARDS, valued, verdicts(question, parts, GUARDS, valued)).sentence
    assert "; before costs of 1 step of the score for the better: EUR" in said


def test_money_without_a_customer_is_said_to_be_left_out() -> None:
    rows = [
        ("transactions", "dropped", "blank id", 400, "no customer id"),
        ("responses", "dropped", "blank id", 7, "no customer id"),
        ("transactions", "flagged", "return", 9, "amount below zero"),
        ("panel", "flagged", "transactions of strangers", 1, "rows of transactions whose customer has no contract"),
    ]
    found = lost_rows(pd.DataFrame(rows, columns=["table", "step", "rule", "rows", "sentence"]))
    assert found[0] == "400 rows of the table 'transactions' left out: no customer id."
    assert found[1].startswith("1 row of the table 'transactions' left out: nobody with a contract") and len(found) == 2
    assert list(found) == left_out_words(rolled_out(lost=found), parts_of([1.0] * HORIZON))


def test_revenue_is_entered_as_revenue_held_against_the_whole_and_against_what_is_reported_for_these_days() -> None:
    totals = pd.DataFrame({"part": ["all money of the window"], "customers": [400], "money": [1000.0]})
    lines = SimpleNamespace(money="revenue", totals=totals)
    question = rolled_out(lines=lines, reported=800.0)
    moved = pd.DataFrame(np.random.default_rng(1).normal(size=(30, HORIZON)))
    everyone = Line(name="everyone", estimate=np.ones(HORIZON), covariance=np.eye(HORIZON), moved=moved, df=30.0)
    brought, paid = replace(everyone, name="referral"), known_line("programme", -np.ones(HORIZON))
    at: dict[str, Any] = {"currency": "EUR", "periods": tuple(f"2024-{k + 1:02d}-01" for k in range(HORIZON))}
    parts = Parts(flows=join_lines([brought, paid], **at), beside=join_lines([brought, everyone], **at))
    books = keep_books(question, parts)
    assert books is not None and books.whole is not None and books.accounts is not None
    assert [entry.account for entry in books.entries] == ["revenue", "cost of the programme"]
    assert books.whole.residual == 0
    assert "The revenue of all customers from 1 January 2022 to 31 August 2023 is EUR" in books.accounts.sentence
    assert "25\xa0% more in the data" in books.accounts.sentence


def test_revenue_in_the_place_of_margin_is_said_in_the_first_sentence() -> None:
    question, parts = rolled_out(lines=SimpleNamespace(money="revenue", notes=())), parts_of([5.0] * 6, paid=[1.0] * 6)
    valued = value(question, parts)
    said = answer(question, parts, GUARDS, valued, verdicts(question, parts, GUARDS, valued)).sentence
    assert "of the start, revenue counted as if it were margin, at 10\xa0% a year" in said
    costless = replace(question, cost_reason="there is no table 'costs'")
    said = answer(costless, parts, GUARDS, valued, verdicts(costless, parts, GUARDS, valued)).sentence
    assert said.endswith("of the start, revenue counted as if it were margin, 95\xa0% interval.")
    assert "overstates gains" in " ".join(left_out_words(question, parts))
