"""What knowing more is worth: closed forms, numeric integrals, brute force over draws and what has to hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from coroi.errors import DataError
from coroi.roi.flows import join_lines, known_line
from coroi.roi.information import expected_loss, measure_next, normal_loss, study_loss, value_of_information
from coroi.roi.weighing import present_values
from drawn_money import days, flows_of, line, random_flows

WEIGHTS = 1.1 ** -(np.arange(3) / 12)


@pytest.mark.parametrize(("z", "published"), [(0.0, 0.3989), (0.5, 0.1978), (1.0, 0.08332), (2.0, 0.008491)])
def test_the_unit_normal_loss_is_that_of_the_printed_table(z, published):
    assert normal_loss(z, 1.0) == pytest.approx(published, rel=3e-4)
    assert normal_loss(-z, 1.0) == normal_loss(z, 1.0)


@pytest.mark.parametrize("df", [3.0, 9.0, 60.0, np.inf])
@pytest.mark.parametrize("mean", [-2.5, -0.3, 0.0, 1.7])
def test_the_loss_is_the_integral_of_what_the_better_action_brings(df, mean):
    law = (stats.norm if np.isinf(df) else stats.t(df)).pdf
    scale = 1.4
    gain, _ = integrate.quad(lambda v: v * law((v - mean) / scale) / scale, 0, np.inf, epsabs=1e-12)
    assert expected_loss(mean, scale, df) == pytest.approx(gain - max(mean, 0), abs=1e-8)


def test_nothing_is_lost_where_nothing_is_unknown():
    assert normal_loss(3.0, 0.0) == 0.0
    assert study_loss(0.5, 2.0, np.inf, left=1.0) == 0.0
    assert study_loss(0.5, 2.0, np.inf, left=0.0) == normal_loss(0.5, 2.0)
    with pytest.raises(DataError, match=r"from 0 to 1, not 1\.5"):
        study_loss(0.5, 2.0, np.inf, left=1.5)


def test_a_study_is_worth_what_deciding_after_it_brings_in_simulated_studies():
    """Draw the truth, then the study's answer with the noise that halves the interval, and decide by the posterior."""
    rng = np.random.default_rng(5)
    mean, sd, n = 0.4, 1.0, 400_000
    noise = np.sqrt(1 / (1 / 0.5**2 - 1))
    truth = mean + sd * rng.standard_normal(n)
    answer = truth + noise * rng.standard_normal(n)
    posterior = (mean / sd**2 + answer / noise**2) / (1 / sd**2 + 1 / noise**2)
    got = np.where(posterior > 0, truth, 0.0)
    assert abs(got.mean() - mean - study_loss(mean, sd, np.inf)) < 4 * got.std() / n**0.5


@pytest.mark.parametrize("df", [8.0, np.inf])
def test_values_from_draws_equal_those_in_closed_form(df):
    flows = random_flows(3, df=df)
    table = value_of_information(flows, WEIGHTS, n_draws=40_000, seed=2, inputs={"a": ["a"], "b and c": ["b", "c"]})
    assert (table["drawn_error"] > 0).all()
    assert (np.abs(table["drawn"] - table["value"]) < 4 * table["drawn_error"]).all()
    assert (table["drawn_error"] < 0.05 * table["value"]).all()


def test_the_monte_carlo_error_is_the_spread_over_seeds():
    flows = random_flows(11)
    found = [value_of_information(flows, WEIGHTS, n_draws=2_000, seed=s) for s in range(150)]
    spread = np.std([t["drawn"] for t in found], axis=0, ddof=1)
    said = np.mean([t["drawn_error"] for t in found], axis=0)
    np.testing.assert_allclose(said, spread, rtol=0.25)


def test_an_input_is_worth_what_a_nested_simulation_of_learning_it_brings():
    """Twin: learn line a's present value, draw all other lines given it, and take the mean before deciding."""
    flows = random_flows(8)
    present = present_values(flows, WEIGHTS)
    rng = np.random.default_rng(1)
    c = present.covariance
    slope = c[1:, 0] / c[0, 0]
    rest = np.linalg.cholesky(c[1:, 1:] - np.outer(slope, c[0, 1:]))
    gains = []
    for _ in range(4_000):
        off = np.sqrt(c[0, 0]) * rng.standard_normal()
        others = present.estimate[1:] + slope * off + (rng.standard_normal((1_000, 2)) @ rest.T)
        gains.append(max(present.estimate[0] + off + others.sum(axis=1).mean(), 0.0))
    twin = np.mean(gains) - max(present.npv, 0.0)
    row = value_of_information(flows, WEIGHTS, n_draws=2_000).set_index("input").loc["a"]
    assert abs(twin - row["value"]) < 4 * np.std(gains) / 4_000**0.5


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([5.0, 30.0, np.inf]))
def test_more_is_never_worth_less(seed, df):
    flows = random_flows(seed, df=df)
    inputs = {"a": ["a"], "a, b": ["a", "b"], "all": ["c", "b", "a"]}
    table = value_of_information(flows, WEIGHTS, n_draws=200, inputs=inputs).set_index("input")
    value, slack = table["value"], 1e-9 * table["value"]["everything"] + 1e-12
    assert 0 <= value["a"] <= value["a, b"] + slack
    assert value["a, b"] <= value["all"] + slack
    assert value["all"] == pytest.approx(value["everything"], rel=1e-6)
    assert (table["halved"] <= table["value"] + 1e-12).all()
    assert table.loc["all", "drawn"] == pytest.approx(table.loc["everything", "drawn"], rel=1e-6, abs=1e-9)


def test_known_money_is_worth_nothing_to_learn_and_customers_scale_all():
    flows = join_lines(
        [line("retention", 1.0, seed=1, n=3), known_line("programme", np.array([-3.0, 0, 0]))],
        currency="EUR",
        periods=days(3),
    )
    one = value_of_information(flows, WEIGHTS, n_draws=2_000)
    many = value_of_information(flows, WEIGHTS, n_draws=2_000, customers=5_000)
    rows = one.set_index("input")
    assert rows.loc["programme", ["spread", "value", "drawn", "halved"]].abs().max() == pytest.approx(0, abs=1e-12)
    assert rows.loc["retention", "value"] == pytest.approx(rows.loc["everything", "value"])
    assert rows.loc["everything", "value"] == pytest.approx(
        expected_loss(float(flows.total.estimate @ WEIGHTS), rows.loc["everything", "spread"], 29.0)
    )
    for column in ("spread", "value", "drawn", "drawn_error", "halved"):
        np.testing.assert_allclose(many[column], 5_000 * one[column], rtol=1e-12)
    np.testing.assert_allclose(many["share"], one["share"])


def test_lines_may_have_discount_factors_of_their_own():
    flows = random_flows(5)
    by_line = WEIGHTS * np.array([[1.0], [0.5], [0.0]])
    table = value_of_information(flows, by_line, n_draws=20_000).set_index("input")
    assert table.loc["c", "value"] < table.loc["everything", "value"]
    assert (np.abs(table["drawn"] - table["value"]) < 4 * table["drawn_error"] + 1e-12).all()
    same = value_of_information(flows, np.tile(WEIGHTS, (3, 1)), n_draws=2_000)
    np.testing.assert_allclose(same["drawn"], value_of_information(flows, WEIGHTS, n_draws=2_000)["drawn"])


def test_the_sentence_names_what_to_measure_and_its_worth():
    covariance = np.diag([4.0, 0.01])
    table = value_of_information(flows_of(np.array([[1.0], [0.5]]), covariance), np.ones(1), customers=1_000)
    said = measure_next(table, "EUR")
    assert "Measure a next" in said
    assert f"EUR\u00a0{1000 * normal_loss(1.5, 2.0):,.0f}" in said
    assert f"halves its interval is worth EUR\u00a0{1000 * normal_loss(1.5, 2 * 0.75**0.5):,.0f}" in said
    sure = value_of_information(flows_of(np.array([[1.0]]), np.zeros((1, 1))), np.ones(1))
    clear = value_of_information(flows_of(np.array([[9.0]]), np.ones((1, 1))), np.ones(1))
    for table in (sure, clear):
        assert measure_next(table, "EUR").startswith("Nothing has to be measured before deciding")
    assert np.isnan(sure["share"]).all()


def test_what_cannot_be_asked_is_refused_in_a_sentence():
    flows = random_flows(1)
    with pytest.raises(DataError, match=r"input 'x': there is no line 'aa'. Did you mean 'a'"):
        value_of_information(flows, WEIGHTS, inputs={"x": ["aa"]})
    with pytest.raises(DataError, match="give it lines"):
        value_of_information(flows, WEIGHTS, inputs={"x": []})
    with pytest.raises(DataError, match="2 degrees of freedom are too few"):
        value_of_information(random_flows(1, df=2.0), WEIGHTS)
    with pytest.raises(DataError, match=r"shape \(2,\) for 3 periods"):
        value_of_information(flows, np.ones(2))
    with pytest.raises(DataError, match="a discount factor is no number"):
        value_of_information(flows, np.array([1.0, np.nan, 1.0]))
