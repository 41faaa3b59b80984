"""Ratios of two estimates: the set of ratios that a test does not reject, which need not be an interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from coroi.inference.estimates import NAN, known, unknown

Kind = Literal["interval", "complement", "half-line", "line"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioSet:
    """The ratios that a test does not reject.

    Parameters
    ----------
    kind : str
        ``interval``; ``complement``, all numbers but those between two ends; ``half-line``; or ``line``, all numbers.
    low, high : float
        Ends of the smallest interval that holds the set; infinite where it has no bound.
    gap_low, gap_high : float
        Ends of the numbers between that are not in it; NaN where there are none.
    """

    kind: Kind
    low: float
    high: float
    gap_low: float = NAN
    gap_high: float = NAN

    @property
    def bounded(self) -> bool:
        """Whether the set is an interval with two ends."""
        return self.kind == "interval"

    def holds(self, value: float) -> bool:
        """Tell whether a number is in the set."""
        return self.low <= value <= self.high and not self.gap_low < value < self.gap_high

    def words(self) -> str:
        """Write the set out: "0.5 to 2.1", or "unbounded: " and what is in it."""
        if self.kind == "interval":
            return f"{_short(self.low)} to {_short(self.high)}"
        if self.kind == "complement":
            return f"unbounded: {_short(self.gap_low)} or less, and {_short(self.gap_high)} or more"
        if self.kind == "half-line":
            least = math.isinf(self.high)
            return f"unbounded: {_short(self.low if least else self.high)} or {'more' if least else 'less'}"
        return "unbounded: no number is ruled out"

    def columns(self) -> dict[str, object]:
        """Return the columns that tell the kind of set beside an estimate's limits."""
        return {"set": self.kind, "gap_low": self.gap_low, "gap_high": self.gap_high}


def with_set(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Add the columns that tell the kind of set to an estimate that has an ordinary interval, or none."""
    plain = {"set": "interval" if columns["identified"] else "", "gap_low": NAN, "gap_high": NAN}
    return plain | dict(columns)


def fieller(numerator: float, denominator: float, covariance: np.ndarray, quantile: float) -> RatioSet:
    """Return the ratios r at which numerator − r · denominator is not further from zero than its error allows.

    Parameters
    ----------
    numerator, denominator : float
        Two estimates.
    covariance : ndarray, shape (2, 2)
        Of the two.
    quantile : float
        Standard errors that are allowed: 1.96 for a level of 95 %.

    Returns
    -------
    RatioSet
        Unbounded where the denominator is no further from zero than its own error allows: then no interval with two
        ends can have the level (Gleser and Hwang 1987).

    Notes
    -----
    The solutions of (a − r b)² ≤ q² (v_a − 2 r c + r² v_b), a quadratic in r. Assumption: the two are jointly normal
    (untestable); the denominator may be as near to zero as it likes. References: Fieller (1954), Journal of the Royal
    Statistical Society B 16:175-185; Gleser and Hwang (1987), Annals of Statistics 15:1351-1362.
    """
    a, b, square = float(numerator), float(denominator), float(quantile) ** 2
    var_a, var_b, cross = float(covariance[0, 0]), float(covariance[1, 1]), float(covariance[0, 1])
    second, first, zeroth = b * b - square * var_b, a * b - square * cross, a * a - square * var_a
    spread = a * a * var_b + b * b * var_a - 2 * a * b * cross - square * (var_a * var_b - cross * cross)
    if second == 0:
        return _where_linear(first, zeroth)
    if second < 0 and spread <= 0:
        return RatioSet(kind="line", low=-math.inf, high=math.inf)
    ends = _roots(second, first, zeroth, math.sqrt(max(square * spread, 0.0)))
    if second > 0:
        return RatioSet(kind="interval", low=ends[0], high=ends[1])
    return RatioSet(kind="complement", low=-math.inf, high=math.inf, gap_low=ends[0], gap_high=ends[1])


def delta(numerator: float, denominator: float, covariance: np.ndarray) -> tuple[float, float]:
    """Return a ratio and its error by the delta method, which fails where the denominator is near zero."""
    ratio = float(numerator / denominator)
    slope = np.array([1.0, -ratio]) / denominator
    return ratio, float(np.sqrt(slope @ covariance @ slope))


def ratio_row(numerator: float, denominator: float, covariance: np.ndarray, quantile: float) -> dict[str, object]:
    """Return the columns of a ratio: Fieller's set as its limits, the delta method's error beside it."""
    if denominator == 0:
        return with_set(unknown("the denominator of the ratio is zero"))
    ratio, error = delta(numerator, denominator, covariance)
    found = fieller(numerator, denominator, covariance, quantile)
    return known(ratio, error, found.low, found.high) | found.columns()


def set_of(row: Mapping[str, Any]) -> RatioSet:
    """Read the set back from the columns of an estimate."""
    ends = {name: float(row[name]) for name in ("gap_low", "gap_high")}
    return RatioSet(kind=row["set"], low=float(row["conf_low"]), high=float(row["conf_high"]), **ends)


def sets_in_words(rows: Sequence[Mapping[str, object]], keys: Sequence[str]) -> pd.DataFrame:
    """Write the limits of each estimate out, as a page may print them, beside the keys that tell it."""
    told = [set_of(row).words() if row["identified"] else row["reason"] for row in rows]
    return pd.DataFrame([{k: row[k] for k in keys} | {"words": said} for row, said in zip(rows, told, strict=True)])


def _where_linear(first: float, zeroth: float) -> RatioSet:
    """Solve −2 r · first + zeroth ≤ 0."""
    if first == 0:
        return RatioSet(kind="line", low=-math.inf, high=math.inf)
    end = zeroth / (2 * first)
    low, high = (end, math.inf) if first > 0 else (-math.inf, end)
    return RatioSet(kind="half-line", low=low, high=high)


def _roots(second: float, first: float, zeroth: float, root: float) -> tuple[float, float]:
    """Solve second · r² − 2 first · r + zeroth = 0 without taking a difference of like numbers."""
    far = first + math.copysign(root, first)
    if far == 0:
        return 0.0, 0.0
    one, other = far / second, zeroth / far
    return min(one, other), max(one, other)


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")
