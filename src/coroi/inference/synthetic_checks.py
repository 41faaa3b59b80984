"""What a synthetic control has to stand: a near fit, a start that never was, donors left out, periods shifted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.inference.conformal import conformal_set
from coroi.inference.donors import FEWEST_BEFORE, FewUnits
from coroi.inference.synthetic_placebos import Mixed, Placebos, mix_units, run_placebos
from coroi.results import Check

NEAR = 2.0
"""Fit before the start, in medians of the donors' fits, up to which a mix counts as near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What was tested, whether it passed, and in words."""

    tested: str
    passed: bool | None
    sentence: str

    def check(self, name: str) -> Check:
        """Return it as a check."""
        return Check(name=name, tested=self.tested, passed=self.passed, sentence=self.sentence)


def without_chance(few: FewUnits, placebos: Placebos) -> str:
    """Say that nothing tells how sure an answer is where units lie on their mixes; empty where some chance is left."""
    least = min(placebos.actual.fit, float(np.median(placebos.fit)))
    if least > 1e-12 * float(np.abs(few.outcome).max()):
        return ""
    return "units lie on their mixes without any chance, so nothing tells how sure the difference is"


def fit_words(few: FewUnits, placebos: Placebos, worst: float, *, intercept: bool) -> tuple[Check, str]:
    """Compare the fit before the start with the donors' own, and say why no answer is given where it is poor.

    Returns
    -------
    check : Check
    why : str
        Empty where the fit will do.
    """
    ratio = placebos.actual.fit / float(np.median(placebos.fit))
    own = few.outcome[: few.before, list(few.treated)]
    others = np.delete(few.outcome[: few.before], few.treated, axis=1)
    outside = (own > others.max(axis=1, keepdims=True)) | (own < others.min(axis=1, keepdims=True))
    share = float(outside.mean())
    said = f"Before the start the gap is {ratio:.2g} times that of a usual donor"
    place = f"the treated lie beyond all donors in {share:.0%} of periods before"
    passed = ratio <= NEAR
    sentence = f"{said}." if passed else f"{said}, and {place}."
    tested = f"whether the mix is near before the start (gap up to {NEAR:.0f} times a usual donor's)"
    found = Check(name="fit", tested=tested, passed=passed, sentence=sentence)
    if ratio <= worst:
        return found, ""
    way = "no mix of these donors follows it" if intercept else "compare changes instead of levels (intercept=True)"
    return found, f"no mix is near: before the start the gap is {ratio:.2g} times a usual donor's; {way}"


def in_time(few: FewUnits, *, intercept: bool, most: int, level: float) -> Tested:
    """Pretend that treatment began earlier, and see whether an effect is found where there is none."""
    tested = "whether an earlier start, which never was, shows no effect (placebos in space)"
    held = min(len(few.times) - few.before, few.before // 3)
    if held < 1 or few.before - held < FEWEST_BEFORE:
        why = f"Not tested: {few.before} periods before the start are too few to hold some back."
        return Tested(tested=tested, passed=None, sentence=why)
    early = run_placebos(few.outcome[: few.before], few.before - held, few.treated, intercept=intercept, most=most)
    if early.smallest_p > 1 - level + 1e-9:
        why = f"Not tested: with {few.outcome.shape[1]} units no p-value falls below {early.smallest_p:.2g}."
        return Tested(tested=tested, passed=None, sentence=why)
    gap = float(early.after.mean())
    p = early.p_value(gap, early.others.mean(axis=1))
    passed = p > 1 - level
    shows = "shows none" if passed else "shows one"
    words = f"{held} {'period' if held == 1 else 'periods'} earlier"
    sentence = f"A start {words}, which never was, {shows}: {gap:.3g} (p = {p:.3f}).".replace("-", "−")
    return Tested(tested=tested, passed=passed, sentence=sentence)


def left_out_donors(few: FewUnits, actual: Mixed, *, intercept: bool) -> Tested:
    """Leave out each donor that has a weight, one at a time."""
    tested = "whether the mean effect stays without any one donor (within half of it, or the fit)"
    whole = float(actual.gap[few.before :].mean())
    heavy = np.flatnonzero(actual.weights.max(axis=0) > 0.01)
    every = np.setdiff1d(np.arange(few.outcome.shape[1]), few.treated)
    found = []
    for donor in heavy:
        mixed = mix_units(few.outcome, few.before, few.treated, np.setdiff1d(every, [donor]), intercept=intercept)
        found.append(float(mixed.gap[few.before :].mean()))
    moved = max(abs(each - whole) for each in found)
    passed = moved <= max(abs(whole) / 2, actual.fit)
    number = f"any one of {len(found)} donors" if len(found) > 1 else "the one donor"
    sentence = f"Without {number} the mean effect lies between {min(found):.3g} and {max(found):.3g}; with all it is "
    return Tested(tested=tested, passed=bool(passed), sentence=f"{sentence}{whole:.3g}.".replace("-", "−"))


def conformal_sets(
    few: FewUnits, gaps: np.ndarray, fit: float, level: float, *, intercept: bool
) -> list[tuple[float, float]]:
    """Return the set by shifting periods for each period since the start, and for the same effect in all of them."""
    target = few.outcome[:, list(few.treated)].mean(axis=1)
    donors = np.delete(few.outcome, few.treated, axis=1)
    step = max(fit, 1e-9 * float(np.abs(target).max()))
    early, sets = np.arange(few.before), []
    for at, gap in enumerate(gaps):
        late = np.arange(few.before, len(target))
        late = late if at == len(gaps) - 1 else late[at : at + 1]
        rows = np.concatenate([early, late])
        sets.append(conformal_set(target[rows], donors[rows], len(late), gap, step, intercept=intercept, level=level))
    return sets
