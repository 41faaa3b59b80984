"""Every table beside the panel's: good rows kept as they are, each bad one dropped, emptied or flagged, and counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd
import pytest

from coroi.schemas import TABLES
from coroi.sources import Metric

N_GOOD = 220  # so many that two cells that cannot be read stay slips


@dataclass
class Case:
    """Good rows by a pattern, bad rows by hand, and what becomes of them."""

    header: str
    good: str  # {i}: number of the row, {day}: a day of its own
    first: dict[str, Any]  # what the first good row becomes
    bad: list[str]
    ledger: dict[tuple[str, str], int]
    how: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        days = pd.date_range("2020-01-01", periods=N_GOOD, freq="MS").strftime("%Y-%m-%d")
        good = [self.good.format(i=i, day=day) for i, day in enumerate(days)]
        return "\n".join([self.header, *good, *self.bad]) + "\n"


CASES = {
    "touchpoints": Case(
        "contact_id,customer_id,occurred_at,channel,department,response_minutes,handle_minutes,resolved_first_time,on_time",
        "K{i},SECRET{i},{day},chat,service,5,12.5,yes,no",
        {
            "customer_id": "SECRET0", "contact_id": "K0", "occurred_at": "2020-01-01", "channel": "chat",
            "department": "service", "response_minutes": 5.0, "handle_minutes": 12.5, "resolved_first_time": True,
            "on_time": False,
        },
        [
            "K0,SECRET0,2020-01-01,chat,service,5,12.5,yes,no",  # again
            "K1,SECRET1,2024-01-01,chat,service,5,12.5,yes,no",  # the number of another contact
            "K900,,2024-01-01,chat,service,5,12.5,yes,no",
            "K901,SECRET1,,chat,service,5,12.5,yes,no",
            "K902,SECRET1,soon,chat,service,5,12.5,yes,no",
            "K903,SECRET1,2024-01-01,chat,service,-5,12.5,yes,no",
            "K904,SECRET1,2024-01-01,chat,service,long,-1,maybe,no",
        ],
        {
            ("set to missing", "impossible response_minutes"): 1, ("set to missing", "impossible handle_minutes"): 1,
            ("set to missing", "unreadable response_minutes"): 1,
            ("set to missing", "unreadable resolved_first_time"): 1, ("dropped", "blank id"): 1,
            ("dropped", "unreadable occurred_at"): 1, ("dropped", "repeated row"): 1, ("dropped", "no occurred_at"): 1,
            ("flagged", "reused contact_id"): 2,
        },
    ),
    "programme": Case(
        "unit_id,customer_id,practice,arm,planned_share,start_at,end_at,intensity,leader_sponsor",
        "U{i},,ride-along,Treatment,0.5,{day},2040-01-01,1,true",
        {
            "unit_id": "U0", "practice": "ride-along", "arm": "treatment", "planned_share": 0.5,
            "start_at": "2020-01-01", "end_at": "2040-01-01", "intensity": 1.0, "leader_sponsor": True,
        },
        [
            ",SECRET1,follow-up,control,0.5,2024-01-01,,0,no",  # good: of a customer
            ",,ride-along,control,0.5,2024-01-01,,1,no",
            "U1,,,control,0.5,2024-01-01,,1,no",
            "U1,,ride-along,control,0.5,,,1,no",
            "U1,,ride-along,control,0.5,2024-01-01,2023-12-31,1,no",
            "U1,,ride-along,control,1.5,2024-01-01,2024-01-01,-1,no",
            "U1,,ride-along,control,1.5,2024-01-01,2024-01-01,-1,no",
        ],
        {
            ("set to missing", "impossible planned_share"): 2, ("set to missing", "impossible intensity"): 2,
            ("dropped", "no unit_id"): 1, ("dropped", "no practice"): 1, ("dropped", "no start_at"): 1,
            ("dropped", "end_at before start_at"): 1, ("flagged", "repeated line"): 1,
        },
    ),
    "costs": Case(
        "occurred_at,kind,amount,customer_id,unit_id,practice",
        "{day},Serve,{i}.5,SECRET{i},,",
        {"occurred_at": "2020-01-01", "kind": "serve", "amount": 0.5, "customer_id": "SECRET0"},
        [
            "2024-01-01,programme,10,,U1,ride-along",  # good
            "2024-01-01,acquisition,10,,,",
            "2024-01-01,serve,-3,SECRET1,,",
            "2024-01-01,,10,SECRET1,,",
            "2024-01-01,serve,,SECRET1,,",
            "2024-01-01,serve,a lot,SECRET1,,",
            ",serve,10,SECRET1,,",
        ],
        {
            ("dropped", "no kind"): 1, ("dropped", "no amount"): 1, ("dropped", "unreadable amount"): 1,
            ("dropped", "no occurred_at"): 1, ("flagged", "negative amount"): 1, ("flagged", "nobody's cost"): 1,
        },
    ),
    "competitors": Case(
        "respondent_id,customer_id,asked_at,brand,own_brand,score,share_of_wallet",
        "R{i},SECRET{i},{day},ours,yes,8,0.6\nR{i},SECRET{i},{day},theirs,no,7,0.4",
        {
            "respondent_id": "R0", "customer_id": "SECRET0", "asked_at": "2020-01-01", "brand": "ours",
            "own_brand": True, "score": 8.0, "share_of_wallet": 0.6,
        },
        [
            ",,2024-01-01,ours,yes,8,0.6",
            "R900,,2024-01-01,,yes,8,0.6",
            "R901,,2024-01-01,ours,yes,11,0.6",
            "R902,,2024-01-01,ours,,8,0.6",
            "R903,,2024-01-01,ours,yes,8,0.9", "R903,,2024-01-01,third,yes,8,0.9",  # two own brands, 1.8 in all
            "R904,,2024-01-01,theirs,no,8,60", "R904,,2024-01-01,theirs,no,9,0.2",  # none of our own, rated twice
        ],
        {
            ("set to missing", "impossible share_of_wallet"): 1, ("dropped", "no respondent_id"): 1,
            ("dropped", "no brand"): 1, ("dropped", "no own_brand"): 1, ("dropped", "impossible score"): 1,
            ("flagged", "several own brands"): 2, ("flagged", "no own brand"): 2, ("flagged", "brand rated twice"): 2,
            ("flagged", "shares above one"): 2,
        },
        {"scale": [0, 10]},
    ),
    "practices": Case(
        "unit_id,rater_id,rater_role,item,score,asked_at",
        "{i}.0,P{i},LEADER,We ask first,4,{day}",
        {
            "unit_id": "0", "rater_id": "P0", "rater_role": "leader", "item": "We ask first", "score": 4.0,
            "asked_at": "2020-01-01",
        },
        [
            ",P1,leader,We ask first,4,2024-01-01",
            "1.0,P1,,We ask first,4,2024-01-01",
            "1.0,P1,leader,,4,2024-01-01",
            "1.0,P1,leader,We ask first,,2024-01-01",
            "1.0,P1,leader,We ask first,6,2024-01-01",
            "1.0,P1,leader,We ask first,0.5,2024-01-01",
        ],
        {
            ("dropped", "no unit_id"): 1, ("dropped", "no rater_role"): 1, ("dropped", "no item"): 1,
            ("dropped", "no score"): 1, ("dropped", "impossible score"): 2, ("repaired", "ids as decimals"): 225,
        },
        {"scale": [1, 5]},
    ),
    "recognition": Case(
        "unit_id,period,n_recognitions",
        "U1,{day},{i}",
        {"unit_id": "U1", "period": "2020-01-01", "n_recognitions": 0.0},
        ["U1,2020-01-01,0", ",2020-01-01,1", "U2,,1", "U2,2020-01-01,-1", "U2,2020-01-01,"],
        {
            ("dropped", "repeated row"): 1, ("dropped", "no unit_id"): 1, ("dropped", "no period"): 1,
            ("dropped", "impossible n_recognitions"): 1, ("dropped", "no n_recognitions"): 1,
        },
    ),
    "advice": Case(
        "advice_id,customer_id,advised_at,advised_away",
        "A{i},SECRET{i},{day},1",
        {"customer_id": "SECRET0", "advice_id": "A0", "advised_at": "2020-01-01", "advised_away": True},
        ["A0,SECRET0,2020-01-01,1", "A1,SECRET1,2024-01-01,", "A900,,2024-01-01,0", "A901,SECRET1,2024-01-01,perhaps"],
        {
            ("dropped", "repeated row"): 1, ("dropped", "no advised_away"): 1, ("dropped", "blank id"): 1,
            ("dropped", "unreadable advised_away"): 1,
        },
    ),
    "referrals": Case(
        "customer_id,new_customer_id,referred_at",
        "SECRET{i},SECRETnew{i},{day}",
        {"customer_id": "SECRET0", "new_customer_id": "SECRETnew0", "referred_at": "2020-01-01"},
        [
            "SECRET1,,2024-01-01",  # good: nobody came
            "SECRET1,SECRET1,2024-01-01",
            ",SECRETnew1,2024-01-01",
            "SECRET1,SECRETnew900,",
            "SECRET1,SECRETnew2,2024-01-01",
        ],
        {
            ("dropped", "of oneself"): 1, ("dropped", "blank id"): 1, ("dropped", "no referred_at"): 1,
            ("flagged", "shared"): 2,
        },
    ),
    "changes": Case(
        "change_id,proposed_at,n_customers,metric,metric_change,metric_change_se,cost,margin",
        "C{i},{day},500,csat,-0.2,0.05,10000,2500",
        {
            "change_id": "C0", "proposed_at": "2020-01-01", "n_customers": 500.0, "metric": "csat",
            "metric_change": -0.2, "metric_change_se": 0.05, "cost": 10000.0, "margin": 2500.0,
        },
        [
            "C0,2020-01-01,500,csat,-0.2,0.05,10000,2500",
            ",2024-01-01,500,csat,0.2,0.05,1,1",
            "C900,2024-01-01,-5,csat,0.2,0.05,1,1",
            "C901,2024-01-01,5,csat,0.2,-0.05,1,1",
            "C902,2024-01-01,5,csat,0.2,0.05,,1",
        ],
        {
            ("dropped", "repeated row"): 1, ("dropped", "no change_id"): 1, ("dropped", "impossible n_customers"): 1,
            ("set to missing", "impossible metric_change_se"): 1, ("dropped", "no cost"): 1,
        },
    ),
    "usage": Case(
        "customer_id,occurred_at,amount,share_of_wallet",
        "SECRET{i},{day},3,0.25",
        {"customer_id": "SECRET0", "occurred_at": "2020-01-01", "amount": 3.0, "share_of_wallet": 0.25},
        [
            ",2024-01-01,3,0.25",
            "SECRET1,,3,0.25",
            "SECRET1,2024-01-01,-3,",  # nothing is left of it
            "SECRET1,2024-01-01,-3,0.5",
            "SECRET1,2024-01-01,3,25",
        ],
        {
            ("set to missing", "impossible amount"): 2, ("set to missing", "impossible share_of_wallet"): 1,
            ("dropped", "blank id"): 1, ("dropped", "no occurred_at"): 1, ("dropped", "no amount"): 1,
        },
    ),
    "firms": Case(
        "firm_id,period,industry,other_industry,satisfaction,revenue,earnings,market_value",
        "F1,{day},banks,money,78,100,-5,400",
        {
            "firm_id": "F1", "period": "2020-01-01", "industry": "banks", "other_industry": "money",
            "satisfaction": 78.0, "revenue": 100.0, "earnings": -5.0, "market_value": 400.0,
        },
        [
            "F1,2020-01-01,banks,money,78,100,-5,400", ",2020-01-01,banks,money,78,100,-5,400",
            "F2,,banks,money,78,100,-5,400", "F2,2020-01-01,banks,money,78,100,-5,-400",
            "F3,2020-01-01,banks,money,high,100,-5,400",
        ],
        {
            ("dropped", "repeated row"): 1, ("dropped", "no firm_id"): 1, ("dropped", "no period"): 1,
            ("set to missing", "impossible market_value"): 1, ("set to missing", "unreadable satisfaction"): 1,
        },
    ),
    "firm_returns": Case(
        "firm_id,month,total_return",
        "F1,{day},0.02",
        {"firm_id": "F1", "month": "2020-01-01", "total_return": 0.02},
        ["F9,2020-01-31,3.5", "F2,2020-02-29,-1.5", "F2,,0.02", ",2020-01-31,0.02", "F2,2020-03-31,"],
        {
            ("dropped", "impossible total_return"): 1, ("dropped", "no month"): 1, ("dropped", "no firm_id"): 1,
            ("dropped", "no total_return"): 1,
        },
    ),
    "factors": Case(
        "month,market,smb,hml,mom,risk_free",
        "{day},0.01,-0.02,0.03,0.04,0.001",
        {"month": "2020-01-01", "market": 0.01, "smb": -0.02, "hml": 0.03, "mom": 0.04, "risk_free": 0.001},
        [
            ",0.01,0.02,0.03,0.04,0.001", "2050-01-31,1.01,0.02,0.03,0.04,0.001",
            "2050-02-28,0.01,-2,0.03,0.04,0.001", "2050-03-31,0.01,0.02,0.03,0.04,",
        ],
        {
            ("dropped", "no month"): 1, ("dropped", "impossible market"): 1, ("set to missing", "impossible smb"): 1,
            ("dropped", "no risk_free"): 1,
        },
    ),
}  # fmt: skip


def test_every_table_has_a_case():
    beside = {"customers", "responses", "subscriptions", "transactions", "snapshot"}
    assert set(CASES) == set(TABLES) - beside
    for name, case in CASES.items():
        assert set(case.header.split(",")) == set(TABLES[name].names)


@pytest.mark.parametrize("name", CASES)
def test_good_rows_stay_and_bad_ones_are_counted(name, prepare, rows, entries):
    case = CASES[name]
    found = prepare({f"{name}.csv": case.text}, {name: case.how})
    assert found.problems == ()
    counted = entries(found, name)
    n_in = len(case.text.splitlines()) - 1
    n_dropped = sum(n for (step, _), n in case.ledger.items() if step == "dropped")
    assert counted == {("in", ""): n_in, **case.ledger, ("out", ""): n_in - n_dropped}
    kept = rows(found, name)
    assert len(kept) == n_in - n_dropped
    assert case.first in kept
    assert list(found.tables[name].columns) == list(TABLES[name].names)


def test_all_tables_together_and_in_the_panel(prepare, entries):
    files = {f"{name}.csv": case.text for name, case in CASES.items()}
    files["customers.csv"] = "customer_id,unit_id\nSECRET0,U1\nSECRET1,U2\n"
    files["subscriptions.csv"] = "customer_id,start_at,end_at\nSECRET0,2020-01-01,\nSECRET1,2020-01-01,2020-03-31\n"
    plan = {"customers": {}, "subscriptions": {}, **{name: case.how for name, case in CASES.items()}}
    found = prepare(files, plan, relationship="contract", observed_until=date(2024, 6, 30))
    assert found.problems == ()
    assert set(found.tables) == set(TABLES) - {"responses", "transactions", "snapshot"}
    assert entries(found, "panel")["flagged", "costs of strangers"] == N_GOOD - 2
    assert entries(found, "recognition").get(("flagged", "unknown unit")) is None  # U1 is a unit of customers
    assert entries(found, "programme")["flagged", "unknown unit"] == N_GOOD - 2  # U0 and U3 on; U1 and U2 are known
    assert entries(found, "firm_returns")["flagged", "unknown firm"] == 1  # F9
    money = found.connection.to_pandas(found.panel.data.order_by("customer_id", "period"))
    paid = money[money["cost_to_serve"] != 0]
    assert paid[["customer_id", "cost_to_serve"]].to_numpy().tolist() == [
        ["SECRET0", 0.5], ["SECRET1", 1.5], ["SECRET1", -3.0],
    ]  # fmt: skip


REFUSED = {
    "kinds": (
        "costs", {}, "occurred_at,kind,amount\n2024-01-01,serv,1\n2024-01-01,serve,1\n",
        "costs.kind: 1 row holds 'serv', which is not known here. Did you mean 'serve'? "
        "Say what the words mean under `values`, or map another column.",
    ),
    "many words": (
        "costs", {}, "occurred_at,kind,amount\n" + "".join(f"2024-01-01,SECRET{i},1\n" for i in range(6)),
        "costs.kind: 6 rows hold 6 words that are none of serve, programme, acquisition. "
        "Say what the words mean under `values`, or map another column.",
    ),
    "metric": (
        "changes", {}, "change_id,n_customers,metric,cost\nC1,5,csta,1\n",
        "changes.metric: 1 row holds 'csta', which is not known here. Did you mean 'csat'? "
        "Say what the words mean under `values`, or map another column.",
    ),
    "unit": (
        "factors", {}, "month,market,risk_free\n2024-01-31,4.2,0.1\n2024-02-29,-3.1,0.1\n",
        "factors.market: 2 of 2 numbers are outside -1 to 1; they run from -3.1 to 4.2. "
        "It is to be in this unit: fraction per month.",
    ),
    "scale": (
        "practices", {"scale": [1, 5]}, "unit_id,rater_role,item,score\nU1,leader,x,7\nU1,leader,y,5\n",
        "practices.score: 1 of 2 numbers are outside 1 to 5; they run from 5 to 7. Correct `scale`, or the scores.",
    ),
    "no scale": (
        "practices", {}, "unit_id,rater_role,item,score\nU1,leader,x,3\n",
        "practices: `scale` is missing. Give its two ends, e.g. scale: [1, 5].",
    ),
    "nobody": (
        "programme", {}, "practice,start_at\nride-along,2024-01-01\n",
        "programme: none of the columns unit_id, customer_id is mapped. Map at least one of them.",
    ),
    "key": (
        "recognition", {}, "unit_id,period,n_recognitions\nU1,2024-01-01,1\nU1,2024-01-01,2\n",
        "recognition: 1 duplicate (unit_id, period) keys with different content, in 2 rows: 1, 2 … "
        "Keep one row each in the export, or pick them with `where`.",
    ),
    "month": (
        "firm_returns", {}, "firm_id,month,total_return\nF1,2024-01-01,0.1\nF1,2024-01-31,0.2\n",
        "firm_returns: 1 duplicate (firm_id, month) keys with different content, in 2 rows: 1, 2 … "
        "Keep one row each in the export, or pick them with `where`.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_right_is_refused(what, prepare):
    name, how, text, said = REFUSED[what]
    found = prepare({f"{name}.csv": text}, {name: how}, metrics={"csat": Metric(scale=(1, 5))})
    assert [str(p) for p in found.problems] == [said]
    assert found.tables == {}


def test_words_of_the_file_become_ours(prepare, rows):
    text = "occurred_at,kind,amount,practice\n2024-01-01,Service desk,5,\n"
    found = prepare({"costs.csv": text}, {"costs": {"values": {"kind": {"Service desk": "serve"}}}})
    assert rows(found, "costs") == [{"occurred_at": "2024-01-01", "kind": "serve", "amount": 5.0}]


def test_a_respondent_without_a_number_is_known_by_the_customer(prepare, entries):
    text = "customer_id,brand,own_brand,score\nSECRET1,ours,1,8\nSECRET1,theirs,0,7\nSECRET2,theirs,0,7\n"
    found = prepare({"competitors.csv": text}, {"competitors": {"scale": [0, 10]}})
    assert found.problems == ()
    assert entries(found, "competitors") == {("in", ""): 3, ("flagged", "no own brand"): 1, ("out", ""): 3}
