"""Ids that a spreadsheet turned into decimals: 13085.0 is 13085 when every id of the column looks so."""

from __future__ import annotations

from typing import Any

from coroi.prepare.cleaning.rules import examples
from coroi.prepare.ledger import Ledger

_DECIMAL = r"^(\d+)\.0+$"


def repair_float_ids(connection: Any, table: Any, columns: tuple[str, ...], name: str, ledger: Ledger) -> Any:
    """Cut ``.0`` off the ids of a column in which every id ends so; such an ending is then no part of the id.

    Returns
    -------
    ibis.Table
        With the repaired columns.
    """
    for column in columns:
        ids = table[column]
        seen = connection.to_pandas(table.agg(n=ids.count(), decimal=ids.re_search(_DECIMAL).cast("int64").sum())).iloc[
            0
        ]
        if seen["n"] and seen["n"] == seen["decimal"]:
            before, table = table, table.mutate(**{column: ids.re_extract(_DECIMAL, 1)})
            said = f"every {column} was a decimal such as 101.0; the ending .0 was cut off"
            some = examples(connection, before, ledger.n_examples, column)
            ledger.add(name, "repaired", int(seen["n"]), said, rule="ids as decimals", column=column, examples=some)
    return table
