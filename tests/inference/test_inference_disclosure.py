"""No small count can be told from what is published beside it: an enumeration of all tables is the twin."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coroi.inference.disclosure import SHOWN, SMALL, WITHHELD, line_relations, protect

SMALLEST = 4  # small, so that every table can be enumerated


def one_way(parts):
    counts = np.array([*parts, sum(parts)])
    return counts, line_relations(range(len(parts)), len(parts), len(counts)).reshape(1, -1)


def two_way(cells):
    cells = np.asarray(cells)
    rows, columns = cells.shape
    counts = np.concatenate([cells.ravel(), cells.sum(axis=1), cells.sum(axis=0), [cells.sum()]])
    n, at = len(counts), np.arange(cells.size).reshape(cells.shape)
    row_totals, column_totals = cells.size + np.arange(rows), cells.size + rows + np.arange(columns)
    relations = [line_relations(at[i], row_totals[i], n) for i in range(rows)]
    relations += [line_relations(at[:, j], column_totals[j], n) for j in range(columns)]
    relations += [line_relations(row_totals, n - 1, n), line_relations(column_totals, n - 1, n)]
    return counts, np.array(relations)


def possible(counts, relations, marks, smallest):
    """Return, for each small cell, every value that it takes in some table that looks the same; by enumeration."""
    hidden = [int(i) for i in np.flatnonzero(marks != SHOWN)]
    most = int(counts.max()) + smallest
    choices = [range(1, smallest) if marks[i] == SMALL else range(smallest, most + 1) for i in hidden]
    found = {i: set() for i in hidden if marks[i] == SMALL}
    for values in product(*choices):
        trial = counts.copy()
        trial[hidden] = values
        if not (relations @ trial).any():
            for i, value in zip(hidden, values, strict=True):
                if i in found:
                    found[i].add(value)
    return found


@settings(deadline=None, max_examples=80)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=3))
def test_in_a_list_with_its_total_every_small_count_could_be_any_small_one(parts):
    counts, relations = one_way(parts)
    marks = protect(counts, relations, SMALLEST)
    assert ((counts >= 1) & (counts < SMALLEST) == (marks == SMALL)).all()
    if (counts >= SMALLEST).any():
        for values in possible(counts, relations, marks, SMALLEST).values():
            assert values == set(range(1, SMALLEST))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=2), min_size=2, max_size=2))
def test_in_a_two_way_table_every_small_count_could_be_any_small_one(cells):
    counts, relations = two_way(cells)
    marks = protect(counts, relations, SMALLEST)
    assert ((counts >= 1) & (counts < SMALLEST) == (marks == SMALL)).all()
    assert (marks[counts == 0] == SHOWN).all()
    if (marks != SHOWN).sum() > 5 or (marks[4:] == SMALL).any():
        return  # too many tables to enumerate; or a total that is small says so of its parts
    for values in possible(counts, relations, marks, SMALLEST).values():
        assert values == set(range(1, SMALLEST))


def test_a_lone_small_count_takes_its_smallest_safe_neighbour_along():
    counts, relations = one_way([3, 11, 60, 200])
    assert protect(counts, relations, 10).tolist() in (
        [SMALL, WITHHELD, WITHHELD, SHOWN, SHOWN],
        [SMALL, SHOWN, WITHHELD, SHOWN, SHOWN],
    )


def test_where_all_is_large_all_is_shown():
    counts, relations = two_way([[10, 20], [30, 40]])
    assert (protect(counts, relations, 10) == SHOWN).all()


def test_a_small_cell_of_a_two_way_table_takes_a_rectangle_along():
    counts, relations = two_way([[3, 40, 50], [60, 70, 80], [90, 100, 110]])
    marks = protect(counts, relations, 10)[:9].reshape(3, 3)
    assert marks[0, 0] == SMALL
    assert (marks != SHOWN).sum() == 4


def test_counts_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="do not add up"):
        protect(np.array([3, 4, 8]), np.array([[1, 1, -1]]), 10)


def test_what_is_cheap_is_withheld_first():
    counts, relations = one_way([3, 30, 40])
    assert protect(counts, relations, 10, cost=np.array([0, 1, 1, 0])).tolist() == [SMALL, SHOWN, SHOWN, WITHHELD]
