"""The experiment with pilots and follow-ups: every estimand has its truth, and naive figures are seen to fail."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.lab.bar import reason_for
from coroi.lab.experiments import EXPERIMENTS, OWN
from coroi.lab.experiments.randomised_pilots import COMPLIER, EFFECT, FOLLOWED, TAKEN_UP
from coroi.lab.replicate import own_stream

PILOTS = EXPERIMENTS["randomised_pilots"]


@pytest.fixture(scope="module")
def runs() -> dict[str, np.ndarray]:
    """Estimates, ends and whether refused, of five replications, by estimand."""
    found = [PILOTS.own_fit(own_stream("randomised_pilots", seed)) for seed in range(1, 6)]
    names = [each.name for each in PILOTS.estimands]
    assert all(list(run) == names for run in found)
    return {
        name: np.array([(run[name].estimate, run[name].low, run[name].high, bool(run[name].refused)) for run in found])
        for name in names
    }


def test_every_estimand_has_a_truth_and_is_near_it(runs):
    truth = PILOTS.own_truth()
    assert set(truth) == set(runs)
    for name, rows in runs.items():
        if reason_for("randomised_pilots", name, OWN):
            continue
        inside = (rows[:, 1] <= truth[name]) & (truth[name] <= rows[:, 2])
        assert inside.mean() >= 0.6, name
        assert abs(rows[:, 0].mean() - truth[name]) < 1.2 * rows[:, 0].std(ddof=1), name


def test_shares_that_do_not_fit_are_refused_and_those_that_do_are_not(runs):
    assert runs["shares a fifth lost"][:, 3].all()
    assert not runs["shares kept to"][:, 3].any()


def test_naive_figures_fail_where_the_others_do_not(runs):
    assert (runs["before–after, null"][:, 1] > 0).all()
    assert (runs["before–after, effect"][:, 1] > FOLLOWED).mean() > 0.5
    for units in (8, 20, 50, 200):
        naive, own = (runs[f"null{kind}[{units} units]"] for kind in (", by customer", ""))
        assert (naive[:, 2] - naive[:, 1] < own[:, 2] - own[:, 1]).all()


def test_truths_are_those_of_the_world():
    truth = PILOTS.own_truth()
    assert truth["effect[20 units]"] == EFFECT
    assert truth["effect[adjusted]"] == pytest.approx(COMPLIER * TAKEN_UP)
    assert {truth[each.name] for each in PILOTS.estimands if each.zero_in} == {0.0}
    assert {each.name for each in PILOTS.estimands if each.zero_in} == {name for name in truth if "null" in name}
