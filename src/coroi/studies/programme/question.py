"""What the study `programme` asks, declared before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from coroi.claims import Declaration, headline_level
from coroi.errors import StudyError, did_you_mean
from coroi.inference.group_time import Compared
from coroi.prepare.treatments import unit_treatments
from coroi.prepare.unit_panel import UnitPanel, unit_panel
from coroi.report.words import join_words, plural
from coroi.results import Grade
from coroi.studies.inputs import Inputs, choose_metric
from coroi.studies.programme.outcomes import Outcome, outcomes_of, value_of
from coroi.studies.programme.starts import COMPARED, nobody_left, shown_practices, starts_of

HEADLINES = ("usual", "money", "exits", "score", "cost_to_serve")
CLAIM, OF_SPONSORS = "C12", "C24"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What is asked, fixed before the fit.

    Parameters
    ----------
    metric : str
        The metric whose mean is one of the outcomes; empty where there is none.
    practice : str
        The practice asked about; empty for all of them, each unit from its first.
    practices : tuple of str
        Practices that some unit takes up.
    currency, frequency : str
        ISO 4217 code; length of a period.
    horizon : int
        Periods since the start that effects are averaged over, that of the start among them.
    anticipation : int
        Periods before the start in which an effect may already be felt.
    outcomes : tuple of Outcome
        What may be moved; each gets a verdict.
    headline : str
        Name of the one that the page's first sentence is about.
    units : UnitPanel
        Units by period.
    starts : pandas.DataFrame
        One row a unit of the panel: ``unit, first_treated`` (NaN for none), ``practice`` (empty for none),
        ``ended`` (first period without it again), ``dose``, ``sponsored`` (1, 0, NaN), ``arm``, ``planned_share``,
        ``restarts`` (times it started again after an end), ``until`` (first
        period in which another practice starts there, which ends what the unit can tell; NaN for none).
    own_names : tuple of str
        The practices asked about as the data name them, for looking them up: no page shows them.
    compared_with : str
        ``not_yet``: units not treated yet and units never treated; ``never``: the latter alone.
    sponsors_by_lot : bool
        Whether lots were drawn which of the units that start have a leader behind it.
    unmoved : str
        Reason for exits that the programme cannot move; empty where none was named.
    reason : str
        Why nothing can be estimated; empty where something may.
    smallest_cell : int
        Smallest count of customers that may be shown.
    """

    metric: str
    practice: str
    practices: tuple[str, ...]
    currency: str
    frequency: str
    horizon: int
    anticipation: int
    outcomes: tuple[Outcome, ...]
    headline: str
    units: UnitPanel
    starts: pd.DataFrame
    own_names: tuple[str, ...] = ()
    compared_with: Compared = "not_yet"
    sponsors_by_lot: bool = False
    unmoved: str = ""
    reason: str = ""
    smallest_cell: int = 10

    @property
    def span(self) -> str:
        """Write the horizon: "12 months"."""
        return plural(self.horizon, self.frequency)

    @property
    def named(self) -> str:
        """Name what was rolled out: "the ride-along", "the programme"."""
        return f"the practice “{self.practice}”" if self.practice else "the programme"

    @property
    def n_treated(self) -> int:
        """Units that start within the data."""
        return int((self.starts["first_treated"] <= self.units.last_idx).sum())

    @property
    def drawn(self) -> bool:
        """Whether a lot was drawn which units take part: every unit in the panel has its arm."""
        return bool(len(self.starts)) and bool((self.starts["arm"] != "").all())

    @property
    def asks_sponsors(self) -> bool:
        """Whether claim C24 is declared: lots were drawn, and there are units with a sponsor and without."""
        told = self.starts.loc[self.starts["first_treated"].notna(), "sponsored"]
        usable = any(o.name == self.headline and not o.reason for o in self.outcomes)
        return self.sponsors_by_lot and not self.reason and usable and told.nunique() == 2

    def outcome(self, name: str = "") -> Outcome:
        """Return an outcome by its name, the headline's by default."""
        return next(o for o in self.outcomes if o.name == (name or self.headline))


def ask(
    inputs: Inputs,
    *,
    metric: str = "",
    outcome: str = "usual",
    practice: str = "",
    horizon: int = 0,
    anticipation: int = 0,
    compared_with: Compared = "not_yet",
    sponsors_by_lot: bool = False,
    unmoved: str = "",
) -> Question:
    """Fix the units, the cohort, the outcomes and the smallest effects before anything is fitted.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    metric : str
        Empty for the plan's first.
    outcome : str
        What the first sentence is about: ``usual`` is money where the data tell any, otherwise who leaves; or
        ``money``, ``exits``, ``score``, ``cost_to_serve``.
    practice : str
        Empty for all practices, each unit from its first.
    horizon : int
        Periods; 0 for the plan's.
    anticipation : int
        Periods before the start in which an effect may already be felt.
    compared_with : str
        Whose rows without treatment tell what a period brought: ``not_yet``, of units that start later and of those
        that never do; ``never``, of the latter alone.
    sponsors_by_lot : bool
        Whether lots were drawn which of the units that start have a leader behind it. Claim C24 is declared then.
    unmoved : str
        Reason for exits, as the data word it, that no programme can move: a placebo.

    Raises
    ------
    StudyError
        If the metric, the outcome, the comparison or the practice is unknown, or there is no panel or no table
        `programme`.
    """
    plan = inputs.plan
    if outcome not in HEADLINES:
        raise StudyError(f"There is no outcome '{outcome}'. {did_you_mean(outcome, HEADLINES)}")
    if compared_with not in COMPARED:
        raise StudyError(f"There is no comparison with '{compared_with}'. {did_you_mean(compared_with, COMPARED)}")
    if inputs.panel is None:
        raise StudyError("There is no panel: the plan has neither contracts nor purchases that can be used.")
    if "programme" not in inputs.tables:
        raise StudyError("There is no table 'programme': it tells which unit took up which practice when.")
    taken = unit_treatments(inputs.connection, inputs.tables["programme"], plan.period)
    shown = shown_practices(inputs, taken["practice"])
    if practice and practice not in shown:
        raise StudyError(f"No unit takes up a practice '{practice}'. {did_you_mean(practice, tuple(shown.values()))}")
    taken = taken.assign(practice=taken["practice"].map(shown))
    practice, practices = shown.get(practice, ""), tuple(sorted(set(shown.values())))
    own_names = tuple(sorted(own for own, name in shown.items() if name == practice or not practice))
    chosen = taken[taken["practice"] == practice] if practice else taken
    first = chosen["first_treated"].min()
    start = None if np.isnan(first) else int(first)
    answers = inputs.tables.get("responses")
    name = choose_metric(inputs, metric) if plan.metrics and answers is not None else ""
    units = unit_panel(
        inputs.connection,
        inputs.panel,
        answers,
        name,
        first_start=start,
        unmoved=unmoved,
        smallest=plan.privacy.smallest_cell,
    )
    periods = horizon or plan.horizon
    outcomes = outcomes_of(units, plan, name, periods, start) if not units.reason else ()
    asked = {"money": "margins or revenue", "exits": "exits", "score": "answers", "cost_to_serve": "costs to serve"}
    told = [o.name for o in outcomes]
    headline = outcome if outcome != "usual" else next(iter(told), "money")
    missing = "" if headline in told or units.reason else f"the data tell no {asked[headline]}"
    starts = starts_of(units, taken, practice)
    return Question(
        metric=name,
        practice=practice,
        practices=practices,
        currency=plan.currency,
        frequency=plan.period,
        horizon=periods,
        anticipation=anticipation,
        outcomes=outcomes,
        headline=headline,
        units=units,
        starts=starts,
        compared_with=compared_with,
        sponsors_by_lot=sponsors_by_lot,
        own_names=own_names,
        unmoved=unmoved,
        reason=units.reason or missing or nobody_left(starts, compared_with),
        smallest_cell=plan.privacy.smallest_cell,
    )


def frame_of(question: Question, name: str = "", *, whole: bool = False) -> pd.DataFrame:
    """Return the rows of an outcome, as roll-outs are fitted.

    Parameters
    ----------
    question : Question
        From :func:`ask`.
    name : str
        Name of the outcome; the headline's by default.
    whole : bool
        Keep treated rows beyond the horizon too.

    Returns
    -------
    pandas.DataFrame
        ``entity, period, first_treated, outcome, weight`` (customers of the unit's cohort), ``practice``,
        ``sponsored`` (yes, no, or missing), ``dose`` (0 where no practice runs).

    Notes
    -----
    Rows beyond the horizon are not in it, so that averages over treated rows are over the horizon; they would tell
    nothing of what untreated units do. Rows of a unit from the period on in which it takes up another practice are not
    in it either.
    """
    units = question.units
    rows = units.rows.assign(outcome=value_of(units.rows, name or question.headline))
    rows = rows.merge(question.starts, on="unit").merge(units.units[["unit", "n_customers"]], on="unit")
    since = rows["period"] - rows["first_treated"]
    running = (since >= 0) & ~(rows["period"] >= rows["ended"])
    told = (whole | ~(since >= question.horizon)) & ~(rows["period"] >= rows["until"])
    made = {
        "entity": rows["unit"],
        "period": rows["period"],
        "first_treated": rows["first_treated"],
        "outcome": rows["outcome"],
        "weight": rows["n_customers"].astype(float),
        "practice": rows["practice"].replace("", None),
        "sponsored": rows["sponsored"].map({1.0: "yes", 0.0: "no"}),
        "dose": rows["dose"].where(running, 0.0),
    }
    return pd.DataFrame(made)[told].reset_index(drop=True)


def declared_rows(question: Question, grades: dict[str, Grade]) -> dict[str, Declaration]:
    """Return every scalar that gets a verdict: one for each outcome that something is known of, and claim C24's.

    Parameters
    ----------
    question : Question
        From :func:`ask`.
    grades : dict of str to str
        Evidence grade by outcome.
    """
    told = [o for o in question.outcomes if not o.reason]
    level = headline_level(max(len(told) + question.asks_sponsors, 1))
    rows = {
        o.name: Declaration(
            theta=f"mean effect of {question.named} on {o.label} within {question.span} of the start, "
            f"per {question.frequency}{', sign turned' if o.sign < 0 else ''}",
            delta=o.delta,
            level=level,
            grade=grades.get(o.name, "C"),
        )
        for o in told
    }
    if question.asks_sponsors:
        of = question.outcome()
        rows[OF_SPONSORS] = Declaration(
            theta=f"effect of {question.named} on {of.label} in units with a sponsor less that in units without, "
            f"per {question.frequency}{', sign turned' if of.sign < 0 else ''}",
            delta=of.delta,
            level=level,
            grade=grades.get(OF_SPONSORS, "D"),
        )
    return rows


def first_day_words(day: date | None) -> str:
    """Write a day in words: "1 January 2022"."""
    return f"{day.day} {day:%B %Y}" if day else "no day"


def practices_words(question: Question) -> str:
    """Name the practices that were taken up."""
    return join_words([f"“{p}”" for p in question.practices])
