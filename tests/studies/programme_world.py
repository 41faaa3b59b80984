"""Units by period whose programme does what is known, and the question that the study asks of them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from coroi.prepare.calendar import first_day, index_of
from coroi.prepare.unit_panel import UnitPanel
from coroi.studies.plan import Plan
from coroi.studies.programme.outcomes import outcomes_of
from coroi.studies.programme.question import Question

FIRST = index_of(date(2022, 1, 1), "month")


def plan(**changes: object) -> Plan:
    made = {
        "name": "world",
        "currency": "EUR",
        "period": "month",
        "horizon": 6,
        "smallest_effect": 0.01,
        "tables": {"programme": {"path": "p.csv"}},
        "metrics": {"nps": {"scale": [0, 10]}},
    }
    return Plan.model_validate(made | changes)


def question_of(
    *,
    n: int = 60,
    periods: int = 24,
    effect: float = 0.0,
    on_score: float = 0.0,
    on_exits: float = 0.0,
    starts: tuple[int, ...] = (8, 10, 12),
    never: float = 0.4,
    trend: float = 0.0,
    practices: tuple[str, ...] = ("panel",),
    ended_after: int | None = None,
    headline: str = "money",
    noise: float = 1.0,
    season: float = 0.3,
    seed: int = 1,
    **changes: object,
) -> Question:
    """Draw units whose money, score and exits move by what is asked from their start on."""
    rng = np.random.default_rng(seed)
    untreated = np.arange(n) < round(never * n)
    first = np.where(untreated, np.nan, FIRST + np.array(starts, dtype=float)[np.arange(n) % len(starts)])
    period = np.tile(np.arange(FIRST, FIRST + periods), n)
    unit = np.repeat(np.arange(n), periods)
    on = period >= first[unit]
    drift = trend * (period - FIRST) * ~untreated[unit]
    level, wave = rng.normal(size=n)[unit], season * np.sin(period / 3)
    shock = noise * rng.normal(size=(3, len(unit)))
    rows = pd.DataFrame(
        {
            "unit": unit,
            "period": period,
            "score": 7 + 0.3 * level + wave + 0.3 * shock[0] + on_score * on,
            "n_answers": 12,
            "exit_rate": 0.03 + 0.004 * level + 0.004 * shock[1] + on_exits * on,
            "unmoved_rate": 0.01 + 0.002 * rng.normal(size=len(unit)),
            "n_at_risk": 40,
            "revenue": 20 + 2 * level + wave + shock[2] + effect * on + drift,
            "margin": 10 + level + wave + shock[2] + effect * on + drift,
            "cost_to_serve": np.nan,
        }
    )
    sizes = rng.integers(30, 60, size=n)
    units = UnitPanel(
        rows=rows,
        units=pd.DataFrame(
            {"unit": np.arange(n), "unit_id": [f"{chr(97 + i // 4)}{i % 4}" for i in range(n)], "n_customers": sizes}
        ),
        flow=pd.DataFrame({"step": ["customers in the panel", "customers followed"], "customers": [sizes.sum()] * 2}),
        n_small=0,
        frequency="month",
        start=first_day(FIRST, "month"),
        start_idx=FIRST,
        last_idx=FIRST + periods - 1,
    )
    named = np.array(practices)[np.arange(n) // len(starts) % len(practices)]
    table = pd.DataFrame(
        {
            "unit": np.arange(n),
            "first_treated": first,
            "practice": np.where(untreated, "", named),
            "ended": np.nan if ended_after is None else first + ended_after,
            "dose": np.where(untreated, 0.0, 1.0),
            "sponsored": np.where(untreated, np.nan, (np.arange(n) // 3) % 2),
            "arm": "",
            "planned_share": np.nan,
            "restarts": 0.0,
            "until": np.nan,
        }
    )
    start = None if np.isnan(first).all() else int(np.nanmin(first))
    made = {
        "metric": "nps",
        "practice": "",
        "practices": practices,
        "currency": "EUR",
        "frequency": "month",
        "horizon": 6,
        "anticipation": 0,
        "outcomes": outcomes_of(units, plan(), "nps", 6, start),
        "headline": headline,
        "units": units,
        "starts": table,
        "unmoved": "bankruptcy",
    }
    return Question(**(made | changes))  # type: ignore[arg-type]
