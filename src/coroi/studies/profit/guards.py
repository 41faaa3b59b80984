"""The guards of the study `profit`: the arrow that may run back, and the grade that they leave."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from coroi.results import Check, Grade
from coroi.studies.profit.parts import Parts
from coroi.studies.profit.question import Question

GUARDS = ("placebo_lead", "reverse", "memory")


def grade_of(checks: Sequence[Check]) -> Grade:
    """Return the grade that checks leave: C, or D where a guard against a self-deception did not hold.

    A check that could not be run counts as not held.
    """
    guards = [c for c in checks if c.name in GUARDS]
    return "C" if guards and all(c.passed for c in guards) else "D"


def checks_of(question: Question, parts: Parts) -> tuple[Check, ...]:
    """Say whether the arrow may run back, and join the checks of the parts.

    Parameters
    ----------
    question, parts
        What was asked, and the regressions.
    """
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
    return (lead, back, *parts.path.checks, *parts.arrow.checks, *parts.sides.checks, *parts.lasting.checks)


def _zero_check(name: str, tested: str, row: pd.Series, found: str, nothing: str, question: Question) -> Check:
    if not row["identified"]:
        return Check(name=name, tested=tested, passed=None, sentence=f"Not tested: {row['reason']}.")
    holds = bool(row["conf_low"] <= 0 <= row["conf_high"])
    said = (nothing if holds else found).format(f=question.frequency)
    numbers = f"estimate {row['estimate']:.3g}, interval {row['conf_low']:.3g} to {row['conf_high']:.3g}"
    return Check(name=name, tested=tested, passed=holds, sentence=f"{said[:-1]} ({numbers}).")
