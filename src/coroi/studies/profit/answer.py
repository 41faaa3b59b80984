"""How the study `profit` is answered: what a step goes with over time, which way the arrow runs, and the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from coroi.claims import Declaration, judge, untestable
from coroi.inference.estimates import unknown, wald
from coroi.inference.panels import shifted
from coroi.models.direction import fit_direction
from coroi.models.distributed_lags import fit_distributed_lags
from coroi.models.fixed_effects import fit_fixed_effects
from coroi.models.local_projections import fit_local_projections
from coroi.report.privacy import kept_counts
from coroi.results import Check, Grade, Result, Verdict
from coroi.studies.profit.question import Question, declared_rows
from coroi.studies.small_cells import Cells

GUARDS = ("placebo_lead", "reverse", "memory")
MOST_PAST = 4
_MOST_LAGS = 6
_COLUMNS = (
    *("part", "term", "horizon", "estimator", "errors", "estimate", "std_error"),
    *("conf_low", "conf_high", "band_low", "band_high", "identified", "reason"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """The regressions behind the answer; empty where nothing can be estimated.

    Parameters
    ----------
    path : Result or None
        Money by period after the score's change: ``response``, ``crossover``.
    clock : Mapping of str to Result
        Paths of revenue, margin, cost to serve and of the share still there.
    selected : Result or None
        Money by period among those who stay.
    sides : Result or None
        Within customers, between them, and all rows alike.
    lasting : Result or None
        What a step that stays adds, by lags.
    arrow : Result or None
        Each on the other's past.
    level : float
        Level of the intervals.
    """

    path: Result | None = None
    clock: Mapping[str, Result]
    selected: Result | None = None
    sides: Result | None = None
    lasting: Result | None = None
    arrow: Result | None = None
    level: float = 0.95


def fit_parts(question: Question, *, level: float = 0.95) -> Parts:
    """Fit every regression of the study on the closed cohort.

    Parameters
    ----------
    question : Question
        From :func:`coroi.studies.profit.ask`.
    level : float
        Level of the intervals.

    Notes
    -----
    Paths are of changes on changes: the money of each later period less that of the period before the score, on the
    change of the score, with their last changes held. That leaves each customer's own level out as sweeping it out
    would, without the bias that sweeping has where the horizon is long and the periods are few.
    """
    if question.reason:
        return Parts(clock={}, level=level)
    data = _with_changes(question)
    lags = min(_MOST_LAGS, question.horizon - 1)
    arrow = _arrow(data, level)
    held = int(str(arrow.spec["lags"]))

    def after(outcome: str) -> Result:
        return fit_local_projections(
            data,
            outcome=f"{outcome}_change",
            metric="metric",
            horizons=question.horizon - 1,
            cumulative=True,
            change=True,
            early=question.early,
            past=("money_change",),
            lags=held,
            effects="period",
            level=level,
        )

    return Parts(
        path=after("money"),
        clock={name: after(name) for name in question.parts},
        selected=after("staying"),
        sides=fit_fixed_effects(data, outcome="money", metric="metric", level=level),
        lasting=fit_distributed_lags(data, outcome="money", metric="metric", lags=lags, level=level),
        arrow=arrow,
        level=level,
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
        "parts": {} if parts.path is None else {"path": dict(parts.path.spec), **_specs(parts)},
        "declared": [asdict(d) for d in declared_rows(question)] if not question.reason else [],
    }
    return Result(
        method="local_projections",
        estimand=f"{question.outcome} of a customer by period after the score, {question.step}",
        spec=spec,
        estimates=estimates,
        n_obs=0 if parts.path is None else parts.path.n_obs,
        n_entities=question.n_customers,
        checks=_checks(question, parts),
        tables={"cohort": published_flow(question)},
    )


def published_flow(question: Question) -> pd.DataFrame:
    """Return who is in and who is not, counts of few customers missing, with the mark of each count.

    Parameters
    ----------
    question : Question
        As declared.

    Returns
    -------
    pandas.DataFrame
        ``step, customers, customers_mark``.
    """
    flow = question.cohort.flow
    if flow.empty:
        return flow.assign(customers_mark=pd.Series(dtype="int64"))
    cells: Cells[str] = Cells()
    named = [str(step) for step in flow["step"]]
    parts = [cells.add(step, abs(int(n))) for step, n in zip(named[1:], flow["customers"].iloc[1:], strict=True)]
    cells.add_sum(parts, named[0])
    by_step = cells.marks(question.smallest_cell)
    marks = [by_step[step] for step in named]
    return flow.assign(customers=kept_counts(flow["customers"], marks), customers_mark=marks)


def grade_of(result: Result) -> Grade:
    """Return the grade that the checks leave: C, or D where a guard against a self-deception did not hold.

    A check that could not be run counts as not held.
    """
    guards = [c for c in result.checks if c.name in GUARDS]
    return "C" if guards and all(c.passed for c in guards) else "D"


def verdicts(question: Question, parts: Parts, result: Result) -> tuple[Verdict, Verdict, Verdict]:
    """Return the verdicts on the sum over the horizon, and on C13's cost early and gain late.

    Parameters
    ----------
    question, parts, result
        What was asked, and what was estimated.
    """
    declared = declared_rows(replace(question, delta=question.delta or 1.0), grade_of(result))
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


def _arrow(data: pd.DataFrame, level: float) -> Result:
    """Fit each on the other's past, with as much of it held as one period more adds something to, up to a limit."""
    for lags in range(1, MOST_PAST + 1):
        found = fit_direction(data, outcome="money", metric="metric", lags=lags, level=level)
        if lags > 1 and not found.estimates["identified"].all():
            return fit_direction(data, outcome="money", metric="metric", lags=lags - 1, level=level)
        if next(c for c in found.checks if c.name == "memory").passed is not False:
            break
    return found


def _with_changes(question: Question) -> pd.DataFrame:
    """Add to each kind of money what it has changed by since the period before, never across a gap."""
    data = question.data.sort_values(["entity", "period"], ignore_index=True)
    names = ["money", "staying", *question.parts]
    code = pd.factorize(data["entity"])[0]
    before = shifted(data[names].to_numpy(float), code, data["period"].to_numpy("int64"), 1)
    changes = pd.DataFrame(data[names].to_numpy(float) - before, columns=[f"{name}_change" for name in names])
    return pd.concat([data, changes], axis=1)


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


def combined(path: Result, weights: np.ndarray, level: float) -> dict:
    """Return a combination of a path's responses with its interval, or why there is none.

    Parameters
    ----------
    path : Result
        Of :func:`coroi.models.local_projections.fit_local_projections`.
    weights : ndarray, shape (n_horizons,)
        Of each response; with all at zero there is nothing to estimate.
    level : float
        Level of the interval.
    """
    rows = path.estimates[path.estimates["term"] == "response"]
    if path.vcov is None:
        return unknown(next(str(r) for r in rows["reason"] if r))
    if not weights.any():
        return unknown("no period is left after the early ones")
    variance = float(weights @ path.vcov.to_numpy() @ weights)
    df = float(path.tables["band"]["df"].iloc[0])
    return wald(float(weights @ rows["estimate"].to_numpy(float)), float(np.sqrt(max(variance, 0.0))), level, df)


def _rows(result: Result | None, part: str, terms: tuple[str, ...]) -> pd.DataFrame | None:
    if result is None:
        return None
    rows = result.estimates[result.estimates["term"].isin(terms)]
    return rows.assign(part=part)


def _specs(parts: Parts) -> dict[str, object]:
    named = {"side by side": parts.sides, "lags": parts.lasting, "direction": parts.arrow}
    return {name: dict(found.spec) for name, found in named.items() if found is not None}


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
        f"Narrowing the interval to the smallest amount that matters would take about {rounded:,} customers followed "
        "as "
        f"long; these are {question.n_customers:,}."
    )


def _checks(question: Question, parts: Parts) -> tuple[Check, ...]:
    if parts.path is None or parts.arrow is None or parts.sides is None or parts.lasting is None:
        return ()
    arrows = parts.arrow.estimates
    corrected = arrows[arrows["estimator"] == "corrected"].set_index("term")
    lead = _zero_check(
        "placebo_lead",
        f"that the next {question.frequency}'s score goes with no money of this one, the past held",
        corrected.loc["placebo_lead"],
        "Scores of the next {f} go with money of this one: what moves both, or money itself, comes first.",
        "Scores of the next {f} tell nothing of this one's money beyond chance.",
        question,
    )
    back = _zero_check(
        "reverse",
        "that money does not move the score of the next period, the past held",
        corrected.loc["reverse"],
        "Money foretells the score of the next {f}: the arrow runs back as well.",
        "Money does not foretell the score of the next {f} beyond chance.",
        question,
    )
    return (lead, back, *parts.arrow.checks, *parts.sides.checks, *parts.lasting.checks)


def _zero_check(name: str, tested: str, row: pd.Series, found: str, nothing: str, question: Question) -> Check:
    if not row["identified"]:
        return Check(name=name, tested=tested, passed=None, sentence=f"Not tested: {row['reason']}.")
    holds = bool(row["conf_low"] <= 0 <= row["conf_high"])
    said = (nothing if holds else found).format(f=question.frequency)
    numbers = f"estimate {row['estimate']:.3g}, interval {row['conf_low']:.3g} to {row['conf_high']:.3g}"
    return Check(name=name, tested=tested, passed=holds, sentence=f"{said[:-1]} ({numbers}).")
