"""Series with the influence of blocks: their products are Newey and West's covariance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from coroi.inference.linear import least_squares, serial
from coroi.inference.series import fit_blocks, fit_series, fit_waves, usual_lags, usual_waves


@pytest.mark.parametrize("n_lags", [0, 1, 4, 11])
def test_blocks_give_the_covariance_of_newey_and_west(n_lags):
    rng = np.random.default_rng(n_lags)
    x = np.column_stack([np.ones(60), rng.normal(size=(60, 2))])
    y = x @ [0.1, 1.0, -0.5] + rng.normal(size=60).cumsum() / 4
    fit = fit_blocks(x, y, np.arange(60), n_lags)
    theirs = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": n_lags, "use_correction": False})
    assert fit.kept.all()
    np.testing.assert_allclose(fit.coef, theirs.params, rtol=1e-10)
    np.testing.assert_allclose(fit.parts.T @ fit.parts, theirs.cov_params(), rtol=1e-9)


def test_a_gap_keeps_its_place():
    rng = np.random.default_rng(8)
    period = np.delete(np.arange(50), [10, 11, 30]) + 1000
    x = np.column_stack([np.ones(47), rng.normal(size=47)])
    y = rng.normal(size=47)
    fit = fit_blocks(x, y, period, 3)
    blocks = fit.parts
    np.testing.assert_allclose(blocks.T @ blocks, serial(least_squares(x, y), period, 3), rtol=1e-10)
    assert len(blocks) == 50 + 3
    assert fit.labels == tuple(range(997, 1050))
    assert fit.freedom == 45


def test_a_column_that_others_make_up_is_left_out():
    x = np.column_stack([np.ones(30), np.arange(30.0), 2 * np.arange(30.0) + 1])
    for errors in ("newey_west", "cosine"):
        fit = fit_series(x, np.random.default_rng(1).normal(size=30), np.arange(30), errors, 2)
        assert fit.kept.tolist() == [True, True, False]
        assert np.isnan(fit.coef[2])
        assert not fit.parts[:, 2].any()


def test_the_usual_lags():
    assert [usual_lags(n) for n in (24, 100, 144, 300)] == [2, 4, 4, 5]
    assert usual_lags(144) == int(4 * pd.Series([1.44]).pow(2 / 9).iloc[0])


def test_waves_give_the_covariance_of_equal_weighted_cosines():
    rng = np.random.default_rng(5)
    period = np.delete(np.arange(60), [7, 31])
    x = np.column_stack([np.ones(58), rng.normal(size=58)])
    y = rng.normal(size=58).cumsum()
    fit = fit_waves(x, y, period, 6)
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    meat = np.zeros((2, 2))
    for j in range(1, 7):
        summed = np.zeros(2)
        for t, row, value in zip(period, x, y, strict=True):
            summed += np.cos(np.pi * j * (t + 0.5) / 60) * row * (value - row @ beta)
        meat += np.outer(summed, summed) * 2 / 6
    np.testing.assert_allclose(fit.coef, beta, rtol=1e-10)
    np.testing.assert_allclose(fit.parts.T @ fit.parts, inverse @ meat @ inverse, rtol=1e-10)
    assert fit.freedom == 6
    assert fit.labels[0] == "wave 1 of periods 0 to 59"


def test_with_all_waves_the_mean_has_its_usual_error():
    rng = np.random.default_rng(6)
    y = rng.normal(size=25)
    fit = fit_waves(np.ones((25, 1)), y, np.arange(25), 24)
    assert (fit.parts**2).sum() == pytest.approx(y.var(ddof=1) / 25, rel=1e-10)


def test_the_usual_waves():
    assert [usual_waves(n) for n in (2, 24, 132, 200, 1000)] == [1, 3, 10, 13, 40]
