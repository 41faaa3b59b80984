"""Draw units that take up a practice one after the other, with an effect that is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def draw_roll_out(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    starts: Sequence[int],
    path: Sequence[float],
    never: float = 0.25,
    later_cohorts: float = 0.0,
    trend: float = 0.0,
    persistence: float = 0.5,
    noise: float = 1.0,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw a roll-out whose effect by time since the start is known.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Units, and periods observed, from 0.
    starts : sequence of int
        First treated periods; units fall to them in turn, in an order of chance.
    path : sequence of float
        Effect by periods since the start; the last one stays.
    never : float
        Share of units that are never treated, rounded.
    later_cohorts : float
        What is added to the effect for each place that a unit's start has in the list.
    trend : float
        Growth by period of units that are ever treated, over the others: parallel trends are broken where it is not 0.
    persistence, noise : float
        Autocorrelation and standard deviation of the shocks.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, first_treated, outcome``; the first is empty (NaN) for who is never treated.
    effect : ndarray, shape (n_rows,)
        The true effect in each row.
    """
    order = rng.permutation(n)
    place = np.arange(n) % len(starts)
    none = np.arange(n) < round(never * n)
    first = np.where(none, np.nan, np.asarray(starts, dtype=float)[place])[order]
    place = place[order]
    shock = rng.normal(size=(n, periods))
    for t in range(1, periods):
        shock[:, t] = persistence * shock[:, t - 1] + np.sqrt(1 - persistence**2) * shock[:, t]
    since = np.arange(periods)[None, :] - first[:, None]
    height = np.asarray(path, dtype=float)
    at = np.clip(np.nan_to_num(since, nan=-1.0), -1, len(height) - 1).astype(int)
    effect = np.where(at >= 0, height[np.maximum(at, 0)] + later_cohorts * place[:, None], 0.0)
    drift = trend * np.arange(periods)[None, :] * ~np.isnan(first)[:, None]
    level, season = 2 * rng.normal(size=(n, 1)), rng.normal(size=(1, periods))
    outcome = 10 + level + season + drift + effect + noise * shock
    who, when = np.indices((n, periods)).reshape(2, -1)
    frame = pd.DataFrame(
        {"entity": who, "period": when, "first_treated": np.repeat(first, periods), "outcome": outcome.ravel()}
    )
    return frame, effect.ravel()
