"""Koyck's lag: where least squares and instrument part, sets that hold with weak instruments and near one, refusals."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.sandbox.regression.gmm import IV2SLS

from coroi.models.koyck import fit_koyck, simulate_koyck
from coroi.results import Result


def fit(data: pd.DataFrame, **options) -> Result:
    return fit_koyck(data, outcome="outcome", metric="metric", **options)


def row_of(result: Result, term: str, estimator: str, *, by_delta: bool = False) -> pd.Series:
    rows = result.estimates
    at = (rows["term"] == term) & (rows["estimator"] == estimator) & ((rows["interval"] == "delta") == by_delta)
    (row,) = [r for _, r in rows[at].iterrows()]
    return row


def check_of(result: Result, name: str):
    return next(c for c in result.checks if c.name == name)


@pytest.fixture(scope="module")
def large() -> pd.DataFrame:
    return simulate_koyck(np.random.default_rng(1), n=3_000, periods=8)[0]


def series(rng: np.random.Generator, periods: int = 120, **options) -> pd.DataFrame:
    return simulate_koyck(rng, n=1, periods=periods, own=0.0, **options)[0]


def test_the_instrument_finds_what_is_true_and_least_squares_does_not(large):
    result = fit(large)
    truth = {"immediate": 0.5, "carry_over": 0.5, "long_run": 1.0, "mean_lag": 1.0}
    for term, value in truth.items():
        row = row_of(result, term, "iv")
        assert row["conf_low"] < value < row["conf_high"], term
    assert row_of(result, "carry_over", "ols")["conf_high"] < 0.3
    assert check_of(result, "least squares against instrument").passed is False
    assert check_of(result, "first stage").passed
    assert check_of(result, "short panel").passed is False


def test_where_nothing_unexplained_lasts_the_two_agree():
    """An outcome that itself remembers: fresh noise each period, and a series without effects."""
    rng, agreed, n = np.random.default_rng(2), 0, 300
    for _ in range(n):
        metric, outcome = rng.normal(size=150), np.zeros(150)
        for t in range(1, 150):
            outcome[t] = 0.5 * outcome[t - 1] + metric[t] + rng.normal()
        data = pd.DataFrame({"entity": 0, "period": range(150), "metric": metric, "outcome": outcome})
        result = fit(data, effects="none", errors="classical")
        agreed += check_of(result, "least squares against instrument").passed
    assert 1 - agreed / n == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / n))


def test_both_equal_a_librarys_on_a_single_series():
    data = series(np.random.default_rng(3), immediate=1.0)
    y, x = data["outcome"].to_numpy(), data["metric"].to_numpy()
    design = sm.add_constant(np.column_stack([x[1:], y[:-1]]))
    result = fit(data, effects="none", errors="classical")
    for estimator, slow in (
        ("ols", sm.OLS(y[1:], design).fit()),
        ("iv", IV2SLS(y[1:], design, sm.add_constant(np.column_stack([x[1:], x[:-1]]))).fit()),
    ):
        for at, term in ((1, "immediate"), (2, "carry_over")):
            row = row_of(result, term, estimator)
            assert row["estimate"] == pytest.approx(slow.params[at], rel=1e-8)
            assert row["std_error"] == pytest.approx(slow.bse[at], rel=1e-8)
        beta, share = slow.params[1:]
        slope = np.array([1 / (1 - share), beta / (1 - share) ** 2])
        error = math.sqrt(slope @ slow.cov_params()[1:, 1:] @ slope)
        row = row_of(result, "long_run", estimator, by_delta=True)
        assert (row["estimate"], row["std_error"]) == pytest.approx((beta / (1 - share), error), rel=1e-8)
        assert row_of(result, "long_run", estimator)["std_error"] == pytest.approx(error, rel=1e-8)


def accepted_share(data: pd.DataFrame, share: float, level: float = 0.95) -> bool:
    """Test a carry-over as Anderson and Rubin do: the instrument must not explain what it leaves."""
    y, x = data["outcome"].to_numpy(), data["metric"].to_numpy()
    design = sm.add_constant(np.column_stack([x[1:], x[:-1]]))
    slow = sm.OLS(y[1:] - share * y[:-1], design).fit()
    return bool(abs(slow.tvalues[2]) <= stats.t.ppf(0.5 + level / 2, len(y) - 1 - 3))


@pytest.mark.parametrize(("seed", "options"), [(4, {}), (5, {"immediate": 0.05}), (9, {"immediate": 0.0})])
def test_the_carry_overs_set_is_anderson_and_rubins(seed, options):
    data = series(np.random.default_rng(seed), **options)
    row = row_of(fit(data, effects="none", errors="classical"), "carry_over", "iv")
    for share in np.r_[np.linspace(-3, 3, 121), -50, -10, 10, 50]:
        inside = row["conf_low"] <= share <= row["conf_high"] and not row["gap_low"] < share < row["gap_high"]
        assert inside == accepted_share(data, share)


def test_unbounded_sets_are_written_in_words():
    rng = np.random.default_rng(7)
    for _ in range(50):
        result = fit(series(rng, periods=40, immediate=0.0), effects="none", errors="classical")
        row = row_of(result, "carry_over", "iv")
        said = result.tables["sets"]
        words = said[(said["term"] == "carry_over") & (said["estimator"] == "iv")]["words"].item()
        assert words.startswith("unbounded: ") == (row["set"] != "interval")
        if row["set"] != "interval":
            assert math.isinf(row["conf_low"]) or math.isinf(row["conf_high"])
            break
    else:
        pytest.fail("no set without bound turned up")


def test_a_carry_over_of_one_or_more_has_no_long_run():
    rng = np.random.default_rng(8)
    metric = rng.normal(size=200)
    outcome = np.cumsum(1.03 ** np.arange(200)) + metric
    data = pd.DataFrame({"entity": 0, "period": range(200), "metric": metric, "outcome": outcome})
    result = fit(data, effects="none", errors="classical")
    row = row_of(result, "long_run", "ols")
    assert not row["identified"]
    assert "never fades" in row["reason"]
    assert row_of(result, "carry_over", "ols")["identified"]
    assert check_of(result, "carry-over").passed is False
    assert result.vcov is None


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda d: d.assign(metric=d["entity"] * 1.5), {}, "never varies"),
        (lambda d: d.assign(outcome=0.0), {}, "the outcome never varies"),
        (lambda d: d[d["period"] == 1], {}, "no row has"),
        (lambda d: d[d["period"] % 2 == 0], {}, "no row has"),
        (lambda d: d[d["period"] <= 2], {}, "never varies|no row has"),
        (lambda d: d[d["entity"] == 0], {}, "never varies"),
        (lambda d: d[d["entity"] < 9], {}, "9 clusters are too few"),
        (lambda d: d, {"controls": ["metric"]}, "combinations of the others"),
    ],
)
def test_what_the_data_cannot_tell_is_refused(change, options, said):
    data, _ = simulate_koyck(np.random.default_rng(10), n=20, periods=7)
    result = fit(change(data), **options)
    assert not result.estimates["identified"].any()
    assert result.estimates["reason"].str.contains(said).all(), result.estimates["reason"].iloc[0]
    assert {c.passed for c in result.checks} == {None}


def test_an_instrument_that_tells_nothing_leaves_least_squares_alone():
    """A metric that grows by the same step: its past is its present less one."""
    rng = np.random.default_rng(11)
    data, _ = simulate_koyck(rng, n=1, periods=60, own=0.0)
    result = fit(data.assign(metric=data["period"] * 0.1), effects="none", errors="classical")
    assert row_of(result, "carry_over", "ols")["identified"]
    row = row_of(result, "carry_over", "iv")
    assert not row["identified"]
    assert "the instrument, tells nothing" in row["reason"]
