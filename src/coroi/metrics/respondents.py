"""Respondents against the rest: how those who answer differ in what is known of everybody."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from coroi.results import Result

MIN_CUSTOMERS = 10


def score_respondents(moments: pd.DataFrame, *, traits: Sequence[str], level: float = 0.95) -> Result:
    """Compare customers who had answered with those who never had.

    Parameters
    ----------
    moments : pandas.DataFrame
        One row for each ``trait`` and ``answered`` (bool), over customers: ``n``, ``mean``, ``variance`` (sample), and
        ``third`` and ``fourth``, the means of the third and fourth power of the distance from the mean.
    traits : sequence of str
        Traits in the order in which they are reported.
    level : float
        Level of the intervals.

    Returns
    -------
    Result
        Terms ``difference`` (mean of those who answered less mean of the rest, in the trait's unit) and
        ``standardised`` (in standard deviations: the root of the two sides' mean variance) by trait; Welch intervals,
        the error of the second by the delta method. Not identified with fewer than 10 customers on a side, or where
        a trait does not vary.

    Notes
    -----
    Assumption: customers are independent of each other (untestable here). A difference says that answers do
    not speak for everybody; it does not say what the silent think. The standard deviation is estimated too, so
    the error of ``standardised`` holds its spread and how it moves with the means, and what a standard deviation from a
    sample adds to it on average is taken off, to order 1 / n; nothing is taken as normal.
    References: Welch (1947), Biometrika 34:28-35; the bias, under normality: Hedges (1981), Journal of Educational
    Statistics 6:107-128; moments of a sample variance: Cramér (1946), Mathematical Methods
    of Statistics, section 27.4.
    """
    rows = []
    for trait in traits:
        sides = moments[moments["trait"] == trait].set_index("answered")
        rows += _rows(trait, sides, level)
    n = int(moments.groupby("trait")["n"].sum().max()) if len(moments) else 0
    return Result(
        method="respondents",
        estimand="mean of customers who had answered less mean of those who never had, by trait",
        spec={"traits": list(traits), "level": level},
        estimates=pd.DataFrame(rows),
        n_obs=n,
        n_entities=n,
        tables={"moments": moments.reset_index(drop=True)},
    )


def _rows(trait: str, sides: pd.DataFrame, level: float) -> list[dict]:
    names = [{"term": term, "trait": trait} for term in ("difference", "standardised")]
    reason = _hindrance(sides)
    if reason:
        nan = float("nan")
        unknown = {"estimate": nan, "std_error": nan, "conf_low": nan, "conf_high": nan}
        return [name | unknown | {"identified": False, "reason": reason} for name in names]
    yes, no = sides.loc[True], sides.loc[False]
    gap = yes["mean"] - no["mean"]
    parts = np.array([yes["variance"] / yes["n"], no["variance"] / no["n"]])
    error = np.sqrt(parts.sum())
    df = parts.sum() ** 2 / (parts**2 / np.array([yes["n"] - 1, no["n"] - 1])).sum()
    estimates = ((gap, error), _standardised(yes, no, gap))
    width = stats.t.ppf(0.5 + level / 2, df)
    return [
        name
        | {
            "estimate": float(estimate),
            "std_error": float(spread),
            "conf_low": float(estimate - width * spread),
            "conf_high": float(estimate + width * spread),
            "identified": True,
            "reason": "",
        }
        for name, (estimate, spread) in zip(names, estimates, strict=True)
    ]


def _standardised(yes: pd.Series, no: pd.Series, gap: float) -> tuple[float, float]:
    """Return the difference in standard deviations, its bias of order 1 / n taken off, and its error."""
    pooled = (yes["variance"] + no["variance"]) / 2
    unit = np.sqrt(pooled)
    by_mean, by_variance = 1 / unit, -gap / (4 * unit**3)
    total = spread = shared = 0.0
    for side, sign in ((yes, 1.0), (no, -1.0)):
        own = side["fourth"] - side["variance"] ** 2
        total += (
            max(
                by_mean**2 * side["variance"] + by_variance**2 * own + 2 * sign * by_mean * by_variance * side["third"],
                0.0,
            )
            / side["n"]
        )
        spread += max(own, 0.0) / (4 * side["n"])
        shared += sign * side["third"] / (2 * side["n"])
    bias = 3 / 8 * gap * spread / unit**5 - shared / (2 * unit**3)
    return gap / unit - bias, float(np.sqrt(total))


def _hindrance(sides: pd.DataFrame) -> str:
    for answered, said in ((True, "answered"), (False, "never answered")):
        if answered not in sides.index or sides.loc[answered, "n"] < MIN_CUSTOMERS:
            return f"fewer than {MIN_CUSTOMERS} customers {said}"
    if not sides["variance"].sum() > 0:
        return "the trait is the same for all"
    return ""
