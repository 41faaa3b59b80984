"""Worth of a customer base: sums written out, slopes by differences, intervals against draws, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coroi.errors import DataError
from coroi.roi.equity import (
    PAID,
    Base,
    customer_equity,
    elasticities,
    expected_lifetime,
    margin_multiple,
    migration_value,
)

BASE = Base(margin=40.0, retention=0.85, discount=0.1, customers=1_000, acquisition=30_000.0)


def written_out(retention: float, discount: float, paid: str, periods: int = 1_500) -> float:
    """Sum what a customer pays, period by period."""
    start, lag = {"if retained": (1, 0), "at once": (0, 0), "period end": (1, 1)}[paid]
    return sum(retention ** (k - lag) / (1 + discount) ** k for k in range(start, periods))


@pytest.mark.parametrize("paid", PAID)
@pytest.mark.parametrize(("retention", "discount"), [(0.8, 0.1), (0.95, 0.02), (0.3, 0.5), (1.0, 0.04)])
def test_a_multiple_is_the_sum_of_all_periods(paid, retention, discount):
    assert margin_multiple(retention, discount, paid=paid) == pytest.approx(written_out(retention, discount, paid))


@settings(max_examples=60, deadline=None)
@given(st.floats(0.05, 0.97), st.floats(0.01, 0.6), st.floats(0.5, 500), st.floats(0, 0.9), st.sampled_from(PAID))
def test_elasticities_are_those_of_the_worth_by_small_changes(retention, discount, margin, cost, paid):
    gross = margin * margin_multiple(retention, discount, paid=paid)
    base = Base(margin=margin, retention=retention, discount=discount, acquisition=cost * gross, paid=paid)
    found = elasticities(base)
    names = {"retention": "retention", "margin": "margin", "discount rate": "discount", "acquisition": "acquisition"}
    for term, name in names.items():
        at = getattr(base, name)
        up, down = (replace(base, **{name: at * (1 + e)}).value for e in (1e-5, -1e-5))
        assert found[term] == pytest.approx((up - down) / (2e-5 * base.value), rel=1e-5, abs=1e-5)
    assert found["margin"] + found["acquisition"] == pytest.approx(1, abs=1e-12)
    assert found["discount rate"] < 0 < found["retention"]


def test_known_figures_have_intervals_without_width():
    table = customer_equity(BASE).set_index("term")
    assert table.loc["equity", "estimate"] == pytest.approx(1_000 * 40 * 0.85 / 0.25 - 30_000)
    assert table.loc["lifetime", "estimate"] == pytest.approx(1 / 0.15)
    assert table["identified"].all()
    np.testing.assert_allclose(table["conf_low"], table["estimate"])
    np.testing.assert_allclose(table["conf_high"], table["estimate"])


def test_retention_alone_carries_its_interval_through_what_rises_with_it():
    covariance = np.diag([0.0, 0.02**2])
    table = customer_equity(BASE, covariance=covariance, df=24, level=0.9).set_index("term")
    low, high = table.loc["retention", ["conf_low", "conf_high"]]
    assert 0 < low < 0.85 < high < 1
    for term in ("multiple", "lifetime", "equity", "elasticity: acquisition", "elasticity: margin"):
        ends = sorted(
            customer_equity(replace(BASE, retention=r)).set_index("term").loc[term, "estimate"] for r in (low, high)
        )
        np.testing.assert_allclose(table.loc[term, ["conf_low", "conf_high"]].to_numpy(float), ends)
    assert table.loc["equity", "std_error"] == pytest.approx(0.02 * 1_000 * 40 * 1.1 / 0.25**2, rel=1e-6)


def test_errors_of_margin_and_retention_together_are_those_of_draws():
    covariance = np.array([[1.5**2, 0.6 * 1.5 * 0.004], [0.6 * 1.5 * 0.004, 0.004**2]])
    table = customer_equity(BASE, covariance=covariance).set_index("term")
    drawn = np.random.default_rng(4).multivariate_normal([40, 0.85], covariance, 20_000)
    values = np.array([replace(BASE, margin=m, retention=r).value for m, r in drawn])
    assert table.loc["equity", "std_error"] == pytest.approx(values.std(), rel=0.02)
    low, high = np.quantile(values, [0.025, 0.975])
    half = (high - low) / 2
    assert table.loc["equity", "conf_low"] == pytest.approx(low, abs=0.06 * half)
    assert table.loc["equity", "conf_high"] == pytest.approx(high, abs=0.06 * half)
    sensitive = np.array([elasticities(replace(BASE, margin=m, retention=r))["retention"] for m, r in drawn[:5_000]])
    assert table.loc["elasticity: retention", "std_error"] == pytest.approx(sensitive.std(), rel=0.05)


def test_intervals_hold_the_truth_as_often_as_they_say():
    covariance = np.array([[4.0, 0.02], [0.02, 0.02**2]])
    terms, rng = ["multiple", "lifetime", "equity"], np.random.default_rng(12)
    truth = customer_equity(BASE).set_index("term").loc[terms, "estimate"]
    held = []
    for margin, retention in rng.multivariate_normal([BASE.margin, BASE.retention], covariance, 250):
        found = customer_equity(replace(BASE, margin=margin, retention=retention), covariance=covariance)
        rows = found.set_index("term").loc[terms]
        held.append((rows["conf_low"] <= truth) & (truth <= rows["conf_high"]))
    np.testing.assert_allclose(np.mean(held, axis=0), 0.95, atol=3 * (0.05 * 0.95 / 250) ** 0.5)


def test_an_end_has_no_bound_where_winning_customers_may_cost_all_that_they_are_worth():
    dear = replace(BASE, acquisition=120_000.0)
    table = customer_equity(dear, covariance=np.diag([0.0, 0.02**2])).set_index("term")
    assert np.isinf(table.loc["elasticity: margin", "conf_high"])
    assert table.loc["elasticity: acquisition", "conf_low"] == -np.inf
    assert table.loc["equity", "conf_low"] < 0 < table.loc["equity", "estimate"]


def test_what_has_no_number_says_why():
    lost = customer_equity(replace(BASE, acquisition=200_000.0)).set_index("term")
    assert lost.loc["equity", "estimate"] < 0
    assert not lost.loc["elasticity: retention", "identified"]
    assert "worth no more than it costs to win them" in lost.loc["elasticity: retention", "reason"]
    ever = customer_equity(replace(BASE, retention=1.0)).set_index("term")
    assert ever.loc["lifetime", "reason"] == "nobody leaves, so that a lifetime has no bound"
    assert ever.loc["multiple", "estimate"] == pytest.approx(10)


@pytest.mark.parametrize(
    ("retention", "discount", "said"),
    [
        (80, 0.1, r"retention is a share from 0 to 1, not 80\. Write 0\.8"),
        (-0.1, 0.1, "retention is a share"),
        (0.8, 10, r"a discount rate of 1,000 % a period is none\. Write 0\.1 for 10 %"),
        (0.8, -0.1, "a discount rate of -10 % a period"),
        (1.0, 0.0, "has no bound"),
        (float("nan"), 0.1, "retention is a share"),
        (0.8, float("nan"), "a discount rate of nan %"),
    ],
)
def test_figures_that_give_no_finite_multiple_are_refused(retention, discount, said):
    with pytest.raises(DataError, match=said):
        margin_multiple(retention, discount)
    with pytest.raises(DataError, match=said):
        customer_equity(Base(margin=1, retention=retention, discount=discount))


def test_other_bad_input_is_refused_in_a_sentence():
    with pytest.raises(DataError, match="not paid 'monthly'"):
        margin_multiple(0.8, 0.1, paid="monthly")
    with pytest.raises(DataError, match="with an error has no interval"):
        customer_equity(replace(BASE, retention=1.0), covariance=np.diag([0, 0.1]))
    with pytest.raises(DataError, match=r"shape \(2, 2\)"):
        customer_equity(BASE, covariance=np.eye(3))
    for churn in (0.0, 1.5, -0.1):
        with pytest.raises(DataError, match="gives no lifetime"):
            expected_lifetime(churn)
    with pytest.raises(DataError, match="do not sum to 1"):
        migration_value(np.array([[0.5, 0.4], [0, 1]]), np.ones(2), 0.1)
    with pytest.raises(DataError, match="2,000 % a period"):
        migration_value(np.eye(2), np.ones(2), 20)


def test_moving_customers_are_worth_the_power_series():
    rng = np.random.default_rng(2)
    moves = rng.dirichlet(np.ones(4), 4)
    money = rng.normal(size=4)
    twin, chance = np.zeros(4), np.eye(4)
    for k in range(400):
        twin += chance @ money / 1.15**k
        chance = chance @ moves
    np.testing.assert_allclose(migration_value(moves, money, 0.15), twin, rtol=1e-10)


def test_the_multiple_of_the_framework_library_is_two_and_two_thirds():
    assert margin_multiple(0.8, 0.1) == pytest.approx(2.67, abs=0.005)
