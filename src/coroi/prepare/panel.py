"""The customer-period panel: who was at risk when, what was known of them before, and what they brought."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import ibis

from coroi.errors import DataError, Problem
from coroi.prepare.answers import carry_forward, known_answers
from coroi.prepare.calendar import calendar, first_day, index_of, last_period_by
from coroi.prepare.cleaning.rules import fresh
from coroi.prepare.contract import validate
from coroi.prepare.ledger import Ledger
from coroi.prepare.money import contract_rows, money_of_contracts, money_of_transactions, renewals
from coroi.prepare.options import PrepareOptions
from coroi.prepare.serving import with_cost_to_serve
from coroi.prepare.spells import build_spells, covers_of_contracts, covers_of_purchases
from coroi.prepare.window import PANEL, entry_index, last_observed_day
from coroi.schemas import PANEL_COLUMNS, Panel, metric_columns

_WITHOUT_STRANGERS = ("subscriptions", "snapshot")


def build_panel(connection: Any, tables: Mapping[str, Any], options: PrepareOptions, ledger: Ledger) -> Panel:
    """Build the panel from clean tables.

    Parameters
    ----------
    connection : ibis backend
        Where the tables live.
    tables : Mapping of str to ibis.Table
        Clean tables; ``subscriptions`` or ``transactions`` is needed.
    options : PrepareOptions
        The plan's choices.
    ledger : Ledger
        Takes what the panel cannot hold: customers outside the observed window, answers of strangers, money
        outside any period.

    Returns
    -------
    Panel

    Raises
    ------
    DataError
        If no customer has a period within the observed window.

    Notes
    -----
    Every customer has a row for each period from the first one observed to the last. ``at_risk`` holds
    within a spell and only while an exit could be told from a gap within the grace. Where a customer leaves
    and returns within one period, the row belongs to the spell that ends.
    """
    until = last_observed_day(connection, tables, options)
    frequency = options.period
    contract = options.relationship == "contract"
    covers = (
        covers_of_contracts(tables["subscriptions"], until)
        if contract
        else covers_of_purchases(tables["transactions"], until)
    )
    spells = fresh(
        connection,
        build_spells(covers, relationship=options.relationship, grace_days=options.grace_days, observed_until=until),
    )
    if not connection.execute(spells.count()):
        what = f"no contract or purchase begins by {until}, the last day of the data."
        raise DataError(Problem(PANEL, what, "Check the dates, or `observed_until`."))
    last = index_of(until, frequency)
    earliest = date(1970, 1, 1) + timedelta(days=int(connection.execute(spells["spell_start"].min())))
    periods = fresh(connection, calendar(min(index_of(earliest, frequency), last), last, frequency))
    entry = entry_index(options, earliest)
    unknown_days = 1 + (options.grace_days if contract else 0)  # a lapse is dated when its grace ends, so it shows then
    at_risk_until = min(last_period_by(until - timedelta(days=unknown_days), frequency), last)
    rows = _spell_rows(spells, periods, last)
    grid = fresh(connection, _grid(rows, entry, last))
    if not connection.execute(grid.count()):
        raise DataError(
            Problem(PANEL, "no customer has a period within the observed window.", "Check `observed_from`.")
        )
    panel = _with_spells(grid, rows, at_risk_until)
    if contract:
        panel = _only_while_open(panel, contract_rows(tables["subscriptions"], frequency, until))
    panel = _with_money(connection, panel, tables, periods, options, until, ledger)
    panel = with_cost_to_serve(connection, panel, tables.get("costs"), options, until, ledger)
    panel = _with_people(panel, tables, contract, frequency, until)
    for metric in options.metrics:
        panel = _with_metric(panel, grid, tables, metric, options)
    panel = panel.join(periods.select("idx", "period"), "idx")
    data = fresh(connection, panel.select(*PANEL_COLUMNS, *(c for m in options.metrics for c in metric_columns(m))))
    _note_losses(connection, spells, grid, rows, tables, ledger)
    result = Panel(
        data=data,
        metrics=tuple(options.metrics),
        frequency=frequency,
        currency=options.currency,
        relationship=options.relationship,
        observed_until=until,
        last_complete_period=first_day(last_period_by(until, frequency), frequency),
        last_at_risk_period=first_day(at_risk_until, frequency),
    )
    validate(connection, result)
    return result


def _spell_rows(spells: Any, periods: Any, last: int) -> Any:
    """Return one row a customer and period within a spell; the earlier spell wins a shared period."""
    bounds = periods.select("idx", "first", "last")
    opened = bounds.select(start_idx="idx", _a="first", _b="last")
    closed = bounds.select(exit_idx="idx", _c="first", _d="last")
    rows = spells.join(opened, (spells["spell_start"] >= opened["_a"]) & (spells["spell_start"] <= opened["_b"]))
    rows = rows.left_join(closed, (rows["exit_day"] >= closed["_c"]) & (rows["exit_day"] <= closed["_d"]))
    rows = rows.select("customer_id", "spell", "start_idx", "exit_idx", "exit_reason")
    rows = rows.mutate(idx=ibis.range(rows["start_idx"], rows["exit_idx"].fill_null(last) + 1).unnest())
    first_spell = rows["spell"].min().over(ibis.window(group_by=["customer_id", "idx"]))
    return rows.mutate(_first=first_spell).filter(ibis._.spell == ibis._._first).drop("_first")


def _grid(rows: Any, entry: int, last: int) -> Any:
    """Return every period of every customer, from the first one in a spell and observed to the last."""
    seen = rows.filter(rows["idx"] >= entry)
    firsts = seen.group_by("customer_id").agg(_from=seen["idx"].min())
    return firsts.select("customer_id", idx=ibis.range(firsts["_from"], last + 1).unnest())


def _with_spells(grid: Any, rows: Any, at_risk_until: int) -> Any:
    joined = grid.left_join(rows, ["customer_id", "idx"])
    inside = joined["spell"].notnull()
    at_risk = inside & (joined["idx"] <= at_risk_until)
    exited = (joined["idx"] == joined["exit_idx"]).fill_null(False) & at_risk
    return joined.select(
        "customer_id",
        "idx",
        spell=joined["spell"],
        tenure_periods=joined["idx"] - joined["start_idx"],
        at_risk=at_risk,
        exited=exited,
        exit_reason=exited.ifelse(joined["exit_reason"], ibis.null("string")),
    )


def _only_while_open(panel: Any, contracts: Any) -> Any:
    """Take customers out of the risk set in periods that lie wholly within a gap that the grace forgives."""
    open_in = contracts.select(
        "customer_id", idx=ibis.range(contracts["first_idx"], contracts["last_idx"] + 1).unnest()
    )
    joined = panel.left_join(open_in.distinct().mutate(_open=True), ["customer_id", "idx"])
    kept = {c: joined[c] for c in panel.columns}
    return joined.select(**kept | {"at_risk": joined["at_risk"] & joined["_open"].notnull()})


def _with_money(
    connection: Any,
    panel: Any,
    tables: Mapping[str, Any],
    periods: Any,
    options: PrepareOptions,
    until: date,
    ledger: Ledger,
) -> Any:
    nothing = {"revenue": ibis.null("float64"), "margin": ibis.null("float64"), "n_transactions": ibis.null("int64")}
    if "transactions" in tables:
        seen = tables["transactions"].filter(ibis._.occurred_at <= until)
        later = connection.execute(tables["transactions"].count()) - connection.execute(seen.count())
        said = f"transactions after {until}, the last day of the data; not used in the panel"
        ledger.add(PANEL, "flagged", later, said, rule="transactions too late")
        money = fresh(connection, money_of_transactions(seen, options.period))
        outside = money.anti_join(panel, ["customer_id", "idx"])
        n = connection.execute(outside.count())
        lost = connection.execute(outside["revenue"].sum()) if n else 0
        if n:
            said = f"customer-periods with money but outside the panel, {lost or 0:,.2f} {options.currency} in all"
            ledger.add(PANEL, "flagged", n, said, rule="money outside")
        has = {c: tables["transactions"][c].notnull().any() for c in ("amount", "margin")}
        given = connection.to_pandas(tables["transactions"].agg(**has)).iloc[0]
        joined = panel.left_join(money, ["customer_id", "idx"])
        return joined.select(
            *panel.columns,
            revenue=joined["revenue"].fill_null(0.0) if given["amount"] else nothing["revenue"],
            margin=joined["margin"].fill_null(0.0) if given["margin"] else nothing["margin"],
            n_transactions=joined["n_transactions"].fill_null(0),
        )
    if "subscriptions" not in tables or not connection.execute(tables["subscriptions"]["price"].notnull().any()):
        return panel.mutate(**nothing)
    contracts = contract_rows(tables["subscriptions"], options.period, until)
    money = money_of_contracts(contracts, periods, options.period, until)
    joined = panel.left_join(money, ["customer_id", "idx"])
    return joined.select(
        *panel.columns,
        revenue=joined["revenue"].fill_null(0.0),
        margin=nothing["margin"],
        n_transactions=nothing["n_transactions"],
    )


def _with_people(panel: Any, tables: Mapping[str, Any], contract: bool, frequency: Any, until: date) -> Any:
    columns = panel.columns
    if contract:
        contracts = contract_rows(tables["subscriptions"], frequency, until)
        due = renewals(contracts, frequency, until).mutate(_due=True)
        termed = contracts.filter(contracts["term_months"] >= 1).select("customer_id").distinct().mutate(_termed=True)
        joined = panel.left_join(due, ["customer_id", "idx"]).drop("customer_id_right", "idx_right")
        joined = joined.left_join(termed, "customer_id")
        free = joined["_termed"].isnull()
        panel = joined.select(*columns, at_renewal=free | joined["_due"].fill_null(False))
    else:
        panel = panel.mutate(at_renewal=True)
    panel = panel.mutate(weight=ibis.literal(1.0))
    columns = panel.columns
    if "customers" not in tables:
        return panel.mutate(segment=ibis.null("string"), unit_id=ibis.null("string"))
    joined = panel.left_join(tables["customers"].select("customer_id", "segment", "unit_id"), "customer_id")
    return joined.select(*columns, "segment", "unit_id")


def _with_metric(panel: Any, grid: Any, tables: Mapping[str, Any], metric: str, options: PrepareOptions) -> Any:
    names = metric_columns(metric)
    if "responses" not in tables:
        empty = {names[0]: "float64", names[1]: "int64", names[2]: "float64"}
        blank = {name: ibis.null(kind) for name, kind in empty.items()}
        return panel.mutate(**blank, **{names[3]: ibis.literal(0, "int64")})
    answers = known_answers(tables["responses"], metric, options.period)
    known = carry_forward(grid, answers.semi_join(grid, "customer_id"), metric, options.metric_age_limit)
    joined = panel.join(known, ["customer_id", "idx"])
    return joined.select(*panel.columns, *names)


def _note_losses(connection: Any, spells: Any, grid: Any, rows: Any, tables: Mapping[str, Any], ledger: Ledger) -> None:
    ledger.add(
        PANEL, "in", connection.execute(spells["customer_id"].nunique()), "customers with a contract or purchase"
    )
    inside = connection.execute(grid["customer_id"].nunique())
    gone = connection.execute(spells["customer_id"].nunique()) - inside
    ledger.add(PANEL, "left out", gone, "customers gone before the observed window", rule="before the window")
    ledger.add(PANEL, "out", inside, "customers in the panel")
    held = rows.select("customer_id", "spell").distinct()
    hidden = connection.execute(spells.anti_join(held, ["customer_id", "spell"]).count())
    said = "spells that began and ended in the period in which another one ended; not told apart"
    ledger.add(PANEL, "flagged", hidden, said, rule="spell inside a period")
    for name, table in tables.items():
        if name not in _WITHOUT_STRANGERS and "customer_id" in table.columns:
            known = table.filter(table["customer_id"].notnull())
            strangers = connection.execute(known.anti_join(spells, "customer_id").count())
            said = f"rows of {name} whose customer has no contract or purchase; not used in the panel"
            ledger.add(PANEL, "flagged", strangers, said, rule=f"{name} of strangers")
