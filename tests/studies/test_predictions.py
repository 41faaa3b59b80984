"""Predictions as they are kept: one shape, refused where they are none, and small groups never."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from forecast_world import LABEL, made
from small_company import contracts, open_company

from coroi.errors import StudyError
from coroi.inference.forecasts import forecast_series
from coroi.schemas import Panel
from coroi.studies.predictions import (
    COLUMNS,
    checked,
    data_until,
    file_of,
    keep_predictions,
    last_known,
    prediction_rows,
    sha256_of,
)

ASKED = {"until": date(2023, 12, 31), "frequency": "month", "smallest": 10, "known": 2023 * 12 + 11}
MONTHS = ["2024-02-01", "2024-01-01"]


def test_kept_predictions_have_one_order_and_days_in_iso_form():
    frame = made(MONTHS).drop(columns="data_until").assign(period=pd.to_datetime(MONTHS), extra=1, customers=40)
    kept = checked(frame, **ASKED)
    assert list(kept.columns) == list(COLUMNS)
    assert kept["period"].tolist() == MONTHS[::-1]
    assert kept["data_until"].unique().tolist() == ["2023-12-31"]


def test_equal_predictions_give_equal_bytes(tmp_path):
    for name, frame in (("one", made(MONTHS)), ("two", made(MONTHS[::-1]))):
        keep_predictions(checked(frame, **ASKED), tmp_path / name)
    assert sha256_of(file_of(tmp_path / "one")) == sha256_of(file_of(tmp_path / "two"))
    pd.testing.assert_frame_equal(pd.read_parquet(file_of(tmp_path / "one")), checked(made(MONTHS), **ASKED))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"level": 1.0}, "predictions.level: 2 of 2 rows break the rule that a level lies between 0 and 1"),
        ({"estimate": np.inf, "pred_high": np.inf}, "a forecast is finite"),
        ({"pred_low": 10.5}, "predictions.pred_low: 2 of 2 rows break the rule that its interval holds the forecast"),
        ({"pred_low": np.nan}, "predictions.pred_low: 2 of 2 are no number"),
        ({"estimate": "many"}, "predictions.estimate: 2 of 2 are no number"),
        ({"period": "2024-01-15"}, "it is a month's first day"),
        ({"period": "soon"}, "predictions.period: 2 of 2 are no day"),
        ({"period": "2023-12-01"}, "what the data hold whole is not forecast"),
        ({"data_until": "2024-01-05"}, "no forecast rests on data after the data's end"),
        ({"label": " "}, "predictions.label: 2 of 2 are empty"),
        ({"period": "2024-01-01"}, "1 rows repeat a name, label and period"),
        ({"customers": 9}, "predictions.customers: 2 of 2 counts are of fewer than 10 customers"),
    ],
)
def test_what_is_no_prediction_is_refused(change, told):
    with pytest.raises(StudyError) as caught:
        checked(made(MONTHS).assign(**change), **ASKED)
    assert told in str(caught.value)


def test_several_problems_are_told_together():
    with pytest.raises(StudyError) as caught:
        checked(made(MONTHS).assign(level=0.0, pred_low=11.0), **ASKED)
    assert len(caught.value.problems) == 2
    with pytest.raises(StudyError, match="they lack pred_low, level"):
        checked(made(MONTHS).drop(columns=["pred_low", "level"]), **ASKED)


def test_the_period_that_the_data_end_in_may_be_forecast():
    kept = checked(made(["2023-12-01"], data_until="2023-12-15"), **ASKED)
    assert kept["period"].tolist() == ["2023-12-01"]


def test_a_period_of_which_it_is_not_told_yet_who_left_may_be_forecast():
    ends = {"observed_until": date(2023, 12, 31), "last_complete_period": date(2023, 12, 1)}
    told = {"metrics": (), "frequency": "month", "currency": "EUR", "relationship": "contract"}
    panel = Panel(data=None, **told, **ends, last_at_risk_period=date(2023, 11, 1))
    known = last_known(panel, date(2023, 12, 31), "month")
    assert known == last_known(None, date(2023, 12, 31), "month") - 1 == 2023 * 12 + 10
    kept = checked(made(["2023-12-01"]), **ASKED | {"known": known})
    assert kept["period"].tolist() == ["2023-12-01"]
    with pytest.raises(StudyError, match="what the data hold whole is not forecast"):
        checked(made(["2023-11-01"]), **ASKED | {"known": known})


def test_forecasts_become_predictions_and_those_not_made_are_left_out():
    series = np.random.default_rng(1).normal(10, 1, size=24)
    found = forecast_series(series, [1, 2, 12])
    told = {"name": "margin", "label": LABEL, "unit": "EUR"}
    frame = prediction_rows(found, **told, last_period=date(2023, 12, 1), frequency="month")
    assert frame["period"].tolist() == ["2024-01-01", "2024-02-01"]
    kept = checked(frame, **ASKED)
    assert kept["pred_high"].tolist() == found.rows["pred_high"].tolist()[:2]
    assert kept["method"].unique().tolist() == [found.method]
    none = prediction_rows(forecast_series(series[:5], [1]), **told, last_period=date(2023, 12, 1), frequency="month")
    assert len(checked(none, **ASKED)) == 0


def test_the_data_end_where_the_panel_or_the_plan_says():
    assert data_until(None, date(2024, 1, 1)) == date(2024, 1, 1)
    with pytest.raises(StudyError, match="Say `observed_until` in the plan"):
        data_until(None, None)


def test_a_notebook_keeps_predictions_in_a_run_and_only_checks_them_by_hand(tmp_path):
    inputs = open_company(tmp_path, contracts([(20, 9, "")]), observed_until="2024-12-31")
    frame = made(["2025-01-01"]).drop(columns="data_until")
    inputs.predict(frame)
    assert not list(tmp_path.rglob("predictions.parquet"))
    in_run = type(inputs)(**{f: getattr(inputs, f) for f in inputs.__slots__} | {"output": tmp_path / "out"})
    in_run.predict(frame)
    assert pd.read_parquet(file_of(tmp_path / "out"))["data_until"].tolist() == ["2024-12-31"]
    with pytest.raises(StudyError, match="fewer than"):
        inputs.predict(frame.assign(customers=1))
