"""What the window's money adds up to, and what was left out of its lines, in words and in money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from coroi.prepare.calendar import period_index
from coroi.prepare.money_sets import COHORT, REFERRED
from coroi.prepare.unit_costs import (
    AFTER,
    EARLY,
    ELSEWHERE,
    LATE,
    NEVER,
    NO_BEARER,
    NOBODY,
    OTHER_PRACTICE,
    OTHERS,
    PROGRAMME,
    SERVE,
    STRANGERS,
    USED,
    Borne,
    Charged,
)
from coroi.schemas import Panel

OUTSIDE = "in no customer's period"
ALL = "all money of the window"
_PARTS = {
    (COHORT, True): "the cohort",
    (REFERRED, True): "customers whom the cohort recommended",
    ("others", True): "other customers of the units",
    ("others", False): "customers of no unit that is followed",
}


def window_totals(
    connection: Any, sums: pd.DataFrame, tables: Mapping[str, Any], panel: Panel, money: str, span: tuple[int, int]
) -> pd.DataFrame:
    """Return the window's money by set of customers, held against the table that it comes from.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    sums : pandas.DataFrame
        From :func:`coroi.prepare.money_sets.set_totals`.
    tables : Mapping of str to ibis.Table
        Clean tables.
    panel : Panel
        The panel.
    money : str
        ``margin`` or ``revenue``.
    span : tuple of int
        First and last period of the window.

    Returns
    -------
    pandas.DataFrame
        ``part, customers, money``; the last row is their sum, with what was bought in the window outside of any
        customer's periods as a row of its own.
    """
    found = {(r, bool(f)): (int(n), float(m)) for r, f, n, m in sums.itertuples(index=False)}
    rows = [(said, *found.get(key, (0, 0.0))) for key, said in _PARTS.items()]
    total = sum(m for _, _, m in rows)
    if "transactions" in tables:
        bought = tables["transactions"]
        inside = period_index(bought["occurred_at"], panel.frequency).between(*span)
        kept = bought.filter(inside & (bought["occurred_at"] <= panel.observed_until))
        kept = kept.mutate(idx=period_index(kept["occurred_at"], panel.frequency))
        held = panel.data.select("customer_id", idx=period_index(panel.data["period"], panel.frequency))
        lost = kept.anti_join(held, ["customer_id", "idx"])
        asked = connection.execute(lost["margin" if money == "margin" else "amount"].sum())
        outside = 0.0 if pd.isna(asked) else float(asked)
        rows.append((OUTSIDE, 0, round(outside, 6)))
        total += outside
    rows.append((ALL, sum(n for _, n, _ in rows), total))
    return pd.DataFrame(rows, columns=["part", "customers", "money"])


def notes_on(
    charged: Charged, before: pd.DataFrame, panel: Panel, *, borne: Borne, untold: int, smallest: int
) -> tuple[str, ...]:
    """Say what was left out, moved or shared.

    Parameters
    ----------
    charged : Charged
        The costs.
    before : pandas.DataFrame
        By unit, ``own_before`` among others.
    panel : Panel
        For its currency and the length of its periods.
    borne : str
        Who bears what names no customer.
    untold : int
        Last periods in which exits cannot be told yet.
    smallest : int
        Fewer costs that may each be of one customer are told without their number and amount.
    """
    flow, currency = charged.flow, panel.currency
    costs = flow[(flow["line"] == PROGRAMME) & ~flow["step"].isin([USED, OTHERS])]
    said = [_left(PROGRAMME, str(step), rows, currency, smallest) for step, rows in costs.groupby("step")]
    serving = flow[(flow["line"] == "serve") & ~flow["step"].isin([USED, OTHERS])]
    said += [_left("serve", str(step), rows, currency, smallest) for step, rows in serving.groupby("step")]
    running = flow[flow["line"] == PROGRAMME]
    used, others = (float(running.loc[running["step"] == s, "amount"].sum()) for s in (USED, OTHERS))
    if charged.programme is not None and borne == "share" and abs(others) > 0.005:
        said.append(
            f"Of {_money(used + others, currency)} of the programme's costs the cohort bears {_money(used, currency)}; "
            "the rest is the part of other customers of its units and of units that are not followed."
        )
    if charged.programme is not None and used < 0:
        said.append(f"The programme's costs add up to {_money(used, currency)}: refunds exceed what was spent.")
    n, amount = charged.moved
    if n:
        said.append(f"{_costs(n)} from before a start, {_money(amount, currency)} in all, charged at the start.")
    n, amount = charged.refunds
    if n:
        said.append(f"{_costs(n)} below zero, {_money(amount, currency)} in all: refunds, which lower the cost.")
    few = int((~before["own_before"]).sum())
    if few:
        said.append(f"{few:,} of {len(before):,} units had too few customers before: the mean of all stands in.")
    if untold:
        last = f"last {untold:,} {panel.frequency}s" if untold > 1 else f"last {panel.frequency}"
        said.append(f"In the {last} exits cannot be told yet: who may have left counts as there.")
    return tuple(said)


def reasons_of(tables: Mapping[str, Any], charged: Charged) -> dict[str, str]:
    """Say why lines of money are missing, by their name; nothing for lines that are there."""
    lines = set(charged.flow["line"])
    said = {
        "referral": "" if "referrals" in tables else "there is no table 'referrals'",
        "silent": "" if "responses" in tables else "there is no table 'responses'",
    }
    said["heard"] = said["silent"]
    for name, line, series in (
        ("cost_to_serve", SERVE, charged.serve),
        ("programme_cost", PROGRAMME, charged.programme),
    ):
        if "costs" not in tables:
            said[name] = "there is no table 'costs'"
        elif line not in lines:
            said[name] = f"the table 'costs' holds no cost of the kind '{line}'"
        else:
            said[name] = f"none of the costs of the kind '{line}' can be charged to a cohort" if series is None else ""
    return {name: why for name, why in said.items() if why}


def _left(line: str, step: str, rows: pd.DataFrame, currency: str, smallest: int) -> str:
    kind = "to serve" if line == "serve" else "of the programme"
    n, amount = int(rows["costs"].sum()), float(rows["amount"].sum())
    if n < smallest and (line == "serve" or step == STRANGERS):
        return f"Fewer than {smallest} costs {kind}, {_STEPS[step]}; left out."
    return f"{_costs(n)} {kind}, {_money(amount, currency)} in all, {_STEPS[step]}; left out."


def _costs(n: int) -> str:
    return "1 cost" if n == 1 else f"{n:,} costs"


def _money(amount: float, currency: str) -> str:
    return f"{amount:,.2f} {currency}".replace("-", "−")


_STEPS = {
    LATE: "dated after the last complete period",
    EARLY: "dated before the cohort was fixed",
    STRANGERS: "naming customers outside the cohort",
    ELSEWHERE: "of units that are not followed",
    NEVER: "of units that never start",
    AFTER: "of units that start after the data end",
    NOBODY: "of units with no customer in the period",
    NO_BEARER: "naming no customer and no unit",
    OTHER_PRACTICE: "of other practices",
}
