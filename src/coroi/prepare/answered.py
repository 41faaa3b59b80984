"""Answers beside money: one row a customer and period, answered or not, with what was known before and what came."""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pandas as pd

from coroi.prepare.calendar import index_of, period_index
from coroi.prepare.cleaning.rules import fresh
from coroi.prepare.completion import anything_in
from coroi.schemas import Panel

RECENT = 3
"""Periods before the answer whose money counts as recent; what came before tells who a customer is anyway."""
MOST_CUSTOMERS = 20_000
COLUMNS = ("entity", "period", "score", "answered", "outcome", "earlier", "recent", "level", "tenure", "segment")


def answers_with_money(
    connection: Any,
    panel: Panel,
    responses: Any,
    metric: str,
    *,
    horizon: int,
    history: int = 12,
    most_customers: int = MOST_CUSTOMERS,
    seed: int = 1,
) -> pd.DataFrame:
    """Return one row a customer and period, with the answer of the period where there is one.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    panel : Panel
        Of contracts or purchases.
    responses : ibis.Table
        Clean table `responses`.
    metric : str
        The metric asked for.
    horizon : int
        Periods after that of the answer over which money is summed.
    history : int
        Periods before it over which a customer's own level is taken, the recent ones left out.
    most_customers : int
        More customers are thinned to so many, drawn by lot.
    seed : int
        Of the lot.

    Returns
    -------
    pandas.DataFrame
        ``entity`` (number), ``period`` (number), ``score`` (mean of the answers of the period, NaN if there is none),
        ``answered`` (0 or 1), ``outcome`` (money of the next periods, zero after an exit), ``earlier`` (mean of past
        answers, NaN without), ``recent`` (money of the last periods), ``level`` (mean money a period before those),
        ``tenure``, ``segment``. Of customers there in the period, where all its next periods are complete; without
        money no row.
    """
    frequency = panel.frequency
    data = panel.data
    money = next((c for c in ("margin", "revenue") if anything_in(connection, data, c)), "")
    if not money:
        return pd.DataFrame(columns=list(COLUMNS))
    chosen = _drawn(connection, data, most_customers, seed)
    rows = data if chosen is None else data.filter(data["customer_id"].isin(chosen))
    rows = rows.mutate(idx=period_index(rows["period"], frequency))
    rows = fresh(connection, rows.filter(rows["idx"] <= index_of(panel.last_complete_period, frequency)))
    past = f"{metric}_mean_to_date"
    by: dict[str, Any] = {"group_by": "customer_id", "order_by": "idx"}
    value, after = rows[money].fill_null(0.0), ibis.window(**by, following=(1, horizon))
    rows = rows.mutate(
        outcome=value.sum().over(after),
        ahead=rows["idx"].count().over(after),
        recent=value.sum().over(ibis.window(**by, preceding=(RECENT, 1))),
        level=value.mean().over(ibis.window(**by, preceding=(history, RECENT + 1))),
        earlier=rows[past] if past in rows.columns else ibis.null("float64"),
        where=rows["segment"] if "segment" in rows.columns else ibis.null("string"),
    )
    given = responses.filter((responses["metric"] == metric) & responses["score"].notnull())
    given = given.mutate(idx=period_index(given["answered_at"], frequency))
    scores = given.group_by("customer_id", "idx").agg(score=given["score"].mean())
    found = rows.filter(rows["at_risk"] & (rows["ahead"] == horizon)).left_join(scores, ["customer_id", "idx"])
    kept = ["customer_id", "idx", "score", "outcome", "earlier", "recent", "level"]
    frame = connection.to_pandas(found.select(*kept, tenure="tenure_periods", segment="where"))
    frame = frame.sort_values(["customer_id", "idx"], ignore_index=True).rename(columns={"idx": "period"})
    frame["entity"] = pd.factorize(frame["customer_id"])[0]
    frame["answered"] = frame["score"].notna().astype(float)
    frame["segment"] = frame["segment"].fillna("")
    numbers = ["score", "outcome", "earlier", "recent", "level", "tenure"]
    return frame[list(COLUMNS)].astype(dict.fromkeys(numbers, float))


def _drawn(connection: Any, data: Any, most: int, seed: int) -> list[str] | None:
    """Return the customers drawn by lot where there are more than so many; nothing where all are kept."""
    people = data.select("customer_id").distinct()
    if connection.execute(people.count()) <= most:
        return None
    names = np.sort(connection.to_pandas(people)["customer_id"].to_numpy(str))
    return [str(name) for name in np.random.default_rng(seed).choice(names, most, replace=False)]
