"""The guards of the study `pilot`, written so that nobody can be counted out, and the grade that they leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from coroi.claims import Graded, graded
from coroi.report.privacy import fewer_than
from coroi.report.words import percent, plural
from coroi.results import Check, Grade, Result
from coroi.studies.pilot.parts import Parts, uncounted
from coroi.studies.pilot.question import CLAIM, Question

_OF_CELLS = ("overlap", "placebo")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guards:
    """What every guard found, and the grade that it leaves.

    Parameters
    ----------
    checks : Mapping of str to tuple of Check
        By outcome, and of claim C04.
    grades : Mapping of str to Graded
        By the same names.
    """

    checks: Mapping[str, tuple[Check, ...]] = field(default_factory=dict)
    grades: Mapping[str, Graded] = field(default_factory=dict)

    def letters(self) -> dict[str, Grade]:
        """Return the grades alone."""
        return {name: found.grade for name, found in self.grades.items()}


def run_guards(question: Question, parts: Parts) -> Guards:
    """Gather the checks of every effect, and grade it.

    Parameters
    ----------
    question, parts
        What was asked, and the regressions.
    """
    start: Grade = "A" if question.people.drawn else "D"
    found = dict(parts.effects)
    if question.asks_claim and "score" in parts.matched:
        found[CLAIM] = parts.matched["score"]
    checks = {name: _safe(question, result) for name, result in found.items()}
    return Guards(checks=checks, grades={name: graded(start, each) for name, each in checks.items()})


def shown_checks(question: Question, guards: Guards) -> tuple[Check, ...]:
    """Return the checks of the headline, and those of the cells of equal score that claim C04 rests on."""
    main = guards.checks.get(question.headline, ())
    cells = [c for c in guards.checks.get(CLAIM, ()) if c.name in _OF_CELLS]
    return (*main, *(replace(c, tested=f"claim {CLAIM}: {c.tested}") for c in cells))


def _safe(question: Question, result: Result) -> tuple[Check, ...]:
    """Drop the tables, which count single customers by score and period, and write few of them as few."""
    smallest = question.smallest_cell
    words = {"overlap": _overlap, "attrition": _attrition}
    safe = (
        replace(c, table=None, sentence=words[c.name](c, smallest) if c.name in words else uncounted(c.sentence))
        for c in result.checks
    )
    if question.people.source != "money":
        return tuple(safe)
    return tuple(replace(c, tested=_by_money(c.tested), sentence=_by_money(c.sentence)) for c in safe)


def _by_money(text: str) -> str:
    """Write of customers matched by their money what is written of answers that were followed up."""
    for word, other in (("answer", "customer"), ("were followed up", "were treated"), ("followed up", "treated")):
        text = text.replace(word, other)
    return text.replace("score and period", "tenth of money and period")


def _overlap(check: Check, smallest: int) -> str:
    """Say how many have a like; no count of few is shown, nor what would give one away."""
    assert check.table is not None
    whole = int(check.table["followed_up"].sum())
    n = int(check.table.loc[check.table["matched"], "followed_up"].sum())
    gone = whole - n
    like = "share score and period with two or more that were not"
    if whole < smallest:
        return f"{fewer_than(smallest).capitalize()} answers were followed up."
    if 0 < n < smallest or 0 < gone < smallest:
        side = "All but" if 0 < gone < smallest else "No more than"
        return f"{side} {fewer_than(smallest)} of {plural(whole, 'answer')} that were followed up {like}."
    return f"{n:,} of {plural(whole, 'answer')} that were followed up ({percent(n / whole)}) {like}."


def _attrition(check: Check, smallest: int) -> str:
    """Say whose outcomes are missing, few of them without their share."""
    assert check.table is not None
    gone = check.table["assigned"] - check.table["with outcome"]
    seen = check.table["with outcome"]
    if not (((gone > 0) & (gone < smallest)) | ((seen > 0) & (seen < smallest))).any():
        return check.sentence
    told = {True: "alike in both", False: "more often in one", None: "in a way that chance cannot be told from"}
    return f"In an arm, outcomes of {fewer_than(smallest)} customers are missing or known; {told[check.passed]}."
