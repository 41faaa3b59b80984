"""How often intervals of imputed effects, and the band over leads and effects, hold the truth in few units.

The lab tries 8 to 200 units in 2,000 replications; here a part of it, and what happens with the usual errors.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coroi.models.imputation_did import fit_imputation_did, simulate_imputation_did

PATH, HORIZON = tuple(0.2 * h for h in range(1, 9)), 3


def replicate(replications: int, seed: int, n: int) -> dict[str, np.ndarray]:
    """Return misses and errors of the effects and their mean, and whether the band held, false alarms of leads."""
    rng = np.random.default_rng(seed)
    held, t, df, band, alarm = [], [], [], [], []
    for _ in range(replications):
        data, truth = simulate_imputation_did(rng, n=n, periods=14, starts=(6, 8, 10), path=PATH)
        result = fit_imputation_did(data, outcome="outcome", leads=2, horizon=HORIZON, balanced=0)
        rows = result.estimates.set_index(result.vcov.index)
        names = [*(f"event_time: {h}" for h in range(-2, HORIZON + 1)), "overall"]
        rows = rows.loc[names]
        target = np.array([truth.get(name, 0.0) for name in names])
        held.append((rows["conf_low"] <= target) & (target <= rows["conf_high"]))
        t.append(np.abs(rows["estimate"] - target) / rows["std_error"])
        df.append(rows["df"])
        band.append(((rows["band_low"] <= target) & (target <= rows["band_high"]))[:-1].all())
        alarm.append(not result.checks[0].passed)
    return {
        "held": np.array(held),
        "t": np.array(t),
        "df": np.array(df),
        "band": np.array(band),
        "alarm": np.array(alarm),
    }


def check(found: dict[str, np.ndarray], least: float, most: float) -> None:
    """Hold every share within three Monte Carlo errors of its bounds, all estimates together."""
    n, k = found["held"].shape
    margin = stats.norm.ppf(1 - 0.0027 / 2 / k) * np.sqrt(0.95 * 0.05 / n)
    share = found["held"].mean(axis=0)
    assert share.min() >= least - margin, share
    assert share.max() <= most + margin, share
    assert found["band"].mean() >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / n), found["band"].mean()
    assert found["alarm"].mean() <= 0.05 + 3 * np.sqrt(0.95 * 0.05 / n), found["alarm"].mean()


@pytest.mark.parametrize("n", [8, 20])
def test_intervals_band_and_leads_hold_in_few_units(n):
    check(replicate(80, 1, n), 0.95, 0.95)


def test_degrees_of_freedom_by_clusters_alone_are_too_many_in_eight_units():
    found = replicate(100, 2, 8)
    assert (found["t"] <= stats.t.ppf(0.975, 7)).mean() < 0.93


@pytest.mark.slow
@pytest.mark.parametrize("n", [8, 20, 50])
def test_intervals_band_and_leads_hold_in_a_thousand_replications(n):
    check(replicate(1_000, 3, n), 0.94, 0.96)
