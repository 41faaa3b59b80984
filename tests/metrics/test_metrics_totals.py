"""The engine's reduction against pandas, customer by customer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from survey_answers import draw_answers, reduce

from coroi.errors import DataError
from coroi.inference.totals import Totals, totals_of

PARTS = {"score": lambda t: t["score"], "top": lambda t: (t["score"] >= 9).cast("float64")}


def in_memory(frame: pd.DataFrame, by: str | None, weight: str | None) -> Totals:
    """Add up in pandas, answer by answer."""
    groups = sorted(set(frame[by])) if by else [""]
    people = sorted(set(frame["customer_id"]))
    total, n = np.zeros((len(people), len(groups), 3)), np.zeros((len(people), len(groups)), dtype=int)
    for row in frame.to_dict("records"):
        at = people.index(row["customer_id"]), groups.index(row[by]) if by else 0
        w = row[weight] if weight else 1.0
        total[at] += [w, w * row["score"], w * (row["score"] >= 9)]
        n[at] += 1
    return totals_of(groups, ["score", "top"], total, n)


def assert_equal(one: Totals, other: Totals) -> None:
    assert (one.groups, one.parts, one.n_all) == (other.groups, other.parts, other.n_all)
    assert one.n_obs.tolist() == other.n_obs.tolist()
    assert one.n_clusters.tolist() == other.n_clusters.tolist()
    np.testing.assert_allclose(one.sums, other.sums, rtol=1e-12)
    np.testing.assert_allclose(one.cross, other.cross, rtol=1e-12)


@pytest.mark.parametrize("by", [None, "wave", "touchpoint"])
@pytest.mark.parametrize("weight", [None, "weight"])
def test_the_engine_adds_up_what_pandas_does(by, weight):
    frame = draw_answers(1)
    assert_equal(reduce(frame, PARTS, by=by, weight=weight), in_memory(frame, by, weight))


def test_the_order_of_rows_does_not_matter_and_the_input_stays():
    frame = draw_answers(2)
    before = frame.copy(deep=True)
    assert_equal(reduce(frame, PARTS, by="wave"), reduce(frame.sample(frac=1, random_state=1), PARTS, by="wave"))
    pd.testing.assert_frame_equal(frame, before)


def test_an_answer_without_a_score_is_left_out():
    frame = draw_answers(3)
    frame.loc[frame.index[:7], "score"] = np.nan
    assert_equal(reduce(frame, PARTS, by="wave"), in_memory(frame.iloc[7:], "wave", None))


def test_another_column_may_name_the_customer():
    frame = draw_answers(4)
    renamed = frame.rename(columns={"customer_id": "account"})
    assert_equal(reduce(renamed, PARTS, by="wave", customer="account"), reduce(frame, PARTS, by="wave"))


@pytest.mark.parametrize("bad", [None, -1.0, float("inf")])
def test_bad_weights_are_counted_and_refused(bad):
    frame = draw_answers(5)
    frame.loc[frame.index[:3], "weight"] = bad
    with pytest.raises(DataError, match="3 survey weights are missing, negative or infinite"):
        reduce(frame, PARTS, weight="weight")


def test_an_answer_of_nobody_is_refused_without_naming_anybody():
    frame = draw_answers(6)
    frame.loc[frame.index[:2], "customer_id"] = None
    with pytest.raises(DataError, match="2 answers have no customer or no group") as error:
        reduce(frame, PARTS)
    assert "c0" not in str(error.value)


def test_no_answers_at_all():
    totals = reduce(draw_answers(7).head(0), PARTS)
    assert (totals.groups, totals.n_all, totals.sums.shape) == ((), 0, (0, 3))
