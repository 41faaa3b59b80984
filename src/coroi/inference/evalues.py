"""E-values: how strongly something omitted has to go with treatment and outcome to explain a ratio away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from coroi.errors import DataError, did_you_mean
from coroi.inference.variants import figure
from coroi.results import Check

Measure = Literal["risk ratio", "rare odds ratio", "odds ratio", "rare hazard ratio", "hazard ratio", "difference"]
NAME = "evalue"
TESTED = "whether a ratio's interval would survive an omitted variable as strong as the strongest observed covariate"
_SPREAD = 1.78
"""Standard errors of a standardised difference that the reference allows either side of it on the log scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EValue:
    """Strength of an omitted variable, as a risk ratio, that takes an estimate or its interval to a given ratio.

    Parameters
    ----------
    ratio, low, high : float
        Estimate and interval as risk ratios.
    estimate, limit : float
        E-value of the estimate, and of the end of its interval that is nearer to `true`; 1 where the interval holds it.
    true : float
        The ratio that is asked about; 1 is no effect.
    """

    ratio: float
    low: float
    high: float
    estimate: float
    limit: float
    true: float = 1.0


def evalue(ratio: float, true: float = 1.0) -> float:
    """Return the E-value of a risk ratio against a true one.

    Parameters
    ----------
    ratio, true : float
        Above zero.

    Notes
    -----
    With r the larger over the smaller of the two, r + √(r (r − 1)). Reference: VanderWeele and Ding (2017), Annals of
    Internal Medicine 167:268-274; other nulls than 1: their appendix.
    """
    if not (ratio > 0 and true > 0):
        raise DataError(f"an E-value is for ratios above zero, not {ratio:g} against {true:g}.")
    apart = max(ratio / true, true / ratio)
    return float(apart + np.sqrt(apart * (apart - 1)))


def as_risk_ratio(value: float, measure: Measure = "risk ratio") -> float:
    """Return a ratio as the risk ratio that it stands for approximately.

    Parameters
    ----------
    value : float
    measure : str
        A ``rare`` outcome happens to fewer than 15 in 100 by the end; then odds and hazard ratios are risk ratios. For
        others the odds ratio has its root taken, and the hazard ratio is (1 − 0.5^√h) / (1 − 0.5^√(1/h)). A
        ``difference`` of means in standard deviations of the outcome, d, is exp(0.91 d).

    Notes
    -----
    Reference: VanderWeele and Ding (2017), table 2; VanderWeele (2017), Epidemiology 28:e58-e60, for the root.
    """
    if measure == "difference":
        return float(np.exp(0.91 * value))
    if not value > 0:
        raise DataError(f"a ratio is above zero, not {value:g}.")
    if measure in ("risk ratio", "rare odds ratio", "rare hazard ratio"):
        return float(value)
    if measure == "odds ratio":
        return float(np.sqrt(value))
    if measure == "hazard ratio":
        return float((1 - 0.5 ** np.sqrt(value)) / (1 - 0.5 ** np.sqrt(1 / value)))
    known = ("risk ratio", "rare odds ratio", "odds ratio", "rare hazard ratio", "hazard ratio", "difference")
    raise DataError(f"there is no measure '{measure}'. {did_you_mean(measure, known)}")


def evalues(value: float, low: float, high: float, measure: Measure = "risk ratio", *, true: float = 1.0) -> EValue:
    """Return the E-values of an estimate and of its interval.

    Parameters
    ----------
    value, low, high : float
        Estimate and interval, in the measure's own unit.
    measure : str
        See :func:`as_risk_ratio`.
    true : float
        Risk ratio that is asked about; 1 is no effect.
    """
    if not low <= value <= high:
        raise DataError(f"{low:g} to {high:g} is no interval of {value:g}.")
    ratio, left, right = (as_risk_ratio(each, measure) for each in (value, low, high))
    limit = 1.0 if left <= true <= right else evalue(left if left > true else right, true)
    return EValue(ratio=ratio, low=left, high=right, estimate=evalue(ratio, true), limit=limit, true=true)


def evalues_of_slope(slope: float, std_error: float, deviation: float, *, change: float = 1.0) -> EValue:
    """Return the E-values of a change in a regressor of least squares.

    Parameters
    ----------
    slope, std_error : float
        In the outcome's unit.
    deviation : float
        Standard deviation of the outcome.
    change : float
        In the regressor's unit.

    Notes
    -----
    Reference: VanderWeele and Ding (2017), table 2: exp(0.91 d) with the interval exp(0.91 d ± 1.78 s).
    """
    middle = as_risk_ratio(slope * change / deviation, "difference")
    wide = float(np.exp(_SPREAD * std_error * abs(change) / deviation))
    return evalues(middle, middle / wide, middle * wide)


def check_evalue(found: EValue, *, what: str = "the ratio", strongest: float | None = None, of: str = "") -> Check:
    """Say how strong something omitted has to be to explain a ratio away, beside the strongest covariate.

    Parameters
    ----------
    found : EValue
    what : str
        The ratio, in words.
    strongest : float, optional
        Risk ratio by which the strongest covariate goes with treatment or outcome, whichever is weaker.
    of : str
        Its name.

    Returns
    -------
    Check
        Passed where the E-value of the interval is above that of the covariate. Failed where the interval holds `true`.
        Not run without a covariate to compare with.
    """
    target = "no effect" if found.true == 1 else f"a ratio of {figure(found.true)}"
    said = (
        f"To explain {what} of {figure(found.ratio)} away ({target}), something left out would have to go with both "
        f"treatment and outcome by a ratio of {figure(found.estimate)}; "
    )
    table = pd.DataFrame([{"ratio": found.ratio, "evalue": found.estimate, "evalue_interval": found.limit}])
    if found.limit == 1:
        said += f"its interval holds {target} as it is."
        return Check(name=NAME, tested=TESTED, passed=False, sentence=said, table=table)
    said += f"by {figure(found.limit)} to bring its interval there."
    if strongest is None:
        said += " There is no covariate to compare with."
        return Check(name=NAME, tested=TESTED, passed=None, sentence=said, table=table)
    strong = max(strongest, 1 / strongest)
    said += (
        f" The strongest covariate that is known, {of or 'of those in the data'}, goes with them by {figure(strong)}."
    )
    return Check(name=NAME, tested=TESTED, passed=bool(found.limit > strong), sentence=said, table=table)
