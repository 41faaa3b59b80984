"""A block of whole entities laid out by entity and period: earlier and later values, and means of the far past."""

from __future__ import annotations

import numpy as np

from coroi.errors import DataError
from coroi.schemas import EntityBlock


def laid_out(block: EntityBlock, n_periods: int) -> np.ndarray:
    """Lay a block's columns out by entity and period.

    Parameters
    ----------
    block : EntityBlock
    n_periods : int
        Periods of the panel.

    Returns
    -------
    ndarray, shape (k, g, T)
        NaN where there is no row.

    Raises
    ------
    DataError
        If an entity has a period twice.
    """
    n = len(block.length)
    cell = np.repeat(np.arange(n) * n_periods, block.length) + block.period
    twice = len(cell) - len(np.unique(cell))
    if twice:
        raise DataError(f"{twice:,} rows repeat the period of their entity. Aggregate before fitting.")
    grid = np.full((len(block.columns), n * n_periods), np.nan)
    grid[:, cell] = block.columns
    return grid.reshape(-1, n, n_periods)


def moved_on(grid: np.ndarray, by: int) -> np.ndarray:
    """Return values some periods earlier, or later where `by` is below zero; NaN beyond the ends."""
    found, n = np.full_like(grid, np.nan), grid.shape[-1]
    if by == 0:
        return grid
    if abs(by) >= n:
        return found
    if by > 0:
        found[..., by:] = grid[..., :-by]
    else:
        found[..., :by] = grid[..., -by:]
    return found


def complete(columns: np.ndarray) -> np.ndarray:
    """Set rows that lack any column, shape (c, g, T), to NaN in all, in place."""
    columns[:, ~np.isfinite(columns).all(axis=0)] = np.nan
    return columns


def far_mean(columns: np.ndarray, settle: int) -> np.ndarray:
    """Return the mean of each entity's rows that lie so many periods back or further; NaN where there is none."""
    there = np.isfinite(columns[0])
    total = np.cumsum(np.where(there, columns, 0.0), axis=-1)
    count = np.cumsum(there, axis=-1)
    return moved_on(np.where(count > 0, total / np.maximum(count, 1), np.nan), settle)
