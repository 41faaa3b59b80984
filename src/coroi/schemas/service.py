"""Tables of what happens between a firm and its customers: contacts, advice, referrals, use, and rivals."""

from __future__ import annotations

from dataclasses import replace

from coroi.schemas.columns import CUSTOMER_ID, Column, TableSchema

TOUCHPOINTS = TableSchema(
    "touchpoints",
    "one contact with one customer, as the firm's own systems measured it",
    (
        CUSTOMER_ID,
        Column("contact_id", "id", "the contact's own number; repeats are removed"),
        Column("occurred_at", "date", "when", required=True),
        Column("channel", "text", "telephone, chat, branch, …"),
        Column("department", "text", "who dealt with it"),
        Column("response_minutes", "number", "time until the first answer", unit="minutes", low=0),
        Column("handle_minutes", "number", "time spent on it", unit="minutes", low=0),
        Column("resolved_first_time", "flag", "whether it was solved without a second contact"),
        Column("on_time", "flag", "whether what was promised came on time"),
    ),
    row_id="contact_id",
    time="occurred_at",
)
COMPETITORS = TableSchema(
    "competitors",
    "one brand as rated by one respondent",
    (
        Column("respondent_id", "id", "who answered, in the survey's own numbers"),
        replace(CUSTOMER_ID, meaning="who answered, where it is a customer", required=False),
        Column("asked_at", "date", "when"),
        Column("brand", "text", "the brand rated", required=True),
        Column("own_brand", "flag", "whether it is the firm's own", required=True),
        Column("score", "number", "the rating, higher is better", required=True, unit="the table's `scale`"),
        Column(
            "share_of_wallet", "number", "share of the category's spend that goes to it", unit="0 to 1", low=0, high=1
        ),
    ),
    takes_scale=True,
    time="asked_at",
    one_of=("respondent_id", "customer_id"),
)
ADVICE = TableSchema(
    "advice",
    "one piece of advice to one customer",
    (
        CUSTOMER_ID,
        Column("advice_id", "id", "the advice's own number; repeats are removed"),
        Column("advised_at", "date", "when", required=True),
        Column(
            "advised_away", "flag", "whether it cost the firm a sale: not to buy, or to buy elsewhere", required=True
        ),
    ),
    row_id="advice_id",
    time="advised_at",
)
REFERRALS = TableSchema(
    "referrals",
    "one recommendation by one customer",
    (
        replace(CUSTOMER_ID, meaning="who recommended"),
        Column("new_customer_id", "id", "who came of it; empty where nobody did"),
        Column("referred_at", "date", "when", required=True),
    ),
    time="referred_at",
)
USAGE = TableSchema(
    "usage",
    "one reading of one customer's use",
    (
        CUSTOMER_ID,
        Column("occurred_at", "date", "when, or the last day that it covers", required=True),
        Column("amount", "number", "how much was used", unit="the product's own unit", low=0),
        Column(
            "share_of_wallet",
            "number",
            "share of the customer's spend that goes to the firm",
            unit="0 to 1",
            low=0,
            high=1,
        ),
    ),
    time="occurred_at",
    one_of=("amount", "share_of_wallet"),
)
