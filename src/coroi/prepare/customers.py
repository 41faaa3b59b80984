"""Customers: who they are, since when, in which segment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coroi.prepare.clean import clean_rows, complete, load_mapped
from coroi.prepare.ledger import Ledger
from coroi.schemas import CUSTOMERS
from coroi.sources import Source


def prepare_customers(connection: Any, source: Source, base: Path, ledger: Ledger) -> Any:
    """Return one row a customer.

    Raises
    ------
    DataError
        If the table cannot be used, or two rows that differ speak of one customer.
    """
    mapped = load_mapped(connection, source, CUSTOMERS, base, ledger)
    table = clean_rows(connection, mapped, CUSTOMERS, ledger)
    return complete(connection, table, CUSTOMERS, ledger)
