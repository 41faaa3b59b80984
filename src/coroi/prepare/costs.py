"""Costs: every cost of the company, once; what it was spent on decides who takes it up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis

from coroi.prepare.cleaning.rules import Rule
from coroi.prepare.ledger import Ledger
from coroi.prepare.plain import prepare_plain
from coroi.schemas import COSTS
from coroi.sources import Source

_BEARERS = ("customer_id", "unit_id", "practice")


def prepare_costs(connection: Any, source: Source, base: Path, ledger: Ledger) -> Any:
    """Return one row a cost; refunds and costs of nobody in particular stay, and are counted.

    Raises
    ------
    DataError
        If the table cannot be used, or a kind of cost is unknown.
    """
    return prepare_plain(connection, source, COSTS, base, ledger, notes=_notes)


def _notes(table: Any, columns: tuple[str, ...]) -> list[Rule]:
    borne = [table[c].notnull() for c in _BEARERS if c in columns]
    nobody = ~ibis.or_(*borne) if borne else ibis.literal(True)
    said = "no customer, unit or practice; a cost of the company as a whole"
    return [
        Rule("negative amount", table["amount"] < 0, "amount below zero: a refund; it lowers the cost"),
        Rule("nobody's cost", nobody, said),
    ]
