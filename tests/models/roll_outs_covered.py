"""How often intervals of a roll-out's estimators hold the truth, over many drawn roll-outs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.results import Result

WORLD = {"periods": 10, "starts": (4, 6), "path": (1.0, 1.5, 2.0)}
TRUTH = {0: 1.0, 1: 1.5, 2: 2.0, 3: 2.0}


def replicate(
    fit: Callable[..., Result], replications: int, seed: int, n: int, *, never: float = 0.25, **asked: object
) -> pd.DataFrame:
    """Return one row a replication: whether overall, each time and the whole path are held, and the overall's error.

    An interval that is refused is NaN; the path is held where its band holds every time that is told.
    """
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(replications):
        data, effect = draw_roll_out(rng, n=n, never=never, **WORLD)
        mean = float(effect[(data["period"] >= data["first_treated"]).to_numpy()].mean())
        table = fit(data, outcome="outcome", leads=1, horizon=3, **asked).estimates
        overall = table[table["term"] == "overall"].iloc[0]
        path = table[(table["term"] == "event_time") & (table["event_time"] >= 0)]
        truth = path["event_time"].map(TRUTH)
        inside = (path["band_low"] <= truth) & (truth <= path["band_high"])
        row = {"overall": held(overall, mean), "off": overall["estimate"] - mean, "error": overall["std_error"]}
        row |= {f"event_time: {r.event_time:g}": held(r._asdict(), TRUTH[int(r.event_time)]) for r in path.itertuples()}
        row["path"] = inside[path["identified"]].all() if path["identified"].any() else np.nan
        found.append(row)
    return pd.DataFrame(found).astype(float)


def held(row: pd.Series | dict, truth: float) -> float:
    return float(row["conf_low"] <= truth <= row["conf_high"]) if row["identified"] else np.nan


def check(found: pd.DataFrame, *, refused: tuple[str, ...] = ()) -> None:
    """Hold what is told to the house's bar from below, three Monte Carlo errors allowed, and errors to the spread."""
    n = len(found)
    least = 0.95 - 0.015 - 3 * np.sqrt(0.95 * 0.05 / n)
    told = found.drop(columns=["off", "error", *refused])
    assert found[list(refused)].isna().all(axis=None)
    assert told.notna().all(axis=None)
    assert (told.mean() >= least).all(), told.mean()
    assert np.sqrt((found["error"] ** 2).mean()) >= found["off"].std(ddof=1) * (0.97 - 3 / np.sqrt(2 * n))
    assert abs(found["off"].mean()) < 4 * found["off"].std(ddof=1) / np.sqrt(n)
