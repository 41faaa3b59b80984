"""What money over time is worth at the start, at a rate and up to a horizon, and what it returns on its costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from coroi.errors import DataError, did_you_mean
from coroi.inference.estimates import known, unknown, wald
from coroi.inference.ratios import ratio_row, with_set
from coroi.roi.flows import Flows, Line


def discount_factors(rate_annual: float, n_periods: int, per_year: float) -> np.ndarray:
    """Return what money of each period is worth in the first, shape (n_periods,).

    Parameters
    ----------
    rate_annual : float
        Per year: 0.10 for 10 %.
    n_periods : int
    per_year : float
        Periods in a year: 12 for months.

    Raises
    ------
    DataError
        If the rate is no share a year, such as 10 written for 10 %.

    Notes
    -----
    (1 + r)^(−k / per_year) for k from 0: the period of the start is not discounted.
    """
    check_rate(rate_annual)
    if per_year < 1:
        raise DataError(f"{per_year} periods in a year: give 12 for months, 52 for weeks, 4 for quarters, 1 for years.")
    return np.asarray((1.0 + rate_annual) ** (-np.arange(n_periods) / per_year))


def check_rate(rate_annual: float) -> None:
    """Refuse a discount rate that was not written as a share a year."""
    if rate_annual > 1:
        share = f"{rate_annual / 100:.2f}" if float(rate_annual).is_integer() else f"{rate_annual / 100:g}"
        raise DataError(
            f"A discount rate of {rate_annual:g} is {100 * rate_annual:,.0f} % a year; "
            f"write {share} for {rate_annual:g} %."
        )
    if not rate_annual > -1:
        raise DataError(f"A discount rate of {rate_annual:g} leaves money no worth to compare; write 0.10 for 10 %.")


def check_line(line: Line, level: float) -> None:
    """Refuse a line without periods or with a gap, and a level that is no chance."""
    if len(line.estimate) == 0:
        raise DataError(f"{line.name}: no period to value. Give at least the period of the start.")
    lost = int((~np.isfinite(line.estimate)).sum() + (~np.isfinite(line.covariance)).any(axis=0).sum())
    if lost:
        raise DataError(f"{line.name}: {lost} amounts or errors are not finite. Shorten the horizon to what is known.")
    if not 0 < level < 1:
        raise DataError(f"A level of {level:g} is no chance between 0 and 1; write 0.95 for 95 %.")


def present_value(
    line: Line, *, rate_annual: float, per_year: float, horizon: int | None = None, level: float = 0.95
) -> dict[str, Any]:
    """Return what a line is worth at the start, with its interval.

    Parameters
    ----------
    line : Line
    rate_annual : float
        Per year: 0.10 for 10 %.
    per_year : float
        Periods in a year.
    horizon : int, optional
        Periods that are counted, from that of the start; all by default.
    level : float

    Returns
    -------
    dict
        Columns of an estimate in the line's money, and ``confidence``: 1 less the one-sided p-value of "not above
        zero", 0.5 where the value is known and zero.

    Raises
    ------
    DataError
        If the horizon is not within the line, or the rate is no share a year.

    Notes
    -----
    A weighted sum of the line's periods, so its interval is exact wherever that of the line is: by t with the line's
    degrees of freedom. Assumptions: the rate is the company's cost of capital (untestable); nothing comes after the
    horizon (untestable: see :mod:`coroi.roi.run_out`).
    """
    check_line(line, level)
    n = len(line.estimate) if horizon is None else horizon
    if not 1 <= n <= len(line.estimate):
        raise DataError(
            f"{line.name}: a horizon of {n} periods cannot be valued; give 1 to {len(line.estimate)}, "
            "or say what comes after."
        )
    weights = np.zeros(len(line.estimate))
    weights[:n] = discount_factors(rate_annual, n, per_year)
    return _row(line, weights, level)


def value_grid(
    line: Line, *, rates: Sequence[float], horizons: Sequence[int], per_year: float, level: float = 0.95
) -> pd.DataFrame:
    """Return what a line is worth at each rate and up to each horizon, each with an interval of its own.

    Returns
    -------
    pandas.DataFrame
        Rows ``rate_annual`` × ``horizon`` with the columns of :func:`present_value`.
    """
    return pd.DataFrame(
        {"rate_annual": rate, "horizon": horizon}
        | present_value(line, rate_annual=rate, per_year=per_year, horizon=horizon, level=level)
        for rate in rates
        for horizon in horizons
    )


def value_by_line(flows: Flows, *, rate_annual: float, per_year: float, level: float = 0.95) -> pd.DataFrame:
    """Return what each line is worth at the start, and their total with the errors that they share.

    Returns
    -------
    pandas.DataFrame
        One row a ``line``, the last one ``total``, with the columns of :func:`present_value`.
    """
    lines = [*map(flows.line, flows.names), flows.total]
    return pd.DataFrame(
        {"line": line.name} | present_value(line, rate_annual=rate_annual, per_year=per_year, level=level)
        for line in lines
    )


def return_on_investment(
    flows: Flows, *, costs: Sequence[str], rate_annual: float, per_year: float, level: float = 0.95
) -> dict[str, Any]:
    """Return what all lines are worth for one unit of money spent on the cost lines.

    Parameters
    ----------
    flows : Flows
    costs : sequence of str
        Lines that are what was spent; amounts below zero.
    rate_annual, per_year, level
        As in :func:`present_value`.

    Returns
    -------
    dict
        Columns of an estimate with those of a ratio's set: 0.5 where each unit spent came back with half a unit more.

    Raises
    ------
    DataError
        If no costs are named, or a name is not that of a line.

    Notes
    -----
    The present value of all lines, costs included, over that of the costs, taken as positive. Where costs are known,
    the interval is that of the value on another scale; where they have errors, Fieller's set, which may be unbounded.
    """
    spent = -weights_of(flows, costs, "a return on costs")
    pair = discounted_pair(flows, np.ones(len(flows.names)), spent, rate_annual=rate_annual, per_year=per_year)
    check_line(pair, level)
    net, cost = pair.estimate
    if cost <= 0:
        return with_set(unknown("what the cost lines come to is not above zero: there is no outlay to return on"))
    if pair.covariance[1, 1] <= 0:
        return with_set(wald(net / cost, float(np.sqrt(pair.covariance[0, 0])) / cost, level, pair.df))
    return ratio_row(net, cost, pair.covariance, float(stats.t.ppf(0.5 + level / 2, pair.df)))


def weights_of(flows: Flows, names: Sequence[str], what: str) -> np.ndarray:
    """Return 1 for each line that is named and 0 for the others, shape (n_lines,)."""
    if not len(names):
        raise DataError(f"No line is named for {what}. {did_you_mean('', flows.names)}")
    for name in names:
        if name not in flows.names:
            raise DataError(f"There is no line '{name}'. {did_you_mean(name, flows.names)}")
    return np.array([float(name in names) for name in flows.names])


def discounted_pair(flows: Flows, one: np.ndarray, other: np.ndarray, *, rate_annual: float, per_year: float) -> Line:
    """Return the present values of two weighted sums of lines, with the covariance of the two."""
    factors = discount_factors(rate_annual, len(flows.periods), per_year)
    map_ = np.stack([np.kron(one, factors), np.kron(other, factors)])
    return Line(
        name="present values",
        estimate=map_ @ flows.estimate.ravel(),
        covariance=map_ @ flows.covariance @ map_.T,
        df=flows.df,
    )


def _row(line: Line, weights: np.ndarray, level: float) -> dict[str, Any]:
    value = float(weights @ line.estimate)
    error = float(np.sqrt(max(weights @ line.covariance @ weights, 0.0)))
    if error == 0:
        return known(value, 0.0, value, value) | {"confidence": 0.5 + 0.5 * float(np.sign(value))}
    return wald(value, error, level, line.df) | {"confidence": float(stats.t.cdf(value / error, line.df))}
