"""Consistency at a held number of answers, and the weakest touchpoint at a held number of touchpoints."""

from __future__ import annotations

from itertools import combinations

import ibis
import numpy as np
import pandas as pd
import pytest
from survey_answers import CONNECTION, draw_answers, row_of

from coroi.metrics.consistency import score_consistency, total_touchpoints, total_variability


def score(frame: pd.DataFrame, **held):
    table = ibis.memtable(frame)
    n_answers, n_touchpoints = held.get("n_answers", 3), held.get("n_touchpoints", 3)
    return score_consistency(
        total_variability(CONNECTION, table, n_answers=n_answers),
        total_touchpoints(CONNECTION, table, n_touchpoints=n_touchpoints),
        **held,
    )


@pytest.mark.parametrize("n_answers", [2, 3, 5])
def test_the_spread_equals_a_loop_over_customers(n_answers):
    frame = draw_answers(1)
    variances = []
    for _, rows in frame.groupby("customer_id"):
        if len(rows) >= n_answers:
            last = rows.sort_values(["answered_at", "score"], ascending=False)["score"].head(n_answers)
            variances.append(sum((s - last.mean()) ** 2 for s in last) / (n_answers - 1))
    row = row_of(score(frame, n_answers=n_answers), term="within_sd")
    mean, error = np.mean(variances), np.std(variances, ddof=1) / np.sqrt(len(variances))
    assert row["estimate"] == pytest.approx(np.sqrt(mean), rel=1e-10)
    assert row["std_error"] == pytest.approx(error / (2 * np.sqrt(mean)), rel=1e-9)


@pytest.mark.parametrize("n_touchpoints", [2, 3, 4])
def test_the_weakest_of_so_many_is_the_mean_over_all_choices(n_touchpoints):
    frame = draw_answers(2, n=900)
    weakest, mean = [], []
    for _, rows in frame.groupby("customer_id"):
        scores = rows.groupby("touchpoint")["score"].mean().to_list()
        if len(scores) >= n_touchpoints:
            weakest.append(np.mean([min(choice) for choice in combinations(scores, n_touchpoints)]))
            mean.append(np.mean(scores))
    result = score(frame, n_touchpoints=n_touchpoints)
    gap = np.array(mean) - weakest
    for term, values in (("weakest_touchpoint", weakest), ("mean_touchpoint", mean), ("touchpoint_gap", gap)):
        row = row_of(result, term=term)
        assert row["estimate"] == pytest.approx(np.mean(values), rel=1e-10)
        assert row["std_error"] == pytest.approx(np.std(values, ddof=1) / np.sqrt(len(values)), rel=1e-9)


def touched(n_customers: int, n_touchpoints: int, seed: int) -> pd.DataFrame:
    """Give every touchpoint of every customer the same distribution of scores."""
    rng = np.random.default_rng(seed)
    n = n_customers * n_touchpoints
    return pd.DataFrame(
        {
            "customer_id": np.repeat([f"c{i:05d}" for i in range(n_customers)], n_touchpoints),
            "touchpoint": np.tile([f"t{i}" for i in range(n_touchpoints)], n_customers),
            "answered_at": pd.Timestamp("2024-01-01"),
            "score": rng.normal(7, 1, n),
        }
    )


def test_more_touchpoints_do_not_make_the_weakest_weaker_once_they_are_held():
    few, many = touched(3000, 3, 1), touched(3000, 8, 2)
    plain = [frame.groupby("customer_id")["score"].min().mean() for frame in (few, many)]
    held = [row_of(score(frame), term="weakest_touchpoint") for frame in (few, many)]
    assert plain[0] - plain[1] > 0.5
    assert abs(held[0]["estimate"] - held[1]["estimate"]) < 3 * np.hypot(held[0]["std_error"], held[1]["std_error"])


def test_the_spread_does_not_hang_on_how_often_customers_answer():
    rng = np.random.default_rng(3)
    found = []
    for times in (3, 12):
        frame = pd.DataFrame(
            {
                "customer_id": np.repeat([f"c{i:05d}" for i in range(2000)], times),
                "touchpoint": "all",
                "answered_at": np.tile(pd.date_range("2024-01-01", periods=times), 2000),
                "score": rng.normal(7, 1.5, 2000 * times),
            }
        )
        found.append(row_of(score(frame), term="within_sd"))
    for row in found:
        assert row["conf_low"] < 1.5 < row["conf_high"]


def test_customers_with_one_answer_are_unknown_and_not_consistent():
    frame = draw_answers(4, n=60, customers=5000)
    result = score(frame)
    assert row_of(result, term="within_sd")["reason"] in ("no customer gave 3 answers",)
    assert row_of(result, term="touchpoint_gap")["reason"] == "no customer rated 3 touchpoints"
    once = frame.drop_duplicates("customer_id")
    more = draw_answers(5)
    alone, beside = (
        row_of(score(f), term="within_sd")
        for f in (more, pd.concat([more, once.assign(customer_id="x" + once["customer_id"])]))
    )
    assert alone["estimate"] == pytest.approx(beside["estimate"], rel=1e-12)


def test_too_few_and_no_variation_are_refused():
    few = draw_answers(6, n=60, customers=9)
    assert row_of(score(few), term="within_sd")["reason"] == "fewer than 10 customers gave 3 answers"
    alike = draw_answers(7).assign(score=8.0)
    result = score(alike)
    assert row_of(result, term="within_sd")["reason"].startswith("no customer's answers differ")
    assert row_of(result, term="touchpoint_gap")["reason"].startswith("every answer is the same")


def test_what_is_not_asked_for_says_so():
    result = score_consistency(total_variability(CONNECTION, ibis.memtable(draw_answers(8))))
    assert row_of(result, term="within_sd")["identified"]
    assert row_of(result, term="weakest_touchpoint")["reason"] == "it was not asked for"


def test_survey_weights_move_the_mean_variance():
    frame = draw_answers(9)
    of_customer = frame.groupby("customer_id")["weight"].transform("first")
    frame = frame.assign(weight=of_customer)
    totals = total_variability(CONNECTION, ibis.memtable(frame), n_answers=2, weight="weight")
    variances, weights = [], []
    for _, rows in frame.groupby("customer_id"):
        if len(rows) >= 2:
            last = rows.sort_values(["answered_at", "score"], ascending=False)["score"].head(2)
            variances.append(last.var(ddof=1))
            weights.append(rows["weight"].iloc[0])
    row = row_of(score_consistency(totals, n_answers=2), term="within_sd")
    assert row["estimate"] == pytest.approx(np.sqrt(np.average(variances, weights=weights)), rel=1e-10)
