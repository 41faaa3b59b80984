"""How often the direction test sounds a false alarm in short panels of a persistent metric, and what it finds.

In 2,000 replications of 150 entities whose metric has a persistence of 0.8, intervals missed the truth at 6 periods
in 2.5 % (forward), 2.7 % (reverse) and 3.5 % (lead) where no arrow runs, and in 6.2, 3.9 and 3.7 % where 0.3 of the
outcome runs on to the metric; at 12 periods in 4.4, 4.7 and 4.8 %, and in 3.6, 4.6 and 4.6 %. The within estimate of
the forward arrow, which is zero in all of these, was told apart from zero in 16 % and 95 % at 6 periods and in 20 %
and 99 % at 12. With 6 periods two samples in five hardly tell the metric's persistence, which makes their intervals
wide, and those of the others miss on one side. That is due to errors that divide by the slope of the equations at the
estimate, close to zero there: the equations themselves turned the true coefficients away in 5.0 and 5.3 % of 1,000
replications, as they should. The reverse arrow of 0.3 was found in 95 % at 6 periods and always at
12.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coroi.inference.feedback import _by_run
from coroi.inference.past_runs import past_runs
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
    """Hold misses at 6 % at most within three standard errors of theirs, and the within estimate's far above."""
    n = len(found["forward"])
    limit = 0.06 + 3 * np.sqrt(0.05 * 0.95 / n)
    for term in TERMS:
        assert missed(found[term]) <= limit, (term, missed(found[term]))
    if reverse:
        assert missed(found["within"]) > 0.5
        excluded = (found["reverse"][:, 2] > 0).mean()
        assert excluded > 0.8


@pytest.mark.parametrize("periods", [6, 12])
def test_false_alarms_in_a_hundred_replications(periods):
    check_alarms(replicate(100, periods, periods=periods), 0.0)


def turned_away(replications: int, reverse: float) -> float:
    """Return how often the equations themselves, in the metric of their covariance, turn the true coefficients away."""
    rng, truth, found = np.random.default_rng(31), np.array([[0.5, 0.0], [reverse, 0.8]]), []
    for _ in range(replications):
        data, _ = simulate_direction(rng, n=150, periods=6, own=(0.5, 0.8), reverse=reverse)
        values, who, when = (data[name].to_numpy() for name in (["outcome", "metric"], "entity", "period"))
        moments = _by_run(past_runs(values, who, when, who, lags=1), truth, corrected=True)
        total = moments.sum(axis=0)
        found.append(total @ np.linalg.solve(moments.T @ moments, total))
    return float((np.array(found) > stats.chi2(4).ppf(0.95)).mean())


@pytest.mark.slow
@pytest.mark.parametrize("reverse", [0.0, 0.3])
def test_at_six_periods_the_equations_hold_at_their_level(reverse):
    """What is too wide there are errors that divide by the equations' slope, which this test does without."""
    assert turned_away(1_000, reverse) == pytest.approx(0.05, abs=0.01 + 3 * np.sqrt(0.05 * 0.95 / 1_000))


@pytest.mark.slow
@pytest.mark.parametrize("reverse", [0.0, 0.3])
@pytest.mark.parametrize("periods", [6, 12])
def test_false_alarms_in_two_thousand_replications(periods, reverse):
    check_alarms(replicate(2_000, 100 + periods, periods=periods, reverse=reverse), reverse)
