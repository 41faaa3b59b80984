"""Which counts of people may be shown: small ones are not, nor those by which a small one could be worked out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SHOWN, SMALL, WITHHELD = 0, 1, 2


def protect(counts: np.ndarray, relations: np.ndarray, smallest: int, *, cost: np.ndarray | None = None) -> np.ndarray:
    """Mark the counts to suppress so that no small one can be told from the others.

    Parameters
    ----------
    counts : ndarray, shape (n_cells,)
        Customers of every cell that would be published, totals among them.
    relations : ndarray, shape (n_relations, n_cells)
        What a reader knows of them: each row times `counts` is zero (a total is −1 in the row of its parts).
    smallest : int
        Counts from 1 to ``smallest - 1`` are small; zeros name nobody and are shown.
    cost : ndarray, shape (n_cells,), optional
        What it costs to withhold a cell, the cheapest being taken first; by default its count.

    Returns
    -------
    ndarray of int, shape (n_cells,)
        ``SHOWN``; ``SMALL``, suppressed as fewer than `smallest`; ``WITHHELD``, suppressed so that no small one can
        be told.

    Raises
    ------
    ValueError
        If a relation does not hold, so that a reader would know something else than is thought.

    Notes
    -----
    Primary and complementary suppression. A reader is taken to know the marks too: that a small count lies between
    1 and ``smallest - 1``, and a withheld one does not. Cells are withheld, cheapest first, until a linear programme
    finds for every small count that it could be each of these numbers; those that turn out not to be needed are
    given back. Where small counts add up to a small one, that alone narrows what they can be. Reference: Hundepool
    et al. (2012), Statistical Disclosure Control, sections 4.3 and 4.4.
    """
    counts, relations = np.asarray(counts, float), np.asarray(relations, float).reshape(-1, len(counts))
    if relations.size and np.abs(relations @ counts).max() > 1e-9:
        raise ValueError("counts do not add up to their totals")
    cost = counts if cost is None else np.asarray(cost, float)
    marks = np.where((counts >= 1) & (counts < smallest), SMALL, SHOWN)
    added: list[int] = []
    while exposed := exposed_cells(counts, relations, marks, smallest):
        near = np.any([_linked(relations, marks, cell) for cell in exposed], axis=0)
        near &= (marks == SHOWN) & (counts >= smallest)
        if not near.any():
            break  # small counts add up to small ones: that these are small is all that is told
        at = int(np.argmin(np.where(near, cost, np.inf)))
        marks[at] = WITHHELD
        added.append(at)
    unavoidable = set(exposed)
    for at in sorted(added, key=lambda i: -cost[i]):
        marks[at] = SHOWN
        if set(exposed_cells(counts, relations, marks, smallest)) - unavoidable:
            marks[at] = WITHHELD
    return marks


def exposed_cells(counts: np.ndarray, relations: np.ndarray, marks: np.ndarray, smallest: int) -> list[int]:
    """Return the small cells of which the rest tells more than that they are small."""
    from scipy.optimize import linprog

    hidden = np.flatnonzero(marks != SHOWN)
    free = relations[:, hidden]
    known = relations[:, marks == SHOWN] @ counts[marks == SHOWN]
    told = np.abs(free).sum(axis=1) > 0
    if not told.any():
        return []
    bounds = [(1, smallest - 1) if marks[i] == SMALL else (smallest, None) for i in hidden]
    found = []
    for position in np.flatnonzero(marks[hidden] == SMALL):
        aim = np.zeros(len(hidden))
        aim[position] = 1.0
        least, most = (linprog(s * aim, A_eq=free[told], b_eq=-known[told], bounds=bounds) for s in (1, -1))
        if least.fun > 1 + 1e-6 or -most.fun < smallest - 1 - 1e-6:
            found.append(int(hidden[position]))
    return found


def line_relations(parts: Sequence[int], total: int, n_cells: int) -> np.ndarray:
    """Say that some cells add up to another one, as a row of relations."""
    row = np.zeros(n_cells)
    row[list(parts)] = 1.0
    row[total] = -1.0
    return row


def _linked(relations: np.ndarray, marks: np.ndarray, cell: int) -> np.ndarray:
    """Tell which cells share a relation with one, or with a suppressed cell that does."""
    reached = np.zeros(relations.shape[1], bool)
    reached[cell] = True
    while True:
        rows = (relations[:, reached & (marks != SHOWN)] != 0).any(axis=1)
        wider = reached | (relations[rows] != 0).any(axis=0)
        if (wider == reached).all():
            return reached
        reached = wider
