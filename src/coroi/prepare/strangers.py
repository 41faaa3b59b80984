"""Rows that speak of a unit or a firm which the table of these does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coroi.prepare.ledger import Ledger

_HOMES = {"unit_id": ("customers", "unit"), "firm_id": ("firms", "firm")}


def note_strangers(connection: Any, tables: Mapping[str, Any], ledger: Ledger) -> None:
    """Count, by table, the rows whose unit or firm stands nowhere else; nothing is dropped.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    tables : Mapping of str to ibis.Table
        Clean tables.
    ledger : Ledger
        Takes the counts.
    """
    for column, (home, noun) in _HOMES.items():
        if home not in tables:
            continue
        known = tables[home].select(column).distinct()
        for name, table in tables.items():
            if name != home and column in table.columns:
                rows = table.filter(table[column].notnull()).anti_join(known, column)
                said = f"the {noun} is none of the table {home}; nothing is known of it there"
                ledger.add(name, "flagged", connection.execute(rows.count()), said, rule=f"unknown {noun}")
