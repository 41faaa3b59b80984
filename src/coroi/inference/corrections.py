"""The money between promoters and detractors, with any of four corrections on, and what each cluster moves it by."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from coroi.inference.influence import influence_covariance
from coroi.inference.linear import least_squares_of

SORTING, NON_RESPONSE, TO_MEAN, REVERSE = "sorting", "non_response", "regression_to_mean", "reverse_direction"
CORRECTIONS = (SORTING, NON_RESPONSE, TO_MEAN, REVERSE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """Answers with all that the corrections take.

    Parameters
    ----------
    outcome, score : ndarray, shape (n,)
        Money that came, and the answer.
    high, middle : ndarray of bool, shape (n,)
        Whether the answer is a promoter's, or neither a promoter's nor a detractor's.
    sorting, past : ndarray, shapes (n, p) and (n, q)
        What tells who customers are anyway, and the money before the answer; without columns where there is none.
    weight, earlier : ndarray, shape (n,), or None
        What an answer stands for, and an earlier answer of the same customer.
    cluster : ndarray of int, shape (n,)
        Codes from 0, without gaps.
    """

    outcome: np.ndarray
    score: np.ndarray
    high: np.ndarray
    middle: np.ndarray
    sorting: np.ndarray
    past: np.ndarray
    weight: np.ndarray | None
    earlier: np.ndarray | None
    cluster: np.ndarray

    def without(self, cluster: int) -> Answers:
        """Return the answers of all clusters but one."""
        rest = self.cluster != cluster
        return Answers(
            outcome=self.outcome[rest],
            score=self.score[rest],
            high=self.high[rest],
            middle=self.middle[rest],
            sorting=self.sorting[rest],
            past=self.past[rest],
            weight=None if self.weight is None else self.weight[rest],
            earlier=None if self.earlier is None else self.earlier[rest],
            cluster=np.unique(self.cluster[rest], return_inverse=True)[1],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Specification:
    """The figure with some of the corrections on.

    Parameters
    ----------
    estimate : float
        Money between promoters and detractors.
    gap : float
        Points of the score between them.
    per_point : float
        Money per point that lasts with regression to the mean on, per point answered with it off.
    bend : float
        Money of the middle band above the line from detractors to promoters; NaN without one.
    lasting_gap : float
        Points between the bands in their earlier answers; NaN without those.
    moved, gap_moved, per_point_moved, bend_moved, lasting_moved : ndarray, shape (n_clusters,)
        Influence of each cluster.
    strength : float
        F statistic of the earlier answer for the answer; NaN with regression to the mean off.
    """

    estimate: float
    gap: float
    per_point: float
    bend: float
    lasting_gap: float
    moved: np.ndarray
    gap_moved: np.ndarray
    per_point_moved: np.ndarray
    bend_moved: np.ndarray
    lasting_moved: np.ndarray
    strength: float


def specify(answers: Answers, on: Collection[str]) -> Specification | None:
    """Estimate the figure with some corrections on.

    Parameters
    ----------
    answers : Answers
    on : collection of str
        Of ``CORRECTIONS``.

    Returns
    -------
    Specification or None
        ``None`` where nothing of the bands, or of the earlier answer, is left beside what is held.

    Notes
    -----
    Without any, the mean outcome of promoters less that of detractors. Sorting and reverse direction hold columns in a
    linear regression on the bands; non-response weighs it. Regression to the mean leaves the gap G in points between
    the bands as it is and puts another price on a point: b / c, from regressions of the outcome and of the answer on an
    earlier answer, in place of the price at which answers themselves stand. Where an answer is what lasts and what
    passes, the passing parts of two answers are unrelated and the outcome is a line in what lasts, b / c is the slope
    of that line, while the plain figure holds the slope times what lasts of G, and whatever else goes with the moment
    of the answer. References: two measures of one thing: Durbin (1954), Review of the International Statistical
    Institute 22:23-32; Fuller (1987), Measurement Error Models, section 1.4.
    """
    weight = answers.weight if NON_RESPONSE in on else None
    held = [np.ones((len(answers.outcome), 1))]
    held += [answers.sorting] if SORTING in on else []
    held += [answers.past] if REVERSE in on else []
    beside = np.column_stack(held)
    targets = [answers.outcome, answers.score, *([] if answers.earlier is None else [answers.earlier])]
    bands = _last(answers.cluster, np.column_stack([beside, answers.middle, answers.high]), targets, weight)
    if bands is None:
        return None
    (contrast, gap, *again), (of_contrast, of_gap, *of_again) = bands[0][-1], bands[1][-1]
    bend, bend_moved = _bend(bands, bool(answers.middle.any()))
    if TO_MEAN not in on:
        price, of_price = contrast / gap, (of_contrast - contrast / gap * of_gap) / gap
        estimate, moved, strength = contrast, of_contrast, np.nan
    else:
        if answers.earlier is None:
            return None
        lasting = _last(answers.cluster, np.column_stack([beside, answers.earlier]), targets[:2], weight)
        if lasting is None:
            return None
        (b, c), (of_b, of_c) = lasting[0][-1], lasting[1][-1]
        price, of_price = b / c, (of_b - b / c * of_c) / c
        estimate, moved = gap * price, gap * of_price + price * of_gap
        variance = influence_covariance(of_c[:, None])[0, 0]
        strength = c**2 / variance if variance > 0 else np.inf
    return Specification(
        estimate=float(estimate),
        gap=float(gap),
        per_point=float(price),
        bend=bend,
        lasting_gap=float(again[0]) if again else float("nan"),
        moved=moved,
        gap_moved=of_gap,
        per_point_moved=of_price,
        bend_moved=bend_moved,
        lasting_moved=of_again[0] if again else np.full(len(of_gap), np.nan),
        strength=float(strength),
    )


Pair = tuple[list[np.ndarray], list[np.ndarray]]


def _last(cluster: np.ndarray, design: np.ndarray, targets: list[np.ndarray], weight: np.ndarray | None) -> Pair | None:
    """Return the last two coefficients for each target, shape (t,), and their influence, shape (t, n_clusters).

    Notes
    -----
    ``None`` where the last column is made up by those before it; zeros stand for the one before it if that is.
    """
    fits = least_squares_of(design, targets, weight)
    kept = fits[0].kept
    if not kept[-1]:
        return None
    both = [fit.influence(cluster) for fit in fits]
    coef, moved = [], []
    for back in (-2, -1):
        at, there = int(kept[: len(kept) + back].sum()), bool(kept[back])
        coef.append(np.array([fit.coef[back] if there else 0.0 for fit in fits]))
        moved.append(np.array([each[:, at] if there else np.zeros(len(each)) for each in both]))
    return coef, moved


def _bend(bands: Pair, middle: bool) -> tuple[float, np.ndarray]:
    """Return the middle band's money above the line between the others, and its influence."""
    (a, x), (b, g) = (each[:2] for each in bands[0])
    (of_a, of_x), (of_b, of_g) = (each[:2] for each in bands[1])
    slope = b / g
    found = float(a - slope * x) if middle else float("nan")
    return found, np.asarray(of_a - slope * of_x - x * (of_b - slope * of_g) / g)
