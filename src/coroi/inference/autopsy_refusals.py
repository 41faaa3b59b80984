"""Which corrections of a figure some answers can bear, and why not the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.inference.corrections import (
    CORRECTIONS,
    NON_RESPONSE,
    REVERSE,
    SORTING,
    TO_MEAN,
    Answers,
    Specification,
)

LEAST_CLUSTERS = 10
LEAST_F = 10.0
_MISSING = {
    SORTING: "no column is named that tells who customers are anyway",
    NON_RESPONSE: "no column is named that tells what an answer stands for",
    TO_MEAN: "no column is named with an earlier answer of the same customer",
    REVERSE: "no column is named with the money before the answer",
}
_WHAT = {
    SORTING: "all that tells who customers are anyway",
    NON_RESPONSE: "a weight",
    TO_MEAN: "an earlier answer",
    REVERSE: "money before them",
}
_FEW = f"fewer than {LEAST_CLUSTERS} clusters have answers of promoters, or of detractors"
_ALIKE = {
    SORTING: "what tells who customers are is alike for all",
    NON_RESPONSE: "all weights are alike, so that there is nothing to weigh",
    TO_MEAN: "the earlier answer is alike for all",
    REVERSE: "the money before the answer is alike for all",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AutopsyColumns:
    """Columns of the figure and its corrections, and where promoters start and detractors end."""

    outcome: str
    metric: str
    high: float
    low: float
    controls: tuple[str, ...]
    weight: str | None
    earlier: str | None
    past: tuple[str, ...]

    def needs(self, correction: str) -> tuple[str, ...]:
        """Return the columns that a correction takes."""
        one = {NON_RESPONSE: self.weight, TO_MEAN: self.earlier}.get(correction)
        more = {SORTING: self.controls, REVERSE: self.past}.get(correction, ())
        return (one,) if one else more


def hindrance(correction: str, names: AutopsyColumns, present: np.ndarray, least_share: float) -> str:
    """Say why a correction cannot be tried, given which answers have what it takes; empty where it can."""
    if not names.needs(correction):
        return _MISSING[correction]
    share = float(present.mean())
    if share < least_share:
        return (
            f"{100 * share:.0f}\u00a0% of the answers have {_WHAT[correction]}, and {100 * least_share:.0f}\u00a0% "
            "are asked for"
        )
    return ""


def band_clusters(answers: Answers) -> tuple[int, int]:
    """Return the clusters with a promoter's answer, and those with a detractor's."""
    low = ~answers.high & ~answers.middle
    return int(np.unique(answers.cluster[answers.high]).size), int(np.unique(answers.cluster[low]).size)


def too_few(answers: Answers) -> str:
    """Say that a band is too small to compare; empty where neither is."""
    return _FEW if min(band_clusters(answers)) < LEAST_CLUSTERS else ""


def no_variation(outcome: np.ndarray) -> str:
    """Say that the outcome tells nothing; empty where it varies."""
    return "" if np.ptp(outcome) > 0 else "the outcome is alike for all"


def impossible(answers: Answers, active: tuple[str, ...]) -> dict[str, str]:
    """Return why corrections that have their columns are not possible before any is fitted; empty where all may be."""
    told = {
        SORTING: answers.sorting.shape[1] > 0,
        NON_RESPONSE: answers.weight is not None and np.ptp(answers.weight) > 0,
        TO_MEAN: answers.earlier is not None and np.ptp(answers.earlier) > 0,
        REVERSE: answers.past.shape[1] > 0,
    }
    alike = {c: _ALIKE[c] for c in active if not told[c]}
    n_columns, n_clusters = answers.sorting.shape[1] + answers.past.shape[1] + 3, int(answers.cluster.max()) + 1
    if alike or n_columns < n_clusters:
        return alike
    larger = SORTING if answers.sorting.shape[1] >= answers.past.shape[1] else REVERSE
    return {larger: f"{n_clusters} clusters are too few to hold {n_columns} columns"}


def unfitted(found: dict[frozenset[str], Specification | None]) -> dict[str, str]:
    """Return why a correction has to go, by what could not be fitted with it or is too weak; empty where none has to.

    Parameters
    ----------
    found : dict
        Specification by the corrections that are on, ``None`` where it could not be fitted; smaller sets first.
    """
    for on in sorted((on for on, each in found.items() if each is None and TO_MEAN not in on), key=len):
        last = max(on, key=CORRECTIONS.index)
        beside = "" if len(on) == 1 else "with other corrections, "
        return {last: f"{beside}{_WHAT[last]} leaves nothing that parts promoters from detractors"}
    weakest = min(
        (0.0 if each is None else each.strength for on, each in found.items() if TO_MEAN in on), default=np.inf
    )
    if weakest >= LEAST_F:
        return {}
    why = f"the earlier answer tells too little of this one (F {weakest:.1f}, and {LEAST_F:.0f} is asked for)"
    return {TO_MEAN: why}
