"""The two-way coefficient taken apart into comparisons of two cohorts before and after one of them begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.inference.roll_outs import NEVER, RollOut

NEVER_TREATED, EARLIER_LATER, LATER_EARLIER = "treated with never treated", "earlier with later", "later with earlier"
KINDS = (NEVER_TREATED, EARLIER_LATER, LATER_EARLIER)
"""The last takes units that are treated already as if they were untreated: forbidden where effects grow."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cohorts:
    """Mean outcomes of cohorts by period.

    Parameters
    ----------
    first : ndarray of int, shape (c,)
        First treated periods, sorted, ``NEVER`` last.
    share : ndarray, shape (c,)
        Share of the units' weight.
    means : ndarray, shape (c, n_periods)
    periods : ndarray of int, shape (n_periods,)
    """

    first: np.ndarray
    share: np.ndarray
    means: np.ndarray
    periods: np.ndarray


def unfit(roll_out: RollOut) -> str:
    """Say why the coefficient cannot be taken apart exactly; empty where it can."""
    n_periods = len(np.unique(roll_out.period))
    if len(roll_out.outcome) != n_periods * len(roll_out.panel.names):
        return "some units are not seen in every period"
    low, high = (np.full(len(roll_out.panel.names), start) for start in (np.inf, -np.inf))
    np.minimum.at(low, roll_out.entity, roll_out.weight)
    np.maximum.at(high, roll_out.entity, roll_out.weight)
    return "" if (low == high).all() else "weights of units change over time"


def two_by_two(roll_out: RollOut) -> pd.DataFrame:
    """Take the static two-way coefficient of a balanced panel apart.

    Parameters
    ----------
    roll_out : RollOut
        Balanced, with weights that are constant within units; see :func:`unfit`.

    Returns
    -------
    pandas.DataFrame
        A row a comparison: ``kind, treated, compared_with`` (first treated periods; NaN for never treated),
        ``estimate, weight``. Weights sum to one, and weighted estimates to the coefficient.

    Notes
    -----
    Reference: Goodman-Bacon (2021), Journal of Econometrics 225:254-277, eqs. 7-10.
    """
    cohorts = _cohorts(roll_out)
    rows = pd.DataFrame(list(_comparisons(cohorts)), columns=["kind", "treated", "compared_with", "estimate", "weight"])
    return rows.assign(weight=rows["weight"] / rows["weight"].sum())


def by_kind(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each kind's weight, and the mean of its comparisons by their weights: ``kind, weight, estimate``."""
    found = []
    for kind in KINDS:
        own = rows[rows["kind"] == kind]
        weight = float(own["weight"].sum())
        mean = float((own["weight"] * own["estimate"]).sum() / weight) if weight > 0 else np.nan
        found.append({"kind": kind, "weight": weight, "estimate": mean, "n_comparisons": len(own)})
    return pd.DataFrame(found)


def _cohorts(roll_out: RollOut) -> Cohorts:
    first, code = np.unique(roll_out.first, return_inverse=True)
    periods, when = np.unique(roll_out.period, return_inverse=True)
    first = np.where(first > periods[-1], NEVER, first)  # not treated while seen
    first, joined = np.unique(first, return_inverse=True)
    at, shape = joined[code] * len(periods) + when, (len(first), len(periods))
    size = len(first) * len(periods)
    weight = np.bincount(at, weights=roll_out.weight, minlength=size).reshape(shape)
    total = np.bincount(at, weights=roll_out.weight * roll_out.outcome, minlength=size).reshape(shape)
    return Cohorts(first=first, share=weight[:, 0] / weight[:, 0].sum(), means=total / weight, periods=periods)


def _comparisons(cohorts: Cohorts) -> Iterator[tuple[str, float, float, float, float]]:
    time, n = cohorts.periods, len(cohorts.periods)
    treated = [(time >= f).sum() / n for f in cohorts.first]
    for k, start in enumerate(cohorts.first):
        for other in range(k + 1, len(cohorts.first)):
            later, both = cohorts.first[other], cohorts.share[k] * cohorts.share[other]
            gap = cohorts.means[k] - cohorts.means[other]
            before, middle, after = time < start, (time >= start) & (time < later), time >= later
            if later == NEVER:
                weight = both * treated[k] * (1 - treated[k])
                yield NEVER_TREATED, float(start), np.nan, gap[middle].mean() - gap[before].mean(), weight
                continue
            apart = both * (treated[k] - treated[other])
            rise = gap[middle].mean() - gap[before].mean()
            yield EARLIER_LATER, float(start), float(later), rise, apart * (1 - treated[k])
            rise = gap[middle].mean() - gap[after].mean()
            yield LATER_EARLIER, float(later), float(start), rise, apart * treated[other]
