"""How often the intervals of standing hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.models.standing import fit_standing, simulate_standing

pytestmark = pytest.mark.slow
REPLICATIONS = 1_000


@pytest.mark.parametrize(("industries", "sorting"), [(12, 0.5), (30, 1.5)])
def test_intervals_hold_the_truth(industries, sorting):
    rng = np.random.default_rng([31, industries])
    inside, errors, spread = [], [], []
    for _ in range(REPLICATIONS):
        data, truth = simulate_standing(rng, industries=industries, firms=6, periods=8, slope=0.4, sorting=sorting)
        rows = fit_standing(data, outcome="value", metric="score").estimates
        own = rows[rows["whose"] == "own"].set_index("term")
        inside.append([own.loc[k, "conf_low"] <= truth[k] <= own.loc[k, "conf_high"] for k in truth])
        errors.append(own["std_error"].tolist())
        spread.append(own["estimate"].tolist())
    share = np.mean(inside, axis=0)
    assert (share > 0.93).all(), share
    assert (share < 0.97).all(), share
    np.testing.assert_allclose(np.mean(errors, axis=0) / np.std(spread, axis=0, ddof=1), 1.0, atol=0.07)
