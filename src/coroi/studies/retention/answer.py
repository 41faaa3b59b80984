"""How the study `retention` is answered: estimates, checks, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import pandas as pd

from coroi.claims import Declaration, headline_level, judge, untestable
from coroi.models.survival import MIN_CUSTOMERS, fit_survival
from coroi.prepare.guards import check_leak
from coroi.prepare.landmark import ANSWERED, NEVER
from coroi.report.privacy import WITHHELD
from coroi.report.words import interval, percent, plural, points
from coroi.results import Check, Grade, Result, Verdict
from coroi.studies.retention.question import Question

GRADE: Grade = "D"
CLAIM = "C06"
_LADDER = ("first_step", "last_step", "gain_at_the_top")


def fit(question: Question, *, level: float = 0.95) -> Result:
    """Estimate shares by band, their declared difference and steps, and run the checks.

    Parameters
    ----------
    question : Question
        From :func:`ask`.
    level : float
        Level of the intervals.
    """
    result = _main_fit(question, level)
    checks = (
        leak_check(question),
        _check_dates(question),
        _check_followed(result),
        _check_silent(question, level),
    )
    spec = dict(result.spec) | {
        "metric": question.metric,
        "landmark": str(question.cohort.landmark or ""),
        "relationship": question.relationship,
        "declared": [asdict(d) for d in declared_rows(question)],
    }
    return replace(result, spec=spec, checks=checks)


def declare(question: Question) -> Declaration:
    """Return what is fixed before the fit: the scalar, the smallest effect that matters, the level, the grade."""
    return declared_rows(question)[0]


def declared_rows(question: Question) -> tuple[Declaration, ...]:
    """Return every scalar that gets a verdict: the difference, and C06 where three bands can be compared."""
    thetas = [question.theta]
    if question.ladder:
        neutral, satisfied, delighted = question.ladder
        share = question.theta.partition(",")[0]
        steps = f"gain from {satisfied} to {delighted} less gain from {neutral} to {satisfied}"
        thetas.append(f"{CLAIM}: {share}, {question.label}, {steps}, as a share of customers")
    level = headline_level(len(thetas))
    return tuple(Declaration(theta=t, delta=question.delta, level=level, grade=GRADE) for t in thetas)


def verdict(question: Question, result: Result) -> Verdict:
    """Return the verdict on the declared difference; a leaking metric gets none.

    Parameters
    ----------
    question : Question
        As declared.
    result : Result
        From :func:`fit`.
    """
    declared = declare(question)
    reason = hindrance(question, result)
    if reason:
        return untestable(declared, reason)
    return _judged(question, declared, "difference")


def claim_verdict(question: Question, result: Result) -> Verdict:
    """Return the verdict on claim C06: that the pay-off sits at the top of the scale.

    Parameters
    ----------
    question : Question
        As declared.
    result : Result
        From :func:`fit`.
    """
    if question.ladder is None:
        declared = replace(declare(question), theta=f"{CLAIM}: gain at the top of the scale less the gain before it")
        why = hindrance(question, result) if _leaks(result) or question.contrast is None else ""
        return untestable(declared, why or _no_ladder(question))
    declared = declared_rows(question)[1]
    row = estimate_row(result, "gain_at_the_top")
    reason = hindrance(question, result) if _leaks(result) else str(row["reason"])
    return untestable(declared, reason) if reason else _judged(question, declared, "gain_at_the_top")


def leak_check(question: Question) -> Check:
    """Tell whether the metric knows the outcome too well to have been there before it."""
    counts, label = question.cohort.counts, question.label
    if not counts["score"].notna().any():
        said = f"The metric {label} cannot be tested for a leak: {question.cohort.reason or _nobody(question)}."
        tested = f"whether the metric {label} can have been there before customers {question.happened}"
        return Check(name=f"leak_{question.metric}", tested=tested, passed=None, sentence=said)
    by_horizon = counts.assign(event=counts["event"] * (counts["duration"] <= question.horizon))
    return check_leak(by_horizon, question.metric, label=label, happened=question.happened)


def leak_words(question: Question) -> str:
    """Say in short that the metric leaks."""
    return f"the metric {question.label} knows too well who {question.happened} to have been there before"


def hindrance(question: Question, result: Result) -> str:
    """Say why there can be no verdict; empty where there can be one."""
    if question.cohort.reason:
        return question.cohort.reason
    if _leaks(result):
        return leak_words(question)
    if question.contrast is None:
        return _one_band(question)
    row = difference(result)
    return "" if row["identified"] or is_withheld(row) else str(row["reason"])


def is_withheld(row: pd.Series) -> bool:
    """Tell whether an estimate is known but not shown, so that nobody can be named."""
    return str(row["reason"]).startswith(WITHHELD)


def difference(result: Result) -> pd.Series:
    """Return the row of the declared difference."""
    return estimate_row(result, "difference")


def estimate_row(result: Result, term: str) -> pd.Series:
    """Return the row of one term of which there is but one."""
    return result.estimates[result.estimates["term"] == term].iloc[0]


def _leaks(result: Result) -> bool:
    return any(c.name.startswith("leak_") and c.passed is False for c in result.checks)


def _judged(question: Question, declared: Declaration, term: str) -> Verdict:
    row, at_95 = (estimate_row(_main_fit(question, level), term) for level in (declared.level, 0.95))
    ends, ends_95 = ((float(r["conf_low"]), float(r["conf_high"])) for r in (row, at_95))
    told = judge(declared, estimate=float(row["estimate"]), interval=ends, interval_95=ends_95)
    return replace(told, reason=_what_would_settle(question, told, row)) if told.label == "cannot tell" else told


def _main_fit(question: Question, level: float) -> Result:
    steps = {}
    if question.ladder:
        neutral, satisfied, delighted = question.ladder
        parts = (
            {satisfied: 1.0, neutral: -1.0},
            {delighted: 1.0, satisfied: -1.0},
            {delighted: 1.0, satisfied: -2.0, neutral: 1.0},
        )
        steps = dict(zip(_LADDER, parts, strict=True))
    return _fit(question, question.counts, question.bands, question.contrast, level, steps)


def _fit(
    question: Question,
    counts: pd.DataFrame,
    bands: Sequence[str],
    contrast: tuple[str, str] | None,
    level: float,
    steps: Mapping[str, Mapping[str, float]] | None = None,
) -> Result:
    result = fit_survival(
        counts,
        bands=bands,
        horizon=question.horizon,
        contrast=contrast,
        combinations=steps,
        counted=question.counted,
        level=level,
    )
    rows = result.estimates
    return replace(result, estimates=rows.assign(reason=[_plainly(question, r) for r in rows["reason"]]))


def _plainly(question: Question, reason: str) -> str:
    """Write a reason of the model's in the study's words."""
    return reason.replace("has the event", question.happened).replace(" period", f" {question.frequency}")


def _one_band(question: Question) -> str:
    answered = question.counts[question.counts["band"].isin(question.score_bands)]
    if answered["n"].sum() == 0:
        return _nobody(question)
    return f"fewer than two bands of {question.label} hold {MIN_CUSTOMERS} customers, so nothing can be compared"


def _no_ladder(question: Question) -> str:
    if len(question.score_bands) < 3:
        return f"{question.label} has no three bands to compare"
    return f"the three best bands of {question.label} do not all hold {MIN_CUSTOMERS} customers"


def _nobody(question: Question) -> str:
    when = "" if question.relationship == "snapshot" else " before the landmark"
    return f"no customer had a usable answer on {question.label}{when}"


def _check_dates(question: Question) -> Check:
    tested = "whether every answer is older than the outcome that it should explain"
    if question.dated:
        said = "Every answer used is dated before the follow-up begins; this was verified row by row."
        return Check(name="dates", tested=tested, passed=True, sentence=said)
    said = "The snapshot does not say when the answers were given, so they may have been given on leaving."
    return Check(name="dates", tested=tested, passed=None, sentence=said)


def _check_followed(result: Result) -> Check:
    sizes = result.tables["bands"]
    total, known = int(sizes["customers"].sum()), int(sizes["outcome_known"].sum())
    share = known / total if total else 0.0
    said = f"The outcome at the horizon is known for {known:,} of {plural(total, 'customer')}"
    said += "." if known == total else "; the others count for as long as they were followed."
    return Check(
        name="follow_up",
        tested="whether most customers are followed to the horizon (at least 8 of 10)",
        passed=share >= 0.8 if total else None,
        sentence=said if total else "Nobody is followed.",
        table=sizes,
    )


def _check_silent(question: Question, level: float) -> Check:
    tested = "whether customers who never answered fare like those who did"
    if NEVER not in question.bands and question.counts["n"].any():
        said = "Everybody had answered, so there is nobody to compare with."
        return Check(name="silent", tested=tested, passed=None, sentence=said)
    merged = question.counts.assign(band=question.counts["band"].where(question.counts["band"] == NEVER, ANSWERED))
    counts = merged.groupby(["band", "duration", "event"], as_index=False)["n"].sum()
    pair = _fit(question, counts, (ANSWERED, NEVER), (ANSWERED, NEVER), level)
    row = difference(pair)
    if not row["identified"]:
        said = f"This cannot be compared: {row['reason']}."
        return Check(name="silent", tested=tested, passed=None, sentence=said, table=pair.tables["bands"])
    apart = row["conf_low"] > 0 or row["conf_high"] < 0
    gap, low, high = (float(row[c]) for c in ("estimate", "conf_low", "conf_high"))
    word = "differ" if apart else "do not differ beyond chance"
    said = (
        f"Customers who had answered and those who never had {word}: a difference of {points(gap)} "
        f"({percent(level)} interval {interval(100 * low, 100 * high, decimals=1)})."
    )
    if apart:
        said += " What holds for those who answer need not hold for the rest."
    return Check(name="silent", tested=tested, passed=not apart, sentence=said, table=pair.tables["bands"])


def _what_would_settle(question: Question, told: Verdict, row: pd.Series) -> str:
    here, half = int(row["customers"]), (told.conf_high - told.conf_low) / 2
    if told.conf_low > 0 and told.estimate > told.delta:
        factor = ((told.estimate - told.conf_low) / (told.estimate - told.delta)) ** 2
        aim = f"If the difference is as estimated, showing that it exceeds {question.smallest} would take"
    elif half > told.delta:
        factor, aim = (half / told.delta) ** 2, f"Narrowing the interval to {question.smallest} either way would take"
    else:
        return f"The interval holds {question.smallest}, the smallest that matters; more customers would settle it."
    return f"{aim} about {_round_up(math.ceil(here * factor)):,} customers in the bands compared; they hold {here:,}."


def _round_up(n: int) -> int:
    place = 10 ** max(len(str(n)) - 2, 0)
    return -(-n // place) * place
