"""The study on the sample company, whose truth is known."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from coroi.errors import StudyError
from coroi.storage import read_result
from coroi.studies.bundled import sample_folder
from coroi.studies.inputs import OUTPUT, Inputs
from coroi.studies.retention import answer, ask, claim_verdict, fit, publish, verdict


@pytest.fixture(scope="module")
def inputs(open_sample) -> Inputs:
    return open_sample()


@pytest.fixture(scope="module")
def fitted(inputs):
    question = ask(inputs)
    return question, fit(question)


@pytest.fixture(scope="module")
def truth() -> dict:
    return json.loads((sample_folder() / "truth.json").read_text(encoding="utf-8"))["studies"]["retention"]


def test_it_asks_what_the_truth_answers(fitted, truth):
    question, _ = fitted
    assert (question.metric, question.frequency, question.horizon) == (
        truth["metric"],
        truth["period"],
        truth["horizon"],
    )
    assert str(question.cohort.landmark) == truth["landmark"]
    assert list(question.bands) == [e["band"] for e in truth["entries"] if e["term"] == "retention"]


def gain_at_the_top(estimates: pd.DataFrame) -> pd.Series:
    return estimates.set_index("term").loc["gain_at_the_top"]


def test_its_intervals_cover_the_truth(fitted, truth):
    estimates = fitted[1].estimates
    rows = estimates.set_index("band")
    for entry in truth["entries"]:
        row = (
            rows.loc[entry["band"].replace(" minus ", " less ")]
            if "," not in entry["band"]
            else gain_at_the_top(estimates)
        )
        assert row["conf_low"] <= entry["value"] <= row["conf_high"], entry["band"]


def test_the_verdict_is_right_and_only_the_silent_differ(fitted, truth):
    question, result = fitted
    judged = verdict(question, result)
    assert judged.label == "consistent with"
    shares = {e["band"]: e["value"] for e in truth["entries"] if e["term"] == "retention"}
    assert shares["never answered"] < min(shares["7–8"], shares["9–10"])  # so the check is right to fail
    assert {c.name for c in result.checks if c.passed is not True} == {"silent"}
    assert question.cohort.flow["customers"].iloc[:-1].sum() == question.cohort.flow["customers"].iloc[-1]
    assert result.n_obs == question.cohort.flow["customers"].iloc[-1]


def test_the_verdict_keeps_its_level_whatever_is_shown(fitted, inputs):
    question, result = fitted
    narrow = fit(question, level=0.5)
    assert verdict(question, narrow).conf_low == verdict(question, result).conf_low
    assert narrow.estimates["conf_low"].iloc[0] > result.estimates["conf_low"].iloc[0]


def test_it_is_kept_and_read_back(fitted, inputs, tmp_path, monkeypatch):
    question, result = fitted
    result, judged, _ = publish(question, result, verdict(question, result), claim_verdict(question, result))
    sentence = answer(question, result, judged).sentence
    kept = Inputs(**{f: getattr(inputs, f) for f in Inputs.__slots__} | {"output": tmp_path})
    kept.save(result, verdict=judged, headline=sentence)
    words = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert words["headline"] == sentence
    assert (words["verdict"]["label"], words["verdict"]["grade"]) == ("consistent with", "D")
    pd.testing.assert_frame_equal(read_result(tmp_path).estimates, result.estimates, rtol=1e-8)


def test_by_hand_nothing_is_written(fitted, inputs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(OUTPUT, raising=False)
    question, result = fitted
    shown, _, _ = publish(question, result, verdict(question, result), claim_verdict(question, result))
    inputs.save(shown)
    assert list(tmp_path.iterdir()) == []


def test_what_counts_few_customers_is_not_kept(fitted, inputs):
    with pytest.raises(StudyError, match=r"bands.events: 2 of 5 counts are of fewer than 10 customers"):
        inputs.save(fitted[1])
