"""How often the interval of a forecast holds what comes, on 2,000 series of each kind."""

from __future__ import annotations

import numpy as np
import pytest
from forecast_worlds import draw

from coroi.inference.forecasts import forecast_series

HORIZONS = (1, 3, 6, 10, 12)


def coverage(world: str, n: int, replications: int, seed: int = 20) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return by horizon the share of intervals that hold the value, their mean level, and their mean width."""
    rng = np.random.default_rng(seed)
    inside, level, width = [], [], []
    for _ in range(replications):
        series = draw(world, n + max(HORIZONS), rng)
        rows = forecast_series(series[:n], HORIZONS, season=12 if world == "seasons" else None).rows
        come = series[n + np.array(HORIZONS) - 1]
        inside.append((rows["pred_low"] <= come) & (come <= rows["pred_high"]))
        level.append(rows["level"])
        width.append(rows["pred_high"] - rows["pred_low"])
    return np.mean(inside, axis=0), np.mean(level, axis=0), np.mean(width, axis=0)


HELD = {
    ("returns", 24): {1: 0.945, 3: 0.958, 6: 0.955},
    ("returns", 36): {1: 0.969, 3: 0.977, 6: 0.978, 10: 0.983},
    ("wanders", 24): {1: 0.951, 3: 0.920, 6: 0.884},
    ("wanders", 36): {1: 0.968, 3: 0.946, 6: 0.919, 10: 0.885},
    ("seasons", 18): {1: 0.919, 3: 0.817},
    ("seasons", 24): {1: 0.918, 3: 0.923, 6: 0.913, 10: 0.913, 12: 0.909},
    ("seasons", 36): {1: 0.953, 3: 0.955, 6: 0.958, 10: 0.954, 12: 0.960},
    ("trend", 24): {1: 0.947, 3: 0.909, 6: 0.833},
    ("trend", 36): {1: 0.974, 3: 0.958, 6: 0.935, 10: 0.884},
}
"""What 2,000 series gave, where it fails too; a change of the rule has to be told there and in the docstring."""


@pytest.mark.slow
@pytest.mark.parametrize(("world", "n"), HELD)
def test_intervals_hold_as_often_as_is_told(world, n):
    held, _, width = coverage(world, n, 2_000, seed=21)
    allowed = np.isfinite(width)
    assert [h for h, known in zip(HORIZONS, allowed, strict=True) if known] == list(HELD[world, n])
    expected = np.array(list(HELD[world, n].values()))
    error = np.sqrt(2 * expected * (1 - expected) / 2_000)
    assert (np.abs(held[allowed] - expected) < 4 * error).all()
