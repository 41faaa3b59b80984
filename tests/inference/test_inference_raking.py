"""Raking: an entropy programme solved on its own, properties, and margins that cannot be met."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from coroi.errors import DataError
from coroi.inference.raking import rake

MARGINS = {"segment": {"basic": 0.5, "plus": 0.3, "business": 0.2}, "region": {"north": 0.4, "south": 0.6}}


def rows(seed: int, n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "segment": rng.choice(["basic", "plus", "business"], n, p=[0.2, 0.3, 0.5]),
            "region": rng.choice(["north", "south"], n, p=[0.7, 0.3]),
        }
    )


def twin(frame: pd.DataFrame, start: np.ndarray) -> np.ndarray:
    """Minimise the relative entropy to the starting weights through its dual, one multiplier a level."""
    columns = [(frame[m] == level).to_numpy(float) for m, levels in MARGINS.items() for level in levels]
    targets = np.array([share for levels in MARGINS.values() for share in levels.values()])
    design, base = np.column_stack(columns), start / start.sum()

    def dual(multipliers: np.ndarray) -> tuple[float, np.ndarray]:
        weights = base * np.exp(design @ multipliers)
        return weights.sum() - targets @ multipliers, design.T @ weights - targets

    found = optimize.minimize(dual, np.zeros(len(targets)), jac=True, method="BFGS", options={"gtol": 1e-11})
    return base * np.exp(design @ found.x) * start.sum()


@pytest.mark.parametrize("seed", range(4))
def test_it_equals_the_entropy_programme(seed):
    frame, start = rows(seed), np.random.default_rng(seed + 100).uniform(0.5, 2, 60)
    raked = rake(frame, MARGINS, weight=start)
    np.testing.assert_allclose(raked.weights, twin(frame, start), rtol=1e-6)
    assert raked.weights.sum() == pytest.approx(start.sum(), rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.05, 0.9))
def test_every_margin_is_met(seed, share):
    frame = rows(seed, 200)
    margins = MARGINS | {"region": {"north": share, "south": 1 - share}}
    raked = rake(frame, margins)
    for name, levels in margins.items():
        met = pd.Series(raked.weights).groupby(frame[name]).sum() / raked.weights.sum()
        assert met.to_dict() == pytest.approx(levels, abs=1e-9)
    assert raked.furthest < 1e-9
    assert raked.effective <= 200 + 1e-9


def test_margins_that_hold_already_leave_the_weights():
    frame = pd.DataFrame({"segment": ["a", "a", "b", "b"], "region": ["n", "s", "n", "s"]})
    raked = rake(frame, {"segment": {"a": 0.5, "b": 0.5}, "region": {"n": 0.5, "s": 0.5}})
    assert raked.weights.tolist() == pytest.approx([1, 1, 1, 1])
    assert raked.rounds == 1
    assert raked.effective == pytest.approx(4)


def test_all_that_cannot_be_is_told_at_once():
    frame = pd.DataFrame({"segment": ["a", "a", "c"], "region": ["n", "s", "n"]})
    margins = {"segment": {"a": 0.5, "b": 0.5}, "region": {"n": 0.7, "s": 0.7}, "age": {"old": 1.0}}
    with pytest.raises(DataError) as error:
        rake(frame, margins)
    assert [problem.where for problem in error.value.problems] == [
        "margin 'segment'",
        "margin 'segment'",
        "margin 'region'",
        "margin 'age'",
    ]
    assert "b: part of everybody, but without an answer." in str(error.value)
    assert "c: with answers, but without a share." in str(error.value)
    assert "its shares sum to 1.4." in str(error.value)


def test_margins_that_contradict_each_other_are_refused():
    """Answers lie on the diagonal, so that both margins have to be alike, and they are not."""
    frame = pd.DataFrame({"segment": ["a"] * 5 + ["b"] * 5, "region": ["n"] * 5 + ["s"] * 5})
    with pytest.raises(DataError, match="no weights meet all margins together: after 1,000 rounds one is still"):
        rake(frame, {"segment": {"a": 0.5, "b": 0.5}, "region": {"n": 0.8, "s": 0.2}})


@pytest.mark.parametrize("bad", [[1.0, -1.0], [1.0, np.nan], [0.0, 0.0], [1.0]])
def test_weights_that_are_none_are_refused(bad):
    with pytest.raises(DataError, match="weights to start from"):
        rake(pd.DataFrame({"segment": ["a", "b"]}), {"segment": {"a": 0.5, "b": 0.5}}, weight=np.array(bad))


def test_a_level_that_nobody_has_needs_no_answer():
    frame = pd.DataFrame({"segment": ["a", "b"]})
    assert rake(frame, {"segment": {"a": 0.25, "b": 0.75, "c": 0.0}}).weights.tolist() == pytest.approx([0.5, 1.5])
