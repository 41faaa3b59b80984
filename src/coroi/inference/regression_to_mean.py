"""Units picked in a bad moment recover by themselves: the dip before the start, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.inference.influence import influence_row
from coroi.inference.linear import least_squares
from coroi.inference.panels import shifted
from coroi.inference.variants import figure
from coroi.results import Check

NAME = "regression_to_mean"
TESTED = (
    "whether those treated stood no lower, or higher, right before the start than they used to, beside others in the "
    "same periods"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dip:
    """What the last score before the start is beside earlier ones, and what comes back of it without a programme.

    Parameters
    ----------
    dip : float
        Of those treated less that of others not yet treated; in points of the score. NaN where nobody can be compared.
    rebound : float
        Change from the last period before the start to the next one, beside that of the others, that their scores let
        expect without any effect; NaN where the others do not show it.
    dip_moved, rebound_moved : ndarray, shape (g,)
        Influence of each entity that is compared.
    n_treated, n_others : int
        Treated units with a dip, and rows of others that they are compared with.
    """

    dip: float
    rebound: float
    dip_moved: np.ndarray
    rebound_moved: np.ndarray
    n_treated: int
    n_others: int


def dip_before(
    score: np.ndarray, entity: np.ndarray, period: np.ndarray, cohort: np.ndarray, *, earlier: int = 3
) -> Dip:
    """Compare the last score before the start with earlier ones, beside units that are not treated in those periods.

    Parameters
    ----------
    score : ndarray, shape (n,)
        NaN where there is none.
    entity, period : ndarray of int, shape (n,)
        Codes from 0 and numbers that count time, sorted by entity, then period.
    cohort : ndarray, shape (n,)
        Period of each entity's first treatment; NaN or infinite where it never comes.
    earlier : int
        Periods before the last one whose mean it is compared with, as far as they are there.

    Returns
    -------
    Dip

    Notes
    -----
    Each cohort is compared with the units that are still untreated in its first period, and cohorts are averaged by
    their size. What comes back is read off the others' regression of the next score on the last one and the mean of
    earlier ones, within cohorts' periods: picking units by these scores leaves such a regression as it is. Assumption:
    without an effect, units with the same scores before would have had the same one after (untestable). References:
    Ashenfelter (1978), Review of Economics and Statistics 60:47-57, for the dip; Barnett, van der Pols and Dobson
    (2005), International Journal of Epidemiology 34:215-220, for what comes back.
    """
    start = np.where(np.isfinite(cohort), cohort, np.inf)
    past = np.column_stack([shifted(score, entity, period, k) for k in range(1, earlier + 1)])
    seen = np.isfinite(past)
    usual = np.where(seen.any(axis=1), np.nansum(past, axis=1) / np.maximum(seen.sum(axis=1), 1), np.nan)
    known = np.isfinite(score) & np.isfinite(usual)
    pairs = []
    for when in np.unique(start[known & (period == start - 1)]):
        now = known & (period == when - 1)
        treated, others = now & (start == when), now & (start > when)
        if others.any():
            pairs.append((np.flatnonzero(treated), np.flatnonzero(others)))
    if not pairs:
        nan, none = float("nan"), np.empty(0)
        return Dip(dip=nan, rebound=nan, dip_moved=none, rebound_moved=none, n_treated=0, n_others=0)
    both = np.column_stack([score, usual])
    gap, gap_moved = _gap(both, entity, pairs)
    slope, slope_moved = _slopes(both, shifted(score, entity, period, -1), entity, [others for _, others in pairs])
    slope = slope - [1.0, 0.0]
    involved = np.unique(entity[np.concatenate([rows for pair in pairs for rows in pair])])
    return Dip(
        dip=float(gap[0] - gap[1]),
        rebound=float(gap @ slope),
        dip_moved=(gap_moved[:, 0] - gap_moved[:, 1])[involved],
        rebound_moved=(gap_moved @ slope + slope_moved @ gap)[involved],
        n_treated=sum(len(treated) for treated, _ in pairs),
        n_others=sum(len(others) for _, others in pairs),
    )


def _gap(
    values: np.ndarray, entity: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean gap between treated rows and others, cohorts by their size, and influence by entity.

    Returns
    -------
    gap : ndarray, shape (k,)
    moved : ndarray, shape (n_entities, k)

    Notes
    -----
    Treated units are held against the mean of all of them, not of their cohort: where cohorts are of one or two units,
    what is left within them says next to nothing of chance.
    """
    moved = np.zeros((int(entity.max()) + 1, values.shape[1]))
    rows = np.concatenate([treated for treated, _ in pairs])
    gaps = np.concatenate([values[treated] - values[others].mean(axis=0) for treated, others in pairs])
    total, n = gaps.mean(axis=0), len(gaps)
    np.add.at(moved, entity[rows], (gaps - total) / n * np.sqrt(n / max(n - 1, 1)))
    for treated, others in pairs:
        m = len(others)
        apart = values[others] - values[others].mean(axis=0)
        np.add.at(moved, entity[others], -len(treated) / n * apart / m * np.sqrt(m / max(m - 1, 1)))
    return total, moved


def _slopes(
    before: np.ndarray, later: np.ndarray, entity: np.ndarray, others: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return what the next score takes from those before, shape (2,), and influence by entity; NaN if unknown."""
    n_entities = int(entity.max()) + 1
    rows = [each[np.isfinite(later[each])] for each in others]
    rows = [each for each in rows if len(each) > 1]
    if rows:
        left, right = (np.concatenate([of[each] - of[each].mean(axis=0) for each in rows]) for of in (before, later))
        fit = least_squares(left, right)
        if fit.kept.all():
            moved = np.zeros((n_entities, 2))
            np.add.at(moved, entity[np.concatenate(rows)], fit.scores @ fit.bread)
            return fit.coef, moved
    return np.full(2, np.nan), np.full((n_entities, 2), np.nan)


def check_regression_to_mean(found: Dip, *, what: str = "the score", level: float = 0.95) -> Check:
    """Say whether units were treated in a bad (or good) moment, and what comes back of it by itself.

    Parameters
    ----------
    found : Dip
    what : str
        The score, in words.
    level : float
        Of the intervals.

    Returns
    -------
    Check
        Passed where the interval of the dip holds zero. Not run where nobody can be compared, or only one unit is
        treated.
    """
    if not found.n_treated > 1 or not np.any(found.dip_moved):
        said = (
            "Too few of those treated have scores before the start that others of the same periods can be set beside."
        )
        return Check(name=NAME, tested=TESTED, passed=None, sentence=said)
    row = influence_row(found.dip, found.dip_moved, level)
    passed = bool(row["conf_low"] <= 0 <= row["conf_high"])
    side = "below" if found.dip < 0 else "above"
    said = (
        f"Right before the start {what} of those treated was {figure(abs(found.dip))} {side} its level of before, "
        f"beside others (difference {_ends(row)})"
    )
    if passed:
        said += ", no more than chance would have it."
    elif np.isnan(found.rebound):
        said += ": they were treated in an unusual moment, and an unknown part of it would have passed by itself."
    else:
        change = "rise" if found.rebound > 0 else "fall"
        back = influence_row(found.rebound, found.rebound_moved, level)
        said += (
            f": they were treated in an unusual moment. Without any effect {what} would {change} by "
            f"{figure(abs(found.rebound))} against others in the next period (change {_ends(back)})."
        )
    return Check(name=NAME, tested=TESTED, passed=passed, sentence=said)


def _ends(row: dict) -> str:
    return f"{figure(row['conf_low'])} to {figure(row['conf_high'])}"
