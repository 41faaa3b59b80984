"""Before against after among those who were treated: the figure that a slide shows, with its interval."""

from __future__ import annotations

import numpy as np

from coroi.inference.estimates import unknown, wald
from coroi.inference.roll_outs import RollOut


def before_after(roll_out: RollOut, *, span: int, level: float = 0.95) -> dict[str, object]:
    """Return the mean change of treated units from as many periods before their start to as many after it.

    Parameters
    ----------
    roll_out : RollOut
        From :func:`coroi.inference.roll_outs.read_roll_out`.
    span : int
        Periods taken from either side of each unit's start, where they are seen.
    level : float
        Level of the interval.

    Returns
    -------
    dict
        ``estimate, std_error, conf_low, conf_high, identified, reason, n_units``.

    Notes
    -----
    No effect of anything: whatever else changed in the same time is in it. Units count by their weight; the error is
    of their changes about the mean, t with one degree of freedom less than units.
    """
    since, value = roll_out.event_time, roll_out.outcome
    before = (since < 0) & (since >= -span)
    after = (since >= 0) & (since < span)
    changes, weights = [], []
    for unit in np.unique(roll_out.entity[before]):
        rows = roll_out.entity == unit
        if (rows & after).any():
            changes.append(value[rows & after].mean() - value[rows & before].mean())
            weights.append(roll_out.weight[rows].mean())
    n = len(changes)
    if n < 2:
        return unknown("fewer than two units are seen both before and after their start") | {"n_units": n}
    change, share = np.array(changes), np.array(weights) / np.sum(weights)
    mean = float(share @ change)
    error = float(np.sqrt(n / (n - 1) * np.sum((share * (change - mean)) ** 2)))
    return wald(mean, error, level, n - 1) | {"n_units": n}
