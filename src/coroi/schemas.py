"""The tables' columns, keys and units, the customer-period panel, and what each study may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Kind = Literal["id", "date", "number", "text", "flag"]
Period = Literal["week", "month", "quarter", "year"]
Relationship = Literal["contract", "repeat_purchase", "snapshot"]

PERIODS_PER_YEAR: dict[str, float] = {"week": 365.25 / 7, "month": 12.0, "quarter": 4.0, "year": 1.0}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a clean table: its name, kind, unit and meaning."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    unit: str = ""


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A clean table: what one row is, its columns, and the key that no two rows may share."""

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    takes_scores: bool = False
    time: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(c.name for c in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that a plan has to map."""
        return tuple(c.name for c in self.columns if c.required)

    def column(self, name: str) -> Column:
        """Return one column by name."""
        return next(c for c in self.columns if c.name == name)


_CUSTOMER = Column("customer_id", "id", "who: the person or firm, not the order", required=True)

CUSTOMERS = TableSchema(
    "customers",
    "one customer",
    (
        _CUSTOMER,
        Column("joined_at", "date", "first day as a customer"),
        Column("segment", "text", "group that the analysis may be split or adjusted by"),
        Column("unit_id", "text", "branch, region or team that serves the customer"),
    ),
    key=("customer_id",),
    time="joined_at",
)
RESPONSES = TableSchema(
    "responses",
    "one answer by one customer to one question",
    (
        _CUSTOMER,
        Column("response_id", "id", "the survey tool's own number; repeats are removed"),
        Column("asked_at", "date", "when the question was sent"),
        Column("answered_at", "date", "when it was answered", required=True),
        Column("metric", "text", "which metric: a name from the plan's `metrics`"),
        Column("score", "number", "the answer", unit="the metric's scale"),
        Column("touchpoint", "text", "where in the journey it was asked"),
        Column("verbatim", "text", "what was written"),
    ),
    takes_scores=True,
    time="answered_at",
)
SUBSCRIPTIONS = TableSchema(
    "subscriptions",
    "one contract of one customer, from its first to its last day",
    (
        _CUSTOMER,
        Column("subscription_id", "id", "the contract's own number; repeats are removed"),
        Column("start_at", "date", "first day", required=True),
        Column("end_at", "date", "last day; empty while it runs"),
        Column("exit_reason", "text", "why it ended"),
        Column("price", "number", "price per month", unit="currency per month"),
        Column("term_months", "number", "length of the term after which it may be left", unit="months"),
    ),
    time="start_at",
)
TRANSACTIONS = TableSchema(
    "transactions",
    "one purchase or return",
    (
        _CUSTOMER,
        Column("transaction_id", "id", "the order's own number"),
        Column("occurred_at", "date", "when", required=True),
        Column("amount", "number", "money taken; negative for a return", unit="currency"),
        Column("margin", "number", "contribution margin of it", unit="currency"),
    ),
    time="occurred_at",
)
SNAPSHOT = TableSchema(
    "snapshot",
    "one customer as seen on one date",
    (
        _CUSTOMER,
        Column("as_of", "date", "the date of the snapshot"),
        Column("tenure_months", "number", "months as a customer", unit="months"),
        Column("left", "flag", "whether the customer has left", required=True),
        Column("left_at", "date", "when, if so"),
        Column("answered_at", "date", "when the metrics were answered"),
        Column("revenue", "number", "revenue per month", unit="currency per month"),
        Column("margin", "number", "margin per month", unit="currency per month"),
        Column("segment", "text", "group that the analysis may be split or adjusted by"),
    ),
    key=("customer_id",),
    takes_scores=True,
    time="as_of",
)
EXIT_FLAG = TableSchema(
    "exit_flags",
    "one statement by one system that a customer has left",
    (
        _CUSTOMER,
        Column("flag", "flag", "whether it says so; without this column every row does"),
        Column("flagged_at", "date", "since when"),
    ),
)

TABLES: dict[str, TableSchema] = {t.name: t for t in (CUSTOMERS, RESPONSES, SUBSCRIPTIONS, TRANSACTIONS, SNAPSHOT)}

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

    def blocks(self) -> Iterator[Block]:
        """Yield the cells: all at once where they are few, in batches where they are many."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a study or a claim needs: a choice of table sets, and what the plan's metrics must offer."""

    any_of: tuple[tuple[str, ...], ...]
    metrics: bool = False
    columns: tuple[str, ...] = field(default=())


def missing_for(need: Need, tables: set[str], metrics: set[str], columns: set[str]) -> str:
    """Say what is missing for a need, or return an empty string.

    Parameters
    ----------
    need : Need
        What is needed.
    tables, metrics : set of str
        What the data have.
    columns : set of str
        Columns that the data have, as ``table.column``.
    """
    lacks = [tuple(t for t in choice if t not in tables) for choice in need.any_of]
    parts = []
    if lacks and all(lacks):
        parts.append(_ways([a for a in dict.fromkeys(lacks) if not any(set(b) < set(a) for b in lacks)]))
    if need.metrics and not metrics:
        parts.append("a metric (`scores` of responses or of a snapshot)")
    parts += [f"`{c}`" for c in need.columns if c not in columns and c.split(".")[0] in tables]
    return ", and ".join(parts)


def _ways(lacks: list[tuple[str, ...]]) -> str:
    """Write the two shortest sets of tables that would do, what they share first."""
    shared = [t for t in lacks[0] if all(t in lack for lack in lacks)]
    rests = sorted(([t for t in lack if t not in shared] for lack in lacks), key=len)[:2]
    either = " or ".join(" and ".join(f"`{t}`" for t in rest) for rest in rests)
    return " with ".join(filter(None, (" and ".join(f"`{t}`" for t in shared), either)))
