"""How the study `profit` is answered: what a step goes with over time, which way the arrow runs, and the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import pandas as pd

from coroi.claims import Declaration, judge, untestable
from coroi.inference.estimates import unknown
from coroi.models.direction import fit_direction
from coroi.models.distributed_lags import fit_distributed_lags
from coroi.models.fixed_effects import fit_fixed_effects
from coroi.models.local_projections import fit_local_projections
from coroi.report.privacy import kept_counts
from coroi.results import Check, Grade, Result, Verdict
from coroi.studies.profit.question import Question, declared_rows
from coroi.studies.small_cells import Cells

GUARDS = ("placebo_lead", "reverse", "memory", "half_panels")
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
        Money by period after the score: ``response``, ``early``, ``late``, ``crossover``.
    total : Result or None
        The same, summed from the score's period on.
    clock : Mapping of str to Result
        Paths of revenue, margin, cost to serve and of the share still there.
    selected : Result or None
        Sums among those who stay.
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
    total: Result | None = None
    clock: Mapping[str, Result]
    selected: Result | None = None
    sides: Result | None = None
    lasting: Result | None = None
    arrow: Result | None = None
    level: float = 0.95


def fit_parts(question: Question, *, jackknife: bool = True, level: float = 0.95) -> Parts:
    """Fit every regression of the study on the closed cohort.

    Parameters
    ----------
    question : Question
        From :func:`coroi.studies.profit.ask`.
    jackknife : bool
        Take out the first-order bias of short panels by half panels.
    level : float
        Level of the intervals.
    """
    if question.reason:
        return Parts(clock={}, level=level)
    data = question.data
    lags = min(_MOST_LAGS, question.horizon - 1)
    arrow = _arrow(data, level)
    held = int(str(arrow.spec["lags"]))

    def after(outcome: str, *, cumulative: bool = False) -> Result:
        return _after(question, outcome, held, cumulative=cumulative, jackknife=jackknife, level=level)

    return Parts(
        path=after("money"),
        total=after("money", cumulative=True),
        clock={name: after(name) for name in question.parts},
        selected=after("staying", cumulative=True),
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
        _rows(parts.path, "path", ("response", "early", "late", "crossover")),
        _rows(parts.total, "sum", ("response",)),
        *(_rows(found, name, ("response",)) for name, found in parts.clock.items()),
        _rows(parts.selected, "sum among those who stay", ("response",)),
        _rows(parts.sides, "side by side", ("metric",)),
        _rows(parts.lasting, "lags", ("long_run",)),
        _rows(parts.arrow, "direction", ("forward", "reverse", "placebo_lead")),
    ]
    found = [f for f in frames if f is not None]
    nothing = pd.DataFrame([{"part": "sum", "term": "response"} | unknown(question.reason)])
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

    Notes
    -----
    Half panels guard only where their correction was not made.
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
    rows = [_total(parts, question), _term(parts, "early"), _term(parts, "late")]
    signs = (1.0, -1.0, 1.0)
    at = [_judged(question, d, r, parts, s) for d, r, s in zip(declared, rows, signs, strict=True)]
    return at[0], at[1], at[2]


def total_row(result: Result, question: Question) -> pd.Series:
    """Return the row of the sum over the horizon."""
    return row_of(result, "sum", "response", question.horizon - 1)


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


def _after(question: Question, outcome: str, lags: int, *, cumulative: bool, jackknife: bool, level: float) -> Result:
    return fit_local_projections(
        question.data,
        outcome=outcome,
        metric="metric",
        past=() if outcome == "money" else ("money",),
        horizons=question.horizon - 1,
        lags=lags,
        cumulative=cumulative,
        early=question.early,
        jackknife=jackknife,
        level=level,
    )


def _rows(result: Result | None, part: str, terms: tuple[str, ...]) -> pd.DataFrame | None:
    if result is None:
        return None
    rows = result.estimates[result.estimates["term"].isin(terms)]
    return rows.assign(part=part)


def _specs(parts: Parts) -> dict[str, object]:
    named = {"side by side": parts.sides, "lags": parts.lasting, "direction": parts.arrow}
    return {name: dict(found.spec) for name, found in named.items() if found is not None}


def _total(parts: Parts, question: Question) -> tuple[Result | None, str, int]:
    return parts.total, "response", question.horizon - 1


def _term(parts: Parts, term: str) -> tuple[Result | None, str, int | None]:
    return parts.path, term, None


def _judged(
    question: Question, declared: Declaration, at: tuple[Result | None, str, int | None], parts: Parts, sign: float
) -> Verdict:
    result, term, horizon = at
    if question.reason or result is None:
        return untestable(declared, question.reason)
    rows = result.estimates[result.estimates["term"] == term]
    row = (rows if horizon is None else rows[rows["horizon"] == horizon]).iloc[0]
    if not row["identified"]:
        return untestable(declared, str(row["reason"]))
    estimate = sign * float(row["estimate"])
    ends = [_ends(result, row, level, sign) for level in (declared.level, 0.95)]
    told = judge(declared, estimate=estimate, interval=ends[0], interval_95=ends[1])
    return replace(told, reason=_what_would_settle(question, told)) if told.label == "cannot tell" else told


def _ends(result: Result, row: pd.Series, level: float, sign: float) -> tuple[float, float]:
    """Return the interval at another level, from the error and the degrees of freedom of the fit."""
    from scipy import stats

    df = float(result.tables["band"]["df"].iloc[0])
    half = stats.t.ppf(0.5 + level / 2, df) * float(row["std_error"])
    middle = sign * float(row["estimate"])
    return middle - half, middle + half


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
    halves = next(c for c in parts.path.checks if c.name == "half_panels")
    if parts.path.spec["jackknife"]:
        halves = replace(halves, name="half_panels_corrected")
    rest = [*parts.sides.checks, *parts.lasting.checks, *parts.arrow.checks]
    return (lead, back, halves, *rest)


def _zero_check(name: str, tested: str, row: pd.Series, found: str, nothing: str, question: Question) -> Check:
    if not row["identified"]:
        return Check(name=name, tested=tested, passed=None, sentence=f"Not tested: {row['reason']}.")
    holds = bool(row["conf_low"] <= 0 <= row["conf_high"])
    said = (nothing if holds else found).format(f=question.frequency)
    numbers = f"estimate {row['estimate']:.3g}, interval {row['conf_low']:.3g} to {row['conf_high']:.3g}"
    return Check(name=name, tested=tested, passed=holds, sentence=f"{said[:-1]} ({numbers}).")
