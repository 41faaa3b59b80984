"""What simulated pilots draw from: kinds of customers with their shares, and their outcomes at each size of effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_ROWS = 4_000  # a draw of so many customers stands for more of them, where every one has an outcome of their own


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Kinds of customers (or units) that a pilot is drawn from, with replacement.

    Parameters
    ----------
    share : numpy.ndarray
        Share of each kind, shape (n_rows,); sums to 1.
    outcome : numpy.ndarray
        Outcome by size of effect, row and step, shape (n_effects, n_rows, n_steps); the first effect is none.
    counted : numpy.ndarray
        Weight of the row in the step's mean, shape (n_rows, n_steps): 1 or 0 for customers (0: no answer), the
        number of customers for units. Where it is 0 the outcome is 0.
    earlier : numpy.ndarray or None
        What was known before, less its mean, shape (n_rows,); it only makes estimates more precise.
    """

    share: np.ndarray
    outcome: np.ndarray
    counted: np.ndarray
    earlier: np.ndarray | None = None


def share_rows(event: np.ndarray, lengths: Sequence[int], effects: np.ndarray, *, good: bool) -> Rows:
    """Return kinds of customers whose outcome is a share: by the step of their event and by the effect it takes.

    Parameters
    ----------
    event : numpy.ndarray
        Step of each customer's event, −1 without one.
    lengths : sequence of int
        Periods of each step.
    effects : numpy.ndarray
        Rises of the share over all steps, rising from 0, at most the share that could still be won.
    good : bool
        Whether the event is wanted (a purchase) or not (an exit).

    Notes
    -----
    An effect e wins over each lost customer with probability e / (share lost): an exit does not happen, or a
    customer who would not have bought does, in a step drawn as the buyers' steps are. Larger effects win over the
    same customers and more. Outcomes are −1 at an exit and +1 at a purchase, so the share's change is their sum.
    """
    steps = len(lengths)
    happened = np.bincount(event[event >= 0], minlength=steps) / len(event)
    rest = 1 - happened.sum()
    lost = rest if good else happened.sum()
    won = np.diff(np.append(np.clip(effects / lost, 0, 1) if lost > 0 else np.zeros(len(effects)), 1.0))
    if good:
        when = happened / happened.sum() if happened.any() else np.asarray(lengths) / sum(lengths)
        sure, swayed = happened, rest * when
    else:
        sure, swayed = np.array([rest]), happened
    first = np.arange(len(effects))[:, None] > np.arange(len(effects))[None, :]  # (effect, threshold): won over
    moved = first.astype(float) if good else first - 1.0
    outcome = np.zeros((len(effects), len(sure) + steps * len(effects), steps))
    if good:
        outcome[:, np.arange(steps), np.arange(steps)] = 1.0
    for step in range(steps):
        begin = len(sure) + step * len(effects)
        outcome[:, begin : begin + len(effects), step] = moved
    share = np.concatenate([sure, np.outer(swayed, won).ravel()])
    return Rows(share=share / share.sum(), outcome=outcome, counted=np.ones((len(share), steps)))


def score_shift(scores: np.ndarray, effects: np.ndarray, top: float) -> np.ndarray:
    """Return by how much each answer moves so that the mean rises by each effect, no answer above the top.

    Notes
    -----
    The mean after a shift is linear between the shifts at which another score reaches the top, so the inverse
    is exact.
    """
    knots = np.unique(np.append(top - scores, 0.0))
    gains = np.array([np.minimum(scores + d, top).mean() for d in knots]) - scores.mean()
    rising = np.append(True, np.diff(gains) > 0)
    return np.interp(effects, gains[rising], knots[rising])


def score_rows(
    score: np.ndarray, earlier: np.ndarray | None, effects: np.ndarray, *, top: float, response_rate: float | None
) -> Rows:
    """Return customers whose outcome is their mean score in each step, if they answer.

    Parameters
    ----------
    score : numpy.ndarray
        Shape (n, n_steps), NaN without an answer.
    earlier : numpy.ndarray or None
        Earlier mean score, NaN without one.
    effects : numpy.ndarray
        Rises of the mean score, from 0.
    top : float
        The scale's good end.
    response_rate : float or None
        Share of customers who answer in any step; as found by default.
    """
    answered = ~np.isnan(score)
    shift = score_shift(score[answered], effects, top)
    base = np.where(answered, score, 0.0)
    outcome = np.where(answered, np.minimum(base + shift[:, None, None], top), 0.0)
    return Rows(
        share=_answering(answered.any(axis=1), response_rate),
        outcome=outcome,
        counted=answered.astype(float),
        earlier=centred(earlier),
    )


def money_rows(money: np.ndarray, earlier: np.ndarray | None, lengths: Sequence[int], effects: np.ndarray) -> Rows:
    """Return customers whose outcome is money, to which an effect adds evenly over time.

    Parameters
    ----------
    money : numpy.ndarray
        Money by step, shape (n, n_steps).
    earlier : numpy.ndarray or None
        Money before the first day.
    lengths : sequence of int
        Periods of each step.
    effects : numpy.ndarray
        Money more per customer over all steps, from 0.
    """
    added = np.outer(effects, np.asarray(lengths) / sum(lengths))
    share = np.full(len(money), 1 / len(money))
    return Rows(share=share, outcome=money + added[:, None, :], counted=np.ones(money.shape), earlier=centred(earlier))


def centred(earlier: np.ndarray | None) -> np.ndarray | None:
    """Take the mean off; who has no earlier value gets the mean. ``None`` where nothing varies."""
    if earlier is None or np.isnan(earlier).all():
        return None
    values = np.where(np.isnan(earlier), 0.0, earlier - np.nanmean(earlier))
    return values if values.any() else None


def some_of(rng: np.random.Generator, n: int, most: int = MOST_ROWS) -> np.ndarray:
    """Return the positions of at most so many of n customers, drawn by lot, in order."""
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


def _answering(answers: np.ndarray, rate: float | None) -> np.ndarray:
    found = answers.mean()
    if rate is None or rate == found:
        return np.full(len(answers), 1 / len(answers))
    if answers.all():  # nobody is known who does not answer: their outcome would be empty in any case
        rate = 1.0
    silent = (1 - rate) / max((~answers).sum(), 1)
    return np.where(answers, rate / max(answers.sum(), 1), silent)
