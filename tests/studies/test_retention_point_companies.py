"""One step on the scale, told of small companies of every kind, from their tables to the words."""

from __future__ import annotations

import re
from functools import partial

import pytest
from plain_words import miscounted, misprinted, too_strong
from small_company import contracts, open_company

from coroi.report import Picture
from coroi.studies.inputs import Inputs
from coroi.studies.retention import (
    Question,
    ask,
    check_prediction,
    fit,
    fit_point,
    hazard_table,
    point,
    point_method,
    point_words,
    prediction_table,
    tenure_figure,
)

UNTIL = {"observed_until": "2024-12-31"}
ENDS = ["2024-01-15", "2024-03-15", "2024-08-15", "2024-11-15"]
DAYS = ["2023-03-10", "2023-05-10", "2023-08-10", "2023-12-10"]


def of_contracts() -> dict[str, list[tuple]]:
    groups = [(n, score, "") for n, score in ((80, 10), (60, 8), (40, 3), (50, None))]
    return contracts(groups + [(n, score, end) for n, score in ((2, 10), (4, 8), (8, 3), (4, None)) for end in ENDS])


def of_purchases() -> dict[str, list[tuple]]:
    groups = [(n, score, "") for n, score in ((60, 10), (60, 8), (80, 3), (50, None))]
    groups += [(n, score, day) for n, score in ((10, 10), (6, 8), (3, 3), (4, None)) for day in DAYS]
    bought, answers = [], []
    for group, (n, score, day) in enumerate(groups):
        for i in range(n):
            bought += [(f"c{group}_{i}", at, 10.0) for at in ("2023-01-10", day) if at]
            answers += [(f"c{group}_{i}", "2023-01-20", "nps", score)] if score is not None else []
    return {"transactions": bought, "responses": answers}


def of_snapshot() -> dict[str, list[tuple]]:
    groups = ((100, 10, 10), (100, 20, 8), (100, 40, 3), (50, 10, None))
    rows = [
        (f"c{g}_{i}", "yes" if i < left else "no", 5 * (i % 9), score)
        for g, (n, left, score) in enumerate(groups)
        for i in range(n)
    ]
    return {"snapshot": rows}


COMPANIES = {"contract": of_contracts, "repeat_purchase": of_purchases, "snapshot": of_snapshot}


def page_of(inputs: Inputs, question: Question) -> list[str]:
    result, found = fit(question), fit_point(inputs, question)
    blocks = [hazard_table(question, result, found), prediction_table(question, result, found)]
    figure = tenure_figure(question, found)
    figures = [figure.alt, figure.caption] if isinstance(figure, Picture) else [figure.text]
    said = [*point_words(question, result, found, "EUR"), check_prediction(question, result, found).sentence]
    return [*said, *point_method(question, result, found), *figures, *(b.text for b in blocks)]


@pytest.mark.parametrize("relationship", COMPANIES)
class TestCompanies:
    def test_are_told_in_plain_words(self, relationship, tmp_path):
        inputs = open_company(tmp_path, COMPANIES[relationship](), **UNTIL)
        texts = page_of(inputs, ask(inputs))
        assert "ne point better on NPS is found together with higher re" in texts[0]
        assert texts[1].startswith("In money ")
        assert texts[3].startswith("The prediction lies within the interval of what was seen in ")
        tables = texts[-2:]
        assert all("95\u00a0% interval" in t for t in tables)
        for text in texts[:-2]:
            assert misprinted(text) + miscounted(text) == [], text
        for text in texts:
            assert too_strong(text) == [], text
        again = re.search(r"\bstay(s|ed)?\b|\bretention\b|\bleft\b|\bleav", " ".join(texts), re.IGNORECASE)
        assert bool(again) == (relationship != "repeat_purchase")
        left_out = "There is no figure of the hazard over time: a snapshot has no time in it."
        assert (left_out in texts) == (relationship == "snapshot")

    def test_are_told_alike_where_rows_are_streamed(self, relationship, tmp_path, monkeypatch):
        inputs = open_company(tmp_path, COMPANIES[relationship](), **UNTIL)
        question = ask(inputs)
        at_once = page_of(inputs, question)
        for name in ("panel_cells", "reduce_rows"):
            monkeypatch.setattr(point, name, partial(getattr(point, name), most_cells=1))
        assert fit_point(inputs, question).hazard.n_obs > 1
        assert page_of(inputs, question) == at_once


def test_on_a_long_scale_a_step_is_ten_points(tmp_path):
    tables = of_snapshot()
    tables["snapshot"] = [(*row, None if score is None else 10 * score) for *row, score in tables["snapshot"]]
    inputs = open_company(tmp_path, tables, metrics={"nps": {"scale": [0, 100], "label": "satisfaction"}})
    texts = page_of(inputs, ask(inputs))
    assert "10 points better on satisfaction is found together with higher retention" in texts[0]
    assert "satisfaction, 10 points higher" in texts[-2]
    short = open_company(tmp_path, of_snapshot(), metrics={"nps": {"scale": [0, 10], "label": "satisfaction"}})
    same = page_of(short, ask(short))
    assert texts[0].replace("10 points better", "one point better") == same[0]
    ratios = [re.findall(r"\d\.\d\d \(.*\)", t[-2]) for t in (texts, same)]
    assert ratios[0] == ratios[1] != []


def test_where_low_is_good_better_is_lower(tmp_path):
    tables = of_snapshot()
    tables["snapshot"] = [(*row, None if score is None else 10 - score) for *row, score in tables["snapshot"]]
    metrics = {"nps": {"scale": [0, 10], "label": "service calls", "higher_is": "worse"}}
    inputs = open_company(tmp_path, tables, metrics=metrics)
    texts = page_of(inputs, ask(inputs))
    assert "one point better on service calls is found together with higher retention" in texts[0]
    assert float(re.search(r"service calls, one point higher +(\d\.\d\d)", texts[-2])[1]) > 1


def test_a_leaking_metric_has_no_number_in_words_or_tables(tmp_path):
    tables = contracts([(200, 10, ""), (100, 0, "2024-03-15"), (100, 0, "2024-05-15"), (20, None, "2022-02-15")])
    inputs = open_company(tmp_path, tables, **UNTIL)
    question = ask(inputs)
    result, found = fit(question), fit_point(inputs, question)
    why = "the metric NPS knows too well who left to have been there before."
    assert (found.hazard, found.by_band, found.step) == (None, None, None)
    assert page_of(inputs, question)[:2] == [
        f"What a better score is found together with cannot be estimated: {why}",
        f"Nothing is predicted: {why}",
    ]
    assert check_prediction(question, result, found).passed is None
    assert hazard_table(question, result, found).text == f"No ratio is shown: {why}"
    assert prediction_table(question, result, found).text == f"Nothing is predicted: {why}"
    assert tenure_figure(question, found).alt.startswith("No time stands out in how often customers leave. ")


def test_without_a_cohort_every_part_gives_the_reason(tmp_path):
    inputs = open_company(tmp_path, contracts([(40, 10, ""), (40, 2, "2024-03-15")]), **UNTIL, horizon=60)
    question = ask(inputs)
    why = "the data show 35 months in which an exit can be told, fewer than the horizon of 60."
    assert question.cohort.reason == why.rstrip(".")
    assert page_of(inputs, question) == [
        f"What a better score is found together with cannot be estimated: {why}",
        f"Nothing is predicted: {why}",
        f"There is no figure of the hazard over time: {why}",
        f"No ratio is shown: {why}",
        f"Nothing is predicted: {why}",
    ]
