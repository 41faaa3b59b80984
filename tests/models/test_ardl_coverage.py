"""How often Fieller's set and the delta method's interval hold the long run, at moderate and at high persistence.

In 4,000 single series each, with the outcome's coefficient on itself, and the share of sets without bound:

periods   coefficient   Fieller   delta    without bound
240       0.6           94.7 %    94.2 %   0 %
240       0.95          93.1 %    83.2 %   1.6 %
120       0.6           94.1 %    92.9 %   0 %
120       0.9           93.1 %    84.1 %   1.9 %
120       0.95          92.4 %    75.1 %   22 %

Near one, and in short series, least squares leans down by about (1 + 3 · coefficient) / T, which no interval around it
makes good: the check of short series says so from half a standard error on, as in all rows but the first and the third.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from coroi.models.ardl import fit_ardl, simulate_ardl


def held(row: pd.Series, value: float) -> bool:
    return row["conf_low"] <= value <= row["conf_high"] and not row["gap_low"] < value < row["gap_high"]


def coverage(replications: int, periods: int, memory: float, n: int = 1) -> pd.Series:
    rng, found = np.random.default_rng(6), []
    for _ in range(replications):
        data, truth = simulate_ardl(rng, n=n, periods=periods, memory=(memory,))
        how = ("none", "classical") if n == 1 else ("period", "clustered")
        rows = fit_ardl(data, outcome="outcome", metric="metric", effects=how[0], errors=how[1]).estimates
        rows = rows[rows["term"] == "long_run"].set_index("interval")
        found.append({how: held(row, truth["long_run"]) for how, row in rows.iterrows() if row["identified"]})
    return pd.DataFrame(found).astype(float).mean()


def off(n: int) -> float:
    return 3 * math.sqrt(0.95 * 0.05 / n)


def test_both_hold_at_moderate_persistence():
    found = coverage(150, 240, 0.6)
    assert found["fieller"] == pytest.approx(0.95, abs=off(150))
    assert found["delta"] == pytest.approx(0.95, abs=off(150))


@pytest.mark.slow
def test_near_one_the_set_comes_near_its_level_and_the_delta_method_does_not():
    found = coverage(400, 240, 0.95)
    assert 0.90 < found["fieller"] < 0.97
    assert found["delta"] < found["fieller"] - 0.06


@pytest.mark.slow
def test_in_a_panel_the_set_holds_near_one():
    found = coverage(1_000, 36, 0.95, n=60)
    assert found["fieller"] == pytest.approx(0.95, abs=off(1_000))


@pytest.mark.slow
def test_so_near_one_in_a_short_series_the_set_is_better_and_still_short():
    found = coverage(1_000, 120, 0.95)
    assert 0.90 < found["fieller"] < 0.945
    assert found["delta"] < found["fieller"] - 0.12
