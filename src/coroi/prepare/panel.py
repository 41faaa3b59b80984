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
from coroi.prepare.completion import anything_in, with_unknown
from coroi.prepare.contract import validate
from coroi.prepare.ledger import Ledger
from coroi.prepare.money import contract_rows, money_of_contracts, money_of_transactions, renewals
from coroi.prepare.options import PrepareOptions
from coroi.prepare.serving import with_cost_to_serve
from coroi.prepare.spells import build_spells, covers_of_contracts, covers_of_purchases
from coroi.prepare.timeline import bring, lay_out, number_customers, spell_periods, with_numbers
from coroi.prepare.window import PANEL, check_size, entry_index, last_observed_day
from coroi.schemas import PANEL_COLUMNS, Panel, metric_columns

_WITHOUT_STRANGERS = ("subscriptions", "snapshot")
_METRICS_AT_ONCE = 8  # in one query, since the writer of queries goes down a level for each


def build_panel(connection: Any, tables: Mapping[str, Any], options: PrepareOptions, ledger: Ledger) -> Panel:
    """Build the panel from clean tables.

    Parameters
    ----------
    connection : Session
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
    facts = {t: tables[t] for t in ("subscriptions", "transactions", "costs", "responses") if t in tables}
    entities = fresh(connection, number_customers(list(facts.values())))
    numbered = with_numbers(facts, entities)
    covers = (
        covers_of_contracts(numbered["subscriptions"], until)
        if contract
        else covers_of_purchases(numbered["transactions"], until)
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
    spells = fresh(connection, spell_periods(spells, periods, last))
    check_size(connection, spells, entry, last, frequency)
    if not anything_in(connection, spells, "exit_reason"):
        spells = spells.drop("exit_reason")
    # kept, since the engine takes an unnested range for one row and would then build its joins on the larger side
    panel = fresh(connection, _at_risk(lay_out(spells, entry, last), at_risk_until))
    inside = connection.execute(panel["customer_id"].nunique())
    if not inside:
        raise DataError(
            Problem(PANEL, "no customer has a period within the observed window.", "Check `observed_from`.")
        )
    if contract:
        panel = _only_while_open(panel, contract_rows(numbered["subscriptions"], frequency, until))
    panel = _with_money(connection, panel, numbered, periods, options, until, ledger)
    panel = with_cost_to_serve(connection, panel, numbered.get("costs"), options, until, ledger)
    panel = _with_renewals(connection, panel, numbered, contract, frequency, until)
    for n, metric in enumerate(options.metrics, start=1):
        panel = _with_metric(panel, numbered, metric, options)
        panel = panel if n % _METRICS_AT_ONCE else fresh(connection, panel)
    panel = _with_people(panel, fresh(connection, _people(connection, entities, tables)))
    panel = panel.join(periods.select("idx", "period"), "idx")
    columns = [*PANEL_COLUMNS, *(c for m in options.metrics for c in metric_columns(m))]
    data = fresh(connection, panel.select(*(c for c in columns if c in panel.columns)))
    data = with_unknown(data, options.metrics).select(*columns)
    _note_losses(connection, spells, inside, entities, tables, ledger)
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


def _at_risk(panel: Any, at_risk_until: int) -> Any:
    inside = panel["idx"] <= panel["to_idx"]
    at_risk = inside & (panel["idx"] <= at_risk_until)
    exited = (panel["idx"] == panel["exit_idx"]).fill_null(False) & at_risk
    told = [c for c in ("exit_reason",) if c in panel.columns]
    return panel.select(
        "customer_id",
        "idx",
        spell=inside.ifelse(panel["spell"], ibis.null("int64")),
        tenure_periods=inside.ifelse(panel["idx"] - panel["start_idx"], ibis.null("int64")),
        at_risk=at_risk,
        exited=exited,
        **{c: exited.ifelse(panel[c], ibis.null("string")) for c in told},
    )


def _only_while_open(panel: Any, contracts: Any) -> Any:
    """Take customers out of the risk set in periods that lie wholly within a gap that the grace forgives."""
    earlier = ibis.window(group_by="customer_id", order_by=["first_idx", "last_idx"], preceding=(None, 1))
    marked = contracts.mutate(since_idx=contracts["last_idx"].max().over(earlier) + 1)
    gaps = marked.filter(marked["first_idx"] > marked["since_idx"])
    joined = bring(panel, gaps.select("customer_id", "since_idx", until_idx="first_idx"))
    kept = {c: joined[c] for c in panel.columns}
    return joined.select(**kept | {"at_risk": joined["at_risk"] & joined["since_idx"].isnull()})


def _with_money(
    connection: Any,
    panel: Any,
    tables: Mapping[str, Any],
    periods: Any,
    options: PrepareOptions,
    until: date,
    ledger: Ledger,
) -> Any:
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
        joined = panel.left_join(money, ["customer_id", "idx"])
        kinds = {"revenue": "amount", "margin": "margin"}
        told = [c for c, source in kinds.items() if anything_in(connection, tables["transactions"], source)]
        bought = joined.select(
            *panel.columns,
            **{c: joined[c].fill_null(0.0) for c in told},
            n_transactions=joined["n_transactions"].fill_null(0),
        )
        if options.contract_prices == "in_transactions":
            return bought
        return _with_prices(connection, fresh(connection, bought), tables, periods, options, until)
    return _with_prices(connection, panel, tables, periods, options, until)


def _with_prices(
    connection: Any, panel: Any, tables: Mapping[str, Any], periods: Any, options: PrepareOptions, until: date
) -> Any:
    """Add what contracts bring; it counts in full where margins are told, for what it takes to serve is told apart."""
    if "subscriptions" not in tables or not anything_in(connection, tables["subscriptions"], "price"):
        return panel
    contracts = contract_rows(tables["subscriptions"], options.period, until)
    money = money_of_contracts(contracts, periods, options.period, until).rename(price="revenue")
    joined = bring(panel, money)
    price = joined["price"].fill_null(0.0)
    told = [c for c in ("revenue", "margin") if c in panel.columns]
    if not told:
        return joined.select(*panel.columns, revenue=price)
    kept = {c: joined[c] + price if c in told else joined[c] for c in panel.columns}
    return joined.select(**kept)


def _with_renewals(
    connection: Any, panel: Any, tables: Mapping[str, Any], contract: bool, frequency: Any, until: date
) -> Any:
    if not contract or not anything_in(connection, tables["subscriptions"], "term_months"):
        return panel
    contracts = contract_rows(tables["subscriptions"], frequency, until)
    due = renewals(contracts, frequency, until).mutate(_due=True)
    termed = contracts.filter(contracts["term_months"] >= 1).select("customer_id").distinct().mutate(_termed=True)
    joined = panel.left_join(due, ["customer_id", "idx"]).drop("customer_id_right", "idx_right")
    joined = joined.left_join(termed, "customer_id")
    free = joined["_termed"].isnull()
    return joined.select(*panel.columns, at_renewal=free | joined["_due"].fill_null(False))


def _people(connection: Any, entities: Any, tables: Mapping[str, Any]) -> Any:
    if "customers" not in tables:
        return entities
    told = [c for c in ("segment", "unit_id") if anything_in(connection, tables["customers"], c)]
    return entities.left_join(tables["customers"], "customer_id").select("entity", "customer_id", *told)


def _with_people(panel: Any, people: Any) -> Any:
    """Put the customer's identifier, segment and unit in the place of the customer's number."""
    return panel.rename(entity="customer_id").join(people, "entity")


def _with_metric(panel: Any, tables: Mapping[str, Any], metric: str, options: PrepareOptions) -> Any:
    if "responses" not in tables:
        return panel
    answers = known_answers(tables["responses"], metric, options.period)
    return carry_forward(panel, answers, metric, options.metric_age_limit)


def _note_losses(
    connection: Any, spells: Any, inside: int, entities: Any, tables: Mapping[str, Any], ledger: Ledger
) -> None:
    n = connection.execute(spells["customer_id"].nunique())
    ledger.add(PANEL, "in", n, "customers with a contract or purchase")
    ledger.add(PANEL, "left out", n - inside, "customers gone before the observed window", rule="before the window")
    ledger.add(PANEL, "out", inside, "customers in the panel")
    hidden = connection.execute(spells.filter(spells["from_idx"] > spells["to_idx"]).count())
    said = "spells that began and ended in the period in which another one ended; not told apart"
    ledger.add(PANEL, "flagged", hidden, said, rule="spell inside a period")
    known = entities.semi_join(spells, entities["entity"] == spells["customer_id"])
    for name, table in tables.items():
        if name not in _WITHOUT_STRANGERS and "customer_id" in table.columns:
            named = table.filter(table["customer_id"].notnull())
            strangers = connection.execute(named.anti_join(known, "customer_id").count())
            said = f"rows of {name} whose customer has no contract or purchase; not used in the panel"
            ledger.add(PANEL, "flagged", strangers, said, rule=f"{name} of strangers")
