"""Rows that have all of their lags, errors of several fits at once, and instruments, against slow and other ways."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from coroi.errors import DataError
from coroi.inference.instruments import endogeneity, first_stage_f, instrumented
from coroi.inference.lagged import Sample, Spread, gather, lag_block, stacked
from coroi.inference.linear import least_squares
from coroi.inference.panels import read_panel

PANEL = pd.DataFrame(
    {
        "who": ["a", "a", "a", "b", "b", "c", "d", "d"],
        "when": [1, 2, 3, 1, 3, 2, 1, 2],
        "x": [1.0, 2.0, 4.0, 3.0, 5.0, 7.0, np.nan, 2.0],
        "y": [1.0, 1.0, 0.0, np.nan, 2.0, 3.0, 1.0, 4.0],
        "group": ["u", "u", "u", "v", "v", "w", "v", "v"],
    }
)


def panel():
    return read_panel(PANEL, ["x", "y", "group"], entity="who", period="when")


def test_lags_stand_side_by_side_column_by_column():
    block = lag_block(panel(), ["x", "y"], [0, 1])
    np.testing.assert_array_equal(block[2], [4.0, 2.0, 0.0, 1.0])
    np.testing.assert_array_equal(block[4], [5.0, np.nan, 2.0, np.nan])  # period 2 of "b" is missing
    assert lag_block(panel(), []).shape == (8, 0)
    assert lag_block(panel(), ["x"], range(1, 1)).shape == (8, 0)


def test_each_row_left_out_is_counted_once_at_its_first_reason():
    rows = panel()
    parts = {"no y": lag_block(rows, ["y"]), "no x": lag_block(rows, ["x"])}
    sample = gather(rows, parts, effects="entity")
    counted = sample.left_out.set_index("why")["rows"]
    assert counted.to_dict() == {"no y": 1, "no x": 1, "the only row of its entity": 3}
    assert (sample.n_obs, sample.n_entities, sample.n_periods) == (3, 1, 3)
    assert sample.values[:, 1] == pytest.approx(np.array([1.0, 2.0, 4.0]) - 7 / 3)
    pooled = gather(rows, parts, effects="none", cluster="group")
    assert (pooled.n_obs, pooled.n_effects) == (6, 1)
    assert pooled.cluster_names.tolist() == ["u", "v", "w"]
    assert pooled.cluster.tolist() == [0, 0, 0, 1, 2, 1]
    nothing = gather(rows, parts | {"no lag": lag_block(rows, ["x"], [9])}, effects="both")
    assert (nothing.n_obs, nothing.n_entities, nothing.n_effects) == (0, 0, 0)


def test_a_row_without_its_cluster_is_refused():
    rows = read_panel(
        PANEL.assign(group=PANEL["group"].replace("w", None)), ["y", "group"], entity="who", period="when"
    )
    with pytest.raises(DataError, match="1 rows lack 'group'"):
        gather(rows, {"no y": lag_block(rows, ["y"])}, effects="none", cluster="group")


def drawn(n: int = 300) -> tuple[Sample, np.ndarray, np.ndarray]:
    """Return a sample of one series without its mean: outcome, exogenous, endogenous and instrument."""
    rng = np.random.default_rng(1)
    x, z, hidden = rng.normal(size=(3, n))
    w = 0.4 * z + 0.3 * x + hidden + rng.normal(size=n)
    y = 0.5 * x + 0.7 * w - hidden + rng.normal(size=n) * (1 + 0.5 * np.abs(x))
    values = np.column_stack([y, x, w, z])
    values = values - values.mean(axis=0)
    code = np.arange(n) // 10
    sample = Sample(
        values=values,
        entity=code,
        period=np.arange(n),
        cluster=code,
        cluster_names=pd.RangeIndex(n // 10),
        n_effects=1,
        left_out=pd.DataFrame(),
    )
    return sample, values[:, [1, 3]], values[:, [1, 2]]


def test_fits_side_by_side_have_the_covariance_of_a_system():
    """Zellner's with alike regressors, and clusters summed over both equations in a loop."""
    sample, design, _ = drawn()
    fits = [least_squares(design, sample.values[:, k]) for k in (0, 2)]
    classical = Spread(errors="classical").joint(sample, fits)
    inverse = np.linalg.inv(design.T @ design)
    for i in (0, 1):
        for j in (0, 1):
            shared = fits[i].residual @ fits[j].residual / (300 - 3)
            np.testing.assert_allclose(classical[2 * i : 2 * i + 2, 2 * j : 2 * j + 2], shared * inverse, rtol=1e-9)
        alone = Spread(errors="classical").covariance(sample, fits[i])
        np.testing.assert_allclose(classical[2 * i : 2 * i + 2, 2 * i : 2 * i + 2], alone, rtol=1e-9)
    clustered = Spread().joint(sample, fits)
    meat = np.zeros((4, 4))
    for g in range(30):
        rows = sample.cluster == g
        score = np.concatenate([inverse @ design[rows].T @ fit.residual[rows] for fit in fits])
        meat += np.outer(score, score)
    np.testing.assert_allclose(clustered, meat * 30 / 29, rtol=1e-8)
    assert stacked(fits).coef == pytest.approx([*fits[0].coef, *fits[1].coef])


def test_the_first_stage_and_the_test_of_both_estimators_are_those_of_plain_regressions():
    sample, design, regressors = drawn()
    y, w = sample.values[:, 0], sample.values[:, 2]
    found = instrumented(y, sample.values[:, [1]], w, sample.values[:, 3])
    spread = Spread(errors="classical")
    first = sm.OLS(w, sm.add_constant(design)).fit()
    assert first_stage_f(sample, found, spread) == pytest.approx(first.tvalues[2] ** 2, rel=1e-8)
    control = sm.OLS(y, sm.add_constant(np.column_stack([regressors, first.resid]))).fit()
    p_value = endogeneity(sample, y, regressors, found, spread)
    assert p_value == pytest.approx(control.pvalues[3], rel=1e-6)
    assert p_value < 0.001


def test_an_instrument_that_is_a_regressor_gives_nothing():
    sample, _, _ = drawn()
    y, x, w = sample.values[:, 0], sample.values[:, [1]], sample.values[:, 2]
    assert instrumented(y, x, w, 2 * x[:, 0]) is None
    assert instrumented(y, x, 3 * x[:, 0], sample.values[:, 3]) is None


def test_errors_are_said_in_words():
    sample, _, _ = drawn()
    assert Spread().words(sample).startswith("clustered, factor G / (G - 1), t quantiles with G - 1")
    assert Spread(errors="serial").words(sample) == "Driscoll-Kraay, 5 lags, t quantiles with T - 1 degrees of freedom"
    assert Spread(errors="classical").df(sample, 2) == 300 - 1 - 2
    assert Spread().df(sample, 2) == 29
