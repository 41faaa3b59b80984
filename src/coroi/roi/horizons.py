"""The figures of a decision by horizon: what they would be, were one to look no further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from coroi.inference.estimates import unknown
from coroi.roi.flows import Flows
from coroi.roi.irr import InternalRate, internal_rate
from coroi.roi.present_value import present_value, return_on_investment


def figures_by_horizon(
    flows: Flows,
    *,
    horizons: Sequence[int],
    costs: Sequence[str],
    rate_annual: float,
    per_year: float,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return net present value, net return on costs and internal rate for each horizon.

    Parameters
    ----------
    flows : Flows
    horizons : sequence of int
        Periods, from 1 to as many as the flows have.
    costs : sequence of str
        Lines that are spent; without any there is no return on them.
    rate_annual, per_year, level
        As in :func:`coroi.roi.present_value.present_value`.

    Returns
    -------
    pandas.DataFrame
        Rows by ``horizon`` and ``term`` (``net_present_value, return_on_costs, internal_rate``) with the columns of an
        estimate and ``confidence``. Of an internal rate the ends are those of its confidence set; one that is none or
        several is not identified, with the reason.
    """
    rows: list[dict[str, Any]] = []
    for horizon in horizons:
        short = flows.until(horizon)
        at: dict[str, Any] = {"per_year": per_year, "level": level}
        worth = present_value(short.total, rate_annual=rate_annual, **at)
        rows.append({"horizon": horizon, "term": "net_present_value"} | worth)
        if costs:
            ratio = return_on_investment(short, costs=costs, rate_annual=rate_annual, **at)
            rows.append({"horizon": horizon, "term": "return_on_costs"} | ratio)
        rows.append({"horizon": horizon, "term": "internal_rate"} | rate_row(internal_rate(short.total, **at)))
    return pd.DataFrame(rows)


def rate_row(rate: InternalRate) -> dict[str, Any]:
    """Return an internal rate as the columns of an estimate; one that is none or several is not identified."""
    ends = {"conf_low": rate.low, "conf_high": rate.high}
    if np.isnan(rate.estimate):
        return unknown(rate.reason) | ends
    return {"estimate": rate.estimate, "std_error": np.nan, "identified": True, "reason": ""} | ends
