"""Leaks: what knows the outcome too well is flagged with its numbers; what is merely strong is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from coroi.prepare.guards import area_under_curve, check_leak
from coroi.prepare.landmark import snapshot_cohort
from coroi.results import Check
from coroi.sources import Metric


def cells(score: np.ndarray, event: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame({"score": score, "event": event})
    return frame.groupby(["score", "event"], dropna=False).size().rename("n").reset_index()


def levels(*rows: tuple[float | None, int, int]) -> pd.DataFrame:
    """Return counts from (score, stayed, left)."""
    long = [(score, event, n) for score, *both in rows for event, n in enumerate(both) if n]
    return pd.DataFrame(long, columns=["score", "event", "n"])


@pytest.mark.parametrize("seed", range(5))
def test_the_area_equals_the_mann_whitney_statistic(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(20, 400)
    score = rng.integers(0, 11, n).astype(float)
    event = (rng.random(n) < 0.2 + 0.05 * (score < 4)).astype(int)
    event[:2] = (0, 1)
    counts = cells(score, event)
    wanted = stats.mannwhitneyu(score[event == 1], score[event == 0]).statistic / (event.sum() * (1 - event).sum())
    found = area_under_curve(*(counts[c].to_numpy() for c in ("score", "event", "n")))
    assert found == pytest.approx(wanted, rel=1e-12)
    shuffled = counts.sample(frac=1, random_state=seed)
    assert area_under_curve(*(shuffled[c].to_numpy() for c in ("score", "event", "n"))) == found


def test_the_area_by_hand():
    assert area_under_curve(np.array([1, 2]), np.array([1, 0]), np.array([5, 5])) == 0.0
    assert area_under_curve(np.array([1, 2]), np.array([0, 1]), np.array([5, 5])) == 1.0
    assert area_under_curve(np.array([3, 3]), np.array([0, 1]), np.array([5, 7])) == 0.5
    assert np.isnan(area_under_curve(np.array([1, 2]), np.array([1, 1]), np.array([5, 5])))


def test_a_column_that_ranks_nearly_all_pairs_is_flagged():
    found = check_leak(levels((1.0, 4, 96), (2.0, 96, 4)), "csat")
    assert found.name == "leak_csat" and found.passed is False
    assert "it ranks 96.0 of 100 pairs of customers rightly" in found.sentence
    assert "It gets no verdict." in found.sentence
    assert found.table.to_dict("list") == {
        "score": [1.0, 2.0],
        "n": [100, 100],
        "events": [96, 4],
        "share": [0.96, 0.04],
    }
    other = check_leak(levels((1.0, 96, 4), (2.0, 4, 96)), "csat")
    assert other.passed is False and "96.0 of 100" in other.sentence


def test_the_limit_of_the_area():
    below = check_leak(levels((1.0, 6, 94), (2.0, 94, 6)), "csat")
    assert below.passed is True
    assert check_leak(levels((1.0, 5, 95), (2.0, 95, 5)), "csat").passed is False


def test_a_level_in_which_all_leave_is_flagged():
    rows = [(float(s), 900, 100) for s in range(2, 6)]
    found = check_leak(levels((1.0, 0, 40), *rows), "csat", label="Satisfaction")
    assert found.passed is False
    assert found.sentence == (
        "The metric Satisfaction knows too well who left to have been there before: all 40 customers at 1 left. It "
        "gets no verdict."
    )
    assert found.tested == "whether the metric Satisfaction can have been there before customers left"
    assert check_leak(levels((1.0, 0, 29), *rows), "csat").passed is True  # too few to be sure
    assert check_leak(levels((1.0, 1, 39), *rows), "csat").passed is True
    common = [(float(s), 100, 900) for s in range(2, 6)]
    assert check_leak(levels((1.0, 0, 40), *common), "csat").passed is True  # chance: 0.9 to the 40


def test_levels_in_which_nobody_leaves_are_flagged():
    rows = ((1.0, 700, 300), (2.0, 800, 200))
    alone = check_leak(levels(*rows, (4.0, 500, 0)), "csat")
    assert alone.passed is False
    assert "none of the 500 customers at 4 left, where 100 were to be expected." in alone.sentence
    found = check_leak(levels(*rows, (4.0, 400, 0), (5.0, 600, 0)), "csat")
    assert found.passed is False
    assert "none of the 1,000 customers at 4 and 5 left, where 167 were to be expected." in found.sentence
    assert check_leak(levels(*rows, (4.0, 499, 0)), "csat").passed is True  # less than a fifth of all
    few = [(s, 200, 0) for s in (3.0, 4.0, 5.0)]  # less than 50 expected in each
    assert check_leak(levels(*rows, *few), "csat").passed is True
    assert check_leak(levels(*rows, (4.0, 399, 1), (5.0, 600, 1)), "csat").passed is True


@pytest.mark.parametrize("seed", range(3))
def test_a_strong_honest_effect_is_no_leak(seed):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 11, 5000).astype(float)
    event = (rng.random(5000) < 1 / (1 + np.exp(-(0.5 - 0.33 * score)))).astype(int)
    counts = cells(score, event)
    auc = area_under_curve(*(counts[c].to_numpy() for c in ("score", "event", "n")))
    assert 0.72 < 1 - auc < 0.80
    found = check_leak(counts, "nps")
    assert found.passed is True
    assert found.sentence == (
        f"The metric nps ranks {100 * (1 - auc):.0f} of 100 pairs of customers rightly (50 is chance), which is no "
        "sign of a leak."
    )


def test_what_customers_did_is_said_as_it_is_called():
    counts = levels((1.0, 50, 0), (2.0, 0, 50), (3.0, 0, 50))
    found = check_leak(counts, "csat", happened="bought again")
    assert found.sentence == (
        "The metric csat knows too well who bought again to have been there before: it ranks 100.0 of 100 pairs of "
        "customers rightly; all 100 customers at 2 and 3 bought again. It gets no verdict."
    )


def test_many_levels_are_named_by_the_first_five():
    rows = [(float(s), 0, 40) for s in range(1, 8)] + [(9.0, 2000, 10)]
    assert "all 280 customers at 1, 2, 3, 4, 5 … left" in check_leak(levels(*rows), "csat").sentence


def test_customers_without_a_score_do_not_count():
    with_silent = levels((None, 0, 500), (1.0, 80, 20), (2.0, 90, 10))
    found = check_leak(with_silent, "csat")
    assert found.passed is True
    assert found.table["n"].sum() == 200


@pytest.mark.parametrize(
    "counts", [levels((1.0, 10, 0), (2.0, 5, 0)), levels((1.0, 0, 10)), levels((None, 10, 10)), levels()]
)
def test_an_outcome_that_does_not_vary_cannot_be_tested(counts):
    found = check_leak(counts, "csat")
    assert found.passed is None
    assert "cannot be tested for a leak" in found.sentence


def leak_in(
    prepare, connection, path: Path, metric: str, theirs: str, scale: tuple[float, float], **columns: str
) -> Check:
    prepared = prepare(
        {},
        {"snapshot": {"path": str(path), "columns": columns, "scores": {metric: theirs}}},
        metrics={metric: Metric(scale=scale)},
    )
    assert prepared.problems == ()
    return check_leak(snapshot_cohort(connection, prepared.tables["snapshot"], metric).counts, metric)


def test_satisfaction_that_was_asked_of_the_gone(prepare, connection, shared):
    path = shared / "data" / "telco_ibm" / "Telco_customer_churn_status.csv"
    columns = {"customer_id": "Customer_ID", "left": "Churn_Value"}
    found = leak_in(prepare, connection, path, "satisfaction", "Satisfaction_Score", (1, 5), **columns)
    assert found.passed is False
    assert "; all 1,440 customers at 1 and 2 left; " in found.sentence
    assert "; none of the 2,938 customers at 4 and 5 left, where 780 were to be expected." in found.sentence


def test_complaints_that_equal_the_exit_and_satisfaction_that_is_noise(prepare, connection, shared):
    path = shared / "data" / "bank_churn_records" / "Customer-Churn-Records.csv"
    columns = {"customer_id": "CustomerId", "left": "Exited"}
    complain = leak_in(prepare, connection, path, "complain", "Complain", (0, 1), **columns)
    assert complain.passed is False
    assert "99.8 of 100 pairs" in complain.sentence
    noise = leak_in(prepare, connection, path, "satisfaction", "Satisfaction Score", (1, 5), **columns)
    assert noise.passed is True
    assert "ranks 50 of 100 pairs" in noise.sentence
