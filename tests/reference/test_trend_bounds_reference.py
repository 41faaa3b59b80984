"""Medicaid's expansion and insurance, with bounds as the README of R's HonestDiD prints them.

Rambachan and Roth (2023), Review of Economic Studies 90:2555-2591; data of the Mixtape course, whose own older numbers
do not reproduce. Ends by relative magnitudes lie on that package's grid of effects and rest on a simulated value, hence
their stored tolerance.
"""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from coroi.inference.event_path import EventPath, around
from coroi.inference.linear import clustered, least_squares
from coroi.inference.relative_magnitudes import relative_set
from coroi.inference.smoothness import fixed_length
from coroi.inference.trend_bounds import check_trend_bounds
from coroi.inference.within import sweep

FIRST = np.array([1.0, 0.0])


@pytest.fixture(scope="module")
def case(shared) -> tuple[EventPath, dict[str, dict]]:
    folder = shared / "oracles" / "18_honestdid_medicaid"
    estimates = np.loadtxt(folder / "betahat.csv")
    covariance = np.loadtxt(folder / "sigma.csv", delimiter=",")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["quantities"]
    return around(np.array([-6, -5, -4, -3, -2, 0, 1]), estimates, covariance), {q["name"]: q for q in expected}


def published(expected: dict[str, dict], start: str) -> dict[float, list[dict]]:
    """Return the ends of each bound's interval, the lower first."""
    found: dict[float, list[dict]] = {}
    for name, quantity in expected.items():
        if name.startswith(start):
            bound = float(re.search(r"=([\d.]+) ", name)[1])
            found.setdefault(bound, []).append(quantity)
    return found


def test_fixed_length_intervals_are_those_of_the_readme(case):
    path, expected = case
    ends = published(expected, "DeltaSD")
    assert sorted(ends) == [0, 0.01, 0.02, 0.03, 0.04, 0.05]
    for bend, (low, high) in ends.items():
        found = fixed_length(path, FIRST, bend)
        assert found.low == pytest.approx(low["value"], abs=low["tol"])
        assert found.high == pytest.approx(high["value"], abs=high["tol"])


def test_conditional_sets_are_those_of_the_readme(case):
    path, expected = case
    ends = published(expected, "DeltaRM")
    assert sorted(ends) == [0.5, 1, 1.5, 2]
    for bound, (low, high) in ends.items():
        found = relative_set(path, FIRST, bound)
        assert found.whole
        assert found.low == pytest.approx(low["value"], abs=low["tol"])
        assert found.high == pytest.approx(high["value"], abs=high["tol"])


def test_parallel_trends_give_the_ordinary_interval(case):
    path, expected = case
    found = relative_set(path, FIRST, 0.0)
    ends = [expected[f"original CI {end}"]["value"] for end in ("lb", "ub")]
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-6)


def test_the_path_is_that_of_the_states_by_our_own_regression(case, shared):
    """Errors clustered by state with fixest's factor, in which the states' effects do not count."""
    path, expected = case
    states = pd.read_csv(shared / "oracles" / "18_honestdid_medicaid" / "ehec_data.csv")
    states = states[(states["year"] < 2016) & (states["yexp2"] != 2015)]
    years = [2008, 2009, 2010, 2011, 2012, 2014, 2015]
    expands = (states["yexp2"] == 2014).to_numpy(float)
    columns = [expands * (states["year"] == year) for year in years]
    state, year = pd.factorize(states["stfips"])[0], states["year"].to_numpy() - 2008
    swept = sweep(np.column_stack([*columns, states["dins"]]), state, year).values
    fit = least_squares(swept[:, :-1], swept[:, -1])
    covariance = clustered(fit, state, factor="stata", n_params=len(years) + 8)
    for at, name in enumerate(years):
        assert fit.coef[at] == pytest.approx(expected[f"betahat {name}"]["value"], abs=1e-8)
        assert np.sqrt(covariance[at, at]) == pytest.approx(expected[f"se {name}"]["value"], abs=1e-8)
    own = around(np.array(years) - 2014, fit.coef, covariance)
    assert own.covariance == pytest.approx(path.covariance, abs=1e-12)
    check = check_trend_bounds(own, FIRST, what="the rise in insurance")
    assert check.passed is True
    assert "as long as that change is at most 1.9 times the most seen before" in check.sentence
