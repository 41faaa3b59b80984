"""How large an effect has to be for money to come back: as a factor on the benefits, or as a lift of retention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from coroi.errors import DataError
from coroi.inference.estimates import unknown
from coroi.inference.ratios import ratio_row, set_of, with_set
from coroi.roi.flows import Flows
from coroi.roi.present_value import check_line, check_rate, discounted_pair, weights_of


def break_even_factor(
    flows: Flows, *, benefits: Sequence[str], rate_annual: float, per_year: float, level: float = 0.95
) -> dict[str, Any]:
    """Return the factor on the benefits at which all lines together are worth nothing.

    Parameters
    ----------
    flows : Flows
    benefits : sequence of str
        Lines that the factor applies to; all others are kept as they are.
    rate_annual, per_year, level
        As in :func:`coroi.roi.present_value.present_value`.

    Returns
    -------
    dict
        Columns of an estimate, those of a ratio's set, and ``words``: 0.6 says that 60 % of the estimated benefits
        would be enough, 1.5 that half as much again would be needed.

    Raises
    ------
    DataError
        If no benefits are named, or a name is not that of a line.

    Notes
    -----
    −PV(other lines) / PV(benefits) with Fieller's set: all factors at which a t test of "worth nothing" does not
    reject, unbounded where the benefits are no further from zero than their own error allows. Refused where the
    benefits are estimated at zero or less. Reference: Fieller (1954).
    """
    gains = weights_of(flows, benefits, "the break-even factor")
    pair = discounted_pair(flows, gains - 1, gains, rate_annual=rate_annual, per_year=per_year)
    check_line(pair, level)
    needed, gained = pair.estimate
    if gained <= 0:
        reason = "what is called benefits is not worth more than zero: no factor on them pays for the rest"
        return with_set(unknown(reason)) | {"words": reason}
    row = ratio_row(needed, gained, pair.covariance, float(stats.t.ppf(0.5 + level / 2, pair.df)))
    return row | {"words": set_of(row).words()}


def break_even_retention(*, margin: float, retention: float, rate: float, cost_per_customer: float) -> float:
    """Return the lift of retention that pays for a cost per customer.

    Parameters
    ----------
    margin : float
        Per customer and period, in the currency of the cost.
    retention : float
        Share of customers that stays from one period to the next, before the lift.
    rate : float
        Discount rate per period.
    cost_per_customer : float
        Spent once, at the start.

    Returns
    -------
    float
        A share of customers, to be added to `retention`; infinite where keeping everybody would not be enough.

    Raises
    ------
    DataError
        If the margin is not above zero, the cost is below zero, or retention is no share.

    Notes
    -----
    Solves m(1+d)/(1+d−r−x) = m(1+d)/(1+d−r) + K for x: a customer's value for ever, the first margin undiscounted.
    Assumption: margin and retention are constant over a customer's life (testable elsewhere, and seldom so).
    Reference: Gupta, Lehmann and Stuart (2004), Journal of Marketing Research 41:7-18, whose value starts one period
    later.
    """
    check_rate(rate)
    if not (np.isfinite(margin) and margin > 0 and np.isfinite(cost_per_customer) and cost_per_customer >= 0):
        raise DataError(f"A margin of {margin:g} and a cost of {cost_per_customer:g}: give amounts above zero.")
    if not 0 <= retention <= 1 or 1 + rate <= retention:
        raise DataError(f"Retention of {retention:g} at a rate of {rate:g}: write 0.80 for 80 %, a rate of at least 0.")
    gap = 1 + rate - retention
    lift = cost_per_customer * gap**2 / (margin * (1 + rate) + cost_per_customer * gap)
    return float(lift) if retention + lift <= 1 else float("inf")
