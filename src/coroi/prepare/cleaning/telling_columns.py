"""Columns of the customers' own table that know who left: written when they left, or because of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import numpy as np

from coroi.errors import DataError
from coroi.prepare.guards import AUC_LIMIT, area_under_curve
from coroi.prepare.ledger import Ledger
from coroi.prepare.mapping import mapped_columns
from coroi.prepare.parsing import text
from coroi.schemas import TableSchema
from coroi.sources import Source
from coroi.storage import open_file, read_columns

RULE = "column that knows the outcome"
MOST_LEVELS = 20
LEAST_CUSTOMERS, LEAST_EXITS = 100, 10


def note_telling_columns(
    connection: Any, source: Source, schema: TableSchema, base: Path, people: Any, ledger: Ledger
) -> None:
    """Flag columns of few values that tell who left; nothing is changed.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    source : Source
        Of the table of customers, as the plan describes it.
    schema : TableSchema
        Of that table.
    base : Path
        Folder that paths start from.
    people : ibis.Table
        ``customer_id`` (unique) and ``left`` (bool).
    ledger : Ledger
        Takes what is found.

    Notes
    -----
    A column counts as telling where its values, ordered by how many left, rank at least 95 of 100 pairs of customers
    rightly. Looked at are the group that is mapped as ``segment``, and all columns that the plan does not map.
    """
    try:
        names = read_columns(source, base)
    except (DataError, OSError):
        return
    mapped = mapped_columns(source, schema, names)
    spoken_for = {*(theirs for ours, theirs in mapped.items() if ours != "segment"), *source.scores.values()}
    others = [c for c in names if c not in spoken_for]
    if not others or "customer_id" not in mapped:
        return
    raw, _ = open_file(connection, source, base)
    ids = text(raw[mapped["customer_id"]])
    joined = raw.select(customer_id=ids, **{f"c{i}": raw[c].cast("string") for i, c in enumerate(others)}).inner_join(
        people, "customer_id"
    )
    for i, column in enumerate(others):
        cell = text(joined[f"c{i}"])
        counted = joined.group_by(level=cell, left=joined["left"]).agg(n=ibis._.count()).limit(2 * MOST_LEVELS + 3)
        found = connection.to_pandas(counted)
        n, exits = int(found["n"].sum()), int(found.loc[found["left"].astype(bool), "n"].sum())
        few = found["level"].nunique(dropna=False) in range(2, MOST_LEVELS + 1)
        if few and n >= LEAST_CUSTOMERS and min(exits, n - exits) >= LEAST_EXITS and _tells(found):
            said = "its values tell who left nearly without fail, so it cannot have been there before"
            ledger.add(schema.name, "flagged", n, said, rule=RULE, column=column)


def _tells(found: Any) -> bool:
    left = found["left"].astype(bool)
    level = found["level"].fillna("")
    gone = found["n"].where(left, 0).groupby(level).sum()
    share = (gone / found["n"].groupby(level).sum()).reindex(level).to_numpy(float)
    return area_under_curve(share, left.to_numpy(float), found["n"].to_numpy(np.float64)) >= AUC_LIMIT
