"""Margin multiples, lifetimes and elasticities as Gupta, Lehmann, Stuart and others print them.

Entries from memory are used only where the case recomputed them. Those without a formula, and those that need a model
of growing numbers of customers or are about markets of shares, are no targets.
"""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from coroi.roi.equity import Base, elasticities, expected_lifetime, margin_multiple, migration_value

ANNUAL = 0.12


@pytest.fixture(scope="module")
def expected(shared) -> dict[str, dict]:
    path = shared / "oracles" / "34_firm_level_value" / "expected.json"
    return {q["name"]: q for q in json.loads(path.read_text(encoding="utf-8"))["quantities"]}


def agrees(found: float, quantity: dict) -> None:
    assert found == pytest.approx(quantity["value"], abs=max(quantity["tol"], 1e-12), rel=0)


def test_margin_multiples_are_the_printed_ones(expected):
    named = {n: q for n, q in expected.items() if "multiple r=" in n}
    assert len(named) == 17
    for name, quantity in named.items():
        retention, discount = (float(x) for x in re.findall(r"[ri]=(\d?\.\d+)", name))
        agrees(margin_multiple(retention, discount), quantity)


def test_customer_values_by_when_money_is_paid_are_the_closed_forms(expected):
    starts = {"first payment now": "at once", "first payment at t=1": "if retained", "payment at end": "period end"}
    for start, paid in starts.items():
        (name,) = [n for n in expected if n.startswith(f"CLV m=100 r=.8 d=.1: {start}")]
        agrees(100 * margin_multiple(0.8, 0.1, paid=paid), expected[name])


def test_lifetimes_and_what_fewer_leaving_adds_to_them_are_the_printed_ones(expected):
    agrees(expected_lifetime(0.1), expected["lifetime at 10% defection (years)"])
    agrees(expected_lifetime(0.05), expected["lifetime at 5% defection (years)"])
    gain = "RS-type thought experiment: % lifetime value gain, churn 20%->15%, no discount"
    agrees(100 * (expected_lifetime(0.15) / expected_lifetime(0.2) - 1), expected[gain])
    agrees(100 * (expected_lifetime(0.05) / expected_lifetime(0.1) - 1), expected["same, 10%->5%"])


def test_retention_elasticities_of_five_firms_are_those_of_quarterly_multiples(expected):
    """A per cent more of a year's retention, in quarters, on what the firm's margin adds to its worth."""
    named = {n: q for n, q in expected.items() if n.startswith("GLS retention elasticity")}
    assert len(named) == 5
    gains, margins = [], []
    for name, quantity in named.items():
        retention, part = (float(x) for x in re.findall(r"r=([\d.]+), margin elasticity ([\d.]+)", name)[0])
        rate = (1 + ANNUAL) ** 0.25 - 1
        more, usual = (margin_multiple((f * retention) ** 0.25, rate) for f in (1.01, 1.0))
        agrees(100 * (more / usual - 1) * part, quantity)
        gross = margin_multiple(retention**0.25, rate)
        base = Base(margin=1.0, retention=retention**0.25, discount=rate, acquisition=gross * (1 - 1 / part))
        found = elasticities(base)
        assert found["margin"] == pytest.approx(part)
        agrees(
            found["margin"] + found["acquisition"],
            expected["homogeneity identity: margin elasticity - acquisition elasticity = 1"],
        )
        gains.append(100 * (more / usual - 1) * part)
        margins.append(found["margin"])
    agrees(float(np.mean(gains)), expected["GLS: 1% retention -> ~5% firm value"])
    agrees(float(np.mean(margins)), expected["GLS: 1% margin -> 1% firm value"])
    agrees(float(np.mean(margins)) - 1, expected["GLS: 1% acquisition cost -> .1%"])


def test_moving_customers_are_worth_what_the_power_series_says(expected):
    stay = [0.3, 0.2, 0.15, 0.05]
    moves = np.zeros((5, 5))
    for state, chance in enumerate(stay):
        moves[state, 0], moves[state, state + 1] = chance, 1 - chance
    moves[4, 4] = 1
    found = migration_value(moves, np.array([36.0, -4, -4, -4, 0]), 0.2)
    for state, value in enumerate(found):
        agrees(value, expected[f"Markov CLV state {state + 1} (NC=40,M=4,d=.2)"])
