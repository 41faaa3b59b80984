"""Rival churn flags: what each system says about who has left, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ibis
import pandas as pd

from coroi.prepare.clean import clean_rows, load_mapped
from coroi.prepare.ledger import Ledger
from coroi.schemas import EXIT_FLAG
from coroi.sources import Source


def flag_label(name: str) -> str:
    """Name a flag in the ledger."""
    return f"exit flag '{name}'"


def prepare_exit_flag(connection: Any, source: Source, base: Path, ledger: Ledger, name: str) -> Any:
    """Return the customers that one system calls gone, one row each."""
    label = flag_label(name)
    mapped = load_mapped(connection, source, EXIT_FLAG, base, ledger, label)
    table = clean_rows(connection, mapped, EXIT_FLAG, ledger, name=label)
    ledger.add(label, "out", connection.execute(table.count()))
    flagged = table.filter(table["flag"].fill_null(False)) if "flag" in table.columns else table
    return flagged.select("customer_id").distinct()


def cross_tabulate(connection: Any, customers: Any, flags: Mapping[str, Any]) -> pd.DataFrame:
    """Count customers by what every flag says.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    customers : ibis.Table
        One row a customer (``customer_id``).
    flags : Mapping of str to ibis.Table
        By flag, the customers that it calls gone.

    Returns
    -------
    pandas.DataFrame
        One row a combination: a boolean column a flag, and ``customers``, most frequent first.
    """
    table = customers.select("customer_id").distinct()
    for name, gone in flags.items():
        marked = gone.select(customer_id=gone["customer_id"], **{f"_{name}": ibis.literal(True)})
        table = table.left_join(marked, "customer_id").drop("customer_id_right")
    said = {name: table[f"_{name}"].fill_null(False) for name in flags}
    counted = table.select(**said).group_by(list(flags)).agg(customers=ibis._.count())
    order = [ibis.desc("customers"), *flags]
    return connection.to_pandas(counted.order_by(order)) if flags else pd.DataFrame({"customers": []})
