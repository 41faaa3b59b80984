"""The strongest case against: what it would take to erase what a programme is worth, in a stakeholder's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from coroi.errors import DataError
from coroi.inference.event_path import EventPath
from coroi.inference.omitted import Regression, benchmark_bounds, robustness_value
from coroi.inference.relative_magnitudes import breakdown_bound
from coroi.inference.variants import figure
from coroi.roi.flows import Line
from coroi.roi.weighing import critical
from coroi.roi.wording import money, money_range, percent

WORTH = "what the programme is worth"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """What customers who are not counted would have to bring for all to come to nothing.

    Parameters
    ----------
    tipping, tipping_low, tipping_high : float
        Worth of one of the others at which the total is zero, and the values at which it is zero for the ends of the
        interval of those counted; NaN where nobody is silent.
    known, known_low, known_high : float
        What was estimated for the others; NaN where nothing was.
    excluded : bool or None
        Whether that interval lies clear of `tipping`, on the harmless side; None where nothing is known, or nothing is
        there to erase.
    surely : bool or None
        Whether it also lies clear of the values for the ends of the interval of those counted.
    sentence : str
    """

    tipping: float
    tipping_low: float
    tipping_high: float
    known: float
    known_low: float
    known_high: float
    excluded: bool | None
    surely: bool | None
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
        said, survives, enough = _nothing(what, found.estimate, half, currency), None, 0.0
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
    left = f"{money(ends[0], currency, (ends[2] - ends[1]) / 2)} ({money_range(ends[1], ends[2], currency)})"
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
        said, bound = _nothing(what, value, half, currency), float("nan")
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


def silent_tipping(
    estimate: float,
    conf_low: float,
    conf_high: float,
    share_heard: float,
    *,
    currency: str,
    silent: Line | None = None,
    weights: np.ndarray | None = None,
    what: str = WORTH,
    level: float = 0.95,
) -> Silent:
    """Say what customers who are not counted would have to bring for all to come to nothing.

    Parameters
    ----------
    estimate, conf_low, conf_high : float
        Worth of a customer among those counted, in money, with its interval.
    share_heard : float
        Share of all customers who are counted, above 0 and at most 1.
    currency : str
        ISO 4217 code.
    silent : Line, optional
        Money of a customer among the others, where it was estimated.
    weights : ndarray, shape (n_periods,), optional
        Discount factors of that line.
    what : str
        The value, in words.
    level : float
        Of the others' interval.

    Raises
    ------
    DataError
        If the share is none, the interval does not hold the estimate, or a line comes without discount factors.

    Notes
    -----
    With share p counted, the total p a + (1 − p) b is zero at b = −p a / (1 − p). The share is taken as known.
    """
    if not 0 < share_heard <= 1:
        raise DataError(f"a share of {share_heard:g} of customers who are counted is none. Write 0.6 for 60 %.")
    if not conf_low <= estimate <= conf_high:
        raise DataError(f"{conf_low:g} to {conf_high:g} is no interval of {estimate:g}.")
    known = (np.nan, np.nan, np.nan) if silent is None else _worth(silent, weights, level)
    if share_heard == 1:
        said = f"Every customer is counted: no silent one is left who could erase {what}."
        return _silent((np.nan,) * 3, known, said)
    factor = -share_heard / (1 - share_heard)
    tips = (factor * estimate, factor * conf_high, factor * conf_low)
    half = (conf_high - conf_low) / 2
    if conf_low <= 0 <= conf_high:
        return _silent(tips, known, _nothing(what, estimate, half, currency, (conf_low, conf_high)))
    nearest = tips[2] if estimate > 0 else tips[1]
    spare = [(known[1] - t if estimate > 0 else t - known[2]) for t in (tips[0], nearest)]
    told = (None, None) if silent is None else (bool(spare[0] > 0), bool(spare[1] > 0))
    verb = "lose" if estimate > 0 else "gain"
    said = (
        f"{percent(share_heard)} of customers are counted. Each of the others would have to {verb} "
        f"{money(abs(tips[0]), currency)} to bring {what} to nothing over all; {money(abs(nearest), currency)} would "
        f"bring its interval to zero. {_known_words(known, told, currency)}"
    )
    return _silent(tips, known, said, *told)


def _silent(
    tips: tuple[float, ...],
    known: tuple[float, float, float],
    sentence: str,
    excluded: bool | None = None,
    surely: bool | None = None,
) -> Silent:
    return Silent(
        tipping=tips[0],
        tipping_low=tips[1],
        tipping_high=tips[2],
        known=known[0],
        known_low=known[1],
        known_high=known[2],
        excluded=excluded,
        surely=surely,
        sentence=sentence,
    )


def _worth(line: Line, weights: np.ndarray | None, level: float) -> tuple[float, float, float]:
    if weights is None or np.shape(weights) != line.estimate.shape:
        raise DataError(f"{line.name}: give a discount factor for each of its {len(line.estimate)} periods.")
    value = float(weights @ line.estimate)
    half = critical(level, line.df) * float(np.sqrt(max(weights @ line.covariance @ weights, 0.0)))
    return value, value - half, value + half


def _known_words(known: tuple[float, float, float], told: tuple[bool | None, bool | None], currency: str) -> str:
    if told[0] is None:
        return "Nothing is known of what they bring."
    value = f"{money(known[0], currency, (known[2] - known[1]) / 2)} ({money_range(known[1], known[2], currency)})"
    if told[1]:
        return f"What they bring was estimated at {value} each, which rules out either."
    if told[0]:
        return f"What they bring was estimated at {value} each, which rules out the first but not the second."
    return f"What they bring was estimated at {value} each, which does not rule that out."


def _nothing(what: str, estimate: float, half: float, currency: str, ends: tuple[float, float] | None = None) -> str:
    low, high = ends or (estimate - half, estimate + half)
    return (
        f"There is nothing to erase: {what}, {money(estimate, currency, half)} ({money_range(low, high, currency)}), "
        "cannot be told from nothing as it is."
    )
