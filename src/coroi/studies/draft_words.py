"""The words by which exports call our columns, and by which guesses are made."""

from __future__ import annotations

import re

_WHEN = r"(_?(date|day|time|timestamp|datetime|at|on))?"
KEY = r"_?(id|no|nr|num|number|key|code|uuid)"
_WHO = "customer|client|account|user|member|subscriber|person|household|contact|company|guest|respondent|kunden?"
_CUSTOMER = (rf"({_WHO})_unique{KEY}", rf"({_WHO}){KEY}", _WHO, r"id")
_LEFT = r"(is_|has_)?(churn(ed)?(_(flag|label|value|status))?|left|exited|attrition(_flag)?|cancell?ed)"
LEFT_WORDS = {"churned", "left", "exited", "cancelled", "canceled", "inactive", "closed", "attrited customer", "lost"}
PLAIN_WORDS = {"true", "yes", "y", "t", "1", "1.0", "false", "no", "n", "f", "0", "0.0"}

# Our column: patterns of names, the likeliest first; a date, number or flag also has to look like one.
ROLES: dict[str, dict[str, tuple[str, ...]]] = {
    "customers": {
        "customer_id": _CUSTOMER,
        "joined_at": (
            rf"(sign_?up|join(ed|ing)?|regist\w+|member_since|customer_since|onboard\w*){_WHEN}",
            rf"(creat\w+|since|first_\w+){_WHEN}",
        ),
        "segment": (r"segment", r"industry|sector|customer_type", r"(plan|tier|plan_tier|category|contract)(_type)?"),
        "unit_id": (r"(branch|store|region|team|unit)(_?(id|name|code))?", r"(\w+_)?state", r"(\w+_)?country"),
    },
    "responses": {
        "customer_id": _CUSTOMER,
        "answered_at": (
            rf"(\w+_)?(answer|respon|complet)\w*{_WHEN}", rf"(\w+_)?(clos|resolv)\w*{_WHEN}",
            rf"(\w+_)?submi\w*{_WHEN}",
            rf"(\w+_)?(review|survey|rating|feedback){_WHEN}", rf"(\w+_)?creat\w*{_WHEN}",
            r"date|timestamp|datetime|day",
        ),
        "asked_at": (rf"(\w+_)?(asked|sent|invit\w*){_WHEN}", r"(review|survey)_creat\w*"),
        "response_id": (rf"(response|review|answer|survey|ticket|feedback){KEY}",),
        "touchpoint": (r"touch_?point|channel|interaction(_type)?|journey(_step|_stage)?",),
        "verbatim": (r"verbatim|(\w+_)?comment(s|_message|_text)?|feedback(_text)?|(review_)?text",),
    },
    "subscriptions": {
        "customer_id": _CUSTOMER,
        "start_at": (rf"((subscription|contract|plan|policy)_)?(start(ed)?|begin|began|activat\w+|valid_from){_WHEN}",),
        "end_at": (
            rf"((subscription|contract|plan|policy)_)?(end(ed)?|terminat\w+|valid_(to|until)){_WHEN}",
            rf"(cancel\w*|expir\w+|churn(ed)?){_WHEN}",
        ),
        "subscription_id": (rf"(subscription|contract|policy){KEY}",),
        "exit_reason": (r"(\w+_)?reason(_code)?",),
        "price": (
            r"mrr(_\w+)?|(monthly|price_per_month)(_(price|fee|charges?|amount))?(_\w{3})?",
            r"(price|fee)(_\w{3})?",
        ),
        "term_months": (r"(contract_|term_)(length|months)(_months)?",),
    },
    "transactions": {
        "customer_id": _CUSTOMER,
        "occurred_at": (
            rf"(\w+_)?(purchas\w*|transact\w*|invoice|sale|sold|paid|booking|basket){_WHEN}",
            rf"order(ed)?{_WHEN}", r"date|timestamp|datetime|day",
        ),
        "transaction_id": (rf"(order|transaction|invoice|receipt|basket|sale|booking){KEY}",),
        "amount": (
            r"(total_|order_|net_|sales?_|transaction_|payment_|line_|invoice_)(amount|value|total|price|revenue)(_\w{3})?",
            r"amount|total|revenue|sales|value|spend|price",
        ),
        "margin": (r"(\w+_)?margin|(gross_|net_)?profit",),
    },
    "snapshot": {
        "customer_id": _CUSTOMER,
        "left": (_LEFT, r"customer_status"),
        "tenure_months": (r"tenure(_in)?(_months)?|months_(as_customer|on_book)|account_length",),
        "left_at": (rf"(churn(ed)?|left|exit(ed)?|cancel\w*){_WHEN}",),
        "as_of": (r"as_of|snapshot_date",),
        "answered_at": (rf"(answer|respon|survey)\w*{_WHEN}",),
        "revenue": (r"month(ly)?_?(charges?|revenue|fee|spend|price)|mrr|arpu",),
        "segment": (r"segment", r"contract(_type)?|plan(_tier)?|tier"),
    },
    "exit_flags": {
        "customer_id": _CUSTOMER,
        "flag": (_LEFT, r"customer_status"),
        "flagged_at": (r"(churn(ed)?|exit(ed)?|left|cancel\w*)_?(date|day|time|timestamp|at|on)",),
    },
}  # fmt: skip
DATES = {"joined_at", "answered_at", "asked_at", "start_at", "end_at", "occurred_at", "left_at", "as_of", "flagged_at"}
NUMBERS = {"price", "term_months", "amount", "margin", "tenure_months", "revenue"}
MAY_JOIN = {
    "responses": {"customer_id", "answered_at"},
    "subscriptions": {"customer_id"},
    "transactions": {"customer_id", "occurred_at"},
    "snapshot": {"tenure_months", "revenue", "segment"},
}
SCORE = re.compile(r"(?<![a-z])(nps|csat|ces|satisfaction|rating|stars|score|recommend\w*|effort|trust)(?![a-z])")
NO_SCORE = re.compile(r"churn|credit|health|lead|risk|usage|clv|cltv|propensity|count|factor")
METRICS = {"nps|recommend": "nps", "csat|satisf": "csat", "ces|effort": "ces", "trust": "trust"}
QUESTION = re.compile(r"metric|measure|kpi|question(_type|_name)?|survey(_type|_name)?")
ANSWER = re.compile(r"score|value|answer|response|rating|result")
SCALES = ((1, 5), (0, 5), (1, 7), (0, 10), (0, 100))
