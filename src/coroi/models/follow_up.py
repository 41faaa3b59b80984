"""What a follow-up after a low score did, against customers with the same score who were not followed up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from coroi.inference.attrition import attrition_check
from coroi.inference.estimates import unknown
from coroi.inference.influence import influence_row
from coroi.inference.matched_rows import MatchColumns, MatchedRows, match_rows
from coroi.inference.sample_ratio import ratio_check
from coroi.inference.variants import figure
from coroi.models.info import Info
from coroi.results import Check, Result

LABELS = ("not followed up", "followed up")
MIN_CLUSTERS = 10
ENOUGH_MATCHED = 0.9
INFO = Info(
    estimand=(
        "mean outcome of the customers who were followed up less what it would have been without, among those of them "
        "whose score and period some others share who were not"
    ),
    unit="unit of the outcome",
    assumptions=(
        ("of customers with equal score and period, it is as if by lot who was followed up", "sample_ratio, placebo"),
        ("a score says the same of either kind", "by design: cells are exact"),
        ("whose outcome is missing is like the others", "attrition"),
        ("a follow-up of one customer changes nothing for another", "untestable"),
        ("customers are independent of each other", "untestable"),
    ),
    reference=(
        "regression to the mean: Barnett, van der Pols and Dobson (2005), International Journal of Epidemiology "
        "34:215-220; exact strata: Imbens and Rubin (2015), Causal Inference, chapters 9 and 18"
    ),
)


def simulate_follow_up(
    rng: np.random.Generator,
    *,
    n: int,
    periods: int,
    effect: float,
    reliability: float = 0.5,
    low: int = 6,
    share: float = 0.5,
    picking: float = 0.0,
    lost: float = 0.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw customers who answer period by period, some of whom are followed up after a low score.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    n, periods : int
        Customers, and periods in which each answers.
    effect : float
        What a follow-up adds to the next score.
    reliability : float
        Share of a score's variance that is the customer's own for good; the rest is of the day, and gone the next time.
    low : int
        Highest score that triggers; the mean of all scores lies one point above it, their standard deviation is 2.
    share : float
        Share of the low scores that are followed up.
    picking : float
        How much likelier, in log-odds, a customer whose own level lies one point higher is followed up.
    lost : float
        Chance that the next score is missing.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, score, followed, outcome, recovered, earlier`` of answers that triggered: the next score,
        whether it lies above `low`, and a score from before.
    truth : dict of str to float
        ``effect``.
    """
    usual = low + 1.0
    own = np.sqrt(4 * reliability) * rng.normal(size=(n, 1))
    day, later, before = np.sqrt(4 * (1 - reliability)) * rng.normal(size=(3, n, periods))
    score = np.round(usual + own + day)
    odds = np.log(share / (1 - share)) + picking * own
    followed = rng.random((n, periods)) < 1 / (1 + np.exp(-odds))
    outcome = usual + own + later + effect * followed
    outcome[rng.random((n, periods)) < lost] = np.nan
    who, when = np.nonzero(score <= low)
    kept = outcome[who, when]
    frame = pd.DataFrame(
        {
            "entity": who,
            "period": when,
            "score": score[who, when],
            "followed": followed[who, when].astype(int),
            "outcome": kept,
            "recovered": np.where(np.isnan(kept), np.nan, kept > low),
            "earlier": (usual + own + before)[who, when],
        }
    )
    return frame, {"effect": effect}


def fit_follow_up(
    data: pd.DataFrame,
    *,
    outcome: str,
    score: str = "score",
    followed: str = "followed",
    before: str | None = None,
    earlier: str | None = None,
    within: Sequence[str] = (),
    planned_share: float | None = None,
    entity: str = "entity",
    period: str = "period",
    cluster: str | None = None,
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Compare customers who were followed up with those of the same score and period who were not.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a customer and period with an answer that could have been followed up.
    outcome : str
        What came later: a score, staying, or money with zero after exit; empty where it is not known.
    score : str
        The score of that answer; every value is a stratum of its own.
    followed : str
        Whether it was followed up, 0 or 1.
    before : str, optional
        The outcome as it was before, such as `score` itself where the outcome is a later score: then the before–after
        stands beside the effect.
    earlier : str, optional
        What a follow-up cannot have changed, such as the outcome one period before: its effect has to be zero.
    within : sequence of str
        Further columns whose values make strata.
    planned_share : float, optional
        Share that was to be followed up, where that was drawn by lot.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    cluster : str, optional
        Column of clusters of whole customers; each customer by default.
    level : float
        Level of the intervals.
    keep_influence : bool
        Keep the influence of each cluster by its name, shape (n_clusters, n_terms).

    Returns
    -------
    Result
        Rows by ``term``: ``effect``; ``unmatched_difference`` of all who were followed up and all who were not; and
        with `before` the naive ``before_after`` and ``regression_to_mean``, which with the effect makes it up. Not
        identified: fewer than 10 clusters in cells with two rows of either kind. Checks: shares of a draw by lot,
        cells without a like, missing outcomes, and the effect on `earlier`. ``tables["cells"]`` lists every cell.

    Raises
    ------
    DataError
        If columns or keys are missing, a key repeats, `followed` is not 0 or 1, or nobody or everybody is followed up.

    Notes
    -----
    Cells are weighted by the customers followed up in them; those in cells without two of either kind are left out,
    counted and listed. Where no lot was drawn this compares different customers, which is the weakest evidence.
    Assumptions: see ``INFO``.
    """
    names = MatchColumns(
        outcome=outcome, score=score, treated=followed, before=before, earlier=earlier, within=(period, *within)
    )
    found = match_rows(data, names, entity=entity, period=period, cluster=cluster)
    estimates, influence = _rows(found, names, level)
    n = len(influence)
    columns_said = {"outcome": outcome, "score": score, "followed": followed, "before": before, "earlier": earlier}
    return Result(
        method="follow_up",
        estimand=INFO.estimand,
        spec=columns_said
        | {"within": list(within), "planned_share": planned_share, "cluster": cluster or entity, "level": level}
        | {"errors": "clustered, factor G / (G - 1), n / (n - 1) in each cell, t with G - 1 degrees of freedom"},
        estimates=estimates,
        vcov=influence.T @ influence * (n / (n - 1)) if influence.size else None,
        influence=influence if keep_influence and influence.size else None,
        n_obs=int(found.cells.rows.sum()),
        n_entities=found.n_entities,
        checks=_checks(found, earlier, planned_share, level),
        tables={"rows": found.flow, "cells": found.table},
    )


def _estimates(found: MatchedRows, names: MatchColumns) -> dict[str, tuple[float, np.ndarray]]:
    """Return each estimate of the matched rows with the influence of every cluster."""
    outcome = found.values(names.outcome)
    treated, untreated = (found.side(outcome, treated=side) for side in (True, False))
    told = {"effect": (treated[0] - untreated[0], treated[1] - untreated[1])}
    if names.before:
        change = outcome - found.values(names.before)
        told |= {"before_after": found.side(change, treated=True)}
        told |= {"regression_to_mean": found.side(change, treated=False)}
    return told


def _rows(found: MatchedRows, names: MatchColumns, level: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    terms = ["effect", *(["before_after", "regression_to_mean"] if names.before else [])]
    why = found.reason(MIN_CLUSTERS)
    plain = found.plain_difference(names.outcome)
    beside = unknown(plain) if isinstance(plain, str) else _row(*plain, level)
    if why:
        rows = [{"term": term} | unknown(why) for term in terms]
        return pd.DataFrame([*rows, {"term": "unmatched_difference"} | beside]), pd.DataFrame()
    told = _estimates(found, names)
    influence = pd.DataFrame({name: moved for name, (_, moved) in told.items()}, index=found.units)[found.present]
    rows = [{"term": name} | _row(estimate, influence[name].to_numpy(), level) for name, (estimate, _) in told.items()]
    return pd.DataFrame([*rows, {"term": "unmatched_difference"} | beside]), influence


def _row(estimate: float, moved: np.ndarray, level: float) -> dict:
    if not moved.any():
        return unknown("the outcome does not vary within cells, so that chance cannot be told")
    return influence_row(estimate, moved, level)


def _checks(found: MatchedRows, earlier: str | None, planned_share: float | None, level: float) -> tuple[Check, ...]:
    shares = None if planned_share is None else dict(zip(LABELS, (1 - planned_share, planned_share), strict=True))
    counts = np.array([int((~found.treated).sum()), int(found.treated.sum())])
    return (
        ratio_check(counts, LABELS, shares, "low scores"),
        _overlap(found),
        attrition_check(found.seen, found.treated.astype(int), found.unit, LABELS),
        _placebo(found, earlier, level),
    )


def _overlap(found: MatchedRows) -> Check:
    """Count who was followed up and has a like who was not."""
    tested = f"whether those followed up have a like who was not (at least {ENOUGH_MATCHED:.0%} of them)"
    matched, whole = found.n_matched, found.n_followed
    apart = int((~found.table["matched"].astype(bool) & (found.table["followed_up"] > 0)).sum())
    said = (
        f"{matched:,} of {whole:,} low scores that were followed up share score and period with two or more that were "
        f"not; left out without a like: {whole - matched:,} in {apart:,} {'cell' if apart == 1 else 'cells'}."
    )
    passed = bool(whole and matched >= ENOUGH_MATCHED * whole)
    return Check(name="overlap", tested=tested, passed=passed, sentence=said, table=found.table)


def _placebo(found: MatchedRows, earlier: str | None, level: float) -> Check:
    """Estimate the effect on what lies before the follow-up."""
    name, tested = "placebo", "whether those followed up were like the others before (an effect of zero then)"
    if earlier is None:
        said = "No earlier outcome is named, so nothing tells whether those followed up were like the others before."
        return Check(name=name, tested=tested, passed=None, sentence=said)
    rows = found.with_known(earlier)
    why = rows.reason(MIN_CLUSTERS)
    if why:
        return Check(name=name, tested=tested, passed=None, sentence=f"This cannot be told: {why}.")
    values = rows.values(earlier)
    treated, untreated = (rows.side(values, treated=side) for side in (True, False))
    row = _row(treated[0] - untreated[0], (treated[1] - untreated[1])[rows.present], level)
    if not row["identified"]:
        return Check(name=name, tested=tested, passed=None, sentence=f"This cannot be told: {row['reason']}.")
    said = (
        f"Before, those followed up differed from others of the same score and period by {figure(row['estimate'])} "
        f"({figure(row['conf_low'])} to {figure(row['conf_high'])})."
    )
    return Check(name=name, tested=tested, passed=bool(row["conf_low"] <= 0 <= row["conf_high"]), sentence=said)
