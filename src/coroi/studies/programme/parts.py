"""The regressions of the study `programme`: effects on every outcome, their parts, other ways to them, the slide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from coroi.errors import CoroiError
from coroi.inference.before_after import before_after
from coroi.inference.estimates import unknown
from coroi.inference.roll_outs import read_roll_out
from coroi.models.group_time import fit_group_time
from coroi.models.imputation_did import fit_imputation_did
from coroi.models.lp_did import fit_lp_did
from coroi.models.sun_abraham import fit_sun_abraham
from coroi.models.switching_did import fit_switching_did
from coroi.models.two_stage_did import fit_two_stage_did
from coroi.models.two_way_did import fit_two_way_did
from coroi.results import Result
from coroi.studies.programme.few import fit_few
from coroi.studies.programme.question import Question, frame_of
from coroi.studies.programme.starts import COMPARED

MOST_LEADS = 6
OUTCOME, WEIGHT = "outcome", "weight"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """The regressions behind the answer; empty where nothing can be estimated.

    Parameters
    ----------
    effects : Mapping of str to Result
        Effects by outcome: path, overall, cohorts; imputed.
    paths : Mapping of str to Result
        Paths by outcome whose estimates all have one base, which bounds on differing trends need; group and time.
    practices, sponsors : Result or None
        Effects on the headline outcome by practice, and by who stands behind it, with differences.
    doses : Result or None
        Effects on it by dose, and after an end.
    others : Mapping of str to Result
        The effect on it by other estimators.
    slide : Mapping of str to object
        The change from before to after, of treated units alone.
    level : float
        Level of the intervals.
    """

    effects: Mapping[str, Result] = field(default_factory=dict)
    paths: Mapping[str, Result] = field(default_factory=dict)
    practices: Result | None = None
    sponsors: Result | None = None
    doses: Result | None = None
    others: Mapping[str, Result] = field(default_factory=dict)
    slide: Mapping[str, object] = field(default_factory=dict)
    level: float = 0.95

    @property
    def main(self) -> Mapping[str, Result]:
        """The effects that tell something."""
        return {name: found for name, found in self.effects.items() if overall_of(found)["identified"]}


def fit_parts(question: Question, *, level: float = 0.95) -> Parts:
    """Fit every regression of the study.

    Parameters
    ----------
    question : Question
        From :func:`coroi.studies.programme.ask`.
    level : float
        Level of the intervals.
    """
    if question.reason:
        return Parts(level=level)
    told = [o.name for o in question.outcomes if not o.reason]
    data = {name: frame_of(question, name) for name in told}
    early = question.anticipation
    paths = {
        name: fit_group_time(
            frame,
            outcome=OUTCOME,
            weight=WEIGHT,
            compared_with=question.compared_with,
            anticipation=early,
            leads=MOST_LEADS,
            level=level,
        )
        for name, frame in data.items()
    }
    effects = {name: effect_of(question, name, level) for name in told}
    if question.headline not in told:
        return Parts(effects=effects, paths=paths, level=level)
    rows = data[question.headline]
    return Parts(
        effects=effects,
        paths=paths,
        practices=_by(question, rows, "practice", level),
        sponsors=_by(question, rows, "sponsored", level),
        doses=_doses(question, level),
        others=_others(question, rows, paths[question.headline], level),
        slide=_slide(question, rows, level),
        level=level,
    )


def overall_of(result: Result) -> pd.Series:
    """Return the row of the average over all treated rows."""
    rows = result.estimates
    return rows[rows["term"] == "overall"].iloc[0]


def effect_of(question: Question, name: str, level: float) -> Result:
    """Return the effect on an outcome: of the roll-out, or where that tells nothing, of what is left.

    Parameters
    ----------
    question : Question
        As declared.
    name : str
        Name of the outcome.
    level : float
        Level of the intervals.
    """
    rows = frame_of(question, name)
    found = _imputed(question, rows, level)
    if overall_of(found)["identified"]:
        return found
    few = fit_few(rows, frequency=question.frequency, anticipation=question.anticipation, level=level)
    return few if few is not None and overall_of(few)["identified"] else found


def refit(question: Question, rows: pd.DataFrame, level: float) -> pd.Series:
    """Return the average effect of other rows, made as the headline is."""
    return overall_of(_imputed(question, rows, level, leads=0, horizon=0, balanced=0))


def _imputed(
    question: Question,
    rows: pd.DataFrame,
    level: float,
    *,
    leads: int = MOST_LEADS,
    horizon: int | None = None,
    balanced: int | None = None,
    by: str | None = None,
) -> Result:
    return fit_imputation_did(
        rows,
        outcome=OUTCOME,
        weight=WEIGHT,
        by=by,
        compared_with=question.compared_with,
        anticipation=question.anticipation,
        leads=leads,
        horizon=horizon,
        balanced=balanced,
        level=level,
        keep_influence=True,
    )


def _by(question: Question, rows: pd.DataFrame, column: str, level: float) -> Result | None:
    """Fit effects by a group of units where there are two or more; units that do not tell their group are left out."""
    ever = rows["first_treated"].notna()
    rows = rows[~ever | rows[column].notna()]
    if rows.loc[rows["first_treated"].notna(), column].nunique() < 2:
        return None
    return _imputed(question, rows, level, leads=0, by=column)


def _doses(question: Question, level: float) -> Result | None:
    """Fit effects by dose and after an end where doses differ or end; rows beyond the horizon are of use here."""
    if not (question.starts["ended"].notna().any() or question.starts["dose"].replace(0, np.nan).nunique() > 1):
        return None
    return fit_switching_did(
        frame_of(question, whole=True),
        outcome=OUTCOME,
        weight=WEIGHT,
        dose="dose",
        anticipation=question.anticipation,
        horizon=question.horizon - 1,
        level=level,
    )


def _others(question: Question, rows: pd.DataFrame, path: Result, level: float) -> dict[str, Result]:
    whole, early = frame_of(question, whole=True), question.anticipation
    by_group = {
        who: path
        if who == question.compared_with
        else fit_group_time(
            rows, outcome=OUTCOME, weight=WEIGHT, anticipation=early, compared_with=who, leads=MOST_LEADS, level=level
        )
        for who in COMPARED
    }
    return {
        "group_time": by_group["not_yet"],
        "group_time_never": by_group["never"],
        "sun_abraham": fit_sun_abraham(rows, outcome=OUTCOME, weight=WEIGHT, anticipation=early, level=level),
        "lp_did": fit_lp_did(rows, outcome=OUTCOME, weight=WEIGHT, anticipation=early, level=level),
        "two_stage_did": fit_two_stage_did(rows, outcome=OUTCOME, weight=WEIGHT, anticipation=early, level=level),
        "two_way_did": fit_two_way_did(whole, outcome=OUTCOME, weight=WEIGHT, level=level),
    }


def _slide(question: Question, rows: pd.DataFrame, level: float) -> dict[str, object]:
    try:
        roll_out = read_roll_out(rows, outcome=OUTCOME, weight=WEIGHT)
    except CoroiError as error:
        return unknown(str(error).rstrip("."))
    return before_after(roll_out, span=question.horizon, level=level)
