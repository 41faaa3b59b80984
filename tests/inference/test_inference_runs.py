"""Runs of a state, against walking through them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.inference.panels import read_panel
from coroi.inference.runs import check_starts, find_runs, spell_table


def panel(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [(firm, t) for firm in range(40) for t in range(15) if rng.random() < 0.85]
    state = rng.choice([0.0, 1.0, np.nan], p=[0.55, 0.4, 0.05], size=len(rows))
    return pd.DataFrame(rows, columns=["entity", "period"]).assign(state=state).sample(frac=1, random_state=seed)


def walked(frame: pd.DataFrame) -> list[tuple]:
    """Go from row to row: duration, whether the start is seen, whether a top came before, the state that follows."""
    out = []
    for _, own in frame.sort_values(["entity", "period"]).groupby("entity"):
        states = dict(zip(own["period"], own["state"], strict=True))
        tops, lasted, seen = 0, 0, False
        for t, state in states.items():
            before = states.get(t - 1, np.nan)
            if state != before:
                lasted, seen = 0, not np.isnan(before)
                tops += state == 1
            lasted += 1
            out.append((lasted, seen, tops - (state == 1) > 0, states.get(t + 1, np.nan)))
    return out


@pytest.mark.parametrize("seed", range(6))
def test_runs_equal_a_walk(seed):
    frame = panel(seed)
    rows = read_panel(frame, ["state"], entity="entity", period="period")
    found = find_runs(rows.frame["state"].to_numpy(), rows.entity, rows.period)
    told = list(zip(found.duration, found.seen_start, found.again, found.following, strict=True))
    pd.testing.assert_frame_equal(pd.DataFrame(told), pd.DataFrame(walked(frame)), check_dtype=False)


def test_spells_are_counted_by_hand():
    rows = pd.DataFrame(
        {
            "entity": [0, 0, 0, 0, 0, 1, 1, 1, 2, 2],
            "period": [1, 2, 3, 4, 5, 1, 2, 4, 1, 2],
            "state": [1, 1, 0, 0, 1, 0, 1, 1, 0, 0],
        }
    )
    read = read_panel(rows, ["state"], entity="entity", period="period")
    state = read.frame["state"].to_numpy(float)
    runs = find_runs(state, read.entity, read.period)
    told = spell_table(state, runs, read.entity).set_index("what")["number"].to_dict()
    assert list(told.values()) == [4, 2, 2, 2, 1, 2]  # a gap ends firm 1's spell
    check = check_starts(state, runs)
    assert check.passed is True
    assert check.sentence.startswith("2 of 4 spells at the top begin within the panel")


def test_nobody_at_the_top_has_no_spell():
    state, entity, period = np.zeros(4), np.array([0, 0, 1, 1]), np.array([1, 2, 1, 2])
    runs = find_runs(state, entity, period)
    assert spell_table(state, runs, entity)["number"].tolist() == [0] * 6
    assert check_starts(state, runs).passed is None
