"""The experiments on projections and direction: what they find is what they name, and truths are the simulators'."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.lab.experiments import EXPERIMENTS, OWN
from coroi.lab.experiments.direction import LENGTHS, WORLDS
from coroi.lab.experiments.projections import PATH, PERSISTENCE
from coroi.models.direction import simulate_direction
from coroi.models.local_projections import simulate_local_projections


@pytest.mark.parametrize("name", ["projections", "direction"])
def test_every_estimand_is_found_and_has_a_truth(name):
    experiment = EXPERIMENTS[name]
    found = experiment.own_fit(np.random.default_rng(1))
    truth = experiment.own_truth()
    names = [each.name for each in experiment.estimands]
    assert len(set(names)) == len(names)
    assert set(found) == set(truth) == set(names)
    for each in experiment.estimands:
        assert not found[each.name].refused
        assert (OWN in each.zero_in) == (each.contrast and truth[each.name] == 0)


def test_truths_of_projections_are_those_of_the_simulator():
    _, stated = simulate_local_projections(np.random.default_rng(2), n=2, periods=3, path=PATH, persistence=PERSISTENCE)
    truth = EXPERIMENTS["projections"].own_truth()
    path = np.array([stated[f"response[{h}]"] for h in range(len(PATH))])
    assert [truth[f"corrected[{h}]"] for h in range(len(PATH))] == pytest.approx(path)
    assert truth["early"] == pytest.approx(path[:2].mean())
    assert truth["late"] == pytest.approx(path[2:].mean())
    assert path[int(truth["crossover"]) - 1] < 0
    assert (path[int(truth["crossover"]) :] >= 0).all()


def test_truths_of_the_direction_are_those_of_the_simulator():
    truth = EXPERIMENTS["direction"].own_truth()
    for world, (forward, reverse) in WORLDS.items():
        _, stated = simulate_direction(np.random.default_rng(3), n=2, periods=2, forward=forward, reverse=reverse)
        for periods in LENGTHS:
            assert {t: truth[f"{t}[{world}, {periods}]"] for t in stated} == pytest.approx(stated)
