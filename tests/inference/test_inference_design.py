"""From covariates to a design, and what is left out of it before a fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.cells import count_cells
from coroi.inference.design import Term, codes_of, design_matrix, examine, fit_rows, labels_of, strange_rows

SEGMENT = Term("segment", ("a", "b", "c"))


def cells_of(rows: list[tuple[str, float, int]]):
    frame = pd.DataFrame(rows, columns=["segment", "score", "exited"]).assign(who=range(len(rows)))
    return count_cells(frame, ["segment", "score"], event="exited", cluster="who")


def test_a_term_is_set_against_its_first_level_unless_told():
    assert labels_of([Term("score"), SEGMENT]) == ("constant", "score", "segment[b]", "segment[c]")
    other = Term("segment", ("a", "b", "c"), reference="b")
    assert (SEGMENT.reference, other.reference) == ("a", "b")
    assert other.labels == ("segment[a]", "segment[c]")
    assert Term("segment", ("only",)).labels == ()


@pytest.mark.parametrize(
    "values",
    [
        ["c", "a", "b"],
        pd.Categorical(["c", "a", "b"], categories=["b", "c", "a"]),
        [2, 0, 1],
        np.array([2, 0, 1], "int8"),
    ],
)
def test_levels_are_read_by_name_or_by_position(values):
    assert codes_of(pd.Series(values), SEGMENT).tolist() == [2, 0, 1]


def test_the_design_by_hand():
    covariates = pd.DataFrame({"score": [7.0, np.nan, 2.0], "segment": ["c", "a", "b"]})
    found = design_matrix(covariates, [Term("score", centre=5.0), SEGMENT])
    assert found.tolist() == [[1, 2, 0, 1], [1, 0, 0, 0], [1, -3, 1, 0]]
    turned = design_matrix(covariates, [Term("segment", ("a", "b", "c"), reference="c")])
    assert turned.tolist() == [[1, 0, 0], [1, 1, 0], [1, 0, 1]]


@pytest.mark.parametrize("values", [["a", "z", "b"], ["a", None, "b"], [0, 3, 1], [0, -1, 1]])
def test_levels_that_no_term_knows_are_marked_and_refused(values):
    covariates = pd.DataFrame({"segment": values})
    assert strange_rows(covariates, [SEGMENT]).tolist() == [False, True, False]
    with pytest.raises(DataError, match="'segment' holds levels that its term does not know"):
        design_matrix(covariates, [SEGMENT])


def test_rows_set_aside_take_no_part_in_the_fit():
    rows = [("a", 1, 0), ("a", 2, 1), ("b", 3, 0), ("b", 4, 0), ("c", 5, 1), ("c", 6, 0)]
    usable = examine(cells_of(rows), [Term("score"), SEGMENT])
    assert usable.reasons == ("", "", "nobody of this level has the event", "")
    assert usable.set_aside == {"score": frozenset(), "segment": frozenset({"b"})}
    assert (usable.n, usable.events) == (4.0, 2.0)
    assert usable.free.tolist() == [True, True, False, True]
    ((design, n, events),) = fit_rows(cells_of(rows), usable)
    assert design.tolist() == [[1, 1, 0], [1, 2, 0], [1, 5, 1], [1, 6, 1]]
    assert (n.tolist(), events.tolist()) == ([1, 1, 1, 1], [0, 1, 1, 0])


def test_the_first_level_that_stays_becomes_the_reference():
    rows = [("a", 1, 0), ("a", 2, 0), ("b", 3, 1), ("b", 4, 1), ("c", 5, 1), ("c", 6, 0)]
    usable = examine(cells_of(rows), [SEGMENT])
    assert usable.terms[0].reference == "c"
    assert labels_of(usable.terms) == ("constant", "segment[a]", "segment[b]")
    assert usable.reasons == ("", "nobody of this level has the event", "everybody of this level has the event")


def test_a_column_is_a_combination_only_among_the_rows_that_stay():
    """Score and segment agree wherever b is set aside."""
    rows = [("a", 1, 0), ("a", 1, 1), ("b", 3, 0), ("b", 1, 0), ("c", 9, 1), ("c", 9, 0)]
    usable = examine(cells_of(rows), [SEGMENT, Term("score")])
    assert usable.reasons[-1] == "it does not vary, or is a combination of the terms before it"


def test_where_the_event_never_happens_every_level_says_so():
    usable = examine(cells_of([("a", 1, 0), ("b", 2, 0)]), [Term("segment", ("a", "b"))])
    assert usable.hindrance == "the event never happens"
    assert usable.reasons == ("", "nobody of this level has the event")
