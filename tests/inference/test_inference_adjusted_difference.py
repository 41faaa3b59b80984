"""One difference in differences against stacked moments, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.inference.adjusted_difference import contrast
from roll_out_twin import contrast_twin


def drawn(seed: int, n: int = 60) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    treated = rng.random(n) < 1 / (1 + np.exp(-0.7 * x))
    change = 1.5 * treated + 0.8 * x + 0.3 * x**2 + rng.normal(size=n)
    design = np.column_stack([np.ones(n), x, rng.normal(size=n)])
    return {"change": change, "treated": treated, "design": design, "weight": rng.uniform(0.5, 2, size=n)}


@pytest.mark.parametrize("adjust", ["both", "outcome", "weighting"])
def test_effect_and_influence_equal_those_of_stacked_moments(adjust):
    data = drawn(1)
    found = contrast(**data, cluster=np.arange(60), adjust=adjust, corrected=False)
    effect, moved = contrast_twin(*data.values(), adjust)
    assert found.estimate == pytest.approx(effect, abs=1e-9)
    np.testing.assert_allclose(found.moved, moved, atol=1e-9)


def test_without_covariates_every_way_is_the_difference_of_mean_changes():
    data = drawn(2) | {"design": np.ones((60, 1))}
    one, w, y = data["treated"], data["weight"], data["change"]
    want = np.average(y[one], weights=w[one]) - np.average(y[~one], weights=w[~one])
    for adjust in ("both", "outcome", "weighting"):
        assert contrast(**data, cluster=np.arange(60), adjust=adjust).estimate == pytest.approx(want, abs=1e-12)


def test_doubly_robust_holds_where_one_model_alone_is_right():
    """The outcome curves in the covariate, which the regression misses; the odds are right."""
    rng = np.random.default_rng(3)
    n = 40_000
    x = rng.normal(size=n)
    treated = rng.random(n) < 1 / (1 + np.exp(-x))
    change = 1.0 * treated + x**2 + rng.normal(size=n)
    data = (change, treated, np.column_stack([np.ones(n), x]), np.ones(n), np.arange(n))
    both, outcome = contrast(*data, adjust="both"), contrast(*data, adjust="outcome")
    assert both.estimate == pytest.approx(1.0, abs=4 * np.sqrt(both.moved @ both.moved))
    assert abs(outcome.estimate - 1.0) > 8 * np.sqrt(outcome.moved @ outcome.moved)


def test_corrected_residuals_are_larger_by_each_sides_own_factor():
    data = drawn(4) | {"design": np.ones((60, 1))}
    data["weight"] = np.ones(60)
    plain, grown = (contrast(**data, cluster=np.arange(60), corrected=c) for c in (False, True))
    for side in (True, False):
        at = data["treated"] == side
        m = at.sum()
        np.testing.assert_allclose(grown.moved[at], plain.moved[at] * np.sqrt(m / (m - 1)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"design": lambda d: np.column_stack([np.ones(60), d["treated"] * 2.0 - 1])}, "made up of the others"),
        (
            {"design": lambda d: np.column_stack([np.ones(60), d["treated"] + 0.1 * d["design"][:, 1]])},
            "nobody is alike",
        ),
        ({"treated": lambda d: np.arange(60) >= 2}, "2 units to compare with are too few for 2 covariates"),
    ],
    ids=["a covariate that is the treatment", "no overlap", "few to compare with"],
)
def test_what_is_not_identified_is_said(change, reason):
    data = drawn(5)
    data |= {name: made(data) for name, made in change.items()}
    found = contrast(**data, cluster=np.arange(60))
    assert np.isnan(found.estimate)
    assert reason in found.reason
    assert not found.moved.any()
