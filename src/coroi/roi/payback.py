"""When money is paid back: the period and the date from which the cumulative path is no longer below zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from coroi.inference.crossing import Crossing, Rule, crossing
from coroi.prepare.calendar import index_of, last_day
from coroi.roi.flows import Line
from coroi.roi.paths import banded, cumulated
from coroi.roi.present_value import check_line
from coroi.schemas import Period


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Payback:
    """When a line is paid back.

    Parameters
    ----------
    estimate, earliest, latest : float
        Periods since that of the start: k if the cumulative path is no longer below zero at the end of period k;
        infinite where that is not within the horizon.
    band : pandas.DataFrame
        The cumulative discounted path as :func:`coroi.roi.paths.banded` gives it.
    never_negative : bool
        Whether the estimated path is nowhere below zero: then there is nothing to pay back, and `estimate` is 0.
    rule : str
        ``for_good`` or ``first``.
    """

    estimate: float
    earliest: float
    latest: float
    band: pd.DataFrame
    never_negative: bool
    rule: Rule


def payback(
    line: Line, *, rate_annual: float, per_year: float, level: float = 0.95, rule: Rule = "for_good"
) -> Payback:
    """Return when what a line adds up to, discounted, is no longer below zero.

    Parameters
    ----------
    line : Line
    rate_annual : float
        Per year: 0.10 for 10 %; 0 for the payback of accountants, which does not discount.
    per_year : float
        Periods in a year.
    level : float
    rule : str
        ``for_good``: after the last period below zero; ``first``: in the first one that is not below.

    Returns
    -------
    Payback

    Notes
    -----
    The horizon of a sup-t band on the cumulative discounted path, projected: it holds whenever the band does.
    Assumption: estimates are jointly normal (untestable). Reference: Freyberger and Rai (2018), Journal of
    Econometrics 202:170-186, for the band.
    """
    check_line(line, level)
    band = banded(cumulated(line, rate_annual=rate_annual, per_year=per_year), level=level)
    found = crossing_of(band, rule=rule)
    return Payback(
        estimate=found.estimate,
        earliest=found.earliest,
        latest=found.latest,
        band=band,
        never_negative=not found.below,
        rule=rule,
    )


def crossing_of(band: pd.DataFrame, *, rule: Rule = "for_good") -> Crossing:
    """Return when a path with its band is no longer below zero."""
    path, low, high = (band[name].to_numpy(float) for name in ("estimate", "band_low", "band_high"))
    return crossing(path, low, high, rule=rule)


def payback_dates(found: Payback, start: date, frequency: Period) -> tuple[date | None, date | None, date | None]:
    """Return the days by which money is paid back: estimated, earliest and latest; none where not within the horizon.

    Parameters
    ----------
    found : Payback
    start : date
        A day in the period of the start.
    frequency : str
        ``week``, ``month``, ``quarter`` or ``year``.

    Returns
    -------
    tuple of (date or None)
        Last days of the periods, for money counts once its period is over.
    """
    first = index_of(start, frequency)
    days = [
        last_day(first + int(k), frequency) if np.isfinite(k) else None
        for k in (found.estimate, found.earliest, found.latest)
    ]
    return days[0], days[1], days[2]


def break_even_horizons(line: Line, *, rates: Sequence[float], per_year: float, level: float = 0.95) -> pd.DataFrame:
    """Return how far one has to look ahead for the money to be worth its costs, at each discount rate.

    Returns
    -------
    pandas.DataFrame
        One row a ``rate_annual``: ``estimate, earliest, latest`` in periods since the start, infinite where not within
        the horizon, and ``never_negative``. Each interval has the level for its own rate.
    """
    found = [payback(line, rate_annual=rate, per_year=per_year, level=level) for rate in rates]
    return pd.DataFrame(
        {
            "rate_annual": list(rates),
            **{name: [getattr(one, name) for one in found] for name in ("estimate", "earliest", "latest")},
            "never_negative": [one.never_negative for one in found],
        }
    )


def interpolated_payback(line: Line, *, rate_annual: float, per_year: float) -> float:
    """Return the payback of textbooks: a part of a period, as if money came evenly in it.

    Returns
    -------
    float
        Periods of the estimated path; infinite where not within it, 0 where it is nowhere below zero.

    Notes
    -----
    For comparison with others' figures; it has no interval. Assumption: money comes evenly within a period.
    """
    check_line(line, 0.95)
    path = cumulated(line, rate_annual=rate_annual, per_year=per_year).estimate
    below = np.flatnonzero(path < 0)
    if not below.size:
        return 0.0
    last = int(below[-1])
    if last == len(path) - 1:
        return float("inf")
    return last + float(-path[last] / (path[last + 1] - path[last]))
