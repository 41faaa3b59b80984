"""Costs charged to the customers of each unit's cohort by period, with an account of every cost that there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import ibis
import numpy as np
import pandas as pd

from coroi.prepare.calendar import period_index

Borne = Literal["share", "cohort"]
SERVE, PROGRAMME = "serve", "programme"
USED, OTHERS = "charged to the cohort", "the part of other customers"
LATE, EARLY = "after the last complete period", "before the cohort was fixed"
STRANGERS, ELSEWHERE = "of customers outside the cohort", "of units that are not followed"
NEVER, AFTER = "of units that never start", "of units that start after the data end"
NOBODY, NO_BEARER = "of units with no customer in the period", "of no customer and no unit"
OTHER_PRACTICE, OTHER_KIND = "of other practices", "of another kind"
_KEY = ["unit_id", "idx"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Charged:
    """What was charged, and what became of every cost.

    Parameters
    ----------
    serve, programme : pandas.Series or None
        Money by (unit, period) that has any; None where there is no cost of that line at all.
    flow : pandas.DataFrame
        ``line, practice`` (of the programme's), ``step, costs, amount``: every cost of the table once; amounts add up
        to all of them. The part of a cost that other customers of the unit bear is a step of its own, with no cost
        counted again.
    moved, refunds : tuple of int and float
        Costs of the programme that are used: number and amount of those from before the start, and of those below zero.
    """

    serve: pd.Series | None
    programme: pd.Series | None
    flow: pd.DataFrame
    moved: tuple[int, float]
    refunds: tuple[int, float]


def summed_costs(connection: Any, costs: Any, sets: Any, frequency: Any) -> pd.DataFrame:
    """Sum costs by what they are of, whom they name and when.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    costs : ibis.Table
        Clean table `costs`.
    sets : ibis.Table
        From :func:`coroi.prepare.money_sets.customer_sets`, one row a customer.
    frequency : str
        Length of a period.

    Returns
    -------
    pandas.DataFrame
        ``kind, practice`` (empty for none), ``named`` (names a customer), ``unit_id`` (of the cohort where a customer
        is named, otherwise the cost's own; None for none), ``idx, costs, amount, n_refunds, refunded``.
    """
    homes = sets.select(_who="customer_id", home="home")
    rows = costs.left_join(homes, costs["customer_id"] == homes["_who"])
    named = rows["customer_id"].notnull()
    rows = rows.select(
        "kind",
        "amount",
        practice=rows["practice"].fill_null(""),
        named=named,
        unit_id=named.ifelse(rows["home"], rows["unit_id"].nullif("")),
        idx=period_index(rows["occurred_at"], frequency),
        refund=(rows["amount"] < 0).cast("int64"),
        below=ibis.least(rows["amount"], ibis.literal(0.0)),
    )
    by = rows.group_by("kind", "practice", "named", "unit_id", "idx")
    found = by.agg(
        costs=rows.count(), amount=rows["amount"].sum(), n_refunds=rows["refund"].sum(), refunded=rows["below"].sum()
    )
    frame = connection.to_pandas(found.order_by("kind", "practice", "named", "unit_id", "idx"))
    whole = {"idx": "int64", "costs": "int64", "n_refunds": "int64", "amount": float, "refunded": float}
    return frame.assign(unit_id=frame["unit_id"].astype(object).where(frame["unit_id"].notna(), None)).astype(whole)


def charge(
    found: pd.DataFrame,
    heads: pd.DataFrame,
    shown: Sequence[str],
    starts: pd.Series,
    *,
    practices: Sequence[str],
    span: tuple[int, int],
    borne: Borne,
) -> Charged:
    """Charge each cost to the cohort of a unit and a period, or say why it is not.

    Parameters
    ----------
    found : pandas.DataFrame
        From :func:`summed_costs`.
    heads : pandas.DataFrame
        ``members, everybody`` who are there, by (unit_id, idx), of all units.
    shown : sequence of str
        Units that are followed.
    starts : pandas.Series
        Period of the start by unit, of all units that start.
    practices : sequence of str
        Practices whose costs are the programme's; a cost that names none is too.
    span : tuple of int
        First and last period.
    borne : str
        ``share``: a cost that names no customer serves everybody in the unit, and the cohort bears its part by heads.
        ``cohort``: it bears all of what its unit is charged.
    """
    at, last = span
    serving = _serving(found[found["kind"] == SERVE], heads, shown, at, last)
    running = _programme(found[found["kind"] == PROGRAMME], heads, shown, starts, practices, last, borne)
    rest = found[~found["kind"].isin([SERVE, PROGRAMME])]
    rest = rest.assign(line=rest["kind"], step=OTHER_KIND, charged=0.0)
    used = running[running["step"] == USED]
    early = used[used["booked"] > used["idx"]]
    return Charged(
        serve=_by_unit(serving),
        programme=_by_unit(running),
        flow=_flow(pd.concat([serving, running, rest], ignore_index=True)),
        moved=(int(early["costs"].sum()), float(early["amount"].sum())),
        refunds=(int(used["n_refunds"].sum()), float(used["refunded"].sum())),
    )


def _serving(rows: pd.DataFrame, heads: pd.DataFrame, shown: Sequence[str], at: int, last: int) -> pd.DataFrame:
    none = rows["unit_id"].isna()
    part = _part(rows["unit_id"], rows["idx"], heads, "members").where(~rows["named"], 1.0)
    step = _first_of(
        (rows["idx"] > last, LATE),
        (rows["idx"] < at, EARLY),
        (rows["named"] & none, STRANGERS),
        (none, NO_BEARER),
        (~rows["unit_id"].isin(shown), ELSEWHERE),
        (part.isna(), NOBODY),
    )
    charged = (rows["amount"] * part).where(step == USED, 0.0)
    return rows.assign(line=SERVE, step=step, booked=rows["idx"], charged=charged)


def _programme(
    rows: pd.DataFrame,
    heads: pd.DataFrame,
    shown: Sequence[str],
    starts: pd.Series,
    practices: Sequence[str],
    last: int,
    borne: Borne,
) -> pd.DataFrame:
    ours = rows["practice"].isin([*practices, ""])
    central = ~rows["named"] & rows["unit_id"].isna()
    own = rows[~central]
    start = own["unit_id"].map(starts).astype(float)
    booked = np.maximum(start.fillna(own["idx"]), own["idx"]).astype("int64")
    part = _part(own["unit_id"], booked, heads, "members" if borne == "share" else "everybody")
    part = part.where(~own["named"], 1.0)
    step = _first_of(
        (~ours[~central], OTHER_PRACTICE),
        (own["idx"] > last, LATE),
        (own["named"] & own["unit_id"].isna(), STRANGERS),
        (~own["unit_id"].isin(shown), ELSEWHERE),
        (start.isna(), NEVER),
        (start > last, AFTER),
        (part.isna(), NOBODY),
    )
    charged = (own["amount"] * part).where(step == USED, 0.0)
    own = own.assign(line=PROGRAMME, step=step, booked=booked, charged=charged)
    bearers = starts[starts <= last]
    parts = [
        _shared(rows.loc[[i]].assign(line=PROGRAMME, charged=0.0), heads, shown, bearers, last, borne, bool(ours[i]))
        for i in rows.index[central]
    ]
    return pd.concat([own, *parts], ignore_index=True)


def _shared(
    row: pd.DataFrame,
    heads: pd.DataFrame,
    shown: Sequence[str],
    starts: pd.Series,
    last: int,
    borne: Borne,
    ours: bool,
) -> pd.DataFrame:
    """Share one cost of no unit by heads over the units that run the programme; who else bears it stays in the flow."""
    idx, amount = int(row["idx"].iloc[0]), float(row["amount"].iloc[0])
    booked = max(idx, int(starts.min())) if len(starts) else idx
    running = [(u, booked) for u in starts.index if starts[u] <= booked and (u, booked) in heads.index]
    there = heads.loc[running].droplevel("idx")
    everybody = float(there["everybody"].sum())
    steps = ((not ours, OTHER_PRACTICE), (idx > last, LATE), (starts.empty, NEVER), (everybody == 0, NOBODY))
    step = next((said for when, said in steps if when), USED)
    row = row.assign(step=step, booked=booked)
    if step != USED:
        return row
    kept = there.loc[there.index.isin(shown), "members" if borne == "share" else "everybody"]
    units = row.loc[row.index.repeat(len(kept))].assign(unit_id=kept.index.to_numpy(object))
    units = units.assign(charged=amount * kept.to_numpy(float) / everybody)
    # counted once, on a row that nothing is charged to
    units = units.assign(costs=0, amount=units["charged"], n_refunds=0, refunded=0.0)
    return pd.concat([row.assign(amount=amount - units["charged"].sum()), units])


def _part(units: pd.Series, periods: pd.Series, heads: pd.DataFrame, column: str) -> pd.Series:
    """Return the share of a unit's customers that bears its costs; NaN where nobody is there."""
    if units.empty:
        return pd.Series(dtype=float)
    at = pd.MultiIndex.from_arrays([units, periods], names=_KEY)
    found = heads.reindex(at)
    return pd.Series((found[column] / found["everybody"].where(found["everybody"] > 0)).to_numpy(), index=units.index)


def _first_of(*cases: tuple[pd.Series, str]) -> pd.Series:
    """Return the first step whose condition holds, or that the cost is used."""
    index = cases[0][0].index
    chosen = np.select([c.to_numpy(bool) for c, _ in cases], [s for _, s in cases], default=USED)
    return pd.Series(chosen, index=index, dtype=object)


def _by_unit(rows: pd.DataFrame) -> pd.Series | None:
    used = rows[rows["step"] == USED]
    if used.empty:
        return None
    used = used[used["unit_id"].notna()]
    return used.groupby([used["unit_id"], used["booked"].rename("idx")])["charged"].sum()


def _flow(rows: pd.DataFrame) -> pd.DataFrame:
    columns = ["line", "practice", "step"]
    used = rows["step"] == USED
    others = rows[used].assign(step=OTHERS, costs=0, amount=rows["amount"] - rows["charged"])
    kept = rows.assign(amount=rows["amount"].where(~used, rows["charged"]))
    both = pd.concat([kept, others], ignore_index=True)
    both = both.assign(practice=both["practice"].where(both["line"] == PROGRAMME, ""))
    found = both.groupby(columns, as_index=False)[["costs", "amount"]].sum()
    found = found[(found["costs"] > 0) | (found["amount"].abs() > 1e-9)]
    return found.astype({"costs": "int64", "amount": float}).reset_index(drop=True)
