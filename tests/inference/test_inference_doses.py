"""Doses by unit and period: first changes, ends, and what follows a gap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.doses import read_doses

NAN = float("nan")


def rows(doses: dict[str, list[float]], start: int = 5) -> pd.DataFrame:
    made = [{"entity": e, "period": start + t, "dose": d} for e, path in doses.items() for t, d in enumerate(path)]
    return pd.DataFrame(made).assign(outcome=1.0)


def test_first_changes_and_ends():
    data = rows({"a": [0, 1, 1, 0, 2], "b": [2, 2, 0, 0, 0], "c": [0, 0, 0, 0, 0], "d": [0, 0.5, 1, 1, 1]})
    found = read_doses(data, outcome="outcome")
    assert found.periods.tolist() == [5, 6, 7, 8, 9]
    assert found.baseline.tolist() == [0, 2, 0, 0]
    assert found.first.tolist() == [1, 2, 5, 1]
    assert found.end.tolist() == [3, 2, 5, 5]
    assert found.begins.tolist() == [True, False, False, True]
    assert found.left_out.empty


def test_what_follows_a_gap_is_left_out_and_an_outcome_that_lacks_keeps_its_dose():
    data = rows({"a": [0, 0, NAN, 1, 1], "b": [0, 0, 0, 1, 0], "c": [NAN, 0, 0, 0, 0]})
    data = data.drop(index=7)  # the third row of b
    data.loc[5, "outcome"] = NAN  # the first row of b
    found = read_doses(data, outcome="outcome")
    assert found.left_out[["n_rows", "n_entities"]].values.tolist() == [[6, 3], [1, 1]]
    assert np.isnan(found.dose).sum(axis=1).tolist() == [3, 3, 1]
    assert found.first.tolist() == [5, 5, 5]
    assert found.dose[1, 0] == 0
    assert np.isnan(found.outcome[1, 0])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"dose": [-1.0, 0, 0, 0]}, "1 rows of 'dose' are below zero"),
        ({"dose": [NAN] * 4}, "no row has a 'dose'"),
        ({"weight": [0.0, 1, 1, NAN]}, "2 rows of 'weight' are not above zero"),
        ({"period": [1, 1, 2, 3]}, "1 rows repeat"),
    ],
)
def test_what_cannot_be_read_is_refused(change, told):
    data = rows({"a": [0, 0], "b": [0, 1]}).assign(weight=1.0).assign(**change)
    data = data.assign(entity="a") if "period" in change else data
    with pytest.raises(DataError, match=told):
        read_doses(data, outcome="outcome", weight="weight")
