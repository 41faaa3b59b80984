"""Bars of a tornado: the ends of each line's own interval, and assumptions by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coroi.errors import DataError
from coroi.roi.flows import join_lines, known_line
from coroi.roi.tornado import COLUMNS, Assumed, reweighted, scaled, tornado
from drawn_money import days, line

WEIGHTS = 1.08 ** -(np.arange(4) / 12)


def three():
    return join_lines(
        [
            line("retention", 2.0, seed=1, shared=2.0),
            line("spend", 0.5, seed=2, shared=1.0),
            known_line("programme", np.array([-4.0, -0.5, -0.5, -0.5])),
        ],
        currency="EUR",
        periods=days(4),
    )


def test_a_line_at_the_ends_of_its_interval_moves_the_value_by_as_much():
    flows = three()
    table = tornado(flows, WEIGHTS, level=0.9).set_index("input")
    assert list(tornado(flows, WEIGHTS).columns) == list(COLUMNS)
    npv = float((flows.estimate @ WEIGHTS).sum())
    for at, name in enumerate(("retention", "spend")):
        block = flows.covariance[4 * at : 4 * at + 4, 4 * at : 4 * at + 4]
        variance = sum(WEIGHTS[i] * WEIGHTS[j] * block[i, j] for i in range(4) for j in range(4))
        half = stats.t.ppf(0.95, 29) * variance**0.5
        value = sum(WEIGHTS * flows.estimate[at])
        np.testing.assert_allclose(
            table.loc[name, ["low", "high", "npv_low", "npv_high", "swing"]].to_numpy(float),
            [value - half, value + half, npv - half, npv + half, 2 * half],
        )
    assert "programme" not in table.index
    assert set(table["kind"]) == {"estimated"}


def test_stated_assumptions_stand_among_the_lines_by_their_swing():
    flows = three()
    costs = scaled(flows, WEIGHTS, ["programme"], name="costs", by=0.2)
    rates = reweighted(
        flows,
        name="discount rate",
        low=0.0,
        high=0.3,
        weights_low=np.ones(4),
        weights_high=1.3 ** -(np.arange(4) / 12),
    )
    short = reweighted(flows, name="horizon", low=2, high=4, weights_low=WEIGHTS * [1, 1, 0, 0], weights_high=WEIGHTS)
    table = tornado(flows, WEIGHTS, assumed=[costs, rates, short])
    assert (np.diff(table["swing"]) <= 0).all()
    assert set(table["input"]) == {"retention", "spend", "costs", "discount rate", "horizon"}
    rows = table.set_index("input")
    npv, cost = float((flows.estimate @ WEIGHTS).sum()), float(flows.estimate[2] @ WEIGHTS)
    assert rows.loc["costs", "npv_low"] == pytest.approx(npv - 0.2 * cost)
    assert rows.loc["costs", "npv_high"] == pytest.approx(npv + 0.2 * cost)
    assert rows.loc["costs", "npv_high"] < rows.loc["costs", "npv_low"], "higher costs leave less"
    assert (rows.loc["costs", "low"], rows.loc["costs", "high"]) == (0.8, 1.2)
    assert rows.loc["discount rate", "npv_low"] == pytest.approx(flows.estimate.sum())
    assert rows.loc["horizon", "npv_low"] == pytest.approx(float((flows.estimate[:, :2] @ WEIGHTS[:2]).sum()))
    assert list(rows.loc[["costs", "horizon"], "kind"]) == ["assumed", "assumed"]


def test_weights_may_differ_by_line_as_where_benefits_run_out_and_costs_do_not():
    flows = three()
    by_line = np.vstack([WEIGHTS * 0.9 ** np.arange(4)] * 2 + [WEIGHTS])
    found = reweighted(flows, name="run-out", low=0.9, high=1.0, weights_low=by_line, weights_high=WEIGHTS)
    assert found.npv_low == pytest.approx(float((by_line * flows.estimate).sum()))


def test_inputs_that_stand_twice_and_lines_that_are_not_there_are_refused():
    flows = three()
    twice = Assumed(name="spend", low=0, high=1, npv_low=0, npv_high=1)
    with pytest.raises(DataError, match="the inputs spend stand twice"):
        tornado(flows, WEIGHTS, assumed=[twice])
    with pytest.raises(DataError, match=r"costs: there is no line 'program'. Did you mean 'programme'"):
        scaled(flows, WEIGHTS, ["program"], name="costs", by=0.2)
    with pytest.raises(DataError, match="a range of ± 0 % is none"):
        scaled(flows, WEIGHTS, ["programme"], name="costs", by=0.0)
