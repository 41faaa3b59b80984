"""Changes: what the firm could do, whom it would reach, and what it would cost and bring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coroi.errors import Problem
from coroi.prepare.cleaning.limits import word_problems
from coroi.prepare.ledger import Ledger
from coroi.prepare.plain import prepare_plain
from coroi.schemas import CHANGES
from coroi.sources import Metric, Source


def prepare_changes(connection: Any, source: Source, base: Path, ledger: Ledger, metrics: Mapping[str, Metric]) -> Any:
    """Return one row a candidate change.

    Raises
    ------
    DataError
        If the table cannot be used, or a change would move a metric that the plan does not know.
    """

    def problems(table: Any) -> list[Problem]:
        return word_problems(connection, table, "metric", metrics, "changes") if "metric" in table.columns else []

    return prepare_plain(connection, source, CHANGES, base, ledger, problems=problems)
