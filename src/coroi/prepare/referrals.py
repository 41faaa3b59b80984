"""Referrals: who recommended the firm, and who came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coroi.prepare.cleaning.rules import Rule
from coroi.prepare.ledger import Ledger
from coroi.prepare.plain import prepare_plain
from coroi.schemas import REFERRALS
from coroi.sources import Source


def prepare_referrals(connection: Any, source: Source, base: Path, ledger: Ledger) -> Any:
    """Return one row a recommendation; nobody recommends themselves.

    Raises
    ------
    DataError
        If the table cannot be used.
    """

    def of_oneself(table: Any) -> list[Rule]:
        if "new_customer_id" not in table.columns:
            return []
        return [
            Rule("of oneself", table["new_customer_id"] == table["customer_id"], "customers who came of themselves")
        ]

    def shared(table: Any, columns: tuple[str, ...]) -> list[Rule]:
        if "new_customer_id" not in columns:
            return []
        came = table["new_customer_id"].count().over(group_by="new_customer_id")
        return [Rule("shared", came > 1, "several recommendations led to one new customer; all are kept")]

    return prepare_plain(connection, source, REFERRALS, base, ledger, more=of_oneself, notes=shared)
