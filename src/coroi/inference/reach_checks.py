"""Whether a panel is long enough for entity effects beside its horizons, and whether projections have settled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from coroi.inference.linear import sum_by
from coroi.inference.projection import Step
from coroi.inference.reach import AHEAD, least_rows, reach_of
from coroi.inference.within import Effects
from coroi.results import Check

_LENGTH = "that entities have rows enough at every horizon to take out the bias of sweeping out their level"
_SETTLED = {
    True: "that estimates stay where they are when periods closer together serve as counterweight",
    False: "that taking out the bias of sweeping out levels moves no estimate by more than chance",
}


def too_short(rows: float, horizon: int) -> str:
    """Say why entities have too few rows at a horizon for their level to be swept out; empty where they have enough.

    Parameters
    ----------
    rows : float
        Of an entity at the horizon, on average.
    horizon : int

    Notes
    -----
    The error of an outcome h periods later holds the metric of those h periods, so that pairs up to h periods apart are
    tied whatever the data; the reach has to take them in, and two periods more for what the metric carries over. In
    simulation that is where coverage ends: see ``tests/models/test_local_projections_coverage.py``.
    """
    if reach_of(rows, horizon) >= horizon + AHEAD:
        return ""
    return (
        f"an entity has {rows:.1f} rows at horizon {horizon}, too few to sweep out its level without bias: it takes "
        f"{least_rows(horizon)}"
    )


def length_check(rows: Sequence[float], *, effects: Effects, correct: bool) -> Check:
    """Say at which horizons entities have too few rows, where there is no estimate either.

    Parameters
    ----------
    rows : sequence of float
        Of an entity, on average, by horizon.
    effects : str
        Effects that were swept out.
    correct : bool
        Whether the bias of sweeping them out is taken out.
    """
    if effects in ("none", "period"):
        return Check(name="length", tested=_LENGTH, passed=None, sentence="No entity effects are swept out.")
    if not correct:
        said = "The bias of sweeping out levels is not taken out, as was asked for."
        return Check(name="length", tested=_LENGTH, passed=None, sentence=said)
    short = [h for h, n in enumerate(rows) if too_short(n, h)]
    if short:
        where = ", ".join(str(h) for h in short)
        sentence = (
            f"Not at horizon{'s' if len(short) > 1 else ''} {where}, for which there is no estimate: at the last an "
            f"entity has {rows[-1]:.1f} rows, and it takes {least_rows(len(rows) - 1)}."
        )
    else:
        sentence = f"At the last horizon an entity has {rows[-1]:.1f} rows; it takes {least_rows(len(rows) - 1)}."
    return Check(name="length", tested=_LENGTH, passed=not short, sentence=sentence)


def settled_check(
    told: Sequence[Step], other: Sequence[Step | None], groups: np.ndarray, *, effects: Effects, correct: bool
) -> Check:
    """Test whether another reach moves any horizon by more than chance.

    Parameters
    ----------
    told : sequence of Step
        The horizons as they are told.
    other : sequence of Step or None
        The same with a shorter reach; where the bias is not taken out, with the usual one.
    groups : ndarray of int, shape (n,)
        Cluster of each row of the panel, or its period.
    effects : str
        Effects that were swept out.
    correct : bool
        Whether the bias is taken out of what is told.

    Notes
    -----
    The largest move in its own standard errors, against Bonferroni's limit at 5 %, in the spirit of Hausman (1978),
    Econometrica 46:1251-1271.
    """
    tested = _SETTLED[correct]
    if effects in ("none", "period"):
        return Check(name="settled", tested=tested, passed=None, sentence="No entity effects are swept out.")
    pairs = [
        (one, two) for one, two in zip(told, other, strict=True) if two is not None and not (one.reason or two.reason)
    ]
    if not pairs:
        why = "At no horizon are rows enough for a second estimate."
        return Check(name="settled", tested=tested, passed=None, sentence=why)
    ratios = []
    for one, two in pairs:
        moved = sum_by((two.moved - one.moved)[:, None], groups[one.rows])[:, 0]
        error = np.sqrt(moved @ moved)
        ratios.append(abs(two.estimate - one.estimate) / error if error > 0 else 0.0)
    n = np.unique(groups[pairs[0][0].rows]).size
    away = max(ratios) > float(stats.t.ppf(1 - 0.05 / (2 * len(ratios)), max(n - 1, 1)))
    moves = f"at most {max(ratios):.1f} standard errors of the move"
    if correct:
        end = ", more than chance: metric and outcome are tied over more periods than the panel bears" if away else ""
        sentence = f"With three quarters of the reach the response moves by {moves}{end}."
    else:
        end = ", more than chance: periods are too few for estimates without it" if away else ""
        sentence = f"Taking out the bias of sweeping out levels moves the response by {moves}{end}."
    return Check(name="settled", tested=tested, passed=not away, sentence=sentence)
