"""By how much the net present value moves when one input goes to either end of its range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.errors import DataError, did_you_mean
from coroi.roi.flows import Flows
from coroi.roi.weighing import present_values

COLUMNS = ("input", "low", "high", "npv_low", "npv_high", "swing", "kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """An assumption that nobody estimated, at the two ends of its stated range.

    Parameters
    ----------
    name : str
        ``discount rate``, ``run-out``, ``horizon``, ``costs`` …
    low, high : float
        Ends of the range, in the assumption's own unit.
    npv_low, npv_high : float
        Net present value at either end, all else at its estimate.
    """

    name: str
    low: float
    high: float
    npv_low: float
    npv_high: float


def scaled(flows: Flows, weights: np.ndarray, lines: Sequence[str], *, name: str, by: float) -> Assumed:
    """Return the assumption that some lines are a share lower or higher than they are written down, such as costs.

    Parameters
    ----------
    flows : Flows
    weights : ndarray, shape (n_periods,) or (n_lines, n_periods)
        Discount factors.
    lines : sequence of str
    name : str
    by : float
        Share of 1: 0.2 for ± 20 %.

    Returns
    -------
    Assumed
        With the factors as the ends of its range.

    Raises
    ------
    DataError
        If a line is not there, or the share is not above zero.
    """
    for line in lines:
        if line not in flows.names:
            raise DataError(f"{name}: there is no line '{line}'. {did_you_mean(line, flows.names)}")
    if not by > 0:
        raise DataError(f"{name}: a range of ± {100 * by:g} % is none. Give a share above zero, such as 0.2.")
    present = present_values(flows, weights)
    part = float(sum(present.estimate[flows.names.index(line)] for line in dict.fromkeys(lines)))
    ends = present.npv - by * part, present.npv + by * part
    return Assumed(name=name, low=1 - by, high=1 + by, npv_low=ends[0], npv_high=ends[1])


def reweighted(
    flows: Flows, *, name: str, low: float, high: float, weights_low: np.ndarray, weights_high: np.ndarray
) -> Assumed:
    """Return an assumption that is told by other discount factors: another rate, a horizon, a run-out.

    Parameters
    ----------
    flows : Flows
    name : str
    low, high : float
        Ends of the range, in the assumption's own unit.
    weights_low, weights_high : ndarray, shape (n_periods,) or (n_lines, n_periods)
        Discount factors at either end; zero for periods beyond a horizon.
    """
    ends = (present_values(flows, each).npv for each in (weights_low, weights_high))
    npv_low, npv_high = ends
    return Assumed(name=name, low=low, high=high, npv_low=npv_low, npv_high=npv_high)


def tornado(flows: Flows, weights: np.ndarray, *, level: float = 0.95, assumed: Sequence[Assumed] = ()) -> pd.DataFrame:
    """Return the net present value with each input at either end of its range, the widest swing first.

    Parameters
    ----------
    flows : Flows
    weights : ndarray, shape (n_periods,) or (n_lines, n_periods)
        Discount factors.
    level : float
        Of the interval whose ends an estimated line takes.
    assumed : sequence of Assumed
        What is assumed, with the values that follow from it.

    Returns
    -------
    pandas.DataFrame
        ``input, low, high, npv_low, npv_high, swing, kind``. For ``estimated`` lines the ends are of the line's present
        value, by t; known money has no row. For ``assumed`` ones they are as given, and the value at the low end may be
        the higher one.

    Raises
    ------
    DataError
        If an input stands twice.

    Notes
    -----
    One input moves at a time and all others are held at their estimates, so that bars do not add up to the interval of
    the net present value: that takes how lines vary together from their joint errors.
    """
    present = present_values(flows, weights)
    quantile = present.critical(level)
    rows = []
    for at, name in enumerate(flows.names):
        half = quantile * float(np.sqrt(max(present.covariance[at, at], 0.0)))
        if half > 0:
            value = float(present.estimate[at])
            ends = (value - half, value + half, present.npv - half, present.npv + half)
            rows.append((name, *ends, 2 * half, "estimated"))
    for each in assumed:
        swing = abs(each.npv_high - each.npv_low)
        rows.append((each.name, each.low, each.high, each.npv_low, each.npv_high, swing, "assumed"))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    twice = table["input"][table["input"].duplicated()].unique()
    if len(twice):
        raise DataError(f"the inputs {', '.join(twice)} stand twice. Give each a name of its own.")
    return table.sort_values("swing", ascending=False, kind="stable", ignore_index=True)
