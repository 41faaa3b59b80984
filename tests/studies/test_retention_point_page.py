"""The words, tables and figure of one step on the scale: letter by letter, and for every kind of company."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache

import pandas as pd
import pytest
from plain_words import miscounted, misprinted, too_strong
from small_company import question_of

from coroi.prepare.landmark import NEVER
from coroi.results import Result
from coroi.studies.retention import (
    PointEffect,
    Question,
    check_prediction,
    claim_verdict,
    fit,
    hazard_table,
    point_method,
    point_words,
    prediction_table,
    publish,
    tenure_figure,
    verdict,
)
from coroi.studies.retention.point_terms import in_words

RELATIONSHIPS = ("contract", "repeat_purchase", "snapshot")
LAST = (
    "This is an association of grade D. It holds every score where it was and compares customers who differ, so it "
    "does not say what a change of the score would bring."
)
LEVELS = {"tenure": ["0–2", "3 and more"], "segment": ["basic", "plus"]}
Ends = tuple[float, float, float]


def row(term: str, ends: Ends | None, *, band: str = "", reason: str = "") -> dict:
    middle, low, high = ends or (math.nan,) * 3
    return {"term": term, "band": band, "estimate": middle, "std_error": 0.1, "conf_low": low, "conf_high": high} | {
        "identified": ends is not None,
        "reason": reason,
    }


def result_of(rows: list[dict], **spec: object) -> Result:
    return Result(
        method="hazard", estimand="", spec={"level": 0.95} | spec, estimates=pd.DataFrame(rows), n_obs=1, n_entities=1
    )


def effect(
    gap: Ends | None = (0.022, 0.015, 0.028),
    *,
    slope: Ends | None = (-0.2, -0.3, -0.1),
    stayed: Ends = (0.13, 0.09, 0.17),
    levels: dict[str, list[str]] | None = None,
    link: str = "cloglog",
    seen: dict[str, Ends | None] | None = None,
    reason: str = "",
    **more: object,
) -> PointEffect:
    """Return an effect of known numbers; `gap` and `seen` are of the share still there."""
    levels = LEVELS if levels is None else levels
    terms = [{"name": "score", "levels": [], "centre": 5.0, "reference": ""}]
    terms += [{"name": n, "levels": named, "centre": 0.0, "reference": named[0]} for n, named in levels.items()]
    rows = [row("constant", (-4.0, -4.1, -3.9)), row("score", slope, reason=reason)]
    rows += [row(f"{n}[{level}]", (0.1, 0.0, 0.2)) for n, named in levels.items() for level in named[1:]]
    steps = [row("difference", gap, reason=reason)]
    steps += [row("difference_periods_stayed", stayed if gap else None, reason=reason)]
    seen = {"0–6": (0.7, 0.65, 0.75), "9–10": (0.9, 0.88, 0.92)} if seen is None else seen
    bands = [row("retention", ends, band=band, reason=reason) for band, ends in seen.items()]
    given = {
        "hazard": result_of(rows, link=link, terms=terms),
        "by_band": result_of(bands),
        "step": result_of(steps),
        "size": 1.0,
        "life_table": pd.DataFrame({"tenure_periods": range(6), "n": [1000.0] * 6, "events": [20.0] * 3 + [5.0] * 3}),
        "tenure_bands": ((0, "0–2"), (3, "3 and more")),
        "n_answered": 600,
        "revenue": 30.0,
    }
    return PointEffect(**(given | more))


@cache
def asked(relationship: str = "contract", **more) -> tuple[Question, Result]:
    horizon = {"snapshot": 1}.get(relationship, 12)
    question = question_of(relationship, (900, 1000), (700, 1000), **({"horizon": horizon} | more))
    return question, fit(question)


def words(found: PointEffect, relationship: str = "contract", **more) -> tuple[str, ...]:
    return point_words(*asked(relationship, **more), found, "EUR")


class TestWords:
    def test_of_contracts_to_the_letter(self):
        assert words(effect()) == (
            "At equal tenure and segment, one point better on NPS is found together with higher retention: about 22 "
            "more of every 1,000 customers, 15 to 28 more (95\u00a0% interval), were still there after 12 months. "
            "Among the 600 customers with a usable answer that is about 13 more, 9 to 17 more.",
            "In money that is about EUR\u00a03,900 more revenue for every 1,000 customers over 12 months, "
            "EUR\u00a02,700 to 5,100 more (95\u00a0% interval), at a mean of EUR 30.00 a customer and month. That "
            "mean is taken as known; the interval carries the doubt about who stays.",
            LAST,
        )

    def test_of_repeat_purchase_to_the_letter(self):
        """Fewer who have not bought again are more who have."""
        found = effect((-0.004, -0.006, -0.002), slope=(0.3, 0.1, 0.5), seen={"0–6": (0.3, 0.28, 0.32)})
        assert words(found, "repeat_purchase") == (
            "At equal time since the landmark and segment, one point better on NPS is found together with higher "
            "repeat purchase: about 4 more of every 1,000 customers, 2 to 6 more (95\u00a0% interval), bought again "
            "within 12 months. Among the 600 customers with a usable answer that is about 2 more, 1 to 4 more.",
            "In money that is about EUR\u00a0120 more revenue for every 1,000 customers over 12 months, EUR\u00a060 "
            "to 180 more (95\u00a0% interval), at a mean of EUR 30.00 in a month with a purchase, counted once for "
            "each who bought again. That mean is taken as known; the interval carries the doubt about who buys again.",
            LAST,
        )

    def test_of_a_snapshot_to_the_letter(self):
        found = effect((0.02, 0.01, 0.03), link="logit", levels={})
        assert words(found, "snapshot") == (
            "One point better on NPS is found together with higher retention: about 20 more of every 1,000 customers, "
            "10 to 30 more (95\u00a0% interval), had not left by the snapshot's date. Among the 600 customers with a "
            "usable answer that is about 12 more, 6 to 18 more.",
            "In money that is about EUR\u00a0600 more revenue for every 1,000 customers and month, EUR\u00a0300 to "
            "900 more (95\u00a0% interval), at a mean of EUR 30.00 a customer and month. That mean is taken as known; "
            "the interval carries the doubt about who stays.",
            LAST,
        )

    def test_of_nothing_to_be_seen(self):
        found = effect((0.001, -0.003, 0.006), slope=(-0.01, -0.05, 0.03), stayed=(0.01, -0.02, 0.04))
        assert words(found)[:2] == (
            "At equal tenure and segment, these data cannot tell whether one point better on NPS is found together "
            "with higher or lower retention: about 1 more of every 1,000 customers, from 3 fewer to 6 more (95\u00a0% "
            "interval), were still there after 12 months. Among the 600 customers with a usable answer that is about "
            "1 more, from 2 fewer to 4 more.",
            "In money that is about EUR\u00a0300 more revenue for every 1,000 customers over 12 months, from "
            "EUR\u00a0600 less to EUR\u00a01,200 more (95\u00a0% interval), at a mean of EUR 30.00 a customer and "
            "month. That mean is taken as known; the interval carries the doubt about who stays.",
        )

    def test_of_an_adverse_answer(self):
        found = effect((-0.016, -0.021, -0.011), slope=(0.2, 0.1, 0.3), stayed=(-0.1, -0.14, -0.06))
        people, paid, _ = words(found)
        assert "one point better on NPS is found together with lower retention: about 16 fewer of every 1,000" in people
        assert "customers, 11 to 21 fewer (95\u00a0% interval), were still there" in people
        assert people.endswith("that is about 10 fewer, 7 to 13 fewer.")
        assert paid.startswith(
            "In money that is about EUR\u00a03,000 less revenue for every 1,000 customers over 12 months, "
            "EUR\u00a01,800 to 4,200 less (95\u00a0% interval),"
        )

    def test_where_difference_and_ratio_disagree_neither_is_relied_on(self):
        by_gap, paid, _ = words(effect(slope=(-0.1, -0.3, 0.1)))
        assert paid == "In money nothing is said, since the difference and the ratio disagree."
        assert "these data cannot tell whether one point better" in by_gap
        assert by_gap.endswith(
            " The interval of the difference leaves out zero, while that of the hazard ratio, 0.74 to 1.11, holds 1; "
            "so neither is relied on."
        )
        by_ratio = words(effect((0.02, -0.01, 0.05), link="logit"), "snapshot")[0]
        assert "these data cannot tell whether one point better" in by_ratio
        assert by_ratio.endswith(
            " The interval of the difference holds zero, while that of the odds ratio, 0.74 to 0.90, leaves out 1; so "
            "neither is relied on."
        )

    def test_without_revenue_nothing_is_said_of_money(self):
        assert words(effect(revenue=math.nan))[1] == "In money nothing can be said: the tables hold no revenue."

    @pytest.mark.parametrize(("size", "said"), [(10.0, "10 points better"), (0.05, "0.05 points better")])
    def test_the_step_is_named(self, size, said):
        assert f"segment, {said} on NPS is found together with" in words(effect(size=size))[0]

    def test_one_is_singular(self):
        people, paid, _ = words(effect(n_answered=1), horizon=1)
        assert "were still there after 1 month. Among the 1 customer with a usable answer" in people
        assert "customers over 1 month, EUR" in paid

    @pytest.mark.parametrize(
        ("levels", "lead"),
        [
            ({"tenure": ["0–2", "3 and more"], "segment": ["not given"]}, "At equal tenure, one"),
            ({"tenure": ["all"], "segment": ["a", "b"]}, "At equal segment, one"),
            ({"state": ["answered", "never answered"], "tenure": ["all"]}, "One"),
        ],
    )
    def test_only_what_is_held_equal_is_said_to_be(self, levels, lead):
        assert words(effect(levels=levels))[0].startswith(f"{lead} point better on NPS is found")

    def test_a_small_difference_is_told_of_so_many_that_it_can_be_seen(self):
        people = words(effect((0.00067, 0.0002, 0.0011)))[0]
        assert "about 7 more of every 10,000 customers, 2 to 11 more (95\u00a0% interval)" in people

    def test_a_prediction_that_is_off_is_told_beside_it(self):
        assert words(effect(seen={"9–10": (0.5, 0.4, 0.6)}))[2] == (
            f"{LAST} The check of the prediction did not pass (see Checks): a straight line may be too simple for it."
        )

    def test_the_level_is_that_of_the_estimates(self):
        found = effect()
        narrow = replace(found, step=replace(found.step, spec={"level": 0.5}))
        assert all("(50\u00a0% interval)" in text for text in words(narrow)[:2])

    def test_where_the_bands_cannot_be_compared_no_step_is_told(self):
        question = question_of("contract", (100, 100), (100, 100))
        result = fit(question)
        why = "no customer of either band left, so nothing tells them apart."
        assert point_words(question, result, effect(), "EUR") == (
            f"What a better score is found together with cannot be estimated: {why}",
        )
        assert hazard_table(question, result, effect()).text == f"No ratio is shown: {why}"
        assert prediction_table(question, result, effect()).text == f"Nothing is predicted: {why}"
        checked = check_prediction(question, result, effect())
        assert (checked.passed, checked.sentence) == (None, f"Nothing is predicted: {why}")
        assert point_method(question, result, effect()) == ()


class TestReasons:
    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("the event never happens", "nobody left"),
            ("the event happens in every row", "everybody left as soon as they could"),
            ("nobody of this level has the event (segment[plus])", "nobody of this group left (segment plus)"),
            (
                "everybody of this level has the event, among the rows that stay (tenure[3–5])",
                "everybody of this group left, among those who can be compared (3–5 months since the start)",
            ),
            (
                "it does not vary, or is a combination of the terms before it (score)",
                "it does not vary, or other terms tell it already (NPS)",
            ),
            (
                "nobody of this level has the event (state[never answered])",
                "nobody of this group left (never answered)",
            ),
            (
                "every row has a level in which the event happens to nobody or to everybody",
                "every customer is in a group of which nobody or everybody left",
            ),
            (
                "the covariates separate those who leave from those who stay, so no estimate exists",
                "what is known tells fully who left, so no estimate exists",
            ),
            ("there is but one customer", "there is but one customer"),
        ],
    )
    def test_are_told_in_the_studys_words(self, theirs, ours):
        assert in_words(asked()[0], effect(), theirs) == ours

    def test_reach_the_page(self):
        found = effect(None, slope=None, levels={}, seen={"0–6": None, "9–10": None}, reason="the event never happens")
        assert words(found, "repeat_purchase") == (
            "What a better score is found together with cannot be estimated: nobody bought again.",
        )
        question, result = asked("repeat_purchase")
        assert hazard_table(question, result, found).text == "No ratio is shown: nobody bought again."
        assert prediction_table(question, result, found).text == "Nothing is predicted: nobody bought again."
        assert check_prediction(question, result, found).sentence == "No band can be compared."

    def test_name_those_who_answered_where_none_of_them_left(self):
        found = effect(None, slope=None, reason="it does not vary, or is a combination of the terms before it")
        answered = row("state[answered]", None, reason="nobody of this level has the event")
        rows = pd.concat([found.hazard.estimates, pd.DataFrame([answered])], ignore_index=True)
        found = replace(found, hazard=replace(found.hazard, estimates=rows))
        assert words(found)[0].endswith("estimated: nobody of this group left (customers who had answered).")


class TestHazardTable:
    def test_of_contracts(self):
        levels = {"state": ["answered", "never answered", "answer too old"]} | LEVELS
        text = hazard_table(*asked(), effect(levels=levels)).text
        assert text.splitlines()[0] == (
            "Hazard ratios of leaving, estimated together; below 1 is less often. Groups are set against an answer of "
            "5, 0–2 months since the start and segment basic"
        )
        assert "Hazard ratio of leaving (95\u00a0% interval)" in text
        assert re.search(r"NPS, one point higher +0\.82 \(0\.74 to 0\.90\)", text)
        assert re.search(r" never answered +1\.11 \(1\.00 to 1\.22\)", text)
        assert re.search(r"3 and more months since the start +1\.11", text)
        assert re.search(r"segment plus +1\.11", text)
        assert "constant" not in text

    def test_of_repeat_purchase_and_of_a_snapshot(self):
        text = hazard_table(*asked("repeat_purchase", frequency="week"), effect(levels={"tenure": ["0", "1"]})).text
        assert text.startswith(
            "Hazard ratios of buying again, estimated together; below 1 is less often. Groups are set against 0 weeks "
            "since the landmark\n"
        )
        assert re.search(r"1 week since the landmark +1\.11", text)
        text = hazard_table(*asked("snapshot", frequency="year"), effect(link="logit")).text
        assert "Odds ratio of leaving (95\u00a0% interval)" in text
        assert "set against 0–2 months since the start and segment basic\n" in text

    def test_of_tenures_and_segments_that_are_not_told_apart(self):
        levels = {"tenure": ["0–2", "not given"], "segment": ["basic", "not given", "others"]}
        text = hazard_table(*asked(), effect(levels=levels)).text
        assert re.search(r"\n +tenure not given +1\.11", text)
        assert re.search(r"\n +segment not given +1\.11", text)
        assert re.search(r"\n +the other segments +1\.11", text)

    def test_without_groups(self):
        text = hazard_table(*asked(), effect(levels={"tenure": ["all"], "segment": ["not given"]})).text
        assert text.startswith("Hazard ratios of leaving, estimated together; below 1 is less often\n")

    def test_the_ratio_is_of_a_whole_step(self):
        text = hazard_table(*asked(), effect(slope=(0.02, 0.01, 0.03), size=10.0)).text
        assert re.search(r"NPS, 10 points higher +1\.22 \(1\.11 to 1\.35\)", text)

    def test_another_reference_and_a_group_without_exits(self):
        levels = {"state": ["answered", "never answered"], "segment": ["a", "b"]}
        found = effect(levels=levels)
        terms = [t | {"reference": t["levels"][-1] if t["levels"] else ""} for t in found.hazard.spec["terms"]]
        rows = [row("score", None, reason="it does not vary, or is a combination of the terms before it")]
        rows += [row("state[answered]", None, reason="nobody of this level has the event")]
        rows += [row("segment[a]", (0.0, -0.001, 0.001))]
        found = replace(found, hazard=result_of(rows, link="cloglog", terms=terms))
        text = hazard_table(*asked(), found).text
        assert text.splitlines()[0].endswith("Groups are set against never answered and segment b")
        assert re.search(r" had answered +not estimable: nobody of this group left\n", text)
        assert re.search(r"segment a +1\.00 \(0\.999 to 1\.001\)", text)

    def test_a_ratio_of_few_exits_is_withheld(self):
        """Its interval is about as wide as one over the root of the exits, which tells how many there were."""
        found = effect(few=frozenset({"segment[plus]"}))
        text = hazard_table(*asked(), found).text
        why = "withheld, since fewer than 10 customers behind it left, or did not"
        assert re.search(rf" segment plus +{why}\n?", text)
        assert re.search(r"3 and more months since the start +1\.11", text)

    def test_where_few_of_those_who_answered_left_nothing_is_told_of_a_step(self):
        found = effect(few=frozenset({"score", "state[answered]"}))
        why = "withheld, since fewer than 10 customers with a usable answer left, or did not"
        question, result = asked()
        assert point_words(question, result, found, "EUR") == (
            f"What a better score is found together with cannot be estimated: {why}.",
        )
        ratios = hazard_table(question, result, found).text
        assert re.search(r"NPS, one point higher +withheld, since fewer than 10 customers behind it left", ratios)
        assert prediction_table(question, result, found).text == f"Nothing is predicted: {why}."
        assert check_prediction(question, result, found).passed is None


class TestPrediction:
    def test_stands_beside_what_was_seen(self):
        text = prediction_table(*asked(silent=(90, 100)), effect(seen={"9–10": (0.9, 0.88, 0.92)})).text
        assert text.splitlines()[0] == "Retention after 12 months: seen and predicted"
        assert "Seen (95\u00a0% interval) Predicted, score held (95\u00a0% interval)" in text
        assert re.search(
            r"9–10 +90\.0\u00a0% \(8\d\.\d to 9\d\.\d\u00a0%\) +90\.0\u00a0% \(88\.0 to 92\.0\u00a0%\)", text
        )
        assert "never answered" not in text

    def test_of_repeat_purchase_is_of_those_who_bought(self):
        text = prediction_table(*asked("repeat_purchase"), effect(seen={"9–10": (0.1, 0.08, 0.13)})).text
        assert text.splitlines()[0] == "Repeat purchase within 12 months: seen and predicted"
        assert re.search(r"9–10 +90\.0\u00a0% \(.*\) +90\.0\u00a0% \(87\.0 to 92\.0\u00a0%\)", text)

    def test_a_band_that_cannot_be_predicted_says_why(self):
        found = effect(seen={"0–6": None, "9–10": (0.9, 0.88, 0.92)}, reason="no row has this level (segment[plus])")
        assert "not estimable: nobody is in this group (segment plus)" in prediction_table(*asked(), found).text

    def test_of_a_band_whose_share_is_withheld_is_withheld_too(self):
        """The model fits the groups' sums, so that what it predicts of one is nearly what was seen."""
        question = question_of("contract", (900, 1000), (700, 1000), silent=(96, 100))
        exact = fit(question)
        result, _, _ = publish(question, exact, verdict(question, exact), claim_verdict(question, exact))
        found = effect(seen={"0–6": (0.7, 0.6, 0.8), "9–10": (0.9, 0.8, 0.95), NEVER: (0.963, 0.9, 0.98)})
        text = prediction_table(question, result, found).text
        assert re.search(rf"{NEVER} +withheld, since fewer than 10 customers left +withheld\n?", text)
        assert "96.3" not in text
        assert re.search(r"9–10 +90\.0\u00a0% \(.*\) +90\.0\u00a0% \(80\.0 to 95\.0\u00a0%\)", text)
        assert "96.3" in prediction_table(question, exact, found).text  # shown where the share is
        checked = check_prediction(question, result, found)
        assert checked.sentence == "The prediction lies within the interval of what was seen in 2 of 2 bands."

    @pytest.mark.parametrize(
        ("seen", "passed", "said"),
        [
            ({"0–6": (0.7, 0.6, 0.8), "9–10": (0.9, 0.8, 0.95)}, True, "2 of 2 bands."),
            ({"0–6": (0.7, 0.6, 0.8), "9–10": None}, True, "1 of 1 band."),
            ({"0–6": (0.7, 0.6, 0.8), "9–10": (0.95, 0.8, 0.99)}, False, "1 of 2 bands; not at 9–10. A straight line"),
            ({"0–6": (0.8, 0.7, 0.9), "9–10": (0.8, 0.7, 0.9)}, False, "0 of 2 bands; not at 0–6 and 9–10. A straight"),
        ],
    )
    def test_is_checked_against_the_intervals_seen(self, seen, passed, said):
        checked = check_prediction(*asked(), effect(seen=seen, reason="nobody of this level has the event"))
        assert checked.passed is passed
        assert checked.sentence.startswith(f"The prediction lies within the interval of what was seen in {said}")

    def test_of_repeat_purchase_is_checked_the_right_way_round(self):
        right = effect(seen={"0–6": (0.3, 0.2, 0.4), "9–10": (0.1, 0.05, 0.2)})
        assert check_prediction(*asked("repeat_purchase"), right).passed is True
        assert check_prediction(*asked("contract"), right).passed is False


class TestTenureFigure:
    def test_tells_the_finding_and_every_number(self):
        picture = tenure_figure(asked()[0], effect())
        assert picture.alt == (
            "Customers leave most often 0–2 months after the start. Points with intervals by months since the start, "
            "the share of those at risk that left in a month: 0–2: 2.00\u00a0% (1.56 to 2.57\u00a0%); 3 and more: "
            "0.50\u00a0% (0.30 to 0.82\u00a0%)."
        )
        assert picture.caption == (
            "Share that left in a month, by time since the start; n counts customer-months at risk, 6,000 in all."
        )

    def test_finds_nothing_where_nothing_stands_out(self):
        life = pd.DataFrame({"tenure_periods": range(6), "n": [100.0] * 6, "events": [11.0, 9, 10, 10, 9, 11]})
        alt = tenure_figure(asked("repeat_purchase")[0], effect(life_table=life)).alt
        assert alt.startswith(
            "No time stands out in how often customers buy again. Points with intervals by months since"
        )
        assert (
            "since the landmark, the share of those at risk that bought again in a month: 0–2: 10.0\u00a0% (7.1 to"
            in alt
        )

    def test_keeps_the_level(self):
        life = pd.DataFrame({"tenure_periods": [0, 3], "n": [100.0, 100.0], "events": [50.0, 10.0]})
        alts = [tenure_figure(asked()[0], effect(life_table=life, level=at)).alt for at in (0.95, 0.5)]
        assert "0–2: 50.0\u00a0% (40.4 to 59.6\u00a0%)" in alts[0]
        assert "0–2: 50.0\u00a0% (46.6 to 53.4\u00a0%)" in alts[1]

    def test_joins_bands_that_are_too_many_to_show(self):
        life = pd.DataFrame({"tenure_periods": range(30), "n": [100.0] * 30, "events": [10.0] * 30})
        bands = tuple((i, str(i)) for i in range(30))
        alt = tenure_figure(
            asked("repeat_purchase", frequency="week")[0], effect(life_table=life, tenure_bands=bands)
        ).alt
        shown = re.findall(r"([\d–]+(?: and more)?): \d", alt)
        assert shown == [*(f"{a}–{a + 2}" for a in range(0, 27, 3)), "27 and more"]
        assert "by weeks since the landmark" in alt

    @pytest.mark.parametrize(
        ("relationship", "more", "why"),
        [
            ("snapshot", {}, "a snapshot has no time in it"),
            (
                "contract",
                {"tenure_bands": ((0, "all"),)},
                "too few customers left, or too few did not, to tell one time from another",
            ),
            ("contract", {"life_table": pd.DataFrame(), "reason": "there is no cohort"}, "there is no cohort"),
        ],
    )
    def test_says_why_there_is_none(self, relationship, more, why):
        block = tenure_figure(asked(relationship)[0], replace(effect(), **more))
        assert block.text == f"There is no figure of the hazard over time: {why}."


class TestMethod:
    @pytest.mark.parametrize(
        ("relationship", "link", "said"),
        [
            (
                "contract",
                "cloglog",
                "every month in which a customer could leave is one observation, in all of the data. The hazard of "
                "leaving (complementary log-log link) depends on the score as it was known before it",
            ),
            (
                "repeat_purchase",
                "logit",
                "every month from the landmark to the next purchase, or to the end of follow-up, is one observation. "
                "The hazard of buying again (logit link) depends on the score as it was known at the landmark, on "
                "whether there was one, on the time since then and on segment",
            ),
            (
                "snapshot",
                "logit",
                "each customer is one observation. The chance of having left (logit link) depends on",
            ),
        ],
    )
    def test_says_what_was_fitted(self, relationship, link, said):
        texts = point_method(*asked(relationship), effect(link=link))
        assert texts[0].startswith(f"For one step on the scale {said}")
        assert [t for t in texts if misprinted(t) + too_strong(t)] == []

    def test_says_nothing_where_nothing_was(self):
        assert point_method(*asked(), replace(effect(), hazard=None)) == ()


GAPS = {
    "higher": ((0.022, 0.015, 0.028), (-0.2, -0.3, -0.1), (0.13, 0.09, 0.17)),
    "lower": ((-0.022, -0.028, -0.015), (0.2, 0.1, 0.3), (-0.13, -0.17, -0.09)),
    "nothing": ((0.0, -0.001, 0.001), (0.0, -0.01, 0.01), (0.0, -0.01, 0.01)),
    "disagreeing": ((0.022, 0.015, 0.028), (-0.2, -0.5, 0.1), (0.13, 0.09, 0.17)),
}


@pytest.mark.parametrize("relationship", RELATIONSHIPS)
@pytest.mark.parametrize("case", GAPS)
@pytest.mark.parametrize(("size", "n", "revenue"), [(1.0, 1, 30.0), (10.0, 60_000, math.nan), (0.05, 600, 0.01)])
def test_every_paragraph_has_its_interval_right_counts_and_no_causal_verb(relationship, case, size, n, revenue):
    gap, slope, stayed = GAPS[case]
    found = effect(gap, slope=slope, stayed=stayed, size=size, n_answered=n, revenue=revenue)
    texts = words(found, relationship, label="review score")
    for text in texts:
        assert misprinted(text) + miscounted(text) + too_strong(text) == [], text
        assert not re.search(r"\braise|\blower(s|ed)\b|\blead|\beffect\b|\bimpact", text), text
    for text in texts[: 1 if math.isnan(revenue) or case == "disagreeing" else 2]:
        assert "(95\u00a0% interval)" in text
    turned = relationship == "repeat_purchase"
    more, fewer = ("fewer", "more") if turned else ("more", "fewer")
    sign = {"higher": f"about 22 {more} of", "disagreeing": f"about 22 {more} of", "lower": f"about 22 {fewer} of"}
    assert sign.get(case, "about 0 more of") in texts[0]
    if case in ("higher", "lower"):
        assert f"is found together with {'lower' if turned == (case == 'higher') else 'higher'} re" in texts[0]
    else:
        assert "cannot tell whether" in texts[0]
