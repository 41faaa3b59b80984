"""What those who answered say: weighted, raked and every answer alike, by hand and to the letter."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plain_words import miscounted, misprinted
from small_company import open_company

from coroi.inference.raking import rake
from coroi.storage import read_result, write_result
from coroi.studies.inputs import Inputs
from coroi.studies.readiness import (
    Scores,
    as_result,
    look,
    score_answers,
    score_checks,
    score_method,
    score_table,
    with_scores,
)
from coroi.studies.readiness.readings import ALIKE, RAKED, WEIGHTED, table_of

UNTIL = {"observed_until": "2024-12-31"}
MARGINS = {"segment": {"retail": 0.8, "business": 0.2}}


def survey(seed: int = 1, n: int = 240) -> dict[str, pd.DataFrame]:
    """Draw customers of two segments, businesses answering more and liking less, with weights that say so."""
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"customer_id": [f"C{i:04d}x" for i in range(n)]})
    people["segment"] = np.where(np.arange(n) < n // 2, "retail", "business")
    answers = people.sample(frac=2, replace=True, random_state=seed).reset_index(drop=True)
    retail = answers["segment"] == "retail"
    answers = answers.assign(
        answered_at="2024-05-15",
        metric=rng.choice(["nps", "csat"], len(answers)),
        weight=np.where(retail, 2.0, 0.5) * rng.choice([0.8, 1.25], len(answers)),
    )
    high = np.where(retail, rng.integers(6, 11, len(answers)), rng.integers(2, 11, len(answers)))
    answers["score"] = np.where(answers["metric"] == "nps", high, np.clip(high // 2, 1, 5))
    return {"customers": people, "responses": answers.drop(columns="segment")}


METRICS = {"nps": {"scale": [0, 10]}, "csat": {"scale": [1, 5], "kind": "satisfaction"}}


def opened(folder: Path, tables: dict[str, pd.DataFrame], **plan: object) -> Inputs:
    return open_company(folder, tables, **{"metrics": METRICS} | UNTIL | plan)


def reading(scores: Scores, metric: str, way: str) -> dict:
    (score,) = (s for s in scores.scores if s.metric == metric)
    return dict(score.readings[way])


def nps_of(answers: pd.DataFrame, weight: np.ndarray) -> float:
    value = 100.0 * ((answers["score"] >= 9).astype(float) - (answers["score"] <= 6))
    return float((weight * value).sum() / weight.sum())


def test_weights_and_shares_move_the_scores_as_they_do_by_hand(tmp_path):
    tables = survey()
    scores = score_answers(opened(tmp_path, tables, margins=MARGINS))
    assert scores.ways == (ALIKE, WEIGHTED, RAKED)
    answers = tables["responses"].merge(tables["customers"], on="customer_id")
    nps = answers[answers["metric"] == "nps"].reset_index(drop=True)
    weight = nps["weight"].to_numpy()
    raked = rake(nps, MARGINS, weight=weight).weights
    for way, w in ((ALIKE, np.ones(len(nps))), (WEIGHTED, weight), (RAKED, raked)):
        row = reading(scores, "nps", way)
        assert row["estimate"] == pytest.approx(nps_of(nps, w), rel=1e-9)
        assert row["conf_low"] < row["estimate"] < row["conf_high"]
    csat = answers[answers["metric"] == "csat"]
    satisfied = (csat["score"] >= 4).astype(float)
    assert reading(scores, "csat", ALIKE)["estimate"] == pytest.approx(satisfied.mean())
    assert reading(scores, "csat", WEIGHTED)["estimate"] == pytest.approx(np.average(satisfied, weights=csat["weight"]))
    size = (weight.sum() ** 2 / (weight @ weight)) / len(nps)
    found = {c.name: c for c in scores.checks}
    assert found["nps_weighted_effective_size"].sentence.startswith(
        f"Weighted, the answers tell as much as {100 * size:.0f}\u00a0% of them would"
    )
    assert set(found) == {
        f"{m}_{w}_{c}" for m in METRICS for w in (WEIGHTED, RAKED) for c in ("effective_size", "largest_weight")
    }


def test_the_page_says_how_each_column_is_made(tmp_path):
    inputs = opened(tmp_path, survey(), margins=MARGINS)
    scores = score_answers(inputs)
    text = score_table(scores).text
    assert re.search(r"Score +Every answer alike +By survey weight +Raked to known shares", text)
    assert re.search(r"NPS: net promoter score, −100 to 100 +−?\d+ \(−?\d+ to −?\d+\) +−?\d+ \(", text)
    assert re.search(r"CSAT: share satisfied, 4 to 5 +\d+\.\d\u00a0% \(\d+\.\d to \d+\.\d\u00a0%\)", text)
    told = score_method(scores, inputs).text.split("\n\n")
    assert len(told) == 3
    assert "every answer counts by its `weight`" in told[1]
    assert "survey weights are moved as little as need be" in told[2]
    assert "(segment: business 20\u00a0%, retail 80\u00a0%)" in told[2]
    assert "nothing in the data can test that" in told[2]
    for paragraph in told:
        assert misprinted(paragraph) == [] and miscounted(paragraph) == []
    assert "NPS, raked: whether weighting leaves at least half" in score_checks(scores).text


def test_without_weights_and_shares_every_answer_is_alike(open_sample):
    sample = open_sample()
    scores = score_answers(sample)
    assert scores.ways == (ALIKE,)
    assert [(s.metric, s.term) for s in scores.scores] == [("nps", "nps"), ("csat", "top_box"), ("trust", "top_box")]
    assert score_checks(scores).text == "No score is weighted."
    assert "survey weight:" not in score_method(scores, sample).text
    answers = sample.connection.to_pandas(sample.tables["responses"])
    nps = answers[answers["metric"] == "nps"]
    assert reading(scores, "nps", ALIKE)["estimate"] == pytest.approx(nps_of(nps, np.ones(len(nps))))


def test_an_answer_without_weight_counts_where_all_are_alike_only(tmp_path):
    tables = survey()
    tables["responses"].loc[tables["responses"]["score"] >= 9, "weight"] = np.nan
    inputs = opened(tmp_path, tables)
    scores = score_answers(inputs)
    assert scores.lacking
    assert reading(scores, "nps", WEIGHTED)["estimate"] < 0 < reading(scores, "nps", ALIKE)["estimate"] + 100
    assert "Answers without a weight do not count there." in score_method(scores, inputs).text


def test_a_figure_of_few_customers_is_withheld(tmp_path):
    tables = survey()
    answers = tables["responses"]
    satisfied = answers.index[(answers["metric"] == "csat") & (answers["score"] >= 4)]
    tables["responses"] = answers.drop(satisfied[4:])
    scores = score_answers(opened(tmp_path, tables, margins=MARGINS))
    for way in scores.ways:
        row = reading(scores, "csat", way)
        assert (row["identified"], row["reason"]) == (False, "withheld, since fewer than 10 customers are behind it")
        assert np.isnan(row["estimate"])
    assert "withheld, since fewer than 10" in score_table(scores).text
    assert not [c for c in scores.checks if c.name.startswith("csat")]


def test_a_level_of_which_few_answered_a_metric_leaves_that_metric_unraked(tmp_path):
    tables = survey()
    answers = tables["responses"].merge(tables["customers"], on="customer_id")
    few = answers.index[(answers["metric"] == "csat") & (answers["segment"] == "retail")][3:]
    tables["responses"] = answers.drop(few).drop(columns="segment")
    scores = score_answers(opened(tmp_path, tables, margins=MARGINS))
    assert reading(scores, "csat", RAKED)["reason"] == ("of a level with a share, fewer than 10 customers answered")
    assert reading(scores, "nps", RAKED)["identified"]


def test_a_snapshot_has_scores_too(tmp_path):
    rng = np.random.default_rng(3)
    rows = [(f"a{i}", "no", int(i % 40), int(rng.integers(0, 11))) for i in range(60)]
    scores = score_answers(open_company(tmp_path, {"snapshot": rows}))
    assert [s.term for s in scores.scores] == ["nps"]
    assert reading(scores, "nps", ALIKE)["estimate"] == pytest.approx(
        nps_of(pd.DataFrame({"score": [r[3] for r in rows]}), np.ones(60))
    )


def test_what_was_scored_is_kept(tmp_path):
    inputs = opened(tmp_path, survey(), margins=MARGINS)
    scores = score_answers(inputs)
    write_result(with_scores(as_result(look(inputs)), scores), tmp_path)
    back = read_result(tmp_path)
    pd.testing.assert_frame_equal(back.tables["scores"], table_of(scores), rtol=1e-8)
    assert [c.name for c in back.checks if c.name.startswith("nps_raked")] == [
        "nps_raked_effective_size",
        "nps_raked_largest_weight",
    ]


def test_without_an_answer_there_is_no_score(tmp_path):
    scores = score_answers(open_company(tmp_path, {"customers": [("a", "x"), ("b", "y")]}))
    assert score_table(scores).text == "There is no score: no metric has an answer."
    assert table_of(scores).empty
