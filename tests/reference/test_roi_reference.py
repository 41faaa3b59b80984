"""Arithmetic of money over time against figures that others print.

The inputs of the retention lift are not printed: a rate of 10 %, retention of 80 % and a margin of 4.8 times
the cost are those that its value, 1/62, belongs to.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from coroi.roi.break_even import break_even_retention
from coroi.roi.flows import known_line
from coroi.roi.irr import internal_rate
from coroi.roi.payback import interpolated_payback, payback
from coroi.roi.present_value import present_value

PROJECT = known_line("project", np.array([-40000.0, 5000.0, 8000.0, 12000.0, 30000.0]))


@pytest.fixture(scope="module")
def expected(shared):
    at = shared / "oracles" / "36_roi_arithmetic" / "expected.json"
    if not at.is_file():
        pytest.skip("there is no folder '36_roi_arithmetic' among the oracles")
    return {row["name"]: row for row in json.loads(at.read_text(encoding="utf-8"))["quantities"]}


def near(row):
    return pytest.approx(row["value"], abs=row["tol"])


def test_the_project_that_numpy_financial_prints():
    """The value, and rates of return, of numpy-financial's docstrings."""
    assert present_value(PROJECT, rate_annual=0.08, per_year=1)["estimate"] == pytest.approx(3065.22267, abs=5e-6)
    found = internal_rate(known_line("x", np.array([-100.0, 39, 59, 55, 20])), per_year=1)
    assert found.estimate == pytest.approx(0.28095, abs=5e-6)


def test_value_and_paybacks(expected):
    assert present_value(PROJECT, rate_annual=0.08, per_year=1)["estimate"] == near(expected["npv(8%)"])
    simple = interpolated_payback(PROJECT, rate_annual=0.0, per_year=1)
    discounted = interpolated_payback(PROJECT, rate_annual=0.08, per_year=1)
    assert simple == near(expected["simple payback (years) of the npv example"])
    assert discounted == near(expected["discounted payback"])
    assert payback(PROJECT, rate_annual=0.08, per_year=1).estimate == np.ceil(discounted)


def test_every_rate_of_return(expected):
    names = [name for name in expected if name.startswith("irr [")]
    assert len(names) == 5
    for name in names:
        amounts = json.loads(name.removeprefix("irr "))
        roots = internal_rate(known_line("x", np.array(amounts, float)), per_year=1).roots
        root = min(roots, key=lambda rate: abs(rate - expected[name]["value"]))
        assert root == near(expected[name]), name
        value = sum(a / (1 + root) ** k for k, a in enumerate(amounts))
        assert value == near(expected[f"npv at {name} = 0"])


def test_annuities_by_the_month(expected):
    rate = (1 + 0.05 / 12) ** 12 - 1
    saved = known_line("saved", np.r_[0.0, np.full(119, 100.0), 100.0 - 15692.93])
    assert present_value(saved, rate_annual=rate, per_year=12)["estimate"] == near(expected["pv"])
    rate = (1 + 0.075 / 12) ** 12 - 1
    one = present_value(known_line("x", np.r_[0.0, np.ones(180)]), rate_annual=rate, per_year=12)["estimate"]
    paid = expected["pmt 200k 15y 7.5%"]
    assert -200_000 / one == near(paid)
    loan = internal_rate(known_line("loan", np.r_[200_000.0, np.full(180, paid["value"])]), per_year=12)
    assert loan.estimate == pytest.approx(rate, abs=1e-10)


def test_the_lift_of_retention_that_pays(expected):
    lift = break_even_retention(margin=120.0, retention=0.8, rate=0.1, cost_per_customer=25.0)
    assert lift == near(expected["break-even retention lift closed form"])
