"""Top box, satisfaction, effort and trust: slow twins, directions, conventions and refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint
from survey_answers import NUMBERS, draw_answers, each_their_own, reduce, row_of

from coroi.metrics.csat import csat_parts, satisfied_answers, score_csat
from coroi.metrics.effort import effort_parts, score_effort
from coroi.metrics.top_box import score_top_box, top_box_parts
from coroi.metrics.trust import score_trust, trust_parts
from coroi.sources import Metric

FIVE, SEVEN, TEN = Metric(scale=(1, 5)), Metric(scale=(1, 7)), Metric(scale=(0, 10))


def clustered(values: pd.Series, frame: pd.DataFrame) -> tuple[float, float]:
    """Return a weighted mean and its clustered error by regression on a constant."""
    fit = sm.WLS(values.to_numpy(float), np.ones(len(frame)), weights=frame["weight"]).fit(
        cov_type="cluster", cov_kwds={"groups": frame["customer_id"], "use_correction": False}
    )
    g = frame["customer_id"].nunique()
    return float(fit.params[0]), float(fit.bse[0] * np.sqrt(g / (g - 1)))


@pytest.mark.parametrize("boxes", [1, 2, 3])
def test_a_top_box_equals_a_regression_on_a_constant(boxes):
    frame = draw_answers(1, scale=(1, 7))
    result = score_top_box(
        reduce(frame, top_box_parts(SEVEN, boxes=boxes), by="wave", weight="weight"), metric=SEVEN, boxes=boxes
    )
    for wave, rows in frame.groupby("wave"):
        found = row_of(result, group=wave)
        want = clustered(rows["score"] > 7 - boxes, rows)
        assert (found["estimate"], found["std_error"]) == pytest.approx(want, rel=1e-9)
        share, error = want
        size = min(share * (1 - share) / error**2, len(rows))
        width = stats.t.ppf(0.975, rows["customer_id"].nunique() - 1)
        assert (found["conf_low"], found["conf_high"]) == pytest.approx(
            proportion_confint(share * size, size, alpha=2 * stats.norm.sf(width), method="wilson"), rel=1e-8
        )


def test_where_lower_is_better_the_best_box_is_the_lowest():
    worse = Metric(scale=(1, 5), higher_is="worse")
    frame = each_their_own([1, 1, 2, 3, 4, 5, 5, 5, 5, 5])
    result = score_top_box(reduce(frame, top_box_parts(worse, boxes=2)), metric=worse, boxes=2)
    assert row_of(result, term="top_box")["estimate"] == pytest.approx(0.3)
    assert result.spec["answers"] == [2.0, 1.0]


@pytest.mark.parametrize("metric", [Metric(scale=(0, 1)), Metric(scale=(0.5, 4.5))])
def test_a_scale_without_so_many_whole_answers_has_no_top_box(metric):
    frame = each_their_own([1] * 20)
    result = score_top_box(reduce(frame, top_box_parts(metric, boxes=2)), metric=metric, boxes=2)
    assert result.estimates["reason"].to_list() == [
        "the scale has no 2 best answers: its ends are not whole, or too near"
    ]


@settings(max_examples=30, deadline=None)
@given(hits=st.integers(0, 25), misses=st.integers(0, 25))
def test_a_share_keeps_to_its_ends_and_has_room_at_nobody_and_everybody(hits, misses):
    if hits + misses < 10:
        return
    frame = each_their_own([5] * hits + [1] * misses)
    row = row_of(score_top_box(reduce(frame, top_box_parts(FIVE)), metric=FIVE), term="top_box")
    assert row["estimate"] == pytest.approx(hits / (hits + misses))
    assert 0 <= row["conf_low"] <= row["estimate"] + 1e-12
    assert row["estimate"] - 1e-12 <= row["conf_high"] <= 1
    assert row["conf_high"] - row["conf_low"] > 0.05


@pytest.mark.parametrize(
    ("metric", "satisfied"),
    [
        (FIVE, (4, 5)),
        (SEVEN, (6, 7)),
        (TEN, (8, 9, 10)),
        (Metric(scale=(1, 10)), (8, 9, 10)),
        (Metric(scale=(1, 5), higher_is="worse"), (2, 1)),
        (Metric(scale=(0, 100)), ()),
    ],
)
def test_who_is_satisfied(metric, satisfied):
    assert satisfied_answers(metric) == satisfied


def test_satisfaction_equals_regressions_on_a_constant():
    frame = draw_answers(2, scale=(1, 5))
    result = score_csat(reduce(frame, csat_parts(FIVE), weight="weight"), metric=FIVE)
    for term, values in (("satisfied", frame["score"] >= 4), ("mean", frame["score"])):
        found = row_of(result, term=term)
        assert (found["estimate"], found["std_error"]) == pytest.approx(clustered(values, frame), rel=1e-9)
    mean = row_of(result, term="mean")
    half = stats.t.ppf(0.975, frame["customer_id"].nunique() - 1) * mean["std_error"]
    assert (mean["conf_low"], mean["conf_high"]) == pytest.approx((mean["estimate"] - half, mean["estimate"] + half))


def test_a_scale_without_a_convention_has_a_mean_only():
    metric = Metric(scale=(0, 100))
    result = score_csat(reduce(each_their_own(range(30)), csat_parts(metric)), metric=metric)
    assert row_of(result, term="satisfied")["reason"].startswith("there is no convention for who is satisfied")
    assert row_of(result, term="mean")["estimate"] == pytest.approx(14.5)


def test_answers_that_are_all_the_same_have_a_share_but_no_mean():
    result = score_csat(reduce(each_their_own([5] * 30), csat_parts(FIVE)), metric=FIVE)
    share, mean = row_of(result, term="satisfied"), row_of(result, term="mean")
    assert share["identified"]
    assert share["conf_high"] == 1
    assert 0.8 < share["conf_low"] < 0.95
    assert mean["reason"] == "every answer is the same, so nothing tells how far the mean may be off"


def test_a_mean_does_not_leave_its_scale():
    row = row_of(score_csat(reduce(each_their_own([5] * 11 + [3]), csat_parts(FIVE)), metric=FIVE), term="mean")
    assert row["conf_high"] == 5


@pytest.mark.parametrize(("higher_is", "easy", "said"), [("better", 0.6, "less effort"), ("worse", 0.3, "more effort")])
def test_effort_says_its_direction_and_turns_nothing_round(higher_is, easy, said):
    metric = Metric(scale=(1, 7), higher_is=higher_is)
    frame = each_their_own([1, 2, 3, 4, 5, 5, 6, 6, 7, 7])
    result = score_effort(reduce(frame, effort_parts(metric)), metric=metric)
    mean, share = row_of(result, term="mean"), row_of(result, term="easy")
    assert mean["estimate"] == pytest.approx(4.6)
    assert mean["direction"] == f"a higher score means {said}"
    assert share["estimate"] == pytest.approx(easy)
    assert share["direction"] == "a higher share means less effort"
    assert said in result.estimand


def test_the_trust_index_counts_items_alike_and_knows_that_they_vary_together():
    frame = draw_answers(4, n=500, scale=(1, 7))
    result = score_trust(reduce(frame, trust_parts(), by="touchpoint", weight="weight"), metric=SEVEN)
    index = row_of(result, term="index")
    means, own = [], {}
    for _, rows in frame.groupby("touchpoint"):
        mean = np.average(rows["score"], weights=rows["weight"])
        left = rows["weight"] * (rows["score"] - mean) / rows["weight"].sum()
        g = rows["customer_id"].nunique()
        for who, r in left.groupby(rows["customer_id"]).sum().items():
            own[who] = own.get(who, 0) + r * np.sqrt(g / (g - 1)) / 4
        means.append(mean)
    assert index["estimate"] == pytest.approx(np.mean(means), rel=1e-10)
    assert index["std_error"] == pytest.approx(np.sqrt(sum(r**2 for r in own.values())), rel=1e-9)
    items = result.estimates[result.estimates["term"] == "item"]
    assert items["group"].to_list() == ["billing", "delivery", "sales", "support"]
    assert items["estimate"].to_list() == pytest.approx(means)


def test_one_item_is_its_own_index():
    result = score_trust(reduce(draw_answers(5, scale=(1, 7)), trust_parts()), metric=SEVEN)
    item, index = row_of(result, term="item"), row_of(result, term="index")
    assert item[NUMBERS].to_list() == pytest.approx(index[NUMBERS].to_list())


def test_an_item_that_few_answer_takes_the_index_with_it():
    frame = pd.concat([each_their_own([3, 5] * 20).assign(item="a"), each_their_own([4, 5, 6]).assign(item="b")])
    result = score_trust(reduce(frame, trust_parts(), by="item"), metric=SEVEN)
    assert row_of(result, term="item", group="a")["identified"]
    assert row_of(result, term="index")["reason"] == "fewer than 10 customers answered (b)"


def test_no_trust_answers():
    result = score_trust(reduce(each_their_own([]), trust_parts()), metric=SEVEN)
    assert result.estimates["reason"].to_list() == ["there is no answer"]


@pytest.mark.parametrize("weight", [None, "weight"])
def test_every_metric_refuses_nine_customers(weight):
    frame = each_their_own([1, 2, 3, 4, 5, 4, 3, 2, 1]).assign(weight=2.0)
    for parts, score in ((csat_parts(FIVE), score_csat), (effort_parts(FIVE), score_effort)):
        result = score(reduce(frame, parts, weight=weight), metric=FIVE)
        assert set(result.estimates["reason"]) == {"fewer than 10 customers answered"}


def test_weights_of_zero_leave_nothing():
    frame = each_their_own([1, 2, 3, 4, 5] * 4).assign(weight=0.0)
    result = score_csat(reduce(frame, csat_parts(FIVE), weight="weight"), metric=FIVE)
    assert set(result.estimates["reason"]) == {"all its weights are zero"}
