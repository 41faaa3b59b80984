"""Which preparation a table takes: its own where it needs one, else that of its schema."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coroi.prepare.changes import prepare_changes
from coroi.prepare.competitors import prepare_competitors
from coroi.prepare.costs import prepare_costs
from coroi.prepare.ledger import Ledger
from coroi.prepare.plain import prepare_plain
from coroi.prepare.referrals import prepare_referrals
from coroi.prepare.responses import prepare_responses
from coroi.prepare.snapshot import prepare_snapshot
from coroi.prepare.subscriptions import prepare_subscriptions
from coroi.prepare.transactions import prepare_transactions
from coroi.schemas import TABLES
from coroi.sources import Metric, Source

_OWN = {
    "subscriptions": prepare_subscriptions,
    "transactions": prepare_transactions,
    "costs": prepare_costs,
    "competitors": prepare_competitors,
    "referrals": prepare_referrals,
}
_WITH_METRICS = {"responses": prepare_responses, "snapshot": prepare_snapshot, "changes": prepare_changes}


def prepare_table(
    connection: Any, name: str, source: Source, base: Path, ledger: Ledger, metrics: Mapping[str, Metric]
) -> Any:
    """Clean one table of a plan.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    name : str
        A key of ``schemas.TABLES``.
    source : Source
        The plan's description.
    base : Path
        Folder that paths start from.
    ledger : Ledger
        Takes what becomes of every row.
    metrics : Mapping of str to Metric
        The plan's metrics.

    Returns
    -------
    ibis.Table
        All columns of the table's schema.

    Raises
    ------
    DataError
        If the table cannot be used.
    """
    if name in _WITH_METRICS:
        return _WITH_METRICS[name](connection, source, base, ledger, metrics)
    if name in _OWN:
        return _OWN[name](connection, source, base, ledger)
    return prepare_plain(connection, source, TABLES[name], base, ledger)
