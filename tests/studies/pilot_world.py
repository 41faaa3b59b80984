"""Customers whose treatment does what is known, and the question that the study `pilot` asks of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from programme_world import plan

from coroi.studies.pilot.outcomes import outcomes_of
from coroi.studies.pilot.people import People, too_few
from coroi.studies.pilot.question import Question


def people_of(
    *,
    n: int = 800,
    effect: float = 0.0,
    on_score: float = 0.0,
    on_staying: float = 0.0,
    drawn: bool = True,
    source: str = "answers",
    planned: float = 0.5,
    picking: float = 0.0,
    lost: float = 0.0,
    seed: int = 1,
    **changes: object,
) -> People:
    """Draw customers with a low score, some of whom are treated, by lot or because they are better anyhow.

    `picking` is in log-odds per standard deviation of what customers are like for good; `lost` the share of treated
    customers whose later score is missing.
    """
    rng = np.random.default_rng(seed)
    own, noise = rng.normal(size=n), rng.normal(size=(4, n))
    trigger = np.clip(np.round(4 + own + noise[0]), 0, 6)
    treated = rng.random(n) < 1 / (1 + np.exp(-picking * own))
    score = 5 + own + noise[1] + on_score * treated
    score[(rng.random(n) < lost) & treated] = np.nan
    staying = (rng.random(n) < 0.6 + on_staying * treated).astype(float)
    money = 50 + 3 * own + 5 * noise[2] + effect * treated
    rows = pd.DataFrame(
        {
            "entity": np.arange(n),
            "period": np.arange(n) % 3,
            "trigger": trigger,
            "start": trigger if source == "answers" else 50 + 3 * own + 5 * noise[3],
            "earlier": 5 + own + noise[3],
            "followed": treated.astype(int),
            "arm": np.where(treated, "treatment", "control"),
            "money": money,
            "staying": staying,
            "score": score if source != "money" else np.nan,
        }
    )
    made: dict[str, object] = {
        "source": source,
        "trial": rows.drop(columns=["period", "trigger", "start", "earlier"]) if source == "snapshot" else rows,
        "matched": pd.DataFrame() if source == "snapshot" else rows,
        "drawn": drawn,
        "share": planned if drawn else np.nan,
        "flow": pd.DataFrame({"step": ["customers drawn", "not seen long", "compared"], "customers": [n + 20, -20, n]}),
        "called": "contribution margin",
        "practice": "" if source == "snapshot" else "call back",
        "metric": "nps" if source == "answers" else "",
        "reason": too_few(rows, 10),
    }
    return People(**(made | changes))  # type: ignore[arg-type]


def question_of(*, headline: str = "", reason: str = "", smallest_effect: float = 0.02, **world: object) -> Question:
    """Ask about what a pilot of known effect did."""
    people = people_of(**world)  # type: ignore[arg-type]
    outcomes = () if people.reason else outcomes_of(people, plan(smallest_effect=smallest_effect), people.metric)
    return Question(
        people=people,
        outcomes=outcomes,
        headline=headline or next((o.name for o in outcomes), "money"),
        currency="EUR",
        frequency="month",
        horizon=6,
        reason=reason or people.reason,
    )
