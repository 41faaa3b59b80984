"""What the study `firms` asks, declared before anything is fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pandas as pd

from coroi.claims import Declaration, headline_level
from coroi.errors import StudyError, did_you_mean
from coroi.results import Grade
from coroi.studies.firms.panel import FirmPanel, months_of_returns, read_firms
from coroi.studies.inputs import Inputs

GRADE: Grade = "C"
RANKED_BY = ("market_value", "revenue", "earnings")
STANDING, VALUE, COST = "standing", "value", "cost"
CLAIMS = {STANDING: "C15", VALUE: "C17", COST: "C17"}
FACTORS = ("market", "smb", "hml", "mom")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What is asked, fixed before the fit.

    Parameters
    ----------
    panel : FirmPanel
        The firms.
    months, factors : pandas.DataFrame
        Monthly returns beside the score that was public, and the factors; empty where the plan has none.
    ranked_by : str
        What firms are ranked by within their industry; empty where nothing is known to rank by.
    lag, horizon : int
        Periods from satisfaction to standing, and to value.
    top, share : float
        Part of an industry that is its top, 0 for the first alone; part of the firms in each portfolio.
    public_after : int
        Months from a period's first day until its score is public.
    case_firm : str
        Firm to draw; empty for none.
    deltas : dict of str to float
        Smallest effects that matter, by what is declared, in the unit of its scalar.
    currency : str
        Of all amounts.
    """

    panel: FirmPanel
    months: pd.DataFrame
    factors: pd.DataFrame
    ranked_by: str
    lag: int
    horizon: int
    top: float
    share: float
    public_after: int
    case_firm: str
    deltas: dict[str, float]
    currency: str

    def without(self, gone: pd.Series) -> Question:
        """Return the question asked of a panel without some of its rows."""
        frame = self.panel.frame[~gone].reset_index(drop=True)
        return replace(self, panel=replace(self.panel, frame=frame))

    @property
    def step(self) -> str:
        """Write what satisfaction is compared by: "one standard deviation (4.1 points)"."""
        return f"one standard deviation ({self.panel.points:.1f} points)"

    @property
    def by_value(self) -> str:
        """What tells a firm's value: ``market_value``, else ``returns``, else nothing."""
        if "market_value" in self.panel.held:
            return "market_value"
        return "" if self.months.empty else "returns"

    @property
    def asked(self) -> tuple[str, ...]:
        """What gets a verdict, told from the columns alone."""
        known = {
            STANDING: bool(self.ranked_by) and "industry" in self.panel.held,
            VALUE: bool(self.by_value),
            COST: {"earnings", "revenue"} <= self.panel.held,
        }
        return tuple(name for name in CLAIMS if known[name])

    @property
    def thetas(self) -> dict[str, str]:
        """Every scalar in words, claimed side positive."""
        length = self.panel.length
        rise = f"satisfaction {self.step} higher than else for the firm"
        value = f"C17: log of market value {_after(self.horizon, length)} {rise}, over the {length} before"
        if self.by_value == "returns":
            value = "C17: monthly return beyond the factors of firms with high satisfaction less those with low"
        ranks = self.ranked_by.replace("_", " ") or "value"
        return {
            STANDING: f"C15: share of its industry that a firm outdoes by {ranks} {_after(self.lag, length)} {rise}",
            VALUE: value,
            COST: f"C17: fall of earnings in the {length} of {rise}, as a share of the revenue of the {length} before",
        }

    def declaration(self, name: str) -> Declaration:
        """Return what is fixed for one scalar: its words, the smallest effect, the level and the grade at best."""
        level = headline_level(max(len(self.asked), 1))
        return Declaration(theta=self.thetas[name], delta=self.deltas[name], level=level, grade=GRADE)


def ask(
    inputs: Inputs,
    *,
    ranked_by: str = "usual",
    lag: int = 1,
    horizon: int = 3,
    top: float = 0.0,
    share: float = 0.25,
    public_after: int = -1,
    smallest: float = 0.02,
    case_firm: str = "",
) -> Question:
    """Fix the firms, what they are ranked by, the horizons and the smallest effects before anything is fitted.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    ranked_by : str
        ``market_value``, ``revenue`` or ``earnings``; ``usual`` takes the first of them that is known.
    lag, horizon : int
        Periods from satisfaction to standing, and to value.
    top, share : float
        Part of an industry that is its top, 0 for the first alone; part of the firms in each portfolio.
    public_after : int
        Months from a period's first day until its score is public; −1 for a whole period.
    smallest : float
        Smallest effect that matters: a share of market value, and of the rivals that a firm outdoes; half of it as a
        share of revenue, or as a return a year.
    case_firm : str
        Firm to draw; empty for none.

    Raises
    ------
    StudyError
        If there are no firms, or none of the name asked for.
    """
    panel = read_firms(inputs)
    names = panel.frame["entity"].unique()
    if case_firm and case_firm not in names:
        raise StudyError(f"There is no firm '{case_firm}' for `case_firm`. {did_you_mean(case_firm, names)}")
    wait = panel.months if public_after < 0 else public_after
    months, factors = months_of_returns(inputs, panel, wait)
    by_returns = "market_value" not in panel.held and not months.empty
    value = smallest / 2 / 12 if by_returns else math.log1p(smallest)
    return Question(
        panel=panel,
        months=months,
        factors=factors,
        ranked_by=_ranked_by(panel, ranked_by),
        lag=lag,
        horizon=horizon,
        top=top,
        share=share,
        public_after=wait,
        case_firm=case_firm,
        deltas={STANDING: smallest, VALUE: value, COST: smallest / 2},
        currency=inputs.plan.currency,
    )


def _ranked_by(panel: FirmPanel, asked: str) -> str:
    if asked == "usual":
        return next((c for c in RANKED_BY if c in panel.held), "")
    return asked if asked in panel.held else ""


def _after(periods: int, length: str) -> str:
    if periods == 0:
        return f"in the {length} of"
    return f"{periods} {length}{'' if periods == 1 else 's'} after"
