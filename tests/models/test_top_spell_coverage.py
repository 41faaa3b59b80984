"""How often the intervals of the hazards at the top hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.models.top_spell import fit_top_spell, simulate_top_spell

pytestmark = pytest.mark.slow
REPLICATIONS = 1_000


def test_intervals_hold_the_truth():
    rng = np.random.default_rng(32)
    inside = []
    for _ in range(REPLICATIONS):
        data, truth = simulate_top_spell(rng, firms=250, periods=12, loses=-0.4, reaches=0.3)
        rows = fit_top_spell(data, metric="score").estimates
        slopes = rows[rows["term"] == "score"].set_index("transition")
        inside.append([slopes.loc[k, "conf_low"] <= truth[k] <= slopes.loc[k, "conf_high"] for k in truth])
    share = np.mean(inside, axis=0)
    assert (share > 0.93).all(), share
    assert (share < 0.97).all(), share
