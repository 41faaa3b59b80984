"""Every sentence of the page of `firms`, for every verdict."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from plain_words import miscounted, misprinted, too_strong
from small_firms import drawn_firms, open_firms, with_value

from coroi.claims import judge
from coroi.results import Verdict
from coroi.studies import firms
from coroi.studies.firms.question import COST, STANDING, VALUE
from coroi.studies.firms.words import effect_words, sentence

VALUES = {
    "consistent with": (0.08, 0.03, 0.13),
    "contradicted": (-0.08, -0.13, -0.03),
    "too small to matter": (0.003, -0.006, 0.012),
    "claimed effect ruled out": (-0.02, -0.05, 0.01),
    "cannot tell": (0.04, -0.06, 0.14),
}


@cache
def drawn():
    with TemporaryDirectory() as folder:
        question = firms.ask(open_firms(Path(folder), {"firms": drawn_firms()}), case_firm="Firm 05", horizon=2)
    found = firms.fit(question)
    return question, found, firms.verdicts(question, found)


def told(label: str, grade: str = "C"):
    """Return what was found, with a value of the label's kind."""
    question, found, verdicts = drawn()
    found = with_value(question, found, *VALUES[label])
    ends = VALUES[label][1:]
    declared = replace(question.declaration(VALUE), grade=grade)
    verdict = judge(declared, estimate=VALUES[label][0], interval=ends, interval_95=ends)
    assert verdict.label == label
    return question, found, {**verdicts, VALUE: verdict}


def untested() -> tuple:
    question, found, verdicts = drawn()
    reason = "the data hold neither market values nor monthly returns with factors"
    nothing = {name: replace(v, label="not testable with this data", reason=reason) for name, v in verdicts.items()}
    return question, found, nothing


def all_words(question, found, verdicts) -> list[str]:
    answer = firms.answer(question, found, verdicts)
    said = [answer.sentence, *firms.meaning(question, found, verdicts), *firms.method(question, found)]
    said += firms.arrow_words(question, found)
    for name in (VALUE, STANDING, COST):
        said += firms.claim_words(question, found, verdicts, name)
    said += [f"{text.rstrip('.')}." for label, text in answer.card if label != "Verdict"]
    return said + [c.sentence for c in firms.all_checks(found)]


@pytest.mark.parametrize("label", [*VALUES, "untested"])
def test_no_sentence_is_misprinted_miscounted_or_too_strong(label):
    case = untested() if label == "untested" else told(label)
    for text in all_words(*case):
        allowed = {"goes with", "increase"}
        assert misprinted(text) == [], text
        assert miscounted(text) == [], text
        assert set(too_strong(text.replace("influential", ""))) <= allowed, text


SENTENCES = {
    "consistent with": "Higher satisfaction goes with higher market value, within the same firms: with satisfaction "
    "one standard deviation (4.2 points) higher than usual for it, a firm is worth about 8.3 % more 2 years later (95 "
    "% interval 3.0 to 13.9 %).",
    "contradicted": "Higher satisfaction goes with lower market value, within the same firms: with satisfaction one "
    "standard deviation (4.2 points) higher than usual for it, a firm is worth about 7.7 % less 2 years later (95 % "
    "interval −12.2 to −3.0 %).",
    "too small to matter": "Market value hardly moves with satisfaction: with satisfaction one standard deviation (4.2 "
    "points) higher than usual for it, a firm is worth about 0.30 % more 2 years later (95 % interval −0.60 to 1.21 "
    "%), less than the 2 % that would matter.",
    "claimed effect ruled out": "That market value moves as claimed by 2 % or more is ruled out: with satisfaction one "
    "standard deviation (4.2 points) higher than usual for it, a firm is worth about 2.0 % less 2 years later (95 % "
    "interval −4.9 to 1.0 %).",
    "cannot tell": "These data cannot tell whether earnings given up for customers come back as value of the firm: "
    "with satisfaction one standard deviation (4.2 points) higher than usual for it, a firm is worth about 4 % more 2 "
    "years later (95 % interval −6 to 15 %).",
}


@pytest.mark.parametrize("label", VALUES)
def test_the_answer_says_what_the_verdict_is(label):
    question, found, verdicts = told(label)
    points = f"{question.panel.points:.1f}"
    want = SENTENCES[label].replace("4.2 points", f"{points} points")
    assert firms.answer(question, found, verdicts).sentence.replace("\u00a0", " ") == want


def test_a_weaker_grade_has_a_weaker_verb():
    question, found, verdicts = told("consistent with", grade="D")
    said = sentence(question, found, verdicts, VALUE)
    assert said.startswith("Higher satisfaction is found together with higher market value: with")


def test_where_value_cannot_be_tested_the_page_leads_with_standing():
    question, found, verdicts = drawn()
    nothing = replace(verdicts[VALUE], label="not testable with this data", reason="the data hold no values")
    answer = firms.answer(question, found, {**verdicts, VALUE: nothing})
    assert firms.headline_of({**verdicts, VALUE: nothing}) == STANDING
    assert "its rivals by market value" in answer.sentence
    assert answer.verdict is verdicts[STANDING]
    card = dict(answer.card)
    assert card["Verdict"].startswith("On C15, standing: Too small to matter (98.3")
    assert card["Verdict on C17, value"] == "Not testable with this data: the data hold no values."


def test_nothing_tested_is_said_without_a_number():
    question, found, verdicts = untested()
    said = firms.answer(question, found, verdicts).sentence
    assert said.startswith(
        "Whether earnings given up for customers come back as value of the firm cannot be tested with"
    )
    assert not re.search(r"\d", said)


def test_a_fall_of_earnings_is_told_by_its_sides():
    question, found, _ = drawn()
    said = (
        r"earnings of the same year are [\d.]+ percentage points of revenue lower \(95.% interval [\d.]+ to [\d.]+ low"
    )
    assert re.search(said, effect_words(question, found, COST))


@pytest.mark.parametrize("label", VALUES)
def test_meaning_joins_both_halves_of_the_claim(label):
    question, found, verdicts = told(label)
    assert verdicts[COST].label == "consistent with"
    first = firms.meaning(question, found, verdicts)[0]
    both = "Both halves of the claim are there" in first
    assert both == (label == "consistent with")


def test_verdicts_keep_their_level_whatever_is_shown():
    question, found, verdicts = drawn()
    narrow = firms.fit(question, level=0.5)
    again = firms.verdicts(question, narrow)
    for name in (STANDING, VALUE, COST):
        assert again[name].conf_low == pytest.approx(verdicts[name].conf_low, rel=1e-12)
        assert again[name].level == pytest.approx(1 - 0.05 / 3)
    assert isinstance(again[VALUE], Verdict)
    row = narrow.paths.row("market_value", 2)
    assert row["conf_low"] > found.paths.row("market_value", 2)["conf_low"]
    assert np.isfinite([row["within"], row["pooled"]]).all()
