"""The experiment on what a point is worth: names, truths, and that changes on changes are off."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.lab.bar import reason_for
from coroi.lab.experiments import EXPERIMENTS, OWN
from coroi.lab.experiments.worth import ENTITIES, LAST, LEAVING, LENGTHS, WORLDS, read_world
from coroi.lab.replicate import own_stream
from coroi.models.long_differences import simulate_long_differences

WORTH = EXPERIMENTS["worth"]


def test_truths_are_those_of_the_simulator():
    truth = WORTH.own_truth()
    for world, drawn in WORLDS.items():
        _, stated = simulate_long_differences(
            np.random.default_rng(1), n=2, periods=3, horizons=LAST, leaving=LEAVING, **drawn
        )
        for periods in LENGTHS:
            assert {t: truth[f"{t}[{world}, {periods}]"] for t in stated} == pytest.approx(stated)
    assert {each.name for each in WORTH.estimands} == set(truth)
    for each in WORTH.estimands:
        assert (OWN in each.zero_in) == (truth[each.name] == 0)


def test_headlines_are_every_horizon_and_their_sum_in_every_world():
    headlines = {each.name for each in WORTH.estimands if each.headline}
    assert len(headlines) == len(WORLDS) * len(LENGTHS) * (LAST + 2)
    assert not any(name.startswith("changes") for name in headlines)
    assert not any(reason_for("worth", name, OWN) for name in headlines)


def test_every_estimand_is_found():
    found = WORTH.own_fit(own_stream("worth", 1))
    assert set(found) == {each.name for each in WORTH.estimands}
    assert not any(each.refused for each in found.values())


def test_the_estimate_holds_the_truth_where_changes_on_changes_do_not():
    rng, found = np.random.default_rng(5), []
    for _ in range(12):
        data, truth = simulate_long_differences(
            rng, n=ENTITIES, periods=24, horizons=LAST, leaving=LEAVING, **WORLDS["reverse"]
        )
        told = read_world(data, "reverse", 12)
        total, naive = told["total[reverse, 12]"], told["changes[reverse, 12]"]
        found.append((total.low <= truth["total"] <= total.high, naive.high < truth["total"], naive.estimate))
    held, missed, naive = np.array(found).T
    assert held.mean() > 0.7
    assert missed.any()
    assert naive.mean() < -2 * naive.std(ddof=1) / np.sqrt(len(naive))
    assert reason_for("worth", "changes[reverse, 12]", OWN)
