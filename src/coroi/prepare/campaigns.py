"""Customers who took part in a practice beside those who did not: their money before it, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd

from coroi.prepare.calendar import index_of, period_index
from coroi.schemas import Panel

COLUMNS = ("entity", "period", "followed", "band", "spent", "earlier", "money", "stayed")
BANDS = 10
"""Parts of the money before, within each period, that customers are compared in."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Campaigns:
    """Customers by the period in which the practice began for some of them.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``entity`` (number of the customer), ``period`` (number of the period of a start), ``followed`` (1 or 0),
        ``spent`` (money over the horizon before that period), ``band`` (its place among all customers of the period, 0
        to 9, equal money in one band), ``earlier`` (money over the horizon before that; NaN where nothing is seen),
        ``money`` (over the horizon from that period on, nothing after an exit) and ``stayed`` (1 if still at risk in
        its last period).
    drawn : bool
        Whether a lot was drawn who takes part: then the rows are those that were drawn.
    n_customers : int
        Customers in the practice, those included who were not seen for long enough.
    reason : str
        Why there are no rows; empty where there are.
    """

    rows: pd.DataFrame
    drawn: bool
    n_customers: int
    reason: str = ""


def campaigns(connection: Any, panel: Panel, programme: Any, *, horizon: int) -> Campaigns:
    """Put customers who took part beside customers of the same time who did not.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    panel : Panel
        Of contracts or purchases.
    programme : ibis.Table
        Rows of single customers in one practice, of the clean table `programme`.
    horizon : int
        Periods before and after a start that are looked at.

    Returns
    -------
    Campaigns

    Notes
    -----
    Of a customer's starts the first counts. All are customers in the period before the start. Where no lot was drawn,
    the others are those who do not take part before the horizon is over, in each period in which it begins for some.
    """
    taken = connection.to_pandas(programme.select("customer_id", "arm", "start_at"))
    taken["begun"] = [index_of(d.date(), panel.frequency) for d in pd.to_datetime(taken["start_at"])]
    first = taken.sort_values(["begun", "customer_id"]).drop_duplicates("customer_id")
    drawn = bool((taken["arm"].fillna("") != "").all())
    column = next((c for c in ("margin", "revenue") if connection.execute(panel.data[c].count())), "")
    if not column:
        return _none(len(first), drawn, "there are no answers, and no money is known from before")
    data = panel.data.select(
        "customer_id",
        there=panel.data["at_risk"].cast("int64"),
        money=panel.data[column].cast("float64").fill_null(0.0),
        idx=period_index(panel.data["period"], panel.frequency),
    )
    start = int(connection.execute(data["idx"].min()))
    last = min(index_of(d, panel.frequency) for d in (panel.last_complete_period, panel.last_at_risk_period))
    starts = sorted(s for s in set(first["begun"]) if s - horizon >= start and s + horizon - 1 <= last)
    parts = [_at(connection, data, first, s, horizon, drawn=drawn) for s in starts]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if rows.empty:
        said = "no customer who took part was seen for long enough before and after it"
        return _none(len(first), drawn, said)
    rows["entity"] = pd.factorize(rows["customer_id"])[0]
    return Campaigns(rows=rows[list(COLUMNS)], drawn=drawn, n_customers=len(first))


def _at(connection: Any, data: Any, first: pd.DataFrame, start: int, horizon: int, *, drawn: bool) -> pd.DataFrame:
    """Return the customers of one start: those for whom it begins then, and where no lots were drawn the others."""

    def within(low: int, high: int) -> Any:
        return data["idx"].between(low, high)

    asked = data.group_by("customer_id").agg(
        spent=data["money"].sum(where=within(start - horizon, start - 1)),
        earlier=data["money"].sum(where=within(start - 2 * horizon, start - horizon - 1)),
        money=data["money"].sum(where=within(start, start + horizon - 1)),
        before=data["there"].max(where=data["idx"] == start - 1),
        stayed=data["there"].max(where=data["idx"] == start + horizon - 1),
    )
    found = connection.to_pandas(asked.filter(ibis._.before == 1)).merge(first, on="customer_id", how="left")
    now = found["begun"] == start
    others = found["begun"].isna() | (found["begun"] > start + horizon - 1)
    kept = found[now if drawn else now | others].sort_values("customer_id", ignore_index=True)
    treated = (kept["begun"] == start) & (kept["arm"].fillna("") != "control")
    place = kept["spent"].rank(pct=True, method="average")
    band = (place * BANDS).clip(upper=BANDS - 1e-9).astype("int64") if len(kept) else place
    return kept.assign(
        period=start, followed=treated.astype("int64"), band=band, stayed=kept["stayed"].fillna(0).astype(float)
    )


def _none(n: int, drawn: bool, reason: str) -> Campaigns:
    empty = pd.DataFrame({c: pd.Series(dtype=float) for c in COLUMNS})
    return Campaigns(rows=empty, drawn=drawn, n_customers=n, reason=reason)
