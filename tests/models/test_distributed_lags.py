"""Distributed lags: what they find, that lags never cross a gap, polynomials, errors of series and panels, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from coroi.errors import CoroiError, DataError
from coroi.inference.lag_paths import lag_basis
from coroi.models.distributed_lags import fit_distributed_lags, simulate_distributed_lags
from coroi.results import Result


def fit(data: pd.DataFrame, lags: int = 2, **options) -> Result:
    return fit_distributed_lags(data, outcome="outcome", metric="metric", lags=lags, **options)


def term(result: Result, name: str) -> pd.DataFrame:
    return result.estimates[result.estimates["term"] == name].set_index("lag")


def check_of(result: Result, name: str):
    return next(c for c in result.checks if c.name == name)


@pytest.fixture(scope="module")
def large() -> pd.DataFrame:
    return simulate_distributed_lags(np.random.default_rng(1), n=3_000, periods=9)[0]


@pytest.fixture(scope="module")
def series() -> pd.DataFrame:
    return simulate_distributed_lags(np.random.default_rng(2), n=1, periods=150, own=0.0)[0]


def test_each_lag_and_their_sum_are_found(large):
    result = fit(large, level=0.999)
    truth = [0.5, 0.3, 0.2]
    lags = term(result, "lag")
    assert lags["estimate"].to_numpy() == pytest.approx(truth, abs=0.03)
    assert ((lags["conf_low"] < truth) & (truth < lags["conf_high"])).all()
    sums = term(result, "cumulative")["estimate"].to_numpy()
    assert sums == pytest.approx(np.cumsum(lags["estimate"]))
    last = result.estimates.iloc[-1]
    assert (last["term"], last["estimate"]) == ("long_run", pytest.approx(sums[-1]))
    assert last["std_error"] == pytest.approx(term(result, "cumulative")["std_error"].iloc[-1])
    assert result.n_obs == 3_000 * 7
    assert result.tables["rows"].set_index("why")["rows"]["a lag of the metric is missing"] == 6_000


def test_without_entity_effects_what_entities_have_of_their_own_is_taken_for_an_effect(large):
    assert fit(large, effects="period").estimates.iloc[-1]["conf_low"] > 1.5


def test_a_lag_left_out_is_told_by_the_last_ones_interval(large):
    assert check_of(fit(large, lags=1), "last lag").passed is False
    assert check_of(fit(large, lags=3), "last lag").passed


def test_no_lag_crosses_a_gap():
    """Outcomes follow the metric of the period before; where that row is missing nothing may stand in for it."""
    rng = np.random.default_rng(3)
    data, _ = simulate_distributed_lags(rng, n=60, periods=14, weights=(0.0, 1.0))
    gone = rng.random(len(data)) < 0.25
    some = data[~gone]
    have = set(zip(some["entity"], some["period"], strict=True))
    result = fit(some, lags=1)
    with_past = sum((e, t - 1) in have for e, t in have)
    counted = result.tables["rows"].set_index("why")["rows"]
    assert result.n_obs + counted["the only row of its entity"] == with_past
    assert result.n_obs + counted.sum() == len(some)
    exact = data.sort_values(["entity", "period"])
    exact = exact.assign(outcome=exact.groupby("entity")["metric"].shift(1))[~gone]
    lags = term(fit(exact, lags=1), "lag")["estimate"].to_numpy()
    assert lags == pytest.approx([0.0, 1.0], abs=1e-9)


def test_missing_values_are_left_out_and_counted():
    data, _ = simulate_distributed_lags(np.random.default_rng(4), n=40, periods=8)
    data.loc[[3, 50], "outcome"] = np.nan
    data.loc[100, "metric"] = np.nan
    counted = fit(data).tables["rows"].set_index("why")["rows"]
    assert counted["no outcome"] == 2
    assert counted["no metric"] == 1
    assert counted["a lag of the metric is missing"] == 40 * 2 + 2  # and two after the missing metric


@pytest.mark.parametrize("ends", [(), ("near",), ("far",), ("near", "far")])
def test_almons_lags_lie_on_the_polynomial_and_are_zero_where_they_are_held(ends):
    basis = lag_basis(8, "almon", 3, ends)
    assert basis.shape == (9, 4 - len(ends))
    assert basis.T @ basis == pytest.approx(np.eye(basis.shape[1]))
    for column in basis.T:
        polynomial = np.polynomial.Polynomial.fit(np.arange(9), column, 3)
        assert polynomial(np.arange(9)) == pytest.approx(column)
        for end in ends:
            assert polynomial(-1 if end == "near" else 9) == pytest.approx(0, abs=1e-9)


def test_a_polynomial_of_full_degree_is_the_free_fit(large):
    free, almon = fit(large, lags=3), fit(large, lags=3, shape="almon", degree=3)
    columns = ["estimate", "std_error", "conf_low", "conf_high"]
    np.testing.assert_allclose(almon.estimates[columns], free.estimates[columns], rtol=1e-8)


def test_a_polynomial_equals_least_squares_on_weighted_sums_of_lags():
    """Almon's own way: regress on Σ k^j x_(t−k), then map back, in powers instead of orthonormal polynomials."""
    data, _ = simulate_distributed_lags(np.random.default_rng(5), n=50, periods=16, weights=(0.1, 0.3, 0.4, 0.3, 0.1))
    result = fit(data, lags=4, shape="almon", degree=2, effects="none")
    wide = data.sort_values(["entity", "period"])
    lags = np.column_stack([wide.groupby("entity")["metric"].shift(k) for k in range(5)])
    keep = ~np.isnan(lags).any(axis=1)
    powers = np.vander(np.arange(5.0), 3, increasing=True)
    slow = sm.OLS(wide["outcome"].to_numpy()[keep], sm.add_constant(lags[keep] @ powers)).fit(
        cov_type="cluster", cov_kwds={"groups": wide["entity"].to_numpy()[keep], "use_correction": False}
    )
    errors = np.sqrt(np.diag(powers @ slow.cov_params()[1:, 1:] @ powers.T) * 50 / 49)
    found = term(result, "lag")
    assert found["estimate"].to_numpy() == pytest.approx(powers @ slow.params[1:], rel=1e-8)
    assert found["std_error"].to_numpy() == pytest.approx(errors, rel=1e-8)


def test_a_wrong_polynomial_is_told():
    rng = np.random.default_rng(6)
    zigzag, _ = simulate_distributed_lags(rng, n=300, periods=12, weights=(0.5, 0.0, 0.5, 0.0))
    line, _ = simulate_distributed_lags(rng, n=300, periods=12, weights=(0.4, 0.3, 0.2, 0.1))
    assert check_of(fit(zigzag, lags=3, shape="almon", degree=1), "polynomial").passed is False
    assert check_of(fit(line, lags=3, shape="almon", degree=1), "polynomial").passed


def test_the_polynomials_alarm_is_as_frequent_as_it_says():
    rng, alarms, n = np.random.default_rng(7), 0, 400
    for _ in range(n):
        data, _ = simulate_distributed_lags(rng, n=60, periods=9, weights=(0.4, 0.3, 0.2, 0.1))
        alarms += not check_of(fit(data, lags=3, shape="almon", degree=1), "polynomial").passed
    assert alarms / n == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / n))


def test_a_single_series_has_newey_wests_errors(series):
    result = fit(series, effects="none", errors="serial", error_lags=4)
    lags = np.column_stack([series["metric"].shift(k) for k in range(3)])[2:]
    slow = sm.OLS(series["outcome"].to_numpy()[2:], sm.add_constant(lags)).fit(
        cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": False}, use_t=True
    )
    found = term(result, "lag")
    assert found["estimate"].to_numpy() == pytest.approx(slow.params[1:], rel=1e-9)
    assert found["std_error"].to_numpy() == pytest.approx(slow.bse[1:], rel=1e-9)
    assert found[["conf_low", "conf_high"]].to_numpy() == pytest.approx(slow.conf_int()[1:], rel=1e-8)
    assert result.spec["errors"] == "Newey-West, 4 lags, t quantiles with n - K degrees of freedom"


def test_a_panels_serial_errors_are_driscoll_kraays():
    data, _ = simulate_distributed_lags(np.random.default_rng(8), n=12, periods=40)
    result = fit(data, errors="serial", effects="entity", error_lags=3)
    assert result.spec["errors"].startswith("Driscoll-Kraay, 3 lags")
    wide = data.sort_values(["entity", "period"]).reset_index(drop=True)
    x = np.column_stack([wide.groupby("entity")["metric"].shift(k) for k in range(3)])
    keep = ~np.isnan(x).any(axis=1)
    dummies = pd.get_dummies(wide["entity"][keep]).to_numpy(float)
    design, y = np.column_stack([x[keep], dummies]), wide["outcome"].to_numpy()[keep]
    beta = np.linalg.lstsq(design, y)[0]
    scores = design * (y - design @ beta)[:, None]
    by_period = np.array([scores[wide["period"][keep] == t].sum(axis=0) for t in sorted(wide["period"][keep].unique())])
    meat = by_period.T @ by_period
    for j in (1, 2, 3):
        cross = by_period[j:].T @ by_period[:-j]
        meat += (1 - j / 4) * (cross + cross.T)
    inverse = np.linalg.inv(design.T @ design)
    errors = np.sqrt(np.diag(inverse @ meat @ inverse))[:3]
    assert term(result, "lag")["std_error"].to_numpy() == pytest.approx(errors, rel=1e-8)


def test_controls_are_held():
    rng = np.random.default_rng(9)
    data, _ = simulate_distributed_lags(rng, n=400, periods=8)
    control = 0.7 * data["metric"] + rng.normal(size=len(data))
    pushed = data.assign(control=control, outcome=data["outcome"] + 2 * control)
    assert fit(pushed).estimates.iloc[-1]["conf_low"] > 1.5
    held = fit(pushed, controls=["control"]).estimates.iloc[-1]
    assert held["conf_low"] < 1.0 < held["conf_high"]


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda d: d.assign(metric=d["entity"] * 1.5), {}, "the metric never varies within an entity"),
        (lambda d: d.assign(metric=4.0), {"effects": "none"}, "the metric never varies within an entity"),
        (lambda d: d.assign(outcome=0.0), {}, "the outcome never varies"),
        (lambda d: d[d["period"] <= 2], {}, "no row has its outcome, its controls and all lags"),
        (lambda d: d[d["period"] % 2 == 0], {}, "no row has its outcome, its controls and all lags"),
        (lambda d: d[d["period"] <= 3], {}, "the outcome never varies|no row has"),
        (lambda d: d[d["entity"] == 0], {}, "never varies"),
        (lambda d: d[d["entity"] == 0], {"effects": "none"}, "1 clusters are too few"),
        (lambda d: d[d["entity"] < 9], {}, "9 clusters are too few for clustered errors: 10"),
        (lambda d: d[d["entity"] == 0], {"effects": "none", "errors": "serial"}, "too few"),
        (lambda d: d, {"controls": ["metric"]}, "combinations of the others"),
        (lambda d: d.assign(metric=d["period"] * 1.0), {"effects": "entity"}, "combinations of the others"),
        (lambda d: d, {"lags": 7, "effects": "both"}, "no row has|combinations|never varies|too few"),
    ],
)
def test_what_the_data_cannot_tell_is_refused(change, options, said):
    data, _ = simulate_distributed_lags(np.random.default_rng(10), n=20, periods=7)
    result = fit(change(data), **({"lags": 2} | options))
    rows = result.estimates
    assert not rows["identified"].any()
    assert rows["estimate"].isna().all()
    assert rows["reason"].str.contains(said).all(), rows["reason"].iloc[0]
    assert len(rows) == 2 * (options.get("lags", 2) + 1) + 1
    assert result.vcov is None
    assert [c.passed for c in result.checks] == [None]


def test_a_cluster_column_groups_entities():
    data, _ = simulate_distributed_lags(np.random.default_rng(11), n=60, periods=8)
    grouped = data.assign(branch=data["entity"] % 15)
    result = fit(grouped, cluster="branch", keep_influence=True)
    assert result.influence.shape == (15, 7)
    moved = result.influence["long_run"]
    assert np.sqrt((moved**2).sum() * 15 / 14) == pytest.approx(result.estimates.iloc[-1]["std_error"], rel=1e-9)
    with pytest.raises(DataError, match="6 rows lack 'branch'"):
        fit(grouped.assign(branch=grouped["branch"].where(grouped["entity"] > 0)), cluster="branch")


@pytest.mark.parametrize(
    "options", [{"lags": -1}, {"shape": "almon", "degree": 3}, {"shape": "almon", "degree": 1, "ends": ["near", "far"]}]
)
def test_what_is_no_polynomial_is_refused(options):
    data, _ = simulate_distributed_lags(np.random.default_rng(12), n=20, periods=7)
    with pytest.raises(CoroiError, match="distributed_lags"):
        fit(data, **options)
