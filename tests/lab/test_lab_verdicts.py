"""What counts as claiming an effect, and what the study says of companies whose truth is plain."""

from __future__ import annotations

import pandas as pd
import pytest

from coroi.claims import Declaration, judge
from coroi.lab.experiments.verdicts import claims_effect, judge_counts
from coroi.report.words import statement
from coroi.results import Grade


def told(grade: Grade):
    declared = Declaration(theta="share", delta=0.01, level=0.975, grade=grade)
    return judge(declared, estimate=0.1, interval=(0.05, 0.15), interval_95=(0.06, 0.14))


@pytest.mark.parametrize(("grade", "causal"), [("A", True), ("B", True), ("C", False), ("D", False)])
def test_a_verdict_claims_an_effect_where_its_grade_lets_it(grade, causal):
    assert claims_effect(told(grade), ()) is causal


@pytest.mark.parametrize("direction", ["higher", "lower"])
@pytest.mark.parametrize(("grade", "causal"), [("A", True), ("B", True), ("C", False), ("D", False), ("P1", False)])
def test_so_do_words(grade, causal, direction):
    said = statement("NPS 9–10", "retention", grade=grade, direction=direction)
    assert claims_effect(told("D"), ("Nothing.", f"{said} than NPS 0–6: 12 of 100.")) is causal


def counts(kept: dict[int, int], n: int = 400) -> pd.DataFrame:
    """Return landmark counts of `n` customers at each score, of whom so many stay."""
    rows = []
    for score, stay in kept.items():
        for event, customers in ((0, stay), (1, n - stay)):
            known = {"state": "answered", "score": float(score), "duration": 12 if not event else 6}
            rows.append(known | {"event": event, "n": customers})
    rows.append({"state": "never answered", "score": float("nan"), "duration": 12, "event": 0, "n": 50})
    return pd.DataFrame(rows)


def test_a_plain_association_is_consistent_with_the_claim_and_no_more():
    found = judge_counts(counts({3: 280, 7: 300, 10: 390}))
    assert {name: each.label for name, each in found.items()} == {
        "difference": "consistent with",
        "gain_at_the_top": "consistent with",
    }
    assert [each.causal for each in found.values()] == [False, False]
    assert [each.refused for each in found.values()] == ["", ""]


def test_the_reverse_is_contradicted_without_a_word_of_cause():
    found = judge_counts(counts({3: 390, 7: 385, 10: 280}))
    assert [each.label for each in found.values()] == ["contradicted", "contradicted"]
    assert [each.causal for each in found.values()] == [False, False]


def test_a_band_too_small_refuses_the_ladder_alone():
    small = counts({3: 300, 10: 380})
    few = pd.DataFrame([{"state": "answered", "score": 7.0, "duration": 12, "event": 0, "n": 9}])
    found = judge_counts(pd.concat([small, few], ignore_index=True))
    assert (found["difference"].refused, found["difference"].label) == ("", "consistent with")
    assert "do not all hold 10 customers" in found["gain_at_the_top"].refused
    assert found["gain_at_the_top"].label == "not testable with this data"
