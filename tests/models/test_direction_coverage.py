"""How often the direction test sounds a false alarm in short panels of a persistent metric, and what it finds.

MEASURED
"""

from __future__ import annotations

import numpy as np
import pytest

from coroi.models.direction import fit_direction, simulate_direction

TERMS = ["forward", "reverse", "placebo_lead"]


def replicate(replications: int, seed: int, **world) -> dict[str, np.ndarray]:
    """Return estimate, error, ends and truth of each term, and of the within estimate of the forward arrow."""
    rng = np.random.default_rng(seed)
    found: dict[str, list] = {name: [] for name in (*TERMS, "within")}
    for _ in range(replications):
        data, truth = simulate_direction(rng, n=150, own=(0.5, 0.8), **world)
        rows = fit_direction(data, outcome="outcome", metric="metric").estimates
        rows = rows.set_index(["term", "estimator"])[["estimate", "std_error", "conf_low", "conf_high"]]
        for term in TERMS:
            found[term].append([*rows.loc[(term, "corrected")], truth[term]])
        found["within"].append([*rows.loc[("forward", "within")], truth["forward"]])
    return {name: np.array(each) for name, each in found.items()}


def missed(found: np.ndarray) -> float:
    return float(((found[:, 4] < found[:, 2]) | (found[:, 4] > found[:, 3])).mean())


def check_alarms(found: dict[str, np.ndarray], reverse: float) -> None:
    """Hold false alarms at 5 % within three standard errors of theirs, and the within estimate's far above."""
    n = len(found["forward"])
    limit = 0.05 + 3 * np.sqrt(0.05 * 0.95 / n)
    for term in TERMS:
        assert missed(found[term]) <= limit, (term, missed(found[term]))
    if reverse:
        assert missed(found["within"]) > 0.5
        excluded = (found["reverse"][:, 2] > 0).mean()
        assert excluded > 0.8


@pytest.mark.parametrize("periods", [6, 12])
def test_false_alarms_in_a_hundred_replications(periods):
    check_alarms(replicate(100, periods, periods=periods), 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("reverse", [0.0, 0.3])
@pytest.mark.parametrize("periods", [6, 12])
def test_false_alarms_in_two_thousand_replications(periods, reverse):
    check_alarms(replicate(2_000, 100 + periods, periods=periods, reverse=reverse), reverse)
