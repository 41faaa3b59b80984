"""Cohorts whose money follows the score by a known path, or the score follows the money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from coroi.prepare.closed_cohort import ClosedCohort
from coroi.studies.plan import Plan
from coroi.studies.profit.question import Question, frame

START = 24_000


def plan(**more: object) -> Plan:
    asked = {"name": "world", "currency": "EUR", "period": "month", "metrics": {"nps": {"scale": [0, 10]}}}
    asked |= {"tables": {"customers": {"path": "customers.csv"}}}
    return Plan.model_validate(asked | more)


def cohort(
    *,
    n: int = 400,
    periods: int = 24,
    path: Sequence[float] = (),
    reverse: float = 0.0,
    leaving: float = 0.0,
    kept_by_score: float = 0.0,
    cost: float | None = None,
    margin: bool = True,
    seed: int = 1,
) -> ClosedCohort:
    """Draw a cohort: money of a period follows scores by `path`, and scores follow the last period's money."""
    rng = np.random.default_rng(seed)
    level, burn = rng.normal(size=n), 12
    total = periods + burn
    score, shock = np.zeros((n, total)), rng.normal(size=(n, total))
    for t in range(1, total):
        score[:, t] = 0.5 * score[:, t - 1] + reverse * shock[:, t - 1] + rng.normal(size=n)
    money = 20 + 2 * level[:, None] + shock
    for h, effect in enumerate(path):
        money[:, h:] += effect * score[:, : total - h]
    chance = 1 / (1 + np.exp(-(np.log(leaving / (1 - leaving)) - kept_by_score * score))) if leaving else 0 * score
    gone = np.cumsum(rng.random((n, total)) < chance, axis=1) > 0
    gone[:, : burn + 1] = False
    money = np.where(gone, 0.0, money)
    shape = (n, periods)
    rows = pd.DataFrame(
        {
            "entity": np.repeat(np.arange(n), periods),
            "period": np.tile(START + np.arange(periods), n),
            "active": 1.0 - gone[:, burn:].ravel(),
            "revenue": 2 * money[:, burn:].ravel(),
            "margin": money[:, burn:].ravel() if margin else np.full(shape, np.nan).ravel(),
            "cost_to_serve": np.full(shape, np.nan if cost is None else cost).ravel(),
            "score": (6 + level[:, None] + score)[:, burn:].ravel(),
            "age": np.ones(shape).ravel(),
        }
    )
    flow = pd.DataFrame({"step": ["customers in the panel", "customers followed"], "customers": [n, n]})
    last = START + periods - 1
    return ClosedCohort(rows=rows, flow=flow, start=date(2000, 1, 1), start_idx=START, last_idx=last, n_all=n)


def question_of(found: ClosedCohort, *, horizon: int = 6, outcome: str = "usual", winsorise: float = 0.0) -> Question:
    return frame(found, plan(), "nps", outcome=outcome, horizon=horizon, winsorise=winsorise)
