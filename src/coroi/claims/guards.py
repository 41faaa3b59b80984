"""What each guard of a roll-out or a trial does to the evidence grade when it does not hold: written once, here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from coroi.claims.verdict import Declaration, label_of
from coroi.errors import CoroiError, did_you_mean
from coroi.results import Check, Grade

_ORDER: tuple[Grade, ...] = ("A", "B", "C", "D")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A diagnostic that a grade rests on.

    Parameters
    ----------
    name : str
        Of its check.
    lowers_to : str
        The best grade that is left where it failed.
    unrun : str
        The best grade that is left where it is needed and was not run.
    needed_for : tuple of str
        Grades that it has to be run and passed for; one that was not run counts as failed.
    bears_on : tuple of str
        Grades that it lowers where it was run and failed, without being needed for them.
    may_be_idle : bool
        Whether a study may say that it does not apply.
    means : str
        What its failure means, in words.
    """

    name: str
    lowers_to: Grade
    unrun: Grade = "C"
    needed_for: tuple[Grade, ...] = ("B",)
    bears_on: tuple[Grade, ...] = ()
    may_be_idle: bool = False
    means: str


GUARDS: tuple[Guard, ...] = (
    Guard(
        name="sample_ratio",
        lowers_to="D",
        unrun="D",
        needed_for=("A",),
        means="the arms are not as large as the lot would have made them, so that who is compared was not left to it",
    ),
    Guard(
        name="attrition",
        lowers_to="D",
        unrun="D",
        needed_for=("A",),
        means="outcomes are missing in one arm more often than in another",
    ),
    Guard(
        name="balance",
        lowers_to="D",
        needed_for=(),
        bears_on=("A",),
        means="what was known before lies further apart in the arms than lots put it",
    ),
    Guard(name="pretrend", lowers_to="C", means="paths went apart before the start"),
    Guard(
        name="trend_bounds", lowers_to="C", means="the verdict rests on trends being more alike than before the start"
    ),
    Guard(name="placebo_dates", lowers_to="C", means="the method finds effects at dates when nothing happened"),
    Guard(name="placebo_outcomes", lowers_to="C", means="outcomes that cannot have been moved moved as well"),
    Guard(
        name="composition",
        lowers_to="C",
        bears_on=("A",),
        means="different units stand behind different points of the path",
    ),
    Guard(
        name="regression_to_mean",
        lowers_to="D",
        bears_on=("C",),
        means="units were treated in an unusual moment, and would have come back by themselves",
    ),
    Guard(name="spillover", lowers_to="C", bears_on=("A",), means="units without the programme are touched by it"),
    Guard(
        name="omitted",
        lowers_to="C",
        means="something left out, no stronger than what is known, would be enough to explain the effect",
    ),
    Guard(
        name="ledger",
        lowers_to="D",
        needed_for=(),
        bears_on=("A", "B"),
        means="the lines of money claim more than the money of everybody in the units shows",
    ),
    Guard(
        name="evalue",
        lowers_to="C",
        may_be_idle=True,
        means="something left out, no stronger than what is known, would be enough to explain the ratio",
    ),
)
_BY_NAME = {guard.name: guard for guard in GUARDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """An evidence grade, and why it is no better.

    Parameters
    ----------
    grade : str
        What is left.
    start : str
        The best that the design allows.
    reasons : tuple of str
        One for each guard that did not hold, in words.
    """

    grade: Grade
    start: Grade
    reasons: tuple[str, ...] = ()

    def words(self) -> str:
        """Say the grade and what lowered it: "C instead of B: …"."""
        if not self.reasons:
            return f"{self.grade}: every guard that it needs was run and held."
        kept = f"{self.grade} instead of {self.start}" if self.grade != self.start else str(self.grade)
        return f"{kept}: {'; '.join(self.reasons)}."


def graded(start: Grade, checks: Sequence[Check], *, idle: Mapping[str, str] | None = None) -> Graded:
    """Lower the grade of a design by its guards.

    Parameters
    ----------
    start : str
        The best that the design allows: A where treatment was drawn by lot, B for a roll-out with others to compare
        with, C for units over time, D otherwise.
    checks : sequence of Check
        Those that are no guard are left aside.
    idle : Mapping of str to str
        Guards that do not apply, with the reason: the effect is no ratio.

    Returns
    -------
    Graded

    Raises
    ------
    CoroiError
        If the grade is not one of a causal row, a guard is there twice, or one is called idle that may not be.
    """
    if start not in _ORDER:
        raise CoroiError(f"Guards are for causal grades, {', '.join(_ORDER)}, not for {start}.")
    idle = idle or {}
    for name in idle:
        if name not in _BY_NAME or not _BY_NAME[name].may_be_idle:
            may = [guard.name for guard in GUARDS if guard.may_be_idle]
            raise CoroiError(f"The guard '{name}' cannot be called idle. {did_you_mean(name, may)}")
    found: dict[str, bool | None] = {}
    for check in checks:
        if check.name in found and check.name in _BY_NAME:
            raise CoroiError(f"The guard '{check.name}' stands twice among the checks.")
        found[check.name] = check.passed
    lowest, reasons = start, []
    for guard in GUARDS:
        passed = found.get(guard.name)
        missing = passed is None and start in guard.needed_for and guard.name not in idle
        failed = passed is False and start in (*guard.needed_for, *guard.bears_on)
        if missing or failed:
            left = guard.lowers_to if failed else guard.unrun
            lowest = max(lowest, left, key=_ORDER.index)
            reasons.append(guard.means if failed else f"the guard '{guard.name}' could not be run")
    return Graded(grade=lowest, start=start, reasons=tuple(reasons))


def judged_by(declared: Declaration) -> Callable[[float, float], str]:
    """Return the rule that turns an interval into the declared claim's verdict, for bounds that it has to survive."""

    def judged(low: float, high: float) -> str:
        return label_of(low, high, declared.delta, grade="B")

    return judged
