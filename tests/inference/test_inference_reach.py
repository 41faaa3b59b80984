"""Weights of a row's neighbours, against pairs of rows written out, and what they leave of the bias."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.inference.projection import project
from coroi.inference.projections import project_all
from coroi.inference.reach import balance, least_rows, neighbours, reach_of
from coroi.inference.reach_checks import length_check, too_short


def scattered(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return entities of unequal length, with late entries and gaps, sorted."""
    rng = np.random.default_rng(seed)
    rows = [
        (i, t) for i in range(9) for t in range(rng.integers(0, 4), 12 + i % 3) if rng.random() > 0.15 or i in (0, 1)
    ]
    return np.array(rows).T


def pair_products(entity: np.ndarray, period: np.ndarray, weights: np.ndarray) -> dict[int, float]:
    """Return by how many periods rows of an entity are apart, the sum of the weights of pairs, means taken out."""
    reach, found = len(weights) // 2, {}
    for who in np.unique(entity):
        when = period[entity == who]
        n = len(when)
        banded = np.zeros((n, n))
        for s in range(n):
            for t in range(n):
                if abs(when[t] - when[s]) <= reach:
                    banded[s, t] = weights[reach + when[t] - when[s]]
        centre = np.eye(n) - 1 / n
        pairs = centre @ banded @ centre
        for s in range(n):
            for t in range(n):
                apart = int(when[t] - when[s])
                found[apart] = found.get(apart, 0.0) + pairs[s, t]
    return found


@pytest.mark.parametrize("reach", [1, 4, 7])
def test_weights_of_pairs_add_up_to_nothing_within_the_reach_alone(reach):
    entity, period = scattered()
    weights = balance(entity, period, reach)
    sums = pair_products(entity, period, weights)
    assert sums[0] == pytest.approx(len(entity) - 9)
    for k in range(1, reach + 1):
        assert sums[k] == pytest.approx(0, abs=1e-9)
        assert sums[-k] == pytest.approx(0, abs=1e-9)
    assert sum(value for k, value in sums.items() if abs(k) > reach) == pytest.approx(-sums[0])


def test_without_a_reach_weights_are_those_of_least_squares():
    entity, period = scattered()
    assert balance(entity, period, 0) == pytest.approx([1.0])


def test_rows_without_pairs_far_apart_allow_no_weights():
    entity, period = np.repeat(np.arange(5), 4), np.tile(np.arange(4), 5)
    assert balance(entity, period, 2) is not None
    assert balance(entity, period, 3) is None


def test_neighbours_are_summed_within_entities_and_missing_ones_are_nothing():
    entity, period = scattered(2)
    values = np.random.default_rng(3).normal(size=(len(entity), 2))
    weights = np.random.default_rng(4).normal(size=7)
    slow = np.zeros_like(values)
    for i in range(len(entity)):
        for j in range(len(entity)):
            if entity[i] == entity[j] and abs(period[j] - period[i]) <= 3:
                slow[i] += weights[3 + period[j] - period[i]] * values[j]
    assert neighbours(values, entity, period, weights) == pytest.approx(slow)


def test_gaps_and_late_entries_leave_no_bias():
    """The outcome carries the metric of later periods, so that plain least squares within entities leans."""
    rng = np.random.default_rng(5)
    n, periods = 6_000, 16
    metric = rng.normal(size=(n, periods + 3))
    later = 0.5 * metric[:, 3:] + metric[:, :-3] + rng.normal(size=(n, periods)) + rng.normal(size=(n, 1))
    present = rng.random((n, periods)) > 0.2
    present &= np.arange(periods) >= rng.integers(0, 5, size=(n, 1))
    entity, period = np.nonzero(present)
    columns = (np.zeros((len(entity), 0)), metric[:, :-3][present], later[present], entity, period)
    plain, told = project(*columns), project(*columns, reach=6)
    error = float(np.sqrt(told.moved @ told.moved))
    assert error < 0.01
    assert abs(told.estimate - 1) < 3 * error
    assert plain.estimate < 1 - 0.03


def test_the_reach_takes_in_the_horizon_and_two_periods_more_or_there_is_no_estimate():
    for horizon in range(9):
        least = least_rows(horizon)
        assert reach_of(least, horizon) >= horizon + 2
        assert reach_of(least - 1, horizon) < horizon + 2
        assert too_short(least, horizon) == ""
        assert f"it takes {least}" in too_short(least - 1, horizon)
    assert reach_of(1_000, 3) == 27


def test_length_names_the_horizons_that_are_too_short():
    assert length_check([8.0, 7.0], effects="both", correct=True).passed is True
    short = length_check([6.0, 5.0, 4.0], effects="both", correct=True)
    assert short.passed is False
    assert "Not at horizon 2, for which" in short.sentence
    assert length_check([6.0, 5.0, 4.0], effects="both", correct=False).passed is None
    assert length_check([6.0], effects="none", correct=True).passed is None


def test_projections_without_entity_effects_are_plain():
    import pandas as pd

    from coroi.inference.panels import read_panel
    from coroi.inference.projection import projection_columns

    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"entity": np.repeat(np.arange(12), 5), "period": np.tile(np.arange(5), 12)})
    frame["y"], frame["x"] = rng.normal(size=(2, 60))
    panel = read_panel(frame, ["y", "x"], entity="entity", period="period")
    columns = projection_columns(
        panel.frame[["y", "x"]].to_numpy(), panel.entity, panel.period, metric=1, controls=[], past=[], lags=0,
        horizons=2, cumulative=False, change=False, common=False,
    )  # fmt: skip
    found = project_all(columns, panel, effects="period", correct=True)
    assert [step.reason for step in found.steps] == [""] * 3
    assert found.other == [None] * 3
    assert found.rows == [5.0, 4.0, 3.0]
