"""Scales on one range: the map, its assumption, and unlike things that stay apart."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from survey_answers import each_their_own, reduce, row_of

from coroi.metrics.harmonise import ASSUMPTION, answer_parts, harmonised, score_harmonised
from coroi.sources import Metric

OLD, NEW = Metric(scale=(1, 5)), Metric(scale=(0, 10))
ASKED = {"old": "satisfaction", "new": "satisfaction"}


def two_sources() -> pd.DataFrame:
    return pd.concat(
        [
            each_their_own([1, 2, 3, 4, 5] * 6).assign(source="old"),
            each_their_own([2, 4, 6, 8] * 8).assign(source="new"),
        ]
    )


def score(frame: pd.DataFrame | None = None, **options):
    totals = reduce(two_sources() if frame is None else frame, answer_parts(), by="source")
    return score_harmonised(totals, **({"metrics": {"old": OLD, "new": NEW}, "constructs": ASKED} | options))


@pytest.mark.parametrize(
    ("metric", "score", "to", "want"),
    [
        (OLD, 1, (0, 100), 0),
        (OLD, 5, (0, 10), 10),
        (OLD, 3, (0, 100), 50),
        (Metric(scale=(1, 7)), 4, (0, 10), 5),
        (NEW, 7, (1, 5), 3.8),
        (Metric(scale=(1, 5), higher_is="worse"), 1, (0, 100), 100),
    ],
)
def test_an_answer_keeps_its_place_between_the_ends(metric, score, to, want):
    assert harmonised(score, metric, to) == pytest.approx(want)


@given(low=st.integers(-5, 5), steps=st.integers(1, 20), place=st.floats(0, 1))
def test_the_map_can_be_undone_and_keeps_the_order(low, steps, place):
    metric = Metric(scale=(low, low + steps))
    score = low + place * steps
    there = harmonised(score, metric, (0, 100))
    assert 0 <= there <= 100 + 1e-9
    assert harmonised(there, Metric(scale=(0, 100)), metric.scale) == pytest.approx(score, abs=1e-9)


def test_means_errors_and_ends_are_stretched_alike():
    result = score()
    plain = score(to=(1, 5)).estimates
    assert row_of(result, group="old")["estimate"] == pytest.approx(50)
    assert row_of(result, group="new")["estimate"] == pytest.approx(50)
    for column in ("estimate", "conf_low", "conf_high"):
        assert (25 * (plain[column] - 1)).to_list() == pytest.approx(result.estimates[column].to_list())
    assert (25 * plain["std_error"]).to_list() == pytest.approx(result.estimates["std_error"].to_list())


def test_a_reversed_scale_is_turned_with_its_interval():
    metrics = {"old": Metric(scale=(1, 5), higher_is="worse"), "new": NEW}
    frame = pd.concat([each_their_own([1, 1, 2] * 10).assign(source="old"), two_sources().query("source == 'new'")])
    row = row_of(score(frame, metrics=metrics), group="old")
    assert row["conf_low"] < row["estimate"] < row["conf_high"]
    assert row["estimate"] == pytest.approx(100 - 25 / 3)


def test_the_assumption_is_written_out():
    assert score().spec["assumption"] == ASSUMPTION
    assert "A step is taken to be worth as much everywhere" in ASSUMPTION


def test_unlike_things_are_not_put_on_one_range():
    result = score(constructs={"old": "satisfaction", "new": "recommending"})
    assert set(result.estimates["reason"]) == {
        "the sources ask about different things (recommending, satisfaction), which no common range makes one"
    }


def test_an_unknown_scale_and_an_unsaid_question_are_refused():
    result = score(metrics={"older": OLD, "new": NEW})
    assert row_of(result, group="old")["reason"] == "the scale of 'old' is not known. Did you mean 'older'?"
    assert row_of(result, group="new")["identified"]
    assert (
        row_of(score(constructs={"new": "satisfaction"}), group="old")["reason"] == "what 'old' asks about is not said"
    )


def test_a_mean_that_is_not_told_stays_untold():
    frame = pd.concat([each_their_own([3] * 20).assign(source="old"), two_sources().query("source == 'new'")])
    assert row_of(score(frame), group="old")["reason"].startswith("every answer is the same")
