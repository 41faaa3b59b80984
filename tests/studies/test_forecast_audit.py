"""The audit of forecasts: what counts, what does not, and that old folders never stop a run."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest
from forecast_world import LABEL, leave_run, looking, made, seen
from scipy import stats

from coroi.errors import StudyError
from coroi.inference.forecasts import forecast_series
from coroi.schemas import Panel
from coroi.studies.forecast_audit import audit_of, kept_of
from coroi.studies.predictions import file_of, sha256_of

QUARTER = ["2024-01-01", "2024-02-01", "2024-03-01"]
CAME = dict(zip(QUARTER, [11.0, 8.5, 13.0], strict=True))


def test_each_forecast_stands_beside_what_came(tmp_path):
    leave_run(tmp_path, "aaa", made(QUARTER))
    audit = audit_of(looking(tmp_path), "stay", seen(CAME))
    assert (audit.n, audit.n_inside, audit.n_waiting, audit.n_other, audit.n_unreadable) == (3, 2, 0, 0, 0)
    assert audit.rows["inside"].tolist() == [True, True, False]
    assert audit.rows["error"].tolist() == [1.0, -1.5, 3.0]
    assert audit.rows["score"].tolist() == pytest.approx([4.0, 4.0, 4.0 + 40 * 1.0])
    (scores,) = audit.scores.to_dict("records")
    assert scores["mean_error"] == pytest.approx(2.5 / 3)
    assert scores["absolute_error"] == pytest.approx(5.5 / 3)
    assert np.isnan(scores["naive_absolute_error"])
    assert audit.promised == pytest.approx(0.95)


def test_the_share_counts_forecasts_alone_or_no_more_than_runs_and_periods(tmp_path):
    leave_run(tmp_path, "aaa", made(QUARTER))
    leave_run(tmp_path, "bbb", made(QUARTER, data_until="2023-11-30"))
    audit = audit_of(looking(tmp_path), "stay", seen(CAME))
    assert (audit.n, audit.n_inside, audit.n_apart) == (6, 4, 2)
    low, high = audit.share()
    assert (stats.binom.sf(3, 6, low), stats.binom.cdf(4, 6, high)) == pytest.approx((0.025, 0.025))
    wide = audit.share(alone=False)
    assert wide[0] < low < high < wide[1]
    assert audit.share(level=0.5)[0] > low


def test_a_period_counts_when_the_data_hold_it_whole(tmp_path):
    leave_run(tmp_path, "aaa", made(QUARTER))
    audit = audit_of(looking(tmp_path, until="2024-03-30"), "stay", seen(CAME))
    assert (audit.n, audit.n_waiting) == (2, 1)
    without = audit_of(looking(tmp_path), "stay", seen(CAME | {"2024-02-01": np.nan}))
    assert (without.n, without.n_waiting) == (2, 1)


def test_the_panel_says_which_period_is_whole(tmp_path):
    leave_run(tmp_path, "aaa", made(QUARTER))
    inputs = looking(tmp_path)
    ends = {"observed_until": date(2024, 3, 31), "last_complete_period": date(2024, 1, 1)}
    told = {"metrics": (), "frequency": "month", "currency": "EUR", "relationship": "contract"}
    inputs.panel = Panel(data=None, **told, **ends, last_at_risk_period=date(2024, 1, 1))
    assert audit_of(inputs, "stay", seen(CAME)).n == 1


def test_forecasts_on_the_same_or_newer_data_do_not_count(tmp_path):
    leave_run(tmp_path, "same", made(["2024-04-01"], data_until="2024-03-31"))
    leave_run(tmp_path, "newer", made(["2024-05-01"], data_until="2024-04-30"))
    audit = audit_of(looking(tmp_path), "stay", seen(CAME | {"2024-04-01": 10.0, "2024-05-01": 10.0}))
    assert (audit.n, audit.n_waiting, audit.n_other, audit.n_unreadable) == (0, 0, 0, 0)


def test_of_runs_on_data_until_the_same_day_the_latest_counts(tmp_path):
    leave_run(tmp_path, "zzz", made(QUARTER[:2], estimate=1.0), finished="2024-01-02T10:00:00+00:00")
    leave_run(tmp_path, "aaa", made(QUARTER[:1], estimate=10.0), finished="2024-01-02T12:00:00+00:00")
    audit = audit_of(looking(tmp_path), "stay", seen(CAME))
    assert audit.rows[["run", "estimate"]].to_numpy().tolist() == [["aaa", 10.0], ["zzz", 1.0]]
    assert audit.n_repeated == 1


def test_moments_are_compared_whatever_their_time_zone(tmp_path):
    leave_run(tmp_path, "late", made(QUARTER[:1], estimate=1.0), finished="2024-01-02T10:00:00+00:00")
    leave_run(tmp_path, "soon", made(QUARTER[:1], estimate=2.0), finished="2024-01-02T11:00:00+09:00")
    assert audit_of(looking(tmp_path), "stay", seen(CAME)).rows["run"].tolist() == ["late"]


@pytest.mark.parametrize("other", [{"label": "Margin per customer and month, USD"}, {"name": "exit_rate"}])
def test_forecasts_of_something_else_are_counted_and_not_mixed(tmp_path, other):
    leave_run(tmp_path, "aaa", pd.concat([made(QUARTER), made(QUARTER, **other)]))
    audit = audit_of(looking(tmp_path), "stay", seen(CAME))
    assert (audit.n, audit.n_other) == (3, 3)
    assert set(zip(audit.rows["name"], audit.rows["label"], strict=True)) == {("margin", LABEL)}


def broken_parquet(folder):
    file_of(folder).write_bytes(b"PAR1 torn")


def other_columns(folder):
    pd.DataFrame({"customer": ["x"], "value": [1.0]}).to_parquet(file_of(folder))


def other_types(folder):
    pd.read_parquet(file_of(folder)).assign(estimate="many").to_parquet(file_of(folder))


def no_record(folder):
    (folder.parent / "run.json").unlink()


def torn_record(folder):
    (folder.parent / "run.json").write_text('{"finished": ')


def other_record(folder):
    (folder.parent / "run.json").write_text("[]")


def no_zone(folder):
    (folder.parent / "run.json").write_text('{"finished": "2024-01-02T00:00:00"}')


@pytest.mark.parametrize(
    "damage", [broken_parquet, other_columns, other_types, no_record, torn_record, other_record, no_zone]
)
def test_what_cannot_be_read_is_counted_and_stops_nothing(tmp_path, damage):
    leave_run(tmp_path, "good", made(QUARTER))
    damage(leave_run(tmp_path, "bad", made(QUARTER, data_until="2023-11-30")))
    (tmp_path / "index.html").write_text("no folder")
    (tmp_path / "empty").mkdir()
    audit = audit_of(looking(tmp_path), "stay", seen(CAME))
    assert (audit.n, audit.n_unreadable) == (3, 1)
    assert audit.rows["run"].unique().tolist() == ["good"]


def test_an_observed_value_that_is_an_estimate_widens_the_interval(tmp_path):
    leave_run(tmp_path, "aaa", made(QUARTER))
    audit = audit_of(looking(tmp_path), "stay", seen(CAME, std_error=[0.1, 0.1, 2.0]))
    assert audit.rows["inside"].tolist() == [True, True, True]
    half = np.hypot(2.0, stats.norm.ppf(0.975) * 2.0)
    assert audit.rows[["low", "high"]].iloc[2].tolist() == pytest.approx([10 - half, 10 + half])


def test_the_naive_forecast_knows_only_what_was_known_then(tmp_path):
    months = pd.period_range("2020-01", "2024-03", freq="M").to_timestamp().strftime("%Y-%m-%d")
    values = np.random.default_rng(1).normal(10, 1, size=len(months))
    leave_run(tmp_path, "aaa", made(QUARTER))
    leave_run(tmp_path, "bbb", made(QUARTER[:1], data_until="2023-11-15"))
    audit = audit_of(looking(tmp_path), "stay", seen(dict(zip(months, values, strict=True))))
    assert audit.n == 4
    by_run = audit.rows.set_index(["run", "period"])
    december, october = values[-4], values[-6]
    assert by_run.loc[("aaa", QUARTER[2]), "naive_error"] == pytest.approx(values[-1] - december)
    assert by_run.loc[("bbb", QUARTER[0]), "naive_error"] == pytest.approx(values[-3] - october)
    naive = forecast_series(values[:-3], [3], rule="last value").rows.iloc[0]
    outside = max(naive["pred_low"] - values[-1], 0) + max(values[-1] - naive["pred_high"], 0)
    expected = naive["pred_high"] - naive["pred_low"] + 40 * outside
    assert by_run.loc[("aaa", QUARTER[2]), "naive_score"] == pytest.approx(expected)
    assert audit.scores["naive_absolute_error"].item() == pytest.approx(audit.rows["naive_error"].abs().mean())


def test_forecasts_made_after_the_fact_are_told_apart(tmp_path):
    leave_run(tmp_path, "aaa", made(QUARTER), finished="2024-02-10T00:00:00+00:00")
    assert audit_of(looking(tmp_path), "stay", seen(CAME)).rows["ahead"].tolist() == [False, True, True]


def test_the_scored_runs_are_kept_for_the_manifest(tmp_path):
    folder = leave_run(tmp_path / "plan", "aaa", made(QUARTER))
    leave_run(tmp_path / "plan", "bbb", made(QUARTER, name="other"))
    output = tmp_path / "out"
    output.mkdir()
    assert kept_of(output) is None
    audit_of(looking(tmp_path / "plan", output=output), "stay", seen(CAME))
    assert json.loads((output / "audit.json").read_text())["runs"] == {"aaa": sha256_of(file_of(folder))}
    assert kept_of(output) == {"kept": None, "scored": {"aaa": sha256_of(file_of(folder))}}
    assert kept_of(folder) == {"kept": {"sha256": sha256_of(file_of(folder))}, "scored": None}


def test_by_hand_no_run_is_looked_for():
    audit = audit_of(looking(None), "stay", seen(CAME))
    assert (audit.looked, audit.n) == (False, 0)


def test_observed_values_that_cannot_be_used_are_refused(tmp_path):
    with pytest.raises(StudyError, match="they lack label"):
        audit_of(looking(tmp_path), "stay", seen(CAME).drop(columns="label"))
    with pytest.raises(StudyError, match="1 rows repeat a name, label and period"):
        audit_of(looking(tmp_path), "stay", pd.concat([seen(CAME), seen({QUARTER[0]: 1.0})]))


def test_a_folder_that_is_not_there_holds_no_runs(tmp_path):
    assert audit_of(looking(tmp_path / "nothing"), "stay", seen(CAME)).n == 0


@pytest.mark.parametrize("column", ["customers", "events"])
def test_observed_values_of_few_are_refused(tmp_path, column):
    few = seen(CAME, **{column: [40, 9, 40]})
    with pytest.raises(StudyError, match="1 of 3 counts are of fewer than 10 customers"):
        audit_of(looking(tmp_path), "stay", few)
