"""Bars of the waterfall start where the one before ends, and the last stands where the steps lead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from coroi.errors import DataError
from coroi.models.bias_autopsy import fit_bias_autopsy, simulate_bias_autopsy
from coroi.results import Result
from coroi.roi.waterfall import waterfall

ORDER = ["sorting", "non_response", "regression_to_mean", "reverse_direction"]


def _fit(**more: object) -> Result:
    world = {"sorting": 1.0, "non_response": 2.0, "noise": 1.0, "reverse": 0.5, "without": 0.1}
    data, _ = simulate_bias_autopsy(np.random.default_rng(1), n=900, **world)
    asked = {"controls": ["trait"], "weight": "weight", "earlier": "earlier", "past": ["past"]} | more
    return fit_bias_autopsy(data, outcome="outcome", **asked)


def test_bars_join_and_lead_from_the_slide_to_the_defensible_figure() -> None:
    result = _fit()
    bars = waterfall(result)
    told = result.estimates.set_index(["term", "correction"])
    assert bars["correction"].tolist() == ["", "rows", *ORDER, ""]
    assert bars["kind"].tolist() == ["level", *["step"] * 5, "level"]
    assert bars["end"].iloc[0] == told.loc[("slide", ""), "estimate"]
    np.testing.assert_allclose(bars["start"].iloc[1:-1], bars["end"].iloc[:-2])
    np.testing.assert_allclose(bars["end"].iloc[-2], told.loc[("defensible", ""), "estimate"])
    assert bars["start"].iloc[-1] == 0
    for bar in bars.iloc[2:-1].itertuples():
        for column in ("estimate", "conf_low", "conf_high"):
            assert getattr(bar, column) == told.loc[("step", bar.correction), column]
        for term in ("shapley", "lowest", "highest"):
            assert getattr(bar, term) == told.loc[(term, bar.correction), "estimate"]
        assert bar.lowest <= bar.estimate <= bar.highest
        np.testing.assert_allclose(bar.end - bar.start, bar.estimate)
    assert bars.loc[bars["correction"] == "rows", ["shapley", "lowest", "highest"]].isna().all(axis=None)


def test_steps_may_go_up_or_down() -> None:
    bars = waterfall(_fit()).set_index("correction")["estimate"]
    assert bars["regression_to_mean"] > 0 > bars["sorting"]


def test_a_correction_that_was_not_possible_has_no_height_and_its_reason() -> None:
    bars = waterfall(_fit(weight=None))
    bar = bars[bars["correction"] == "non_response"].iloc[0]
    assert not bar["identified"] and np.isnan(bar["estimate"]) and bar["start"] == bar["end"]
    assert "no column is named" in bar["reason"]
    np.testing.assert_allclose(bars["end"].iloc[-2], bars["end"].iloc[-1])


def test_it_follows_the_order_asked_for() -> None:
    assert waterfall(_fit(corrections=ORDER[::-1]))["correction"].tolist()[2:-1] == ORDER[::-1]


def test_there_is_none_without_its_ends_or_of_another_method() -> None:
    with pytest.raises(DataError, match="none of the corrections is possible"):
        waterfall(_fit(controls=(), weight=None, earlier=None, past=()))
    with pytest.raises(DataError, match="fewer than 10 clusters"):
        waterfall(_fit(high=20.0))
    with pytest.raises(DataError, match="not of response"):
        waterfall(replace(_fit(), method="response"))
