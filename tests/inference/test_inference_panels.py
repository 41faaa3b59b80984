"""Panels as arrays: what is refused, and earlier values that never cross a gap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.panels import cluster_codes, read_panel, shifted

PANEL = pd.DataFrame(
    {"who": ["b", "a", "a", "b", "a", "c"], "when": [2, 1, 2, 5, 4, 7], "x": [1.0, 2.0, 3.0, 4.0, 5.0, np.nan]}
)


def test_rows_are_sorted_and_coded():
    rows = read_panel(PANEL, ["x"], entity="who", period="when")
    assert rows.entity.tolist() == [0, 0, 0, 1, 1, 2]
    assert rows.period.tolist() == [1, 2, 4, 2, 5, 7]
    assert rows.names.tolist() == ["a", "b", "c"]
    some = rows.keep(rows.frame["x"].to_numpy() > 3)
    assert (some.entity.tolist(), some.period.tolist(), some.names.tolist()) == ([0, 1], [4, 5], ["a", "b"])


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (PANEL.head(0), "no row"),
        (PANEL.drop(columns="x"), "lacks the columns x; it has who, when"),
        (PANEL.assign(who=["b", None, "a", "b", "a", "c"]), "1 rows lack 'who' or 'when'"),
        (PANEL.assign(when=[2, 1, 2, 5, 4.5, 7]), "1 rows of 'when' are no whole numbers"),
        (pd.concat([PANEL, PANEL.head(2)]), "2 rows repeat"),
        (PANEL.assign(x=[1, 2, np.inf, -np.inf, 5, 6]), "2 cells of the panel are infinite"),
    ],
)
def test_what_is_no_panel_is_refused(frame, said):
    with pytest.raises(DataError, match=said):
        read_panel(frame, ["x"], entity="who", period="when")


@pytest.mark.parametrize("by", [-3, -1, 0, 1, 2, 40])
def test_shifting_equals_a_merge(by):
    rng = np.random.default_rng(5)
    keys = pd.DataFrame({"who": rng.integers(0, 30, 400), "when": rng.integers(-5, 20, 400)}).drop_duplicates()
    keys["x"] = rng.normal(size=len(keys))
    rows = read_panel(keys, ["x"], entity="who", period="when")
    earlier = rows.frame.assign(when=rows.frame["when"] + by).rename(columns={"x": "lag"})
    want = rows.frame.merge(earlier, on=["who", "when"], how="left")["lag"].to_numpy()
    np.testing.assert_array_equal(shifted(rows.frame["x"].to_numpy(), rows.entity, rows.period, by), want)
    both = shifted(rows.frame[["x", "x"]].to_numpy(), rows.entity, rows.period, by)
    np.testing.assert_array_equal(both, np.column_stack([want, want]))


def test_a_lag_never_crosses_a_gap():
    rows = read_panel(PANEL, ["x"], entity="who", period="when")
    found = shifted(rows.frame["x"].to_numpy(), rows.entity, rows.period, 1)
    np.testing.assert_array_equal(found, [np.nan, 2.0, np.nan, np.nan, np.nan, np.nan])


def test_clusters_are_coded_in_the_order_of_their_names_and_hold_whole_entities():
    frame = PANEL.assign(team=PANEL["who"].map({"a": "red", "b": "blue", "c": "red"}))
    rows = read_panel(frame, ["x", "team"], entity="who", period="when")
    code, names = cluster_codes(rows, "team")
    assert code.tolist() == [1, 1, 1, 0, 0, 1]
    assert names.tolist() == ["blue", "red"]
    alone, people = cluster_codes(rows, None)
    assert alone is rows.entity
    assert people.tolist() == ["a", "b", "c"]
    mixed = read_panel(frame.assign(team=frame["when"] % 2), ["team"], entity="who", period="when")
    with pytest.raises(DataError, match="2 entities have more than one 'team'"):
        cluster_codes(mixed, "team")
    lacking = read_panel(
        frame.assign(team=frame["team"].where(frame["who"] != "c")), ["team"], entity="who", period="when"
    )
    with pytest.raises(DataError, match="1 rows lack 'team'"):
        cluster_codes(lacking, "team")
