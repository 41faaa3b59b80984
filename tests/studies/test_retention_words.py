"""Every sentence of the retention page, for every verdict and every kind of relationship."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest
from plain_words import miscounted, misprinted, too_strong
from small_company import question_of

from coroi.results import Verdict
from coroi.studies.retention import (
    answer,
    band_figure,
    band_table,
    curve_figure,
    fit,
    meaning,
    method,
    verdict,
)
from coroi.studies.retention.words import describe_band, people

RELATIONSHIPS = ("contract", "repeat_purchase", "snapshot")
COUNTS = {
    "consistent with": ((900, 1000), (700, 1000)),
    "contradicted": ((700, 1000), (900, 1000)),
    "too small to matter": ((90_050, 100_000), (90_000, 100_000)),
    "claimed effect ruled out": ((17_600, 20_000), (17_720, 20_000)),
    "cannot tell": ((85, 100), (80, 100)),
    "cannot tell, above zero": ((1170, 1300), (1131, 1300)),
    "not testable with this data": ((100, 100), (100, 100)),
}
STAYED = {
    "contract": "were still there after 12 months",
    "repeat_purchase": "bought again within 12 months",
    "snapshot": "had not left by the snapshot's date",
}


@cache
def told(relationship: str, case: str, level: float = 0.95, **more):
    top, bottom = COUNTS[case]
    horizon = 1 if relationship == "snapshot" else 12
    question = question_of(relationship, top, bottom, **({"silent": (90, 100), "horizon": horizon} | more))
    result = fit(question, level=level)
    return question, result, verdict(question, result)


@pytest.fixture(params=RELATIONSHIPS)
def relationship(request) -> str:
    return request.param


@pytest.fixture(params=COUNTS)
def case(request) -> str:
    return request.param


def all_texts(question, result, judged) -> list[str]:
    shown = answer(question, result, judged)
    card = [f"{a}: {b}" for a, b in shown.card]
    checks = [text for c in result.checks for text in (c.sentence, c.tested)]
    return [shown.sentence, *card, *meaning(question, result, judged), *method(question, result), *checks]


def test_each_case_gets_its_verdict(relationship, case):
    assert told(relationship, case)[2].label == case.split(",")[0]


def test_no_sentence_claims_more_than_association_or_shows_what_is_not_a_number(relationship, case):
    texts = all_texts(*told(relationship, case))
    assert [(t, too_strong(t)) for t in texts if too_strong(t)] == []


def test_sentences_are_sentences(relationship, case):
    question, result, judged = told(relationship, case)
    sentences = [
        answer(question, result, judged).sentence,
        *meaning(question, result, judged),
        *method(question, result),
    ]
    sentences += [c.sentence for c in result.checks]
    assert [(t, misprinted(t)) for t in sentences if misprinted(t)] == []


def test_one_is_singular_and_everything_else_plural(relationship, case):
    texts = all_texts(*told(relationship, case))
    assert [(t, miscounted(t)) for t in texts if miscounted(t)] == []


def test_the_interval_stands_beside_the_number(relationship, case):
    question, result, judged = told(relationship, case)
    sentence = answer(question, result, judged).sentence
    if case == "not testable with this data":
        assert not re.search(r"\d+ %|percentage point", sentence)
        return
    number = r"(−?[\d.]+)"
    found = re.search(
        rf"a difference of {number} percentage points? \(95\u00a0% interval {number} to {number}\)", sentence
    )
    middle, low, high = (float(x.replace("−", "-")) for x in found.groups())
    row = result.estimates[result.estimates["term"] == "difference"].iloc[0]
    assert (low, middle, high) == pytest.approx(
        [100 * row[c] for c in ("conf_low", "estimate", "conf_high")], abs=0.5 if high - low >= 20 else 0.05
    )
    assert STAYED[question.relationship] in sentence


def test_the_card_has_a_text_in_every_row(relationship, case):
    question, result, judged = told(relationship, case)
    card = dict(answer(question, result, judged).card)
    wanted = [
        "Verdict",
        "Evidence grade",
        "Effect",
        "Interval (95\u00a0%)",
        "Smallest that matters",
        "Period and people",
    ]
    if case == "not testable with this data":
        wanted = [row for row in wanted if row not in ("Effect", "Interval (95\u00a0%)")]
    assert list(card) == wanted
    assert all(text.strip() for text in card.values())
    assert card["Evidence grade"].startswith("D: cross-sectional association")
    assert ("weaker kind" in card["Evidence grade"]) == (relationship == "snapshot")
    assert card["Smallest that matters"] == "1 percentage point (from the plan)"


@pytest.mark.parametrize("case", ["cannot tell", "not testable with this data"])
def test_figures_have_words_that_state_the_numbers(relationship, case):
    question, result, _ = told(relationship, case)
    picture = band_figure(question, result)
    for row in result.estimates.itertuples():
        if row.term == "share":
            assert f"{row.band} at {describe_band(result.estimates.loc[row.Index])}" in picture.alt
    curves = curve_figure(question, result)
    if relationship == "snapshot":
        assert curves.text == "There are no curves over time: a snapshot has no time in it."
        return
    for row in result.estimates[result.estimates["term"] == "share"].itertuples():
        assert f"{row.band} at {100 * row.estimate:.1f}\u00a0%" in curves.alt


SENTENCES = {
    ("contract", "consistent with"): (
        "NPS 9–10 is found together with higher retention than NPS 0–6: 90 against 70 of every 100 customers were "
        "still there after 12 months, a difference of 20.0 percentage points (95\u00a0% interval 16.6 to 23.4)."
    ),
    ("repeat_purchase", "contradicted"): (
        "NPS 9–10 is found together with lower rates of repeat purchase than NPS 0–6: 70 against 90 of every 100 "
        "customers bought again within 12 months, a difference of −20.0 percentage points (95\u00a0% interval −23.4 "
        "to −16.6)."
    ),
    ("contract", "too small to matter"): (
        "Retention hardly differs between NPS 9–10 and NPS 0–6: 9,005 against 9,000 of every 10,000 customers were "
        "still there after 12 months, a difference of 0.05 percentage points (95\u00a0% interval −0.21 to 0.31), "
        "less than the 1 percentage point that would matter."
    ),
    ("repeat_purchase", "claimed effect ruled out"): (
        "Repeat purchase higher by 1 percentage point or more at NPS 9–10 than at NPS 0–6 is ruled out: 880 against "
        "886 of every 1,000 customers bought again within 12 months, a difference of −0.60 percentage points "
        "(95\u00a0% interval −1.23 to 0.03)."
    ),
    ("snapshot", "cannot tell"): (
        "These data cannot tell whether customers at NPS 9–10 stay more often than those at NPS 0–6: 85 against 80 "
        "of every 100 customers had not left by the snapshot's date, a difference of 5 percentage points (95\u00a0% "
        "interval −6 to 16)."
    ),
    ("repeat_purchase", "cannot tell"): (
        "These data cannot tell whether customers at NPS 9–10 buy again more often than those at NPS 0–6: 85 against "
        "80 of every 100 customers bought again within 12 months, a difference of 5 percentage points (95\u00a0% "
        "interval −6 to 15)."
    ),
    ("contract", "cannot tell, above zero"): (
        "NPS 9–10 is found together with higher retention than NPS 0–6, but these data cannot tell whether the "
        "difference is large enough to matter: 90 against 87 of every 100 customers were still there after 12 "
        "months, a difference of 3.0 percentage points (95\u00a0% interval 0.5 to 5.5)."
    ),
    ("contract", "not testable with this data"): (
        "Whether customers with higher NPS stay more often cannot be tested with these data, because no customer "
        "of either band left, so nothing tells them apart."
    ),
    ("repeat_purchase", "not testable with this data"): (
        "Whether customers with higher NPS buy again more often cannot be tested with these data, because every "
        "customer of both bands bought again, so nothing tells them apart."
    ),
}


@pytest.mark.parametrize(("relationship", "case"), SENTENCES, ids=lambda x: x)
def test_these_sentences_to_the_letter(relationship, case):
    assert answer(*told(relationship, case)).sentence == SENTENCES[relationship, case]


def test_the_effect_in_customers_to_the_letter():
    assert dict(answer(*told("contract", "cannot tell")).card)["Effect"] == (
        "about 50 more of every 1,000 customers, from 59 fewer to 159 more, were still there after 12 months at NPS "
        "9–10 than at NPS 0–6"
    )


def test_one_month_is_one_month():
    question, result, judged = told("contract", "consistent with", horizon=1)
    assert "were still there after 1 month, a" in answer(question, result, judged).sentence
    assert people(question).endswith("followed for 1 month")


@pytest.mark.parametrize(
    ("frequency", "said"), [("week", "12 weeks"), ("quarter", "12 quarters"), ("year", "12 years")]
)
def test_periods_have_the_plans_name(frequency, said):
    question, result, judged = told("contract", "consistent with", frequency=frequency)
    assert f"after {said}" in answer(question, result, judged).sentence
    assert f"in the {frequency} that begins on 1 December 2023" in people(question)


def test_where_low_scores_are_good_the_good_end_comes_first():
    question, result, judged = told("contract", "consistent with", bands=("1–2", "6–7"), label="Effort")
    assert judged.label == "consistent with"
    assert answer(question, result, judged).sentence.startswith(
        "Effort 1–2 is found together with higher retention than Effort 6–7: 90 against 70 of every 100 customers"
    )
    assert "where it is better" in meaning(question, result, judged)[0]


@pytest.mark.parametrize(
    ("label", "start"), [("review score", "Review score 9–10 is"), ("eNPS", "eNPS 9–10 is"), ("NPS", "NPS 9–10 is")]
)
def test_a_sentence_begins_with_a_capital_unless_the_name_has_its_own(label, start):
    assert answer(*told("contract", "consistent with", label=label)).sentence.startswith(start)


@pytest.mark.parametrize(
    ("delta", "said"),
    [(0.01, "1 percentage point"), (0.02, "2 percentage points"), (0.005, "0.5 percentage points"),
     (0.0025, "0.25 percentage points"), (0.0005, "0.05 percentage points"), (0.1, "10 percentage points")],
)  # fmt: skip
def test_the_smallest_that_matters_is_written_as_given(delta, said):
    question, result, judged = told("contract", "too small to matter", delta=delta)
    assert dict(answer(question, result, judged).card)["Smallest that matters"] == f"{said} (from the plan)"
    assert question.smallest == said


@pytest.mark.parametrize(("level", "said"), [(0.5, "50"), (0.9, "90"), (0.975, "97.5"), (0.999, "99.9")])
def test_the_level_of_the_interval_is_told_and_the_verdict_keeps_its_own(level, said):
    question, result, judged = told("contract", "cannot tell", level=level)
    shown = answer(question, result, judged)
    assert f"({said}\u00a0% interval" in shown.sentence
    assert f"Interval ({said}\u00a0%)" in dict(shown.card)
    assert dict(shown.card)["Verdict"].startswith("Cannot tell (95\u00a0% interval")
    assert (judged.level, judged.label) == (0.95, "cannot tell")


def test_both_verdicts_are_printed_where_they_differ():
    question, result, judged = told("contract", "cannot tell, above zero")
    adjusted = replace(judged, level=0.99, label_95="consistent with", reason="")
    assert dict(answer(question, result, adjusted).card)["Verdict"] == (
        "Cannot tell (99\u00a0% interval); by the 95\u00a0% interval: consistent with the claim."
    )


def settle(case: str, **more) -> str:
    return told("contract", case, **more)[2].reason


def test_what_would_settle_it_is_a_number_of_customers():
    assert settle("cannot tell") == (
        "Narrowing the interval to 1 percentage point either way would take about 24,000 customers in the bands "
        "compared; they hold 200."
    )
    assert settle("cannot tell, above zero") == (
        "If the difference is as estimated, showing that it exceeds 1 percentage point would take about 4,000 "
        "customers in the bands compared; they hold 2,600."
    )
    assert settle("cannot tell", delta=0.15) == (
        "The interval holds 15 percentage points, the smallest that matters; more customers would settle it."
    )


def test_so_many_customers_would_settle_it():
    question = question_of("contract", (900 * 4, 1000 * 4), (870 * 4, 1000 * 4))
    assert "exceeds 1 percentage point would take about" not in verdict(question, fit(question)).reason
    few = question_of("contract", (1170, 1300), (1131, 1300))
    many = question_of("contract", (1170 * 2, 1300 * 2), (1131 * 2, 1300 * 2))  # 5,200 of the 4,000 that are asked for
    assert verdict(few, fit(few)).label == "cannot tell"
    assert verdict(many, fit(many)).label == "consistent with"


def test_a_leaking_metric_gets_no_verdict_no_effect_and_no_finding():
    question = question_of("contract", (1000, 1000), (0, 1000))
    result = fit(question)
    judged = verdict(question, result)
    assert result.checks[0].passed is False
    assert judged.label == "not testable with this data"
    shown = answer(question, result, judged)
    assert {"Effect", "Interval (95\u00a0%)"}.isdisjoint(dict(shown.card))
    assert shown.sentence.startswith(
        "Whether customers with higher NPS stay more often cannot be tested with these data, because the metric "
        "NPS knows too well who left to have been there before."
    )
    assert band_figure(question, result).alt.startswith("Retention by band of NPS. ")
    assert curve_figure(question, result).alt.startswith("Retention by band of NPS. ")
    assert meaning(question, result, judged)[2].startswith("Answers that were surely given before the outcome")


def test_the_figures_title_is_the_finding():
    titles = {
        "consistent with": "Customers at NPS 9–10 stayed more often than at 0–6. ",
        "contradicted": "Customers at NPS 0–6 stayed more often than at 9–10. ",
        "cannot tell": "No clear difference between NPS 9–10 and 0–6. ",
    }
    for case, title in titles.items():
        question, result, _ = told("contract", case)
        assert band_figure(question, result).alt.startswith(title)
    question, result, _ = told("repeat_purchase", "consistent with")
    assert band_figure(question, result).alt.startswith("Customers at NPS 9–10 bought again more often than at 0–6. ")


def test_the_table_counts_who_left_or_bought_again():
    question, result, _ = told("contract", "consistent with")
    text = band_table(question, result).text
    assert "Left" in text
    assert re.search(r"0–6 +1,?000 +300 +70\.0", text)
    question, result, _ = told("repeat_purchase", "consistent with")
    text = band_table(question, result).text
    assert "Bought again" in text
    assert re.search(r"0–6 +1,?000 +700 +70\.0", text)


def test_the_method_says_how_long_customers_are_waited_for():
    question = question_of("repeat_purchase", (90, 100), (70, 100))
    said = {w: method(replace(question, wait=w), fit(question))[0] for w in (0, 1, 2)}
    assert "the month after that of the first purchase. Who" in said[0]
    assert "first purchase, 1 whole month later. Who" in said[1]
    assert "first purchase, 2 whole months later. Who" in said[2]


def test_the_grade_of_the_study_never_supports():
    judged = told("contract", "consistent with")[2]
    assert isinstance(judged, Verdict)
    assert (judged.grade, judged.label, judged.label_95) == ("D", "consistent with", "consistent with")


@pytest.mark.parametrize(
    ("relationship", "higher", "said"),
    [
        ("contract", True, "Whether customers with higher service calls stay more often"),
        ("snapshot", False, "Whether customers with lower service calls stay more often"),
        ("repeat_purchase", False, "Whether customers with lower service calls buy again more often"),
    ],
)
def test_better_is_higher_or_lower_as_the_plan_says(relationship, higher, said):
    shown = answer(
        *told(relationship, "not testable with this data", label="service calls", higher_is_better=higher)
    ).sentence
    assert shown.startswith(f"{said} cannot be tested with these data, because ")


def test_a_leak_is_told_in_short_above_and_in_full_on_the_card():
    question = question_of("repeat_purchase", (1000, 1000), (0, 1000), label="service calls")
    result = fit(question)
    shown = answer(question, result, verdict(question, result))
    assert shown.sentence == (
        "Whether customers with higher service calls buy again more often cannot be tested with these data, because "
        "the metric service calls knows too well who bought again to have been there before."
    )
    assert dict(shown.card)["Leak"] == (
        "The metric service calls knows too well who bought again to have been there before: it ranks 100.0 of 100 "
        "pairs of customers rightly; all 1,000 customers at 9 bought again; none of the 1,000 customers at 3 bought "
        "again, where 500 were to be expected. It gets no verdict."
    )
    assert result.checks[0].tested == (
        "whether the metric service calls can have been there before customers bought again"
    )


def test_where_everybody_answered_there_is_nobody_to_compare_with():
    checks = {c.name: c for c in told("contract", "cannot tell", silent=(0, 0))[1].checks}
    assert checks["silent"].passed is None
    assert checks["silent"].sentence == "Everybody had answered, so there is nobody to compare with."


def test_shares_that_stand_together_have_equal_decimals():
    small = told("repeat_purchase", "cannot tell", silent=(3, 1000))
    assert "never answered at 0.3\u00a0%" in band_figure(*small[:2]).alt
    rare = question_of("repeat_purchase", (30, 1000), (20, 1000), silent=(3, 1000))
    alt = band_figure(rare, fit(rare)).alt
    assert "9–10 at 3.00\u00a0% (2.11 to 4.26\u00a0%)" in alt
    assert "never answered at 0.30\u00a0% (0.10 to 0.93\u00a0%)" in alt
    ends = "0–6 at 2.00\u00a0%, 9–10 at 3.00\u00a0% and never answered at 0.30\u00a0%"
    assert ends in curve_figure(rare, fit(rare)).alt
