"""The experiment with few units: what is fitted, what is true, and why some sets hold more often than they say."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.lab.bar import reason_for
from coroi.lab.experiments import EXPERIMENTS, OWN
from coroi.lab.experiments.few_units import _dosed
from coroi.lab.replicate import own_stream
from coroi.models.switching_did import fit_switching_did

FEW_UNITS = EXPERIMENTS["few_units"]


@pytest.fixture(scope="module")
def runs() -> list[dict]:
    return [dict(FEW_UNITS.own_fit(own_stream("few_units", seed))) for seed in range(1, 4)]


def test_every_estimand_has_a_truth_and_is_near_it(runs):
    truth = FEW_UNITS.own_truth()
    assert set(truth) == {e.name for e in FEW_UNITS.estimands} == set(runs[0])
    for name, value in truth.items():
        told = [run[name] for run in runs if not run[name].refused]
        assert len(told) >= 2, name
        if not name.endswith("[alone_shared]"):
            assert np.mean([each.low <= value <= each.high for each in told]) >= 0.3, name


def test_the_truth_of_doses_is_what_is_found_without_chance():
    data, effect = _dosed(np.random.default_rng(3), "fades", 50)
    exact = data.assign(outcome=effect)
    rows = fit_switching_did(exact, outcome="outcome", horizon=6, leads=2).estimates
    truth = FEW_UNITS.own_truth()
    for term, key, at in (
        ("overall", "", 0),
        ("event_time", "event_time", 3),
        ("full_less_part", "", 0),
        ("left_after", "since_end", 1),
        ("stopping", "since_end", 1),
    ):
        some = rows[rows["term"] == term]
        found = (some[some[key] == at] if key else some)["estimate"].item()
        assert found == pytest.approx(truth[f"{term}[fades, 50]"], abs=1e-9), term


def test_a_null_world_has_no_effect_and_shortfalls_have_their_reason():
    truth = FEW_UNITS.own_truth()
    assert {truth[e.name] for e in FEW_UNITS.estimands if e.zero_in} == {0.0}
    for name in ("mix[1 of 8]", "series_overall[alone_shared]"):
        assert reason_for("few_units", name, OWN)
    assert not reason_for("few_units", "overall[null, 200]", OWN)
