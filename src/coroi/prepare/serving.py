"""What serving each customer cost, by period."""

from __future__ import annotations

from datetime import date
from typing import Any

from coroi.prepare.calendar import period_index
from coroi.prepare.cleaning.rules import fresh
from coroi.prepare.ledger import Ledger
from coroi.prepare.options import PrepareOptions
from coroi.prepare.window import PANEL


def with_cost_to_serve(
    connection: Any, panel: Any, costs: Any | None, options: PrepareOptions, until: date, ledger: Ledger
) -> Any:
    """Add ``cost_to_serve``: the costs of the kind ``serve`` that name the customer, summed by period.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    panel : ibis.Table
        With ``customer_id, idx``, each pair once.
    costs : ibis.Table or None
        Clean costs.
    options : PrepareOptions
        The plan's choices.
    until : date
        Last day of the data.
    ledger : Ledger
        Takes costs that the panel cannot hold.

    Returns
    -------
    ibis.Table
        A customer-period without such a cost has 0; `panel` as it is where no cost names a customer.
    """
    if costs is None:
        return panel
    serving = costs.filter(costs["kind"] == "serve")
    named = serving.filter(serving["customer_id"].notnull())
    seen = named.filter(named["occurred_at"] <= until)
    n, n_named, n_seen = (connection.execute(t.count()) for t in (serving, named, seen))
    said = "costs to serve without a customer; in no customer's cost_to_serve"
    ledger.add(PANEL, "flagged", n - n_named, said, rule="costs without a customer")
    said = f"costs to serve after {until}, the last day of the data; not used in the panel"
    ledger.add(PANEL, "flagged", n_named - n_seen, said, rule="costs too late")
    if not n_named:
        return panel
    spent = fresh(connection, _by_period(seen, options))
    outside = spent.anti_join(panel, ["customer_id", "idx"])
    n_outside = connection.execute(outside.count())
    if n_outside:
        lost = connection.execute(outside["cost_to_serve"].sum())
        said = f"customer-periods with costs to serve but outside the panel, {lost:,.2f} {options.currency} in all"
        ledger.add(PANEL, "flagged", n_outside, said, rule="costs outside")
    joined = panel.left_join(spent, ["customer_id", "idx"])
    return joined.select(*panel.columns, cost_to_serve=joined["cost_to_serve"].fill_null(0.0))


def _by_period(costs: Any, options: PrepareOptions) -> Any:
    rows = costs.mutate(idx=period_index(costs["occurred_at"], options.period))
    return rows.group_by("customer_id", "idx").agg(cost_to_serve=rows["amount"].sum())
