"""What the study `roi` asks, declared before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from coroi.claims import Declaration, headline_level
from coroi.prepare.calendar import first_day
from coroi.prepare.money_lines import MoneyLines
from coroi.report.words import percent, plural
from coroi.results import Grade
from coroi.roi.present_value import discount_factors
from coroi.schemas import PERIODS_PER_YEAR
from coroi.studies import profit, programme

Route = Literal["roll-out", "score", "none"]
CLAIMS = ("C13", "C16", "C18")
RATES = (0.0, 0.05, 0.10, 0.20)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What is asked, fixed before the fit.

    Parameters
    ----------
    route : str
        ``roll-out``: from units that took up the programme; ``score``: from what follows a better score, where no
        roll-out can be compared; ``none`` where neither can be asked.
    programme : coroi.studies.programme.Question or None
        The roll-out, with money as all benefits together.
    score : coroi.studies.profit.Question or None
        The closed cohort whose money follows a score.
    lines : MoneyLines or None
        Money by unit and period, line by line.
    currency, frequency : str
        ISO 4217 code; length of a period.
    horizon : int
        Periods since the start that are valued, that of the start among them.
    early : int
        The first of them, that count as early.
    rate : float
        Discount rate a year.
    delta : float
        Smallest net present value per customer that matters, in currency.
    share : float
        The share of what a customer brings over the horizon that `delta` is.
    n_customers : int
        Customers that the money is counted for.
    n_short : int
        Units that start too late to be followed over the horizon; their time with the programme is in no figure.
    run_out : int
        Periods after the horizon that assumptions are made on, in rows beside the answer; the answer counts nothing.
    half_life : float
        Periods in which half of an effect is assumed to fade there.
    reported : float
        Margin that the accounts report for the months that the data cover; 0 where none was given.
    borne : str
        Who bears the programme's costs: ``shared`` among all customers of a unit, or the ``cohort`` alone.
    referrals : bool
        Whether money of customers whom others brought counts.
    score_change, cost_at_start, cost_running : float
        By the route of the score: steps that the programme is assumed to raise it by, and its cost per customer.
    reason : str
        Why nothing can be estimated; empty where something may.
    no_roll_out : str
        Why a table of a programme is there and no roll-out can be compared; empty without such a table, or with one.
    asked_horizon : int
        Periods that were asked for where that is more than can be followed; 0 where it is not.
    lost : tuple of str
        What the cleaning left out of the tables that tell money, in sentences.
    cost_reason : str
        Why the programme's cost is not known, so that nothing is said of whether it pays; empty where it is.
    smallest_cell : int
        Smallest count of customers that may be shown.
    """

    route: Route
    programme: programme.Question | None = None
    score: profit.Question | None = None
    lines: MoneyLines | None = None
    currency: str
    frequency: str
    horizon: int
    early: int
    rate: float
    delta: float
    share: float
    n_customers: int
    n_short: int = 0
    run_out: int = 0
    half_life: float = 12.0
    reported: float = 0.0
    borne: str = "shared"
    referrals: bool = False
    score_change: float = 0.0
    cost_at_start: float = 0.0
    cost_running: float = 0.0
    reason: str = ""
    no_roll_out: str = ""
    asked_horizon: int = 0
    lost: tuple[str, ...] = ()
    cost_reason: str = ""
    smallest_cell: int = 10

    @property
    def span(self) -> str:
        """Write the horizon: "18 months"."""
        return plural(self.horizon, self.frequency)

    @property
    def per_year(self) -> float:
        """Periods in a year."""
        return PERIODS_PER_YEAR[self.frequency]

    @property
    def factors(self) -> np.ndarray:
        """What money of each period is worth in that of the start, shape (horizon,)."""
        return discount_factors(self.rate, self.horizon, self.per_year)

    @property
    def named(self) -> str:
        """Name what is valued: "the programme", "the practice “ride-along”"."""
        if self.programme is not None:
            return self.programme.named
        if self.score is None:
            return "a programme"
        return f"{'raising' if self.score.higher_is_better else 'lowering'} {self.score.label}"

    @property
    def on_revenue(self) -> bool:
        """Whether the data tell no margin, so that revenue stands in for it."""
        if self.route == "score":
            return self.score is not None and self.score.outcome == "revenue"
        return self.lines is not None and self.lines.money == "revenue"

    @property
    def quarter(self) -> int:
        """Periods in a quarter of a year; 0 where a period is longer than that."""
        return int(self.per_year // 4)

    @property
    def has_quarter(self) -> bool:
        """Whether the periods valued set a first quarter of a year apart from what comes after it."""
        return 0 < self.quarter < self.horizon

    @property
    def rate_words(self) -> str:
        """Write the discount rate: "10 % a year"."""
        return f"{percent(self.rate, 0 if round(100 * self.rate, 6).is_integer() else 1)} a year"

    @property
    def first_day(self) -> pd.Timestamp | None:
        """First day of the period in which the first unit starts; none without a roll-out."""
        if self.programme is None or not self.programme.starts["first_treated"].notna().any():
            return None
        index = int(self.programme.starts["first_treated"].min())
        return pd.Timestamp(first_day(index, self.frequency))  # type: ignore[arg-type]


def declared_rows(question: Question, grade: Grade) -> dict[str, Declaration]:
    """Return every scalar that gets a verdict: value within the horizon and the quarter, cost early, gain late, valley.

    Parameters
    ----------
    question : Question
        From :func:`ask`.
    grade : str
        Evidence grade.

    Notes
    -----
    Three claims are declared: C16, that the value within the horizon is above zero, which is the same as breaking even
    for good within it, and that within the first quarter of a year is below zero; C13, that profit is lowered early and
    raised late; C18, that the sum of profit falls below zero first, and that who stops there forgoes more than it.
    Parts of one claim have to hold together, so that the level is shared out among claims alone.
    """
    level = headline_level(len(CLAIMS))
    money = f"in {question.currency} per customer"
    per = question.delta / max(float(question.factors.sum()), 1e-12)
    rest = question.horizon - question.early
    rows = {
        "value": (
            f"net present value of {question.named} within {question.span} of the start, {money}",
            question.delta,
        ),
        "quarter": (
            f"net present value within the first quarter of a year, sign turned, {money}",
            per * max(float(question.factors[: question.quarter].sum()), 1.0),
        ),
        "early": (
            f"profit lowered in the first {plural(question.early, question.frequency)}, {money} and "
            f"{question.frequency}",
            per,
        ),
        "late": (
            f"profit raised in the last {plural(rest, question.frequency)}, {money} and {question.frequency}",
            per,
        ),
        "valley": (f"depth of the valley of the sum of profit, {money}", question.delta),
        "forgone": (f"profit from the valley's trough on, {money}", question.delta),
    }
    return {
        name: Declaration(theta=theta, delta=delta, level=level, grade=grade) for name, (theta, delta) in rows.items()
    }
