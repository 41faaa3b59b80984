"""The lines of money that a programme may move, by unit and period: kept customers, spend, referrals, and costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from coroi.prepare.calendar import index_of, period_index
from coroi.prepare.money_sets import COHORT, OTHERS, REFERRED, customer_sets, money_by_set, set_totals
from coroi.prepare.money_words import notes_on, reasons_of, window_totals
from coroi.prepare.treatments import unit_treatments
from coroi.prepare.unit_costs import Borne, Charged, charge, summed_costs
from coroi.prepare.unit_panel import UnitPanel
from coroi.schemas import Panel

FEWEST = 30
SMALLEST = 10
LINES = (
    "margin",
    "retention",
    "spend",
    "referral",
    "others",
    "elsewhere",
    "everyone",
    "silent",
    "heard",
    "cost_to_serve",
    "programme_cost",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MoneyLines:
    """Money by unit, period and line, per customer of the unit's cohort.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``unit, period`` as in the units' panel, and, in the panel's currency per customer of the cohort, who left
        counting as nothing:

        - ``margin``: what the cohort brought; ``retention + spend`` and ``silent + heard`` both add up to it;
        - ``retention``: share of the cohort still there, times what one who is there brought before the first start;
          ``spend``: the rest, what those who are there bring more or less than that;
        - ``referral``: what customers brought whom the cohort recommended; NaN without a table of referrals;
        - ``others``: what all other customers of the unit brought, newcomers most of all;
        - ``elsewhere``: the part of ``referral`` brought by customers who are in another unit, less what customers in
          this unit brought whom the cohort of another unit recommended;
        - ``everyone``: what all customers of the unit brought, as its accounts would show it:
          ``margin + referral - elsewhere + others``, a missing ``referral`` counting as nothing;
        - ``silent, heard``: of customers who had answered no survey before the first start, and who had; NaN without
          answers;
        - ``cost_to_serve, programme_cost``: what was spent, above zero; NaN without any such cost.
    units : pandas.DataFrame
        ``unit, unit_id, n_customers, n_silent, first_treated`` (NaN for never), ``before`` (money of a customer who is
        there, per period before the first start), ``n_before`` (customer-periods behind it), ``own_before`` (False
        where they were too few and the mean of all units stands in).
    totals : pandas.DataFrame
        ``part, customers, money``: the window's money by set of customers, disjoint, adding up to the last row.
    costs : pandas.DataFrame
        ``line, practice, step, costs, amount``: every cost once; amounts add up to the table `costs`. Practices are
        named as in the data: mask them before they are shown.
    referrals : pandas.DataFrame
        ``step, customers``: everybody who was recommended, adding up.
    notes : tuple of str
        What was left out, moved or shared, in money; one sentence each, no practice or unit named.
    reasons : Mapping of str to str
        Why a line is missing, by its name; nothing for lines that are there.
    money : str
        ``margin``, or ``revenue`` where the data tell no margin; empty without either.
    currency, frequency : str
    first_start : int
        Period in which the first unit starts.
    """

    rows: pd.DataFrame
    units: pd.DataFrame
    totals: pd.DataFrame
    costs: pd.DataFrame
    referrals: pd.DataFrame
    notes: tuple[str, ...]
    reasons: Mapping[str, str]
    money: str
    currency: str
    frequency: str
    first_start: int

    @property
    def reason(self) -> str:
        """Say why there is no money at all; empty where there is some."""
        return self.reasons.get("margin", "")


def money_lines(
    connection: Any,
    panel: Panel,
    units: UnitPanel,
    *,
    tables: Mapping[str, Any],
    practices: Sequence[str] = (),
    borne: Borne = "share",
    anticipation: int = 0,
    fewest: int = FEWEST,
    smallest: int = SMALLEST,
) -> MoneyLines:
    """Split the money of units by period into the lines that a programme may move.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    panel : Panel
        The customer-period panel that `units` was summed from.
    units : UnitPanel
        Units by period, with a cohort fixed before the first start of these practices.
    tables : Mapping of str to ibis.Table
        Clean tables: `programme`, and `referrals`, `responses`, `costs`, `transactions` where they are.
    practices : sequence of str
        Practices asked about, as the data name them; none for all that some unit takes up.
    borne : str
        ``share``: a cost that names no customer serves everybody in its unit, and the cohort bears its part by heads.
        ``cohort``: the cohort bears all that its unit is charged.
    anticipation : int
        Periods before the first start that are not counted as before it.
    fewest : int
        Customer-periods before the first start below which a unit's own mean is not used.
    smallest : int
        Smallest count of what may be of single customers that the notes may tell.

    Returns
    -------
    MoneyLines

    Notes
    -----
    ``retention`` and ``spend`` are an accounting split and prove no mechanism: who is kept is valued at what the unit's
    customers brought on average before any start, and whatever they bring apart from that is spend. Both are linear in
    the data, with values fixed beforehand, so that effects on them add up to the effect on ``margin`` exactly.
    A customer is there from the first to the last period of a spell; in the last periods, where a lapse within the
    grace cannot be told from a pause yet, some are still counted as there who will turn out to have left, which moves
    money from spend to retention and leaves the sum as it is.

    Costs of a programme from before a unit's start, for setting it up or training, are charged in the period of the
    start. Costs of no unit and no customer are shared by heads over the units that run it in the period.
    """
    starts, asked = _starts(connection, tables, practices, panel.frequency)
    why = units.reason or ("" if len(starts) else "no unit has a start")
    money = next((c for c in ("margin", "revenue") if len(units.rows) and units.rows[c].notna().any()), "")
    why = why or ("" if money else "the data tell neither margins nor revenue")
    if why:
        return _none(why, panel, money)
    at, last, first = units.start_idx, units.last_idx, int(starts.min())
    data = panel.data.mutate(idx=period_index(panel.data["period"], panel.frequency))
    shown = units.units["unit_id"]
    sets, referrals = customer_sets(
        connection, data, shown, tables, at=at, first_start=first, frequency=panel.frequency
    )
    inside = data.filter(data["idx"].between(at, last))
    found = money_by_set(connection, inside, sets, money)
    charged = _charged(connection, tables, sets, found, shown, starts, asked, (at, last), borne, panel.frequency)
    grid = pd.MultiIndex.from_product([shown, range(at, last + 1)], names=["unit_id", "idx"])
    size = units.units.set_index("unit_id")["n_customers"].reindex(grid.get_level_values(0)).to_numpy(float)
    before = _before(found, shown, first - anticipation, fewest)
    lines = _lines(found, grid, size, before, tables)
    reasons = reasons_of(tables, charged)
    for name, series in (("cost_to_serve", charged.serve), ("programme_cost", charged.programme)):
        spent = np.full(len(grid), np.nan) if series is None else series.reindex(grid).fillna(0.0).to_numpy(float)
        lines[name] = spent / size
    number = units.units.set_index("unit_id")["unit"]
    rows = pd.DataFrame(lines, index=grid).reset_index().rename(columns={"idx": "period"})
    rows.insert(0, "unit", rows.pop("unit_id").map(number).astype("int64"))
    totals = window_totals(connection, set_totals(connection, inside, sets, money), tables, panel, money, (at, last))
    told = int(index_of(panel.last_at_risk_period, panel.frequency))
    return MoneyLines(
        rows=rows[["unit", "period", *LINES]],
        units=_units(connection, units, sets, before, starts),
        totals=totals,
        costs=charged.flow,
        referrals=referrals,
        notes=notes_on(charged, before, panel, borne=borne, untold=max(last - told, 0), smallest=smallest),
        reasons=reasons,
        money=money,
        currency=panel.currency,
        frequency=panel.frequency,
        first_start=first,
    )


def _starts(
    connection: Any, tables: Mapping[str, Any], practices: Sequence[str], frequency: Any
) -> tuple[pd.Series, tuple[str, ...]]:
    """Return the first start of every unit that takes up one of the practices, and their names."""
    if "programme" not in tables:
        return pd.Series(dtype=float), ()
    taken = unit_treatments(connection, tables["programme"], frequency)
    asked = tuple(practices) or tuple(sorted(taken["practice"].unique()))
    begun = taken[taken["practice"].isin(asked) & taken["first_treated"].notna()]
    return begun.groupby("unit_id")["first_treated"].min().astype(float), asked


def _charged(
    connection: Any,
    tables: Mapping[str, Any],
    sets: Any,
    found: pd.DataFrame,
    shown: pd.Series,
    starts: pd.Series,
    asked: Sequence[str],
    span: tuple[int, int],
    borne: Borne,
    frequency: Any,
) -> Charged:
    if "costs" not in tables:
        flow = pd.DataFrame({c: pd.Series(dtype=str) for c in ("line", "practice", "step")})
        flow = flow.assign(costs=pd.Series(dtype="int64"), amount=pd.Series(dtype=float))
        return Charged(serve=None, programme=None, flow=flow, moved=(0, 0.0), refunds=(0, 0.0))
    member = found["there"].where(found["role"] == COHORT, 0)
    there = found.assign(unit_id=found["own"], members=member.where(found["unit"].notna(), 0), everybody=found["there"])
    heads = there[there["own"].notna()].groupby(["unit_id", "idx"])[["members", "everybody"]].sum()
    costs = summed_costs(connection, tables["costs"], sets, frequency)
    return charge(costs, heads, list(shown), starts, practices=asked, span=span, borne=borne)


def _before(found: pd.DataFrame, shown: pd.Series, first: int, fewest: int) -> pd.DataFrame:
    """Return what a customer who is there brought in a period before the first start, by unit."""
    early = found[(found["role"] == COHORT) & (found["idx"] < first)]
    sums = early.groupby("unit")[["money", "there"]].sum().reindex(shown, fill_value=0)
    everybody = sums["there"].sum()
    overall = float(sums["money"].sum() / everybody) if everybody else 0.0
    enough = sums["there"] >= max(fewest, 1)
    mean = (sums["money"] / sums["there"].where(enough)).fillna(overall)
    return pd.DataFrame({"before": mean, "n_before": sums["there"].astype("int64"), "own_before": enough})


def _lines(
    found: pd.DataFrame, grid: pd.MultiIndex, size: np.ndarray, before: pd.DataFrame, tables: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    def per_head(rows: pd.DataFrame, by: str = "unit", what: str = "money") -> np.ndarray:
        sums = rows.groupby([by, "idx"])[what].sum()
        return np.asarray(sums.reindex(grid).fillna(0.0).to_numpy(float) / size)

    cohort, brought, others = (found[found["role"] == r] for r in (COHORT, REFERRED, OTHERS))
    margin = per_head(cohort)
    value = before["before"].reindex(grid.get_level_values(0)).to_numpy(float)
    retention = per_head(cohort, what="there") * value
    referral, rest = per_head(brought), per_head(others[others["unit"].notna()])
    elsewhere = referral - per_head(brought, by="own")
    heard = per_head(cohort[cohort["heard"]])
    asked = np.nan if "responses" not in tables else 0.0
    return {
        "margin": margin,
        "retention": retention,
        "spend": margin - retention,
        "referral": referral + (np.nan if "referrals" not in tables else 0.0),
        "others": rest,
        "elsewhere": elsewhere,
        "everyone": margin + referral - elsewhere + rest,
        "silent": margin - heard + asked,
        "heard": heard + asked,
    }


def _units(connection: Any, units: UnitPanel, sets: Any, before: pd.DataFrame, starts: pd.Series) -> pd.DataFrame:
    quiet = sets.filter(sets["home"].notnull() & ~sets["heard"])
    counts = connection.to_pandas(quiet.group_by("home").agg(n=quiet.count())).set_index("home")["n"]
    frame = units.units.copy()
    frame["n_silent"] = frame["unit_id"].map(counts).fillna(0).astype("int64")
    frame["first_treated"] = frame["unit_id"].map(starts).astype(float)
    return frame.merge(before, left_on="unit_id", right_index=True)


def _none(reason: str, panel: Panel, money: str) -> MoneyLines:
    flow = {"costs": pd.Series(dtype="int64"), "amount": pd.Series(dtype=float)}
    return MoneyLines(
        rows=pd.DataFrame({c: pd.Series(dtype=float) for c in ("unit", "period", *LINES)}),
        units=pd.DataFrame(columns=["unit", "unit_id", "n_customers", "n_silent", "first_treated", "before"]),
        totals=pd.DataFrame(columns=["part", "customers", "money"]),
        costs=pd.DataFrame({c: pd.Series(dtype=str) for c in ("line", "practice", "step")} | flow),
        referrals=pd.DataFrame(columns=["step", "customers"]),
        notes=(),
        reasons=dict.fromkeys(LINES, reason),
        money=money,
        currency=panel.currency,
        frequency=panel.frequency,
        first_start=0,
    )
