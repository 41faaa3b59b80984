"""From an interval to a verdict: the first rule that matches, in one fixed order."""

from __future__ import annotations

import math
from dataclasses import dataclass

from coroi.errors import CoroiError
from coroi.results import Grade, Label, Verdict

WEAK_GRADES = ("C", "D")
NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a study fixes for a claim before anything is fitted.

    Parameters
    ----------
    theta : str
        The signed scalar in words, claimed side positive, with its unit.
    delta : float
        Smallest effect that matters, above zero, in the scalar's unit.
    level : float
        Level of the headline interval.
    grade : str
        Evidence grade.
    """

    theta: str
    delta: float
    level: float
    grade: Grade


def headline_level(n_declared: int) -> float:
    """Return the level of the headline interval, adjusted for the rows declared before the run.

    Parameters
    ----------
    n_declared : int
        Rows declared, at least 1.

    Returns
    -------
    float
        1 − 0.05 / `n_declared` (Bonferroni).
    """
    if n_declared < 1:
        raise CoroiError(f"{n_declared} rows are declared; there has to be at least one.")
    return 1 - 0.05 / n_declared


def label_of(low: float, high: float, delta: float, *, grade: Grade) -> Label:
    """Match an interval to its verdict.

    Parameters
    ----------
    low, high : float
        Ends of the interval of a scalar whose claimed side is positive; infinite ends are allowed.
    delta : float
        Smallest effect that matters, above zero.
    grade : str
        Evidence grade: at C or D a causal row is at most "consistent with".

    Returns
    -------
    str
        In order: supported (or consistent with), too small to matter, contradicted, claimed effect ruled out,
        cannot tell.

    Raises
    ------
    CoroiError
        If the interval is not one, or `delta` is not above zero.
    """
    if math.isnan(low) or math.isnan(high) or low > high:
        raise CoroiError(f"{low:g} to {high:g} is no interval.")
    if not delta > 0:
        raise CoroiError(f"The smallest effect that matters has to be above zero, got {delta:g}.")
    if low > delta:
        return "consistent with" if grade in WEAK_GRADES else "supported"
    if -delta < low and high < delta:
        return "too small to matter"
    if high < 0:
        return "contradicted"
    if high < delta:
        return "claimed effect ruled out"
    return "cannot tell"


def judge(
    declared: Declaration,
    *,
    estimate: float,
    interval: tuple[float, float],
    interval_95: tuple[float, float],
) -> Verdict:
    """Return the verdict on one declared scalar, from its headline interval and its 95 % interval.

    Parameters
    ----------
    declared : Declaration
        What was declared before the fit.
    estimate : float
        Estimate of the scalar.
    interval, interval_95 : (float, float)
        Intervals at the declared level and at 95 %.
    """
    return Verdict(
        theta=declared.theta,
        estimate=estimate,
        conf_low=interval[0],
        conf_high=interval[1],
        delta=declared.delta,
        level=declared.level,
        label=label_of(*interval, declared.delta, grade=declared.grade),
        label_95=label_of(*interval_95, declared.delta, grade=declared.grade),
        grade=declared.grade,
    )


def untestable(declared: Declaration, reason: str) -> Verdict:
    """Return the verdict "not testable with this data", with what stands in the way."""
    return Verdict(
        theta=declared.theta,
        estimate=NAN,
        conf_low=NAN,
        conf_high=NAN,
        delta=declared.delta,
        level=declared.level,
        label="not testable with this data",
        label_95="not testable with this data",
        grade=declared.grade,
        reason=reason,
    )
