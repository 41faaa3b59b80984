"""Net promoter score against the R package NPS (its functions run in R 4.2.2 on its own `testdata`)."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from coroi import storage
from coroi.inference.totals import mean_covariance, totals_of
from coroi.metrics.nps import nps_parts, score_nps
from coroi.metrics.totals import sum_by_customer
from coroi.results import Result
from coroi.sources import Metric

METRIC = Metric(scale=(0, 10))


@pytest.fixture(scope="module")
def case(shared: Path) -> tuple[pd.DataFrame, dict[str, float]]:
    folder = shared / "oracles" / "39_nps"
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["quantities"]
    frame = pd.read_csv(folder / "nps_testdata.csv").rename(columns={"REC": "score"})
    frame["customer_id"] = [f"c{i}" for i in range(len(frame))]
    return frame, {q["name"]: q["value"] for q in told}


def score(frame: pd.DataFrame, by: str | None = None) -> Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        totals = sum_by_customer(storage.connect(), ibis.memtable(frame), nps_parts(), by=by)
        return score_nps(totals, metric=METRIC)


def factor(n: int) -> float:
    return float(np.sqrt((n - 1) / n))


def row(result: Result, term: str, wave: str) -> pd.Series:
    return result.estimates.set_index(["term", "wave"]).loc[(term, wave)]


def test_score_and_error_match_r_on_counts_written_here():
    """In R 462 promoters, 176 passives and 362 detractors have score 0.1, variance 0.814, error 0.0285306852354."""
    kinds = np.repeat([[1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 1.0, -1.0]], [462, 176, 362], axis=0)
    totals = totals_of([""], ["promoters", "detractors", "balance"], kinds[:, None, :], np.ones((1000, 1), dtype=int))
    found = row(score_nps(totals, metric=METRIC), "nps", "")
    assert found["estimate"] == pytest.approx(10.0, abs=1e-10)
    assert found["std_error"] / 100 * factor(1000) == pytest.approx(0.0285306852354, abs=1e-12)
    assert mean_covariance(totals)[2, 2] * 999 == pytest.approx(0.814, abs=1e-12)


def test_the_interval_is_within_a_tenth_of_a_point_of_rs_normal_one(case):
    frame, told = case
    found = row(score(frame), "nps", "")
    assert found["estimate"] == pytest.approx(100 * told["NPS"], abs=1e-9)
    assert (found["conf_low"], found["conf_high"]) == pytest.approx((100 * told["CI lo"], 100 * told["CI hi"]), abs=0.1)
    assert found["conf_low"] != pytest.approx(100 * told["CI lo"], abs=1e-6)  # Tango's interval leans towards zero


def test_products_match_r(case):
    frame, told = case
    result = score(frame, by="BU")
    for product, n in frame["BU"].value_counts().items():
        found = row(result, "nps", product)
        assert found["estimate"] == pytest.approx(100 * told[f"{product} NPS"], abs=1e-9)
        assert found["std_error"] * factor(n) == pytest.approx(100 * told[f"{product} se"], abs=1e-9)


def test_the_difference_of_two_regions_matches_r(case):
    """R adds the regions' variances without a factor; ours are taken back to that one by one."""
    frame, told = case
    pair = frame[frame["Region"].isin(["EMEA", "NAM"])]
    result = score(pair, by="Region")
    found = row(result, "change", "NAM less EMEA")
    assert found["estimate"] == pytest.approx(100 * told["difference"], abs=1e-8)
    plain = [row(result, "nps", r)["std_error"] * factor((pair["Region"] == r).sum()) for r in ("NAM", "EMEA")]
    assert np.hypot(*plain) == pytest.approx(100 * told["diff se"], abs=1e-8)
    assert found["std_error"] == pytest.approx(
        np.hypot(*(row(result, "nps", r)["std_error"] for r in ("NAM", "EMEA"))), rel=1e-9
    )
    assert found["p_value"] == pytest.approx(told["diff p"], abs=0.003)
    assert (found["conf_low"], found["conf_high"]) == pytest.approx(
        (100 * told["diff CI lo"], 100 * told["diff CI hi"]), abs=0.1
    )
