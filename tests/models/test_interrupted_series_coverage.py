"""How often intervals of an interrupted series hold the truth, by length and memory.

In 300 series each of 24 periods before and 12 after, the mean effect lay inside in 97, 98, 96 and 92 % at a memory of
0, 0.4, 0.7 and 0.9, and in 12 and 6 periods in 95, 94, 91 and 87 %: the check of memory fails in 88 % of series or more
where it is 0.7 or 0.9.
"""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from coroi.inference.series import usual_lags
from coroi.models.interrupted_series import fit_interrupted_series, simulate_interrupted_series

TERMS = ("level", "slope", "overall")


def replicate(replications: int, seed: int, **options) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    held, newey_west, doubted = [], [], []
    for _ in range(replications):
        data, truth = simulate_interrupted_series(rng, **options)
        result = fit_interrupted_series(data, outcome="outcome")
        rows = result.estimates.set_index("term")
        held.append([rows.loc[t, "conf_low"] <= truth[t] <= rows.loc[t, "conf_high"] for t in TERMS])
        newey_west.append(plainly(data, truth["level"]))
        doubted.append(next(c for c in result.checks if c.name == "memory").passed is False)
    shares = dict(zip(TERMS, np.mean(held, axis=0), strict=True))
    return shares | {"newey_west": float(np.mean(newey_west)), "doubted": float(np.mean(doubted))}


def plainly(data, level: float) -> bool:
    """Tell whether the usual interval by least squares and Newey–West holds the jump."""
    time = data["period"] - data["first_treated"]
    design = np.column_stack([np.ones(len(time)), time, time >= 0, time * (time >= 0)]).astype(float)
    options = {"maxlags": usual_lags(len(time)), "use_correction": True}
    low, high = sm.OLS(data["outcome"], design).fit(cov_type="HAC", cov_kwds=options, use_t=True).conf_int().loc["x3"]
    return bool(low <= level <= high)


@pytest.mark.slow
@pytest.mark.parametrize("memory", [0.0, 0.4, 0.7])
def test_intervals_hold_where_shocks_fade(memory):
    found = replicate(500, 1, memory=memory)
    for term in TERMS:
        assert found[term] >= 0.935 - 3 * np.sqrt(0.95 * 0.05 / 500), (term, found)


@pytest.mark.slow
def test_newey_west_would_not_hold_and_long_memory_is_doubted():
    found = replicate(400, 2, memory=0.7)
    assert found["newey_west"] < 0.88
    assert found["level"] > found["newey_west"] + 0.04
    assert replicate(100, 3, memory=0.9)["doubted"] > 0.9
