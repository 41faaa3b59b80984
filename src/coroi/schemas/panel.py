"""The customer-period panel, and the cells that it is reduced to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from coroi.schemas.columns import Period, Relationship

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

PANEL_COLUMNS: tuple[str, ...] = (
    "customer_id",
    "period",
    "spell",
    "tenure_periods",
    "at_risk",
    "at_renewal",
    "exited",
    "exit_reason",
    "revenue",
    "margin",
    "cost_to_serve",
    "n_transactions",
    "segment",
    "unit_id",
    "weight",
)


def metric_columns(metric: str) -> tuple[str, str, str, str]:
    """Name the panel's four columns of a metric: last answer, its age, mean and number of answers to date."""
    return (metric, f"{metric}_age_periods", f"{metric}_mean_to_date", f"{metric}_n_to_date")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """The customer-period panel and what has to be known to read it.

    Parameters
    ----------
    data : ibis.Table
        One row per customer and period from the customer's first period to the last one observed; the
        columns of ``PANEL_COLUMNS`` and, per metric, those of :func:`metric_columns`.
    metrics : tuple of str
        The metrics in it.
    frequency : str
        Length of a period.
    currency : str
        ISO 4217 code of every amount.
    relationship : str
        ``contract``: an exit is a contract that ends; ``repeat_purchase``: a lapse of purchases.
    observed_until : date
        Last day of the data.
    last_complete_period : date
        First day of the last period in which every purchase was seen.
    last_at_risk_period : date
        First day of the last period in which an exit can be told from a gap within the grace.
    entity, time : str
        Key columns; proved unique when the panel is built.

    Notes
    -----
    A metric's columns hold only answers dated strictly before the period's first day. ``at_renewal`` is the
    schedule alone: a term ends in the period, or the customer has no term, whether or not they are still there.
    """

    data: Any
    metrics: tuple[str, ...]
    frequency: Period
    currency: str
    relationship: Relationship
    observed_until: date
    last_complete_period: date
    last_at_risk_period: date
    entity: str = "customer_id"
    time: str = "period"


class Block(Protocol):
    """Distinct covariate cells, and the clusters that they were counted from."""

    @property
    def covariates(self) -> pd.DataFrame:
        """One row a cell."""

    @property
    def n(self) -> np.ndarray:
        """Rows (or their weight) by cell, shape (n_cells,)."""

    @property
    def events(self) -> np.ndarray:
        """Rows with the event (or their weight) by cell, shape (n_cells,)."""

    def clusters(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Yield (cluster number, cell, n, events) in batches of rows; a cluster may turn up in several."""


class CellCounts(Protocol):
    """Rows reduced exactly: equal covariates are counted together, and clusters can be summed over afterwards."""

    @property
    def n_rows(self) -> int:
        """Rows behind the cells."""

    @property
    def n_clusters(self) -> int:
        """Clusters, numbered from 0."""

    @property
    def cluster_names(self) -> pd.Index:
        """What tells a cluster in any reduction of one panel, in the order of the numbers."""

    def blocks(self) -> Iterator[Block]:
        """Yield the cells: all at once where they are few, in batches where they are many."""
