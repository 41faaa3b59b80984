"""What was said beside what was done: both sides, the cells, and the gap's interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from survey_answers import reduce, row_of

from coroi.metrics.say_do_gap import say_do_parts, score_say_do_gap


def people(both: int, said_only: int, did_only: int, neither: int) -> pd.DataFrame:
    said = [True] * (both + said_only) + [False] * (did_only + neither)
    did = [True] * both + [False] * said_only + [True] * did_only + [False] * neither
    return pd.DataFrame({"customer_id": [f"c{i:04d}" for i in range(len(said))], "said": said, "did": did})


def score(frame: pd.DataFrame, **options):
    return score_say_do_gap(reduce(frame, say_do_parts(), **options))


def test_both_sides_stand_beside_the_gap_and_equal_counts():
    result = score(people(40, 30, 10, 20))
    want = {"said": 0.7, "did": 0.5, "said_and_did": 0.4, "said_only": 0.3, "did_only": 0.1, "gap": 0.2}
    assert result.estimates.set_index("term")["estimate"].to_dict() == pytest.approx(want)
    assert result.estimates["identified"].all()


def test_the_gap_matches_newcombes_method_10_but_for_its_student_t():
    """Wilson limits of both shares, joined with the phi coefficient of the table, on 4,000 customers."""
    n, (a, b, c, d) = 4000, (1600, 1200, 400, 800)
    row = row_of(score(people(a, b, c, d)), term="gap")
    phi = (a * d - b * c) / np.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    z, ends = 1.959964, []
    for share in ((a + b) / n, (a + c) / n):
        middle, spread = 2 * n * share + z**2, z * np.sqrt(z**2 + 4 * n * share * (1 - share))
        ends.append(((middle - spread) / (2 * (n + z**2)), share, (middle + spread) / (2 * (n + z**2))))
    (l1, p1, u1), (l2, p2, u2) = ends
    low = p1 - p2 - np.sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    high = p1 - p2 + np.sqrt((u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2)
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((low, high), abs=3e-5)


@settings(max_examples=20, deadline=None)
@given(cells=st.tuples(*[st.integers(0, 12)] * 4))
def test_the_gap_is_its_sides_and_its_cells(cells):
    if sum(cells) < 10:
        return
    rows = score(people(*cells)).estimates.set_index("term")
    assert rows.loc["said_only", "estimate"] - rows.loc["did_only", "estimate"] == pytest.approx(
        rows.loc["said", "estimate"] - rows.loc["did", "estimate"], abs=1e-9
    )
    gap = rows.loc["gap"]
    if gap["identified"]:
        assert gap["conf_low"] <= gap["estimate"] + 1e-12
        assert gap["estimate"] <= gap["conf_high"] + 1e-12


def test_where_all_say_and_all_do_there_is_no_gap_to_tell_but_two_shares():
    rows = score(people(30, 0, 0, 0)).estimates.set_index("term")
    assert rows.loc[["said", "did"], "identified"].all()
    assert rows.loc["gap", "reason"] == "neither what was said nor what was done varies"


def test_groups_weights_and_too_few():
    frame = pd.concat([people(20, 10, 5, 5).assign(g="a"), people(2, 2, 2, 2).assign(g="b")])
    frame["w"] = np.where(frame["said"], 3.0, 1.0)
    result = score(frame, by="g", weight="w")
    assert row_of(result, group="a", term="said")["estimate"] == pytest.approx(90 / 100)
    assert row_of(result, group="b", term="gap")["reason"] == "fewer than 10 customers answered"
