"""Outcomes that are missing: whether by arm, and between which ends the effect lies whatever the missing would say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, stats

from coroi.inference.sample_ratio import p_words
from coroi.results import Check

NAME = "attrition"
_TESTED = "whether outcomes are missing alike in all arms (p of 0.05 or more)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bounds:
    """The lowest and the highest effect among those whose outcome is seen in whichever arm.

    Parameters
    ----------
    ends : ndarray, shape (2,)
    influence : ndarray, shape (g, 2)
        Of each unit on the ends; the sum of squares times G / (G − 1) is the variance.
    trimmed : float
        Share of the seen outcomes of the arm with more of them that either end leaves out.
    """

    ends: np.ndarray
    influence: np.ndarray
    trimmed: float

    @property
    def errors(self) -> np.ndarray:
        """Standard errors of the ends."""
        n = len(self.influence)
        return np.asarray(np.sqrt(n / (n - 1) * (self.influence**2).sum(axis=0)))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the interval that holds the effect itself, wherever it lies between the ends.

        Notes
        -----
        Reference: Imbens and Manski (2004), Econometrica 72:1845-1857, eq. 6 and 7.
        """
        low, high = self.errors
        gap = (self.ends[1] - self.ends[0]) / max(low, high) if max(low, high) > 0 else np.inf
        one, two = stats.norm.ppf(level), stats.norm.ppf(0.5 + level / 2)
        c = two
        if np.isfinite(gap):
            c = optimize.brentq(lambda q: stats.norm.cdf(q + gap) - stats.norm.cdf(-q) - level, one - 1e-9, two + 1e-9)
        return float(self.ends[0] - c * low), float(self.ends[1] + c * high)


def attrition_check(seen: np.ndarray, arm: np.ndarray, unit: np.ndarray, labels: tuple[str, ...]) -> Check:
    """Compare the shares of customers with an outcome between arms.

    Parameters
    ----------
    seen : ndarray of bool, shape (n,)
        Whether the outcome is known.
    arm, unit : ndarray of int, shape (n,)
        Codes from 0 without gaps.
    labels : tuple of str
        Names of the arms.

    Notes
    -----
    Wald's test with errors by unit, each share about its arm's, by F with units less arms. A share that is the same in
    all arms does not show that the missing are alike: the bounds ask nothing of the kind.
    """
    n_arms = len(labels)
    size = np.bincount(arm, minlength=n_arms)
    share = np.bincount(arm, seen, minlength=n_arms) / size
    table = pd.DataFrame({"arm": labels, "assigned": size, "with outcome": np.bincount(arm, seen, minlength=n_arms)})
    if seen.all():
        said = "Every customer's outcome is known."
        return Check(name=NAME, tested=_TESTED, passed=True, sentence=said, table=table)
    n_units = int(unit.max()) + 1
    influence = np.zeros((n_units, n_arms))
    for code in range(n_arms):
        at = arm == code
        influence[:, code] = np.bincount(unit[at], (seen[at] - share[code]) / size[code], minlength=n_units)
    gap, moved = share[1:] - share[0], influence[:, 1:] - influence[:, :1]
    covariance = n_units / (n_units - 1) * moved.T @ moved
    shares = ", ".join(f"{label} {100 * each:.1f} %" for label, each in zip(labels, share, strict=True))
    freedom = n_units - n_arms
    if freedom < 1 or np.linalg.matrix_rank(covariance) < len(gap):
        said = f"Outcomes are known of: {shares}. What chance would do cannot be told."
        return Check(name=NAME, tested=_TESTED, passed=None, sentence=said, table=table)
    statistic = float(gap @ np.linalg.solve(covariance, gap)) / len(gap)
    p_value = float(stats.f.sf(statistic, len(gap), freedom))
    said = f"Outcomes are known of: {shares}; p = {p_words(p_value)} if arms lose alike."
    return Check(name=NAME, tested=_TESTED, passed=bool(p_value >= 0.05), sentence=said, table=table)


def lee_bounds(outcome: np.ndarray, seen: np.ndarray, treated: np.ndarray, unit: np.ndarray) -> Bounds:
    """Bound the effect on those whose outcome is seen in either arm, by trimming the arm with more outcomes.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        Anything where it is not seen.
    seen, treated : ndarray of bool, shape (n,)
        Some outcomes are seen in both arms.
    unit : ndarray of int, shape (n,)
        Unit of assignment, codes from 0 without gaps.

    Returns
    -------
    Bounds

    Notes
    -----
    The share trimmed is the excess of seen outcomes over those of the arm with more; the mean of what is left is an
    expected shortfall, so that ties at the cut count in part. Errors hold the cut's and the share's chance, by unit.
    Assumptions: lots were drawn (by design); an arm makes nobody's outcome vanish that the other would show, so the
    effect on being seen has one sign (untestable). Reference: Lee (2009), Review of Economic Studies 76:1071-1102,
    propositions 1a and 3.
    """
    values = np.where(seen, outcome, 0.0)
    rate = np.array([seen[treated == side].mean() for side in (False, True)])
    more = bool(rate[1] >= rate[0])
    trimmed = 1 - rate[int(not more)] / rate[int(more)]
    n_units = int(unit.max()) + 1

    def summed(rows: np.ndarray) -> np.ndarray:
        return np.bincount(unit, rows, minlength=n_units)

    part = [treated == side for side in (False, True)]
    of_rate = [np.where(part[side], (seen - rate[side]) / part[side].sum(), 0.0) for side in (0, 1)]
    of_trimmed = rate[int(not more)] / rate[int(more)] ** 2 * of_rate[int(more)]
    of_trimmed = of_trimmed - of_rate[int(not more)] / rate[int(more)]
    whole, cut = part[int(not more)] & seen, part[int(more)] & seen
    mean = float(values[whole].mean())
    of_mean = np.where(whole, (values - mean) / whole.sum(), 0.0)
    found = []
    for sign in (1.0, -1.0):
        tail, of_tail, slope = _upper_tail(sign * values, cut, trimmed)
        found.append((sign * tail, sign * (of_tail + slope * of_trimmed)))
    gaps = [(tail - mean, of_tail - of_mean) for tail, of_tail in found]
    if not more:
        gaps = [(-gap, -moved) for gap, moved in gaps]
    gaps.sort(key=lambda each: each[0])
    to_house = np.sqrt((n_units - 1) / n_units)
    influence = np.column_stack([to_house * summed(moved) for _, moved in gaps])
    return Bounds(ends=np.array([gap for gap, _ in gaps]), influence=influence, trimmed=float(trimmed))


def _upper_tail(values: np.ndarray, rows: np.ndarray, trimmed: float) -> tuple[float, np.ndarray, float]:
    """Return the mean without the lowest share, each row's influence at that share, and the slope in the share."""
    own = values[rows]
    cut = float(np.quantile(own, trimmed, method="inverted_cdf"))
    excess = float(np.maximum(own - cut, 0).mean())
    mean = cut + excess / (1 - trimmed)
    kept = np.where(rows, (np.maximum(values - cut, 0.0) - excess) / (1 - trimmed) / rows.sum(), 0.0)
    return mean, kept, (mean - cut) / (1 - trimmed)
