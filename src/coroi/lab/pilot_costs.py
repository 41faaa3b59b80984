"""What a pilot costs: treatment by customer and month, what is paid once, and what waiting forgoes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np

from coroi.lab.pilot_designs import BEFORE_AFTER, HOLD_OUT, STAGED, held_out
from coroi.lab.pilot_lots import wave_sizes
from coroi.lab.pilot_outcomes import MONEY, RETENTION
from coroi.prepare.calendar import period_index
from coroi.report.privacy import fewer_than
from coroi.schemas import PERIODS_PER_YEAR, Panel, Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What treating one customer for one month costs, and where that is known from; NaN where it is not, and why."""

    per_month: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What one design takes.

    Parameters
    ----------
    treated : int
        Customers treated before the answer is read.
    treated_months, waiting_months : float
        Customer-months with and without treatment, as if nobody left.
    cost : float
        In the plan's currency; NaN where no price is known.
    """

    treated: int
    treated_months: float
    waiting_months: float
    cost: float


def bills(
    n: int, n_in_units: int, n_units: int, lengths: Sequence[int], *, holdout_share: float, months: float
) -> dict[str, tuple[int, float, float]]:
    """Return, by design, customers treated, customer-months treated and customer-months waiting.

    Parameters
    ----------
    n, n_in_units, n_units : int
        Customers, those of them who have a unit, and units (0: lots are drawn by customer).
    lengths : sequence of int
        Periods of each step of the staged roll-out.
    holdout_share : float
        Share held out.
    months : float
        Months of a period.
    """
    horizon, held = sum(lengths), held_out(n, holdout_share)
    found = {
        HOLD_OUT: (n - held, (n - held) * horizon * months, held * horizon * months),
        BEFORE_AFTER: (n, n * horizon * months, 0.0),
    }
    drawn, people = (n_units, n_in_units) if n_units else (n, n)
    sizes = np.array(wave_sizes(drawn, len(lengths) + 1)) * people / max(drawn, 1)
    left = horizon - np.append(0, np.cumsum(lengths))
    treated = float(sizes @ left) * months
    found[STAGED] = (round(float(sizes[:-1].sum())), treated, people * horizon * months - treated)
    return found


def priced(taken: dict[str, tuple[int, float, float]], price: Price, fixed: float) -> dict[str, Bill]:
    """Put a price on what each design takes."""
    return {
        design: Bill(treated=treated, treated_months=on, waiting_months=off, cost=on * price.per_month + fixed)
        for design, (treated, on, off) in taken.items()
    }


def forgone(bill: Bill, outcome: str, effect: float, *, kept_per_month: float, months: float) -> float:
    """Return the money that customers who wait would have brought within the horizon, had they been treated.

    Parameters
    ----------
    bill : Bill
        Of the design.
    outcome : str
        What the effect is on; NaN is returned for scores, which are no money.
    effect : float
        Its size over the whole horizon.
    kept_per_month : float
        Money that a customer who stays brings in a month.
    months : float
        Months of the horizon.

    Notes
    -----
    A customer who is kept brings money for half of the horizon on average, since exits come at any time within it.
    """
    waiting = bill.waiting_months / months
    if outcome == MONEY:
        return waiting * effect
    return waiting * effect * kept_per_month * months / 2 if outcome == RETENTION else float("nan")


def programme_price(connection: Any, tables: dict[str, Any], panel: Panel, *, smallest: int = 1) -> Price | None:
    """Return what the programmes in the data cost per customer and month, or ``None`` where they do not tell.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    tables : dict of str to ibis.Table
        Clean tables.
    panel : Panel
        The customer-period panel.
    smallest : int
        Fewest customers of whom a mean may be shown.

    Notes
    -----
    The costs of all practices that run in units, over the customer-months at risk in those units while any of them
    ran; where practices are only given for customers, those of customers instead.
    """
    if not {"programme", "costs"} <= set(tables):
        return None
    few = None
    for bearer, words in (("unit_id", "units"), ("customer_id", "customers")):
        spent, exposed, people = _spent_and_exposed(connection, tables, panel, bearer)
        if spent > 0 and 0 < people < smallest:
            few = Price(per_month=float("nan"), source=f"{fewer_than(smallest)} customers had one of its programmes")
        elif spent > 0 and exposed > 0:
            period = panel.frequency
            months = exposed * months_of(period)
            source = (
                f"the plan's programme costs in {words} with a running practice, over {months:,.0f} customer-months"
            )
            return Price(per_month=spent / months, source=source)
    return few


def months_of(period: Period) -> float:
    """Return the months of a period."""
    return 12 / PERIODS_PER_YEAR[period]


def _spent_and_exposed(connection: Any, tables: dict[str, Any], panel: Panel, bearer: str) -> tuple[float, float, int]:
    """Return the money spent on programmes, the customer-periods in them, and the customers."""
    frequency = panel.frequency
    programme, costs = tables["programme"], tables["costs"]
    runs = programme.filter(programme[bearer].notnull() & (programme["arm"].isnull() | (programme["arm"] != "control")))
    if bearer == "customer_id":
        runs = runs.filter(runs["unit_id"].isnull())
    runs = runs.select(
        bearer,
        "practice",
        begins=period_index(runs["start_at"], frequency),
        ends=period_index(runs["end_at"], frequency).fill_null(10_000_000),
    )
    practices = runs.select("practice").distinct()
    spent = costs.filter((costs["kind"] == "programme") & (costs["occurred_at"] <= ibis.literal(panel.observed_until)))
    total = connection.execute(spent.semi_join(practices, "practice")["amount"].sum())
    rows = panel.data.filter(panel.data["at_risk"])
    rows = rows.select("customer_id", "unit_id", idx=period_index(rows["period"], frequency))
    joined = rows.join(runs.rename(bearer_of=bearer), rows[bearer] == runs.rename(bearer_of=bearer)["bearer_of"])
    joined = joined.filter((joined["idx"] >= joined["begins"]) & (joined["idx"] <= joined["ends"]))
    exposed = joined.select("customer_id", "idx").distinct()
    seen = connection.to_pandas(exposed.agg(n=exposed.count(), people=exposed["customer_id"].nunique())).iloc[0]
    return float(total or 0), float(seen["n"]), int(seen["people"])
