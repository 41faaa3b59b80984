"""Series with the influence of blocks: their products are Newey and West's covariance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from coroi.inference.linear import least_squares, serial
from coroi.inference.series import fit_series, usual_lags


@pytest.mark.parametrize("n_lags", [0, 1, 4, 11])
def test_blocks_give_the_covariance_of_newey_and_west(n_lags):
    rng = np.random.default_rng(n_lags)
    x = np.column_stack([np.ones(60), rng.normal(size=(60, 2))])
    y = x @ [0.1, 1.0, -0.5] + rng.normal(size=60).cumsum() / 4
    coef, kept, blocks = fit_series(x, y, np.arange(60), n_lags)
    theirs = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": n_lags, "use_correction": False})
    assert kept.all()
    np.testing.assert_allclose(coef, theirs.params, rtol=1e-10)
    np.testing.assert_allclose(blocks.T @ blocks, theirs.cov_params(), rtol=1e-9)


def test_a_gap_keeps_its_place():
    rng = np.random.default_rng(8)
    period = np.delete(np.arange(50), [10, 11, 30]) + 1000
    x = np.column_stack([np.ones(47), rng.normal(size=47)])
    y = rng.normal(size=47)
    _, _, blocks = fit_series(x, y, period, 3)
    np.testing.assert_allclose(blocks.T @ blocks, serial(least_squares(x, y), period, 3), rtol=1e-10)
    assert len(blocks) == 50 + 3


def test_a_column_that_others_make_up_is_left_out():
    x = np.column_stack([np.ones(30), np.arange(30.0), 2 * np.arange(30.0) + 1])
    coef, kept, blocks = fit_series(x, np.random.default_rng(1).normal(size=30), np.arange(30), 2)
    assert kept.tolist() == [True, True, False]
    assert np.isnan(coef[2])
    assert not blocks[:, 2].any()


def test_the_usual_lags():
    assert [usual_lags(n) for n in (24, 100, 144, 300)] == [2, 4, 4, 5]
    assert usual_lags(144) == int(4 * pd.Series([1.44]).pow(2 / 9).iloc[0])
