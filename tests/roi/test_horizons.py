"""Figures by horizon are those of flows that end there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.inference.influence import influence_covariance
from coroi.roi.flows import Line, join_lines, known_line
from coroi.roi.horizons import figures_by_horizon
from coroi.roi.irr import internal_rate
from coroi.roi.present_value import discount_factors, present_value, return_on_investment

DAYS = tuple(f"2024-{m:02d}-01" for m in range(1, 7))
AT = {"rate_annual": 0.1, "per_year": 12}


def _line(n: int) -> tuple[np.ndarray, pd.DataFrame]:
    moved = np.random.default_rng(2).standard_normal((30, 6))[:, :n]
    return np.array([2.0, 3.0, 4.0, 5.0, 5.0, 5.0])[:n], pd.DataFrame(moved, index=[f"u{i}" for i in range(30)])


def _flows(n: int):
    estimate, moved = _line(n)
    line = Line(
        name="spend", estimate=estimate, covariance=influence_covariance(moved.to_numpy()), moved=moved, df=29.0
    )
    paid = known_line("programme", np.array([-9.0, -1.0, -1.0, -1.0, -1.0, -1.0])[:n])
    return join_lines([line, paid], currency="EUR", periods=DAYS[:n])


@pytest.mark.parametrize("n", [1, 3, 6])
def test_a_horizon_is_that_of_flows_joined_over_as_long(n: int) -> None:
    rows = figures_by_horizon(_flows(6), horizons=[n], costs=("programme",), **AT).set_index("term")
    short = _flows(n)
    for term, told in (
        ("net_present_value", present_value(short.total, **AT)),
        ("return_on_costs", return_on_investment(short, costs=("programme",), **AT)),
    ):
        for column in ("estimate", "conf_low", "conf_high"):
            assert rows.loc[term, column] == pytest.approx(told[column], rel=1e-10)
    rate = internal_rate(short.total, per_year=12)
    assert rows.loc["internal_rate", "conf_low"] == pytest.approx(rate.low, nan_ok=True)
    assert bool(rows.loc["internal_rate", "identified"]) == (rate.estimate == rate.estimate)


def test_without_costs_there_is_no_return_on_them() -> None:
    rows = figures_by_horizon(_flows(6), horizons=[2, 4], costs=(), **AT)
    assert set(rows["term"]) == {"net_present_value", "internal_rate"}
    worth = rows[rows["term"] == "net_present_value"].set_index("horizon")["estimate"]
    assert worth[2] == pytest.approx(float(discount_factors(0.1, 2, 12) @ np.array([-7.0, 2.0])))
