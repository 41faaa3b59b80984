"""Treated and untreated rows of the same cell: exact strata, the treated ones' weights, and errors by cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEWEST = 2  # of either kind in a cell, below which its spread cannot be told


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Cells in which treated rows meet untreated ones.

    Parameters
    ----------
    cell : ndarray of int, shape (n,)
        Cell of each row, codes from 0.
    treated : ndarray of bool, shape (n,)
    n_treated, n_untreated : ndarray of int, shape (c,)
    """

    cell: np.ndarray
    treated: np.ndarray
    n_treated: np.ndarray
    n_untreated: np.ndarray

    @property
    def kept(self) -> np.ndarray:
        """Cells with enough rows of either kind, shape (c,)."""
        return np.asarray((self.n_treated >= FEWEST) & (self.n_untreated >= FEWEST))

    @property
    def rows(self) -> np.ndarray:
        """Rows of those cells, shape (n,)."""
        return np.asarray(self.kept[self.cell])


def cells_of(cell: np.ndarray, treated: np.ndarray) -> Cells:
    """Count treated and untreated rows by cell."""
    n = int(cell.max()) + 1
    on, off = (np.bincount(cell[side], minlength=n) for side in (treated, ~treated))
    return Cells(cell=cell, treated=treated, n_treated=on, n_untreated=off)


def side_mean(
    values: np.ndarray, cells: Cells, unit: np.ndarray, n_units: int, *, treated: bool
) -> tuple[float, np.ndarray]:
    """Return the mean of one side over cells, weighted by the treated of each, and every unit's influence on it.

    Parameters
    ----------
    values : ndarray, shape (n,)
    cells : Cells
        Some of them kept.
    unit : ndarray of int, shape (n,)
        Cluster of each row, codes from 0.
    n_units : int
        Clusters.
    treated : bool
        Which side.

    Returns
    -------
    mean : float
    influence : ndarray, shape (n_units,)
        Scaled so that the sum of squares times G / (G − 1) is the variance, with G the clusters that have a row.

    Notes
    -----
    The cells are taken as given, so residuals are about the cell's mean, with n / (n − 1) in every cell; with one row
    a cluster this is Neyman's variance of a stratified experiment. Reference: Imbens and Rubin (2015), Causal
    Inference for Statistics, Social, and Biomedical Sciences, sections 9.5 and 18.
    """
    here = cells.rows & (cells.treated == treated)
    cell, own = cells.cell[here], values[here]
    size = cells.n_treated if treated else cells.n_untreated
    sums = np.bincount(cell, own, minlength=len(size))
    mean = np.divide(sums, size, out=np.zeros(len(size)), where=size > 0)
    weight = np.where(cells.kept, cells.n_treated, 0) / cells.n_treated[cells.kept].sum()
    scale = np.divide(weight, np.sqrt(size * (size - 1.0)), out=np.zeros(len(size)), where=cells.kept)
    present = len(np.unique(unit[cells.rows]))
    to_house = np.sqrt((present - 1) / present)
    influence = to_house * np.bincount(unit[here], scale[cell] * (own - mean[cell]), minlength=n_units)
    return float(weight @ mean), influence
