"""The panel once more, slow and plain: loops over customers, days and periods in pandas; nothing of the toolkit."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pandas as pd

FREQ = {"week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}
MONTHS = {"week": 12 * 7 / 365.25, "month": 1.0, "quarter": 3.0, "year": 12.0}
DAY = timedelta(days=1)


@dataclass
class Company:
    """Raw facts; each row is a dict, a missing value is None."""

    period: str
    relationship: str
    grace_days: int
    metric_age_limit: int = 12
    metrics: tuple[str, ...] = ()
    contract_prices: str = "in_transactions"
    observed_from: date | None = None
    observed_until: date | None = None
    subscriptions: list[dict[str, Any]] = field(default_factory=list)
    transactions: list[dict[str, Any]] = field(default_factory=list)
    responses: list[dict[str, Any]] = field(default_factory=list)
    customers: list[dict[str, Any]] = field(default_factory=list)
    costs: list[dict[str, Any]] = field(default_factory=list)

    def until(self) -> date:
        days = [s["start_at"] for s in self.subscriptions] + [t["occurred_at"] for t in self.transactions]
        return self.observed_until or max(days + [r["answered_at"] for r in self.responses])

    def of(self, day: date) -> pd.Period:
        return pd.Period(day, FREQ[self.period])


def first(period: pd.Period) -> date:
    return period.start_time.date()


def last(period: pd.Period) -> date:
    return period.end_time.date()


def days(start: date, end: date) -> list[date]:
    return [start + timedelta(days=i) for i in range((end - start).days + 1)]


def covered(company: Company, who: str) -> set[date]:
    """Every day under contract, or every day of a purchase, within the data."""
    until, found = company.until(), set()
    if company.relationship == "contract":
        for s in company.subscriptions:
            if s["customer_id"] == who:
                found |= set(days(s["start_at"], min(s["end_at"] or until, until)))
        return found
    for t in company.transactions:
        bought = t["amount"] is None or t["amount"] > 0
        if t["customer_id"] == who and bought and t["occurred_at"] <= until:
            found.add(t["occurred_at"])
    return found


def spells(company: Company, who: str) -> list[dict[str, Any]]:
    """Walk over the covered days; a gap longer than the grace ends a spell."""
    found: list[dict[str, Any]] = []
    contract = company.relationship == "contract"
    for day in sorted(covered(company, who)):
        if found:
            gap = (day - found[-1]["end"]).days - (1 if contract else 0)
            if gap <= company.grace_days:
                found[-1]["end"] = day
                continue
        found.append({"start": day, "end": day, "exit": None, "reason": None})
    for spell in found:
        quiet = (company.until() - spell["end"]).days
        if quiet > company.grace_days:
            spell["exit"] = spell["end"] if contract else spell["end"] + company.grace_days * DAY
            reasons = [
                s["exit_reason"]
                for s in company.subscriptions
                if contract and s["customer_id"] == who and s["end_at"] == spell["end"] and s["exit_reason"]
            ]
            spell["reason"] = max(reasons, default=None)
    return found


def add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def on_paper(company: Company, contract: dict[str, Any]) -> pd.Period:
    """Last period in which a contract renews: until one that ends later begins, even if it ended before."""
    until = company.of(company.until())
    end = contract["end_at"] or date.max
    starts = [
        company.of(s["start_at"])
        for s in company.subscriptions
        if s["customer_id"] == contract["customer_id"] and (s["end_at"] or date.max) > end
    ]
    lasts = min(company.of(end), until) if contract["end_at"] else until
    return min(max(lasts, min(starts, default=until + 1) - 1), until)


def renews(company: Company, who: str, period: pd.Period) -> bool:
    """Whether a term ends in the period, on paper to the end; without any term every period is open to leave."""
    until, termed, due = company.of(company.until()), False, False
    for s in company.subscriptions:
        if s["customer_id"] != who or not s["term_months"] or company.of(s["start_at"]) > until:
            continue
        termed = True
        until_here = on_paper(company, s)
        k = 1
        while (ends := company.of(add_months(s["start_at"], k * int(s["term_months"])) - DAY)) <= until_here:
            due = due or ends == period
            k += 1
    return due or not termed


def rent(company: Company, who: str, period: pd.Period) -> float:
    total, length = 0.0, (last(period) - first(period)).days + 1
    for s in company.subscriptions:
        if s["customer_id"] == who and s["price"] is not None:
            for day in days(first(period), last(period)):
                if s["start_at"] <= day <= (s["end_at"] or date.max) and day <= company.until():
                    total += s["price"] * MONTHS[company.period] / length
    return total


def money(company: Company, who: str, period: pd.Period) -> dict[str, Any]:
    if not company.transactions:
        priced = any(s["price"] is not None for s in company.subscriptions)
        return {"revenue": rent(company, who, period) if priced else None, "margin": None, "n_transactions": None}
    mine = [
        t
        for t in company.transactions
        if t["customer_id"] == who and company.of(t["occurred_at"]) == period and t["occurred_at"] <= company.until()
    ]
    found: dict[str, Any] = {"n_transactions": sum(t["amount"] is None or t["amount"] > 0 for t in mine)}
    for ours, theirs in (("revenue", "amount"), ("margin", "margin")):
        given = any(t[theirs] is not None for t in company.transactions)
        found[ours] = sum((t[theirs] or 0.0) for t in mine) if given else None
    if company.contract_prices == "beside_transactions" and any(s["price"] is not None for s in company.subscriptions):
        fee = rent(company, who, period)
        if found["revenue"] is None and found["margin"] is None:
            return found | {"revenue": fee}
        return found | {c: found[c] + fee for c in ("revenue", "margin") if found[c] is not None}
    return found


def served(company: Company, who: str, period: pd.Period) -> float | None:
    """Costs to serve of one customer in one period; unknown where no such cost names any customer."""
    serving = [c for c in company.costs if c["kind"] == "serve" and c["customer_id"]]
    if not serving:
        return None
    mine = [c for c in serving if c["customer_id"] == who and company.of(c["occurred_at"]) == period]
    return sum(c["amount"] for c in mine if c["occurred_at"] <= company.until()) + 0.0


def knowledge(company: Company, who: str, metric: str, period: pd.Period) -> dict[str, Any]:
    """What was answered before the period's first day."""
    past = [
        r
        for r in company.responses
        if r["customer_id"] == who and r["metric"] == metric and r["answered_at"] < first(period)
    ]
    found = {metric: None, f"{metric}_age_periods": None, f"{metric}_mean_to_date": None, f"{metric}_n_to_date": 0}
    if not past:
        return found
    latest = max(r["answered_at"] for r in past)
    same_day = [r["score"] for r in past if r["answered_at"] == latest]
    age = (period - company.of(latest)).n
    found[f"{metric}_age_periods"] = age
    if age <= company.metric_age_limit:
        found[metric] = sum(same_day) / len(same_day)
    found[f"{metric}_mean_to_date"] = sum(r["score"] for r in past) / len(past)
    found[f"{metric}_n_to_date"] = len(past)
    return found


def panel(company: Company) -> pd.DataFrame:
    """One row a customer and period, columns in the panel's order."""
    until = company.until()
    end = company.of(until)
    contract = company.relationship == "contract"
    told = until - DAY - (company.grace_days * DAY if contract else 0 * DAY)
    people = {c["customer_id"]: c for c in company.customers}
    rows = []
    for who in sorted({r["customer_id"] for r in company.subscriptions + company.transactions}):
        lived = spells(company, who)
        begun = False
        everything = pd.period_range(company.of(lived[0]["start"]), end, freq=FREQ[company.period]) if lived else []
        for period in everything:
            if company.observed_from and first(period) < company.observed_from:
                continue
            inside = [
                (k, s)
                for k, s in enumerate(lived, 1)
                if company.of(s["start"]) <= period <= (company.of(s["exit"]) if s["exit"] else end)
            ]
            begun = begun or bool(inside)
            if not begun:
                continue
            k, spell = inside[0] if inside else (None, None)
            open_now = not contract or any(
                s["customer_id"] == who
                and company.of(s["start_at"]) <= period
                and (not s["end_at"] or company.of(s["end_at"]) >= period)
                for s in company.subscriptions
            )
            at_risk = spell is not None and last(period) <= told and open_now
            exited = bool(at_risk and spell["exit"] and company.of(spell["exit"]) == period)
            row = {
                "customer_id": who,
                "period": first(period),
                "spell": k,
                "tenure_periods": (period - company.of(spell["start"])).n if spell else None,
                "at_risk": at_risk,
                "at_renewal": not contract or renews(company, who, period),
                "exited": exited,
                "exit_reason": spell["reason"] if exited else None,
                **dict.fromkeys(("revenue", "margin", "cost_to_serve", "n_transactions")),
                **money(company, who, period),
                "cost_to_serve": served(company, who, period),
                "segment": people.get(who, {}).get("segment"),
                "unit_id": people.get(who, {}).get("unit_id"),
                "weight": 1.0,
            }
            for metric in company.metrics:
                row |= knowledge(company, who, metric, period)
            rows.append(row)
    return pd.DataFrame(rows)
