"""Autoregressions in short panels: runs, what the correction is worth, its derivative, and both kinds of equations."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.inference.feedback import complex_slope, fit_feedback
from coroi.inference.past_runs import past_runs


def panel(rng, n: int, periods: int, coef: np.ndarray, spread=None) -> np.ndarray:
    """Draw entities far from rest, with levels of their own and errors whose variance differs by period."""
    k = len(coef)
    spread = np.ones(periods) if spread is None else spread
    level, now = rng.normal(size=(n, k)), 3 * rng.normal(size=(n, k))
    mix = np.linalg.cholesky(0.3 + 0.7 * np.eye(k))
    seen = np.empty((n, periods, k))
    for t in range(periods):
        now = level + now @ coef.T + spread[t] * rng.normal(size=(n, k)) @ mix.T
        seen[:, t] = now
    return seen


def laid_out(seen: np.ndarray, lags: int = 1):
    n, periods, k = seen.shape
    entity, period = np.divmod(np.arange(n * periods), periods)
    return past_runs(seen.reshape(-1, k), entity, period, entity, lags=lags)


def errors_of(fit) -> np.ndarray:
    return np.sqrt((fit.coef_influence**2).sum(axis=0))


def test_a_gap_ends_a_run_and_the_past_never_crosses_it():
    entity = np.repeat([0, 1], [8, 5])
    period = np.r_[0, 1, 2, 3, 4, 6, 7, 8, 0, 1, 2, 3, 4]
    values = np.arange(13.0)[:, None] ** 2
    runs = past_runs(values, entity, period, entity, lags=1)
    assert [block.shape for block in runs.blocks] == [(2, 4, 2)]  # the piece of three rows is too short
    assert runs.rows.tolist() == [1, 2, 3, 4, 9, 10, 11, 12]
    assert (runs.n_clusters, runs.n_runs, runs.n_rows, runs.n_left_out) == (2, 2, 8, 5)


def test_missing_values_end_a_run_too():
    entity, period = np.zeros(12, dtype=int), np.arange(12)
    values = np.random.default_rng(1).normal(size=(12, 2))
    values[5, 1] = np.nan
    runs = past_runs(values, entity, period, entity, lags=2)
    assert runs.rows.tolist() == [2, 3, 4, 8, 9, 10, 11]
    assert runs.n_runs == 2


def test_no_run_at_all_is_an_answer():
    runs = past_runs(np.arange(4.0)[:, None], np.arange(4), np.zeros(4, dtype=int), np.arange(4), lags=1)
    assert runs.blocks == ()
    assert runs.n_left_out == 4


def test_columns_without_variation_and_copies_are_found():
    rng = np.random.default_rng(2)
    seen = rng.normal(size=(30, 6, 3))
    seen[:, :, 1] = rng.normal(size=(30, 1))
    seen[:, :, 2] = 2 * seen[:, :, 0] + 1
    runs = laid_out(seen)
    assert runs.lost.tolist() == [False, True, False, False, True, True]


COEF = np.array([[0.5, 0.2], [0.0, 0.6]])


@pytest.mark.parametrize("case", ["alike", "growing", "shrinking"])
def test_many_short_histories_give_the_truth_whatever_their_start_and_the_variance_by_period(case):
    spread = {"alike": np.ones(6), "growing": np.linspace(0.6, 1.8, 6), "shrinking": np.linspace(1.8, 0.6, 6)}[case]
    runs = laid_out(panel(np.random.default_rng(3), 20_000, 6, COEF, spread))
    fit, plain = fit_feedback(runs), fit_feedback(runs, corrected=False)
    assert fit.solved
    assert (np.abs(fit.coef - COEF) / errors_of(fit)).max() < 3.5
    assert np.abs(fit.coef - COEF).max() < 0.02
    assert plain.coef[0, 0] - COEF[0, 0] < -0.05


def test_runs_of_unequal_length_and_two_lags_give_the_truth():
    rng = np.random.default_rng(4)
    coef = np.array([[0.4, 0.2, 0.1, 0.0], [0.0, 0.5, 0.0, -0.2]])
    n, periods = 12_000, 9
    level, now = rng.normal(size=(n, 2)), rng.normal(size=(n, 4))
    seen = np.empty((n, periods, 2))
    for t in range(periods):
        new = level + now @ coef.T + rng.normal(size=(n, 2))
        now = np.hstack([new, now[:, :2]])
        seen[:, t] = new
    seen[rng.random(n) < 0.3, :2] = np.nan
    seen[rng.random(n) < 0.2, 8] = np.nan
    fit = fit_feedback(laid_out(seen, lags=2))
    assert fit.solved
    assert (np.abs(fit.coef - coef) / errors_of(fit)).max() < 3.5
    assert np.abs(fit.coef - coef).max() < 0.05
    assert fit.sigma == pytest.approx(np.eye(2), abs=0.03)


def test_the_within_estimate_is_least_squares_on_dummies():
    seen = panel(np.random.default_rng(5), 25, 6, COEF)
    fit = fit_feedback(laid_out(seen), corrected=False)
    n, periods, _ = seen.shape
    rows = [(i, t) for i in range(n) for t in range(1, periods)]
    design = np.array([np.r_[seen[i, t - 1], np.eye(n)[i], np.eye(periods)[t]] for i, t in rows])
    target = np.array([seen[i, t] for i, t in rows])
    assert fit.coef == pytest.approx(np.linalg.lstsq(design, target)[0][:2].T, abs=1e-10)


def test_units_of_columns_are_units_of_coefficients():
    seen = panel(np.random.default_rng(6), 200, 8, COEF)
    one, other = fit_feedback(laid_out(seen)), fit_feedback(laid_out(seen * [1.0, 50.0]))
    assert one.solved
    assert other.coef == pytest.approx(one.coef * [[1, 1 / 50], [50, 1]], rel=1e-7)
    assert other.sigma == pytest.approx(one.sigma * [[1, 50], [50, 2500]], rel=1e-7)


def test_influence_is_what_leaving_a_cluster_out_does():
    seen = panel(np.random.default_rng(7), 150, 8, COEF)
    whole = fit_feedback(laid_out(seen))
    for left_out in (3, 70):
        rest = fit_feedback(laid_out(np.delete(seen, left_out, axis=0)))
        assert whole.coef - rest.coef == pytest.approx(whole.coef_influence[left_out], abs=2e-3, rel=0.2)
        assert whole.sigma - rest.sigma == pytest.approx(whole.sigma_influence[left_out], abs=2e-3, rel=0.2)
    assert whole.coef_influence.sum(axis=0) == pytest.approx(0, abs=1e-10)


def test_where_the_path_turns_back_equations_are_added_and_the_estimate_stays_near():
    coef = np.array([[0.5, 0.0], [0.2, 0.85]])
    unsolved, away = 0, []
    for seed in range(30):
        seen = panel(np.random.default_rng([8, seed]), 80, 46, coef)[:, 40:]
        fit = fit_feedback(laid_out(seen))
        if not fit.solved:
            unsolved += 1
            away.append((fit.coef - coef) / errors_of(fit))
    assert unsolved >= 5
    assert np.isfinite(away).all()
    assert (np.abs(np.array(away)[:, [0, 1], [1, 0]]) > 1.99).mean() <= 0.1


def test_the_added_equations_are_those_of_pairs_of_rows():
    """The past less its mean before by a value less its mean to come, written out row by row."""
    from coroi.inference.feedback import _filter

    z, x = np.random.default_rng(9).normal(size=(2, 5))
    by_hand = 0.0
    for s in range(1, 4):
        before = (z[s] - z[:s].mean()) * np.sqrt(s / (s + 1))
        ahead = (x[s] - x[s + 1 :].mean()) * np.sqrt((4 - s) / (5 - s))
        by_hand += before * ahead
    assert z @ _filter(5) @ x == pytest.approx(by_hand)


def test_the_derivative_is_exact():
    def function(points: np.ndarray) -> np.ndarray:
        return np.stack([points[:, 0] ** 3 * points[:, 1], np.exp(points[:, 1])], axis=1)

    want = np.array([[3 * 4 * 0.5, 8.0], [0.0, np.exp(0.5)]])
    assert complex_slope(function, np.array([2.0, 0.5])) == pytest.approx(want, rel=1e-14)
