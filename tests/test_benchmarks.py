"""The benchmarks run end to end on a small panel, and their agreement check can fail; no time is asserted."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


def run_benchmark(module, *arguments, out):
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments, "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text()), done.stdout


@pytest.mark.parametrize(
    ("beside", "named", "faster"),
    [
        pytest.param(["pyfixest", "grouping"], ["pyfixest", "grouping"], [True, False], id="pyfixest and grouping"),
        pytest.param(
            ["statsmodels", "tenth"],
            ["statsmodels", "itself, a tenth of the rows"],
            [True, False],
            id="statsmodels and a tenth",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_hazard_beside_others_at_20000_rows(tmp_path, beside, named, faster):
    said, table = run_benchmark(
        "hazard", "--rows", "20000", "--pairs", "1", "--beside", *beside, out=tmp_path / "out.json"
    )
    rows = said["rows"]
    assert [r["beside"] for r in rows] == named
    assert [r["faster"] for r in rows] == faster
    for row in rows:
        assert row["theirs"][0]["failed"] == ""
        assert len(row["ratios"]) == 1
        assert row["ours"][0]["peak_bytes"] > 50 * 2**20
    peer = rows[0]["theirs"][0]["answer"]
    assert set(rows[0]["ours"][0]["answer"]) == set(peer)
    assert "score" in peer
    assert "hazard, 20,000 rows" in table


@pytest.mark.slow
def test_effects_beside_others_at_20000_rows(tmp_path):
    command = ("effects", "--rows", "20000", "--pairs", "1", "--beside", "pyfixest", "linearmodels", "all")
    said, table = run_benchmark(*command, out=tmp_path / "out.json")
    assert [r["beside"] for r in said["rows"]][:2] == ["pyfixest", "linearmodels"]
    assert [r["faster"] for r in said["rows"]] == [True, True, False]
    for row in said["rows"]:
        ours, theirs = row["ours"][0]["answer"], row["theirs"][0]["answer"]
        assert row["theirs"][0]["failed"] == ""
        assert ours.keys() == theirs.keys() == {"nps", "tickets"}
        for term in ours:
            assert ours[term] == pytest.approx(theirs[term], rel=1e-6)
    assert "effects, 20,000 rows" in table


@pytest.mark.parametrize("news", [[], ["--news"]], ids=["lags", "news"])
def test_lags_from_blocks_beside_rows_in_memory_at_250000_rows(tmp_path, news):
    said, _ = run_benchmark("lags", "--rows", "250000", "--pairs", "1", *news, out=tmp_path / "out.json")
    (row,) = said["rows"]
    ours, theirs = row["ours"][0]["answer"], row["theirs"][0]["answer"]
    assert row["beside"] == "itself, all rows in memory"
    assert ours.keys() == theirs.keys()
    assert len(ours) == 13 if news else 8
    for term in ours:
        assert ours[term] == pytest.approx(theirs[term], rel=1e-7)


def test_customer_months_are_the_same_for_the_same_seed_and_hold_the_planted_effect(tmp_path):
    from benchmarks.contenders import coroi_effects
    from benchmarks.data import MONEY_SLOPE, write_money

    path = write_money(tmp_path / "a.parquet", 300_000)
    frame = pd.read_parquet(path)
    pd.testing.assert_frame_equal(frame, pd.read_parquet(write_money(tmp_path / "b.parquet", 300_000)))
    assert len(frame) == 300_000
    assert not frame.isna().any(axis=None)
    assert not frame.duplicated(["customer_id", "period"]).any()
    estimate, error = coroi_effects(path)["nps"]
    assert error < 0.02
    assert abs(estimate - MONEY_SLOPE) < 4 * error


def test_effects_are_the_same_whatever_the_order_of_the_file(tmp_path):
    from benchmarks.contenders import coroi_effects
    from benchmarks.data import sort_by_month, write_money

    path = write_money(tmp_path / "a.parquet", 250_000)
    mine, other = coroi_effects(path), coroi_effects(sort_by_month(path))
    for term in mine:
        assert mine[term] == pytest.approx(other[term], rel=1e-10)


def test_panel_beside_grouping_at_20000_rows(tmp_path):
    said, _ = run_benchmark("panel", "--rows", "20000", "--pairs", "1", out=tmp_path / "out.json")
    (row,) = said["rows"]
    assert row["what"] == "panel, 19,978 rows"
    assert row["ours"][0]["answer"] == row["theirs"][0]["answer"]
    assert row["ours"][0]["answer"]["customers"][0] > 500


@pytest.mark.slow
def test_panel_beside_pandas_and_a_tenth_at_20000_rows(tmp_path):
    command = ("panel", "--rows", "20000", "--pairs", "1", "--beside", "pandas", "tenth")
    said, _ = run_benchmark(*command, out=tmp_path / "out.json")
    pandas, tenth = said["rows"]
    ours, theirs = pandas["ours"][0]["answer"], pandas["theirs"][0]["answer"]
    assert ours.keys() == theirs.keys() >= {"rows", "revenue", "exited", "nps", "nps_mean_to_date"}
    for name in ours:
        assert ours[name][0] == pytest.approx(theirs[name][0], rel=1e-12, abs=0)
    assert ours["rows"] == [19_978]
    assert tenth["beside"] == "itself, a tenth of the rows"
    assert tenth["theirs"][0]["answer"]["customers"][0] < tenth["ours"][0]["answer"]["customers"][0]


def test_pandas_builds_the_panel_cell_by_cell(tmp_path):
    from benchmarks.contenders import _UNTIL, AGE_LIMIT, keep_panel
    from benchmarks.data import write_raw
    from benchmarks.pandas_panel import build

    write_raw(tmp_path, 20_000)
    keep_panel(tmp_path)
    ours = pd.read_parquet(tmp_path / "panel.parquet")
    theirs = build(tmp_path, until=_UNTIL, since=date(2022, 1, 1), grace_days=30, age_limit=AGE_LIMIT)
    keys = ["customer_id", "period"]
    theirs["period"] = theirs["period"].dt.date
    ours, theirs = (frame.sort_values(keys, ignore_index=True) for frame in (ours, theirs))
    for column in theirs.columns:
        plain = {"check_dtype": False, "check_names": False, "rtol": 1e-12, "atol": 0}
        if column in ("customer_id", "period", "segment"):
            assert ours[column].tolist() == theirs[column].tolist()
        else:
            mine, other = (frame[column].astype("float64") for frame in (ours, theirs))
            pd.testing.assert_series_equal(mine, other, **plain)


def test_panels_are_the_same_for_the_same_seed_and_hold_the_planted_effect(tmp_path):
    from benchmarks.contenders import coroi_hazard
    from benchmarks.data import SLOPE, write_panel

    path = write_panel(tmp_path / "a.parquet", 600_000)
    frame = pd.read_parquet(path)
    again = pd.read_parquet(write_panel(tmp_path / "b.parquet", 600_000))
    other = pd.read_parquet(write_panel(tmp_path / "c.parquet", 1000, seed=2))
    pd.testing.assert_frame_equal(frame, again)
    assert not frame["nps"].head(1000).equals(other["nps"])
    assert len(frame) == 600_000
    assert not frame.duplicated(["customer_id", "period"]).any()
    assert frame.groupby("customer_id")["exited"].sum().max() == 1
    estimate, error = coroi_hazard(path)["score"]
    assert error < 0.01
    assert abs(estimate - SLOPE) < 4 * error


def test_last_answer_lies_before_its_month_and_grows_too_old():
    from benchmarks.data import AGE_LIMIT, PERIODS, last_answer

    answer = np.full((1, PERIODS), np.nan)
    answer[0, [2, 5]] = 9.0, 4.0
    known, count = last_answer(answer)
    expected = [math.nan] * 3 + [9.0] * 3 + [4.0] * AGE_LIMIT
    expected += [math.nan] * (PERIODS - len(expected))
    np.testing.assert_array_equal(known[0], expected)
    assert count[0].tolist() == [0] * 3 + [1] * 3 + [2] * (PERIODS - 6)


def test_panel_from_raw_tables_equals_the_panel_drawn(tmp_path):
    from benchmarks.contenders import keep_panel
    from benchmarks.data import write_panel, write_raw

    write_raw(tmp_path, 20_000)
    keep_panel(tmp_path)
    built = pd.read_parquet(tmp_path / "panel.parquet")
    drawn = pd.read_parquet(write_panel(tmp_path / "drawn.parquet", 20_000))
    keys, values = ["customer_id", "period"], ["tenure_periods", "exited", "segment", "nps", "nps_n_to_date"]
    told = drawn[(drawn["period"] < date(2024, 12, 1)) & drawn["customer_id"].isin(built["customer_id"])]
    both = told.merge(built[built["at_risk"]], on=keys, suffixes=("", "_built"))
    assert len(both) == len(told) == built["at_risk"].sum() > 10_000
    for value in values:
        pd.testing.assert_series_equal(both[value], both[f"{value}_built"], check_names=False, check_dtype=False)


def test_agreement_fails_on_a_difference_and_on_nothing_in_common():
    from benchmarks.measure import Run, check_agreement

    ours = Run(answer={"score": [-0.15, 0.01]})
    check_agreement(ours, Run(answer={"score": [-0.15 * (1 + 1e-7), 0.01], "other": [1.0]}))
    with pytest.raises(AssertionError, match="score"):
        check_agreement(ours, Run(answer={"score": [-0.15, 0.01 * (1 + 1e-3)]}))
    with pytest.raises(AssertionError, match="score"):
        check_agreement(ours, Run(answer={"score": [-0.15 * (1 + 1e-5), 0.01]}))
    with pytest.raises(AssertionError, match="score"):
        check_agreement(ours, Run(answer={"score": [math.nan, 0.01]}))
    with pytest.raises(AssertionError, match="in common"):
        check_agreement(ours, Run(answer={"age": [1.0]}))


def test_a_contender_that_fails_or_holds_too_much_is_named_and_run_once(tmp_path):
    from benchmarks.measure import Row, markdown, pairs, run

    report = 'import json; print(json.dumps({"seconds": 2.0, "peak_bytes": 1, "answer": {}}))'
    breaks = run(["-c", "raise SystemExit('out of memory')"])
    assert breaks.failed == "out of memory"
    greedy = run(["-c", "x = bytearray(10**9); import time; time.sleep(60)"], most_bytes=2 * 10**8)
    assert greedy.failed == "ended: it held more than 0.186 GB"
    ours, theirs = pairs(["-c", report], ["-c", "raise SystemExit('no')"], 3, lambda a, b: None)
    assert (len(ours), len(theirs)) == (1, 1)
    row = Row("hazard", "peer", "10 times faster", True, ours, theirs)
    assert row.ratios == []
    assert "| peer | no | – |" in markdown([row])


def test_ratio_of_each_pair_runs_the_way_its_aim_does():
    from benchmarks.measure import Row, Run, markdown

    ours, theirs = [Run(1.0, 2**30), Run(2.0, 2**29), Run(1.5)], [Run(10.0), Run(10.0), Run(30.0)]
    faster = Row("hazard", "peer", "", True, ours, theirs)
    slower = Row("hazard", "query", "", False, ours, theirs)
    assert faster.ratios == [10.0, 5.0, 20.0]
    assert slower.ratios == [0.1, 0.2, 0.05]
    assert "| 1.50 s, 1.00 GB | peer | 10.00 s, 0.00 GB | 10.0 (5.0–20.0) times faster |" in markdown([faster])
