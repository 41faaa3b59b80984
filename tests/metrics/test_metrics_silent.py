"""Bounds on everybody's mean: arithmetic, the interval's critical value, and where the silent would turn it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from survey_answers import reduce, row_of

from coroi.metrics.silent import score_silent, set_width, silent_parts


def occasions(values, silent: int) -> pd.DataFrame:
    """Return one occasion a customer: those with a value answered, the others did not."""
    n = len(values) + silent
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:05d}" for i in range(n)],
            "answered": [1] * len(values) + [0] * silent,
            "value": [*map(float, values), *[np.nan] * silent],
        }
    )


def score(frame: pd.DataFrame, scale=(0, 10), threshold=5.0, **options):
    level = options.pop("level", 0.95)
    return score_silent(reduce(frame, silent_parts(), **options), scale=scale, threshold=threshold, level=level)


def test_the_bounds_put_the_silent_at_both_ends():
    result = score(occasions([8] * 15 + [6] * 15, 20))
    want = {"answered_share": 0.6, "lower_bound": 4.2, "upper_bound": 8.2, "silent_to_flip": 2.0}
    assert result.estimates.set_index("term")["estimate"].to_dict() == pytest.approx(want)
    assert result.estimates["can_flip"].all()
    flipped = 0.6 * 7 + 0.4 * row_of(result, term="silent_to_flip")["estimate"]
    assert flipped == pytest.approx(5.0)


def test_errors_are_those_of_the_filled_in_means():
    frame = occasions(np.arange(40) % 11, 35)
    result = score(frame)
    for term, end in (("lower_bound", 0.0), ("upper_bound", 10.0)):
        filled = frame["value"].fillna(end)
        row = row_of(result, term=term)
        assert row["estimate"] == pytest.approx(filled.mean())
        assert row["std_error"] == pytest.approx(filled.std(ddof=1) / np.sqrt(len(filled)), rel=1e-9)


def test_the_flips_error_is_that_of_the_jackknife():
    rng = np.random.default_rng(1)
    frame = occasions(rng.integers(0, 11, 900), 600)
    row = row_of(score(frame), term="silent_to_flip")

    def flip(weights: np.ndarray) -> float:
        share = weights @ frame["answered"] / weights.sum()
        mean = weights @ frame["value"].fillna(0) / weights.sum()
        return (5.0 - mean) / (1 - share)

    moves, step = [], 1e-4
    for i in range(len(frame)):
        nudge = np.ones(len(frame))
        nudge[i] += step
        up = flip(nudge)
        nudge[i] -= 2 * step
        moves.append((up - flip(nudge)) / (2 * step))
    assert row["std_error"] == pytest.approx(np.sqrt(np.sum(np.square(moves))), rel=1e-3)


@pytest.mark.parametrize("apart", [0.0, 0.5, 2.0, 50.0])
def test_the_critical_value_holds_a_point_anywhere_between_the_bounds(apart):
    """Imbens and Manski's equation by its meaning: at either bound the chance to be held is the level."""
    width = set_width(apart, 1.0, 0.95, 10**7)
    assert stats.norm.cdf(width + apart) - stats.norm.cdf(-width) == pytest.approx(0.95, abs=1e-6)
    assert width == pytest.approx({0.0: 1.959964, 50.0: 1.644854}.get(apart, width), abs=1e-5)
    assert 1.6448 < width < 1.96


@settings(max_examples=20, deadline=None)
@given(
    spoke=st.lists(st.integers(0, 10), min_size=12, max_size=40),
    quiet=st.lists(st.integers(0, 10), min_size=1, max_size=40),
)
def test_whatever_the_silent_think_everybodys_mean_is_within_the_bounds(spoke, quiet):
    result = score(occasions(spoke, len(quiet)))
    low, high = (row_of(result, term=t) for t in ("lower_bound", "upper_bound"))
    everybody = np.mean(spoke + quiet)
    assert low["estimate"] - 1e-9 <= everybody <= high["estimate"] + 1e-9
    assert 0 <= low["conf_low"] <= low["estimate"] + 1e-9
    assert high["estimate"] - 1e-9 <= high["conf_high"] <= 10
    flip = row_of(result, term="silent_to_flip")
    assert (everybody - 5) * (np.mean(quiet) - flip["estimate"]) >= -1e-9


def test_an_answer_that_no_scale_has_flips_nothing():
    result = score(occasions([9, 8] * 30, 10), threshold=5.0)
    row = row_of(result, term="silent_to_flip")
    assert row["estimate"] == pytest.approx((5 - 8.5 * 6 / 7) * 7)
    assert not row["can_flip"]
    assert row_of(result, term="lower_bound")["estimate"] > 5


def test_nobody_silent_and_too_few():
    everybody = score(occasions([9, 8] * 30, 0))
    assert row_of(everybody, term="silent_to_flip")["reason"] == "nobody is silent"
    low, high = (row_of(everybody, term=t) for t in ("lower_bound", "upper_bound"))
    assert low["estimate"] == high["estimate"] == pytest.approx(8.5)
    assert set(score(occasions([9] * 9, 50)).estimates["reason"]) == {"fewer than 10 answers"}
    assert set(score(occasions([9] * 5, 4)).estimates["reason"]) == {"fewer than 10 customers answered"}


def test_groups_and_weights():
    frame = pd.concat([occasions([8] * 20, 20).assign(g="a"), occasions([2] * 20, 20).assign(g="b")])
    frame["w"] = np.where(frame["answered"] == 1, 3.0, 1.0)
    result = score(frame, by="g", weight="w")
    assert row_of(result, group="a", term="lower_bound")["estimate"] == pytest.approx(6.0)
    assert row_of(result, group="b", term="upper_bound")["estimate"] == pytest.approx(4.0)


@pytest.mark.slow
def test_the_interval_holds_a_mean_at_the_very_bound():
    """The silent all think the lowest, the worst case for the interval: 4,000 samples of 80 occasions."""
    held, n = 0, 4000
    for seed in range(n):
        rng = np.random.default_rng([2, seed])
        spoke = rng.random(80) < 0.7
        value = rng.choice([0.0, 10.0], 80, p=[0.3, 0.7])
        totals = in_memory(spoke, value)
        result = score_silent(totals, scale=(0, 10), threshold=5.0)
        low, high = (row_of(result, term=t) for t in ("lower_bound", "upper_bound"))
        held += low["conf_low"] <= 0.7 * 7 <= high["conf_high"]
    print(f"held {held / n:.4f}")
    low, high = stats.binom.ppf([0.0005, 0.9995], n, 0.95) / n
    assert low <= held / n <= high


def in_memory(spoke: np.ndarray, value: np.ndarray):
    from coroi.inference.totals import totals_of

    columns = np.column_stack([np.ones(len(spoke)), spoke, np.where(spoke, value, 0.0)])
    return totals_of([""], list(silent_parts()), columns[:, None, :], np.ones((len(spoke), 1), dtype=int))
