"""The words by which exports call our columns, and by which guesses are made."""

from __future__ import annotations

import re

_WHEN = r"(_?(date|day|time|timestamp|datetime|at|on))?"
KEY = r"_?(id|no|nr|num|number|key|code|uuid)"
_WHO = "customer|client|account|user|member|subscriber|person|household|contact|company|guest|respondent|kunden?"
_CUSTOMER = (rf"({_WHO})_unique{KEY}", rf"({_WHO}){KEY}", _WHO, r"id")
_UNIT = (r"(branch|store|region|team|unit)(_?(id|name|code))?",)
_FIRM = (rf"(firm|company|issuer){KEY}", r"gvkey|permno|ticker|firm|company(_name)?")
_SHARE = (r"share_of_wallet|sow|wallet_share",)
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
        "unit_id": (*_UNIT, r"(\w+_)?state", r"(\w+_)?country"),
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
        "weight": (
            r"(survey|sampl\w+|case|respon\w+|design|final|post_?strat\w*)_(weights?|wgt|wt)",
            r"weight(_factor)?|wgt",
        ),
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
    "touchpoints": {
        "customer_id": _CUSTOMER,
        "contact_id": (rf"(contact|ticket|case|call|interaction|touch_?point){KEY}",),
        "occurred_at": (
            rf"(\w+_)?(submi\w*|open(ed)?|contact(ed)?|call(ed)?|creat\w*|occurred){_WHEN}",
            r"date|timestamp|datetime|day",
        ),
        "channel": (r"(\w+_)?channel|medium",),
        "department": (r"department|dept|queue|team",),
        "response_minutes": (r"(first_)?respon\w*(_time)?_min(ute)?s?|wait(ing)?_min(ute)?s?",),
        "handle_minutes": (r"(average_)?(handl\w*|talk|call)(_time)?_min(ute)?s?|aht_min(ute)?s?",),
        "resolved_first_time": (
            r"(is_|was_)?(resolved|solved|right|fixed)_(the_)?first(_time|_contact|_call)?|fcr|first_(contact|call)_resol\w+",
        ),
        "on_time": (r"(is_|was_|delivered_)?on_time|(sla|promise)_(met|kept)|in_sla",),
    },
    "programme": {
        "unit_id": _UNIT,
        "customer_id": _CUSTOMER[:2],
        "practice": (r"practi[cs]e|programme|program|initiative|intervention",),
        "arm": (r"arm|treatment_arm|(experiment|test)_group",),
        "planned_share": (r"planned_share|allocation(_share)?|arm_share",),
        "start_at": (rf"(\w+_)?(start(ed)?|begin|began|roll_?out|launch(ed)?|go_live){_WHEN}",),
        "end_at": (rf"(\w+_)?(end(ed)?|stop(ped)?|finish(ed)?){_WHEN}",),
        "intensity": (r"intensity|dose|strength",),
        "leader_sponsor": (r"(leader(ship)?|executive|exec)_?sponsor(ed|ship)?|sponsor(ed)?",),
    },
    "costs": {
        "occurred_at": (rf"(\w+_)?(cost|booked|posting|posted|occurred|invoice){_WHEN}", r"date|period|month|day"),
        "kind": (r"(cost_)?(kind|type|category)",),
        "amount": (r"(cost_|net_)?amount(_\w{3})?", r"costs?(_\w{3})?|expense|spend(ing)?|value"),
        "customer_id": _CUSTOMER[:2],
        "unit_id": _UNIT,
        "practice": (r"practi[cs]e|programme|program|initiative",),
    },
    "competitors": {
        "respondent_id": (rf"(respondent|panelist|interview){KEY}",),
        "customer_id": _CUSTOMER[:2],
        "asked_at": (rf"(\w+_)?(asked|survey|interview|answer\w*|respon\w*){_WHEN}", r"date|wave"),
        "brand": (r"brand(_name)?|competitor(_name)?|provider|supplier",),
        "own_brand": (r"(is_)?(own|our|us|ours)(_brand)?",),
        "score": (r"(\w+_)?(score|rating|satisfaction)",),
        "share_of_wallet": _SHARE,
    },
    "practices": {
        "unit_id": _UNIT,
        "rater_id": (rf"(rater|respondent|employee){KEY}",),
        "rater_role": (r"(rater_|respondent_)?role",),
        "item": (r"item(_\w+)?|statement|question(_\w+)?|behaviou?r",),
        "score": (r"score|rating|answer|value",),
        "asked_at": (rf"(\w+_)?(asked|survey|answer\w*|respon\w*){_WHEN}", r"date|wave"),
    },
    "recognition": {
        "unit_id": _UNIT,
        "period": (r"period|month|quarter|week|date",),
        "n_recognitions": (r"(n_|number_of_|num_)?(recognitions?|awards|kudos|praises?|shout_?outs)(_count)?",),
    },
    "advice": {
        "customer_id": _CUSTOMER,
        "advice_id": (rf"(advice|consultation){KEY}",),
        "advised_at": (rf"(advi[cs]ed?|consult\w*){_WHEN}", r"date|timestamp|datetime|day"),
        "advised_away": (r"(is_|was_)?(advised|sent|referred)_(away|elsewhere)|advised_against|honest_advice",),
    },
    "referrals": {
        "customer_id": (rf"(referrer|referring|recommender)(_(customer|client|account|user))?({KEY})?", *_CUSTOMER[:2]),
        "new_customer_id": (rf"(new|referred|referee|recommended)(_(customer|client|account|user))?({KEY})?",),
        "referred_at": (rf"(referr\w*|recommend\w*){_WHEN}", r"date|timestamp|datetime|day"),
    },
    "changes": {
        "change_id": (rf"(change|option|candidate|proposal)({KEY}|_name)?",),
        "proposed_at": (rf"propos\w*{_WHEN}",),
        "n_customers": (r"(n_|number_of_|num_)?(customers|clients)(_(affected|reached))?|reach",),
        "metric": (r"metric|kpi",),
        "metric_change": (r"(expected_)?(metric_)?(change|uplift|gain|delta)(_in_metric)?",),
        "metric_change_se": (r"(metric_|change_|uplift_)*(se|std_error|standard_error)",),
        "cost": (r"(expected_|one_off_)?costs?(_\w{3})?",),
        "margin": (r"(expected_|annual_|yearly_)?margin(_per_year|_a_year)?(_\w{3})?",),
    },
    "usage": {
        "customer_id": _CUSTOMER,
        "occurred_at": (rf"(\w+_)?(usage|used|reading|occurred|activity){_WHEN}", r"date|timestamp|datetime|day|month"),
        "amount": (
            r"(\w+_)?usage(_(count|amount|minutes|hours|gb|kwh))?",
            r"(n_|num_)?(logins|sessions)|(active_|hours_)(days|used)",
        ),
        "share_of_wallet": _SHARE,
    },
    "firms": {
        "firm_id": _FIRM,
        "period": (r"period|date|datadate|quarter|fiscal_\w+|year_end",),
        "industry": (r"industry|sector|sic|naics",),
        "satisfaction": (r"(customer_)?satisfaction(_score|_index)?|acsi|csi",),
        "revenue": (r"(net_)?(revenue|sales|turnover)(_\w{3})?",),
        "earnings": (r"earnings|net_income|net_profit|profit|ebitd?a?",),
        "market_value": (r"market_(value|cap|capitali[sz]ation)|mkt_?cap",),
    },
    "firm_returns": {
        "firm_id": _FIRM,
        "month": (r"month|date|period",),
        "total_return": (r"(total_|stock_|share_|monthly_)?return|ret|tsr",),
    },
    "factors": {
        "month": (r"month|date|period",),
        "market": (r"market|mkt(_rf)?|market_(excess|premium|return)",),
        "smb": (r"smb",),
        "hml": (r"hml",),
        "mom": (r"mom|umd|wml",),
        "risk_free": (r"risk_free(_rate)?|rf",),
    },
    "exit_flags": {
        "customer_id": _CUSTOMER,
        "flag": (_LEFT, r"customer_status"),
        "flagged_at": (r"(churn(ed)?|exit(ed)?|left|cancel\w*)_?(date|day|time|timestamp|at|on)",),
    },
}  # fmt: skip
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
