"""What is said of the claim that the pay-off sits at the top of the scale, for every verdict."""

from __future__ import annotations

import re
from functools import cache

import pytest
from plain_words import miscounted, misprinted, too_strong
from small_company import question_of

from coroi.studies.retention import claim_verdict, claim_words, fit, verdict
from coroi.studies.retention.answer import estimate_row

LADDERS = {  # (kept, customers) at the top, in the middle and at the bottom
    "consistent with": ((900, 1000), (620, 1000), (600, 1000)),
    "contradicted": ((920, 1000), (900, 1000), (500, 1000)),
    "too small to matter": ((90_020, 100_000), (90_010, 100_000), (90_000, 100_000)),
    "claimed effect ruled out": ((17_600, 20_000), (17_660, 20_000), (17_600, 20_000)),
    "cannot tell": ((88, 100), (82, 100), (80, 100)),
    "cannot tell, above zero": ((11_040, 12_000), (10_800, 12_000), (10_800, 12_000)),
    "not testable with this data": ((100, 100), (100, 100), (100, 100)),
}
VERDICT_WORDS = {
    "consistent with": "Consistent with the claim",
    "contradicted": "Contradicted",
    "too small to matter": "Too small to matter",
    "claimed effect ruled out": "Claimed effect ruled out",
    "cannot tell": "Cannot tell",
    "not testable with this data": "Not testable with this data",
}
CLAIM = "Claim C06: the pay-off sits at the top of the scale; delight gains more than mere satisfaction."


@cache
def climbed(relationship: str, case: str, level: float = 0.95, **more):
    top, middle, bottom = LADDERS[case]
    horizon = 1 if relationship == "snapshot" else 12
    asked = {"silent": (90, 100), "horizon": horizon, "middle": middle} | more
    question = question_of(relationship, top, bottom, **asked)
    result = fit(question, level=level)
    return question, result, claim_verdict(question, result)


@pytest.fixture(params=("contract", "repeat_purchase", "snapshot"))
def relationship(request) -> str:
    return request.param


@pytest.fixture(params=LADDERS)
def climb(request) -> str:
    return request.param


def test_the_claim_gets_its_verdict_at_the_level_of_two_declared_rows(relationship, climb):
    question, result, judged = climbed(relationship, climb)
    assert (judged.label, judged.level, judged.grade) == (climb.split(",")[0], 0.975, "D")
    assert verdict(question, result).level == 0.975
    top, middle, bottom = (kept / n for kept, n in LADDERS[climb])
    row = estimate_row(result, "gain_at_the_top")
    if climb == "not testable with this data":
        assert not row["identified"]
        return
    assert row["estimate"] == pytest.approx(top - 2 * middle + bottom, abs=1e-12)
    assert judged.conf_low < row["conf_low"] < judged.estimate < row["conf_high"] < judged.conf_high


def test_both_rows_are_declared_before_the_fit():
    result = climbed("contract", "cannot tell")[1]
    assert result.spec["declared"] == [
        {"theta": "share", "delta": 0.01, "level": 0.975, "grade": "D"},
        {
            "theta": "C06: share, NPS, gain from 7–8 to 9–10 less gain from 0–6 to 7–8, as a share of customers",
            "delta": 0.01,
            "level": 0.975,
            "grade": "D",
        },
    ]


def test_the_words_of_the_claim_hold_its_verdict_its_steps_and_their_intervals(relationship, climb):
    question, result, judged = climbed(relationship, climb)
    texts = claim_words(question, result, judged)
    label = climb.split(",")[0]
    assert texts[0] == CLAIM
    if label == "not testable with this data":
        assert len(texts) == 2
        assert texts[1].startswith("Not testable with this data: ")
        return
    assert texts[2].startswith(f"Verdict: {VERDICT_WORDS[label]} (97.5\u00a0% interval); by the 95\u00a0% interval: ")
    assert "Evidence grade D: cross-sectional association" in texts[2]
    number = r"(−?[\d.]+)"
    found = re.findall(rf"{number} percentage points? \({number} to {number}\)", texts[1])
    wanted = [estimate_row(result, t) for t in ("first_step", "last_step", "gain_at_the_top")]
    found_ends = [float(x.replace("−", "-")) for row in found for x in row]
    assert found_ends == pytest.approx(
        [100 * row[c] for row in wanted for c in ("estimate", "conf_low", "conf_high")],
        abs=0.5 if climb == "cannot tell" else 0.05,
    )


def test_the_words_of_the_claim_are_sentences_of_the_weaker_kind(relationship, climb):
    for text in claim_words(*climbed(relationship, climb)):
        assert misprinted(text) + miscounted(text) + too_strong(text) == [], text


def test_the_claim_to_the_letter():
    assert claim_words(*climbed("contract", "consistent with")) == (
        CLAIM,
        "From NPS 0–6 to NPS 7–8 retention differs by 2.0 percentage points (−2.3 to 6.3), from NPS 7–8 to NPS 9–10 by "
        "28.0 percentage points (24.4 to 31.5); the second step less the first is 26.0 percentage points (19.1 to "
        "33.1). Intervals are at 95\u00a0%.",
        "Verdict: Consistent with the claim (97.5\u00a0% interval); by the 95\u00a0% interval: consistent with the "
        "claim. Evidence grade D: cross-sectional association.",
    )
    assert claim_words(*climbed("snapshot", "cannot tell", level=0.9))[1:] == (
        "From NPS 0–6 to NPS 7–8 retention differs by 2.0 percentage points (−7.3 to 11.3), from NPS 7–8 to NPS 9–10 "
        "by 6.0 percentage points (−2.5 to 14.6); the second step less the first is 4 percentage points (−11 to 20). "
        "Intervals are at 90\u00a0%.",
        "Verdict: Cannot tell (97.5\u00a0% interval); by the 95\u00a0% interval: cannot tell. Narrowing the interval "
        "to 1 percentage point either way would take about 150,000 customers in the bands compared; they hold 300. "
        "Evidence grade D: cross-sectional association, and the weaker kind: one date, no follow-up.",
    )
    assert claim_words(*climbed("repeat_purchase", "not testable with this data")) == (
        CLAIM,
        "Not testable with this data: every customer of these bands bought again, so nothing tells them apart.",
    )


def test_without_three_bands_the_claim_cannot_be_tested():
    question = question_of("contract", (900, 1000), (700, 1000))
    result = fit(question)
    judged = claim_verdict(question, result)
    assert (judged.label, judged.level) == ("not testable with this data", 0.95)
    assert claim_words(question, result, judged) == (
        CLAIM,
        "Not testable with this data: NPS has no three bands to compare.",
    )


@pytest.mark.parametrize("middle", [None, (100, 200)])
def test_a_leaking_metric_gets_no_verdict_on_the_claim_either(middle):
    question = question_of("contract", (1000, 1000), (0, 1000), middle=middle)
    result = fit(question)
    judged = claim_verdict(question, result)
    assert claim_words(question, result, judged)[1] == (
        "Not testable with this data: the metric NPS knows too well who left to have been there before."
    )
