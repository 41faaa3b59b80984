"""Whether a panel is too short for fixed effects: estimates with and without the half-panel correction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from coroi.inference.linear import sum_by
from coroi.inference.panels import PanelRows
from coroi.inference.projection import Step
from coroi.inference.within import Effects
from coroi.results import Check

ROWS_A_HORIZON = 3
"""Rows an entity needs at the last horizon, for each horizon, before half panels take the bias out."""


def length_check(steps: Sequence[Step], panel: PanelRows, *, effects: Effects) -> Check:
    """Say whether entities have rows enough for their level to be swept out of so many horizons.

    Parameters
    ----------
    steps : sequence of Step
    panel : PanelRows
    effects : str
        Effects that were swept out.

    Notes
    -----
    The limit is drawn between panels in which intervals held the truth and panels in which they did not, in simulation:
    see ``tests/models/test_local_projections_coverage.py``.
    """
    tested = f"that entities have {ROWS_A_HORIZON} rows for each horizon, even at the last one"
    if effects in ("none", "period"):
        return Check(name="length", tested=tested, passed=None, sentence="No entity effects are swept out.")
    rows = steps[-1].rows
    if not len(rows):
        return Check(name="length", tested=tested, passed=False, sentence="No entity has a row at the last horizon.")
    mean = len(rows) / np.unique(panel.entity[rows]).size
    enough = mean >= ROWS_A_HORIZON * len(steps)
    sentence = f"An entity has {mean:.1f} rows at the last of {len(steps)} horizons; " + (
        "that is enough for half panels to take out the bias of sweeping out its level."
        if enough
        else f"with fewer than {ROWS_A_HORIZON * len(steps)} some of the bias of sweeping out its level remains."
    )
    return Check(name="length", tested=tested, passed=enough, sentence=sentence)


def half_panel_check(plain: Sequence[Step], halved: Sequence[Step], groups: np.ndarray, *, effects: Effects) -> Check:
    """Test whether taking out the bias of short panels moves any horizon by more than chance.

    Parameters
    ----------
    plain, halved : sequence of Step
        The same horizons without and with the half-panel correction.
    groups : ndarray of int, shape (n,)
        Cluster of each row of the panel, or its period.
    effects : str
        Effects that were swept out.

    Notes
    -----
    The largest move in its own standard errors, against Bonferroni's limit at 5 %: the test of Dhaene and Jochmans
    (2015), Review of Economic Studies 82:991-1030, section 5, in the spirit of Hausman.
    """
    tested = "that estimates with and without the half-panel correction agree"
    if effects in ("none", "period"):
        return Check(name="half_panels", tested=tested, passed=None, sentence="No entity effects are swept out.")
    ratios = []
    for one, other in zip(plain, halved, strict=True):
        if one.reason or other.reason:
            why = "At some horizon half the panel is too short for an estimate of its own."
            return Check(name="half_panels", tested=tested, passed=None, sentence=why)
        moved = sum_by((other.moved - one.moved)[:, None], groups[one.rows])[:, 0]
        error = np.sqrt(moved @ moved)
        ratios.append(abs(other.estimate - one.estimate) / error if error > 0 else 0.0)
    n = np.unique(groups[plain[0].rows]).size
    limit = float(stats.t.ppf(1 - 0.05 / (2 * len(ratios)), max(n - 1, 1)))
    away = max(ratios) > limit
    sentence = (
        f"Half panels move the response by at most {max(ratios):.1f} standard errors of the move"
        f"{', more than chance: periods are too few, and the half-panel estimate is the better one' if away else ''}."
    )
    return Check(name="half_panels", tested=tested, passed=not away, sentence=sentence)
