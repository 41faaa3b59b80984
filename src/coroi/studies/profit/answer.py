"""How the study `profit` is answered: what a step goes with over time, which way the arrow runs, and the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from coroi.claims import Declaration, judge, untestable
from coroi.inference.computed import COMPUTED
from coroi.inference.estimates import unknown
from coroi.report.words import plural
from coroi.results import Result, Verdict
from coroi.studies.profit.flow import published_flow
from coroi.studies.profit.guards import checks_of, grade_of
from coroi.studies.profit.parts import Parts, combined
from coroi.studies.profit.question import Question, declared_rows

_COLUMNS = (
    *("part", "term", "horizon", "estimator", "errors", "estimate", "std_error"),
    *("conf_low", "conf_high", "band_low", "band_high", "identified", "reason"),
)


def answer_of(question: Question, parts: Parts) -> Result:
    """Join the estimates that the page rests on into one result, with the checks of all parts.

    Parameters
    ----------
    question : Question
        As declared.
    parts : Parts
        From :func:`fit_parts`.
    """
    frames = [
        _rows(parts.path, "path", ("response", "crossover")),
        None if parts.path is None else _sums(question, parts.path, parts.level),
        *(_rows(found, name, ("response",)) for name, found in parts.clock.items()),
        None if parts.selected is None else _stayed(question, parts.selected, parts.level),
        _rows(parts.sides, "side by side", ("metric",)),
        _rows(parts.lasting, "lags", ("long_run",)),
        _rows(parts.arrow, "direction", ("forward", "reverse", "placebo_lead")),
    ]
    found = [f for f in frames if f is not None]
    nothing = pd.DataFrame([{"part": "path", "term": "total"} | unknown(question.reason)])
    estimates = (pd.concat(found, ignore_index=True) if found else nothing).reindex(columns=_COLUMNS)
    spec = {
        "metric": question.metric,
        "step": question.size,
        "outcome": question.outcome,
        "horizon": question.horizon,
        "early": question.early,
        "start": str(question.cohort.start or ""),
        "winsorised": question.winsorised,
        "level": parts.level,
        "parts": _specs(parts),
        "computed": _computed(parts),
        "declared": [asdict(d) for d in declared_rows(question)] if not question.reason else [],
    }
    return Result(
        method="long_differences",
        estimand=f"{question.outcome} of a customer by period after the score, {question.step}",
        spec=spec,
        estimates=estimates,
        n_obs=0 if parts.path is None else parts.path.n_obs,
        n_entities=question.n_customers,
        checks=checks_of(question, parts),
        tables={"cohort": published_flow(question)},
    )


def verdicts(question: Question, parts: Parts, result: Result) -> tuple[Verdict, Verdict, Verdict]:
    """Return the verdicts on the sum over the horizon, and on C13's cost early and gain late.

    Parameters
    ----------
    question, parts, result
        What was asked, and what was estimated.
    """
    declared = declared_rows(replace(question, delta=question.delta or 1.0), grade_of(result.checks))
    if question.reason or parts.path is None:
        first, second, third = (untestable(d, question.reason) for d in declared)
        return first, second, third
    at = {level: _sums(question, parts.path, level).set_index("term") for level in (declared[0].level, 0.95)}
    signs = {"total": 1.0, "early": -1.0, "late": 1.0}
    first, second, third = (
        _judged(question, d, term, sign, at) for d, (term, sign) in zip(declared, signs.items(), strict=True)
    )
    return first, second, third


def total_row(result: Result) -> pd.Series:
    """Return the row of the sum over the horizon."""
    return row_of(result, "path", "total")


def row_of(result: Result, part: str, term: str, horizon: int | None = None) -> pd.Series:
    """Return one row of the joined estimates."""
    rows = result.estimates
    found = rows[(rows["part"] == part) & (rows["term"] == term)]
    if horizon is not None:
        found = found[found["horizon"] == horizon]
    return found.iloc[0]


def _sums(question: Question, path: Result, level: float) -> pd.DataFrame:
    """Return the sum over the horizon, and the means of its early and of its late periods."""
    early, horizon = np.arange(question.horizon) < question.early, question.horizon
    late = ~early / max(horizon - question.early, 1)
    weights = {"total": np.ones(horizon), "early": early / question.early, "late": late}
    rows = [{"part": "path", "term": t} | combined(path, w, level) for t, w in weights.items()]
    return pd.DataFrame(rows)


def _stayed(question: Question, selected: Result, level: float) -> pd.DataFrame:
    found = combined(selected, np.ones(question.horizon), level)
    return pd.DataFrame([{"part": "those who stay", "term": "total"} | found])


def _rows(result: Result | None, part: str, terms: tuple[str, ...]) -> pd.DataFrame | None:
    if result is None:
        return None
    rows = result.estimates[result.estimates["term"].isin(terms)]
    return rows.assign(part=part)


def _specs(parts: Parts) -> dict[str, object]:
    return {name: dict(found.spec) for name, found in _named(parts).items()}


def _named(parts: Parts) -> dict[str, Result]:
    named = {"path": parts.path, "side by side": parts.sides, "lags": parts.lasting, "direction": parts.arrow}
    return {name: found for name, found in named.items() if found is not None}


def _computed(parts: Parts) -> dict[str, str]:
    """Say of each regression whether its rows were all held in memory, and how many they were."""
    named = _named(parts)
    streamed = {name: found.spec.get("computed") == COMPUTED[True] for name, found in named.items()}
    return {
        name: f"{'from blocks' if streamed[name] else 'in memory'}, {plural(found.n_obs, 'row')}"
        for name, found in named.items()
    }


def _judged(
    question: Question, declared: Declaration, term: str, sign: float, at: Mapping[float, pd.DataFrame]
) -> Verdict:
    row = at[declared.level].loc[term]
    if not row["identified"]:
        return untestable(declared, str(row["reason"]))
    ends, ends_95 = (_turned(at[level].loc[term], sign) for level in (declared.level, 0.95))
    told = judge(declared, estimate=sign * float(row["estimate"]), interval=ends, interval_95=ends_95)
    return replace(told, reason=_what_would_settle(question, told)) if told.label == "cannot tell" else told


def _turned(row: pd.Series, sign: float) -> tuple[float, float]:
    low, high = sorted((sign * float(row["conf_low"]), sign * float(row["conf_high"])))
    return low, high


def _what_would_settle(question: Question, told: Verdict) -> str:
    half = (told.conf_high - told.conf_low) / 2
    if half <= told.delta:
        return "The interval holds the smallest amount that matters; more customers would settle it."
    many = question.n_customers * (half / told.delta) ** 2
    digits = max(len(str(int(many))) - 2, 0)
    rounded = int(-(-many // 10**digits) * 10**digits)
    return (
        "Narrowing the interval to the smallest amount that matters would take about "
        f"{rounded:,} customers followed as long; these are {question.n_customers:,}."
    )
