"""When a path is no longer below zero, with an interval that holds: a simultaneous band, projected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Rule = Literal["for_good", "first"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A horizon and the interval around it; infinite where it is not within the path.

    Parameters
    ----------
    estimate : float
        Where the estimated path crosses.
    earliest, latest : float
        Ends of the interval.
    below : bool
        Whether the estimated path is ever below zero.
    """

    estimate: float
    earliest: float
    latest: float
    below: bool


def crossing(path: np.ndarray, low: np.ndarray, high: np.ndarray, *, rule: Rule = "for_good") -> Crossing:
    """Return the horizon from which a path is no longer below zero.

    Parameters
    ----------
    path, low, high : ndarray, shape (n_horizons,)
        Estimates by horizon, from 0, and the ends of a band that holds all of them at once.
    rule : str
        ``for_good``: the horizon after the last one below zero; ``first``: the first one that is not below.

    Returns
    -------
    Crossing

    Notes
    -----
    A path that is nowhere lower crosses no later, by either rule. So whenever the band holds the true path, the true
    horizon lies between that of the band's upper end and that of its lower one, with at least the band's chance,
    however shallow the valley. Percentiles of horizons over draws don't have that: where a path is close to zero for
    long, a draw crosses by chance, and sooner than the path does. Assumption: the band holds (untestable).
    """
    return Crossing(
        estimate=_horizon(path, rule),
        earliest=_horizon(high, rule),
        latest=_horizon(low, rule),
        below=bool((path < 0).any()),
    )


def _horizon(path: np.ndarray, rule: Rule) -> float:
    if rule == "first":
        above = np.flatnonzero(path >= 0)
        return float(above[0]) if len(above) else float("inf")
    below = np.flatnonzero(path < 0)
    last = int(below[-1]) if len(below) else -1
    return float("inf") if last == len(path) - 1 else float(last + 1)
