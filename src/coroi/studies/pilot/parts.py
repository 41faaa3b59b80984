"""The regressions of the study `pilot`: arms as lots drew them, and customers of the same score in the same period."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from coroi.models.follow_up import fit_follow_up
from coroi.models.randomised_pilot import fit_randomised_pilot
from coroi.results import Result
from coroi.studies.pilot.outcomes import Outcome
from coroi.studies.pilot.question import CLAIM, Question, declared_level

MISMATCH = "the arms do not hold the shares that the plan gave them"
_FEW = r"[\d,]+ clusters are in cells with both kinds, fewer than \d+"
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """The regressions behind the answer; empty where nothing can be estimated.

    Parameters
    ----------
    effects : Mapping of str to Result
        By outcome, the way that the page answers by.
    matched : Mapping of str to Result
        By outcome, against customers of the same score and period.
    judged : Mapping of (str, float) to Mapping
        The row that a verdict rests on, by name and level.
    level : float
        Level of the intervals.
    """

    effects: Mapping[str, Result] = field(default_factory=dict)
    matched: Mapping[str, Result] = field(default_factory=dict)
    judged: Mapping[tuple[str, float], Row] = field(default_factory=dict)
    level: float = 0.95


def fit_parts(question: Question, *, level: float = 0.95) -> Parts:
    """Fit every regression of the study.

    Parameters
    ----------
    question : Question
        From :func:`coroi.studies.pilot.ask`.
    level : float
        Level of the intervals.
    """
    if not question.told:
        return Parts(level=level)
    drawn, matchable = question.people.drawn, question.people.source != "snapshot"
    matched = {o.name: _matched(question, o, level) for o in question.told} if matchable else {}
    effects = {o.name: _arms(question, o, level) for o in question.told} if drawn else matched
    at: dict[tuple[str, float], Row] = {}
    for each in {level, declared_level(question), 0.95}:
        for outcome in question.told:
            found = _arms(question, outcome, each) if drawn else _matched(question, outcome, each)
            at[outcome.name, each] = effect_of(found)
        if question.asks_claim:
            row = effect_of(_matched(question, question.outcome("score"), each))
            at[CLAIM, each] = _refused(row) if mismatched(effects) else row
    kept = {} if drawn and mismatched(effects) else matched
    return Parts(effects=effects, matched=kept, judged=at, level=level)


def mismatched(effects: Mapping[str, Result]) -> bool:
    """Tell whether the arms do not hold the shares that they were planned to hold."""
    return any(c.name == "sample_ratio" and c.passed is False for r in effects.values() for c in r.checks)


def effect_of(result: Result, term: str = "effect") -> Row:
    """Return the row to answer with: adjusted for what was known before, with the errors that the fit names."""
    rows = result.estimates[result.estimates["term"] == term]
    if "errors" in rows:
        if term == "effect":
            rows = rows[rows["errors"] == result.spec["headline"]] if len(rows) > 1 else rows
        rows = rows.sort_values("adjusted", ascending=False)
    found: dict[str, object] = {str(k): v for k, v in rows.iloc[0].to_dict().items()}
    return found


def _arms(question: Question, outcome: Outcome, level: float) -> Result:
    people = question.people
    known = [c for c in ("start",) if c in people.trial and people.trial[c].nunique() > 1]
    shares = None if pd.isna(people.share) else {"treatment": people.share, "control": 1 - people.share}
    return fit_randomised_pilot(people.trial, outcome=outcome.name, before=known, shares=shares, level=level)


def _matched(question: Question, outcome: Outcome, level: float) -> Result:
    people = question.people
    earlier = "earlier" if people.matched["earlier"].notna().any() else None
    found = fit_follow_up(
        people.matched,
        outcome=outcome.name,
        score="trigger",
        before="start" if outcome.name == question.slide else None,
        earlier=earlier,
        planned_share=None if pd.isna(people.share) else people.share,
        level=level,
    )
    rows = found.estimates
    return replace(found, estimates=rows.assign(reason=[uncounted(str(r)) for r in rows["reason"]]))


def uncounted(text: str) -> str:
    """Write how few customers could be compared without their number."""
    return re.sub(_FEW, "too few customers share score and period with some of the other kind", text)


def _refused(row: Row) -> Row:
    empty = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), float("nan"))
    return {**row, **empty, "identified": False, "reason": MISMATCH}
