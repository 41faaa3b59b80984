"""Whether those without a programme feel that of others: untreated units by how many around them are treated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.inference.estimates import wald
from coroi.inference.linear import clustered, least_squares
from coroi.inference.variants import figure
from coroi.inference.within import sweep
from coroi.results import Check

NAME = "spillover"
TESTED = "that outcomes of untreated units do not move when others around them are treated"
LEAST_CLUSTERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What full exposure does to an untreated unit.

    Parameters
    ----------
    estimate, std_error : float
        Difference in the outcome between all and none around being treated; NaN with a `reason`.
    df : int
        Clusters less one.
    mean : float
        Mean exposure of untreated rows while anybody is treated.
    n_rows : int
        Untreated rows.
    reason : str
        Why there is no estimate.
    """

    estimate: float
    std_error: float
    df: int
    mean: float
    n_rows: int
    reason: str = ""


def share_around(treated: np.ndarray, entity: np.ndarray, period: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the share of the others in a row's group that are treated in its period, 0 where there are no others.

    Parameters
    ----------
    treated : ndarray of bool, shape (n,)
        Whether the row's entity is treated in its period.
    entity, period, group : ndarray of int, shape (n,)
        A row an entity and period; the group is a region, a segment or a team.
    """
    cell = np.unique(np.column_stack([group, period]), axis=0, return_inverse=True)[1].ravel()
    others = np.bincount(cell)[cell] - 1
    among = np.bincount(cell, weights=treated.astype(float))[cell] - treated
    return np.divide(among, others, out=np.zeros(len(entity)), where=others > 0)


def exposure_effect(
    outcome: np.ndarray,
    exposure: np.ndarray,
    entity: np.ndarray,
    period: np.ndarray,
    treated: np.ndarray,
    *,
    cluster: np.ndarray | None = None,
) -> Exposure:
    """Regress the outcome of untreated rows on their exposure, beside entity and period effects.

    Parameters
    ----------
    outcome, exposure : ndarray, shape (n,)
        Exposure from 0, none around is treated, to 1, all are.
    entity, period : ndarray of int, shape (n,)
    treated : ndarray of bool, shape (n,)
        Rows at or after an entity's own start, which are left aside.
    cluster : ndarray of int, shape (n,), optional
        Groups within which exposure is shared; the entity by default.

    Returns
    -------
    Exposure
        Without an estimate where exposure does not vary beyond the effects, or fewer than 10 clusters have one.

    Notes
    -----
    Assumptions: exposure matters in proportion, and only in its own period (untestable); without it, outcomes of more
    and less exposed units would have moved alike (untestable here; see their own pre-trend). Reference: Butts (2023),
    "Difference-in-differences estimation with spatial spillovers", for the exposure mapping.
    """
    free = ~treated & np.isfinite(outcome) & np.isfinite(exposure)
    anywhere = np.isin(period, np.unique(period[treated])) & free
    mean = float(exposure[anywhere].mean()) if anywhere.any() else 0.0
    if not free.any() or np.ptp(exposure[free]) == 0:
        return _none(mean, int(free.sum()), "untreated units do not differ in exposure")
    who, when = (np.unique(code[free], return_inverse=True)[1] for code in (entity, period))
    group = who if cluster is None else np.unique(cluster[free], return_inverse=True)[1]
    swept = sweep(np.column_stack([exposure[free], outcome[free]]), who, when).values
    if not np.any(swept[:, 0]):
        return _none(mean, int(free.sum()), "exposure of untreated units does not vary beyond entity and period")
    n_moving = len(np.unique(group[swept[:, 0] != 0]))
    if n_moving < LEAST_CLUSTERS:
        return _none(mean, int(free.sum()), f"exposure varies in {n_moving} clusters only, and 10 are needed")
    fit = least_squares(swept[:, :1], swept[:, 1])
    return Exposure(
        estimate=float(fit.coef[0]),
        std_error=float(np.sqrt(clustered(fit, group)[0, 0])),
        df=int(group.max()),
        mean=mean,
        n_rows=int(free.sum()),
    )


def check_spillover(found: Exposure, *, what: str = "the outcome", unit: str = "", level: float = 0.95) -> Check:
    """Say whether untreated units move with the treatment around them, and what that does to the comparison.

    Parameters
    ----------
    found : Exposure
    what, unit : str
        The outcome in words, and its unit.
    level : float
        Of the interval.

    Returns
    -------
    Check
        Passed where the interval holds zero. Not run where exposure cannot be told apart.
    """
    if found.reason:
        said = f"Whether others feel the programme cannot be told: {found.reason}."
        return Check(name=NAME, tested=TESTED, passed=None, sentence=said)
    row = wald(found.estimate, found.std_error, level, df=found.df)
    passed = bool(row["conf_low"] <= 0 <= row["conf_high"])
    units = f" {unit}" if unit else ""
    ends = f"{figure(row['conf_low'])} to {figure(row['conf_high'])}"
    said = (
        f"Were all around an untreated unit treated, {what} would differ by {figure(found.estimate)}{units} ({ends}) "
        f"from what it is with none"
    )
    low, high = (-found.mean * row[end] for end in ("conf_high", "conf_low"))
    added = f"{figure(low)} to {figure(high)}{units}"
    if passed:
        said += f", no more than chance would have it; at the mean exposure that adds {added} to the effect."
    else:
        said += f": those compared with are touched too, which at their mean exposure adds {added} to the effect."
    return Check(name=NAME, tested=TESTED, passed=passed, sentence=said)


def _none(mean: float, n_rows: int, reason: str) -> Exposure:
    nothing = float("nan")
    return Exposure(estimate=nothing, std_error=nothing, df=0, mean=mean, n_rows=n_rows, reason=reason)
