"""Kernels of imputation: estimable rows, weights of outcomes, strata, leads and what each average takes in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from absorbed_twin import absorbed_by_hand, centred_by_hand, residuals_by_hand
from coroi.inference.absorbed import absorbed, residual_spread, worth_it
from coroi.inference.cohort_errors import centred, moved_within, strata_of
from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.inference.effect_terms import balanced_horizon, effect_terms
from coroi.inference.few_units import too_few_in_cohorts
from coroi.inference.imputed import impute
from coroi.inference.imputed_effects import _spread
from coroi.inference.roll_out_rows import effect_rows, names_of
from coroi.inference.roll_outs import read_roll_out
from coroi.inference.untreated_leads import untreated_leads

NEVER = 10**6


def ragged(seed: int) -> tuple[np.ndarray, ...]:
    """Draw rows of nine entities and six periods, some missing, in the order of entities."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.choice(54, size=40, replace=False))
    entity, period = np.unique(at // 6, return_inverse=True)[1], np.unique(at % 6, return_inverse=True)[1]
    return rng.normal(size=len(at)), rng.uniform(0.5, 2, len(at)), entity, period, rng.uniform(size=len(at)) < 0.6


def dummies(entity: np.ndarray, period: np.ndarray) -> np.ndarray:
    return np.column_stack([entity[:, None] == np.unique(entity), period[:, None] == np.unique(period)]).astype(float)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_estimable_and_left_is_as_dummies_tell(seed):
    outcome, weight, entity, period, untreated = ragged(seed)
    found = impute(outcome, weight, entity, period, untreated)
    z = dummies(entity, period)
    root = np.sqrt(weight[untreated])[:, None]
    coef = np.linalg.lstsq(z[untreated] * root, outcome[untreated] * root[:, 0], rcond=None)[0]
    rank = np.linalg.matrix_rank(z[untreated])
    told = np.array([np.linalg.matrix_rank(np.vstack([z[untreated], row])) == rank for row in z])
    assert found.estimable.tolist() == told.tolist()
    np.testing.assert_allclose(found.left[told], (outcome - z @ coef)[told], atol=1e-10)
    assert np.isnan(found.left[~told]).all()


@pytest.mark.parametrize("seed", range(4))
def test_scores_are_weights_times_residuals_and_planned_variances_squares_of_weights(seed):
    outcome, weight, entity, period, untreated = ragged(seed)
    found = impute(outcome, weight, entity, period, untreated)
    rows = ~untreated & found.estimable
    targets = np.random.default_rng(seed).uniform(size=(len(rows), 3)) * rows[:, None]
    own = np.where(rows, np.nan_to_num(found.left) - 0.1, 0.0)
    cluster = entity // 2
    scores, planned = found.scores(sparse.csr_array(targets), own, cluster)
    z = dummies(entity, period)
    bread = np.linalg.pinv(z[untreated].T @ (z[untreated] * weight[untreated, None]))
    v = targets.copy()
    v[untreated] = -(z[untreated] * weight[untreated, None]) @ bread @ z[rows].T @ targets[rows]
    error = np.where(untreated, np.nan_to_num(found.left), own)
    for c in range(int(cluster.max()) + 1):
        inside = cluster == c
        np.testing.assert_allclose(scores[c], v[inside].T @ error[inside], atol=1e-10)
        np.testing.assert_allclose(planned[c], (v[inside] ** 2 / weight[inside, None]).sum(axis=0), atol=1e-10)
    # weights reproduce the sums of effects from all outcomes
    np.testing.assert_allclose(v.T @ outcome, targets[rows].T @ found.left[rows], atol=1e-10)


def test_nothing_untreated_leaves_nothing_to_tell():
    outcome, weight, entity, period, _ = ragged(1)
    found = impute(outcome, weight, entity, period, np.zeros(len(outcome), dtype=bool))
    assert not found.estimable.any()
    assert np.isnan(found.left).all()


@pytest.mark.parametrize(
    ("first", "strata", "alone"),
    [
        ([3, 3, 5, 5, NEVER, NEVER], [0, 0, 1, 1, 2, 2], []),
        ([3, 4, 5, 6, NEVER, NEVER], [0, 0, 1, 1, 2, 2], [0, 1, 2, 3]),
        ([3, 4, 5, NEVER, NEVER], [0, 0, 1, 1, 1], [0, 1, 2]),
        ([3, 3, 5, 5, NEVER], [0, 0, 1, 1, 1], [4]),
        ([3], [0], [0]),
    ],
)
def test_cohorts_of_one_join_the_next_and_the_last_the_one_before(first, strata, alone):
    found = strata_of(np.array(first), np.arange(len(first)))
    assert found.code.tolist() == strata
    assert np.flatnonzero(found.alone).tolist() == alone


def test_clusters_go_by_their_earliest_start_and_by_group():
    first = np.array([5, 3, 3, 3, NEVER, NEVER, 3, 5])
    cluster = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    assert strata_of(first, cluster).code.tolist() == [0, 0, 0, 0]  # the untreated cluster is alone
    group = np.array(["a", "a", "b", "b", "b", "b", "a", "a"])
    assert strata_of(first, cluster, group).code.tolist() == [0, 1, 1, 0]


def test_errors_in_one_stratum_each_are_those_of_two_means():
    """With a cohort and units never treated, each seen once before and once after: Welch's test of two means."""
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=7), rng.normal(size=4) * 3
    scores = np.concatenate([(a - a.mean()) / 7, (b - b.mean()) / 4])[:, None]
    planned = np.concatenate([np.full(7, 1 / 49), np.full(4, 1 / 16)])[:, None]
    moved = moved_within(scores, planned, strata_of(np.repeat([2, NEVER], [7, 4]), np.arange(11)))
    assert moved.covariance[0, 0] == pytest.approx(a.var(ddof=1) / 7 + b.var(ddof=1) / 4)
    assert moved.df[0] == pytest.approx((1 / 7 + 1 / 4) ** 2 / ((1 / 7) ** 2 / 6 + (1 / 4) ** 2 / 3))


def test_one_cluster_alone_is_told_by_its_share():
    planned = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 2.0], [1.0, 2.0], [2.0, 0.0]])
    moved = moved_within(np.ones((5, 2)), planned, strata_of(np.array([3, 3, 5, 5, NEVER]), np.arange(5)))
    assert moved.alone.tolist() == pytest.approx([2 / 6, 0.0])
    reasons = too_few_in_cohorts(np.array([3, 1]), moved)
    assert reasons == ["there are 5 clusters; with fewer than 6 no interval would hold"] * 2


def test_rows_alike_are_centred_and_a_lone_cluster_looks_wider():
    effect = np.array([1.0, 3.0, 10.0, 2.0])
    group, wider, who = np.array([0, 0, 1, 1]), np.zeros(4, dtype=int), np.array([0, 1, 2, 2])
    found = centred(effect, np.array([1.0, 3.0, 1.0, 1.0]), group, wider, who)
    mean = (1 + 9 + 10 + 2) / 6
    assert found.tolist() == pytest.approx([1 - 2.5, 3 - 2.5, 10 - mean, 2 - mean])


def test_leads_do_not_look_at_treated_rows():
    frame, _ = draw_roll_out(np.random.default_rng(5), n=20, periods=9, starts=(4, 6), path=(1.0,))
    found = []
    for more in (0.0, 100.0):
        treated = frame["period"] >= frame["first_treated"]
        roll_out = read_roll_out(frame.assign(outcome=frame["outcome"] + more * treated), outcome="outcome")
        arrays = (roll_out.entity, roll_out.period, roll_out.event_time, ~roll_out.affected, roll_out.cluster)
        found.append(untreated_leads(roll_out.outcome, roll_out.weight, *arrays, leads=3))
    np.testing.assert_array_equal(found[0].estimate, found[1].estimate)
    np.testing.assert_array_equal(found[0].scores, found[1].scores)
    assert found[0].times.tolist() == [-3, -2, -1]
    assert not found[0].still


def test_terms_count_what_they_average_and_what_they_lose():
    rows = [(e, t, f) for e, f in ((0, 2), (1, 3), (2, np.nan)) for t in range(5)]
    frame = pd.DataFrame(rows, columns=["entity", "period", "first_treated"]).assign(outcome=1.0)
    roll_out = read_roll_out(frame, outcome="outcome")
    estimable = ~((roll_out.entity == 0) & (roll_out.period == 4))
    terms = effect_terms(roll_out, estimable, horizon=1, balanced=None, group=np.array(["x", "y", ""])[roll_out.entity])
    told = dict(zip(names_of(terms.keys), terms.keys, strict=True))
    assert list(told) == [
        "event_time: 0",
        "event_time: 1",
        "overall",
        "cohort: 2",
        "cohort: 3",
        "balanced: 0",
        "balanced: 1",
        "period: 2",
        "period: 3",
        "period: 4",
        "group: x",
        "group: y",
        "difference: y less x",
    ]
    assert (told["overall"]["n_rows"], told["overall"]["n_lost"], told["overall"]["n_units"]) == (4, 1, 2)
    assert (told["period: 4"]["n_rows"], told["period: 4"]["n_lost"]) == (1, 1)
    sums = terms.targets.sum(axis=0)
    assert sums[:-1].tolist() == pytest.approx([1.0] * 12)
    assert sums[-1] == pytest.approx(0.0)
    assert balanced_horizon(roll_out, estimable) == 1
    assert balanced_horizon(roll_out, np.zeros_like(estimable)) == -1


def test_a_refused_estimate_carries_no_number_and_is_in_no_band():
    scores = np.random.default_rng(1).normal(size=(8, 3))
    moved = moved_within(scores, scores**2, strata_of(np.repeat([3, NEVER], 4), np.arange(8)))
    keys = [{"term": "event_time", "event_time": t} for t in (0, 1, 2)]
    table, bands = effect_rows(keys, np.array([1.0, 2.0, 3.0]), moved, ["", "lost", ""], level=0.95)
    assert table["identified"].tolist() == [True, False, True]
    assert table.loc[1, ["estimate", "std_error", "df", "band_low", "band_high"]].isna().all()
    assert bands["n_estimates"].tolist() == [2]


def test_where_clusters_of_a_cohort_are_alike_nothing_is_put_back():
    frame, _ = draw_roll_out(np.random.default_rng(2), n=12, periods=7, starts=(3, 5), path=(1.0,))
    roll_out = read_roll_out(frame, outcome="outcome")
    found = impute(roll_out.outcome, roll_out.weight, roll_out.entity, roll_out.period, ~roll_out.affected)
    strata = strata_of(roll_out.first, roll_out.cluster)
    targets = sparse.csr_array((roll_out.affected / roll_out.affected.sum())[:, None])
    _, planned = found.scores(targets, np.zeros(len(frame)), roll_out.cluster)
    assert not worth_it(planned, strata, len(frame))
    assert worth_it(planned * np.linspace(1, 2, 12)[:, None], strata, len(frame))
    assert not worth_it(planned * np.linspace(1, 2, 12)[:, None], strata, 10**6)
    z = dummies(roll_out.entity, roll_out.period)
    rows = np.flatnonzero(roll_out.affected)
    cell = np.unique(strata.code[roll_out.cluster[rows]] * 100 + roll_out.event_time[rows], return_inverse=True)[1]
    spread = residual_spread(z, roll_out.weight, ~roll_out.affected)
    spread = spread.centred(rows, np.ones(len(rows)), cell, cell, roll_out.cluster[rows])
    factor = absorbed(found.weights(targets), spread, roll_out.weight, roll_out.cluster, planned, strata)
    np.testing.assert_allclose(factor, 1.0, rtol=1e-10)


def test_what_is_put_back_is_what_independent_shocks_would_lose():
    """Draw shocks many times for rows with gaps and weights: squares times the factor average the planned variance."""
    rng = np.random.default_rng(4)
    n, cluster = 24, np.repeat(np.arange(6), 4)
    columns, weight = rng.normal(size=(n, 5)), rng.uniform(0.5, 2, n)
    left = residuals_by_hand(columns, weight, np.ones(n, dtype=bool))
    spread = residual_spread(columns, weight, np.ones(n, dtype=bool))
    weights = rng.normal(size=(n, 1))
    planned = np.bincount(cluster, weights=weights[:, 0] ** 2 / weight)[:, None]
    strata = strata_of(np.repeat([1, 2], 12), cluster)
    factor = absorbed(weights, spread, weight, cluster, planned, strata)
    assert (factor > 1.02).all()
    shocks = rng.normal(size=(n, 100_000)) / np.sqrt(weight)[:, None]
    scores = np.stack([(weights * (left @ shocks))[cluster == c].sum(axis=0) for c in range(6)])
    for s in (0, 1):
        own = scores[strata.code == s]
        seen = own.var(axis=0, ddof=1).mean() * len(own)
        assert seen * factor[s, 0] == pytest.approx(planned[strata.code == s].sum(), rel=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_put_back_is_as_the_whole_matrix_of_residuals_tells(seed):
    """Gaps, weights far apart, clusters of several units, a cluster alone in its cell, and a combination of columns."""
    rng = np.random.default_rng(seed)
    entity, period = (column.ravel() for column in np.indices((14, 9)))
    kept = rng.uniform(size=len(entity)) < 0.85
    entity, period = entity[kept], period[kept]
    first = np.array([3, 3, 5, 5, 6, 6, 6, 6] + [NEVER] * 6)[entity]
    cluster, weight = np.r_[:8, 8, 8, 9, 9, 10, 11][entity], 10 ** rng.uniform(-3, 3, 14)[entity]
    fitted = period < first
    z = np.column_stack([dummies(entity, period), period % 2])
    strata = strata_of(first, cluster)
    rows = np.flatnonzero(~fitted)
    time = np.unique((period - first)[rows], return_inverse=True)[1]
    alike = np.unique(strata.code[cluster[rows]] * 99 + time, return_inverse=True)[1]
    circle = (weight[rows], alike, time, cluster[rows])
    lone = [len(set(cluster[rows][alike == code])) == 1 for code in range(alike.max() + 1)]
    assert any(lone)
    assert not all(lone)
    spread = residual_spread(z, weight, fitted)
    left = residuals_by_hand(z, weight, fitted)

    def as_by_hand() -> None:
        covariance = np.diag(1 / weight) + (spread.columns * spread.sign) @ spread.columns.T
        scale = np.sqrt(weight) * np.sqrt(weight)[:, None]
        np.testing.assert_allclose(covariance * scale, (left / weight) @ left.T * scale, atol=1e-10)
        factor = absorbed(weights, spread, weight, cluster, planned, strata)
        np.testing.assert_allclose(
            factor, absorbed_by_hand(weights, left, weight, cluster, planned, strata), rtol=1e-10
        )
        assert (factor > 1.05).any()

    weights = rng.normal(size=(len(entity), 3)) * weight[:, None]
    planned = np.stack([np.bincount(cluster, column**2 / weight) for column in weights.T], axis=1)
    as_by_hand()
    left[rows] = centred_by_hand(left[rows], *circle)
    spread = spread.centred(rows, *circle)
    as_by_hand()


def test_the_spread_of_residuals_is_that_of_the_two_steps_where_some_rows_tell_no_period() -> None:
    rng = np.random.default_rng(5)
    entity, period = np.repeat(np.arange(8), 7), np.tile(np.arange(7), 8)
    first = np.array([99, 99, 99, 4, 4, 5, 5, 3])[entity]
    weight = rng.uniform(0.5, 2.0, len(entity))
    untreated, tells = period < first, (first == 99)
    found = impute(rng.standard_normal(len(entity)), weight, entity, period, untreated, tells)
    dummies = np.hstack([entity[:, None] == np.arange(8), period[:, None] == np.arange(7)]).astype(float)
    root = np.sqrt(weight[tells])
    periods_off = np.eye(len(entity))
    periods_off[:, tells] -= dummies[:, 8:] @ (np.linalg.pinv(dummies[tells] * root[:, None], rtol=1e-12) * root)[8:]
    entities_off = residuals_by_hand(dummies[:, :8], weight, untreated)
    left = np.where(tells[:, None], residuals_by_hand(dummies, weight, tells), entities_off @ periods_off)
    spread = _spread(found)
    cov = np.diag(1 / weight) + spread.columns * spread.sign @ spread.columns.T
    np.testing.assert_allclose(cov, left @ np.diag(1 / weight) @ left.T, atol=1e-10)
