"""How the study `retention` is answered: estimates, checks, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from coroi.claims import headline_level, judge, untestable
from coroi.models.survival import MIN_CUSTOMERS, fit_survival
from coroi.prepare.guards import check_leak
from coroi.prepare.landmark import ANSWERED, NEVER
from coroi.results import Check, Grade, Result, Verdict
from coroi.studies.retention.question import Question

GRADE: Grade = "D"
N_DECLARED = 1


def fit(question: Question, *, level: float = 0.95) -> Result:
    """Estimate shares by band and the difference, and run the checks.

    Parameters
    ----------
    question : Question
        From :func:`ask`.
    level : float
        Level of the intervals.
    """
    result = _fit(question, question.counts, question.bands, question.contrast, level)
    checks = (
        check_leak(_by_horizon(question), question.label, outcome=question.cohort.event),
        _check_dates(question),
        _check_followed(result),
        _check_silent(question, level),
    )
    spec = dict(result.spec) | {
        "metric": question.metric,
        "landmark": str(question.cohort.landmark or ""),
        "relationship": question.relationship,
        "theta": question.theta,
        "delta": question.delta,
        "grade": GRADE,
        "rows_declared": N_DECLARED,
    }
    return replace(result, spec=spec, checks=checks)


def verdict(question: Question, result: Result) -> Verdict:
    """Return the verdict on the declared difference; a leaking metric gets none.

    Parameters
    ----------
    question : Question
        As declared.
    result : Result
        From :func:`fit`.
    """
    level = headline_level(N_DECLARED)
    shared = {"theta": question.theta, "delta": question.delta, "level": level, "grade": GRADE}
    reason = hindrance(question, result)
    if reason:
        return untestable(**shared, reason=reason)
    row = difference(result)
    wanted = _fit(question, question.counts, question.bands, question.contrast, level)
    at_95 = _fit(question, question.counts, question.bands, question.contrast, 0.95)
    ends, ends_95 = (_ends(r) for r in (wanted, at_95))
    told = judge(**shared, estimate=float(row["estimate"]), interval=ends, interval_95=ends_95)
    return replace(told, reason=_what_would_settle(told, row)) if told.label == "cannot tell" else told


def hindrance(question: Question, result: Result) -> str:
    """Say why there can be no verdict; empty where there can be one."""
    if question.cohort.reason:
        return question.cohort.reason
    leak = next(c for c in result.checks if c.name.startswith("leak_"))
    if leak.passed is False:
        return leak.sentence
    if question.contrast is None:
        return _one_band(question)
    row = difference(result)
    return "" if row["identified"] else str(row["reason"])


def difference(result: Result) -> pd.Series:
    """Return the row of the declared difference."""
    rows = result.estimates
    return rows[rows["term"] == "difference"].iloc[0]


def _ends(result: Result) -> tuple[float, float]:
    row = difference(result)
    return float(row["conf_low"]), float(row["conf_high"])


def _fit(
    question: Question, counts: pd.DataFrame, bands: Sequence[str], contrast: tuple[str, str] | None, level: float
) -> Result:
    counted = "with event" if question.relationship == "repeat_purchase" else "without event"
    return fit_survival(counts, bands=bands, horizon=question.horizon, contrast=contrast, counted=counted, level=level)


def _by_horizon(question: Question) -> pd.DataFrame:
    counts = question.cohort.counts
    return counts.assign(event=counts["event"] * (counts["duration"] <= question.horizon))


def _one_band(question: Question) -> str:
    answered = question.counts[question.counts["band"].isin(question.score_bands)]
    if answered["n"].sum() == 0:
        return f"no customer had answered {question.label} before the landmark"
    return f"fewer than two bands of {question.label} hold {MIN_CUSTOMERS} customers or more, so there is nothing to compare"


def _check_dates(question: Question) -> Check:
    tested = "whether every answer is older than the outcome that it should explain"
    if question.dated:
        said = "Every answer used is dated before the follow-up begins; this is proved for every row."
        return Check(name="dates", tested=tested, passed=True, sentence=said)
    said = "The snapshot does not say when the answers were given, so they may have been given on leaving."
    return Check(name="dates", tested=tested, passed=None, sentence=said)


def _check_followed(result: Result) -> Check:
    sizes = result.tables["bands"]
    total, known = int(sizes["customers"].sum()), int(sizes["outcome_known"].sum())
    share = known / total if total else 0.0
    said = f"The outcome at the horizon is known for {known:,} of {total:,} customers; the others count for as long as they were followed."
    return Check(
        name="follow_up",
        tested="whether most customers are followed to the horizon (at least 8 of 10)",
        passed=share >= 0.8 if total else None,
        sentence=said if total else "Nobody is followed.",
        table=sizes,
    )


def _check_silent(question: Question, level: float) -> Check:
    tested = "whether customers who never answered fare like those who did"
    merged = question.counts.assign(band=question.counts["band"].where(question.counts["band"] == NEVER, ANSWERED))
    counts = merged.groupby(["band", "duration", "event"], as_index=False)["n"].sum()
    pair = _fit(question, counts, (ANSWERED, NEVER), (ANSWERED, NEVER), level)
    row = difference(pair)
    if not row["identified"]:
        said = f"This cannot be compared: {row['reason']}."
        return Check(name="silent", tested=tested, passed=None, sentence=said, table=pair.tables["bands"])
    apart = row["conf_low"] > 0 or row["conf_high"] < 0
    gap, low, high = (100 * float(row[c]) for c in ("estimate", "conf_low", "conf_high"))
    word = "differ" if apart else "do not differ beyond chance"
    said = (
        f"Customers who had answered and those who never had {word}: {gap:+.1f} percentage points "
        f"(interval {low:+.1f} to {high:+.1f})."
    ).replace("-", "−")
    if apart:
        said += " What holds for those who answer need not hold for the rest."
    return Check(name="silent", tested=tested, passed=not apart, sentence=said, table=pair.tables["bands"])


def _what_would_settle(told: Verdict, row: pd.Series) -> str:
    smallest = f"{100 * told.delta:g} percentage point" + ("" if told.delta == 0.01 else "s")
    factor = ((told.conf_high - told.conf_low) / 2 / told.delta) ** 2
    if factor <= 1:
        return f"The interval lies on both sides of the smallest difference that matters, {smallest}; more customers would settle it."
    here, needed = int(row["customers"]), _round_up(int(row["customers"] * factor))
    return f"To tell {smallest} from none, the two bands would need about {needed:,} customers; they hold {here:,}."


def _round_up(n: int) -> int:
    place = 10 ** max(len(str(n)) - 2, 0)
    return -(-n // place) * place
