"""Identifiers that lost their leading zeros: given back where the customers' own table leaves no doubt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis

from coroi.masking import mask_value
from coroi.prepare.cleaning.repairs import wanted
from coroi.prepare.cleaning.rules import fresh
from coroi.prepare.ledger import Examples, Ledger
from coroi.sources import Source

RULE = "padded ids"
HOME = "customers"
_PARTS = r"^(\D*)(\d+)$"


def give_back_zeros(
    connection: Any, tables: Mapping[str, Any], sources: Mapping[str, Source], ledger: Ledger
) -> dict[str, Any]:
    """Pad customers' identifiers that the table of customers does not hold, where padded it does.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    tables : Mapping of str to ibis.Table
        Clean tables.
    sources : Mapping of str to Source
        What the plan says of each, ``keep_as_is`` included.
    ledger : Ledger
        Takes the counts.

    Returns
    -------
    dict of str to ibis.Table

    Notes
    -----
    Done only where all identifiers of the table of customers are letters and digits of one length, and only for an
    identifier that stands there once it is padded to it.
    """
    found = dict(tables)
    length = _common_length(connection, tables[HOME]) if HOME in tables else 0
    if not length:
        return found
    known = tables[HOME].select("customer_id").distinct()
    for name, table in tables.items():
        if name == HOME or "customer_id" not in table.columns or not wanted("ids", sources[name]):
            continue
        short = table.filter(table["customer_id"].length() < length).select("customer_id").distinct()
        padded = short.mutate(_padded=_padded(short["customer_id"], length))
        padded = padded.filter(padded["customer_id"] != padded["_padded"])
        sure = padded.anti_join(known, "customer_id").semi_join(known.rename(_padded="customer_id"), "_padded")
        if not connection.execute(sure.count()):
            continue
        sure = fresh(connection, sure)
        n = int(connection.execute(table.semi_join(sure, "customer_id").count()))
        some = connection.to_pandas(sure.order_by("customer_id").limit(ledger.n_examples))["customer_id"]
        said = "customer_id lacked leading zeros; with them it is one of the table customers"
        shown = Examples(values=tuple(mask_value(v) for v in some))
        ledger.add(name, "repaired", n, said, rule=RULE, column="customer_id", examples=shown)
        joined = table.left_join(sure, "customer_id")
        kept = {c: joined[c] for c in table.columns}
        kept["customer_id"] = ibis.coalesce(joined["_padded"], joined["customer_id"])
        found[name] = fresh(connection, joined.select(**kept))
    return found


def _common_length(connection: Any, customers: Any) -> int:
    """Return the length that all identifiers of the customers have; 0 where they differ, or are not of that kind."""
    ids = customers["customer_id"]
    asked = customers.agg(
        low=ids.length().min(), high=ids.length().max(), other=(~ids.re_search(_PARTS)).cast("int64").sum()
    )
    seen = connection.to_pandas(asked).iloc[0]
    return int(seen["low"]) if seen["low"] == seen["high"] and not seen["other"] else 0


def _padded(ids: Any, length: int) -> Any:
    letters, digits = ids.re_extract(_PARTS, 1), ids.re_extract(_PARTS, 2)
    zeros = ibis.literal("0" * length).substr(0, length - letters.length() - digits.length())
    return ibis.ifelse(ids.re_search(_PARTS), letters + zeros + digits, ids)
