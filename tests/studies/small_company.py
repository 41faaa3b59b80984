"""Companies of a few lines, and questions with known counts, for the tests of the studies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import pandas as pd
import yaml

from coroi.prepare.landmark import ANSWERED, NEVER, LandmarkCohort
from coroi.studies.inputs import Inputs, open_inputs
from coroi.studies.retention.question import Question

COLUMNS = {
    "customers": ("customer_id", "segment"),
    "subscriptions": ("customer_id", "start_at", "end_at"),
    "transactions": ("customer_id", "occurred_at", "amount"),
    "responses": ("customer_id", "answered_at", "metric", "score"),
    "snapshot": ("customer_id", "left", "tenure_months", "nps"),
}
NPS = {"nps": {"scale": [0, 10]}}


def open_company(folder: Path, tables: Mapping[str, Iterable[tuple] | pd.DataFrame], **plan: object) -> Inputs:
    """Write tables, rows of the columns above or frames, and a plan that maps them; open it as a notebook does."""
    sources: dict[str, dict[str, object]] = {}
    for name, rows in tables.items():
        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows, columns=list(COLUMNS[name]))
        frame.to_csv(folder / f"{name}.csv", index=False)
        sources[name] = {"path": f"{name}.csv"}
        if name == "snapshot":
            sources[name] |= {"scores": {"nps": "nps"}, "values": {"left": {"yes": True, "no": False}}}
    asked = {"name": "small", "currency": "EUR", "period": "month", "metrics": NPS, "tables": sources}
    (folder / "plan.yaml").write_text(yaml.safe_dump(asked | plan), encoding="utf-8")
    return open_inputs(str(folder / "plan.yaml"))


def contracts(groups: Iterable[tuple[int, float | None, str]], *, start: str = "2022-01-01") -> dict[str, list[tuple]]:
    """Return contracts and answers of groups of (customers, score, last day or "" while it runs)."""
    subscriptions, responses = [], []
    for group, (n, score, end) in enumerate(groups):
        for i in range(n):
            name = f"c{group}_{i}"
            subscriptions.append((name, start, end))
            if score is not None:
                responses.append((name, "2023-06-15", "nps", score))
    return {"subscriptions": subscriptions, "responses": responses}


def question_of(
    relationship: str,
    top: tuple[int, int],
    bottom: tuple[int, int],
    *,
    bands: tuple[str, str] = ("9–10", "0–6"),
    middle: tuple[int, int] | None = None,
    silent: tuple[int, int] = (0, 0),
    horizon: int = 12,
    frequency: str = "month",
    delta: float = 0.01,
    label: str = "NPS",
    higher_is_better: bool = True,
) -> Question:
    """Return a question whose bands hold (customers who stayed or bought again, customers); a middle makes a ladder."""
    good = 1 if relationship == "repeat_purchase" else 0
    rows = []
    for state, band, score, (kept, n) in (
        (ANSWERED, bands[0], 9.0, top),
        (ANSWERED, "7–8", 7.0, middle or (0, 0)),
        (ANSWERED, bands[1], 3.0, bottom),
        (NEVER, NEVER, float("nan"), silent),
    ):
        for event, count in ((good, kept), (1 - good, n - kept)):
            rows.append({"state": state, "band": band, "score": score, "duration": horizon, "event": event, "n": count})
    counts = pd.DataFrame([r for r in rows if r["n"]])
    cohort = LandmarkCohort(
        counts=counts.drop(columns="band"),
        flow=pd.DataFrame({"step": ["customers followed"], "customers": [int(counts["n"].sum())]}),
        landmark=date(2023, 12, 1) if relationship == "contract" else None,
        horizon=horizon,
        event="exit",
    )
    return Question(
        metric="nps",
        label=label,
        relationship=relationship,
        frequency=frequency,
        horizon=horizon,
        bands=(bands[1], *(("7–8",) if middle else ()), bands[0], *((NEVER,) if silent[1] else ())),
        contrast=bands,
        ladder=(bands[1], "7–8", bands[0]) if middle else None,
        delta=delta,
        higher_is_better=higher_is_better,
        theta="share",
        cohort=cohort,
        counts=counts[["band", "duration", "event", "n"]],
        dated=relationship != "snapshot",
    )
