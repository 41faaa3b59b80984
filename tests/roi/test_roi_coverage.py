"""How often intervals on money hold the truth, where the path and its covariance are estimated from few clusters.

In 2,000 draws of 12 periods from 20 and 50 clusters, values, returns and break-even factors were held in 96.0 and
95.2 %, internal rates in 96.0 and 95.5 %. Projected bands hold more often than they promise: depth in 98.7 and 99.1
%, the value given up at the trough in 99.0 and 98.7 %, length, end, crossover, trough and payback in 99.6 % and more.
Width is what that costs: with a payback in period 10 of 12, at which the value is 1.7 standard errors above zero, 21
% of payback sets had a last period. A dip was found on a flat path in 5.7 and 5.2 %, on one that rises in 0.4 %, and
where the trough is 4.4 standard errors deep in 98 %. With costs that have errors too, in 1,000 draws from 50
clusters, values were held in 95.9 %, returns and factors in 96.1 %, rates in 95.8 %.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from coroi.inference.ratios import set_of
from coroi.roi.break_even import break_even_factor
from coroi.roi.flows import Line, join_lines, known_line
from coroi.roi.irr import internal_rate
from coroi.roi.payback import payback
from coroi.roi.present_value import present_value, return_on_investment
from coroi.roi.valley import dip_test, forgone, valley
from money_lines import months

pytestmark = pytest.mark.slow

N = 2000
T = 12
RATE = 0.1
GAIN = np.r_[0.0, np.linspace(-1.0, 3.0, T - 1)]
COST = np.r_[-3.0, np.full(T - 1, -0.4)]
SPREAD = 0.1 * 0.5 ** np.abs(np.subtract.outer(np.arange(T), np.arange(T)))  # of the mean, not of a cluster


def estimated(path, n_clusters: int, rng, name: str = "gain") -> Line:
    """Draw clusters around a path, and return their mean with the covariance that they tell."""
    rows = rng.multivariate_normal(path, n_clusters * SPREAD, size=n_clusters)
    moved = (rows - rows.mean(axis=0)) / n_clusters
    covariance = moved.T @ moved * n_clusters / (n_clusters - 1)
    frame = pd.DataFrame(moved, index=[str(i) for i in range(n_clusters)])
    return Line(name=name, estimate=rows.mean(axis=0), covariance=covariance, moved=frame, df=n_clusters - 1.0)


def truths() -> dict[str, float]:
    factors = 1.1 ** (-np.arange(T) / 12)
    path = GAIN + COST
    total, discounted = np.cumsum(path), np.cumsum(path * factors)
    rates = internal_rate(known_line("x", path), per_year=12)
    assert len(rates.roots) == 1
    return {
        "value": discounted[-1],
        "return": discounted[-1] / -(COST @ factors),
        "factor": -(COST @ factors) / (GAIN @ factors),
        "rate": rates.estimate,
        "payback": float(1 + np.flatnonzero(discounted < 0)[-1]),
        "depth": total.min(),
        "trough": float(total.argmin()),
        "length": float((total < 0).sum()),
        "end": float(1 + np.flatnonzero(total < 0)[-1]),
        "crossover": float(1 + np.flatnonzero(path < 0)[-1]),
        "forgone": discounted[-1] - discounted[total.argmin()],
    }


def answers(line: Line, cost: Line, true: dict[str, float]) -> dict[str, tuple[bool, float]]:
    """Return whether each set holds the truth, and how wide it is."""
    flows = join_lines([line, cost], currency="EUR", periods=months(T))
    money = {"rate_annual": RATE, "per_year": 12}
    value, back = present_value(flows.total, **money), payback(flows.total, **money)
    ratios = {
        "return": return_on_investment(flows, costs=["cost"], **money),
        "factor": break_even_factor(flows, benefits=["gain"], **money),
    }
    rate, lost = internal_rate(flows.total, per_year=12), forgone(flows.total, **money)
    seen = valley(flows.total, per_year=12)
    spans = {term: getattr(seen, term) for term in ("depth", "trough", "length", "end", "crossover")}
    ends = {term: (span.low, span.high) for term, span in spans.items()}
    ends["value"], ends["forgone"] = (value["conf_low"], value["conf_high"]), (lost.low, lost.high)
    ends["payback"] = (back.earliest, back.latest)
    found = {term: (low - 1e-12 <= true[term] <= high + 1e-12, high - low) for term, (low, high) in ends.items()}
    for term, row in ratios.items():
        held = row["identified"] and set_of(row).holds(true[term])
        found[term] = (held, row["conf_high"] - row["conf_low"])
    in_pieces = any(low <= true["rate"] <= high for low, high in rate.pieces)
    return found | {"rate": (in_pieces, rate.high - rate.low)}


def replicated(n_clusters: int, *, costs_known: bool, n: int) -> pd.DataFrame:
    """Return coverage, the median width and the share of sets with two ends, by term."""
    rng, true = np.random.default_rng(n_clusters), truths()
    rows = []
    for _ in range(n):
        line = estimated(GAIN, n_clusters, rng)
        cost = known_line("cost", COST) if costs_known else estimated(COST, n_clusters, rng, "cost")
        rows.append(answers(line, cost, true))
    hits = pd.DataFrame([{term: hit for term, (hit, _) in row.items()} for row in rows])
    widths = pd.DataFrame([{term: width for term, (_, width) in row.items()} for row in rows])
    return pd.DataFrame({"covered": hits.mean(), "width": widths.median(), "two_ends": np.isfinite(widths).mean()})


@pytest.mark.parametrize("n_clusters", [20, 50])
def test_intervals_hold_the_truth(n_clusters):
    found = replicated(n_clusters, costs_known=True, n=N)
    for term, covered in found["covered"].items():
        assert stats.binomtest(round(covered * N), N, 0.95, alternative="less").pvalue > 0.01, (term, found)
    for term in ("value", "return", "factor", "rate"):  # exact, so not by being wide
        assert stats.binomtest(round(found.loc[term, "covered"] * N), N, 0.95).pvalue > 0.01, (term, found)


def test_ratios_hold_the_truth_where_costs_have_errors_too():
    n = 1000
    found = replicated(50, costs_known=False, n=n)
    for term in ("value", "return", "factor", "rate"):
        assert stats.binomtest(round(found.loc[term, "covered"] * n), n, 0.95).pvalue > 0.01, (term, found)


def rejected(path, n_clusters: int, n: int = N) -> float:
    rng = np.random.default_rng(7 + n_clusters)
    return float(np.mean([dip_test(estimated(path, n_clusters, rng)).p_value <= 0.05 for _ in range(n)]))


@pytest.mark.parametrize("n_clusters", [20, 50])
def test_a_dip_is_not_found_where_there_is_none(n_clusters):
    flat = rejected(np.zeros(T), n_clusters)
    assert stats.binomtest(round(flat * N), N, 0.05, alternative="greater").pvalue > 0.01
    assert flat > 0.03  # a test that never rejects would be of no use
    assert rejected(np.full(T, 0.3), n_clusters, 500) <= flat


def test_a_dip_that_is_there_is_found():
    assert rejected(np.r_[np.full(4, -1.0), np.full(T - 4, 1.0)], 50, 500) > 0.8
