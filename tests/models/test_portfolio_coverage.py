"""How often the intervals of the alphas hold the truth, with and without anything to find, and where firms leave."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.models.portfolio import fit_portfolio, simulate_portfolio

pytestmark = pytest.mark.slow
REPLICATIONS = 1_000


@pytest.mark.parametrize("alpha", [0.0, 0.006])
@pytest.mark.parametrize("leaving", [0.0, 0.02])
def test_intervals_hold_the_truth(alpha, leaving):
    rng = np.random.default_rng([33, int(1000 * alpha), int(100 * leaving)])
    inside = []
    for _ in range(REPLICATIONS):
        data, truth = simulate_portfolio(rng, firms=50, years=10, alpha=alpha, leaving=leaving)
        factors = data.drop_duplicates("period")[["period", "market", "smb", "risk_free"]]
        rows = fit_portfolio(data, factors=factors, metric="score").estimates
        alphas = rows[rows["term"] == "alpha"].set_index("portfolio")
        inside.append([alphas.loc[k, "conf_low"] <= truth[k] <= alphas.loc[k, "conf_high"] for k in truth])
    share = np.mean(inside, axis=0)
    assert (share > 0.92).all(), share
    assert (share < 0.97).all(), share
