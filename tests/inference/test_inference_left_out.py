"""The entity that moves an answer most, against leaving each out in turn; and extreme values, told by every model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.inference.leverage import shifts_without
from coroi.models.ardl import fit_ardl, simulate_ardl
from coroi.models.distributed_lags import fit_distributed_lags, simulate_distributed_lags
from coroi.models.koyck import fit_koyck, simulate_koyck
from coroi.models.local_projections import fit_local_projections, simulate_local_projections

NAMES = {"outcome": "outcome", "metric": "metric"}


def drawn(model: str) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    if model == "local_projections":
        return simulate_local_projections(rng, n=30, periods=16, path=(0.4, 0.2), persistence=0.5)[0]
    simulate = {"koyck": simulate_koyck, "ardl": simulate_ardl, "distributed_lags": simulate_distributed_lags}[model]
    return simulate(rng, n=30, periods=16)[0]


def fit(model: str, data: pd.DataFrame):
    """Fit, and return the answers that are looked at with their errors, and the check."""
    result = {
        "koyck": lambda: fit_koyck(data, **NAMES),
        "ardl": lambda: fit_ardl(data, **NAMES),
        "distributed_lags": lambda: fit_distributed_lags(data, **NAMES, lags=2),
        "local_projections": lambda: fit_local_projections(data, **NAMES, horizons=1, lags=1, early=1),
    }[model]()
    rows = result.estimates
    if model == "local_projections":
        rows = rows[rows["term"] == "response"]
    else:
        rows = rows[rows["term"] == "long_run"]
        rows = rows[rows["interval"] == "delta"] if "interval" in rows else rows
    return rows[["estimate", "std_error"]].to_numpy(float), [c for c in result.checks if c.name == "most_influential"]


MODELS = ["koyck", "ardl", "distributed_lags", "local_projections"]


@pytest.mark.parametrize("model", MODELS)
def test_the_entity_is_the_one_that_leaving_each_out_finds(model):
    data = drawn(model)
    own = data["entity"] == 4
    data.loc[own, "outcome"] += 1.5 * data.loc[own, "metric"] * (data.loc[own, "period"] % 3)
    whole, (told,) = fit(model, data)
    each = np.array([fit(model, data[data["entity"] != who])[0][:, 0] for who in range(30)])
    moves = np.abs(each - whole[:, 0]) / whole[:, 1]
    who, which = np.unravel_index(np.argmax(moves), moves.shape)
    assert f"is {each[who, which]:.4g} instead of {whole[which, 0]:.4g}" in told.sentence
    assert told.passed == (moves.max() <= 1)


@pytest.mark.parametrize("model", MODELS)
def test_extreme_values_of_one_entity_are_told(model):
    data = drawn(model)
    assert fit(model, data)[1][0].passed is True
    wild = data["entity"] == 4
    data.loc[wild, ["metric", "outcome"]] = 1e6 * np.random.default_rng(5).normal(size=(int(wild.sum()), 2))
    (told,) = fit(model, data)[1]
    assert told.passed is False
    assert "Without its most influential entity" in told.sentence


@pytest.mark.parametrize("model", ["koyck", "ardl", "distributed_lags"])
def test_a_single_series_has_no_entity_to_leave_out(model):
    data = drawn(model)
    fits = {
        "koyck": lambda d: fit_koyck(d, **NAMES, effects="none", errors="classical"),
        "ardl": lambda d: fit_ardl(d, **NAMES, effects="none", errors="classical"),
        "distributed_lags": lambda d: fit_distributed_lags(d, **NAMES, lags=2, effects="none", errors="classical"),
    }
    result = fits[model](data[data["entity"] == 1])
    assert "most_influential" not in {c.name for c in result.checks}


def test_shifts_are_those_of_leaving_out_by_instrument_too():
    rng = np.random.default_rng(6)
    entity = np.repeat(np.arange(9), 6)
    weighed, design = rng.normal(size=(2, 54, 3)) + rng.normal(size=(54, 3))
    outcome = design @ [1.0, -1.0, 0.5] + rng.normal(size=54)

    def solved(rows: np.ndarray) -> np.ndarray:
        return np.linalg.solve(weighed[rows].T @ design[rows], weighed[rows].T @ outcome[rows])

    whole = solved(np.ones(54, dtype=bool))
    found = shifts_without(weighed, design, outcome - design @ whole, entity)
    assert found == pytest.approx(np.array([solved(entity != who) - whole for who in range(9)]))


def test_an_entity_that_alone_moves_a_regressor_shifts_without_end():
    entity = np.repeat(np.arange(3), 4)
    design = np.random.default_rng(7).normal(size=(12, 2)) * np.column_stack([np.ones(12), entity == 1])
    found = shifts_without(design, design, np.ones(12), entity)
    assert np.isinf(found[1]).all()
    assert np.isfinite(found[[0, 2]]).all()
