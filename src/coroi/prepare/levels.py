"""Levels of tenure, segment and state of the answer: each with enough exits and enough who stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.prepare.landmark import ANSWERED, NEVER, STALE

MIN_EVENTS = 5  # a tenure band or a segment with fewer exits, or fewer who stay, joins another
NO_TENURE = -1  # stands for a missing tenure, which is a level of its own
NOT_GIVEN = "not given"
OTHERS = "others"
STATES = (ANSWERED, NEVER, STALE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """The levels that rows are coded by.

    Parameters
    ----------
    states : tuple of str
        States of the answer that a row has.
    tenure_starts : tuple of int
        First period of each tenure band.
    tenures : tuple of str
        Names of the bands; then ``not given``, where enough rows lack their tenure.
    tenure_unknown : int
        Position among `tenures` of a row that lacks it: the last, or the largest band where such rows are too few.
    segment_of : dict of str to str
        Level of each segment: itself, or ``others`` for those too small.
    """

    states: tuple[str, ...]
    tenure_starts: tuple[int, ...]
    tenures: tuple[str, ...]
    tenure_unknown: int
    segment_of: dict[str, str]

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """The levels' names by covariate, in the order of their codes."""
        segments = tuple(sorted(set(self.segment_of.values()), key=lambda name: (name == OTHERS, name)))
        return {"state": self.states, "tenure": self.tenures, "segment": segments}

    def tenure_codes(self, tenure: pd.Series) -> np.ndarray:
        """Return the position of each tenure's level."""
        band = np.searchsorted(self.tenure_starts, tenure, side="right") - 1
        return np.where(tenure < 0, self.tenure_unknown, band)


def choose_levels(counts: pd.DataFrame, edges: Sequence[int]) -> Levels:
    """Choose the levels of rows at risk.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``state`` (position in ``STATES``), ``tenure_periods`` (``NO_TENURE`` where it is not given), ``segment``,
        ``n`` and ``events``.
    edges : sequence of int
        First period of every tenure band but the first, rising.
    """
    given = counts["tenure_periods"] >= 0
    starts, tenures = tenure_bands(counts[given], edges)
    unknown = len(starts)
    if len(counts) and not given.any():
        starts, tenures, unknown = [], (NOT_GIVEN,), 0
    elif _enough(counts[~given]):
        tenures = (*tenures, NOT_GIVEN)
    elif not given.all():
        band = np.searchsorted(starts, counts.loc[given, "tenure_periods"], side="right") - 1
        unknown = int(np.argmax(np.bincount(band, counts.loc[given, "n"])))
    return Levels(
        states=tuple(s for i, s in enumerate(STATES) if (counts["state"] == i).any()),
        tenure_starts=tuple(starts),
        tenures=tenures,
        tenure_unknown=unknown,
        segment_of=pool_segments(counts),
    )


def tenure_bands(counts: pd.DataFrame, edges: Sequence[int]) -> tuple[list[int], tuple[str, ...]]:
    """Choose tenure bands that each hold enough exits and enough who stay.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``tenure_periods``, ``n`` and ``events``.
    edges : sequence of int
        First period of every band but the first, rising.

    Returns
    -------
    starts : list of int
        First period of each band.
    names : tuple of str
        "0–2", "3–5", "24 and more".
    """
    last = int(counts["tenure_periods"].max()) if len(counts) else 0
    starts = [0]
    for edge in (e for e in edges if e <= last):
        inside = counts["tenure_periods"].between(starts[-1], edge - 1)
        if _enough(counts[inside]):
            starts.append(edge)
    while len(starts) > 1 and not _enough(counts[counts["tenure_periods"] >= starts[-1]]):
        starts.pop()
    stops = [s - 1 for s in starts[1:]]
    names = [f"{a}" if a == b else f"{a}–{b}" for a, b in zip(starts, stops, strict=False)]
    return starts, (*names, f"{starts[-1]} and more" if starts[-1] else "all")


def pool_segments(counts: pd.DataFrame) -> dict[str, str]:
    """Join segments with too few exits, or too few who stay, and as many of the smallest others as that takes.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``segment``, ``n`` and ``events``.

    Returns
    -------
    dict of str to str
        Level of each segment.
    """
    sums = counts.groupby("segment")[["n", "events"]].sum().sort_values("n", kind="stable")
    if len(sums) < 2:
        return {str(name): str(name) for name in sums.index}
    small = [name for name in sums.index if not _enough(sums.loc[[name]])]
    large = [name for name in sums.index if name not in small]
    while small and large and not _enough(sums.loc[small]):
        small.append(large.pop(0))
    return {str(name): OTHERS if name in small else str(name) for name in sums.index}


def _enough(counts: pd.DataFrame) -> bool:
    n, events = counts["n"].sum(), counts["events"].sum()
    return bool(events >= MIN_EVENTS and n - events >= MIN_EVENTS)
