"""Differences, lagged levels and the algebra of GMM, against what can be written by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from coroi.inference.differences import differenced, lagged_levels, period_columns
from coroi.inference.dynamics import GmmTests, dynamics_checks, level_estimates, unchecked
from coroi.inference.first_stage import first_stage
from coroi.inference.gmm import Moments, cross, first_weight, fit_second, fit_step, identified, inverse, second_weight

ENTITY = np.array([0, 0, 0, 0, 1, 1, 1, 2])
PERIOD = np.array([1, 2, 3, 5, 1, 2, 3, 4])
LEVEL = np.array([1.0, 4.0, 0.0, 7.0, 2.0, np.nan, 3.0, 9.0])


def test_differences_are_those_of_neighbours_with_all_values():
    outcome = np.array([1.0, 2.0, 4.0, 8.0, 1.0, 3.0, 6.0, 9.0])
    found = differenced(outcome, LEVEL[:, None], ENTITY, PERIOD)
    assert found.row.tolist() == [1, 2]
    assert found.outcome.tolist() == [1.0, 2.0]
    assert found.design[:, 0].tolist() == [3.0, -4.0]
    assert (found.entity.tolist(), found.period.tolist()) == ([0, 0], [2, 3])


def test_lagged_levels_stand_in_a_column_a_lag_or_one_a_lag_and_period():
    row = np.array([1, 2, 3, 6])  # periods 2, 3 and 5 of the first entity, 3 of the second
    collapsed = lagged_levels(LEVEL, ENTITY, PERIOD, row, lags=range(1, 4), collapse=True).toarray()
    assert collapsed.tolist() == [[1, 0, 0], [4, 1, 0], [0, 0, 4], [0, 2, 0]]
    spread = lagged_levels(LEVEL, ENTITY, PERIOD, row, lags=range(1, 4), collapse=False).toarray()
    assert spread.tolist() == [[1, 0, 0, 0], [0, 4, 1, 0], [0, 0, 0, 4], [0, 0, 2, 0]]
    assert lagged_levels(LEVEL, ENTITY, PERIOD, row, lags=range(8, 9), collapse=True).shape == (4, 0)


def test_a_column_stands_for_each_period_that_has_an_equation():
    assert period_columns(np.array([5, 3, 5, 9])).tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_the_inverse_tells_the_rank_whatever_the_units():
    rng = np.random.default_rng(1)
    columns = rng.normal(size=(50, 4))
    whole = np.column_stack([columns, columns[:, 0] - 3 * columns[:, 1], np.zeros(50)])
    units = np.array([1, 1e6, 1e-6, 1, 1e3, 1])
    for scale in (np.ones(6), units):
        gram = (whole * scale).T @ (whole * scale)
        found, rank = inverse(gram)
        assert rank == 4
        np.testing.assert_allclose(gram @ found @ gram, gram, rtol=1e-6, atol=1e-9 * np.abs(gram).max())


def test_cross_products_are_the_same_from_full_and_from_sparse_matrices():
    rng = np.random.default_rng(2)
    for share in (0.02, 0.9):
        one, other = (sparse.random_array((9000, 7), density=share, rng=rng, format="csr") for _ in range(2))
        np.testing.assert_allclose(cross(one, other), one.toarray().T @ other.toarray(), rtol=1e-12)


def moments(n: int = 40, m: int = 4, seed: int = 3) -> Moments:
    """One equation a cluster: plain instrumental variables."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, m))
    x = z @ rng.normal(size=(m, 2)) + rng.normal(size=(n, 2))
    y = x @ [1.0, -0.5] + rng.normal(size=n) * (1 + z[:, 0] ** 2)
    who = np.arange(n)
    return Moments(
        outcome=y, design=x, instruments=sparse.csr_array(z), entity=who, period=np.zeros(n, dtype=int), cluster=who
    )


def test_without_neighbours_the_first_step_is_two_stage_least_squares():
    given = moments()
    z = given.instruments.toarray()
    fitted = z @ np.linalg.lstsq(z, given.design)[0]
    want = np.linalg.solve(fitted.T @ given.design, fitted.T @ given.outcome)
    weight, rank = first_weight(given)
    assert rank == 4
    np.testing.assert_allclose(fit_step(given, weight).coef, want, rtol=1e-10)


def test_with_as_many_instruments_as_coefficients_no_weight_matters():
    given = moments(m=2)
    z = given.instruments.toarray()
    want = np.linalg.solve(z.T @ given.design, z.T @ given.outcome)
    first = fit_step(given, first_weight(given)[0])
    second = fit_second(given, first, second_weight(given, first.residual)[0])
    np.testing.assert_allclose(first.coef, want, rtol=1e-10)
    np.testing.assert_allclose(second.coef, want, rtol=1e-10)
    np.testing.assert_allclose(
        second.influence, first.influence, rtol=1e-8, atol=1e-12
    )  # and there is nothing to correct


def test_neighbours_share_a_row():
    """H has 2 on its diagonal and −1 beside it, for neighbouring periods of one entity alone."""
    who, when = np.array([0, 0, 0, 1]), np.array([1, 2, 4, 5])
    given = Moments(
        outcome=np.zeros(4),
        design=np.zeros((4, 0)),
        instruments=sparse.csr_array(np.eye(4)),
        entity=who,
        period=when,
        cluster=who,
    )
    shape = [[2, -1, 0, 0], [-1, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 2]]
    np.testing.assert_allclose(first_weight(given)[0], np.linalg.inv(shape), atol=1e-12)


def test_a_coefficient_without_an_instrument_is_marked():
    given = moments(m=1)
    assert identified(given, first_weight(given)[0]).tolist() == [True, False]


def test_a_first_stage_without_anything_of_its_own_says_nothing():
    given = moments()
    double = sparse.csr_array(np.column_stack([given.instruments.toarray(), given.instruments.toarray()[:, :2] * 3]))
    spanned = replace(given, instruments=double)
    f, df = first_stage(spanned, given.design[:, 0], np.arange(6) >= 4)
    assert np.isnan(f)
    assert df == 0


def test_within_is_below_and_pooled_above_the_lag():
    rng = np.random.default_rng(4)
    entity, period = np.divmod(np.arange(500 * 6), 6)
    y = np.empty((500, 6))
    own = rng.normal(size=500)
    before = own / 0.5
    for t in range(6):
        y[:, t] = before = 0.5 * before + own + rng.normal(size=500)
    lagged = np.column_stack([np.full(500, np.nan), y[:, :-1]]).ravel()
    for effects in (True, False):
        within, pooled = level_estimates(y.ravel(), lagged[:, None], entity, period, period_effects=effects)
        assert within[0] < 0.35
        assert pooled[0] > 0.7


def checks(lag=(0.5, 0.1), beside=(0.3, 0.8), strength=None, **changed):
    values = {"hansen": 5.0, "sargan": 6.0, "df": 4, "m1": -3.0, "m2": 0.4, "n_instruments": 9, "n_clusters": 50}
    found = dynamics_checks(GmmTests(**values | changed), strength or {"y_lag_1": (30.0, 3)}, lag, beside)
    return {c.name: c for c in found}


@pytest.mark.parametrize(
    ("changed", "name", "passed", "said"),
    [
        ({}, "overidentification", True, "J is 5.00 with 4 degrees of freedom (p = 0.287)"),
        ({"hansen": 11.0}, "overidentification", False, "some instruments are not valid"),
        ({"hansen": np.nan}, "overidentification", None, "too many instruments"),
        ({"m2": 2.5}, "serial_correlation", False, "m2 is 2.50 (p = 0.012)"),
        ({"m1": np.nan}, "serial_correlation", True, "no sign of it."),
        ({"n_instruments": 50}, "instrument_count", False, "50 instruments for 50 clusters."),
        ({"strength": {"y_lag_1": (9.9, 3), "x": (20.0, 2)}}, "instrument_strength", False, "9.9 with 3 degrees"),
        ({"strength": {"y_lag_1": (30.0, 3), "x": (np.nan, 60)}}, "instrument_strength", None, "30.0"),
        ({"strength": {"y_lag_1": (np.nan, 60)}}, "instrument_strength", None, "too few clusters"),
        ({"lag": (0.19, 0.1)}, "bounds", False, "The lag is 0.19; within 0.30"),
        ({"lag": (0.21, 0.1)}, "bounds", True, "pooled least squares 0.80."),
        ({"lag": (0.91, 0.1)}, "bounds", False, "suspicious"),
        ({"beside": (np.nan, 0.8)}, "bounds", None, "cannot be told"),
    ],
)  # fmt: skip
def test_checks_say_what_the_numbers_say(changed, name, passed, said):
    found = checks(**changed)[name]
    assert found.passed is passed
    assert said in found.sentence


def test_checks_that_were_not_run_have_the_same_names():
    assert [c.name for c in unchecked("nothing is there")] == list(checks())
    assert all(c.passed is None and "nothing is there" in c.sentence for c in unchecked("nothing is there"))
