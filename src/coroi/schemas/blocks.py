"""Rows of a panel in blocks of whole entities, so that a fit never holds all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EntityBlock:
    """All rows of some entities, one entity after the other.

    Parameters
    ----------
    columns : ndarray, shape (k, r)
        Outcome, metric and controls, a column of the panel a row; nothing is missing, but for regressions on lags,
        where a missing value is NaN.
    period : ndarray of int, shape (r,)
        Periods counted from the panel's first.
    length : ndarray of int, shape (g,)
        Rows of each entity, in their order.
    """

    columns: np.ndarray
    period: np.ndarray
    length: np.ndarray


class EntityBlocks(Protocol):
    """A panel that can be read again and again in blocks of whole entities, always in the same order."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns: outcome, metric and controls."""

    @property
    def n_rows(self) -> int:
        """Rows in all blocks."""

    @property
    def n_omitted(self) -> int:
        """Rows left out since a column was missing."""

    @property
    def first_period(self) -> int:
        """Number of the first period."""

    @property
    def n_periods(self) -> int:
        """Periods from the first to the last, those without a row included."""

    @property
    def entities(self) -> pd.Index:
        """Names of the entities in the order of the blocks: for joining, and nobody's to print."""

    @property
    def clusters(self) -> pd.Index | None:
        """Name of the cluster of each entity; each entity its own where there is none."""

    def blocks(self) -> Iterator[EntityBlock]:
        """Yield the blocks."""
