"""Portfolios that are formed by a score, held, and formed anew: weights, returns and turnover."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

HIGH, LOW = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """Two portfolios, the best and the worst by score, over T periods and N entities.

    Parameters
    ----------
    weights : ndarray, shape (2, T, N)
        Share of each entity at the period's start; zeros throughout where nothing is held.
    formed : ndarray of bool, shape (T,)
        Periods in which they are formed anew.
    turnover : ndarray, shape (2, T)
        Half the sum of changes of weights in periods in which they are formed anew, 1 at most; NaN in others, and
        where nothing was held before.
    """

    weights: np.ndarray
    formed: np.ndarray
    turnover: np.ndarray

    def returns(self, returns: np.ndarray) -> np.ndarray:
        """Return each portfolio's return by period, shape (2, T); NaN where nothing is held."""
        total = np.einsum("stn,tn->st", self.weights, np.nan_to_num(returns))
        return np.asarray(np.where(self.weights.any(axis=2), total, np.nan))

    @property
    def members(self) -> np.ndarray:
        """Entities held, shape (2, T)."""
        return np.asarray((self.weights > 0).sum(axis=2))


def published(score: np.ndarray) -> np.ndarray:
    """Tell in which periods a score is published: those in which anybody's is new, or another than the period before.

    Parameters
    ----------
    score : ndarray, shape (T, N)
        The score known at each period's start; NaN where there is none.

    Returns
    -------
    ndarray of bool, shape (T,)
    """
    before = np.vstack([np.full((1, score.shape[1]), np.nan), score[:-1]])
    return np.asarray(((score != before) & ~np.isnan(score)).any(axis=1))


def sides(score: np.ndarray, share: float, least: int) -> np.ndarray:
    """Return who is among the best and the worst by score, shape (2, N).

    Parameters
    ----------
    score : ndarray, shape (N,)
        NaN for who is not to be held.
    share : float
        Share of all in each portfolio, rounded down; ties with the last one are in too.
    least : int
        Fewest members of a portfolio; none is formed with fewer, or where the two would meet.
    """
    known = np.sort(score[~np.isnan(score)])
    count = math.floor(round(share * len(known), 9))
    nobody = np.zeros((2, len(score)), dtype=bool)
    if count < max(least, 1) or known[-count] <= known[count - 1]:
        return nobody
    return np.stack([score >= known[-count], score <= known[count - 1]])


def hold(
    returns: np.ndarray,
    score: np.ndarray,
    size: np.ndarray | None,
    *,
    formed: np.ndarray,
    share: float,
    least: int,
) -> Held:
    """Form two portfolios, hold them until they are formed anew, and let weights drift with returns.

    Parameters
    ----------
    returns : ndarray, shape (T, N)
        Total returns; NaN where an entity has none, which is then not held: its money goes to the others in
        proportion.
    score : ndarray, shape (T, N)
        The score known at each period's start.
    size : ndarray, shape (T, N), optional
        Value at each period's start, to weight by; equal weights by default. Who has none is not held.
    formed : ndarray of bool, shape (T,)
        Periods in which the portfolios are formed.
    share, least
        As in :func:`sides`.

    Returns
    -------
    Held
    """
    n_periods, n = returns.shape
    weights, turnover = np.zeros((2, n_periods, n)), np.full((2, n_periods), np.nan)
    worth = np.zeros((2, n))
    for t in range(n_periods):
        if formed[t]:
            fresh = _form(returns[t], score[t], None if size is None else size[t], share, least)
            turnover[:, t] = _turnover(_shares(worth), fresh)
            worth = fresh
        here = np.isnan(returns[t])
        weights[:, t] = _shares(np.where(here, 0.0, worth))
        worth = worth * (1 + np.where(here, 0.0, returns[t]))
    return Held(weights=weights, formed=formed, turnover=turnover)


def _form(returns: np.ndarray, score: np.ndarray, size: np.ndarray | None, share: float, least: int) -> np.ndarray:
    able = ~np.isnan(returns) if size is None else ~np.isnan(returns) & (size > 0)
    chosen = sides(np.where(able, score, np.nan), share, least).astype(float)
    return _shares(chosen if size is None else chosen * np.where(able, size, 0.0))


def _shares(worth: np.ndarray) -> np.ndarray:
    total = worth.sum(axis=1, keepdims=True)
    return np.asarray(worth / np.where(total > 0, total, 1.0))


def _turnover(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    both = before.any(axis=1) & after.any(axis=1)
    return np.where(both, np.abs(after - before).sum(axis=1) / 2, np.nan)


def period_table(
    held: Held, periods: np.ndarray, returns: np.ndarray, risk_free: np.ndarray, used: np.ndarray
) -> pd.DataFrame:
    """Return, by period, what both portfolios return, how many firms they hold, and whether the period is used."""
    firms = {"firms_high": held.members[HIGH], "firms_low": held.members[LOW]}
    known = {"period": periods, "high": returns[HIGH], "low": returns[LOW], "risk_free": risk_free}
    return pd.DataFrame(known | firms | {"used": used})


def turnover_table(held: Held, periods: np.ndarray) -> pd.DataFrame:
    """Return what is bought of both portfolios, as a share, in each period in which they are formed."""
    rows = pd.DataFrame({"period": periods, "high": held.turnover[HIGH], "low": held.turnover[LOW]})
    return rows[held.formed].reset_index(drop=True)
