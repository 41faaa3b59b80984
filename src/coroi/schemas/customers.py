"""Tables of customers: who they are, what they answered, signed and bought, and whether they are still there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from coroi.schemas.columns import CUSTOMER_ID, Column, TableSchema

CUSTOMERS = TableSchema(
    "customers",
    "one customer",
    (
        CUSTOMER_ID,
        Column("joined_at", "date", "first day as a customer"),
        Column("segment", "text", "group that the analysis may be split or adjusted by"),
        Column("unit_id", "id", "branch, region or team that serves the customer"),
    ),
    key=("customer_id",),
    time="joined_at",
)
RESPONSES = TableSchema(
    "responses",
    "one answer by one customer to one question",
    (
        CUSTOMER_ID,
        Column("response_id", "id", "the survey tool's own number; repeats are removed"),
        Column("asked_at", "date", "when the question was sent"),
        Column("answered_at", "date", "when it was answered", required=True),
        Column("metric", "text", "which metric: a name from the plan's `metrics`"),
        Column("score", "number", "the answer", unit="the metric's scale"),
        Column("touchpoint", "text", "where in the journey it was asked"),
        Column("verbatim", "text", "what was written"),
        Column(
            "weight", "number", "survey weight: how many of everybody the answer stands for", unit="relative", low=0
        ),
    ),
    takes_scores=True,
    row_id="response_id",
    time="answered_at",
)
SUBSCRIPTIONS = TableSchema(
    "subscriptions",
    "one contract of one customer, from its first to its last day",
    (
        CUSTOMER_ID,
        Column("subscription_id", "id", "the contract's own number; repeats are removed"),
        Column("start_at", "date", "first day", required=True),
        Column("end_at", "date", "last day; empty while it runs"),
        Column("exit_reason", "text", "why it ended"),
        Column("price", "number", "price per month", unit="currency per month"),
        Column(
            "term_months", "number", "length of the term after which it may be left", unit="months", low=0, high=1200
        ),
    ),
    row_id="subscription_id",
    time="start_at",
)
TRANSACTIONS = TableSchema(
    "transactions",
    "one purchase or return",
    (
        CUSTOMER_ID,
        Column("transaction_id", "id", "the order's own number"),
        Column("occurred_at", "date", "when", required=True),
        Column("amount", "number", "money taken; negative for a return", unit="currency"),
        Column("margin", "number", "contribution margin of it", unit="currency"),
    ),
    row_id="transaction_id",
    time="occurred_at",
)
SNAPSHOT = TableSchema(
    "snapshot",
    "one customer as seen on one date",
    (
        CUSTOMER_ID,
        Column("as_of", "date", "the date of the snapshot"),
        Column("tenure_months", "number", "months as a customer", unit="months", low=-1200, high=1200),
        Column("left", "flag", "whether the customer has left", required=True),
        Column("left_at", "date", "when, if so"),
        Column("answered_at", "date", "when the metrics were answered"),
        Column("revenue", "number", "revenue per month", unit="currency per month"),
        Column("margin", "number", "margin per month", unit="currency per month"),
        Column("segment", "text", "group that the analysis may be split or adjusted by"),
        Column("arm", "text", "treatment or control, where that was drawn by lot", choices=("treatment", "control")),
        Column("planned_share", "number", "share planned for the arm", unit="0 to 1", low=0, high=1),
    ),
    key=("customer_id",),
    takes_scores=True,
    time="as_of",
)
TRIAL_SNAPSHOT = replace(
    SNAPSHOT, columns=tuple(replace(c, required=False) if c.name == "left" else c for c in SNAPSHOT.columns)
)
EXIT_FLAG = TableSchema(
    "exit_flags",
    "one statement by one system that a customer has left",
    (
        CUSTOMER_ID,
        Column("flag", "flag", "whether it says so; without this column every row does"),
        Column("flagged_at", "date", "since when"),
    ),
)


def snapshot_with(mapped: Collection[str]) -> TableSchema:
    """Return the schema of a snapshot; a trial in money, which has `arm` and `margin` or `revenue`, may lack `left`.

    Parameters
    ----------
    mapped : collection of str
        Columns that the plan maps.
    """
    trial = "arm" in mapped and not {"margin", "revenue"}.isdisjoint(mapped)
    return TRIAL_SNAPSHOT if trial else SNAPSHOT
