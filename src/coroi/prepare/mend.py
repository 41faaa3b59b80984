"""A mapped table's cells, repaired one rule after the other where that is certain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coroi.prepare.cleaning.currencies import is_money
from coroi.prepare.cleaning.date_styles import MOST_STRAY, reread_dates
from coroi.prepare.cleaning.duplicates import find_unique, repeated_rows
from coroi.prepare.cleaning.float_ids import repair_float_ids
from coroi.prepare.cleaning.no_answer import empty_words
from coroi.prepare.cleaning.number_styles import reread_numbers
from coroi.prepare.cleaning.repairs import wanted
from coroi.prepare.cleaning.reread import unread_counts
from coroi.prepare.cleaning.rules import drop_rows
from coroi.prepare.cleaning.swapped_dates import put_back
from coroi.prepare.cleaning.texts import decode_twice_encoded
from coroi.prepare.ledger import Ledger
from coroi.prepare.mapping import Mapped
from coroi.schemas import TableSchema
from coroi.sources import Source


def mend(connection: Any, mapped: Mapped, schema: TableSchema, name: str, ledger: Ledger) -> Mapped:
    """Repair what is certain in a mapped table; every repair is entered in the ledger.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    mapped : Mapped
        The table, with the text of its unread cells and what the plan says of it, ``keep_as_is`` included.
    schema : TableSchema
        Kinds of the columns; a column that it does not know is a metric's score.
    name : str
        The table's name in the ledger.
    ledger : Ledger
        Takes the counts.
    """
    kinds = {c: schema.column(c).kind if c in schema.names else "number" for c in mapped.columns}
    table, source = mapped.table, mapped.source
    if wanted("ids", source):
        ids = tuple(c for c in mapped.columns if kinds[c] == "id")
        table = repair_float_ids(connection, table, ids, name, ledger)
    for column, (n_unread, n_filled) in unread_counts(connection, table, mapped.columns).items():
        if wanted("words", source):
            table = empty_words(connection, table, column, name, ledger)
        if kinds[column] == "number":
            repair = wanted("numbers", source) and not _has_factor(source, column)
            money = is_money(schema, column)
            table = reread_numbers(connection, table, column, name, ledger, repair=repair, money=money)
        if kinds[column] == "date" and n_unread <= MOST_STRAY * n_filled and wanted("dates", source):
            table = reread_dates(connection, table, column, name, ledger)
    texts = [c for c in mapped.columns if kinds[c] == "text" and table[c].type().is_string()]
    if wanted("double_encoding", source):
        table = decode_twice_encoded(connection, table, texts, name, ledger)
    mapped = find_unique(connection, replace(mapped, table=table), schema)
    table = drop_rows(connection, table, repeated_rows(mapped, schema), name, ledger)
    dates = [c for c in mapped.columns if kinds[c] == "date"]
    table = put_back(connection, table, dates, name, ledger, repair=wanted("swapped_dates", source))
    return replace(mapped, table=table)


def _has_factor(source: Source, column: str) -> bool:
    """Whether the plan gives a factor for a column; of numbers as text, the plan then has to say more."""
    columns = set(source.scores) if column == "score" and source.scores else {column}
    return bool(columns & {*source.multiply, *source.divide})
