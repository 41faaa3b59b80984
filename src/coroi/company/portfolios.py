"""Truth of claim C07: what a portfolio of changes is worth that looks at customers first, or at margin first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from coroi.company.changes import (
    CHANGE_IDS,
    LARGEST_CHANGE,
    SMALLEST_CHANGE,
    Candidates,
    draw_candidates,
)
from coroi.company.clock import Flags, Floats
from coroi.company.history import block_sizes, draw_history
from coroi.company.measures import path_of
from coroi.company.path import PLAN_RATE, discount
from coroi.company.responses import NPS
from coroi.company.scenario import SCENARIOS, Intervention, Scenario, World
from coroi.company.truth import TRUTH_SEED

HORIZONS = (12, 36)
SIZES = (SMALLEST_CHANGE, 0.5, LARGEST_CHANGE)
BUDGET = 0.25
N_TABLES = 2_000
SCREENS = {
    "customers first": "changes thought to raise the metric, most points times customers for the money first",
    "margin first": "changes thought to bring margin, most margin for the money first",
}
TERMS = f"each as far as {BUDGET:.0%} of what all changes cost goes, leaving out what no longer fits"
VALUED = (
    f"profit at {PLAN_RATE:.0%} a year, margin and cost counted; a change of the metric is worth what it brings in "
    "re-simulated companies, between the sizes simulated by straight lines"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worth:
    """What moving the metric brings, by customer.

    Parameters
    ----------
    sizes : numpy.ndarray
        Points of the NPS, rising, 0 among them, shape (n_sizes,).
    profit : numpy.ndarray
        Discounted profit gained by each customer, by horizon and size, shape (n_customers, n_horizons, n_sizes).
    """

    sizes: Floats
    profit: Floats


@cache
def worth_of_points(scenario: Scenario, customers: int) -> Worth:
    """Simulate companies in which everyone's own level lies higher or lower by so many points, and tell the gain.

    Parameters
    ----------
    scenario : Scenario
        The company's scenario.
    customers : int
        Customers simulated for each size; those with a contract at the start are followed.

    Notes
    -----
    The companies last as long as the longest horizon, whatever the length of the company asked about. The happier
    are called back less often, which saves a little even where satisfaction does nothing else.
    """
    months, gained = max(HORIZONS), []
    rate = discount(PLAN_RATE, months)
    for i, size in enumerate(block_sizes(customers)):
        paths = []
        for points in (0.0, *SIZES):
            world = World(scenario=scenario, intervention=Intervention(level=points / NPS.spread))
            history = draw_history(customers=size, months=months, seed=TRUTH_SEED + i, world=world)
            path = path_of(history.profit, np.zeros(size, dtype=np.int64), months)[history.here[0]] * rate
            paths.append(np.stack([path[:, :horizon].sum(axis=1) for horizon in HORIZONS], axis=1))
        gained.append(np.stack([path - paths[0] for path in paths], axis=2))
    order = np.argsort([0.0, *SIZES])
    return Worth(sizes=np.sort([0.0, *SIZES]), profit=np.concatenate(gained)[:, :, order])


def pick(gain: Floats, cost: Floats) -> Flags:
    """Pick changes that are thought to gain something, best for the money first, while the budget lasts.

    Parameters
    ----------
    gain, cost : numpy.ndarray
        What each is thought to gain, and its cost, in one unit each, shape (n_tables, n_changes).

    Returns
    -------
    numpy.ndarray
        Whether each is picked, shape (n_tables, n_changes).
    """
    left, rows = BUDGET * cost.sum(axis=1), np.arange(cost.shape[0])
    picked = np.zeros(cost.shape, dtype=bool)
    for at in np.argsort(-gain / cost, axis=1, kind="stable").T:
        taken = (gain[rows, at] > 0) & (cost[rows, at] <= left)
        picked[rows, at] = taken
        left = left - taken * cost[rows, at]
    return picked


def portfolios(candidates: Candidates) -> tuple[Flags, Flags]:
    """Return what is picked by what the table tells: customers first, and margin first."""
    cost = candidates.reach * candidates.cost
    return (
        pick(candidates.reach * candidates.told_metric_change, cost),
        pick(candidates.reach * candidates.told_margin, cost),
    )


def portfolio_truths(*, scenario: str, customers: int) -> list[dict[str, object]]:
    """Value the two portfolios by what the changes truly do, on average over tables drawn anew.

    Parameters
    ----------
    scenario : str
        A key of ``SCENARIOS``.
    customers : int
        Customers simulated for what a change of the metric is worth.

    Notes
    -----
    The Monte Carlo error is that of the tables and of the customers together.
    """
    worth, found = worth_of_points(SCENARIOS[scenario], customers), draw_candidates(TRUTH_SEED, N_TABLES)
    first, second = portfolios(found)
    picked = (first.astype(float) - second) * found.reach
    by_size = np.einsum("tc,tck->tk", picked, _hats(found.metric_change, worth.sizes))
    return [_entry(horizon, i, worth, by_size, picked, found) for i, horizon in enumerate(HORIZONS)]


def _entry(horizon: int, i: int, worth: Worth, by_size: Floats, picked: Floats, found: Candidates) -> dict[str, object]:
    by_itself = (picked * (found.margin * _annuity(horizon) - found.cost)).sum(axis=1)
    tables = by_size @ worth.profit[:, i].mean(axis=0) + by_itself
    people = worth.profit[:, i] @ by_size.mean(axis=0)
    error = np.sqrt(tables.var(ddof=1) / tables.size + people.var(ddof=1) / people.size)
    one, other = SCREENS
    what = f"Value within {horizon} months of the changes picked {one} ({SCREENS[one]}) less {other} ({SCREENS[other]})"
    return {
        "estimand": f"{what}, {TERMS}: {VALUED}.",
        "value": round(float(tables.mean()), 6),
        "unit": "EUR per customer with a contract",
        "mc_std_error": round(float(error), 6),
        "n": people.size,
        "n_tables": tables.size,
    }


def true_changes(*, seed: int, scenario: str, customers: int = 40_000) -> dict[str, object]:
    """Return what the changes of one company's own table truly do, and what its two portfolios are worth.

    Parameters
    ----------
    seed : int
        The company's seed.
    scenario : str
        A key of ``SCENARIOS``.
    customers : int
        Customers simulated for what a change of the metric is worth.

    Returns
    -------
    dict
        Definitions; per change what it truly does and its value per customer reached; per portfolio the changes
        picked, and its value per customer with a contract.
    """
    found, worth = draw_candidates(seed), worth_of_points(SCENARIOS[scenario], customers)
    by_metric = _hats(found.metric_change, worth.sizes)[0] @ worth.profit.mean(axis=0).T
    by_itself = found.margin[0, :, None] * [_annuity(horizon) for horizon in HORIZONS] - found.cost[0, :, None]
    value = by_metric + by_itself
    truly = np.column_stack([found.metric_change[0], found.margin[0], value]).round(4).tolist()
    names = ("change_id", "metric_change", "margin", *(f"value_{horizon}_months" for horizon in HORIZONS))
    rows = [dict(zip(names, (name, *row), strict=True)) for name, row in zip(CHANGE_IDS, truly, strict=True)]
    picked = {
        name: {"change_ids": [CHANGE_IDS[j] for j in np.flatnonzero(mask[0])]}
        | _by_horizon((found.reach[0, :, None] * value)[mask[0]].sum(axis=0))
        for name, mask in zip(SCREENS, portfolios(found), strict=True)
    }
    words = {
        "value": f"EUR, of a change per customer reached, of a portfolio per customer with a contract: {VALUED}",
        "margin": "EUR per customer reached and year, by itself",
        "portfolios": {name: f"{told}, {TERMS}" for name, told in SCREENS.items()},
    }
    return {"definitions": words, "changes": rows, "portfolios": picked}


def _by_horizon(value: Floats) -> dict[str, float]:
    return {f"value_{horizon}_months": round(float(v), 4) for horizon, v in zip(HORIZONS, value, strict=True)}


def _hats(points: Floats, sizes: Floats) -> Floats:
    """Return the weights of the sizes whose straight lines meet at the points, shape (…, n_sizes)."""
    return np.stack([np.interp(points, sizes, row) for row in np.eye(sizes.size)], axis=-1)


def _annuity(horizon: int) -> float:
    """Return what one a year, month by month, is worth within the horizon."""
    return float(discount(PLAN_RATE, horizon).sum() / 12)
