"""Effects swept out as dummies in a regression would leave them, however unbalanced the panel."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.inference.within import sweep


def panel(rng, n_entities: int, n_periods: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    entity, period = np.divmod(np.flatnonzero(rng.random(n_entities * n_periods) < share), n_periods)
    return tuple(np.unique(codes, return_inverse=True)[1] for codes in (entity, period))


def dummies(codes: np.ndarray) -> np.ndarray:
    return (codes[:, None] == np.arange(codes.max() + 1)).astype(float)


def twin(values, entity, period, effects, weight):
    columns = {"none": [np.ones((len(entity), 1))], "entity": [dummies(entity)], "period": [dummies(period)],
               "both": [dummies(entity), dummies(period)]}[effects]  # fmt: skip
    design, root = np.hstack(columns), np.sqrt(weight)[:, None]
    coef, _, rank, _ = np.linalg.lstsq(design * root, values * root, rcond=1e-12)
    return values - design @ coef, rank


@pytest.mark.parametrize("effects", ["none", "entity", "period", "both"])
@pytest.mark.parametrize(
    ("n_entities", "n_periods", "share"), [(30, 8, 0.6), (8, 40, 0.5), (60, 6, 0.25), (40, 30, 0.05)]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_sweeping_equals_dummies(effects, n_entities, n_periods, share, weighted):
    rng = np.random.default_rng(n_entities)
    entity, period = panel(rng, n_entities, n_periods, share)
    values = rng.normal(size=(len(entity), 3)) * [1, 1e4, 1e-3] + 5 * entity[:, None]
    weight = rng.uniform(0.2, 3, len(entity)) if weighted else np.ones(len(entity))
    found = sweep(values, entity, period, effects=effects, weight=weight if weighted else None)
    want, rank = twin(values, entity, period, effects, weight)
    np.testing.assert_allclose(found.values, want, atol=1e-8 * np.abs(values).max(axis=0).max(), rtol=1e-9)
    assert found.n_effects == rank


def test_a_column_that_never_varies_within_is_exactly_zero():
    rng = np.random.default_rng(3)
    entity, period = panel(rng, 50, 10, 0.7)
    fixed, dated = 1e6 + rng.normal(size=50)[entity], rng.normal(size=10)[period]
    found = sweep(np.column_stack([fixed, dated, fixed + 3 * dated, rng.normal(size=len(entity))]), entity, period)
    assert (found.values[:, :3] == 0).all()
    assert (found.values[:, 3] != 0).any()


def test_two_panels_that_share_no_period_cost_one_parameter_less():
    entity = np.repeat([0, 1, 2, 3], 3)
    period = np.tile([0, 1, 2], 4) + np.repeat([0, 0, 3, 3], 3)
    values = np.random.default_rng(1).normal(size=(12, 1))
    assert sweep(values, entity, period).n_effects == 4 + 6 - 2


def test_the_input_is_left_as_it_was():
    values = np.arange(12.0).reshape(6, 2)
    before = values.copy()
    sweep(values, np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 0, 1]))
    np.testing.assert_array_equal(values, before)
