"""Roll-outs are read as they are, and what cannot tell anything is counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.inference.roll_outs import NEVER, hindrance, read_roll_out

NAN = float("nan")


def rows(starts: dict[str, float], periods: int = 4, **columns: object) -> pd.DataFrame:
    made = [{"entity": e, "period": t, "first_treated": f} for e, f in starts.items() for t in range(periods)]
    return pd.DataFrame(made).assign(outcome=1.0, **columns)


def test_time_since_the_start_and_who_is_affected():
    found = read_roll_out(rows({"a": 2, "b": NAN}), outcome="outcome", anticipation=1)
    assert found.event_time[:4].tolist() == [-2, -1, 0, 1]
    assert np.isnan(found.event_time[4:]).all()
    assert found.affected.tolist() == [False, True, True, True] + [False] * 4
    assert found.firsts().tolist() == [2, NEVER]
    assert found.cohorts().tolist() == [2]
    assert found.left_out.empty


def test_units_without_a_period_before_and_rows_without_an_outcome_are_counted():
    data = rows({"a": 0, "b": 2, "c": NAN, "d": 1})
    data.loc[[4, 12], "outcome"] = NAN  # the first row of b, and the only early one of d
    found = read_roll_out(data, outcome="outcome")
    assert found.left_out[["what", "n_rows", "n_entities"]].values.tolist() == [
        ["rows without an outcome", 2, 2],
        ["units treated from their first period on", 7, 2],
    ]
    assert list(found.panel.names) == ["b", "c"]
    assert len(found.outcome) == 7


def test_weights_and_clusters_are_carried():
    data = rows({"a": 2, "b": NAN, "c": NAN}, weight=2.0)
    data["region"] = data["entity"].map({"a": "x", "b": "y", "c": "y"})
    found = read_roll_out(data, outcome="outcome", weight="weight", cluster="region")
    assert set(found.weight) == {2.0}
    assert list(found.cluster_names) == ["x", "y"]
    assert found.cluster.tolist() == [0] * 4 + [1] * 8


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"first_treated": [1, 2, 2, 2, 3, 3, 3, 3]}, "1 entities have more than one 'first_treated'"),
        ({"first_treated": [1.5] * 4 + [2] * 4}, "4 rows of 'first_treated' are no whole numbers"),
        ({"weight": [0.0] + [1.0] * 7}, "1 rows of 'weight' are not above zero"),
        ({"outcome": [NAN] * 8}, "no row has an outcome"),
        ({"period": [0, 0, 1, 2] * 2}, "2 rows repeat"),
    ],
)
def test_what_is_wrong_is_told(change, told):
    data = rows({"a": 2, "b": 3}, weight=1.0).assign(**change)
    with pytest.raises(DataError, match=told):
        read_roll_out(data, outcome="outcome", weight="weight")
    with pytest.raises(DataError, match="anticipation is -1"):
        read_roll_out(data, outcome="outcome", anticipation=-1)


@pytest.mark.parametrize(
    ("starts", "controls", "told"),
    [
        ({"a": 2, "b": 2, "c": NAN}, "never", ""),
        ({"a": 2, "b": 3}, "not_yet", ""),
        ({"a": 2, "b": 3}, "never", "no unit is never treated"),
        ({"a": 2, "b": 2}, "not_yet", "every unit is treated from the same period on"),
        ({"a": 2, "b": NAN}, "not_yet", "one unit alone is treated"),
        ({"a": NAN, "b": NAN}, "not_yet", "no unit is seen both before and after"),
        ({"a": 9, "b": 9, "c": NAN}, "not_yet", "no unit is seen both before and after"),
    ],
)
def test_what_no_comparison_can_tell_is_said(starts, controls, told):
    found = hindrance(read_roll_out(rows(starts), outcome="outcome"), controls=controls)
    assert found.startswith(told)
    assert bool(found) == bool(told)


def test_drawn_roll_outs_hold_the_effect_that_they_say():
    asked = {"n": 40, "periods": 8, "starts": (3, 5), "path": (1.0, 2.0), "later_cohorts": 0.5}
    frame, effect = draw_roll_out(np.random.default_rng(3), **asked)
    still, none = draw_roll_out(np.random.default_rng(3), **asked | {"path": (0.0,), "later_cohorts": 0.0})
    np.testing.assert_allclose(frame["outcome"] - still["outcome"], effect, atol=1e-12)
    assert not none.any()
    since = frame["period"] - frame["first_treated"]
    early = frame["first_treated"] == 3
    for time, height in ((-1, 0.0), (0, 1.0), (1, 2.0), (2, 2.0)):
        assert set(effect[early & (since == time)]) == {height}
        if height:
            assert set(effect[~early & (since == time)]) == {height + 0.5}
    assert frame.groupby("entity")["first_treated"].first().isna().sum() == 10
