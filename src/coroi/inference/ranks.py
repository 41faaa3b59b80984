"""Where each stands among the members of its group."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standings:
    """Standings within groups; NaN where there is no value.

    Parameters
    ----------
    rivals : ndarray, shape (n,)
        Others of the group with a value.
    outdone : ndarray, shape (n,)
        Rivals with a smaller value, and half of those with the same.
    first : ndarray, shape (n,)
        1 where no rival has a larger value, 0 elsewhere.
    """

    rivals: np.ndarray
    outdone: np.ndarray
    first: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """Share of the rivals outdone, from 0 for the last to 1 for the first; NaN for who has no rival."""
        alone = ~(self.rivals > 0)
        return np.where(alone, np.nan, self.outdone / np.where(alone, 1.0, self.rivals))


def standings(values: np.ndarray, group: np.ndarray) -> Standings:
    """Set every value against the others of its group.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Larger is better; NaN is no value.
    group : ndarray of int, shape (n,)
        Code of the group, from 0; −1 for none.

    Returns
    -------
    Standings
    """
    known = pd.Series(np.where(group >= 0, values, np.nan))
    by_group = known.groupby(group)
    rivals = (by_group.transform("count") - 1).where(known.notna())
    first = by_group.rank(method="max") > rivals
    return Standings(
        rivals=rivals.to_numpy(float),
        outdone=(by_group.rank(method="average") - 1).to_numpy(float),
        first=first.astype(float).where(known.notna()).to_numpy(float),
    )


def at_top(values: np.ndarray, group: np.ndarray, share: float = 0.0) -> np.ndarray:
    """Tell who is at the top of a group.

    Parameters
    ----------
    values, group
        As in :func:`standings`.
    share : float
        Part of a group that is its top, rounded up to whole members: 0.1 for the best tenth; 0 for the first alone.

    Returns
    -------
    ndarray, shape (n,)
        1 at the top, 0 below it, NaN without a value. Who ties with the last of the top is at the top too.
    """
    known = pd.Series(np.where(group >= 0, values, np.nan))
    by_group = known.groupby(group)
    places = by_group.transform("count").map(lambda n: max(1, math.ceil(round(share * n, 9))))
    top = by_group.rank(method="min", ascending=False) <= places
    return top.astype(float).where(known.notna()).to_numpy(float)


def rivals_mean(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the mean of the others of the group that have a value; NaN where there are none, or no own value.

    Parameters
    ----------
    values, group
        As in :func:`standings`.
    """
    known = pd.Series(np.where(group >= 0, values, np.nan))
    by_group = known.groupby(group)
    others = by_group.transform("count").to_numpy(float) - 1
    rest = by_group.transform("sum").to_numpy(float) - known.to_numpy(float)
    return np.where(others > 0, rest / np.where(others > 0, others, 1.0), np.nan)
