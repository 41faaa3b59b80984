"""Effort, trust, consistency and what was said and done, where the plan's metrics allow them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plain_words import miscounted, misprinted
from small_company import open_company

from coroi.metrics.harmonise import ASSUMPTION
from coroi.studies.inputs import Inputs
from coroi.studies.readiness import Scores, measure_table, score_answers, score_method, score_table
from coroi.studies.readiness.readings import ALIKE, WEIGHTED, Score
from coroi.studies.readiness.said_and_done import said_and_done

UNTIL = {"observed_until": "2024-12-31"}


def of(found: tuple[Score, ...], metric: str, term: str) -> Mapping[str, Mapping]:
    (score,) = (s for s in found if (s.metric, s.term) == (metric, term))
    return score.readings


def answers(seed: int, metrics: Mapping[str, tuple[int, int]], *, n: int = 60, times: int = 4) -> pd.DataFrame:
    """Draw each customer's answers to each metric, `times` of each, on days of their own, with weights."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"C{i:03d}x", str(day.date()), name, int(rng.integers(low, high + 1)), round(float(rng.uniform(0.5, 2)), 2))
        for i in range(n)
        for name, (low, high) in metrics.items()
        for day in pd.date_range("2024-01-10", periods=times, freq="45D")
    ]
    return pd.DataFrame(rows, columns=["customer_id", "answered_at", "metric", "score", "weight"])


def opened(folder: Path, frame: pd.DataFrame, metrics: Mapping[str, object], **tables: pd.DataFrame) -> Inputs:
    return open_company(folder, {"responses": frame} | tables, metrics=metrics, **UNTIL)


def spoken(scores: Scores, inputs: Inputs) -> str:
    return "\n".join(b.text for b in (score_table(scores), measure_table(scores), score_method(scores, inputs)))


@pytest.mark.parametrize("worse", [True, False])
def test_effort_is_told_as_it_was_asked(tmp_path, worse):
    frame = answers(1, {"ces": (1, 7)})
    metric = {"scale": [1, 7], "kind": "effort", "higher_is": "worse" if worse else "better"}
    scores = score_answers(opened(tmp_path, frame, {"ces": metric}))
    mean, easy = of(scores.scores, "ces", "mean"), of(scores.scores, "ces", "easy")
    assert mean[ALIKE]["estimate"] == pytest.approx(frame["score"].mean())
    assert mean[WEIGHTED]["estimate"] == pytest.approx(np.average(frame["score"], weights=frame["weight"]))
    assert easy[ALIKE]["estimate"] == pytest.approx((frame["score"] < 4 if worse else frame["score"] > 4).mean())
    text = score_table(scores).text
    assert f"CES: mean, 1 to 7; a higher score means {'more' if worse else 'less'} effort" in text
    assert "CES: share on the easy side of the scale's middle" in text


def test_a_kind_keeps_a_scale_of_ten_from_being_taken_for_a_recommendation(tmp_path):
    frame = answers(2, {"ease": (0, 10)})
    scores = score_answers(opened(tmp_path, frame, {"ease": {"scale": [0, 10], "kind": "effort"}}))
    assert [s.term for s in scores.scores] == ["mean", "easy"]


def test_trust_counts_its_items_alike(tmp_path):
    frame = answers(3, {"honest": (1, 7), "able": (1, 5)})
    metric = {"scale": [1, 7], "kind": "trust"}
    inputs = opened(tmp_path, frame, {"honest": metric, "able": {"scale": [1, 7], "kind": "trust"}})
    scores = score_answers(inputs)
    index = of(scores.measures, "trust", "index")
    means = frame.groupby("metric")["score"].mean()
    assert index[ALIKE]["estimate"] == pytest.approx(means.mean())
    each = frame.assign(
        left=(frame["score"] - frame["metric"].map(means)) / frame["metric"].map(frame["metric"].value_counts())
    )
    people = each.groupby("customer_id")["left"].sum() / 2
    assert index[ALIKE]["std_error"] == pytest.approx(np.sqrt((people**2).sum() * 60 / 59))
    weighed = frame.groupby("metric").apply(lambda g: np.average(g["score"], weights=g["weight"]), include_groups=False)
    assert index[WEIGHTED]["estimate"] == pytest.approx(weighed.mean())
    assert "Trust: mean of 2 items that count alike, 1 to 7" in spoken(scores, inputs)


def test_two_scales_of_one_kind_are_put_on_one_range_and_the_assumption_is_printed(tmp_path):
    frame = answers(4, {"honest": (1, 7), "able": (0, 10)})
    kinds = {"honest": {"scale": [1, 7], "kind": "trust"}, "able": {"scale": [0, 10], "kind": "trust"}}
    inputs = opened(tmp_path, frame, kinds)
    scores = score_answers(inputs)
    assert "index" not in {s.term for s in scores.measures}
    means = frame.groupby("metric")["score"].mean()
    assert of(scores.measures, "honest", "mean")[ALIKE]["estimate"] == pytest.approx(100 * (means["honest"] - 1) / 6)
    assert of(scores.measures, "able", "mean")[ALIKE]["estimate"] == pytest.approx(10 * means["able"])
    text = spoken(scores, inputs)
    assert ASSUMPTION in text
    assert "Honest: trust on a common range, mean, 0 to 100, higher is better" in text


def test_without_two_scales_nothing_is_put_on_one_range(tmp_path):
    inputs = opened(tmp_path, answers(5, {"nps": (0, 10)}), {"nps": {"scale": [0, 10]}})
    assert ASSUMPTION not in spoken(score_answers(inputs), inputs)


def test_consistency_is_held_at_three_answers_and_left_out_where_few_gave_them(tmp_path):
    frame = answers(6, {"nps": (0, 10), "csat": (1, 5)})
    frame = frame[(frame["metric"] == "nps") | (frame["customer_id"] < "C009x")]
    kinds = {"nps": {"scale": [0, 10]}, "csat": {"scale": [1, 5]}}
    inputs = opened(tmp_path, frame, kinds)
    scores = score_answers(inputs)
    assert [(s.metric, s.term) for s in scores.measures] == [("nps", "within_sd")]
    last = frame[frame["metric"] == "nps"].sort_values("answered_at").groupby("customer_id").tail(3)
    variance = last.groupby("customer_id")["score"].var().mean()
    assert of(scores.measures, "nps", "within_sd")[ALIKE]["estimate"] == pytest.approx(np.sqrt(variance))
    assert "NPS: spread of one customer's last 3 answers, each of its own day" in measure_table(scores).text


def test_what_is_asked_of_several_things_on_one_day_is_one_answer(tmp_path):
    frame = answers(6, {"csat": (1, 5)}, times=2)
    frame = pd.concat([frame.assign(touchpoint=t) for t in ("sales", "support", "billing")])
    frame["score"] = np.random.default_rng(8).integers(1, 6, len(frame))
    scores = score_answers(opened(tmp_path, frame, {"csat": {"scale": [1, 5]}}))
    assert [s.term for s in scores.measures] == ["touchpoint_gap"]
    each = frame.pivot_table(index="customer_id", columns="touchpoint", values="score")
    gap = each.mean(axis=1) - each.min(axis=1)
    assert of(scores.measures, "csat", "touchpoint_gap")[ALIKE]["estimate"] == pytest.approx(gap.mean())


def recommending(n: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one answer a customer, 9 for half of them, and recommendations of 12 who said so and 15 who did not."""
    people = [f"C{i:03d}x" for i in range(n)]
    said = [i < n // 2 for i in range(n)]
    frame = pd.DataFrame({"customer_id": people, "answered_at": "2023-03-10", "metric": "nps"})
    frame["score"] = [9 if s else 5 for s in said]
    did = [*people[:12], *people[n // 2 : n // 2 + 15]]
    referrals = pd.DataFrame({"customer_id": did, "referred_at": "2023-08-01"})
    extra = pd.DataFrame({"customer_id": [people[20], people[21]], "referred_at": ["2023-03-20", "2024-04-02"]})
    early = pd.DataFrame({"customer_id": [people[0]], "referred_at": ["2023-01-05"]})  # recording began by then
    return frame, pd.concat([referrals, extra, early], ignore_index=True)


def test_what_was_said_and_done_is_counted_over_the_same_time(tmp_path):
    """The recommendation in the month of the answer, and the one after twelve months, do not count."""
    frame, referrals = recommending()
    inputs = opened(tmp_path, frame, {"nps": {"scale": [0, 10]}}, referrals=referrals)
    scores = score_answers(inputs)
    said, did, gap = (of(scores.measures, "nps", term)[ALIKE] for term in ("said", "did", "gap"))
    assert said["estimate"] == pytest.approx(30 / 60)
    assert did["estimate"] == pytest.approx(27 / 60)
    assert gap["estimate"] == pytest.approx(3 / 60)
    text = spoken(scores, inputs)
    assert "NPS: share of the same customers who recommended within 12 months" in text
    assert "5.0 percentage points (" in text
    for paragraph in score_method(scores, inputs).text.split("\n\n"):
        assert misprinted(paragraph) == [] and miscounted(paragraph) == []


def test_answers_that_cannot_be_followed_or_that_came_before_the_record_do_not_count(tmp_path):
    frame, referrals = recommending()
    frame.loc[0, "answered_at"] = "2024-01-02"  # twelve months from here end after the data
    frame.loc[1, "answered_at"] = "2022-12-31"  # before the first recommendation's month
    later = frame.iloc[[1]].assign(answered_at="2023-05-05", score=3)
    inputs = opened(tmp_path, pd.concat([frame, later]), {"nps": {"scale": [0, 10]}}, referrals=referrals)
    people = inputs.connection.to_pandas(said_and_done(inputs, "nps")).set_index("customer_id")
    assert len(people) == 59 and "C000x" not in people.index
    assert not people.loc["C001x", "said"] and people.loc["C001x", "did"]


def test_few_who_did_are_withheld(tmp_path):
    frame, referrals = recommending()
    few = referrals.iloc[[0, 1, 2, -1]]
    scores = score_answers(opened(tmp_path, frame, {"nps": {"scale": [0, 10]}}, referrals=few))
    for term in ("said", "did", "gap"):
        row = of(scores.measures, "nps", term)[ALIKE]
        assert (row["identified"], row["reason"]) == (False, "withheld, since fewer than 10 customers are behind it")


def test_the_samples_measures(open_sample):
    sample = open_sample()
    scores = score_answers(sample)
    told = [(s.metric, s.term) for s in scores.measures]
    assert told == [
        ("nps", "within_sd"),
        ("csat", "touchpoint_gap"),
        ("trust", "within_sd"),
        ("nps", "said"),
        ("nps", "did"),
        ("nps", "gap"),
    ]
    for paragraph in score_method(scores, sample).text.split("\n\n"):
        assert misprinted(paragraph) == [] and miscounted(paragraph) == []


def test_where_nothing_more_can_be_told_the_page_says_what_it_takes(tmp_path):
    inputs = opened(tmp_path, answers(7, {"csat": (1, 5)}, times=1), {"csat": {"scale": [1, 5]}})
    scores = score_answers(inputs)
    assert scores.measures == ()
    assert measure_table(scores).text.startswith("Nothing more can be told of the answers")
