"""From covariates to a design matrix: a constant, numbers that enter linearly, and levels against a reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

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
        Its levels; empty for a number that enters linearly. Its column holds the levels by name, or their
        positions as whole numbers.
    centre : float
        Subtracted from a number; a missing number then counts as zero.
    reference : str
        Level that the others are set against; the first if it is empty.
    """

    name: str
    levels: tuple[str, ...] = ()
    centre: float = 0.0
    reference: str = ""

    def __post_init__(self) -> None:
        if self.levels and self.reference not in self.levels:
            object.__setattr__(self, "reference", self.levels[0])

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the term's columns in the design."""
        if not self.levels:
            return (self.name,)
        return tuple(f"{self.name}[{level}]" for level in self.levels if level != self.reference)


@dataclass(frozen=True, slots=True, eq=False)
class Usable:
    """What the rows can tell: totals, the columns that stay, and why the others go.

    Parameters
    ----------
    terms : tuple of Term
        The terms, each set against a level whose rows stay.
    n, events : float
        Rows and events that stay, or their weights.
    reasons : tuple of str
        For each column of the design, why it cannot be estimated; empty where it can.
    set_aside : dict of str to frozenset of str
        By term, the levels whose rows are set aside.
    hindrance : str
        Why nothing at all can be estimated; empty where something can.
    """

    terms: tuple[Term, ...]
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
        values = _column(covariates, term)
        if not term.levels:
            columns.append(np.nan_to_num(values.to_numpy(float) - term.centre, nan=0.0))
            continue
        codes = codes_of(values, term)
        if (codes < 0).any():
            odd = sorted({str(v) for v in values[codes < 0]})[:3]
            raise DataError(f"'{term.name}' holds levels that its term does not know, such as {', '.join(odd)}.")
        columns += [(codes == k).astype(float) for k, level in enumerate(term.levels) if level != term.reference]
    return np.column_stack(columns)


def strange_rows(covariates: pd.DataFrame, terms: Sequence[Term]) -> np.ndarray:
    """Mark the rows that hold a level which its term does not know, shape (n_cells,)."""
    strange = np.zeros(len(covariates), dtype=bool)
    for term in terms:
        if term.levels:
            strange |= codes_of(_column(covariates, term), term) < 0
    return strange


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
        Levels in which nobody or everybody has the event, among all rows or among those that stay once such
        levels are set aside, levels without a row, columns that are combinations of others, and data in which
        the event never or always happens. A term whose reference is among them is set against its first level
        that stays.
    """
    n, events, set_aside, whys, hindrance = _set_aside(cells, terms)
    terms = tuple(_with_reference(term, set_aside[term.name]) for term in terms)
    reasons = {label: whys.get(label, "") for label in labels_of(terms)}
    if not hindrance:
        free = [label for label, reason in reasons.items() if not reason]
        at = np.flatnonzero([not reason for reason in reasons.values()])
        gram = np.zeros((len(free), len(free)))
        for block in cells.blocks():
            design, _, counted, _ = rows_of(block, terms, set_aside)
            part = design[:, at]
            gram += part.T @ (part * counted[:, None])
        for label, gone in zip(free, aliased(gram), strict=True):
            if gone:
                reasons[label] = "it does not vary, or is a combination of the terms before it"
    return Usable(terms, n, events, tuple(reasons.values()), set_aside, hindrance)


def rows_of(
    block: Block, terms: Sequence[Term], set_aside: dict[str, frozenset[str]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return a block's design, which of its cells are kept, and their n and events; cells set aside count zero."""
    keep = _kept(block, terms, set_aside)
    design = design_matrix(block.covariates, terms)
    return design, keep, np.where(keep, block.n, 0.0), np.where(keep, block.events, 0.0)


def fit_rows(cells: CellCounts, usable: Usable) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield, block by block, the kept columns and rows of the design with n and events."""
    free = usable.free
    for block in cells.blocks():
        design, keep, n, events = rows_of(block, usable.terms, usable.set_aside)
        yield design[np.ix_(keep, free)], n[keep], events[keep]


def _column(covariates: pd.DataFrame, term: Term) -> pd.Series:
    if term.name not in covariates.columns:
        raise DataError(f"The cells have no column '{term.name}'. They have {', '.join(covariates.columns)}.")
    return covariates[term.name]


def _with_reference(term: Term, gone: frozenset[str]) -> Term:
    return replace(term, reference=next((level for level in term.levels if level not in gone), ""))


def _kept(block: Block, terms: Sequence[Term], set_aside: dict[str, frozenset[str]]) -> np.ndarray:
    keep = np.ones(len(block.covariates), dtype=bool)
    for term in terms:
        if set_aside[term.name]:
            gone = [term.levels.index(level) for level in set_aside[term.name]]
            keep &= ~np.isin(codes_of(_column(block.covariates, term), term), gone)
    return keep


def _set_aside(
    cells: CellCounts, terms: Sequence[Term]
) -> tuple[float, float, dict[str, frozenset[str]], dict[str, str], str]:
    """Set levels aside until every one that stays has rows with and without the event."""
    set_aside: dict[str, frozenset[str]] = {term.name: frozenset() for term in terms}
    whys: dict[str, str] = {}
    n, events, counts = _count_levels(cells, terms, set_aside)
    hindrance = _hindrance(n, events)
    where = ""
    while True:
        found = {
            (term.name, level): f"{why}{where}"
            for term in terms
            for level in term.levels
            if level not in set_aside[term.name] and (why := _certain(*counts[term.name][level]))
        }
        if not found:
            return n, events, set_aside, whys, hindrance
        whys |= {f"{name}[{level}]": why for (name, level), why in found.items()}
        set_aside |= {name: gone | {lev for t, lev in found if t == name} for name, gone in set_aside.items()}
        if hindrance:
            return n, events, set_aside, whys, hindrance
        n, events, counts = _count_levels(cells, terms, set_aside)
        where = ", among the rows that stay"
        if n == 0:
            hindrance = "every row has a level in which the event happens to nobody or to everybody"


def _count_levels(
    cells: CellCounts, terms: Sequence[Term], set_aside: dict[str, frozenset[str]]
) -> tuple[float, float, dict[str, dict[str, tuple[float, float]]]]:
    n = events = 0.0
    counts: dict[str, dict[str, tuple[float, float]]] = {t.name: dict.fromkeys(t.levels, (0.0, 0.0)) for t in terms}
    for block in cells.blocks():
        keep = _kept(block, terms, set_aside)
        n, events = n + float(block.n[keep].sum()), events + float(block.events[keep].sum())
        for term in terms:
            if not term.levels:
                continue
            codes = codes_of(_column(block.covariates, term), term)
            known = (codes >= 0) & keep
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
