"""Firms as a panel: numbered periods, changes of money, and what was public when shares returned something."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_firms import drawn_firms, open_firms

from coroi.errors import StudyError
from coroi.studies import firms
from coroi.studies.firms.panel import FirmPanel, changes, months_of_returns, read_firms


def panel_of(tmp_path, frame: pd.DataFrame) -> FirmPanel:
    return read_firms(open_firms(tmp_path, {"firms": frame}))


@pytest.mark.parametrize(
    ("months", "days", "length", "numbers"),
    [
        (12, ["2012-01-01", "2013-01-01", "2015-01-01"], "year", [0, 1, 3]),
        (3, ["2012-02-01", "2012-05-01", "2013-02-01"], "quarter", [0, 1, 4]),
        (1, ["2012-02-01", "2012-03-01", "2012-07-01"], "month", [0, 1, 5]),
        (24, ["2012-02-01", "2014-02-01", "2018-02-01"], "24 months", [0, 1, 3]),
    ],
)
def test_periods_are_numbered_by_what_all_gaps_are_multiples_of(tmp_path, months, days, length, numbers):
    frame = pd.DataFrame({"firm_id": "A", "period": days, "satisfaction": [70, 72, 71]})
    panel = panel_of(tmp_path, frame)
    assert (panel.months, panel.length) == (months, length)
    assert panel.frame["period"].tolist() == numbers


def test_one_period_counts_as_a_year_and_a_score_that_never_varies_has_no_deviation(tmp_path):
    panel = panel_of(tmp_path, pd.DataFrame({"firm_id": ["A", "B"], "period": "2012-01-01", "satisfaction": [70, 70]}))
    assert panel.months == 12
    assert np.isnan(panel.points)
    assert panel.held == {"satisfaction"}


def test_changes_are_since_the_year_before_and_never_cross_a_gap(tmp_path):
    frame = drawn_firms(firms=6, years=6)
    frame = frame[~((frame["firm_id"] == "Firm 02") & (frame["period"] == "2012-01-01"))]
    panel = panel_of(tmp_path, frame)
    money = {(r.entity, r.period): r for r in panel.frame.itertuples()}
    for kind in ("market_value", "earnings"):
        for horizon in (-2, 0, 2):
            found = changes(panel, kind, horizon)
            for value, r in zip(found, panel.frame.itertuples(), strict=True):
                later, before = money.get((r.entity, r.period + horizon)), money.get((r.entity, r.period - 1))
                if later is None or before is None:
                    assert np.isnan(value)
                elif kind == "earnings":
                    assert value == pytest.approx((later.earnings - before.earnings) / before.revenue)
                else:
                    assert value == pytest.approx(np.log(later.market_value / before.market_value))


def test_money_that_is_not_above_zero_has_no_log(tmp_path):
    frame = drawn_firms(firms=4, years=4)
    frame.loc[frame["firm_id"] == "Firm 01", "market_value"] = 0
    panel = panel_of(tmp_path, frame)
    lost = np.isnan(changes(panel, "market_value", 0))
    assert lost[panel.frame["entity"] == "Firm 01"].all()
    assert (~lost).sum() == 3 * 3


def test_a_score_counts_from_its_day_and_goes_stale_after_two_years(tmp_path):
    scores = pd.DataFrame(
        {
            "firm_id": ["A", "A", "B"],
            "period": ["2012-01-01", "2013-01-01", "2012-01-01"],
            "industry": ["x", "y", "x"],
            "satisfaction": [70, 80, 60],
            "market_value": [100, 200, 0],
        }
    )
    months = [f"{y}-{m:02d}-01" for y in (2012, 2013, 2014, 2015) for m in range(1, 13)]
    returns = pd.DataFrame(
        [(firm, month, 0.01) for firm in ("A", "B", "C") for month in months],
        columns=["firm_id", "month", "total_return"],
    )
    factors = pd.DataFrame({"month": months, "market": 0.01, "risk_free": 0.0})
    opened = open_firms(tmp_path, {"firms": scores, "firm_returns": returns, "factors": factors})
    rows, market = months_of_returns(opened, read_firms(opened), 3)
    at = rows.assign(day=[f"{m // 12}-{m % 12 + 1:02d}" for m in rows["period"]]).set_index(["entity", "day"])
    score = at["score"]
    assert score["A"].dropna().index[0] == "2012-04"
    assert (score["A", "2013-03"], score["A", "2013-04"], score["A", "2015-03"]) == (70, 80, 80)
    assert np.isnan(score["A", "2015-04"])
    assert score["B"].dropna().index[[0, -1]].tolist() == ["2012-04", "2014-03"]
    assert score["C"].isna().all()
    assert (at["size"]["A", "2013-01"], at["size"]["A", "2014-01"]) == (100, 200)
    assert np.isnan(at["size"]["A", "2012-12"])
    assert at["size"]["B"].isna().all()
    assert (at["industry"]["A", "2013-03"], at["industry"]["A", "2013-04"]) == ("x", "y")
    assert len(market) == 48


def test_what_is_asked_follows_from_the_columns(tmp_path):
    opened = open_firms(tmp_path, {"firms": drawn_firms()})
    question = firms.ask(opened)
    assert question.asked == ("standing", "value", "cost")
    assert (question.ranked_by, question.by_value) == ("market_value", "market_value")
    assert question.declaration("value").level == pytest.approx(1 - 0.05 / 3)
    assert question.declaration("value").delta == pytest.approx(np.log(1.02))
    assert question.public_after == 12
    assert firms.ask(opened, ranked_by="earnings").ranked_by == "earnings"


def test_without_values_returns_tell_the_value(tmp_path):
    frame = drawn_firms().drop(columns=["market_value", "earnings"])
    months = pd.date_range("2010-01-01", periods=96, freq="MS").strftime("%Y-%m-%d")
    returns = pd.DataFrame({"firm_id": "Firm 01", "month": months, "total_return": 0.01})
    factors = pd.DataFrame({"month": months, "market": 0.01, "risk_free": 0.0})
    question = firms.ask(open_firms(tmp_path, {"firms": frame, "firm_returns": returns, "factors": factors}))
    assert (question.by_value, question.ranked_by) == ("returns", "revenue")
    assert question.asked == ("standing", "value")
    assert question.deltas["value"] == pytest.approx(0.01 / 12)


def test_a_case_that_is_not_there_is_told_with_the_nearest(tmp_path):
    opened = open_firms(tmp_path, {"firms": drawn_firms()})
    with pytest.raises(StudyError, match="Did you mean 'Firm 03'"):
        firms.ask(opened, case_firm="Firn 03")
