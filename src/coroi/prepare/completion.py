"""What is unknown of every customer alike: columns that are told of and not stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ibis

from coroi.schemas import metric_columns


def anything_in(connection: Any, table: Any, column: str) -> bool:
    """Tell whether a column has any cell that is not empty."""
    return bool(connection.execute(table[column].notnull().any()))


def with_unknown(panel: Any, metrics: Iterable[str]) -> Any:
    """Add the panel's columns that nothing is known of, as constants: they cost neither time nor memory.

    Parameters
    ----------
    panel : ibis.Table
        The columns that are known.
    metrics : iterable of str
        The metrics that the panel is to have.
    """
    unknown = {
        "at_renewal": ibis.literal(True),
        "exit_reason": ibis.null("string"),
        "revenue": ibis.null("float64"),
        "margin": ibis.null("float64"),
        "cost_to_serve": ibis.null("float64"),
        "n_transactions": ibis.null("int64"),
        "segment": ibis.null("string"),
        "unit_id": ibis.null("string"),
        "weight": ibis.literal(1, "int64").cast("float64"),  # a plain 1.0 would become a decimal
    }
    for metric in metrics:
        value, age, mean, count = metric_columns(metric)
        unknown |= {value: ibis.null("float64"), age: ibis.null("int64"), mean: ibis.null("float64")}
        unknown |= {count: ibis.literal(0, "int64")}
    return panel.mutate(**{name: column for name, column in unknown.items() if name not in panel.columns})
