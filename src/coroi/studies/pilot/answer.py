"""How the study `pilot` is answered: effects on every outcome, what stands beside them, and the verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from coroi.claims import Declaration, judge, untestable
from coroi.inference.estimates import unknown
from coroi.results import Result, Verdict
from coroi.studies.cohort_flow import published_flow
from coroi.studies.pilot.amounts import numbers
from coroi.studies.pilot.guards import Guards, shown_checks
from coroi.studies.pilot.outcomes import Outcome
from coroi.studies.pilot.parts import Parts, effect_of
from coroi.studies.pilot.question import CLAIM, Question, declared_level, declared_rows

_COLUMNS = (
    *("part", "outcome", "term", "estimate", "std_error", "conf_low", "conf_high", "set", "p_value"),
    *("identified", "reason"),
)
_BESIDE = ("effect", "before_after", "regression_to_mean", "unmatched_difference")


def answer_of(question: Question, parts: Parts, guards: Guards) -> Result:
    """Join the estimates that the page rests on into one result, with the guards of the headline's outcome.

    Parameters
    ----------
    question, parts, guards
        What was asked, the regressions, and what the guards found.
    """
    rows = list(_rows(question, parts)) or [{"part": "effect", "term": "effect"} | unknown(why_not(question))]
    frame = pd.DataFrame(rows).reindex(columns=list(_COLUMNS))
    n = len(question.people.trial)
    main = parts.effects.get(question.headline)
    return Result(
        method="randomised_pilot" if question.people.drawn else "follow_up",
        estimand="" if main is None else main.estimand,
        spec={
            "source": question.people.source,
            "practice": question.people.practice,
            "metric": question.people.metric,
            "outcome": question.headline,
            "horizon": question.horizon,
            "drawn": question.people.drawn,
            "planned_share": None if pd.isna(question.people.share) else question.people.share,
            "level": parts.level,
            "declared": [asdict(d) for d in declared_rows(question, guards.letters()).values()],
        },
        estimates=frame,
        n_obs=0 if question.reason else n,
        n_entities=0 if question.reason else n,
        checks=shown_checks(question, guards),
        tables={"cohort": published_flow(question.people.flow, question.smallest_cell)} | _arms(question),
    )


def verdicts(question: Question, parts: Parts, guards: Guards) -> dict[str, Verdict]:
    """Return the verdict on every declared scalar; on the headline's even where it cannot be tested.

    Parameters
    ----------
    question, parts, guards
        What was asked, the regressions, and what the guards found.
    """
    found = {}
    for name, declared in declared_rows(question, guards.letters()).items():
        outcome = question.outcome("score" if name == CLAIM else name)
        rows = [parts.judged[name, level] for level in (declared.level, 0.95)]
        if not rows[0]["identified"]:
            found[name] = untestable(declared, str(rows[0]["reason"]))
            continue
        ends, ends_95 = (_turned(row, outcome) for row in rows)
        estimate = outcome.sign * numbers(rows[0])[0]
        told = judge(declared, estimate=estimate, interval=ends, interval_95=ends_95)
        settle = told.label == "cannot tell"
        n = 0 if name == CLAIM else len(question.people.trial)
        found[name] = replace(told, reason=_what_would_settle(told, n, question.people.each)) if settle else told
    if question.headline not in found:
        row = Declaration(
            theta=f"mean effect of {question.named}", delta=1.0, level=declared_level(question), grade="D"
        )
        found[question.headline] = untestable(row, why_not(question))
    return found


def claim_verdict(question: Question, found: Mapping[str, Verdict]) -> Verdict | None:
    """Return the verdict on claim C04; without lots that on the later score, none where no score came later."""
    return found.get(CLAIM) or (found.get("score") if question.people.source == "answers" else None)


def row_of(result: Result, part: str, term: str = "effect", outcome: str = "") -> dict[str, object] | None:
    """Return one row of the joined estimates; none where there is none."""
    rows = result.estimates
    chosen = rows[(rows["part"] == part) & (rows["term"] == term) & (rows["outcome"] == outcome)]
    return None if chosen.empty else {str(k): v for k, v in chosen.iloc[0].to_dict().items()}


def why_not(question: Question) -> str:
    """Say why the headline's effect is not told."""
    return question.reason or next((o.reason for o in question.outcomes if o.name == question.headline), "")


def _rows(question: Question, parts: Parts) -> Iterator[dict[str, object]]:
    for name, result in parts.effects.items():
        yield {**parts.judged[name, parts.level], "part": "effect", "outcome": name}
        lifted = (result.estimates["term"] == "relative_lift").any() and question.outcome(name).kind != "points"
        if question.people.drawn and lifted:
            yield {**effect_of(result, "relative_lift"), "part": "effect", "outcome": name}
    for name, result in parts.matched.items():
        for row in result.estimates[result.estimates["term"].isin(_BESIDE)].to_dict("records"):
            yield {**row, "part": "matched", "outcome": name}


def _arms(question: Question) -> dict[str, pd.DataFrame]:
    """Count who was put where; each side holds enough to be shown, or nothing is."""
    if question.reason:
        return {}
    people = question.people
    n = people.trial["followed"].value_counts()
    share = [people.share, 1 - people.share]
    return {
        "arms": pd.DataFrame(
            {
                "arm": ["treatment", "control"],
                "customers": [int(n[1]), int(n[0])],
                "share": [n[1] / n.sum(), n[0] / n.sum()],
                "planned_share": np.array(share, float),
            }
        )
    }


def _turned(row: Mapping[str, object], outcome: Outcome) -> tuple[float, float]:
    low, high = sorted(outcome.sign * end for end in numbers(row)[1:])
    return low, high


def _what_would_settle(told: Verdict, n: int, each: str) -> str:
    """Say how many more rows it would take; how many times as many where it is not shown how many there are."""
    if told.conf_low > 0:
        return f"More {each}s would tell whether it reaches the smallest effect that matters."
    half = (told.conf_high - told.conf_low) / 2
    if half <= told.delta or not np.isfinite(half):
        return f"The interval holds the smallest effect that matters; more {each}s would settle it."
    times = (half / told.delta) ** 2
    if not n:
        many = f"{times:,.0f} times the {each}s"
        return f"Narrowing the interval to the smallest effect that matters would take about {many}."
    needed = int(np.ceil(n * times))
    digits = max(len(str(needed)) - 2, 0)
    rounded = int(-(-needed // 10**digits) * 10**digits)
    return (
        "Narrowing the interval to the smallest effect that matters would take about "
        f"{rounded:,} {each}s like these; there are {n:,}."
    )
