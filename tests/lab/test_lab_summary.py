"""The sums over replications, against a slow count by hand, and the bar."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from coroi.lab.bar import ENOUGH, REASONS, reason_for, standing
from coroi.lab.experiments import EXPERIMENTS, Estimand
from coroi.lab.summary import summarise, summarise_verdicts, wilson

THETA = Estimand(name="theta", words="a number")
TRUTH = {"value": 2.0, "error": 0.01}


def record(seed: int, estimate: float, low: float, high: float) -> dict:
    return {"seed": seed, "found": {"theta": {"estimate": estimate, "low": low, "high": high}}}


def some_records() -> list[dict]:
    rng = np.random.default_rng(3)
    middle, half = rng.normal(2.3, 0.8, 60), rng.uniform(0.5, 2.5, 60)
    records = [record(i, m, m - h, m + 2 * h) for i, (m, h) in enumerate(zip(middle, half, strict=True))]
    refused = {"seed": 60, "found": {"theta": {"refused": "too few"}}}
    return [*records, refused, refused | {"seed": 61}, {"seed": 62, "failed": "ValueError: no"}]


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (475, 500), (500, 500), (1, 2000)])
def test_wilsons_interval_is_that_of_a_library(hits, n):
    assert wilson(hits, n) == pytest.approx(proportion_confint(hits, n, method="wilson"), abs=1e-9)
    assert wilson(0, 0) == (0, 1)


def test_the_summary_is_what_counting_by_hand_gives():
    records = some_records()
    row = summarise(THETA, records, TRUTH)
    told = [r["found"]["theta"] for r in records[:60]]
    away = [t["estimate"] - 2.0 for t in told]
    bias = sum(away) / 60
    sd = math.sqrt(sum((a - bias) ** 2 for a in away) / 59)
    held = sum(t["low"] <= 2.0 <= t["high"] for t in told)
    without = sum(not t["low"] <= 0 <= t["high"] for t in told)
    assert (row["replications"], row["refused"], row["failed"]) == (63, 2, 1)
    assert row["refusals"] == {"too few": 2}
    assert row["failures"] == {"ValueError: no": 1}
    assert row["bias"] == pytest.approx(bias, rel=1e-5)
    assert row["bias_error"] == pytest.approx(sd / math.sqrt(60), rel=1e-5)
    assert row["bias_per_sd"] == pytest.approx(bias / sd, rel=1e-5)
    assert row["rmse"] == pytest.approx(math.sqrt(sum(a**2 for a in away) / 60), rel=1e-5)
    assert 0 < held < 60
    assert 0 < without < 60
    assert row["coverage"] == pytest.approx(held / 61, rel=1e-5)  # a failure covers nothing
    assert (row["coverage_low"], row["coverage_high"]) == pytest.approx(wilson(held, 61), rel=1e-5)
    assert row["excludes_zero"] == pytest.approx(without / 61, rel=1e-5)
    assert row["mean_width"] == pytest.approx(sum(t["high"] - t["low"] for t in told) / 60, rel=1e-5)
    assert (row["truth"], row["truth_error"]) == (2.0, 0.01)
    assert "unbounded" not in row


def test_sets_without_bound_hold_all_but_their_gap_and_have_no_width():
    inf = math.inf
    sets = [(1.0, 3.0, None), (-inf, inf, None), (-inf, inf, (1.5, 2.5)), (-inf, inf, (-0.5, 0.5)), (1.0, inf, None)]
    records = [record(i, 2.1, low, high) for i, (low, high, _) in enumerate(sets)]
    for each, (_, _, gap) in zip(records, sets, strict=True):
        if gap:
            each["found"]["theta"] |= {"gap_low": gap[0], "gap_high": gap[1]}
    row = summarise(THETA, records, TRUTH)
    assert row["coverage"] == 4 / 5
    assert row["excludes_zero"] == 3 / 5
    assert row["mean_width"] == 2.0
    assert row["unbounded"] == 4 / 5


def test_an_end_that_touches_the_truth_holds_it():
    ends = [record(1, 2.5, 2.0, 3.0), record(2, 1.5, 1.0, 2.0), record(3, 0.5, 0.0, 1.9)]
    row = summarise(THETA, ends, TRUTH)
    assert row["coverage"] == pytest.approx(2 / 3, rel=1e-5)
    assert row["excludes_zero"] == pytest.approx(2 / 3, rel=1e-5)


def test_without_a_truth_or_an_estimate_nothing_is_made_up():
    row = summarise(THETA, some_records(), None)
    assert (row["bias"], row["coverage"], row["rmse"]) == (None, None, None)
    assert row["mean_width"] > 0
    none = summarise(THETA, some_records()[60:62], TRUTH)
    assert (none["refused"], none["coverage"], none["excludes_zero"], none["mean_width"]) == (2, None, None, None)
    share = Estimand(name="theta", words="a share", contrast=False)
    assert summarise(share, some_records(), TRUTH)["excludes_zero"] is None


def test_verdicts_are_counted_by_label_and_by_what_they_claim():
    found = [("cannot tell", False)] * 3 + [("supported", True), ("consistent with", False)]
    records = [
        {"seed": i, "found": {"theta": {"label": label, "causal": causal}}} for i, (label, causal) in enumerate(found)
    ]
    row = summarise_verdicts(THETA, [*records, {"seed": 9, "failed": "KeyError: x"}])
    assert row["labels"] == {"cannot tell": 3, "consistent with": 1, "supported": 1}
    assert (row["causal"], row["failed"], row["replications"]) == (1, 1, 6)
    assert (row["causal_low"], row["causal_high"]) == pytest.approx(wilson(1, 5), rel=1e-5)


def row_of(coverage: float, n: int, alarms: float = 0.0, **more: object) -> dict:
    low, high = wilson(round(coverage * n), n)
    alarm = wilson(round(alarms * n), n)
    told = {"coverage": coverage, "coverage_low": low, "coverage_high": high, "truth": 1.0, "truth_error": 0.0}
    told |= {"excludes_zero": alarms, "excludes_low": alarm[0], "excludes_high": alarm[1], "sd": 1.0}
    return told | {"replications": n, "refused": 0, "failed": 0, "zero": alarms > 0} | more


@pytest.mark.parametrize(
    ("row", "bar"),
    [
        (row_of(0.935, 2000), "met"),
        (row_of(0.965, 2000), "met"),
        (row_of(0.9345, 2000), "short"),
        (row_of(0.9655, 2000), "short"),
        (row_of(0.95, 2000, 0.065), "met"),
        (row_of(0.95, 2000, 0.0655), "short"),
        (row_of(0.95, 2000, 0.2, zero=False), "met"),
        (row_of(0.95, 2000, failed=1), "short"),
        (row_of(0.93, 200), "open"),
        (row_of(0.95, 200), "open"),
        (row_of(0.85, 200), "short"),
        (row_of(1.0, 400), "short"),
        (row_of(0.93, 2000, refused=600), "open"),
        (row_of(0.90, 2000, truth_error=0.3), "open"),
        (row_of(0.90, 2000, truth_error=0.2), "short"),
        ({**row_of(0.95, 2000), "coverage": None}, "short"),
        ({**row_of(0.95, 2000), "coverage": None, "truth": None}, "open"),
    ],
)
def test_the_bar(row, bar):
    assert ENOUGH == 1500
    assert standing(row) == bar


def test_reasons_belong_to_what_is_there(monkeypatch):
    for (experiment, begins, scenario), reason in REASONS.items():
        assert any(each.name.startswith(begins) for each in EXPERIMENTS[experiment].estimands)
        assert scenario in ("*", *EXPERIMENTS[experiment].scenarios)
        assert reason.endswith(".")
    monkeypatch.setitem(REASONS, ("hazard", "slope", "small"), "Few leave.")
    assert reason_for("hazard", "slope", "small") == "Few leave."
    assert reason_for("hazard", "slope", "own") == reason_for("hazard", "step", "small") == ""
