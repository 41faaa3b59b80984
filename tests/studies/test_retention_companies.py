"""The study on companies of a few lines: what it finds there, and what it says where nothing can be found."""

from __future__ import annotations

import re
from datetime import date

import pytest
from small_company import contracts, open_company

from coroi.errors import StudyError
from coroi.report import Picture
from coroi.results import Result, Verdict
from coroi.studies.inputs import Inputs
from coroi.studies.retention import (
    Question,
    answer,
    ask,
    band_figure,
    band_table,
    check_prediction,
    claim_verdict,
    claim_words,
    curve_figure,
    data_notes,
    fit,
    fit_point,
    flow_table,
    hazard_table,
    meaning,
    method,
    point_method,
    point_words,
    prediction_table,
    tenure_figure,
    verdict,
)

UNTIL = {"observed_until": "2024-12-31"}
STAY, BUY = (
    "Whether customers with higher NPS stay more often",
    "Whether customers with higher NPS buy again more often",
)
CANNOT = "cannot be tested with these data, because"
THIN = "fewer than two bands of NPS hold 10 customers, so nothing can be compared"


def purchases(*groups: tuple[int, float | None, list[str]]) -> dict[str, list[tuple]]:
    """Groups of (customers, score, days of purchase)."""
    bought = [(f"c{g}_{i}", day, 10.0) for g, (n, _, days) in enumerate(groups) for i in range(n) for day in days]
    answers = [
        (f"c{g}_{i}", "2023-01-20", "nps", score)
        for g, (n, score, _) in enumerate(groups)
        for i in range(n)
        if score is not None
    ]
    return {"transactions": bought, "responses": answers}


def snapshot(*groups: tuple[int, int, float | None]) -> dict[str, list[tuple]]:
    """Groups of (customers, of whom left, score)."""
    rows = [
        (f"c{g}_{i}", "yes" if i < left else "no", i % 30, score)
        for g, (n, left, score) in enumerate(groups)
        for i in range(n)
    ]
    return {"snapshot": rows}


ONCE, AGAIN = ["2023-01-10"], ["2023-01-10", "2023-06-10"]
NOTHING_TO_FIND = {
    "no exits": (
        contracts([(40, 10, ""), (40, 2, "")]),
        UNTIL,
        f"{STAY} {CANNOT} no customer of either band left, so nothing tells them apart.",
    ),
    "everyone leaves": (
        contracts([(40, 10, "2024-03-15"), (40, 2, "2024-02-15")]),
        UNTIL,
        f"{STAY} {CANNOT} every customer of both bands left, so nothing tells them apart.",
    ),
    "one customer": (contracts([(1, 10, "")]), UNTIL, f"{STAY} {CANNOT} {THIN}."),
    "constant metric": (contracts([(40, 10, ""), (40, 10, "2024-03-15")]), UNTIL, f"{STAY} {CANNOT} {THIN}."),
    "nobody answered in time": (
        contracts([(40, None, ""), (40, None, "2024-03-15")]) | {"responses": [("other", "2023-01-01", "nps", 5)]},
        UNTIL,
        f"{STAY} {CANNOT} no customer had a usable answer on NPS before the landmark.",
    ),
    "horizon longer than the data": (
        contracts([(40, 10, ""), (40, 2, "2024-03-15")]),
        UNTIL | {"horizon": 60},
        f"{STAY} {CANNOT} the data show 35 months in which an exit can be told, fewer than the horizon of 60.",
    ),
    "two months": (
        contracts([(40, 10, ""), (40, 2, "2024-12-15")], start="2024-11-01"),
        UNTIL,
        f"{STAY} {CANNOT} the data show 1 month in which",
    ),
    "purchases, horizon longer than the data": (
        purchases((60, 10, AGAIN), (40, 10, ONCE), (30, 2, AGAIN), (70, 2, ONCE)),
        UNTIL | {"horizon": 60},
        f"{BUY} {CANNOT} nobody in the band is followed for 60 months (9–10).",
    ),
    "purchases, nobody again": (
        purchases((60, 10, ONCE), (40, 2, ONCE)),
        UNTIL,
        f"{BUY} {CANNOT} no customer of either band bought again, so nothing tells them apart.",
    ),
    "purchases, all again at once": (
        purchases((60, 10, ["2023-01-10", "2023-01-12"]), (40, 2, ["2023-01-10", "2023-02-01"])),
        UNTIL,
        f"{BUY} {CANNOT} no customer reaches the landmark without having bought again.",
    ),
    "snapshot, all left": (
        snapshot((60, 60, 10), (60, 60, 2)),
        {},
        f"{STAY} {CANNOT} every customer of both bands left, so nothing tells them apart.",
    ),
    "snapshot, one customer": (snapshot((1, 0, 10)), {}, f"{STAY} {CANNOT} {THIN}."),
    "snapshot, no score": (
        snapshot((40, 10, None)),
        {},
        f"{STAY} {CANNOT} no customer had a usable answer on NPS.",
    ),
}


def study(inputs: Inputs, **asked) -> tuple[Question, Result, Verdict]:
    question = ask(inputs, **asked)
    result = fit(question)
    return question, result, verdict(question, result)


def page_of(inputs: Inputs, question: Question, result: Result, judged: Verdict) -> list[str]:
    shown = answer(question, result, judged)
    blocks = [band_figure(question, result), curve_figure(question, result), band_table(question, result)]
    point, claim = fit_point(inputs, question), claim_verdict(question, result)
    blocks += [hazard_table(question, result, point), prediction_table(question, result, point)]
    blocks += [tenure_figure(question, point), flow_table(question, result), data_notes(inputs.ledger)]
    texts = [f"{b.alt}\n{b.caption}" if isinstance(b, Picture) else b.text for b in blocks]
    texts += [f"{a}: {b}" for a, b in shown.card] + [c.sentence for c in result.checks]
    texts += [*point_words(question, result, point, "EUR"), check_prediction(question, result, point).sentence]
    texts += [*claim_words(question, result, claim), *point_method(question, result, point)]
    return [shown.sentence, *meaning(question, result, judged), *method(question, result), *texts]


@pytest.mark.parametrize("name", NOTHING_TO_FIND)
def test_where_nothing_can_be_found_the_page_says_why(name, tmp_path):
    tables, plan, sentence = NOTHING_TO_FIND[name]
    inputs = open_company(tmp_path, tables, **plan)
    question, result, judged = study(inputs)
    texts = page_of(inputs, question, result, judged)
    assert judged.label == "not testable with this data"
    assert texts[0].startswith(sentence)
    assert [t for t in texts if re.search(r"\bnan\b|\bNone\b|\binf\b|not known", t)] == []
    assert any(t.startswith("What a better score is found together with cannot be estimated: ") for t in texts)
    assert any(t.startswith("Not testable with this data: ") for t in texts)
    assert not result.estimates.loc[result.estimates["term"] == "difference", "identified"].any()


@pytest.fixture(scope="module")
def firm(tmp_path_factory) -> Inputs:
    """Of 100 at the top 10 leave, of 100 at the bottom 40, of 50 silent ones 20; five left before the landmark."""
    groups = [
        (90, 10, ""),
        (10, 10, "2024-03-15"),
        (60, 2, ""),
        (40, 2, "2024-02-15"),
        (30, None, ""),
        (20, None, "2024-05-01"),
    ]
    return open_company(tmp_path_factory.mktemp("firm"), contracts([*groups, (5, 10, "2023-03-01")]), **UNTIL)


def test_contracts_are_followed_from_the_latest_landmark(firm):
    question, result, judged = study(firm)
    assert question.cohort.landmark == date(2023, 12, 1)
    assert question.bands == ("0–6", "7–8", "9–10", "never answered")
    assert question.contrast == ("9–10", "0–6")
    rows = result.estimates.set_index("band")["estimate"]
    assert (rows["9–10"], rows["0–6"], rows["never answered"]) == pytest.approx((0.9, 0.6, 0.6))
    assert rows["9–10 less 0–6"] == pytest.approx(0.3)
    assert judged.label == "consistent with"
    assert question.cohort.flow["customers"].to_list() == [255, -5, 250]
    checks = {c.name: c.passed for c in result.checks}
    assert checks == {"leak_nps": True, "dates": True, "follow_up": True, "silent": False}


def test_what_was_declared_is_kept_with_the_result(firm):
    question, result, judged = study(firm)
    assert result.spec["declared"] == [
        {
            "theta": "share that stays, NPS 9–10 less 0–6, as a share of customers",
            "delta": 0.01,
            "level": 0.95,
            "grade": "D",
        }
    ]
    assert (result.spec["metric"], result.spec["landmark"], result.spec["relationship"]) == (
        "nps",
        "2023-12-01",
        "contract",
    )
    assert judged.theta == question.theta


def test_a_later_landmark_is_followed_as_far_as_the_data_go_and_says_so(firm):
    question, result, judged = study(firm, landmark="2024-03-01")
    assert question.horizon == 9
    texts = page_of(firm, question, result, judged)
    assert "were still there after 9 months" in texts[0]
    assert any("1 March 2024, followed for 9 months" in t for t in texts)


def test_the_horizon_may_be_chosen(firm):
    question, result, _ = study(firm, horizon=3)
    assert question.cohort.landmark == date(2024, 9, 1)
    assert result.spec["horizon"] == 3


@pytest.mark.parametrize("landmark", ["2024-13-01", "soon", "1.3.2024"])
def test_a_landmark_that_is_no_date_is_refused(firm, landmark):
    with pytest.raises(StudyError, match=rf"landmark: '{re.escape(landmark)}' is no date\. Write it as 2024-01-01"):
        ask(firm, landmark=landmark)


def test_a_landmark_outside_the_data_gives_a_reason(firm):
    assert "lies outside the periods in which an exit can be told" in ask(firm, landmark="2031-01-01").cohort.reason


def test_an_unknown_metric_is_refused_with_the_nearest_name(firm):
    with pytest.raises(StudyError, match=r"The plan has no metric 'nsp'\. Did you mean 'nps'\?"):
        ask(firm, metric="nsp")


def test_a_company_that_tells_nothing_of_who_stays_is_refused(tmp_path):
    inputs = open_company(tmp_path, {"customers": [("a", "x"), ("b", "y")]})
    with pytest.raises(StudyError, match="map contracts, purchases or a snapshot"):
        ask(inputs)


def test_where_low_is_good_the_contrast_turns_round(tmp_path):
    metrics = {"effort": {"scale": [1, 7], "higher_is": "worse", "label": "Effort"}}
    groups = [(36, 1, ""), (4, 1, "2024-03-15"), (20, 7, ""), (20, 7, "2024-03-15")]
    tables = contracts(groups)
    tables["responses"] = [(c, day, "effort", score) for c, day, _, score in tables["responses"]]
    question, result, judged = study(open_company(tmp_path, tables, metrics=metrics, **UNTIL))
    assert question.contrast == ("1–4", "7")
    assert judged.estimate == pytest.approx(0.4)
    assert answer(question, result, judged).sentence.startswith(
        "Effort 1–4 is found together with higher retention than Effort 7: 90 against 50 of every 100 customers"
    )


def test_bands_of_fewer_than_ten_move_the_contrast_inwards(tmp_path):
    groups = [(9, 10, ""), (40, 8, ""), (10, 7, "2024-03-15"), (30, 2, ""), (10, 2, "2024-03-15")]
    question = ask(open_company(tmp_path, contracts(groups), **UNTIL))
    assert question.contrast == ("7–8", "0–6")


def test_a_leaking_metric_gets_no_verdict(tmp_path):
    inputs = open_company(tmp_path, contracts([(200, 10, ""), (200, 0, "2024-03-15")]), **UNTIL)
    question, result, judged = study(inputs)
    assert judged.label == "not testable with this data"
    assert {"Effect", "Interval (95\u00a0%)"}.isdisjoint(dict(answer(question, result, judged).card))
    assert answer(question, result, judged).sentence == (
        f"{STAY} {CANNOT} the metric NPS knows too well who left to have been there before."
    )
    assert dict(answer(question, result, judged).card)["Leak"] == result.checks[0].sentence


def test_repeat_purchase_is_told_as_such(tmp_path):
    groups = [(60, 10, AGAIN), (40, 10, ONCE), (30, 2, AGAIN), (70, 2, ONCE)]
    early, late = (5, 8, ["2023-01-10", "2023-01-20"]), (30, None, ["2024-12-02"])
    inputs = open_company(tmp_path, purchases(*groups, early, late), **UNTIL)
    question, result, judged = study(inputs)
    assert answer(question, result, judged).sentence.startswith(
        "NPS 9–10 is found together with higher rates of repeat purchase than NPS 0–6: 60 against 30 of every 100 "
        "customers bought again within 12 months"
    )
    assert question.cohort.flow["customers"].to_list() == [235, -5, -30, 200]
    texts = " ".join(page_of(inputs, question, result, judged))
    assert not re.search(
        r"\bstay|\bretention\b|\bleft\b(?! out)", texts.replace("retention_by_band", ""), re.IGNORECASE
    )


def test_a_snapshot_is_labelled_as_the_weaker_evidence(tmp_path):
    inputs = open_company(tmp_path, snapshot((60, 10, 10), (60, 30, 2), (20, 5, None)))
    question, result, judged = study(inputs)
    shown = answer(question, result, judged)
    assert judged.label == "consistent with"
    assert "83 against 50 of every 100 customers had not left by the snapshot's date" in shown.sentence
    assert "the weaker kind" in dict(shown.card)["Evidence grade"]
    assert dict(shown.card)["Period and people"] == "140 customers on one date"
    assert {c.name: c.passed for c in result.checks}["dates"] is None
    assert "which came first" in meaning(question, result, judged)[1]


def test_the_cleaning_is_told_or_that_there_was_none(firm, tmp_path):
    assert data_notes(firm.ledger).text == "- No row was left out of any table."
    tables = contracts([(20, 10, ""), (20, 2, "2024-03-15")])
    tables["responses"] += [("c0_0", "2023-06-15", "nps", 11), ("c0_1", "2023-06-15", "nps", 42)]
    text = data_notes(open_company(tmp_path, tables, **UNTIL).ledger).text
    assert re.search(r"responses: 2 rows (dropped|set to missing) \(.*0 to 10", text)
