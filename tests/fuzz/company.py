"""The small company that is mutated: a plan and its files, in the state in which they are accepted."""

from __future__ import annotations

import copy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

PLAN: dict[str, Any] = {
    "name": "small",
    "currency": "EUR",
    "period": "month",
    "observed_from": "2022-01-01",
    "observed_until": "2023-12-31",
    "grace_days": 30,
    "horizon": 6,
    "discount_rate_annual": 0.1,
    "smallest_effect": 0.01,
    "seed": 1,
    "metrics": {"nps": {"scale": [0, 10], "bands": [6, 8], "label": "NPS", "missing_codes": [99]}},
    "tables": {
        "customers": {
            "path": "customers.csv",
            "columns": {"customer_id": "id", "segment": "group"},
            "join": [{"path": "more.csv", "on": "id", "where": {"column": "kind", "not_in": ["x"]}}],
        },
        "subscriptions": {
            "path": "contracts.csv",
            "delimiter": ",",
            "encoding": "utf-8",
            "date_format": "%Y-%m-%d",
            "columns": {
                "customer_id": "id",
                "start_at": "from",
                "end_at": "to",
                "exit_reason": "why",
                "price": "price",
            },
            "where": [{"column": "id", "not_in": ["nobody"]}],
            "values": {"exit_reason": {"p": "price"}},
        },
        "responses": {
            "path": "answers.csv",
            "columns": {"customer_id": "id", "answered_at": "day"},
            "scores": {"nps": "nps"},
        },
    },
    "exit_flags": {"crm": {"path": "flags.csv", "columns": {"customer_id": "id"}}},
    "studies": {"readiness": {}, "retention": {"metric": "nps", "level": 0.9}},
}
N = 40
IDS = tuple(f"kunde-{7919 * (i + 1) % 100_000:05d}" for i in range(N))


def plan() -> dict[str, Any]:
    """Return the plan, to be changed at will."""
    return copy.deepcopy(PLAN)


def tables() -> dict[str, str]:
    """Return the files by name."""
    start = date(2022, 1, 3)
    lines: dict[str, list[str]] = {
        "customers.csv": ["id,group"],
        "more.csv": ["id,kind"],
        "contracts.csv": ["id,from,to,why,price"],
        "answers.csv": ["id,day,nps"],
        "flags.csv": ["id"],
    }
    for i, who in enumerate(IDS):
        begins = start + timedelta(days=7 * i % 200)
        ends = begins + timedelta(days=200 + i) if i % 3 else ""
        lines["customers.csv"].append(f"{who},{'ab'[i % 2]}")
        lines["more.csv"].append(f"{who},{'xyz'[i % 3]}")
        lines["contracts.csv"].append(f"{who},{begins},{ends},{'p' if ends else ''},{10 + i % 5}")
        lines["answers.csv"].append(f"{who},{begins + timedelta(days=40)},{i % 11}")
        lines["flags.csv"] += [who] * (i % 4 == 0)
    return {name: "\n".join(rows) + "\n" for name, rows in lines.items()}


def write(folder: Path, text: str | bytes, files: dict[str, str | bytes] | None = None) -> Path:
    """Write a plan and the company's files, some of them replaced, and return the plan's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**tables(), **(files or {})}.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
    path = folder / "plan.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return path
