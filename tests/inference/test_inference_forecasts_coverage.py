"""How often the interval of a forecast holds what comes, on 2,000 series of each kind."""

from __future__ import annotations

import numpy as np
from forecast_worlds import WORLDS, draw

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


if __name__ == "__main__":
    for world in WORLDS:
        for n in (18, 24, 36, 60):
            held, promised, width = coverage(world, n, 2_000)
            print(
                world, n, *(f"{h:.3f}/{p:.3f} (width {w:.1f})" for h, p, w in zip(held, promised, width, strict=True))
            )
