"""Present values: against loops, exact intervals, and words for what cannot be valued."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coroi.errors import DataError
from coroi.inference.ratios import set_of
from coroi.roi.flows import Line, known_line
from coroi.roi.present_value import (
    discount_factors,
    present_value,
    return_on_investment,
    value_by_line,
    value_grid,
)
from money_lines import drawn_line, joined, summed, variance_of_sum

PATH = np.array([-5.0, -1.0, 0.5, 2.0, 3.0, 3.5])


def test_the_period_of_the_start_is_not_discounted_and_a_year_on_is_by_the_rate():
    factors = discount_factors(0.1, 13, 12)
    assert factors[0] == 1.0
    assert factors[12] == pytest.approx(1 / 1.1, rel=1e-14)
    np.testing.assert_allclose(discount_factors(0.1, 3, 1), [1, 1 / 1.1, 1 / 1.21], rtol=1e-14)
    np.testing.assert_array_equal(discount_factors(0.0, 3, 12), np.ones(3))


@pytest.mark.parametrize(("rate", "per_year", "horizon"), [(0.08, 12, 6), (0.3, 1, 4), (0.0, 52, 1), (-0.2, 4, 5)])
def test_a_value_is_that_of_a_loop_with_its_error(rate, per_year, horizon):
    line = drawn_line("retention", PATH, 1)
    found = present_value(line, rate_annual=rate, per_year=per_year, horizon=horizon, level=0.9)
    factors = [(1 + rate) ** (-k / per_year) for k in range(horizon)]
    error = variance_of_sum(line.covariance, factors) ** 0.5
    value = summed(PATH[:horizon], rate, per_year)
    assert found["estimate"] == pytest.approx(value, rel=1e-12)
    assert found["std_error"] == pytest.approx(error, rel=1e-12)
    assert found["conf_high"] == pytest.approx(value + stats.t.ppf(0.95, 29) * error, rel=1e-12)
    assert found["conf_low"] + found["conf_high"] == pytest.approx(2 * value, rel=1e-12)


def test_confidence_is_where_a_one_sided_interval_touches_zero():
    line = drawn_line("retention", PATH, 1, spread=4.0)
    found = present_value(line, rate_annual=0.1, per_year=12)
    assert 0.5 < found["confidence"] < 1
    at_its_level = present_value(line, rate_annual=0.1, per_year=12, level=2 * found["confidence"] - 1)
    assert at_its_level["conf_low"] == pytest.approx(0.0, abs=1e-9)
    turned = Line(name="x", estimate=-line.estimate, covariance=line.covariance, df=line.df)
    other = present_value(turned, rate_annual=0.1, per_year=12)
    assert other["confidence"] == pytest.approx(1 - found["confidence"], rel=1e-12)


@pytest.mark.parametrize(("amounts", "confidence"), [([-1.0, 3.0], 1.0), ([-3.0, 1.0], 0.0), ([-1.0, 1.0], 0.5)])
def test_known_money_is_certain(amounts, confidence):
    found = present_value(known_line("programme", np.array(amounts)), rate_annual=0.0, per_year=12)
    assert found["confidence"] == confidence
    assert found["conf_low"] == found["estimate"] == found["conf_high"] == sum(amounts)


def test_money_in_another_unit_is_worth_as_much_more_and_as_sure():
    line = drawn_line("spend", PATH, 2)
    more = Line(name="spend", estimate=100 * line.estimate, covariance=1e4 * line.covariance, df=line.df)
    one, hundred = (present_value(x, rate_annual=0.1, per_year=12) for x in (line, more))
    assert hundred["estimate"] == pytest.approx(100 * one["estimate"], rel=1e-12)
    assert hundred["conf_low"] == pytest.approx(100 * one["conf_low"], rel=1e-12)
    assert hundred["confidence"] == pytest.approx(one["confidence"], rel=1e-12)


def test_a_grid_holds_every_rate_and_horizon():
    line = drawn_line("retention", PATH, 1)
    grid = value_grid(line, rates=(0.0, 0.1), horizons=(1, 3, 6), per_year=12)
    assert list(zip(grid["rate_annual"], grid["horizon"], strict=True)) == [
        (r, h) for r in (0.0, 0.1) for h in (1, 3, 6)
    ]
    at = grid[(grid["rate_annual"] == 0.1) & (grid["horizon"] == 3)].iloc[0]
    assert at["estimate"] == present_value(line, rate_annual=0.1, per_year=12, horizon=3)["estimate"]


def test_lines_add_up_to_the_total_and_their_errors_do_not():
    flows = joined(drawn_line("retention", PATH, 1), drawn_line("spend", PATH / 2, 1), known_line("programme", -PATH))
    rows = value_by_line(flows, rate_annual=0.1, per_year=12).set_index("line")
    assert list(rows.index) == ["retention", "spend", "programme", "total"]
    assert rows["estimate"].iloc[:3].sum() == pytest.approx(rows.loc["total", "estimate"], rel=1e-12)
    assert rows.loc["total", "std_error"] == pytest.approx(2 * rows.loc["retention", "std_error"], rel=1e-12)
    assert rows.loc["programme", "confidence"] == float(rows.loc["programme", "estimate"] > 0)


def test_a_return_on_known_costs_is_the_value_on_another_scale():
    flows = joined(drawn_line("retention", PATH, 1), known_line("programme", np.full(6, -2.0)))
    found = return_on_investment(flows, costs=["programme"], rate_annual=0.1, per_year=12)
    net = present_value(flows.total, rate_annual=0.1, per_year=12)
    cost = summed([2.0] * 6, 0.1, 12)
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        assert found[name] == pytest.approx(net[name] / cost, rel=1e-12)
    assert found["set"] == "interval"


def test_a_return_on_uncertain_costs_has_the_set_of_returns_that_a_test_holds():
    costs = drawn_line("cost to serve", np.full(6, -2.0), 5, spread=2.0)
    flows = joined(drawn_line("retention", PATH, 1), costs)
    found = return_on_investment(flows, costs=["cost to serve"], rate_annual=0.1, per_year=12)
    accepted = []
    for ratio in np.linspace(found["conf_low"] - 0.2, found["conf_high"] + 0.2, 801):
        line = flows.weighted(np.array([1.0, 1.0 + ratio]), "net less its share of costs")
        value = present_value(line, rate_annual=0.1, per_year=12)
        accepted += [ratio] if value["conf_low"] <= 0 <= value["conf_high"] else []
    assert min(accepted) == pytest.approx(found["conf_low"], abs=0.005)
    assert max(accepted) == pytest.approx(found["conf_high"], abs=0.005)


def test_costs_that_may_be_nothing_give_a_set_without_bounds_and_no_costs_no_return():
    costs = drawn_line("cost to serve", np.full(6, -0.05), 5, spread=6.0)
    flows = joined(drawn_line("retention", PATH, 1), costs)
    found = return_on_investment(flows, costs=["cost to serve"], rate_annual=0.1, per_year=12)
    assert set_of(found).words().startswith("unbounded")
    gain = joined(drawn_line("retention", PATH, 1), known_line("saved", np.ones(6)))
    refused = return_on_investment(gain, costs=["saved"], rate_annual=0.1, per_year=12)
    assert not refused["identified"] and "not above zero" in refused["reason"] and np.isnan(refused["estimate"])


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (10, "A discount rate of 10 is 1,000 % a year; write 0.10 for 10 %."),
        (7.5, "A discount rate of 7.5 is 750 % a year; write 0.075 for 7.5 %."),
        (-1.0, "A discount rate of -1 leaves money no worth to compare"),
        (float("nan"), "A discount rate of nan"),
    ],
)
def test_a_rate_that_is_no_share_is_refused_with_the_right_way_to_write_it(rate, said):
    with pytest.raises(DataError) as refused:
        present_value(known_line("x", PATH), rate_annual=rate, per_year=12)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize("horizon", [-3, 0, 7])
def test_a_horizon_outside_the_line_is_refused(horizon):
    with pytest.raises(DataError, match=rf"x: a horizon of {horizon} periods cannot be valued; give 1 to 6"):
        present_value(known_line("x", PATH), rate_annual=0.1, per_year=12, horizon=horizon)


def test_lines_that_are_empty_unknown_or_not_finite_are_refused():
    with pytest.raises(DataError, match="x: no period to value"):
        present_value(known_line("x", np.array([])), rate_annual=0.1, per_year=12)
    with pytest.raises(DataError, match="x: 1 amounts or errors are not finite"):
        present_value(known_line("x", np.array([1.0, np.nan])), rate_annual=0.1, per_year=12)
    with pytest.raises(DataError, match="A level of 95 is no chance"):
        present_value(known_line("x", PATH), rate_annual=0.1, per_year=12, level=95)
    with pytest.raises(DataError, match="0 periods in a year"):
        present_value(known_line("x", PATH), rate_annual=0.1, per_year=0)
    flows = joined(known_line("programme", PATH))
    with pytest.raises(DataError, match=r"no line 'programm'. Did you mean 'programme'\?"):
        return_on_investment(flows, costs=["programm"], rate_annual=0.1, per_year=12)
    with pytest.raises(DataError, match=r"No line is named for a return on costs. Known: programme"):
        return_on_investment(flows, costs=[], rate_annual=0.1, per_year=12)
