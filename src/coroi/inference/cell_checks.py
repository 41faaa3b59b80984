"""Whether treated units already drifted before their start, and how much of a roll-out could be told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from coroi.inference.cohort_cells import Cells
from coroi.inference.influence import influence_covariance
from coroi.inference.roll_out_answers import Answer
from coroi.results import Check

BELOW = 0.05


def pre_trend_check(parts: Sequence[tuple[str, np.ndarray, np.ndarray]]) -> Check:
    """Test that all effects before the start are zero.

    Parameters
    ----------
    parts : sequence of (str, ndarray of shape (p,), ndarray of shape (n_clusters, p))
        What the effects are, these, and each cluster's influence; the first is taken that has at most half as many
        effects as there are clusters, and whose influence tells them apart.

    Returns
    -------
    Check

    Notes
    -----
    Hotelling's test: the quadratic form times (G − p) / ((G − 1) p) against F with p and G − p degrees of freedom. A
    test with little power passes easily: Roth (2022), American Economic Review: Insights 4:305-322. Reference:
    Hotelling (1931), Annals of Mathematical Statistics 2:360-378; Callaway and Sant'Anna (2021), section 4.
    """
    tested = "whether units drifted apart before their start, by a joint test of all effects before it"
    for what, estimate, moved in parts:
        n, p = moved.shape
        if not p or 2 * p > n or np.linalg.matrix_rank(moved) < p:
            continue
        form = float(estimate @ np.linalg.solve(influence_covariance(moved), estimate))
        value = form * (n - p) / ((n - 1) * p)
        chance = float(stats.f.sf(value, p, n - p))
        row = {"effects": p, "statistic": value, "df": p, "df_error": n - p, "p_value": chance, "quadratic_form": form}
        passed = chance >= BELOW
        verdict = "they show no drift, which a test of little power may miss" if passed else "units drifted before it"
        sentence = f"The {p} {what} before the start have a joint p value of {chance:.3g}: {verdict}."
        return Check(name="pre_trends", tested=tested, passed=passed, sentence=sentence, table=pd.DataFrame([row]))
    sentence = "Effects before the start were not tested: there is none, or the clusters are too few for them."
    return Check(name="pre_trends", tested=tested, passed=None, sentence=sentence)


def cell_checks(cells: Cells, answers: Sequence[Answer], anticipation: int) -> tuple[Check, Check]:
    """Check cells for drift before the start, and for what could not be told after it."""
    after = cells.since >= 0
    reasons = [why for why, later in zip(cells.reasons, after, strict=True) if later]
    seen, known = cells.n_rows[after], np.where(cells.told, cells.n_units, 0)[after]
    return pre_trend_check(parts_before(cells, answers, anticipation)), told_check(reasons, seen, known)


def parts_before(
    cells: Cells, answers: Sequence[Answer], anticipation: int
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return effects before the start: all cells', or by event time."""
    early = cells.told & (cells.since < -anticipation)
    return [
        ("effects of cohorts in periods", cells.estimate[early], cells.moved[:, early]),
        path_before(answers, anticipation),
    ]


def path_before(answers: Sequence[Answer], anticipation: int) -> tuple[str, np.ndarray, np.ndarray]:
    """Return the effects by event time before the start, and each cluster's influence."""
    some = [a for a in answers if a.term == "event_time" and a.at < -anticipation and not a.reason]
    if not some:
        return "effects by event time", np.zeros(0), np.zeros((0, 0))
    moved = np.stack([a.moved for a in some], axis=1)
    return "effects by event time", np.array([a.estimate for a in some]), moved


def told_check(reasons: Sequence[str], n_rows: np.ndarray, n_told: np.ndarray) -> Check:
    """Say which share of the treated rows has an effect that is told.

    Parameters
    ----------
    reasons : sequence of str
        Why a cell, or a horizon, has no estimate; empty where it has one.
    n_rows, n_told : ndarray of int
        Treated rows of each, and those whose effect is told.
    """
    total, known = int(np.sum(n_rows)), int(np.sum(n_told))
    tested = "whether every treated row has an effect that is told"
    table = pd.DataFrame({"reason": list(reasons), "n_rows": n_rows, "n_told": n_told})
    table = table.groupby("reason", as_index=False)[["n_rows", "n_told"]].sum()
    if not total:
        return Check(name="told", tested=tested, passed=None, sentence="No treated row is looked at.", table=table)
    lacking = int(sum(bool(why) for why in reasons))
    rest = f"; {lacking} of {len(reasons)} effects behind the averages have none, for the reasons listed"
    sentence = f"The effect is told of {known:,} of {total:,} treated rows{rest if lacking else ''}."
    return Check(name="told", tested=tested, passed=known == total, sentence=sentence, table=table)
