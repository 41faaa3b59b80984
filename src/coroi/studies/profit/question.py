"""What the study `profit` asks, declared before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from coroi.claims import Declaration, headline_level
from coroi.errors import StudyError, did_you_mean
from coroi.metrics.bands import step_size
from coroi.prepare.closed_cohort import MOST_CUSTOMERS, ClosedCohort, closed_cohort
from coroi.report.words import plural
from coroi.results import Grade
from coroi.studies.inputs import Inputs, choose_metric, metric_label
from coroi.studies.plan import Plan

OUTCOMES = ("usual", "margin", "revenue")
PARTS = ("revenue", "margin", "cost_to_serve", "active")
CLAIM = "C13"
GRADE: Grade = "C"
_HISTORY = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What is asked, fixed before the fit.

    Parameters
    ----------
    metric, label : str
        The metric and its name on the page.
    size : float
        The step on the metric's scale that estimates are about.
    higher_is_better : bool
        Which end of the scale is good; a step is one for the better.
    outcome : str
        Name of the money on the page: "contribution margin after cost to serve", "contribution margin", "revenue".
    currency, frequency : str
        ISO 4217 code; length of a period.
    horizon : int
        Periods that money is summed over, that of the score among them.
    early : int
        The first of them, that count as early.
    delta : float
        Smallest sum over the horizon that matters, in currency per customer.
    share : float
        The share of a customer's money that `delta` is.
    winsorised : float
        Share of money in each tail of a period that was pulled in; 0 where none was.
    cohort : ClosedCohort
        Whom it is asked of.
    data : pandas.DataFrame
        ``entity, period, metric`` (in steps for the better; none while no customer), ``money`` (0 after an exit),
        ``staying`` (the same, NaN once gone), ``gone`` (1 once gone, else 0),
        and those of ``revenue, margin, cost_to_serve, active`` that the data have.
    mean_money : float
        Mean money of a customer of the cohort and period, from the start on.
    reason : str
        Why nothing can be estimated; empty where something may.
    smallest_cell : int
        Smallest count of customers that may be shown.
    """

    metric: str
    label: str
    size: float
    higher_is_better: bool
    outcome: str
    currency: str
    frequency: str
    horizon: int
    early: int
    delta: float
    share: float
    winsorised: float
    cohort: ClosedCohort
    data: pd.DataFrame
    mean_money: float
    reason: str = ""
    smallest_cell: int = 10

    @property
    def step(self) -> str:
        """Name the step as the subject of a sentence: "One point more on NPS"."""
        much = "one point" if self.size == 1 else f"{self.size:g} points"
        return f"{much} {'more' if self.higher_is_better else 'less'} on {self.label}"

    @property
    def span(self) -> str:
        """Write the horizon: "12 months"."""
        return plural(self.horizon, self.frequency)

    @property
    def n_customers(self) -> int:
        """Customers of the cohort that are in the data."""
        return int(self.data["entity"].nunique())

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the money that the data tell."""
        return tuple(c for c in PARTS if c in self.data.columns)


def ask(
    inputs: Inputs,
    *,
    metric: str = "",
    outcome: str = "usual",
    horizon: int = 0,
    start: str = "",
    winsorise: float = 0.0,
    most_customers: int = MOST_CUSTOMERS,
) -> Question:
    """Fix the cohort, the money, the step and the smallest effect before anything is fitted.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    metric : str
        Empty for the plan's first.
    outcome : str
        ``usual`` is the contribution margin less the cost to serve, as far as the data tell it, and revenue where
        they tell no margin; ``margin`` or ``revenue`` asks for one of them.
    horizon : int
        Periods; 0 for the plan's.
    start : str
        A day of the period in which the cohort is fixed; empty for the middle of the data.
    winsorise : float
        Share of each tail of a period's money that is pulled in to its quantile.
    most_customers : int
        A larger cohort is thinned to about so many.

    Raises
    ------
    StudyError
        If the metric or the money is unknown, the start is no date, or there is no panel.
    """
    plan = inputs.plan
    if outcome not in OUTCOMES:
        raise StudyError(f"There is no outcome '{outcome}'. {did_you_mean(outcome, OUTCOMES)}")
    if inputs.panel is None:
        raise StudyError("There is no panel: the plan has neither contracts nor purchases that can be used.")
    name = choose_metric(inputs, metric)
    periods = horizon or plan.horizon
    cohort = closed_cohort(
        inputs.connection,
        inputs.panel,
        name,
        horizon=periods,
        start=_day(start),
        history=_HISTORY,
        most_customers=most_customers,
    )
    return frame(cohort, plan, name, outcome=outcome, horizon=periods, winsorise=winsorise)


def frame(
    cohort: ClosedCohort, plan: Plan, metric: str, *, outcome: str = "usual", horizon: int, winsorise: float = 0.0
) -> Question:
    """Fix the money, the step and the smallest effect on a cohort.

    Parameters
    ----------
    cohort : ClosedCohort
        Whom it is asked of.
    plan : Plan
        The plan.
    metric : str
        One of its metrics.
    outcome, horizon, winsorise
        As in :func:`ask`.
    """
    spec = plan.metrics[metric]
    size, better = step_size(spec), spec.higher_is == "better"
    column, called, why = _money(cohort.rows, outcome)
    data = _data(cohort, column, size if better else -size, winsorise)
    after = data.loc[data["period"] >= cohort.start_idx, "money"]
    mean = float(after.mean()) if len(after) else float("nan")
    return Question(
        metric=metric,
        label=metric_label(plan, metric),
        size=size,
        higher_is_better=better,
        outcome=called,
        currency=plan.currency,
        frequency=plan.period,
        horizon=horizon,
        early=max(1, horizon // 4),
        delta=plan.smallest_effect * abs(mean) * horizon,
        share=plan.smallest_effect,
        winsorised=winsorise,
        cohort=cohort,
        data=data,
        mean_money=mean,
        reason=cohort.reason or why or _nothing(data, called, metric_label(plan, metric)),
        smallest_cell=plan.privacy.smallest_cell,
    )


def declared_rows(question: Question, grade: Grade = GRADE) -> tuple[Declaration, ...]:
    """Return every scalar that gets a verdict: the sum over the horizon, and claim C13's cost early and gain late.

    Parameters
    ----------
    question : Question
        From :func:`ask`.
    grade : str
        Evidence grade.
    """
    money, per = f"{question.outcome} per customer, {question.step}", f"{question.currency} a {question.frequency}"
    late = question.horizon - question.early
    rows = [
        (f"{money}, summed over {question.span}, in {question.currency}", question.delta),
        (
            f"{CLAIM}, cost early: {money}, sign turned, mean of the first {question.early}, in {per}",
            _per_period(question),
        ),
        (f"{CLAIM}, gain late: {money}, mean of the last {late}, in {per}", _per_period(question)),
    ]
    level = headline_level(len(rows))
    return tuple(Declaration(theta=t, delta=d, level=level, grade=grade) for t, d in rows)


def _per_period(question: Question) -> float:
    return question.delta / question.horizon


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise StudyError(f"start: '{text}' is no date. Write it as 2024-01-01, or leave it empty.") from error


def _money(rows: pd.DataFrame, outcome: str) -> tuple[pd.Series, str, str]:
    """Return the money of each row, its name, and why there is none."""
    told = {c for c in ("revenue", "margin", "cost_to_serve") if len(rows) and rows[c].notna().any()}
    if outcome == "margin" and "margin" not in told:
        return rows["margin"], "contribution margin", "the data tell no margin"
    if "margin" in told and outcome != "revenue":
        if outcome == "usual" and "cost_to_serve" in told:
            return rows["margin"] - rows["cost_to_serve"], "contribution margin after cost to serve", ""
        return rows["margin"], "contribution margin", ""
    return rows["revenue"], "revenue", "" if "revenue" in told else "the data tell no money"


def _data(cohort: ClosedCohort, money: pd.Series, size: float, winsorise: float) -> pd.DataFrame:
    rows = cohort.rows
    if winsorise > 0 and len(rows):
        grouped = money.groupby(rows["period"])
        money = money.clip(grouped.transform("quantile", winsorise), grouped.transform("quantile", 1 - winsorise))
    known = {c: rows[c] for c in PARTS if rows[c].notna().any()}
    gone = rows["active"].eq(0)  # who is gone has no score any more, and no money
    score = (rows["score"] / size).mask(gone)
    keys = {"entity": rows["entity"], "period": rows["period"], "metric": score, "money": money}
    return pd.DataFrame(keys | {"staying": money.mask(gone), "gone": _left(rows)} | known)


def _left(rows: pd.DataFrame) -> pd.Series:
    """Mark who has left by each row's period; as long as that cannot be told yet, as it was told last."""
    ordered = rows.sort_values(["entity", "period"])
    last_told = ordered.groupby("entity")["active"].ffill()
    return (1.0 - last_told).fillna(0.0).reindex(rows.index)


def _nothing(data: pd.DataFrame, called: str, label: str) -> str:
    """Say why nothing can be estimated from data that are there."""
    if not data["metric"].notna().any():
        return f"no customer of the cohort had a usable answer on {label}"
    if np.ptp(data["metric"].dropna().to_numpy()) == 0:
        return f"{label} is the same in every answer"
    if not data["money"].fillna(0).any():
        return f"the {called} is zero for every customer and period"
    return ""
