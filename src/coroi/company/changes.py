"""Changes to choose from: whom each would reach, what it is thought to do, and what it truly does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.company.clock import Floats, Ints, as_dates, stream
from coroi.company.responses import NPS

N_CHANGES = 40
CHANGE_IDS = tuple(f"D{i:02d}" for i in range(1, N_CHANGES + 1))
AIMS = ("customers", "margin", "both")
AIM_SHARES = (0.45, 0.35, 0.20)
METRIC_CHANGE = {"customers": (0.45, 0.20), "margin": (-0.10, 0.12), "both": (0.20, 0.15)}  # mean, sd; points
SMALLEST_CHANGE, LARGEST_CHANGE = -0.5, 1.0
MARGIN = {"customers": (0.0, 0.4), "margin": (4.0, 1.5), "both": (1.5, 1.0)}  # mean, sd; per customer and year
COST_OF_A_POINT, COST_OF_MARGIN, OTHER_COST, COST_SPREAD = 14.0, 0.5, 0.5, 0.35  # per customer
SMALLEST_REACH, LARGEST_REACH = 0.05, 0.60
SMALLEST_ERROR, LARGEST_ERROR = 0.05, 0.25  # points
MARGIN_ERROR = 0.5  # per customer and year
PROPOSED_WITHIN_DAYS = 60
DECIMALS = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Changes, in tables of one company each; every array has shape (n_tables, n_changes).

    Parameters
    ----------
    reach : numpy.ndarray
        Part of the customers that it would reach.
    metric_change, margin : numpy.ndarray
        What it truly does: points of the NPS, and money per customer reached and year.
    metric_change_se : numpy.ndarray
        Standard error of the figure told for the first.
    told_metric_change, told_margin : numpy.ndarray
        What the table tells of them.
    cost : numpy.ndarray
        Money per customer reached, once.
    """

    reach: Floats
    metric_change: Floats
    margin: Floats
    metric_change_se: Floats
    told_metric_change: Floats
    told_margin: Floats
    cost: Floats


def draw_candidates(seed: int, n_tables: int = 1) -> Candidates:
    """Draw the changes, with what is told of them in error by chance.

    Notes
    -----
    Some are made for customers, some for margin, some for both. What is made for margin mostly costs satisfaction.
    Cost follows what a change was meant to do, so the best bargains are there by luck. A change moves the metric of
    those whom it reaches for good; nothing here depends on the scenario, only what satisfaction is worth does.
    """
    chance, shape = stream(seed, "changes"), (n_tables, N_CHANGES)
    aim = chance.choice(len(AIMS), shape, p=AIM_SHARES)
    metric, margin = (np.array([law[name] for name in AIMS])[aim] for law in (METRIC_CHANGE, MARGIN))
    z = chance.standard_normal((5, *shape))
    moved = (metric[..., 0] + metric[..., 1] * z[0]).clip(SMALLEST_CHANGE, LARGEST_CHANGE)
    brought = margin[..., 0] + margin[..., 1] * z[1]
    reach = SMALLEST_REACH + (LARGEST_REACH - SMALLEST_REACH) * chance.random(shape) ** 2
    error = SMALLEST_ERROR + (LARGEST_ERROR - SMALLEST_ERROR) * chance.random(shape)
    meant = COST_OF_A_POINT * metric[..., 0].clip(0) + COST_OF_MARGIN * margin[..., 0].clip(0) + OTHER_COST
    return Candidates(
        reach=reach,
        metric_change=moved,
        margin=brought,
        metric_change_se=error,
        told_metric_change=moved + error * z[2],
        told_margin=brought + MARGIN_ERROR * z[3],
        cost=meant * np.exp(COST_SPREAD * z[4]),
    )


def changes_table(seed: int, reachable: int, days: Ints) -> pd.DataFrame:
    """Return the table `changes`, proposed in the last two months.

    Parameters
    ----------
    seed : int
        The company's seed.
    reachable : int
        Customers with a contract at the company's end.
    days : numpy.ndarray
        First day of every month and of the one after the last.
    """
    found = draw_candidates(seed)
    reached = np.rint(found.reach[0] * reachable).astype(np.int64)
    earliest = max(int(days[0]), int(days[-1]) - PROPOSED_WITHIN_DAYS)
    proposed = np.sort(stream(seed, "proposals").integers(earliest, days[-1], size=N_CHANGES))
    return pd.DataFrame(
        {
            "change_id": list(CHANGE_IDS),
            "proposed_at": as_dates(proposed),
            "n_customers": reached,
            "metric": NPS.metric,
            "metric_change": np.round(found.told_metric_change[0], DECIMALS),
            "metric_change_se": np.round(found.metric_change_se[0], DECIMALS),
            "cost": np.rint(found.cost[0] * reached).astype(np.int64),
            "margin": np.rint(found.told_margin[0] * reached).astype(np.int64),
        }
    )
