"""The strongest case against: causes and trends that would erase what a programme is worth, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from coroi.errors import DataError
from coroi.inference.event_path import EventPath
from coroi.inference.omitted import Regression, benchmark_bounds, robustness_value
from coroi.inference.relative_magnitudes import breakdown_bound
from coroi.inference.variants import figure
from coroi.roi.weighing import critical
from coroi.roi.wording import WORTH, money, money_range, nothing_to_erase, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Confounder:
    """The unrecorded cause that would erase a net present value.

    Parameters
    ----------
    to_zero, to_doubt : float
        Share of what else leaves open, of who took part and of money alike, that such a cause has to account for to
        bring the estimate, and its interval, to zero; 0 where the interval holds zero as it is.
    benchmark : str
        The recorded cause whose like would do most harm; empty where there is none.
    of_part, of_money : float
        Shares that it accounts for itself; NaN where there is none.
    survives : bool or None
        Whether the interval stays clear of zero beside one more cause as strong; None where there is none.
    sentence : str
    """

    to_zero: float
    to_doubt: float
    benchmark: str
    of_part: float
    of_money: float
    survives: bool | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendBreak:
    """The difference in trends that would erase a net present value.

    Parameters
    ----------
    breakdown : float
        Times the largest change seen before the start, up to which breaks after it leave the value clear of zero;
        NaN where it is not clear of it without a break, infinite where every bound that was tried does.
    per_period, to_doubt : float
        Steady drift, in money a period, that makes up all of the value, and that brings its interval to zero; 0 for the
        latter where the interval holds zero as it is.
    seen : float
        Largest change from one period to the next before the start, in money.
    sentence : str
    """

    breakdown: float
    per_period: float
    to_doubt: float
    seen: float
    sentence: str


def regression_of(
    estimate: float, std_error: float, df: int, benchmarks: Mapping[str, tuple[float, float]] | None = None
) -> Regression:
    """Return a net present value as the coefficient that :func:`confounder_that_erases` asks about.

    Parameters
    ----------
    estimate, std_error : float
        In money.
    df : int
        Degrees of freedom, of clusters less one.
    benchmarks : Mapping of str to (float, float), optional
        By recorded cause, the share that it explains of what else leaves open of who took part, and of money.

    Notes
    -----
    Assumption: the value is like a coefficient of a regression with one row a cluster (untestable), so that its t ratio
    tells the share that taking part explains of money.
    """
    if not (std_error > 0 and df > 2):
        raise DataError("the confounder that would erase a value needs its error, and more than 2 degrees of freedom.")
    return Regression(
        estimate=estimate, std_error=std_error, df=df, inflation=1.0, df_error=df, benchmarks=benchmarks or {}
    )


def confounder_that_erases(found: Regression, *, currency: str, what: str = WORTH, level: float = 0.95) -> Confounder:
    """Say how strong an unrecorded cause has to be to erase an effect in money, beside the recorded ones.

    Parameters
    ----------
    found : Regression
        From :func:`regression_of`, or :func:`coroi.inference.omitted.regress` on money.
    currency : str
        ISO 4217 code.
    what : str
        The effect, in words.
    level : float
        Of the interval.

    Notes
    -----
    The robustness value of Cinelli and Hazlett (2020), Journal of the Royal Statistical Society B 82:39-67; see
    :func:`coroi.inference.omitted.robustness_value`.
    """
    if np.isnan(found.estimate):
        raise DataError(f"the confounder that would erase {what}: there is no estimate. Say so, and leave it out.")
    whole, enough = robustness_value(found), robustness_value(found, level=level)
    half = critical(level, found.df_error) * found.inflation * found.std_error
    bounds = benchmark_bounds(found, times=(1,), level=level)
    name, shares, survives, beside = "", (np.nan, np.nan), None, " No recorded cause is at hand to set beside it."
    if not bounds.empty:
        near = (bounds["conf_low"] if found.estimate > 0 else -bounds["conf_high"]).fillna(-np.inf)
        worst = bounds.loc[near.idxmin()]
        name, survives = str(worst["benchmark"]), bool(near.min() > 0)
        shares = found.benchmarks[name]
        ends = (worst["estimate"], worst["conf_low"], worst["conf_high"])
        beside = _beside(name, shares, ends, currency, survives=survives)
    if abs(found.estimate) <= half:
        said, survives, enough = nothing_to_erase(what, found.estimate, half, currency), None, 0.0
    else:
        said = (
            f"A cause that nobody recorded would have to account for {percent(whole)} of what the recorded ones leave "
            f"open, in who took part and in money alike, to bring {what} to zero; {_enough(enough)} would bring its "
            f"{100 * level:g} % interval there.{beside}"
        )
    return Confounder(
        to_zero=whole,
        to_doubt=enough,
        benchmark=name,
        of_part=float(shares[0]),
        of_money=float(shares[1]),
        survives=survives,
        sentence=said,
    )


def _enough(share: float) -> str:
    return percent(share) if share > 0 else "the slightest one"


def _beside(
    name: str, shares: tuple[float, float], ends: tuple[float, float, float], currency: str, *, survives: bool
) -> str:
    said = (
        f" Of those recorded, {name} accounts for {percent(shares[0])} of the one and {percent(shares[1])} of the other"
    )
    if np.isnan(ends[0]):
        return f"{said}; beside one more as strong it could be anything."
    left = f"{money(ends[0], currency, (ends[2] - ends[1]) / 2)} ({money_range(ends[1], ends[2])})"
    return f"{said}; one more as strong would leave {left}, which {'is clear of' if survives else 'holds'} zero."


def trend_that_erases(
    path: EventPath,
    weights: np.ndarray,
    *,
    currency: str,
    paid: float = 0.0,
    what: str = WORTH,
    level: float = 0.95,
    df: float | None = None,
) -> TrendBreak:
    """Say how far trends would have to differ by themselves to erase a net present value.

    Parameters
    ----------
    path : EventPath
        Of money a period around one base, for all estimates alike.
    weights : ndarray, shape (n,)
        Discount factors of the estimates after the base, times customers; zero before the start and beyond the horizon.
    currency : str
        ISO 4217 code.
    paid : float
        Present value of money that is known and not on the path, such as costs: below zero.
    what : str
        The value, in words.
    level : float
        Of the intervals.
    df : float, optional
        Clusters less one; normal by default.

    Raises
    ------
    DataError
        If the weights have another shape, or sum to nothing over time.

    Notes
    -----
    A steady drift of d a period since the base adds d times the sum of weight times periods since the base. Breaks: see
    :func:`coroi.inference.relative_magnitudes.breakdown_bound`, here for the benefit that just pays what was paid.
    Reference: Rambachan and Roth (2023), Review of Economic Studies 90:2555-2591.
    """
    weights = np.asarray(weights, float)
    if weights.shape != path.after.shape:
        raise DataError(f"{len(path.after)} estimates after the base have weights of shape {weights.shape}.")
    by_drift = float(weights @ np.arange(1, len(weights) + 1))
    if not by_drift > 0:
        raise DataError(
            "the weights of the path sum to nothing, so that no drift could erase it. Give discount factors."
        )
    value = float(weights @ path.after) + paid
    half = critical(level, np.inf if df is None else df) * path.error(weights)
    seen = float(np.abs(np.diff(path.before, prepend=0.0)).max())
    bound = breakdown_bound(path.widened(level, df), weights, effect=-paid, level=level)
    near = np.sign(value) * max(abs(value) - half, 0.0)
    steady, doubt = value / by_drift, float(near) / by_drift
    if near == 0:
        said, bound = nothing_to_erase(what, value, half, currency), float("nan")
    else:
        grown = "grown" if value > 0 else "shrunk"
        said = (
            f"Between those who took part and the others the difference would have to have {grown} by "
            f"{money(abs(steady), currency)} a period without any programme, period after period, to make up all of "
            f"{what}; {money(abs(doubt), currency)} a period would bring its {100 * level:g} % interval to zero. The "
            f"largest change from one period to the next before the start was {money(seen, currency)}. "
            f"{_break_words(bound)}"
        )
    return TrendBreak(breakdown=bound, per_period=steady, to_doubt=doubt, seen=seen, sentence=said)


def _break_words(bound: float) -> str:
    if np.isnan(bound):
        return "A test that allows for breaks does not rule zero out even without one."
    if np.isinf(bound):
        return "No break up to ten times as large, in any period after the start, would erase it."
    if bound == 0:
        return "The slightest break after the start would leave it in doubt."
    return f"It is clear of zero as long as no break after the start is more than {figure(bound)} times as large."
