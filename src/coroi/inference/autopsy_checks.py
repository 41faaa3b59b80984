"""What a figure's corrections rest on: who is left, what weights cost, how alike bands are, what answers before say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from coroi.inference.autopsy_rows import AutopsyRows
from coroi.inference.corrections import CORRECTIONS, TO_MEAN, Answers, specify
from coroi.inference.influence import influence_row
from coroi.inference.leverage import influence_check
from coroi.inference.overlap import weight_checks
from coroi.inference.variants import figure
from coroi.results import Check

ENOUGH_CLUSTERS = 30
MOST_APART = 0.25  # standard deviations
STRONG_F = 104.7
WORDS = {
    "sorting": "sorting",
    "non_response": "non-response",
    "regression_to_mean": "regression to the mean",
    "reverse_direction": "reverse direction",
}


def autopsy_checks(found: AutopsyRows, estimates: pd.DataFrame, level: float) -> tuple[Check, ...]:
    """Check what the corrections rest on.

    Parameters
    ----------
    found : AutopsyRows
    estimates : pandas.DataFrame
        From :func:`coroi.inference.autopsy_terms.autopsy_terms`.
    level : float
        Of the intervals.

    Notes
    -----
    The limits are conventions. References: columns a quarter of a standard deviation apart: Imbens and Rubin (2015),
    Causal Inference, section 14.2; an F of 104.7, from which on a t interval at 95 % holds whatever the correlation:
    Lee, McCrary, Moreira and Porter (2022), American Economic Review 112:3260-3290.
    """
    return (
        _all_made(found),
        _both_bands(found),
        _same_rows(found, estimates),
        *(_weights(found.answers) if found.specifications else ()),
        _overlap(found),
        _second_answers(found),
        _straight_line(found, level),
        *_most_influential(found, estimates),
    )


def _all_made(found: AutopsyRows) -> Check:
    missing = [f"{WORDS[c]} ({found.refused[c]})" for c in found.asked if c in found.refused]
    missing += [f"{WORDS[c]} (not asked for)" for c in CORRECTIONS if c not in found.asked]
    said = "All four corrections were made." if not missing else f"Not corrected for: {'; '.join(missing)}."
    if found.reason:
        said = f"No correction was made: {found.reason}."
    passed = not missing and not found.reason
    tested = "whether sorting, non-response, regression to the mean and reverse direction were all corrected for"
    return Check(name="all_corrections", tested=tested, passed=passed, sentence=said)


def _both_bands(found: AutopsyRows) -> Check:
    high, low = found.band_clusters
    said = f"Promoters' answers come from {high:,} clusters, detractors' from {low:,}."
    return Check(
        name="both_bands",
        tested=f"whether either band has answers from {ENOUGH_CLUSTERS} clusters or more",
        passed=min(high, low) >= ENOUGH_CLUSTERS,
        sentence=said,
    )


def _same_rows(found: AutopsyRows, estimates: pd.DataFrame) -> Check:
    """Say whether answers that lack what a correction takes change the figure."""
    name, tested = "same_rows", "whether the figure is the same on the answers that have what the corrections take"
    if found.reason:
        return Check(name=name, tested=tested, passed=None, sentence=f"This cannot be told: {found.reason}.")
    rows = estimates[(estimates["term"] == "step") & (estimates["correction"] == "rows")]
    if rows.empty:
        return Check(name=name, tested=tested, passed=True, sentence="Every answer has what the corrections take.")
    row, left = rows.iloc[0], found.n_all - len(found.answers.outcome)
    said = (
        f"{left:,} of {found.n_all:,} answers lack what the corrections take; without them the figure differs by "
        f"{figure(row['estimate'])} ({figure(row['conf_low'])} to {figure(row['conf_high'])})."
    )
    return Check(name=name, tested=tested, passed=bool(row["conf_low"] <= 0 <= row["conf_high"]), sentence=said)


def _weights(answers: Answers) -> Iterator[Check]:
    weight = answers.weight
    if weight is not None:
        size = float(weight.sum() ** 2 / (weight @ weight) / len(weight))
        yield from weight_checks(size, float(np.bincount(answers.cluster, weight).max() / weight.sum()))


def _overlap(found: AutopsyRows) -> Check:
    """Say how far promoters and detractors are apart in what is held."""
    name = "overlap"
    tested = f"whether promoters and detractors are within {MOST_APART:g} standard deviations in each column held"
    answers = found.answers
    held = np.column_stack([answers.sorting, answers.past])
    if found.reason or not held.shape[1]:
        why = found.reason or "no column is held"
        return Check(name=name, tested=tested, passed=None, sentence=f"This cannot be told: {why}.")
    low = ~answers.high & ~answers.middle
    spread = np.sqrt((held[answers.high].var(axis=0) + held[low].var(axis=0)) / 2)
    gap = np.abs(held[answers.high].mean(axis=0) - held[low].mean(axis=0))
    most = float(np.divide(gap, spread, out=np.where(gap > 0, np.inf, 0.0), where=spread > 0).max())
    passed = most <= MOST_APART
    said = f"In what is held, promoters and detractors are at most {most:.2f} standard deviations apart"
    said += "." if passed else ", so that a straight line bridges what few customers share."
    return Check(name=name, tested=tested, passed=passed, sentence=said)


def _second_answers(found: AutopsyRows) -> Check:
    name, tested = "second_answers", "whether the earlier answer tells enough of this one for its interval to hold"
    known = [each.strength for each in found.specifications if np.isfinite(each.strength)]
    if not known:
        why = found.refused.get(TO_MEAN) or found.reason or "regression to the mean is not asked for"
        return Check(name=name, tested=tested, passed=None, sentence=f"This cannot be told: {why}.")
    said = f"The F statistic of the earlier answer for this one is {figure(min(known))} where it is smallest."
    return Check(name=name, tested=tested, passed=min(known) >= STRONG_F, sentence=said)


def _straight_line(found: AutopsyRows, level: float) -> Check:
    """Say how far the middle band lies off the line from detractors to promoters."""
    name, tested = "straight_line", "whether the middle band lies on the line from detractors to promoters"
    on = tuple(c for c in found.active if c != TO_MEAN)
    each = None if found.reason else specify(found.answers, on)
    if each is None or not np.isfinite(each.bend):
        why = found.reason or "there is no band between promoters and detractors"
        return Check(name=name, tested=tested, passed=None, sentence=f"This cannot be told: {why}.")
    row = influence_row(each.bend, each.bend_moved, level)
    said = (
        f"The middle band lies {figure(each.bend)} above the line from detractors to promoters "
        f"({figure(row['conf_low'])} to {figure(row['conf_high'])})."
    )
    return Check(name=name, tested=tested, passed=bool(row["conf_low"] <= 0 <= row["conf_high"]), sentence=said)


def _most_influential(found: AutopsyRows, estimates: pd.DataFrame) -> Iterator[Check]:
    if not found.specifications or not found.active:
        return
    row = estimates[estimates["term"] == "defensible"].iloc[0]
    most = int(np.abs(found.specifications[-1].moved).argmax())
    rest = specify(found.answers.without(most), found.active)
    without = float("nan") if rest is None else rest.estimate
    yield influence_check(row["estimate"], row["std_error"], without, what="the defensible figure")
