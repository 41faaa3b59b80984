"""The document and the page: equal to their numbers, and silent about no shortfall."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest

from coroi.lab.experiments import EXPERIMENTS
from coroi.lab.figures import coverage_figure, shown_rows, zero_figure
from coroi.lab.page import lab_answer, lab_page
from coroi.lab.validity import cells_of, unexplained, validity_words
from coroi.report import Picture

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def summary() -> dict:
    return json.loads((DOCS / "validity.json").read_text(encoding="utf-8"))


def test_the_document_is_what_its_numbers_say(summary):
    assert (DOCS / "validity.md").read_text(encoding="utf-8") == validity_words(summary)


def test_the_order_of_names_in_the_json_means_nothing(summary):
    turned = json.loads(json.dumps(summary), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert list(turned) == list(summary)[::-1]
    assert validity_words(turned) == validity_words(summary)
    assert shown_rows(turned, "retention") == shown_rows(summary, "retention")


def test_every_row_stands_in_the_document(summary):
    text = (DOCS / "validity.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    for row in summary["rows"]:
        (line,) = [x for x in lines if x == "| " + " | ".join(cells_of(row)) + " |"]
        assert ("**falls short**" in line) == (row["bar"] == "short")
        assert f"| {row['scenario']} |" in line
    for experiment in EXPERIMENTS.values():
        for estimand in experiment.estimands:
            tried = {r["scenario"] for r in (*summary["rows"], *summary["verdicts"])
                     if (r["experiment"], r["estimand"]) == (experiment.name, estimand.name)}  # fmt: skip
            assert tried == set(experiment.scenarios)


def test_whatever_falls_short_has_its_reason(summary):
    assert unexplained(summary) == []
    text = (DOCS / "validity.md").read_text(encoding="utf-8")
    below = text.partition("## What falls short")[2]
    for row in summary["rows"]:
        if row["bar"] == "short":
            assert f"`{row['experiment']}` {row['estimand']} in `{row['scenario']}`" in below
            assert row["reason"] in below


def test_a_shortfall_without_a_reason_is_found_and_marked(summary):
    worse = copy.deepcopy(summary)
    worse["rows"][0] |= {"bar": "short", "reason": "", "coverage": 0.5}
    name = f"`{worse['rows'][0]['experiment']}` {worse['rows'][0]['estimand']} in `{worse['rows'][0]['scenario']}`"
    assert unexplained(worse) == [name]
    assert f"{name}: No reason has been found yet." in validity_words(worse)
    assert "50.0\u00a0%" in cells_of(worse["rows"][0])[3]
    assert cells_of(worse["rows"][0])[2] == "**falls short**"


def test_no_verdict_and_no_word_claims_an_effect_where_there_is_none(summary):
    confounded = [row for row in summary["verdicts"] if row["scenario"] == "confounded"]
    assert len(confounded) == 2
    assert [row["causal"] for row in summary["verdicts"]] == [0] * 4
    assert sum(row["labels"].get("consistent with", 0) for row in confounded) > 10  # there is an association to misread


def test_the_page_says_what_the_document_says(summary):
    page = lab_page(summary, command="coroi lab")
    assert not re.search(r"https?://(?!www\.w3\.org)|<script", page)
    assert lab_answer(summary).sentence in page
    assert page.count("<figure") == 24
    assert page.count('alt=""') == 0
    assert page.count("<table") >= 5
    for row in summary["rows"]:
        if row["bar"] == "short":
            assert row["reason"].split("`")[0] in page


@pytest.mark.parametrize("name", ["retention", "hazard", "respondents"])
def test_figures_tell_their_extremes(summary, name):
    rows = shown_rows(summary, name)
    assert all(row["headline"] for row in rows) or not any(row["headline"] for row in rows)
    found = coverage_figure(summary, name)
    assert isinstance(found, Picture)
    least = min(rows, key=lambda row: row["coverage"])
    assert f"{100 * least['coverage']:.1f}" in found.alt
    assert f"{least['estimand']} in {least['scenario']}" in found.alt
    alarms = zero_figure(summary, name)
    assert isinstance(alarms, Picture) == any(row["zero"] for row in rows)


def test_an_empty_experiment_has_words_for_figures(summary):
    bare = copy.deepcopy(summary)
    for row in bare["rows"]:
        row |= {"coverage": None, "excludes_zero": None, "bias": None, "bar": "open"}
    assert "nothing was estimated" in coverage_figure(bare, "hazard").text
    assert "zero nowhere" in zero_figure(bare, "hazard").text
    assert "not tried" in dict(lab_answer(bare).card)["False alarms"]
