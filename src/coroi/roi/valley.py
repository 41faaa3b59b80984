"""The valley of a path of money: how deep, how long, until when, whether there is one, and what is lost by stopping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from coroi.inference.bands import lowest_t_p_value
from coroi.roi.flows import Line
from coroi.roi.paths import banded, cumulated, tails
from coroi.roi.payback import crossing_of
from coroi.roi.present_value import check_line

STOPPING = (
    "Stopping ends the effect and the costs at once: neither goes on after the trough, and nothing already spent "
    "comes back."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """An estimate with its interval; infinite where it is not within the horizon."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Valley:
    """The valley of a cumulative path of money.

    Parameters
    ----------
    depth : Span
        Lowest point of the cumulative path, in its money: below zero if there is a valley.
    trough : Span
        Period of the lowest point, with the first and last period that could hold it.
    length : Span
        Periods at whose end the cumulative path is below zero.
    end : Span
        Period from which the cumulative path is no longer below zero, for good.
    crossover : Span
        Period from which a single period's money is no longer below zero, for good.
    trough_periods : tuple of int
        All periods that could hold the trough.
    cumulative, by_period : pandas.DataFrame
        The two paths as :func:`coroi.roi.paths.banded` gives them.
    never_negative : bool
        Whether the estimated cumulative path is nowhere below zero.
    """

    depth: Span
    trough: Span
    length: Span
    end: Span
    crossover: Span
    trough_periods: tuple[int, ...]
    cumulative: pd.DataFrame
    by_period: pd.DataFrame
    never_negative: bool

    def table(self) -> pd.DataFrame:
        """Return one row a ``term``: ``estimate, low, high``."""
        terms = ("depth", "trough", "length", "end", "crossover")
        spans = [getattr(self, term) for term in terms]
        return pd.DataFrame(
            [
                {"term": t, "estimate": s.estimate, "low": s.low, "high": s.high}
                for t, s in zip(terms, spans, strict=True)
            ]
        )


class DipTest(NamedTuple):
    """The lowest t ratio of a cumulative path, and how often it would be this low without a dip."""

    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgone:
    """What stopping at the trough gives up, discounted to the start, and what that rests on, in words."""

    estimate: float
    low: float
    high: float
    assumption: str


def valley(line: Line, *, per_year: float, level: float = 0.95, rate_annual: float = 0.0) -> Valley:
    """Return the valley of what a line adds up to since the start.

    Parameters
    ----------
    line : Line
    per_year : float
        Periods in a year.
    level : float
        Of all intervals on the cumulative path at once; of the crossover alone.
    rate_annual : float
        Discount rate a year; none by default, since a valley is seen in the accounts.

    Returns
    -------
    Valley

    Notes
    -----
    Everything is read off a sup-t band: whenever it holds the path, the lowest point is between the lowest points of
    its ends, the trough is in a period whose lower end is no higher than the lowest point of the upper end, and so on;
    so the intervals on the cumulative path hold jointly. The crossover has a band of its own. Estimated depths are too
    deep on average, the more so the flatter the path: the interval is what counts. Assumption: estimates are jointly
    normal (untestable). Reference: Freyberger and Rai (2018), Journal of Econometrics 202:170-186, for the band.
    """
    check_line(line, level)
    total = banded(cumulated(line, rate_annual=rate_annual, per_year=per_year), level=level)
    single = banded(line, level=level)
    path, low, high = (total[name].to_numpy(float) for name in ("estimate", "band_low", "band_high"))
    could = np.flatnonzero(low <= high.min())
    return Valley(
        depth=Span(estimate=float(path.min()), low=float(low.min()), high=float(high.min())),
        trough=Span(estimate=float(path.argmin()), low=float(could[0]), high=float(could[-1])),
        length=Span(estimate=float((path < 0).sum()), low=float((high < 0).sum()), high=float((low < 0).sum())),
        end=_end(total),
        crossover=_end(single),
        trough_periods=tuple(map(int, could)),
        cumulative=total,
        by_period=single,
        never_negative=not (path < 0).any(),
    )


def dip_test(line: Line) -> DipTest:
    """Test that what a line adds up to is below zero at the end of no period.

    Parameters
    ----------
    line : Line

    Returns
    -------
    DipTest
        A small p-value says that there is a dip. Where a known amount is below zero there is one for certain: minus
        infinity and 0; where all is known and nowhere below, infinity and 1.

    Notes
    -----
    The path that is tested is the cumulative one, undiscounted: a bad period that earlier gains make up for is no
    valley. The statistic is its lowest t ratio, the p-value from the joint distribution of all ratios where every sum
    is zero, under which a low one is most frequent. The share of draws that go below zero somewhere is no such test:
    on a flat path it is close to 1. Assumption: estimates are jointly normal (untestable).
    """
    check_line(line, 0.95)
    path = cumulated(line, rate_annual=0.0, per_year=1)
    error = np.sqrt(np.clip(np.diag(path.covariance), 0, None))
    some = error > 0
    if (path.estimate[~some] < 0).any():
        return DipTest(float("-inf"), 0.0)
    if not some.any():
        return DipTest(float("inf"), 1.0)
    lowest = float((path.estimate[some] / error[some]).min())
    few = line.df if np.isfinite(line.df) else None
    return DipTest(lowest, lowest_t_p_value(lowest, path.covariance, df=few))


def forgone(line: Line, *, rate_annual: float, per_year: float, level: float = 0.95) -> Forgone:
    """Return what stopping at the trough of the cumulative path gives up: what would have come after it.

    Parameters
    ----------
    line : Line
    rate_annual : float
        Per year: 0.10 for 10 %.
    per_year : float
        Periods in a year.
    level : float

    Returns
    -------
    Forgone
        At least 0: a path that never rises again has its trough at its end, with nothing after it.

    Notes
    -----
    The trough is where least has been added up, hence where most is still to come: the value forgone is the largest of
    the sums after each period. So a sup-t band on these sums, projected, holds it without knowing where the trough is.
    The estimate is the largest of several and too high on average, the more so the flatter the path. Assumptions:
    stopping ends effect and costs at once (untestable); nothing comes after the horizon (untestable); estimates are
    jointly normal (untestable).
    """
    check_line(line, level)
    after = banded(tails(line, rate_annual=rate_annual, per_year=per_year), level=level)
    largest = after[["estimate", "band_low", "band_high"]].max()
    return Forgone(
        estimate=float(largest["estimate"]),
        low=float(largest["band_low"]),
        high=float(largest["band_high"]),
        assumption=STOPPING,
    )


def _end(band: pd.DataFrame) -> Span:
    found = crossing_of(band)
    return Span(estimate=found.estimate, low=found.earliest, high=found.latest)
