"""Whether units whose dose changes moved before as those that they are compared with, and stay the same units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coroi.inference.switching import Term, joint_zero
from coroi.inference.switching_paths import Asked
from coroi.results import Check


def switching_checks(asked: Sequence[Asked]) -> tuple[Check, ...]:
    """Test that units moved as those compared with before their dose changed and before it ended, and count them."""
    starts = [a.found for a in asked if a.term == "event_time" and int(a.keys.get("event_time", 0)) < 0]
    ends = [a.found for a in asked if a.term == "stopping" and int(a.keys.get("since_end", 0)) < 0]
    return (
        _leads("leads", "before their dose changed, units moved as those compared with", starts),
        _leads("leads of the end", "before their end, units moved as those that go on", ends),
        _composition(asked),
    )


def _leads(name: str, said: str, found: Sequence[Term | str]) -> Check:
    terms = [each for each in found if isinstance(each, Term)]
    tested = f"whether {said} (all leads zero, F)"
    if not terms:
        return Check(name=name, tested=tested, passed=None, sentence="Not tested: there is no lead to look at.")
    _, p = joint_zero(terms)
    if np.isnan(p):
        why = f"Not tested: {len(terms)} leads are too many for so few units."
        return Check(name=name, tested=tested, passed=None, sentence=why)
    differ = "tell no difference" if p >= 0.05 else "differ"
    sentence = f"Over {len(terms)} {'lead' if len(terms) == 1 else 'leads'} the two {differ} (p = {p:.3f})."
    return Check(name=name, tested=tested, passed=bool(p >= 0.05), sentence=sentence)


def _composition(asked: Sequence[Asked]) -> Check:
    counts = [
        each.found.n_units
        for each in asked
        if each.term == "event_time" and isinstance(each.found, Term) and int(each.keys["event_time"]) >= 0
    ]
    tested = "whether the same units are behind every time since the start"
    if not counts:
        sentence = "Not tested: there is no path since the start."
        return Check(name="composition", tested=tested, passed=None, sentence=sentence)
    alike = min(counts) == max(counts)
    said = f"{counts[0]} units are behind the first time since the start and {counts[-1]} behind the last"
    sentence = f"{said}." if alike else f"{said}: read the balanced path beside it."
    return Check(name="composition", tested=tested, passed=alike, sentence=sentence)
