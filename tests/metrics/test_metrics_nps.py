"""Net promoter score: a slow twin, waves that share customers, the ends of the scale, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from survey_answers import draw_answers, each_their_own, reduce, row_of

from coroi.metrics.nps import nps_parts, score_nps
from coroi.sources import Metric

METRIC = Metric(scale=(0, 10))


def score(frame: pd.DataFrame, *, level: float = 0.95, **options):
    return score_nps(reduce(frame, nps_parts(), **options), metric=METRIC, level=level)


def twin(frame: pd.DataFrame, wave: str, other: str) -> tuple[float, float, float, float]:
    """Return the score and error of a wave, the change from another and its error: residuals added up by customer."""

    def part(name: str) -> tuple[float, dict[str, float], float]:
        rows = [r for r in frame.to_dict("records") if r["wave"] == name]
        value = [100 * ((r["score"] >= 9) - (r["score"] <= 6)) for r in rows]
        weight = [r["weight"] for r in rows]
        mean = sum(w * v for w, v in zip(weight, value, strict=True)) / sum(weight)
        own: dict[str, float] = {}
        for r, v in zip(rows, value, strict=True):
            own[r["customer_id"]] = own.get(r["customer_id"], 0.0) + r["weight"] * (v - mean) / sum(weight)
        factor = (len(own) / (len(own) - 1)) ** 0.5
        return mean, {who: factor * r for who, r in own.items()}, sum((factor * r) ** 2 for r in own.values()) ** 0.5

    (one, of_one, error), (two, of_two, _) = part(wave), part(other)
    gaps = [of_one.get(who, 0.0) - of_two.get(who, 0.0) for who in set(of_one) | set(of_two)]
    return one, error, one - two, sum(g * g for g in gaps) ** 0.5


@pytest.mark.parametrize("seed", range(4))
def test_scores_and_changes_equal_a_slow_twin(seed):
    frame = draw_answers(seed)
    result = score(frame, by="wave", weight="weight")
    for wave, before in (("2024", "2023"), ("2025", "2024")):
        one, error, change, change_error = twin(frame, wave, before)
        at, moved = row_of(result, term="nps", wave=wave), row_of(result, term="change", wave=f"{wave} less {before}")
        assert (at["estimate"], at["std_error"]) == pytest.approx((one, error), rel=1e-9)
        assert (moved["estimate"], moved["std_error"]) == pytest.approx((change, change_error), rel=1e-9)


def test_in_large_waves_the_interval_is_the_normal_one():
    result = score(draw_answers(9, n=60_000, customers=30_000), by="wave")
    for _, row in result.estimates.query("term in ['nps', 'change']").iterrows():
        half = stats.norm.ppf(0.975) * row["std_error"]
        assert (row["conf_low"], row["conf_high"]) == pytest.approx(
            (row["estimate"] - half, row["estimate"] + half), abs=0.01
        )


@pytest.mark.parametrize("seed", range(5))
def test_the_test_rejects_where_the_interval_leaves_zero_out(seed):
    frame = draw_answers(seed + 20)
    p_value = score(frame, by="wave").estimates.query("term == 'change'").iloc[0]["p_value"]
    assert 0 < p_value < 1
    for level, holds in ((1 - p_value - 0.002, False), (1 - p_value + 0.002, True)):
        if 0.01 < level < 0.999:
            row = score(frame, by="wave", level=level).estimates.query("term == 'change'").iloc[0]
            assert bool(row["conf_low"] <= 0 <= row["conf_high"]) is holds


def test_who_answers_twice_makes_the_waves_depend_on_each_other():
    """The same customers with nearly the same answers: a change of a few points is told, which strangers could not."""
    rng = np.random.default_rng(3)
    first = np.rint(rng.normal(7, 2.5, 300)).clip(0, 10)
    second = np.where(rng.random(300) < 0.1, np.minimum(first + 2, 10), first)
    people = [f"c{i:03d}" for i in range(300)]
    same = pd.concat(
        [pd.DataFrame({"customer_id": people, "wave": w, "score": s}) for w, s in (("1", first), ("2", second))]
    )
    strangers = same.assign(customer_id=same["customer_id"] + same["wave"])
    tied, apart = (row_of(score(f, by="wave"), term="change", wave="2 less 1") for f in (same, strangers))
    assert tied["estimate"] == apart["estimate"] > 0
    assert tied["std_error"] < 0.35 * apart["std_error"]
    assert tied["conf_low"] > 0 > apart["conf_low"]
    assert tied["p_value"] < 0.05 < apart["p_value"]


@settings(max_examples=25, deadline=None)
@given(scores=st.lists(st.integers(0, 10), min_size=10, max_size=60))
def test_it_stays_on_its_scale_holds_its_estimate_and_mirrors(scores):
    row = row_of(score(each_their_own(scores)), term="nps")
    want = 100 * (np.mean(np.array(scores) >= 9) - np.mean(np.array(scores) <= 6))
    assert row["estimate"] == pytest.approx(want, abs=1e-9)
    assert -100 <= row["conf_low"] <= row["estimate"] + 1e-9
    assert row["estimate"] - 1e-9 <= row["conf_high"] <= 100
    assert row["conf_high"] - row["conf_low"] > 1
    swapped = [{True: 0, False: 9}[s >= 9] if s >= 9 or s <= 6 else s for s in scores]
    mirror = row_of(score(each_their_own(swapped)), term="nps")
    assert (mirror["conf_low"], mirror["conf_high"]) == pytest.approx((-row["conf_high"], -row["conf_low"]), abs=1e-6)


@settings(max_examples=10, deadline=None)
@given(factor=st.floats(0.01, 100), seed=st.integers(0, 1000))
def test_only_the_ratio_of_weights_matters(factor, seed):
    frame = draw_answers(seed, n=120, customers=50)
    one = score(frame, by="wave", weight="weight").estimates
    other = score(frame.assign(weight=frame["weight"] * factor), by="wave", weight="weight").estimates
    pd.testing.assert_frame_equal(one, other, rtol=1e-7, atol=1e-7)


def test_all_promoters_leave_room_below_and_customers_count_once():
    alone = row_of(score(each_their_own([10] * 20)), term="nps")
    assert (alone["estimate"], alone["std_error"], alone["conf_high"]) == (100, 0, 100)
    assert 50 < alone["conf_low"] < 80
    often = pd.concat([each_their_own([10] * 20)] * 5)
    assert row_of(score(often), term="nps")["conf_low"] == pytest.approx(alone["conf_low"])


def test_nine_customers_are_too_few_and_so_is_one_wave_for_a_change():
    result = score(each_their_own([9] * 9))
    assert result.estimates["reason"].to_list() == ["fewer than 10 customers answered"] * 3 + ["there is but one wave"]
    assert not result.estimates["identified"].any()
    many = pd.concat([each_their_own([9, 3] * 4)] * 5)
    assert row_of(score(many), term="nps")["reason"] == "fewer than 10 customers answered"


def test_a_small_wave_takes_its_changes_with_it():
    frame = pd.concat([each_their_own([9, 5, 7] * 10).assign(wave="1"), each_their_own([9] * 5).assign(wave="2")])
    result = score(frame, by="wave")
    assert row_of(result, term="nps", wave="1")["identified"]
    assert row_of(result, term="change", wave="2 less 1")["reason"] == "fewer than 10 customers answered"


@pytest.mark.parametrize("metric", [Metric(scale=(1, 5)), Metric(scale=(0, 10), higher_is="worse")])
def test_another_scale_is_refused(metric):
    result = score_nps(reduce(each_their_own([5] * 30), nps_parts()), metric=metric)
    assert set(result.estimates["reason"]) == {
        "the net promoter score is defined on a scale of 0 to 10, higher is better"
    }


def test_no_answers_at_all():
    result = score(each_their_own([]))
    assert result.estimates["reason"].to_list() == ["there is but one wave"]
    assert result.n_obs == 0
