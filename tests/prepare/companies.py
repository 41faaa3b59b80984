"""Small companies, random and by hand, as tables and as panels."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import ibis
import pandas as pd
import panel_twin as twin
import pyarrow as pa

from coroi.prepare.ledger import Ledger, unbalanced
from coroi.prepare.options import PrepareOptions
from coroi.prepare.panel import build_panel
from coroi.schemas import COSTS, CUSTOMERS, RESPONSES, SUBSCRIPTIONS, TRANSACTIONS, Panel
from coroi.sources import Metric

TYPES = {"id": pa.string(), "text": pa.string(), "date": pa.date32(), "number": pa.float64()}
SPAN = {"week": 200, "month": 500, "quarter": 1100, "year": 2600}  # days of a random company
START = date(2020, 11, 17)


def tables_of(company: Any) -> dict[str, Any]:
    found = {}
    for schema in (SUBSCRIPTIONS, TRANSACTIONS, RESPONSES, CUSTOMERS, COSTS):
        rows = getattr(company, schema.name)
        if rows:
            columns = {c.name: pa.array([r.get(c.name) for r in rows], TYPES[c.kind]) for c in schema.columns}
            found[schema.name] = ibis.memtable(pa.table(columns))
    return found


def build(connection: Any, company: Any) -> tuple[Panel, Ledger]:
    options = PrepareOptions(
        period=company.period,
        currency="EUR",
        relationship=company.relationship,
        grace_days=company.grace_days,
        metrics={m: Metric(scale=(0, 10)) for m in company.metrics},
        metric_age_limit=company.metric_age_limit,
        contract_prices=company.contract_prices,
        observed_from=company.observed_from,
        observed_until=company.observed_until,
    )
    ledger = Ledger()
    made = build_panel(connection, tables_of(company), options, ledger)
    assert unbalanced(ledger.frame()) == {}
    return made, ledger


def frame_of(connection: Any, panel: Panel) -> pd.DataFrame:
    frame = connection.to_pandas(panel.data.order_by("customer_id", "period"))
    return frame.assign(period=pd.to_datetime(frame["period"]).dt.date)


def some_day(rng: random.Random, span: int) -> date:
    return START + timedelta(days=rng.randrange(span))


def random_company(seed: int, period: str, relationship: str) -> Any:
    rng = random.Random(f"{seed}-{period}-{relationship}")
    span = SPAN[period]
    company = twin.Company(period, relationship, rng.choice([0, 1, 7, 30, 90]), rng.choice([1, 2, 12]), ("nps", "ces"))
    names = [f"c{i}" for i in range(rng.randint(8, 14))]
    for who in names:
        if relationship == "contract":
            for _ in range(rng.choice([1, 1, 2, 3, 5])):
                start = some_day(rng, span)
                end = rng.choice([None, *(start + timedelta(days=rng.randrange(span)) for _ in range(4))])
                company.subscriptions.append(
                    {
                        "customer_id": who,
                        "start_at": start,
                        "end_at": end,
                        "exit_reason": rng.choice([None, "price", "service"]),
                        "price": rng.choice([None, 10.0, 29.99]),
                        "term_months": rng.choice([None, 0.0, 1.0, 3.0, 12.0]),
                    }
                )
        if relationship == "repeat_purchase" or (seed % 3 == 0 and rng.random() < 0.5):
            for _ in range(rng.choice([1, 2, 4, 12])):
                company.transactions.append(
                    {
                        "customer_id": who,
                        "occurred_at": some_day(rng, span),
                        "amount": rng.choice([None, 0.0, -5.0, 12.5, 40.0, 99.0]),
                        "margin": None if seed % 2 else rng.choice([None, 3.0, -1.0]),
                    }
                )
        for _ in range(rng.choice([0, 1, 3, 8])):
            day = rng.choice([some_day(rng, span), some_day(rng, span).replace(day=1)])
            for _ in range(rng.choice([1, 1, 2])):
                metric, score = rng.choice(["nps", "ces"]), float(rng.randint(0, 10))
                company.responses.append({"customer_id": who, "answered_at": day, "metric": metric, "score": score})
        if rng.random() < 0.7:
            company.customers.append({"customer_id": who, "segment": rng.choice(["a", None]), "unit_id": "u"})
    company.responses.append({"customer_id": "stranger", "answered_at": START, "metric": "nps", "score": 1.0})
    if rng.random() < 0.5:
        company.observed_until = START + timedelta(days=int(span * rng.uniform(0.6, 1.2)))
    if rng.random() < 0.5:
        company.observed_from = START + timedelta(days=int(span * rng.uniform(0.0, 0.3)))
    if seed != 1:
        company.costs = [some_cost(rng, names, span) for _ in range(60)]
    return company


def some_cost(rng: random.Random, names: list[str], span: int) -> dict[str, Any]:
    return {
        "customer_id": rng.choice([*names, *names, "stranger", None]),
        "occurred_at": some_day(rng, span),
        "kind": rng.choice(["serve", "serve", "programme", "acquisition"]),
        "amount": rng.choice([4.0, 2.5, -1.0]),
    }


def contract(who: str, start: str, end: str | None = None, **more: Any) -> dict[str, Any]:
    row = dict.fromkeys(("exit_reason", "price", "term_months")) | more
    return row | {
        "customer_id": who,
        "start_at": date.fromisoformat(start),
        "end_at": date.fromisoformat(end) if end else None,
    }


def purchase(who: str, day: str, amount: float | None = 10.0, margin: float | None = None) -> dict[str, Any]:
    return {"customer_id": who, "occurred_at": date.fromisoformat(day), "amount": amount, "margin": margin}


def answer(who: str, day: str, score: float) -> dict[str, Any]:
    return {"customer_id": who, "answered_at": date.fromisoformat(day), "metric": "nps", "score": score}
