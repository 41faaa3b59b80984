"""What the study `pilot` asks, declared before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass

from coroi.claims import Declaration, headline_level
from coroi.errors import StudyError, did_you_mean
from coroi.report.words import plural
from coroi.results import Grade
from coroi.studies.inputs import Inputs
from coroi.studies.pilot.outcomes import NAMES, Outcome, outcomes_of
from coroi.studies.pilot.people import People, people_of

HEADLINES = ("usual", *NAMES)
CLAIM = "C04"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What is asked, fixed before the fit.

    Parameters
    ----------
    people : People
        Who is compared with whom.
    outcomes : tuple of Outcome
        What may be moved; each gets a verdict.
    headline : str
        Name of the one that the page's first sentence is about.
    currency, frequency : str
        ISO 4217 code; length of a period.
    horizon : int
        Periods that customers are followed for; a snapshot does not tell it.
    reason : str
        Why nothing can be estimated; empty where something may.
    smallest_cell : int
        Smallest count of customers that may be shown.
    """

    people: People
    outcomes: tuple[Outcome, ...]
    headline: str
    currency: str
    frequency: str
    horizon: int
    reason: str = ""
    smallest_cell: int = 10

    @property
    def named(self) -> str:
        """Name what was tried: "the practice “follow-up”", "the treatment"."""
        return f"the practice “{self.people.practice}”" if self.people.practice else "the treatment"

    @property
    def within(self) -> str:
        """Write by when outcomes are looked at: "within 12 months"."""
        if self.people.each != "customer":
            return "in the trial"
        if self.people.source == "snapshot":
            return "by the snapshot's date"
        return f"within {self.span}"

    @property
    def told(self) -> tuple[Outcome, ...]:
        """Outcomes that something may be told of."""
        return () if self.reason else tuple(o for o in self.outcomes if not o.reason)

    @property
    def slide(self) -> str:
        """Name the outcome that is known from before too: the score after answers, else money."""
        return {"answers": "score", "money": "money"}.get(self.people.source, "")

    @property
    def alike(self) -> str:
        """Write what customers are matched by: "the same score in the same month"."""
        what = "score" if self.people.source == "answers" else f"tenth of money over {self.span} before,"
        return f"the same {what} in the same {self.frequency}"

    @property
    def span(self) -> str:
        """Write the horizon: "12 months"."""
        return plural(self.horizon, self.frequency)

    @property
    def asks_claim(self) -> bool:
        """Whether claim C04 is declared on its own: where lots were drawn it has another scalar than the outcome."""
        return self.people.source == "answers" and self.people.drawn and any(o.name == "score" for o in self.told)

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
    each: str = "customer",
) -> Question:
    """Fix who is compared, the outcomes and the smallest effects before anything is fitted.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    metric : str
        Metric of the answers that follow-ups are triggered by; empty for the plan's first. In a snapshot the metric
        that is an outcome, answered after the lots were drawn; empty for none.
    outcome : str
        What the first sentence is about: ``usual`` is money where the data tell any, otherwise who stays; or
        ``money``, ``staying``, ``score``.
    practice : str
        Empty for that of most customers.
    horizon : int
        Periods; 0 for the plan's.
    each : str
        What one row of a snapshot is where it is no customer: ``day`` of a shop, ``visit``. Money is what a row brings
        then, not what it brings a month.

    Raises
    ------
    StudyError
        If the metric, the outcome or the practice is unknown, or nothing tells who took part.
    """
    plan = inputs.plan
    if outcome not in HEADLINES:
        raise StudyError(f"There is no outcome '{outcome}'. {did_you_mean(outcome, HEADLINES)}")
    periods = horizon or plan.horizon
    people = people_of(inputs, metric=metric, practice=practice, horizon=periods, each=each)
    outcomes = () if people.reason else outcomes_of(people, plan, people.metric)
    names = [o.name for o in outcomes]
    usable = [o.name for o in outcomes if not o.reason]
    headline = outcome if outcome != "usual" else next(iter(usable or names), "money")
    missing = "" if headline in names else f"the data tell no {'later score' if headline == 'score' else headline}"
    return Question(
        people=people,
        outcomes=outcomes,
        headline=headline,
        currency=plan.currency,
        frequency=plan.period,
        horizon=periods,
        reason=people.reason or missing,
        smallest_cell=plan.privacy.smallest_cell,
    )


def declared_rows(question: Question, grades: dict[str, Grade]) -> dict[str, Declaration]:
    """Return every scalar that gets a verdict: one for each outcome, and claim C04 where its scalar is another one.

    Parameters
    ----------
    question : Question
        From :func:`ask`.
    grades : dict of str to str
        Evidence grade by name.
    """
    level = declared_level(question)
    rows = {o.name: _declared(question, o, level, grades.get(o.name, "D")) for o in question.told}
    if question.asks_claim:
        rows[CLAIM] = Declaration(
            theta=f"{question.outcome('score').label} of customers followed up, less that of customers with "
            f"{question.alike} who were not"
            f"{', sign turned' if question.outcome('score').sign < 0 else ''}",
            delta=question.outcome("score").delta,
            level=level,
            grade=grades.get(CLAIM, "D"),
        )
    return rows


def declared_level(question: Question) -> float:
    """Return the level that verdicts are given at."""
    return headline_level(max(len(question.told) + question.asks_claim, 1))


def _declared(question: Question, outcome: Outcome, level: float, grade: Grade) -> Declaration:
    turned = ", sign turned" if outcome.sign < 0 else ""
    theta = f"mean effect of {question.named} on {outcome.label} {question.within}{turned}"
    return Declaration(theta=theta, delta=outcome.delta, level=level, grade=grade)
