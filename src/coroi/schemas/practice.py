"""Tables of what a firm does about it: programmes, costs, practices, recognition, and changes to choose from."""

from __future__ import annotations

from dataclasses import replace

from coroi.schemas.columns import CUSTOMER_ID, UNIT_ID, Column, TableSchema

PROGRAMME = TableSchema(
    "programme",
    "one unit or customer in one practice, from its first to its last day there",
    (
        replace(UNIT_ID, required=False),
        replace(CUSTOMER_ID, required=False),
        Column("practice", "text", "what is done: ride-along, client panel, follow-up, …", required=True),
        Column("arm", "text", "treatment or control, where that was drawn by lot", choices=("treatment", "control")),
        Column("planned_share", "number", "share planned for the arm", unit="0 to 1", low=0, high=1),
        Column("start_at", "date", "first day; of a control, the day from which it is compared", required=True),
        Column("end_at", "date", "last day; empty while it runs", after="start_at"),
        Column("intensity", "number", "dose, 1 where it is done in full", unit="full doses", low=0),
        Column("leader_sponsor", "flag", "whether a leader stands behind it there"),
    ),
    time="start_at",
    one_of=("unit_id", "customer_id"),
)
COSTS = TableSchema(
    "costs",
    "one cost; no other table holds any",
    (
        Column("occurred_at", "date", "when, or a day of the period that it belongs to", required=True),
        Column(
            "kind",
            "text",
            "serve, programme or acquisition: what it was spent on",
            required=True,
            choices=("serve", "programme", "acquisition"),
        ),
        Column("amount", "number", "money spent; negative for a refund", required=True, unit="currency"),
        replace(CUSTOMER_ID, meaning="the customer it was spent on", required=False),
        replace(UNIT_ID, meaning="the unit it was spent in", required=False),
        Column("practice", "text", "the practice it was spent on, as in `programme`"),
    ),
    time="occurred_at",
)
PRACTICES = TableSchema(
    "practices",
    "one answer on one item of the practice survey, about one unit",
    (
        UNIT_ID,
        Column("rater_id", "id", "who answered, in the survey's own numbers"),
        Column(
            "rater_role",
            "text",
            "leader, employee or customer: how the one who answered sees the unit",
            required=True,
            choices=("leader", "employee", "customer"),
        ),
        Column("item", "text", "the statement that was rated", required=True),
        Column("score", "number", "the rating, higher is better", required=True, unit="the table's `scale`"),
        Column("asked_at", "date", "when"),
    ),
    takes_scale=True,
    time="asked_at",
)
RECOGNITION = TableSchema(
    "recognition",
    "one unit in one period",
    (
        UNIT_ID,
        Column("period", "date", "a day of the period, the same for all units", required=True),
        Column(
            "n_recognitions",
            "number",
            "how often work for customers was recognised",
            required=True,
            unit="times",
            low=0,
        ),
    ),
    key=("unit_id", "period"),
    time="period",
)
CHANGES = TableSchema(
    "changes",
    "one change that the firm could make",
    (
        Column("change_id", "id", "its number or name", required=True),
        Column("proposed_at", "date", "when it was proposed"),
        Column("n_customers", "number", "customers whom it would reach", required=True, unit="customers", low=0),
        Column("metric", "text", "which metric it would move: a name from the plan's `metrics`"),
        Column("metric_change", "number", "expected change in the metric's mean", unit="points of the metric"),
        Column("metric_change_se", "number", "standard error of that", unit="points of the metric", low=0),
        Column("cost", "number", "what it would cost, once", required=True, unit="currency", low=0),
        Column("margin", "number", "margin that it would bring in a year by itself", unit="currency per year"),
    ),
    key=("change_id",),
    time="proposed_at",
)
