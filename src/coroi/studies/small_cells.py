"""The counts of people that a study would publish, how they add up, and which of them may be shown."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
import pandas as pd

from coroi.errors import StudyError
from coroi.inference.disclosure import SHOWN, protect

COUNTS = ("customers", "n", "events", "outcome_known", "followed", "answers", "all")  # columns that count people


Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class Cells(Generic[Key]):
    """Counts by key, and the sums among them that a reader knows.

    Parameters
    ----------
    counts : dict
        Customers by cell.
    costs : dict
        What it costs to withhold a cell: its count, or nearly nothing where it is not printed anywhere.
    sums : list of (list, key)
        Cells that add up to another one.
    """

    counts: dict[Key, int] = field(default_factory=dict)
    costs: dict[Key, float] = field(default_factory=dict)
    sums: list[tuple[list[Key], Key]] = field(default_factory=list)

    def add(self, key: Key, n: int, *, printed: bool = True) -> Key:
        """Enter a count; one that is printed nowhere costs next to nothing to withhold."""
        self.counts[key], self.costs[key] = int(n), n * (1.0 if printed else 1e-6)
        return key

    def add_sum(self, parts: Iterable[Key], key: Key, *, printed: bool = True) -> Key:
        """Say what some cells add up to, and enter the sum if it is not there yet."""
        listed = list(parts)
        if key not in self.counts:
            self.add(key, sum(self.counts[p] for p in listed), printed=printed)
        self.sums.append((listed, key))
        return key

    def marks(self, smallest: int) -> dict[Key, int]:
        """Return the mark of every cell: shown, small, or withheld; see :func:`coroi.inference.disclosure.protect`."""
        keys = list(self.counts)
        at = {key: i for i, key in enumerate(keys)}
        relations = np.zeros((len(self.sums), len(keys)))
        for row, (parts, total) in enumerate(self.sums):
            for part in parts:
                relations[row, at[part]] += 1
            relations[row, at[total]] -= 1
        counts = np.array([self.counts[k] for k in keys], float)
        marks = protect(counts, relations, smallest, cost=np.array([self.costs[k] for k in keys], float))
        return {key: int(mark) for key, mark in zip(keys, marks, strict=True)}


def all_shown(marks: Mapping[Key, int], keys: Iterable[Key]) -> bool:
    """Tell whether all of some cells may be shown."""
    return all(marks[key] == SHOWN for key in keys)


def refuse_small(frames: Mapping[str, pd.DataFrame | None], smallest: int) -> None:
    """Refuse to keep tables that count fewer customers than may be shown.

    Parameters
    ----------
    frames : Mapping of str to pandas.DataFrame or None
        Tables about to be written where others can read them.
    smallest : int
        Smallest count that may be shown.

    Raises
    ------
    StudyError
        With the table and the column.
    """
    for name, frame in frames.items():
        columns = [] if frame is None else [frame[c] for c in frame.columns if c in COUNTS]
        for column in columns:
            values = pd.to_numeric(column, errors="coerce").astype("float64")
            small = int(((values > 0) & (values < smallest)).sum())
            if small:
                raise StudyError(
                    f"{name}.{column.name}: {small} of {len(values)} counts are of fewer than {smallest} customers, by "
                    "which they could be named. Suppress them with coroi.studies.small_cells.Cells, or change "
                    "privacy.smallest_cell in the plan."
                )
