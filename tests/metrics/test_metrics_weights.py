"""What weights cost, against sums by hand."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest
from survey_answers import CONNECTION, draw_answers

from coroi.inference.overlap import weight_checks
from coroi.metrics.weights import spread_of_weights


@pytest.mark.parametrize("seed", range(3))
def test_they_are_those_of_the_rows(seed):
    frame = draw_answers(seed)
    found = spread_of_weights(CONNECTION, ibis.memtable(frame), "weight")
    weights = frame["weight"].to_numpy()
    assert found.effective_share == pytest.approx(np.square(weights.sum()) / np.square(weights).sum() / len(frame))
    assert found.largest_share == pytest.approx(frame.groupby("customer_id")["weight"].sum().max() / weights.sum())


def test_equal_weights_cost_nothing_and_none_have_no_spread():
    frame = pd.DataFrame({"customer_id": list("aabc"), "weight": [2.0] * 4, "nothing": [0.0] * 4})
    found = spread_of_weights(CONNECTION, ibis.memtable(frame), "weight")
    assert (found.effective_share, found.largest_share) == (1.0, 0.5)
    assert spread_of_weights(CONNECTION, ibis.memtable(frame), "nothing") is None


def test_the_checks_turn_at_half_of_the_answers_and_at_a_twentieth_of_the_weight():
    assert [c.passed for c in weight_checks(0.5, 0.05)] == [True, True]
    assert [c.passed for c in weight_checks(0.49, 0.051)] == [False, False]
    size, largest = weight_checks(0.874, 0.051)
    assert size.sentence == "Weighted, the answers tell as much as 87\u00a0% of them would, counting alike."
    assert largest.sentence == "The customer who counts most carries 5.1\u00a0% of the weight."
