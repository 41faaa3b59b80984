"""From covariates to a design matrix: a constant, numbers that enter linearly, and levels against a reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.binary import aliased
from coroi.schemas import Block, CellCounts


@dataclass(frozen=True, slots=True)
class Term:
    """A part of the linear predictor.

    Parameters
    ----------
    name : str
        Column of the covariates.
    levels : tuple of str
        Its levels, the first being the reference; empty for a number that enters linearly. Its column holds
        the levels by name, or their positions as whole numbers.
    centre : float
        Subtracted from a number; a missing number then counts as zero.
    """

    name: str
    levels: tuple[str, ...] = ()
    centre: float = 0.0

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the term's columns in the design."""
        return tuple(f"{self.name}[{level}]" for level in self.levels[1:]) if self.levels else (self.name,)


@dataclass(frozen=True, slots=True, eq=False)
class Usable:
    """What the rows can tell: totals, the columns that stay, and why the others go.

    Parameters
    ----------
    n, events : float
        Rows and events, or their weights.
    reasons : tuple of str
        For each column of the design, why it cannot be estimated; empty where it can.
    set_aside : dict of str to frozenset of str
        By term, the levels whose rows are set aside.
    hindrance : str
        Why nothing at all can be estimated; empty where something can.
    """

    n: float
    events: float
    reasons: tuple[str, ...]
    set_aside: dict[str, frozenset[str]]
    hindrance: str

    @property
    def free(self) -> np.ndarray:
        """Columns that stay, shape (p,)."""
        return np.array([not reason for reason in self.reasons])


def labels_of(terms: Sequence[Term]) -> tuple[str, ...]:
    """Name the columns of the design."""
    return ("constant", *(label for term in terms for label in term.labels))


def codes_of(values: pd.Series, term: Term) -> np.ndarray:
    """Return the position of each value among a term's levels, −1 for a level that it does not know."""
    if pd.api.types.is_integer_dtype(values.dtype):
        codes = values.to_numpy()
        return np.where((codes >= 0) & (codes < len(term.levels)), codes, -1)
    return pd.Categorical(values, categories=list(term.levels)).codes.astype(np.int64)


def design_matrix(covariates: pd.DataFrame, terms: Sequence[Term]) -> np.ndarray:
    """Build the design.

    Parameters
    ----------
    covariates : pandas.DataFrame
        One row a cell, with the terms' columns.
    terms : sequence of Term
        What enters.

    Returns
    -------
    ndarray, shape (n_cells, p)

    Raises
    ------
    DataError
        If a column is missing, or holds a level that its term does not know.
    """
    columns = [np.ones(len(covariates))]
    for term in terms:
        if term.name not in covariates.columns:
            raise DataError(f"The cells have no column '{term.name}'. They have {', '.join(covariates.columns)}.")
        values = covariates[term.name]
        if not term.levels:
            columns.append(np.nan_to_num(values.to_numpy(float) - term.centre, nan=0.0))
            continue
        codes = codes_of(values, term)
        if (codes < 0).any():
            odd = sorted({str(v) for v in values[codes < 0]})[:3]
            raise DataError(f"'{term.name}' holds levels that its term does not know, such as {', '.join(odd)}.")
        columns += [(codes == k).astype(float) for k in range(1, len(term.levels))]
    return np.column_stack(columns)


def examine(cells: CellCounts, terms: Sequence[Term]) -> Usable:
    """Find what cannot be estimated before anything is fitted.

    Parameters
    ----------
    cells : CellCounts
        The data.
    terms : sequence of Term
        What is to enter.

    Returns
    -------
    Usable
        Levels in which nobody or everybody has the event, levels without a row, columns that are combinations
        of others, and data in which the event never or always happens.
    """
    n, events, by_level = _count_levels(cells, terms)
    reasons = dict.fromkeys(labels_of(terms), "")
    set_aside: dict[str, frozenset[str]] = {}
    for term in terms:
        bad = {level: why for level in term.levels if (why := _certain(*by_level[term.name][level]))}
        set_aside[term.name] = frozenset(bad)
        reasons |= {f"{term.name}[{level}]": why for level, why in bad.items() if level != term.levels[0]}
        if term.levels and term.levels[0] in bad:
            reasons |= dict.fromkeys(term.labels, f"its reference: {bad[term.levels[0]]}")
    hindrance = _hindrance(n, events)
    if not hindrance:
        labels = labels_of(terms)
        free = [i for i, label in enumerate(labels) if not reasons[label]]
        gram = np.zeros((len(free), len(free)))
        for block in cells.blocks():
            design, _, counted, _ = rows_of(block, terms, set_aside)
            part = design[:, free]
            gram += part.T @ (part * counted[:, None])
        for i, gone in zip(free, aliased(gram), strict=True):
            if gone:
                reasons[labels[i]] = "it does not vary, or is a combination of the terms before it"
    return Usable(n, events, tuple(reasons.values()), set_aside, hindrance)


def rows_of(
    block: Block, terms: Sequence[Term], set_aside: dict[str, frozenset[str]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return a block's design, which of its cells are kept, and their n and events; cells set aside count zero."""
    covariates = block.covariates
    keep = np.ones(len(covariates), dtype=bool)
    for term in terms:
        if set_aside.get(term.name):
            gone = [term.levels.index(level) for level in set_aside[term.name]]
            keep &= ~np.isin(codes_of(covariates[term.name], term), gone)
    return design_matrix(covariates, terms), keep, np.where(keep, block.n, 0.0), np.where(keep, block.events, 0.0)


def fit_rows(
    cells: CellCounts, terms: Sequence[Term], usable: Usable
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield, block by block, the kept columns and rows of the design with n and events."""
    free = usable.free
    for block in cells.blocks():
        design, keep, n, events = rows_of(block, terms, usable.set_aside)
        yield design[np.ix_(keep, free)], n[keep], events[keep]


def _count_levels(
    cells: CellCounts, terms: Sequence[Term]
) -> tuple[float, float, dict[str, dict[str, tuple[float, float]]]]:
    n = events = 0.0
    counts: dict[str, dict[str, tuple[float, float]]] = {t.name: dict.fromkeys(t.levels, (0.0, 0.0)) for t in terms}
    for block in cells.blocks():
        n, events = n + float(block.n.sum()), events + float(block.events.sum())
        for term in terms:
            if not term.levels:
                continue
            codes = codes_of(block.covariates[term.name], term)
            known = codes >= 0
            sizes = np.bincount(codes[known], block.n[known], minlength=len(term.levels))
            hits = np.bincount(codes[known], block.events[known], minlength=len(term.levels))
            for level, size, hit in zip(term.levels, sizes, hits, strict=True):
                before = counts[term.name][level]
                counts[term.name][level] = (before[0] + size, before[1] + hit)
    return n, events, counts


def _certain(n: float, events: float) -> str:
    if n == 0:
        return "no row has this level"
    if events == 0:
        return "nobody of this level has the event"
    return "everybody of this level has the event" if events == n else ""


def _hindrance(n: float, events: float) -> str:
    if n == 0:
        return "there is no row at risk"
    if events == 0:
        return "the event never happens"
    return "the event happens in every row" if events == n else ""
