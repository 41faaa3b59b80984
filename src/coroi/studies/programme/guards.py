"""The guards of the study `programme`, each on every outcome, and the grade that they leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from coroi.claims import Graded, graded, judged_by
from coroi.errors import CoroiError
from coroi.inference.attrition import attrition_check
from coroi.inference.composition import check_composition, composition
from coroi.inference.evalues import check_evalue, evalues
from coroi.inference.event_path import path_of
from coroi.inference.leads import leads_before
from coroi.inference.omitted import check_omitted
from coroi.inference.placebos import check_placebo_dates, check_placebo_outcomes
from coroi.inference.pretrend import check_leads
from coroi.inference.regression_to_mean import check_regression_to_mean, dip_before
from coroi.inference.sample_ratio import ratio_check
from coroi.inference.spillover import check_spillover, exposure_effect, share_around
from coroi.inference.trend_bounds import check_trend_bounds
from coroi.inference.variants import Told
from coroi.prepare.unit_panel import neighbourhoods
from coroi.results import Check, Grade
from coroi.studies.programme.dealt import check_dealt
from coroi.studies.programme.few import kind_of
from coroi.studies.programme.known_causes import known_ratio, units_regression
from coroi.studies.programme.outcomes import Outcome
from coroi.studies.programme.parts import MOST_LEADS, WEIGHT, Parts, overall_of, refit
from coroi.studies.programme.question import OF_SPONSORS, Question, declared_rows, frame_of
from coroi.studies.programme.sponsors import check_sponsors, sponsor_grade

NOT_A_RATIO = {"evalue": "the effect is no ratio"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guards:
    """What every guard found, and the grade that it leaves.

    Parameters
    ----------
    checks : Mapping of str to tuple of Check
        By outcome.
    grades : Mapping of str to Graded
        By outcome, and claim C24's where it is declared.
    """

    checks: Mapping[str, tuple[Check, ...]]
    grades: Mapping[str, Graded]

    def grade(self, name: str) -> Grade:
        """Return an outcome's grade; C where nothing was run."""
        return self.grades[name].grade if name in self.grades else "C"


def run_guards(question: Question, parts: Parts) -> Guards:
    """Run every guard on every outcome that has an effect.

    Parameters
    ----------
    question, parts
        What was asked, and the regressions.

    Notes
    -----
    A roll-out starts at grade B, or A where lots were drawn which units take part; a mix of donors or a series with
    nothing beside it lacks most guards, and starts at C and at D.
    """
    checks = {name: checks_of(question, parts, question.outcome(name)) for name in parts.main}
    best: dict[str, Grade] = {"roll_out": "A" if question.drawn else "B", "donors": "C", "past": "D"}
    grades = {
        name: graded(best[kind_of(parts.effects[name])], found, idle={} if name == "exits" else NOT_A_RATIO)
        for name, found in checks.items()
    }
    if question.asks_sponsors and question.headline in checks:
        check = check_sponsors(question)
        checks[question.headline] += (check,)
        grades[OF_SPONSORS] = sponsor_grade(check, grades[question.headline])
    return Guards(checks=checks, grades=grades)


def checks_of(question: Question, parts: Parts, outcome: Outcome, *, bounds: Check | None = None) -> tuple[Check, ...]:
    """Run every guard on one outcome.

    Parameters
    ----------
    question, parts : Question, Parts
        What was asked, and the regressions of that outcome at least.
    outcome : Outcome
    bounds : Check, optional
        Bounds on differing trends, where they are not of the mean effect but of something made from the path.
    """
    rows = frame_of(question, outcome.name)
    seen = rows.dropna(subset=["outcome"]).sort_values(["entity", "period"], ignore_index=True)
    what = f"the effect on {outcome.label}"
    found = [
        _pretrend(question, seen, what),
        bounds or _bounds(question, parts, outcome, what),
        _placebo_dates(question, seen, what, parts.level),
        _placebo_outcome(question, parts, what),
        _composition(question, seen),
        _regression_to_mean(question, parts.level),
        _spillover(seen, outcome, question, parts.level),
        _omitted(question, outcome, what, parts.level),
    ]
    if outcome.name == "exits" and kind_of(parts.effects["exits"]) == "roll_out":
        found.append(_evalue(question, seen, parts))
    if question.drawn:
        found += _lots(question, rows)
    return (*found, *_own(question, parts, outcome))


def _own(question: Question, parts: Parts, outcome: Outcome) -> tuple[Check, ...]:
    """Return the checks that are no guards: cells that cannot be told, starts dealt anew, starts after an end."""
    effect, found = parts.effects[outcome.name], []
    if kind_of(effect) != "roll_out":
        return effect.checks
    found += [c for c in effect.checks if c.name == "lost_cells"]
    if outcome.name == question.headline:
        dealt = check_dealt(question, outcome.name, level=parts.level)
        found += [dealt] if dealt else []
    again = int((question.starts["restarts"] > 0).sum())
    told = (
        "No unit ends and starts again."
        if not again
        else (
            f"{again} of {len(question.starts)} units end and start again; what is told is of their first start, "
            "whatever came after it."
        )
    )
    found.append(Check(name="one_start", tested="whether each unit starts once", passed=not again, sentence=told))
    return tuple(found)


def _lots(question: Question, rows: pd.DataFrame) -> list[Check]:
    """Hold the lots of units against the plan's shares, and see whether outcomes are missing by arm."""
    arm = question.starts["arm"].to_numpy() == "treatment"
    planned = question.starts.groupby("arm")["planned_share"].first().dropna()
    share = planned.get("treatment", 1 - planned.get("control", np.nan))
    shares = {"control": 1 - float(share), "treatment": float(share)} if np.isfinite(share) else None
    labels = ("control", "treatment")
    counts = np.array([int((~arm).sum()), int(arm.sum())])
    seen = rows.groupby("entity")["outcome"].apply(lambda v: v.notna().any()).to_numpy(bool)
    units = np.arange(len(arm))
    return [ratio_check(counts, labels, shares, "units"), attrition_check(seen, arm.astype(int), units, labels)]


def _pretrend(question: Question, seen: pd.DataFrame, what: str) -> Check:
    leads = leads_before(
        seen["outcome"].to_numpy(float),
        seen["entity"].to_numpy("int64"),
        seen["period"].to_numpy("int64"),
        seen["first_treated"].to_numpy(float),
        n_leads=MOST_LEADS,
        weight=seen[WEIGHT].to_numpy(float),
        anticipation=question.anticipation,
    )
    return check_leads(leads, horizon=question.horizon / 2, what=what)


def _bounds(question: Question, parts: Parts, outcome: Outcome, what: str) -> Check:
    declared = declared_rows(question, {outcome.name: "B"})[outcome.name]
    judge = judged_by(declared)

    def judged(low: float, high: float) -> str:
        return judge(low, high) if outcome.sign > 0 else judge(-high, -low)

    try:
        path = path_of(parts.paths[outcome.name], term="event_time", base=-1 - question.anticipation)
        df = len(question.starts) - 1
        said = _answered(parts, outcome, declared.level, judged)
        return check_trend_bounds(path, what=what, judged=judged, level=declared.level, df=df, verdict=said)
    except CoroiError as error:
        tested = "whether the verdict survives trends that differ after the start as much as before it"
        return Check(name="trend_bounds", tested=tested, passed=None, sentence=f"Not run: {error}")


def _answered(parts: Parts, outcome: Outcome, level: float, judged: Callable[[float, float], str]) -> str:
    """Return the verdict that the study gives, which is the one that has to survive; empty of few units."""
    row = overall_of(parts.effects[outcome.name])
    df = float(row.get("df", np.nan))
    if not (row["identified"] and np.isfinite(df)):
        return ""
    half = float(stats.t.ppf(0.5 + level / 2, df)) * float(row["std_error"])
    return judged(float(row["estimate"]) - half, float(row["estimate"]) + half)


def _placebo_dates(question: Question, seen: pd.DataFrame, what: str, level: float) -> Check:
    def fit(rows: pd.DataFrame) -> Told:
        row = refit(question, rows, level)
        if not row["identified"]:
            return Told(reason=str(row["reason"]))
        return Told(estimate=float(row["estimate"]), std_error=float(row["std_error"]))

    shifts = (2, 3, 4)
    units = seen["entity"].nunique()
    return check_placebo_dates(
        seen, fit, cohort="first_treated", period="period", shifts=shifts, what=what, df=max(units - 1, 1)
    )


def _placebo_outcome(question: Question, parts: Parts, what: str) -> Check:
    """Fit the effect on exits for a reason that nobody at the company can change, where one was named."""
    told: dict[str, Told] = {}
    if question.unmoved and question.units.rows["unmoved_rate"].notna().any():
        row = refit(question, frame_of(question, "unmoved_rate"), parts.level)
        number = Told(reason=str(row["reason"]))
        if row["identified"]:
            number = Told(estimate=float(row["estimate"]), std_error=float(row["std_error"]))
        told[f"exits for “{question.unmoved}”"] = number
    return check_placebo_outcomes(told, what=what, df=max(len(question.starts) - 1, 1))


def _composition(question: Question, seen: pd.DataFrame) -> Check:
    treated = seen[seen["first_treated"].notna()]
    begun = (treated["period"] >= treated["first_treated"]).groupby(treated["entity"]).transform("any")
    treated = treated[begun]
    since = (treated["period"] - treated["first_treated"]).to_numpy("int64")
    early = treated[since < 0].groupby("entity")["outcome"].mean()
    baseline = treated["entity"].map(early).to_numpy(float)
    table = composition(treated["entity"].to_numpy("int64"), since, baseline)
    return check_composition(table, 0, question.horizon - 1)


def _regression_to_mean(question: Question, level: float) -> Check:
    rows = frame_of(question, "score").sort_values(["entity", "period"], ignore_index=True)
    dip = dip_before(
        rows["outcome"].to_numpy(float),
        rows["entity"].to_numpy("int64"),
        rows["period"].to_numpy("int64"),
        rows["first_treated"].to_numpy(float),
    )
    return check_regression_to_mean(dip, level=level)


def _spillover(seen: pd.DataFrame, outcome: Outcome, question: Question, level: float) -> Check:
    group = neighbourhoods(question.units.units)
    around = seen["entity"].map(group).to_numpy("int64")
    entity, period = seen["entity"].to_numpy("int64"), seen["period"].to_numpy("int64")
    treated = (seen["period"] >= seen["first_treated"]).to_numpy(bool)
    alone = len(set(group)) in (1, len(group))
    exposure = share_around(treated, entity, period, np.zeros(len(seen), dtype=int) if alone else around)
    found = exposure_effect(seen["outcome"].to_numpy(float), exposure, entity, period, treated)
    if alone:
        found = replace(found, reason="the units' names do not tell which of them lie side by side")
    return check_spillover(found, what=outcome.label, level=level)


def _omitted(question: Question, outcome: Outcome, what: str, level: float) -> Check:
    return check_omitted(units_regression(question, outcome), what=what, level=level)


def _evalue(question: Question, seen: pd.DataFrame, parts: Parts) -> Check:
    """Set the rate of exits under the programme beside what it would have been, as a ratio."""
    row = overall_of(parts.effects["exits"])
    treated = seen[seen["period"] >= seen["first_treated"]]
    rate = float(np.average(treated["outcome"], weights=treated["weight"]))
    ratio, low, high = (rate / max(rate - float(row[c]), 1e-9) for c in ("estimate", "conf_low", "conf_high"))
    strongest = known_ratio(question)
    of = "how units scored before: exit rates of the lower half over the upper" if strongest else ""
    return check_evalue(evalues(ratio, low, high), what="the ratio of exit rates", strongest=strongest, of=of)


def failed(checks: Sequence[Check]) -> list[str]:
    """Return what was tested by the checks that did not hold."""
    return [c.tested for c in checks if c.passed is False]
