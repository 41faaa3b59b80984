"""Subscriptions: from which day to which a customer was under contract, and at what price."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coroi.prepare.clean import clean_rows, complete, load_mapped
from coroi.prepare.cleaning.duplicates import reused_key
from coroi.prepare.cleaning.limits import without_impossible
from coroi.prepare.cleaning.order import empty, ends_before_start
from coroi.prepare.cleaning.rules import Rule, note_rows
from coroi.prepare.ledger import Ledger
from coroi.schemas import SUBSCRIPTIONS
from coroi.sources import Source


def prepare_subscriptions(connection: Any, source: Source, base: Path, ledger: Ledger) -> Any:
    """Return one row a contract; contracts that overlap or follow each other stay as they are.

    Raises
    ------
    DataError
        If the table cannot be used.
    """
    mapped = load_mapped(connection, source, SUBSCRIPTIONS, base, ledger)

    def rules(table: Any) -> list[Rule]:
        found = [empty(table, "start_at")]
        return found + ([ends_before_start(table, "start_at", "end_at")] if "end_at" in mapped.columns else [])

    table = clean_rows(connection, mapped, SUBSCRIPTIONS, ledger, more=rules)
    table = without_impossible(connection, table, SUBSCRIPTIONS, mapped.columns, ledger)
    notes = (
        reused_key(connection, table, "subscription_id", mapped.unique) if "subscription_id" in mapped.columns else []
    )
    if "price" in mapped.columns:
        notes.append(Rule("negative price", table["price"] < 0, "price is below zero; kept as it is"))
        notes.append(Rule("no price", table["price"].isnull(), "price is empty; the contract brings no revenue"))
    note_rows(connection, table, notes, "subscriptions", ledger)
    return complete(connection, table, SUBSCRIPTIONS, ledger)
