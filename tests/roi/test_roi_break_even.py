"""Break-even effects: the factor at which nothing is left, its set, and the lift of retention that pays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from coroi.errors import DataError
from coroi.roi.break_even import break_even_factor, break_even_retention
from coroi.roi.flows import known_line
from coroi.roi.present_value import present_value
from money_lines import drawn_line, joined

GAIN = [0.0, 1.0, 2.0, 3.0, 3.0, 3.0]
COST = known_line("programme", np.array([-6.0, *[-0.2] * 5]))


def value_at(flows, factor: float, level: float = 0.95):
    weights = np.where(np.array(flows.names) == "programme", 1.0, factor)
    return present_value(flows.weighted(weights, "scaled"), rate_annual=0.1, per_year=12, level=level)


def test_at_the_factor_nothing_is_left_and_at_its_ends_the_test_is_at_its_level():
    flows = joined(drawn_line("retention", GAIN, 1), drawn_line("spend", GAIN, 2), COST)
    found = break_even_factor(flows, benefits=["retention", "spend"], rate_annual=0.1, per_year=12)
    assert value_at(flows, found["estimate"])["estimate"] == pytest.approx(0.0, abs=1e-12)
    assert value_at(flows, found["conf_low"])["conf_high"] == pytest.approx(0.0, abs=1e-9)
    assert value_at(flows, found["conf_high"])["conf_low"] == pytest.approx(0.0, abs=1e-9)
    assert found["words"] == f"{found['conf_low']:.3g} to {found['conf_high']:.3g}"


def test_what_pays_by_its_test_has_a_set_below_one():
    flows = joined(drawn_line("retention", GAIN, 1), COST)
    found = break_even_factor(flows, benefits=["retention"], rate_annual=0.1, per_year=12)
    assert (value_at(flows, 1.0)["conf_low"] > 0) == (found["conf_high"] < 1)
    noisy = joined(drawn_line("retention", GAIN, 1, spread=4.0), COST)
    wide = break_even_factor(noisy, benefits=["retention"], rate_annual=0.1, per_year=12)
    assert wide["estimate"] == pytest.approx(found["estimate"], rel=1e-12) and wide["conf_high"] > found["conf_high"]


def test_a_factor_scales_against_the_benefits_and_with_the_costs():
    one, double = (joined(drawn_line("retention", k * np.array(GAIN), 1), COST) for k in (1.0, 2.0))
    a, b = (break_even_factor(f, benefits=["retention"], rate_annual=0.1, per_year=12) for f in (one, double))
    assert b["estimate"] == pytest.approx(a["estimate"] / 2, rel=1e-12)
    both = [known_line("retention", np.array(GAIN)), COST]
    sure = break_even_factor(joined(*both), benefits=["retention"], rate_annual=0.1, per_year=12)
    assert sure["conf_low"] == pytest.approx(sure["estimate"]) == sure["conf_high"]


def test_benefits_that_may_be_nothing_have_an_unbounded_set_and_none_have_no_factor():
    weak = joined(drawn_line("retention", GAIN, 1, spread=40.0), COST)
    found = break_even_factor(weak, benefits=["retention"], rate_annual=0.1, per_year=12)
    assert found["words"].startswith("unbounded") and found["set"] != "interval"
    worse = joined(drawn_line("retention", -np.array(GAIN), 1), COST)
    refused = break_even_factor(worse, benefits=["retention"], rate_annual=0.1, per_year=12)
    assert not refused["identified"] and "no factor" in refused["words"] and np.isnan(refused["conf_low"])
    with pytest.raises(DataError, match="There is no line 'loyalty'"):
        break_even_factor(worse, benefits=["loyalty"], rate_annual=0.1, per_year=12)
    with pytest.raises(DataError, match="No line is named for the break-even factor"):
        break_even_factor(worse, benefits=[], rate_annual=0.1, per_year=12)


@pytest.mark.parametrize(
    ("margin", "retention", "rate", "cost"), [(120, 0.8, 0.1, 25), (30, 0.5, 0.2, 4), (9, 0, 0, 1)]
)
def test_the_lift_is_that_at_which_customers_years_add_up(margin, retention, rate, cost):
    """Sum the years of customers who stay with a chance, and look for the chance that pays for the cost."""

    def worth(stay: float) -> float:
        return sum(margin * (stay / (1 + rate)) ** year for year in range(2000))

    root = brentq(lambda lift: worth(retention + lift) - worth(retention) - cost, 0.0, 1 - retention - 1e-6, xtol=1e-13)
    found = break_even_retention(margin=margin, retention=retention, rate=rate, cost_per_customer=cost)
    assert found == pytest.approx(root, abs=1e-10)


def test_lifts_that_are_none_or_not_to_be_had():
    assert break_even_retention(margin=10, retention=0.8, rate=0.1, cost_per_customer=0) == 0.0
    assert break_even_retention(margin=1, retention=0.8, rate=0.1, cost_per_customer=1000) == np.inf
    with pytest.raises(DataError, match="give amounts above zero"):
        break_even_retention(margin=0, retention=0.8, rate=0.1, cost_per_customer=1)
    with pytest.raises(DataError, match=r"write 0.80 for 80 %"):
        break_even_retention(margin=1, retention=80, rate=0.1, cost_per_customer=1)
    with pytest.raises(DataError, match=r"write 0.10 for 10 %"):
        break_even_retention(margin=1, retention=0.8, rate=10, cost_per_customer=1)
