"""What a pilot may move: money, who stays, and the later score; with the smallest effect on each that matters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from coroi.report.privacy import fewer_than
from coroi.studies.inputs import metric_label
from coroi.studies.pilot.people import People
from coroi.studies.plan import Plan

NAMES = ("money", "staying", "score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing that a pilot may move.

    Parameters
    ----------
    name : str
        ``money``, ``staying`` or ``score``: the column of the rows too.
    label : str
        Its name within a sentence: "contribution margin per customer".
    kind : str
        How its numbers are written: ``money``, ``share`` or ``points``.
    sign : float
        1 where more is what a pilot promises, -1 where less is.
    delta : float
        Smallest effect that matters, in the outcome's unit.
    per : str
        What the smallest effect is a part of, in words.
    reason : str
        Why nothing can be told of it; empty where something may.
    """

    name: str
    label: str
    kind: Literal["money", "share", "points"]
    sign: float
    delta: float
    per: str
    reason: str = ""


def outcomes_of(found: People, plan: Plan, metric: str) -> tuple[Outcome, ...]:
    """Return every outcome that the data tell, with the smallest effect that matters, before anything is fitted.

    Parameters
    ----------
    found : People
        Who is compared.
    plan : Plan
        The plan.
    metric : str
        One of its metrics; empty where none is an outcome.

    Notes
    -----
    An effect matters on staying from the plan's smallest effect on; on money, from that share of what customers
    without the treatment bring; on a score, from that share of the width of its scale.
    """
    share, rows = plan.smallest_effect, found.trial
    made = []
    if _told(rows, "money"):
        mean = abs(float(rows.loc[rows["followed"] == 0, "money"].mean()))
        label = f"{found.called} per {found.each}"
        made.append(_one("money", label, "money", 1.0, share * mean, f"of what {found.each}s without it bring"))
    if _told(rows, "staying"):
        staying = _one("staying", "the share of customers who stay", "share", 1.0, share, "of customers")
        made.append(replace(staying, reason=_few(rows, plan.privacy.smallest_cell)))
    if metric and _told(rows, "score"):
        spec = plan.metrics[metric]
        width, sign = float(spec.scale[1] - spec.scale[0]), 1.0 if spec.higher_is == "better" else -1.0
        later = "" if found.source == "snapshot" else "later "
        label = f"the mean {later}{metric_label(plan, metric)}"
        made.append(_one("score", label, "points", sign, share * width, "of the width of the scale"))
    return tuple(made)


def _one(
    name: str, label: str, kind: Literal["money", "share", "points"], sign: float, delta: float, per: str
) -> Outcome:
    reason = "" if delta > 0 else f"{label} is zero without the treatment, so that no effect can be set beside it"
    return Outcome(name=name, label=label, kind=kind, sign=sign, delta=delta, per=per, reason=reason)


def _told(rows: pd.DataFrame, column: str) -> bool:
    return column in rows and bool(rows[column].notna().any())


def _few(rows: pd.DataFrame, smallest: int) -> str:
    """Say that so few left, or stayed, in an arm that their number would be shown."""
    counts = pd.crosstab(rows["followed"], rows["staying"])
    if ((counts > 0) & (counts < smallest)).any(axis=None):
        return f"{fewer_than(smallest)} customers of an arm left, or stayed, too few to be compared or shown"
    return ""
