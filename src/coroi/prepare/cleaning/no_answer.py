"""Words for "no answer" in columns of numbers, dates and yes/no: read as empty."""

from __future__ import annotations

from typing import Any

import ibis

from coroi.prepare.cleaning.reread import settle
from coroi.prepare.ledger import Ledger
from coroi.prepare.mapping import UNREAD

RULE = "no answer in words"
WORDS = (
    "-", "--", "?", ".", "#n/a", "blank", "don't know", "dont know", "missing", "n.a.", "n/a", "na", "nan", "nil", "nm",
    "no answer", "none", "not answered", "not applicable", "not available", "not given", "null", "refused", "tbd",
    "unknown",
)  # fmt: skip


def empty_words(connection: Any, table: Any, column: str, name: str, ledger: Ledger) -> Any:
    """Empty the cells of a typed column that hold a word for no answer.

    Returns
    -------
    ibis.Table
    """
    raw = table[UNREAD + column]
    return settle(
        connection,
        table,
        column,
        raw.lower().isin(WORDS).fill_null(False),
        ibis.null(table[column].type()),
        rule=RULE,
        sentence=f"{column} holds a word for no answer; left empty",
        name=name,
        ledger=ledger,
        step="set to missing",
    )
