"""What columns of some entities add up to by period, so that what moves everybody can be taken out afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.inference.tall import wide_cross

_ALIKE = 1e-10  # share of a column's largest value below which nothing but rounding is left
_NOISE = 1e-12  # share of a sum of squares below which a difference of two is rounding


@dataclass(frozen=True, slots=True, eq=False)
class PeriodSums:
    """Sums over rows that have every column; sums of two sets of entities add up.

    Parameters
    ----------
    rows : ndarray, shape (T,)
        Rows by period.
    total : ndarray, shape (c, T)
        Columns summed by period.
    cross : ndarray, shape (c, c)
        Cross-products over all rows.
    largest : ndarray, shape (c,)
        Largest absolute value of each column.
    """

    rows: np.ndarray
    total: np.ndarray
    cross: np.ndarray
    largest: np.ndarray

    def plus(self, other: PeriodSums) -> PeriodSums:
        """Return the sums with another set of entities in."""
        return PeriodSums(
            self.rows + other.rows,
            self.total + other.total,
            self.cross + other.cross,
            np.maximum(self.largest, other.largest),
        )

    def means(self) -> np.ndarray:
        """Return the mean of each column by period, shape (c, T); 0 in a period without rows."""
        return self.total / np.maximum(self.rows, 1)

    def within(self) -> np.ndarray:
        """Return the cross-products around the periods' means; exact zeros where nothing but rounding is left."""
        found, before = self.cross - self.means() @ self.total.T, self.cross.diagonal()
        still = found.diagonal() <= np.maximum(self.rows.sum() * (_ALIKE * self.largest) ** 2, _NOISE * before)
        return np.where(np.logical_or.outer(still, still), 0.0, found)


def sums_of_rows(columns: np.ndarray) -> PeriodSums:
    """Sum up columns, shape (c, g, T), NaN in a row that lacks any."""
    there = np.isfinite(columns[0])
    filled = np.where(there, columns, 0.0)
    return PeriodSums(
        rows=there.sum(axis=0).astype(float),
        total=filled.sum(axis=1),
        cross=wide_cross(filled.reshape(len(filled), -1)),
        largest=np.abs(filled).max(axis=(1, 2), initial=0.0),
    )


def left_of(columns: np.ndarray, sums: PeriodSums) -> np.ndarray:
    """Return columns without the periods' means; 0 in a row that lacks any."""
    return np.where(np.isfinite(columns[0]), columns - sums.means()[:, None, :], 0.0)
