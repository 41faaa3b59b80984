"""Horizons tied by cluster or period, and their columns, against sums written out."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.inference.paths import early_and_late, tie
from coroi.inference.projection import Step, ahead, projection_columns

GROUPS = np.array([0, 0, 1, 1, 3, 3])


def steps() -> list[Step]:
    first = Step(estimate=1.0, rows=np.arange(6), moved=np.array([0.1, 0.2, -0.4, 0.1, 0.3, -0.3]))
    second = Step(estimate=2.0, rows=np.array([0, 1, 4]), moved=np.array([0.2, 0.2, -0.4]))
    return [first, second]


def test_clusters_sum_their_rows_and_one_that_lacks_a_horizon_adds_nothing_to_it():
    path = tie(steps(), GROUPS, errors="cluster", n_lags=0, least=2)
    moved = np.array([[0.3, 0.4], [-0.3, 0.0], [0.0, -0.4]])
    assert path.groups.tolist() == [0, 1, 3]
    assert path.moved == pytest.approx(moved)
    assert path.covariance == pytest.approx(moved.T @ moved * 3 / 2)
    assert path.df == 2


def test_periods_without_rows_are_gaps_in_the_order_of_time():
    path = tie(steps(), GROUPS, errors="serial", n_lags=1, least=2)
    moved = np.array([[0.3, 0.4], [-0.3, 0.0], [0.0, 0.0], [0.0, -0.4]])
    cross = sum(np.outer(moved[t], moved[t - 1]) for t in range(1, 4))
    assert path.covariance == pytest.approx(moved.T @ moved + 0.5 * (cross + cross.T))
    assert path.df == 2


def test_a_horizon_with_too_few_clusters_is_not_told():
    path = tie(steps(), GROUPS, errors="cluster", n_lags=0, least=3)
    assert path.reasons[0] == ""
    assert "2 clusters are too few" in path.reasons[1]
    assert np.isnan(path.estimate[1])
    assert not path.combined(np.array([0.5, 0.5]), 0.95)["identified"]
    assert path.combined(np.array([1.0, 0.0]), 0.95)["identified"]


def test_sums_of_horizons_carry_their_covariance():
    path = tie(steps(), GROUPS, errors="cluster", n_lags=0, least=2)
    row = path.combined(np.array([0.5, 0.5]), 0.95)
    half = path.moved @ [0.5, 0.5]
    assert row["estimate"] == 1.5
    assert row["std_error"] == pytest.approx(np.sqrt(half @ half * 3 / 2))


def test_weights_of_early_and_late_are_those_of_the_levels_behind_the_sums():
    path = np.array([1.0, -2.0, 4.0, 5.0, 0.0])
    for (_, _, level), (_, _, total) in zip(
        early_and_late(4, 2, cumulative=False), early_and_late(4, 2, cumulative=True), strict=True
    ):
        assert level @ path == pytest.approx(total @ np.cumsum(path))
    assert [weights for _, _, weights in early_and_late(1, 2, cumulative=False)] == [None, None]


def test_a_sum_ahead_needs_every_period_until_then():
    entity, period = np.zeros(5, dtype=int), np.array([0, 1, 2, 4, 5])
    outcome = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    level = ahead(outcome, entity, period, 2, cumulative=False)
    total = ahead(outcome, entity, period, 2, cumulative=True)
    assert np.array_equal(level, [4.0, np.nan, 8.0, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(total, [7.0, np.nan, np.nan, np.nan, np.nan], equal_nan=True)


def test_a_change_of_the_metric_starts_a_period_later_and_lags_are_changes_too():
    entity, period = np.zeros(6, dtype=int), np.arange(6)
    values = np.column_stack([np.arange(6.0), np.arange(6.0) ** 2])
    columns = projection_columns(
        values, entity, period, metric=1, controls=[], past=[0, 1], lags=1, horizons=1,
        cumulative=False, change=True, common=True,
    )  # fmt: skip
    assert np.array_equal(columns.metric, [np.nan, 1, 3, 5, 7, 9], equal_nan=True)
    assert np.array_equal(columns.held[:, 0], [np.nan, 0, 1, 2, 3, 4], equal_nan=True)
    assert np.array_equal(columns.held[:, 1], [np.nan, np.nan, 1, 3, 5, 7], equal_nan=True)
    assert np.isnan(columns.later[0][5])
