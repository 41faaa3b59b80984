"""The study `roi` where the truth is known: what the lines come to, and what is said of them by verdict and grade."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple, get_args

import numpy as np
import pandas as pd
import pytest
from plain_words import miscounted, misprinted
from roi_world import question_of

from coroi.claims import Declaration, graded
from coroi.models.imputation_did import fit_imputation_did
from coroi.prepare.money_lines import MoneyLines
from coroi.results import Grade, Label, Result, Verdict
from coroi.roi.flows import line_of
from coroi.studies import roi
from coroi.studies.programme.parts import OUTCOME, WEIGHT
from coroi.studies.roi.answer import claim_label
from coroi.studies.roi.books import Books
from coroi.studies.roi.parts import NOT_ASKED, PROGRAMME, line_frame
from coroi.studies.roi.question import Question, declared_rows
from coroi.studies.roi.words import PAYS, payback_words, sentence


class Told(NamedTuple):
    question: Question
    parts: roi.Parts
    valued: roi.Valued | None
    guards: roi.Guards
    books: Books | None
    result: Result
    verdicts: dict[str, Verdict]
    against: roi.CaseAgainst

    @property
    def said(self) -> str:
        return sentence(self.question, self.parts, self.valued, self.verdicts)


def told(question: Question, *, guarded: bool = True) -> Told:
    """Answer a question; without its guards, which take longest, at grade B."""
    parts = roi.fit_parts(question)
    valued = roi.value(question, parts)
    books = roi.keep_books(question, parts)
    guards = roi.run_guards(question, parts, books) if guarded else roi.Guards(checks=(), graded=None, grade="B")
    result = roi.answer_of(question, parts, guards, valued, books)
    judged = roi.verdicts(question, parts, guards, valued)
    return Told(question, parts, valued, guards, books, result, judged, roi.case_against(question, parts, valued))


def sentences(found: Told) -> list[str]:
    q, parts, valued, guards, books, _, judged, against = found
    return [
        found.said,
        *roi.meaning(q, guards, valued, judged),
        roi.next_words(q, valued, judged),
        *roi.payback_and_valley(q, valued),
        *roi.claim_words(q, parts, valued, judged),
        *roi.ledger_words(q, parts, books),
        *roi.left_out_words(q, parts),
        *roi.referee_words(q, against),
        *roi.method(q, parts),
    ]


def blocks(found: Told) -> list[str]:
    q, parts, valued, _, books, result, judged, _ = found
    made = [
        roi.ledger_table(q, result, books),
        roi.grid_table(q, result, valued),
        roi.run_out_table(q, result, valued),
        roi.numbers_table(q, result, valued),
        roi.information_table(q, valued),
        roi.verdicts_table(judged),
        roi.flow_table(q, result),
        roi.valley_figure(q, parts, valued),
        roi.swings_figure(q, result, valued),
    ]
    return [getattr(block, "html", "") + getattr(block, "alt", "") for block in made]


@pytest.fixture(scope="module")
def pays() -> Told:
    return told(question_of(gain=2.0, early_gain=-1.0, set_up=3.0, running=0.2, noise=0.02))


@pytest.fixture(scope="module")
def loses() -> Told:
    return told(question_of(gain=0.3, set_up=12.0, running=0.5, noise=0.02, seed=2))


@pytest.fixture(scope="module")
def nothing() -> Told:
    return told(question_of(gain=0.0, noise=2.0, seed=3))


@pytest.fixture(scope="module")
def costless() -> Told:
    return told(question_of(gain=1.0, absent=("programme_cost",), seed=4))


def test_lines_add_up_to_the_fit_of_the_total_and_to_the_ledger(pays):
    flows = pays.parts.flows
    benefits = np.sum([flows.line(n).estimate for n in pays.parts.benefits], axis=0)
    own = line_of(pays.parts.fits["total"], "total", n_periods=12)
    np.testing.assert_allclose(benefits, own.estimate, rtol=0, atol=1e-9)
    both = flows.line("retention").estimate + flows.line("spend").estimate
    margin = line_of(pays.parts.fits["margin"], "margin", n_periods=12).estimate
    np.testing.assert_allclose(both, margin, rtol=0, atol=1e-9)
    value = float(pays.question.factors @ flows.total.estimate)
    assert pays.valued.value["estimate"] == pytest.approx(value, abs=1e-9)
    assert pays.books.table["value"].iloc[:-1].sum() == pytest.approx(value, abs=1e-9)
    assert pays.books.table["value"].iloc[-1] == pytest.approx(value, abs=1e-9)
    assert pays.valued.by_line["estimate"].iloc[:-1].sum() == pytest.approx(value, abs=1e-9)


def test_the_total_of_all_lines_is_a_direct_fit_of_profit_with_its_error(pays):
    """Costs are known money by time since the start, so that a fit of benefit less cost gives path and errors."""
    frame = line_frame(pays.question, "benefit")
    paid = line_frame(pays.question, "programme_cost")["outcome"].to_numpy(float)
    fit = fit_imputation_did(
        frame.assign(outcome=frame["outcome"] - paid), outcome=OUTCOME, weight=WEIGHT, horizon=11, keep_influence=True
    )
    direct = line_of(fit, "profit", n_periods=12)
    total = pays.parts.flows.total
    np.testing.assert_allclose(total.estimate, direct.estimate, rtol=0, atol=1e-9)
    np.testing.assert_allclose(total.covariance, direct.covariance, rtol=0, atol=1e-9)
    assert total.df == direct.df
    error = np.sqrt(pays.question.factors @ direct.covariance @ pays.question.factors)
    assert pays.valued.value["std_error"] == pytest.approx(error, abs=1e-9)


def test_what_the_programme_is_worth_is_found(pays):
    factors = pays.question.factors
    truth = float(factors @ np.where(np.arange(12) < 3, -1.0, 2.0)) - 3.0 - 0.2 * float(factors.sum())
    assert pays.valued.value["conf_low"] < truth < pays.valued.value["conf_high"]
    shares = {"retention": 0.6, "spend": 0.1, "referral": 0.2, "cost to serve": 0.1}
    rows = pays.valued.by_line.set_index("line")
    for name, share in shares.items():
        own = share * float(factors @ np.where(np.arange(12) < 3, -1.0, 2.0))
        assert abs(rows.loc[name, "estimate"] - own) < 4 * rows.loc[name, "std_error"], name
    assert rows.loc[PROGRAMME, "estimate"] == pytest.approx(-3.0 - 0.2 * float(factors.sum()))
    assert pays.verdicts["value"].label == "supported"
    assert pays.guards.grade == "B"
    assert pays.said.startswith("The programme likely pays: EUR")


def test_a_valley_and_its_claims_are_told(pays):
    assert pays.verdicts["early"].estimate > 0  # claimed side positive: a cost early
    assert pays.verdicts["late"].estimate == pytest.approx(float(pays.valued.late["estimate"]))
    assert claim_label(pays.verdicts, "C13") == claim_label(pays.verdicts, "C18") == "supported"
    valley = roi.payback_and_valley(pays.question, pays.valued)[1]
    assert "a dip is told from chance (p < 0.001)" in valley
    assert "month 3" in valley
    assert pays.valued.dates[0] is not None
    assert re.search(r"paid back, discounted, in month \d+", payback_words(pays.question, pays.valued))


def test_a_loss_is_told_with_its_grade(loses):
    assert loses.verdicts["value"].label == "contradicted"
    assert "likely does not pay" in loses.said
    words = payback_words(loses.question, loses.valued)
    assert words == "By the estimate not paid back, discounted, within 12 months, by the band either."
    assert (
        "does not rise above zero for good within 12 months, by the band either."
        in roi.payback_and_valley(loses.question, loses.valued)[1]
    )
    assert loses.valued.dates == (None, None, None)
    assert claim_label(loses.verdicts, "C16") == "contradicted"


def test_where_nothing_happens_nothing_is_told(nothing):
    assert nothing.verdicts["value"].label == "cannot tell"
    assert "These data cannot tell whether the programme pays" in nothing.said
    assert "units like these; there are 30." in nothing.verdicts["value"].reason


def test_the_words_are_plain(pays, loses, nothing, costless):
    for found in (pays, loses, nothing, costless):
        for text in sentences(found):
            assert miscounted(text) == [], text
            assert misprinted(text) == [], text
            assert not re.search(r"\b(nan|None|inf)\b", text), text
        for html in blocks(found):
            assert html
            assert not re.search(r"\b(nan|None(?!: the value)|inf)\b", html)


GAINS = ("supported", "consistent with")
CAUSAL = r"\bpays\b|likely|does not pay|\bbrings? back\b"


def judged(grade: Grade, label: Label) -> dict[str, Verdict]:
    row = Declaration(theta="value", delta=1.0, level=0.95, grade=grade)
    fields = {"theta": row.theta, "delta": 1.0, "level": 0.95, "grade": grade}
    made = Verdict(label=label, label_95=label, estimate=2.0, conf_low=1.0, conf_high=3.0, reason="", **fields)
    return {"value": made}


@pytest.mark.parametrize("grade", "ABCD")
@pytest.mark.parametrize("label", [x for x in get_args(Label) if x != "not testable with this data"])
def test_no_sentence_claims_more_than_its_grade(pays, label, grade):
    text = sentence(pays.question, pays.parts, pays.valued, judged(grade, label))
    assert text.count("EUR") >= 1
    assert "95" in text
    assert misprinted(text) == []
    verbs = {
        "A": ("pays:", "does not pay:"),
        "B": ("likely pays:", "likely does not pay:"),
        "C": ("goes with a net gain", "goes with a net loss"),
        "D": ("is found together with a net gain", "is found together with a net loss"),
    }[grade]
    if label in GAINS:
        assert verbs[0] in text
    elif label == "contradicted":
        assert verbs[1] in text
    if label in (*GAINS, "contradicted"):
        assert ("likely" in text) == (grade == "B")
        assert not (grade in "CD" and re.search(CAUSAL, text)), text
    else:
        assert {
            "too small to matter": "is too small to matter",
            "claimed effect ruled out": "is ruled out",
            "cannot tell": "cannot tell whether",
        }[label] in text
        assert not re.search(r"^The programme.*\bpays:|likely", text)
    assert PAYS[label]


def test_too_small_and_ruled_out_are_judged_on_the_interval(pays):
    close = told(replace(question_of(gain=0.0, noise=0.02, seed=5), delta=2.0), guarded=False)
    assert close.verdicts["value"].label == "too small to matter"
    assert "is too small to matter" in close.said
    ruled = told(replace(question_of(gain=0.05, noise=0.5, running=0.25, seed=6), delta=2.0), guarded=False)
    assert ruled.verdicts["value"].label == "claimed effect ruled out"
    assert "a net gain of EUR" in ruled.said


def test_payback_that_is_at_once_is_told_so():
    found = told(question_of(gain=2.0, seed=7), guarded=False)
    words = payback_words(found.question, found.valued)
    assert words == "By the estimate it is never below zero, so that there is nothing to pay back."
    assert "never below zero" in roi.payback_and_valley(found.question, found.valued)[1]


def test_without_costs_the_effect_is_kept_and_no_return_told(costless):
    assert PROGRAMME not in costless.parts.flows.names
    assert {v.label for v in costless.verdicts.values()} == {"not testable with this data"}
    assert "because there is no table 'costs'; before costs: EUR" in costless.said
    assert costless.valued.ratio is None
    assert costless.valued.factor is None
    assert costless.valued.information is None
    card = dict(roi.answer(costless.question, costless.parts, costless.guards, costless.valued, costless.verdicts).card)
    assert "Before costs" in card
    assert not {"Net present value", "Payback", "Net return"} & set(card)
    assert roi.payback_and_valley(costless.question, costless.valued) == (
        "When it is paid back cannot be told: there is no table 'costs'.",
    )
    assert "what the programme costs" in roi.next_words(costless.question, costless.valued, costless.verdicts)
    value = costless.valued.value["estimate"]
    assert value == pytest.approx(float(costless.valued.gain["estimate"]))  # at most this may it cost


def test_lines_that_the_data_do_not_tell_are_named():
    found = told(question_of(gain=1.0, running=0.2, absent=("referral", "silent", "heard"), seed=9), guarded=False)
    assert set(found.parts.left_out) == {"referral"}
    assert "Referral is not counted: there is no table 'referral'." in roi.left_out_words(found.question, found.parts)
    assert found.parts.benefits == ("retention", "spend", "cost to serve")
    assert "Who is silent is not known" in " ".join(found.against.sentences)


def test_referrals_can_be_left_out():
    with_them, without = (told(question_of(gain=1.0, referrals=yes, seed=10), guarded=False) for yes in (True, False))
    assert "referral" not in without.parts.flows.names
    assert without.parts.left_out == {"referral": NOT_ASKED}
    own = with_them.valued.by_line.set_index("line").loc["referral", "estimate"]
    assert with_them.valued.value["estimate"] - without.valued.value["estimate"] == pytest.approx(own, abs=1e-9)


def test_what_is_brought_by_others_is_told_beside_where_it_is_not_counted():
    found = told(question_of(gain=1.0, referrals=False, seed=10), guarded=False)
    words = " ".join(roi.ledger_words(found.question, found.parts, found.books))
    assert "Beside the sum, and not counted: customers whom they recommended brought EUR" in words
    counted = told(question_of(gain=1.0, referrals=True, seed=10), guarded=False)
    assert "Beside the sum" not in " ".join(roi.ledger_words(counted.question, counted.parts, counted.books))


def test_lines_that_claim_more_than_the_whole_shows_lower_the_grade():
    honest = question_of(gain=2.0, referral=0.5, noise=0.05, seed=12)
    parts = roi.fit_parts(honest)
    fine = roi.keep_books(honest, parts).check
    assert fine.passed
    rows = honest.lines.rows  # who is recommended would have come anyway: the others are fewer by as many
    moved = rows.assign(others=rows["others"] - rows["referral"])
    moved["everyone"] = moved["margin"] + moved["referral"] - moved["elsewhere"] + moved["others"]
    displaced = replace(honest, lines=replace(honest.lines, rows=moved))
    parts = roi.fit_parts(displaced)
    claimed = roi.keep_books(displaced, parts).check
    assert claimed.passed is False
    assert "the entries claim money that the whole does not show" in claimed.sentence
    assert graded("B", [claimed]).grade == "D"
    assert "claim more than the money of everybody" in graded("B", [claimed]).words()
    guards = roi.run_guards(displaced, parts, roi.keep_books(displaced, parts))
    assert guards.grade == "D"


def test_the_referee_says_what_would_erase_a_value_clear_of_zero(pays):
    cause, trend, silent = pays.against.sentences
    assert pays.against.confounder is not None
    assert pays.against.trend is not None
    assert pays.against.silent is not None
    assert not any(s.startswith("Not worked out") for s in (cause, trend, silent))
    assert roi.referee_words(pays.question, pays.against) == (cause, trend, silent)


def test_the_referee_has_nothing_to_erase_where_the_value_is_open(nothing):
    (only,) = nothing.against.sentences
    assert only.startswith("There is nothing to erase: the net present value")
    assert (nothing.against.confounder, nothing.against.trend, nothing.against.silent) == (None, None, None)


@pytest.mark.parametrize(("heard", "who"), [(0.0, "No customer"), (1.0, "Every customer")])
def test_with_nobody_heard_or_nobody_silent_nobody_is_set_apart(heard, who):
    found = told(question_of(gain=2.0, heard=heard, seed=11), guarded=False)
    assert found.against.sentences[2].startswith(f"{who} had answered before the first start")


def test_accounts_that_fit_and_that_do_not(pays):
    def held(reported: float) -> Books | None:
        return roi.keep_books(replace(pays.question, reported=reported), pays.parts)

    fits, off, none = held(1e5), held(2e5), held(0.0)
    assert fits.accounts.passed is True
    assert off.accounts.passed is False
    assert none.accounts is None
    assert roi.ledger_words(pays.question, pays.parts, off)[-1] == off.accounts.sentence
    assert "(`reported_margin`)" in roi.ledger_words(pays.question, pays.parts, none)[-1]


def test_knowing_more_is_worth_something_only_where_the_decision_is_open(pays):
    open_ = told(question_of(gain=0.5, set_up=5.5, noise=2.0, seed=12), guarded=False)
    rows = open_.valued.information.set_index("input")["value"]
    assert rows["everything"] > 0
    assert (rows <= rows["everything"] + 1e-9).all()
    sure = pays.valued.information.set_index("input")["value"]
    assert sure["everything"] * open_.question.n_customers < rows["everything"] * pays.question.n_customers
    words = roi.next_words(open_.question, open_.valued, open_.verdicts)
    assert words.startswith("What to measure next. ")
    assert words.endswith("A start drawn by lot (`coroi design`) would lift the evidence to grade A.")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"starts": (3,), "never": 0.0}, "every unit is treated from the same period on"),
        ({"n": 2, "never": 0.5}, "one unit alone is treated"),
        ({"never": 1.0}, "no unit is seen both before and after"),
    ],
)
def test_roll_outs_that_cannot_be_compared_are_refused_in_one_sentence(changes, said):
    found = told(question_of(gain=1.0, **changes))
    assert found.valued is None
    assert found.said.startswith("Whether the programme pays cannot be tested with these data, because ")
    assert said in found.said
    assert found.said.count(". ") == 0
    assert {v.label for v in found.verdicts.values()} == {"not testable with this data"}
    assert roi.referee_words(found.question, found.against) == ("There is no value that anything could erase.",)
    for text in sentences(found):
        assert misprinted(text) == [], text
    assert not found.result.estimates["identified"].astype(bool).any()


def test_every_declared_scalar_is_in_the_spec_before_the_fit(pays):
    declared = declared_rows(pays.question, pays.guards.grade)
    assert [d["theta"] for d in pays.result.spec["declared"]] == [d.theta for d in declared.values()]
    assert set(pays.verdicts) == set(declared) == {"value", "quarter", "early", "late", "valley", "forgone"}
    assert isinstance(pays.question.lines, MoneyLines)
    assert pd.api.types.is_numeric_dtype(pays.result.estimates["estimate"])
