"""How the study `programme` is answered: effects on every outcome, their parts, and the verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
from scipy import stats

from coroi.claims import judge, untestable
from coroi.inference.estimates import unknown
from coroi.results import Result, Verdict
from coroi.studies.cohort_flow import published_flow
from coroi.studies.programme.guards import Guards
from coroi.studies.programme.outcomes import Outcome
from coroi.studies.programme.parts import Parts, effect_of, overall_of
from coroi.studies.programme.question import OF_SPONSORS, Question, declared_rows

_COLUMNS = (
    *(
        "part",
        "outcome",
        "term",
        "event_time",
        "cohort",
        "group",
        "since_end",
        "estimate",
        "std_error",
        "df",
        "conf_low",
    ),
    *("conf_high", "band_low", "band_high", "n_units", "identified", "reason"),
)


def answer_of(question: Question, parts: Parts, guards: Guards) -> Result:
    """Join the estimates that the page rests on into one result, with the guards of the headline's outcome.

    Parameters
    ----------
    question, parts, guards
        What was asked, the regressions, and what the guards found.
    """
    frames = list(_frames(question, parts))
    nothing = pd.DataFrame([{"part": "effect", "term": "overall"} | unknown(_why(question, parts))])
    joined = pd.concat(frames, ignore_index=True) if frames else nothing
    main, two_way = parts.effects.get(question.headline), parts.others.get("two_way_did")
    lost = main.tables.get("lost") if main is not None else None
    return Result(
        method="imputation_did" if main is None else main.method,
        estimand=f"mean effect of {question.named} on treated units within {question.span} of the start",
        spec={
            "metric": question.metric,
            "practice": question.practice,
            "outcome": question.headline,
            "horizon": question.horizon,
            "anticipation": question.anticipation,
            "compared_with": question.compared_with,
            "sponsors_by_lot": question.sponsors_by_lot,
            "start": str(question.units.start or ""),
            "level": parts.level,
            "effect": dict(main.spec) if main is not None else {},
            "declared": [asdict(d) for d in declared_rows(question, _grades(guards)).values()],
        },
        estimates=joined.reindex(columns=list(_COLUMNS)),
        n_obs=0 if main is None else main.n_obs,
        n_entities=len(question.starts),
        checks=(*guards.checks.get(question.headline, ()), *two_way.checks) if two_way else (),
        tables=_comparisons(parts)
        | ({} if lost is None else {"lost": lost})
        | {"cohort": published_flow(question.units.flow, question.smallest_cell)},
    )


def verdicts(question: Question, parts: Parts, guards: Guards) -> dict[str, Verdict]:
    """Return the verdict on all that is declared; on the headline's outcome even where it cannot be tested.

    Parameters
    ----------
    question, parts, guards
        What was asked, the regressions, and what the guards found.
    """
    declared = declared_rows(question, _grades(guards))
    found = {}
    for name, row in declared.items():
        effect = overall_of(parts.effects[name]) if name in parts.effects else None
        effect = _of_sponsors(parts) if name == OF_SPONSORS else effect
        if effect is None or not effect["identified"]:
            found[name] = untestable(row, question.reason or (str(effect["reason"]) if effect is not None else ""))
            continue
        outcome = question.outcome("" if name == OF_SPONSORS else name)
        ends, ends_95 = (_turned(question, effect, outcome, level) for level in (row.level, 0.95))
        told = judge(row, estimate=outcome.sign * float(effect["estimate"]), interval=ends, interval_95=ends_95)
        settle = told.label == "cannot tell"
        found[name] = replace(told, reason=_what_would_settle(question, told, outcome)) if settle else told
    if question.headline not in found:
        nothing = replace(question, outcomes=(_placeholder(question),))
        found[question.headline] = untestable(
            declared_rows(nothing, {})[question.headline], question.reason or _why(question, parts)
        )
    return found


def row_of(result: Result, part: str, term: str = "overall", **keys: object) -> pd.Series | None:
    """Return one row of the joined estimates; none where there is none."""
    rows = result.estimates
    chosen = (rows["part"] == part) & (rows["term"] == term)
    for column, value in keys.items():
        chosen &= rows[column] == value
    found = rows[chosen]
    return None if found.empty else found.iloc[0]


def _frames(question: Question, parts: Parts) -> Iterator[pd.DataFrame]:
    for name, effect in parts.effects.items():
        rows = effect.estimates[effect.estimates["term"].isin(["event_time", "overall", "cohort", "balanced"])]
        yield rows.assign(part="effect", outcome=name)
    headline = {"outcome": question.headline}
    for part, found in (("practice", parts.practices), ("sponsor", parts.sponsors)):
        if found is not None:
            rows = found.estimates
            yield rows[rows["term"].isin(["group", "difference"])].assign(part=part, **headline)
    if parts.doses is not None:
        rows = parts.doses.estimates
        kept = ["dose_group", "full_less_part", "left_after", "stopping", "faded", "per_dose_overall"]
        yield rows[rows["term"].isin(kept)].assign(part="dose", group=rows["dose_group"], **headline)
    for name, other in parts.others.items():
        rows = other.estimates
        row = rows[rows["term"].isin(["overall", "static"])].iloc[:1]
        yield row.assign(part=name, **headline | {"term": "overall"})
    if parts.slide:
        yield pd.DataFrame([{"part": "before_after", "term": "overall"} | dict(parts.slide) | headline])


def _comparisons(parts: Parts) -> dict[str, pd.DataFrame]:
    """Return which comparisons the two-way coefficient is made of, where they could be told."""
    two_way = parts.others.get("two_way_did")
    found = None if two_way is None else two_way.tables.get("kinds")
    return {} if found is None else {"two_way_comparisons": found}


def _why(question: Question, parts: Parts) -> str:
    if question.reason:
        return question.reason
    if question.headline in parts.effects:
        return str(overall_of(parts.effects[question.headline])["reason"]) or "nothing could be fitted"
    return next((o.reason for o in question.outcomes if o.name == question.headline), "the data do not tell it")


def _grades(guards: Guards) -> dict:
    return {name: found.grade for name, found in guards.grades.items()}


def _placeholder(question: Question) -> Outcome:
    """Stand in for an outcome that the data do not tell, so that its verdict can be stated."""
    names = {"money": "money per customer", "exits": "the share of customers who leave", "score": "the mean score"}
    label = names.get(question.headline, "cost to serve per customer")
    return Outcome(name=question.headline, label=label, kind="points", sign=1.0, delta=1.0, per="", mean=np.nan)


def _turned(question: Question, row: pd.Series, outcome: Outcome, level: float) -> tuple[float, float]:
    """Return the interval at a level, with the claimed side positive; of few units by fitting it at that level."""
    df = float(row.get("df", np.nan))
    if np.isfinite(df):
        half = float(stats.t.ppf(0.5 + level / 2, df)) * float(row["std_error"])
        ends = [float(row["estimate"]) - half, float(row["estimate"]) + half]
    else:
        again = overall_of(effect_of(question, outcome.name, level))
        ends = [float(again["conf_low"]), float(again["conf_high"])]
    low, high = sorted(outcome.sign * end for end in ends)
    return low, high


def _of_sponsors(parts: Parts) -> pd.Series | None:
    """Return the effect with a sponsor less that without; none where there is none."""
    if parts.sponsors is None:
        return None
    rows = parts.sponsors.estimates
    found = rows[(rows["term"] == "difference") & (rows["group"] == "yes less no")]
    return None if found.empty else found.iloc[0]


def _what_would_settle(question: Question, told: Verdict, outcome: Outcome) -> str:
    half = (told.conf_high - told.conf_low) / 2
    if not np.isfinite(half):
        return "With so few units the interval has no end; more units to compare with would give it one."
    if half <= told.delta:
        return "The interval holds the smallest effect that matters; more units would settle it."
    times = (half / told.delta) ** 2
    many = int(np.ceil(len(question.starts) * times))
    digits = max(len(str(many)) - 2, 0)
    rounded = int(-(-many // 10**digits) * 10**digits)
    return (
        "Narrowing the interval to the smallest effect that matters would take about "
        f"{rounded:,} units like these; there are {len(question.starts):,}."
    )
