"""What the counts of scores give away: codes inside a scale, two scales in one, another scale in some waves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

USUAL = ((1.0, 5.0), (1.0, 7.0), (0.0, 10.0), (1.0, 10.0), (0.0, 100.0), (1.0, 4.0), (1.0, 3.0), (1.0, 6.0), (1.0, 9.0))
CODES = (0.0, 6.0, 8.0, 9.0, 11.0, 77.0, 88.0, 97.0, 98.0, 99.0, 999.0, -1.0, -9.0, -99.0, -999.0)
FAR_CODES = tuple(code for code in CODES if code < 0 or code > 70)
FACTORS = (2.0, 10.0, 20.0, 100.0)
SHORTER = 0.75  # of a scale's upper end: where another scale, not a poor wave, would stop
FEW = 30  # answers of a wave below which its ends tell nothing
BY_CHANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Suspect:
    """A value that may be no answer.

    Parameters
    ----------
    value : float
        The score.
    n : int
        How often it stands.
    why : str
        In words.
    """

    value: float
    n: int
    why: str


def suspect_codes(counts: pd.DataFrame, scale: tuple[float, float]) -> list[Suspect]:
    """Find values inside a declared scale that look like codes for no answer.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``score`` and ``n``; whole numbers.
    scale : tuple of float
        The ends that the plan declares.

    Returns
    -------
    list of Suspect

    Notes
    -----
    Two traces. The declared scale is a usual one with a code's value at an end (0 to 5, 1 to 6, 0 to 6, 0 to 11). Or a
    code's value below zero or from 77 on stands apart: no answer on the two whole numbers on either side of it, while
    it has at least a tenth as many as the largest count.
    """
    whole = counts[counts["score"] == counts["score"].round()]
    n_of = dict(zip(whole["score"].astype(float), whole["n"].astype(int), strict=True))
    found = [Suspect(v, n_of[v], why) for v, why in _beyond_usual(scale) if n_of.get(v)]
    known = {s.value for s in found}
    most = max(n_of.values(), default=0)
    for code in (c for c in CODES if c in FAR_CODES):
        inside = scale[0] <= code <= scale[1] and code in n_of and code not in known
        if inside and n_of[code] >= most / 10 and _apart(code, n_of):
            found.append(Suspect(code, n_of[code], "no answer lies next to it, and many on it"))
    return found


def mixed_factor(counts: pd.DataFrame, scale: tuple[float, float]) -> float | None:
    """Tell whether scores off a scale are those of the same scale times a factor: two scales in one column.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``score`` and ``n``, all scores as given.
    scale : tuple of float
        The ends that the plan declares.

    Returns
    -------
    float or None
        The factor (2, 10, 20, 100), where at least two scores lie off the scale, usual codes for no answer aside, and
        all of them are whole numbers on the scale once divided by it.
    """
    off = counts[~counts["score"].between(*scale) & ~counts["score"].isin(FAR_CODES)]
    if off["n"].sum() < 2 or (off["score"] < scale[0]).any():
        return None
    for factor in FACTORS:
        divided = off["score"] / factor
        if (divided == divided.round()).all() and divided.between(*scale).all():
            return factor
    return None


def drifted_waves(counts: pd.DataFrame, scale: tuple[float, float]) -> list[str]:
    """Find waves whose answers stop at the upper end of a shorter scale while those of the others do not.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``wave`` (text), ``score`` and ``n``, scores on the declared scale.
    scale : tuple of float
        The ends that the plan declares.

    Returns
    -------
    list of str
        Waves of at least 30 answers without any above the end of a usual shorter scale (1–5 within 0–10, 0–10 within
        0–100), where that would come by chance less often than once in a million.
    """
    shorter = sorted(end for low, end in USUAL if end <= SHORTER * scale[1] and low >= scale[0])
    sizes = counts.groupby("wave")["n"].sum()
    found: list[str] = []
    for end in shorter:
        above = counts[counts["score"] > end].groupby("wave")["n"].sum().reindex(sizes.index, fill_value=0)
        for wave in sizes.index[(above == 0) & (sizes >= FEW)]:
            rest, rest_above = sizes.drop(wave).sum(), above.drop(wave).sum()
            if wave not in found and rest >= FEW and rest_above:
                chance = stats.binom.pmf(0, int(sizes[wave]), rest_above / rest)
                if chance < BY_CHANCE:
                    found.append(str(wave))
    return sorted(found)


def reversed_items(answers: pd.DataFrame, better: Sequence[bool]) -> list[str]:
    """Find items that run against all the others.

    Parameters
    ----------
    answers : pandas.DataFrame
        One row a respondent, one column an item; missing answers allowed.
    better : sequence of bool
        Whether a high answer is the good one, by item, as declared.

    Returns
    -------
    list of str
        Items whose rank correlation with the mean of the others, all turned so that high is good, is below zero beyond
        chance (one in a million), among at least three items; of two items it cannot be told which is the odd one.
    """
    if answers.shape[1] < 3:
        return []
    turned = answers.astype(float) * np.where(np.asarray(better, dtype=bool), 1.0, -1.0)
    scores = (turned - turned.mean()) / turned.std(ddof=0).replace(0.0, np.nan)
    signs = _agreeing_signs(scores)
    return [str(c) for c, sign in zip(answers.columns, signs, strict=True) if sign < 0]


def _agreeing_signs(scores: pd.DataFrame) -> np.ndarray:
    """Return the sign of each item against the rest: turned one at a time, the worst first, while beyond chance."""
    signs = np.ones(scores.shape[1])
    for _ in range(scores.shape[1] // 2):
        rows = [_against_rest(scores * signs, i) for i in range(scores.shape[1])]
        worst = int(np.argmin([r for r, _ in rows]))
        if rows[worst][0] >= 0 or rows[worst][1] > BY_CHANCE or signs[worst] < 0:
            break
        signs[worst] = -1.0
    return signs


def _against_rest(scores: pd.DataFrame, at: int) -> tuple[float, float]:
    rest = scores.drop(columns=scores.columns[at]).mean(axis=1)
    both = scores.iloc[:, at].notna() & rest.notna()
    if both.sum() < FEW or scores.iloc[:, at][both].nunique() < 2 or rest[both].nunique() < 2:
        return 0.0, 1.0
    found = stats.spearmanr(scores.iloc[:, at][both], rest[both])
    return float(found.statistic), float(found.pvalue)


def _beyond_usual(scale: tuple[float, float]) -> list[tuple[float, str]]:
    """Return the ends that a declared scale has beyond a usual one, with the reason."""
    if scale in USUAL:
        return []
    for low, high in USUAL:
        extra = [v for v, usual in zip(scale, (low, high), strict=True) if v != usual]
        near = abs(scale[0] - low) <= 1 and abs(scale[1] - high) <= 1
        if near and all(v in CODES for v in extra) and scale[0] <= low and scale[1] >= high:
            return [(v, f"scales usually run from {low:g} to {high:g}") for v in extra]
    return []


def _apart(code: float, n_of: dict[float, int]) -> bool:
    """Whether the two whole numbers on either side of a value have no answers."""
    return not any(n_of.get(code + step) for step in (-2.0, -1.0, 1.0, 2.0))
