"""A drafted plan is valid YAML that reads back, says what it guessed, and overwrites nothing."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
import yaml

from coroi.claims import enabled_ids
from coroi.errors import PlanError
from coroi.schemas import TABLES
from coroi.sources import Filter, Join, Metric, Source, Unpivot
from coroi.studies.draft import draft_plan, table_templates, write_project
from coroi.studies.draft_look import Look, normalised
from coroi.studies.plan import Plan, read_plan
from coroi.studies.plan_words import keys_of
from coroi.studies.yaml_lines import read_yaml


@pytest.fixture
def known(tmp_path):
    folder = tmp_path / "known"
    folder.mkdir()
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": 'metric: str = ""  # Metric.'}
    for name in ("readiness", "retention"):
        (folder / f"{name}.ipynb").write_text(json.dumps({"cells": [cell]}))
    return {name: folder / f"{name}.ipynb" for name in ("readiness", "retention")}


@pytest.fixture
def exports(tmp_path):
    """Write small made-up exports, and return their folder."""

    def write(**files):
        folder = tmp_path / "exports"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.csv").write_text(text)
        return folder

    return write


@pytest.fixture
def drafted(exports, tmp_path, known):
    """Draft a plan from exports, prove that it reads back, and return it beside its text."""

    def drafted(**files):
        plan_path = write_project(tmp_path / "project", exports(**files))[0]
        return read_plan(plan_path, known_studies=known).plan, plan_path.read_text()

    return drafted


def rows(header: str, *lines: str) -> str:
    return "\n".join((header, *lines)) + "\n"


ACCOUNTS = rows("Account ID,Sign-up Date,Industry,Country", "A1,2023-01-02,Retail,DE", "A2,2023-02-03,Bank,FR")
CONTRACTS = rows(
    "contract_id,Account ID,Start Date,End Date,Monthly Price EUR",
    "C1,A1,31.01.2023,,10.5", "C2,A2,01.02.2023,28.02.2024,20",
)  # fmt: skip
SURVEY = rows(
    "Response ID,Account ID,Sent,Answered At,NPS,CSAT score,Comment",
    "R1,A1,2023-05-01,2023-05-02,9,4,fine", "R2,A2,2023-06-01,2023-06-03,3,2,",
)  # fmt: skip


def test_without_exports_a_plan_explains_every_key_and_reads_the_templates(tmp_path, known):
    written = write_project(tmp_path / "My Firm")
    assert [p.relative_to(tmp_path / "My Firm").as_posix() for p in written] == [
        "plan.yaml", *(f"tables/{table}.csv" for table in TABLES)
    ]  # fmt: skip
    plan = read_plan(written[0], known_studies=known).plan
    assert (plan.name, list(plan.tables)) == ("my-firm", ["customers", "responses", "subscriptions"])
    text = written[0].read_text()
    for model in (Plan, Source, Join, Filter, Unpivot, Metric):
        unexplained = [k for k in keys_of(model) if not re.search(rf"^[ #-]*{k}:", text, re.M) and k != "in"]
        assert unexplained == []
    assert "or in: [" in text


def test_the_template_s_commented_lines_are_a_valid_plan_once_they_are_uncommented(tmp_path):
    text = re.sub(r"^( *)# (?=[a-z_]+:|- )", r"\1", draft_plan(None), flags=re.M)
    (tmp_path / "plan.yaml").write_text(text)
    plan = Plan.model_validate(read_yaml(tmp_path / "plan.yaml").data)
    assert set(plan.tables) == set(TABLES)
    assert {name: s.path for name, s in plan.tables.items()} == {name: f"tables/{name}.csv" for name in TABLES}
    assert {n for n, s in plan.tables.items() if s.scale} == {n for n, s in TABLES.items() if s.takes_scale}
    assert plan.tables["transactions"].join[0].keys == {"customer_id": "customer_id"}
    assert plan.tables["snapshot"].values == {"left": {"Churned": True, "Stayed": False}}
    assert plan.studies["my_study"] == {"notebook": "my_study.ipynb"}


@pytest.mark.parametrize("table", TABLES)
def test_the_template_says_what_a_row_of_each_table_is_and_which_claims_it_is_for(table):
    block = draft_plan(None).split(f" {table}:  # one row: ")[1].splitlines()
    assert block[0].split(";")[0] == TABLES[table].row.split(";")[0]
    assert block[1] == f"    # for the claims {enabled_ids(table)}"


def test_each_table_has_a_template_of_its_header():
    assert table_templates() == {name: ",".join(schema.names) + "\n" for name, schema in TABLES.items()}


def test_contracts_customers_and_a_wide_survey_are_drafted(drafted):
    plan, text = drafted(accounts=ACCOUNTS, contracts=CONTRACTS, survey=SURVEY)
    assert list(plan.tables) == ["customers", "responses", "subscriptions"]
    assert plan.tables["customers"].columns == {
        "customer_id": "Account ID", "joined_at": "Sign-up Date", "segment": "Industry", "unit_id": "Country",
    }  # fmt: skip
    assert plan.tables["subscriptions"].columns == {
        "customer_id": "Account ID", "subscription_id": "contract_id", "start_at": "Start Date",
        "end_at": "End Date", "price": "Monthly Price EUR",
    }  # fmt: skip
    assert plan.tables["subscriptions"].date_format == ("%d.%m.%Y",)
    assert plan.tables["responses"].columns == {
        "customer_id": "Account ID", "response_id": "Response ID", "asked_at": "Sent",
        "answered_at": "Answered At", "verbatim": "Comment",
    }  # fmt: skip
    assert plan.tables["responses"].scores == {"nps": "NPS", "csat": "CSAT score"}
    assert {name: m.scale for name, m in plan.metrics.items()} == {"nps": (0, 10), "csat": (1, 5)}
    assert "scale: [1, 5]  # check: a guess, CSAT score runs from 2 to 4" in text
    assert plan.currency == "EUR"
    assert plan.tables["customers"].path == "../exports/accounts.csv"


def test_orders_in_lines_are_joined_to_their_customer_and_summed(drafted):
    plan, text = drafted(
        lines=rows("order_id,line,price", "O1,1,5", "O1,2,7", "O2,1,3"),
        orders=rows("order_id,customer_id,order_date,order_status", "O1,K1,2023-05-01,paid", "O2,K2,2023-05-02,void"),
        people=rows("customer_id,customer_unique_id,city", "K1,P1,Ulm", "K2,P1,Ulm"),
        reviews=rows("review_id,order_id,review_score,review_answered_at", "R1,O1,5,2023-05-09", "R2,O2,1,2023-05-10"),
    )
    assert list(plan.tables) == ["responses", "transactions"]
    sold = plan.tables["transactions"]
    assert (sold.path, sold.group) == ("../exports/lines.csv", "transaction_id")
    assert [(j.path, j.keys) for j in sold.join] == [
        ("../exports/orders.csv", {"order_id": "order_id"}),
        ("../exports/people.csv", {"customer_id": "customer_id"}),
    ]
    assert sold.columns == {
        "customer_id": "customer_unique_id", "transaction_id": "order_id", "occurred_at": "order_date",
        "amount": "price",
    }  # fmt: skip
    assert "# check: order_status holds paid, void; `where` can leave rows out" in text
    assert plan.tables["responses"].columns["customer_id"] == "customer_unique_id"
    assert plan.metrics["rating"].scale == (1, 5)


def test_a_snapshot_is_drafted_where_there_is_no_history_its_words_explained(drafted):
    plan, text = drafted(
        status=rows("customerID,Customer_Status,Satisfaction", "a,Churned,2", "b,Stayed,5", "c,Joined,4"),
        services=rows("Customer_ID,Tenure,Monthly_Charge", "a,1,10", "b,20,20", "c,2,30"),
    )
    taken = plan.tables["snapshot"]
    assert taken.join[0].keys == {"customerID": "Customer_ID"}
    assert taken.columns == {
        "customer_id": "customerID", "tenure_months": "Tenure", "left": "Customer_Status", "revenue": "Monthly_Charge",
    }  # fmt: skip
    assert taken.values == {"left": {"Churned": True, "Stayed": False, "Joined": False}}
    assert taken.scores == {"csat": "Satisfaction"}
    assert "tenure_months: Tenure  # check: in months?" in text


def test_words_such_as_yes_need_no_explaining(drafted):
    plan, _ = drafted(crm=rows("client,churn,tenure_months", "a,Yes,1", "b,No,2"))
    assert plan.tables["snapshot"].values == {}


def test_rival_flags_beside_contracts_are_drafted(drafted):
    plan, _ = drafted(
        contracts=CONTRACTS,
        crm=rows("Account ID,churn_flag", "A1,TRUE", "A2,FALSE"),
        churn_events=rows("Account ID,churn_date", "A1,2023-09-01"),
    )
    assert {name: dict(f.columns) for name, f in plan.exit_flags.items()} == {
        "churn_events": {"customer_id": "Account ID", "flagged_at": "churn_date"},
        "crm": {"customer_id": "Account ID", "flag": "churn_flag"},
    }
    assert "snapshot" not in plan.tables


def test_a_long_survey_names_its_metrics_and_guesses_each_scale(drafted):
    plan, _ = drafted(
        answers=rows(
            "customer_id,answered,question,score",
            "a,2023-01-01,NPS,9",
            "a,2023-01-01,Ease of use,5",
            "b,2023-01-02,NPS,0",
            "b,2023-01-02,Ease of use,1",
        )
    )
    responses = plan.tables["responses"]
    assert responses.columns == {
        "customer_id": "customer_id", "answered_at": "answered", "metric": "question", "score": "score",
    }  # fmt: skip
    assert responses.values == {"metric": {"NPS": "nps", "Ease of use": "ease_of_use"}}
    assert {name: m.scale for name, m in plan.metrics.items()} == {"nps": (0, 10), "ease_of_use": (1, 5)}


def test_day_and_month_that_cannot_be_told_apart_are_said(drafted):
    plan, text = drafted(sales=rows("client_id,sale_date,amount", "a,01/02/2023,5", "b,03/04/2023,6"))
    assert plan.tables["transactions"].date_format == ("%d/%m/%Y",)
    assert 'date_format: "%d/%m/%Y"  # check: day and month cannot be told apart in sale_date' in text


def test_what_is_not_used_or_not_readable_is_named(drafted):
    plan, text = drafted(
        sales=rows("client_id,sale_date,amount,Note: x #1", "a,2023-01-31,5,n"), other=rows("x,y", "1,2"), empty=""
    )
    assert list(plan.tables) == ["transactions"]
    assert "    # not used: Note: x #1\n" in text
    assert "  # not used: other.csv (x, y)\n" in text
    assert "  # could not be read: empty.csv: the file is empty.\n" in text


EXPORTS = {
    "touchpoints": (
        rows(
            "ticket_id,customer_id,opened_at,channel,queue,first_response_minutes,aht_minutes,fcr,sla_met",
            "T1,A1,2023-01-01,chat,x,3,4,yes,no", "T2,A1,2023-02-01,phone,y,3,4,no,no",
        ),
        "contact_id customer_id occurred_at channel department response_minutes handle_minutes resolved_first_time "
        "on_time",
    ),
    "programme": (
        rows(
            "Branch,Practice,Arm,Allocation,Start Date,End Date,Dose,Executive Sponsor",
            "B1,ride,treatment,0.5,2023-01-01,2024-01-01,1,yes", "B2,ride,control,0.5,2023-01-01,,0,no",
        ),
        "unit_id practice arm planned_share start_at end_at intensity leader_sponsor",
    ),
    "costs": (
        rows(
            "Posting Date,Cost Type,Amount EUR,Branch,Customer ID,Initiative",
            "2023-01-01,serve,5,B1,,", "2023-01-02,programme,6,B2,A1,ride",
        ),
        "occurred_at kind amount unit_id customer_id practice",
    ),
    "competitors": (
        rows(
            "respondent_id,survey_date,brand,is_own,rating,share_of_wallet",
            "R1,2023-01-01,us,yes,8,0.5", "R1,2023-01-01,them,no,6,0.5",
        ),
        "respondent_id asked_at brand own_brand score share_of_wallet",
    ),
    "practices": (
        rows(
            "branch,rater_id,role,statement,answer,survey_date",
            "B1,P1,leader,We ask,5,2023-01-01", "B2,P2,employee,We ask,2,2023-01-01",
        ),
        "unit_id rater_id rater_role item score asked_at",
    ),
    "recognition": (rows("branch,month,kudos", "B1,2023-01-01,3", "B2,2023-01-01,4"), "unit_id period n_recognitions"),
    "advice": (
        rows("advice_id,customer_id,advised_on,sent_elsewhere", "X1,A1,2023-01-01,yes", "X2,A2,2023-01-02,no"),
        "advice_id customer_id advised_at advised_away",
    ),
    "referrals": (
        rows("referrer_customer_id,referred_customer_id,referral_date", "A1,A2,2023-01-01", "A2,A3,2023-02-01"),
        "customer_id new_customer_id referred_at",
    ),
    "changes": (
        rows(
            "change_id,proposed_on,customers_affected,kpi,expected_change,std_error,cost,margin_per_year",
            "C1,2023-01-01,500,nps,0.5,0.1,1000,50",
        ),
        "change_id proposed_at n_customers metric metric_change metric_change_se cost margin",
    ),
    "usage": (
        rows("customer_id,usage_date,logins,wallet_share", "A1,2023-01-01,5,0.5", "A1,2023-02-01,7,0.6"),
        "customer_id occurred_at amount share_of_wallet",
    ),
    "firms": (
        rows("gvkey,datadate,industry,acsi,sales,net_income,market_cap", "1,2023-03-31,x,70,1,1,1"),
        "firm_id period industry satisfaction revenue earnings market_value",
    ),
    "firm_returns": (rows("gvkey,date,ret", "1,2023-01-31,0.1"), "firm_id month total_return"),
    "factors": (rows("date,mkt_rf,smb,hml,umd,rf", "2023-01-31,0.1,0,0,0,0"), "month market smb hml mom risk_free"),
}  # fmt: skip


def test_every_further_table_is_found_among_others_by_its_columns(drafted):
    plan, text = drafted(**{f"export{i}": content for i, (content, _) in enumerate(EXPORTS.values())})
    found = {name: dict(source.columns) for name, source in plan.tables.items()}
    wanted = {
        name: dict(zip(ours.split(), content.splitlines()[0].split(","), strict=True))
        for name, (content, ours) in EXPORTS.items()
    }
    assert found == wanted
    assert {n: s.path for n, s in plan.tables.items()} == {
        n: f"../exports/export{i}.csv" for i, n in enumerate(EXPORTS)
    }
    assert plan.tables["practices"].scale == (1, 5)
    assert plan.tables["competitors"].scale == (0, 10)
    assert "    scale: [1, 5]  # check: a guess from the values of answer\n" in text
    assert (
        "  practices:  # one answer on one item of the practice survey, about one unit\n    # for the claims C20, C21\n"
        in text
    )
    assert plan.metrics == {}


def test_a_survey_of_tickets_gives_answers_and_what_the_firm_measured(drafted):
    plan, _ = drafted(
        tickets=rows("ticket_id,customer_id,submitted_at,closed_at,wait_min,csat", "T1,a,2023-01-01,2023-01-02,4,5")
    )
    assert {name: source.path for name, source in plan.tables.items()} == {
        "responses": "../exports/tickets.csv", "touchpoints": "../exports/tickets.csv",
    }  # fmt: skip
    assert plan.tables["touchpoints"].columns["response_minutes"] == "wait_min"


def test_names_that_yaml_would_misread_are_quoted(drafted):
    plan, text = drafted(sales=rows('"customer: id","date",amount,yes # no', "a,2023-01-31,5,1"))
    assert 'customer_id: "customer: id"' in text
    assert plan.tables["transactions"].columns["customer_id"] == "customer: id"


def test_no_value_of_a_customer_gets_into_the_plan(drafted):
    _, text = drafted(
        accounts=ACCOUNTS.replace("A1", "jane.roe"), contracts=CONTRACTS.replace("A1", "jane.roe"), survey=SURVEY
    )
    assert "jane" not in text
    assert "fine" not in text


def test_workbooks_and_parquet_are_looked_at(exports, tmp_path, known):
    folder = exports()
    frame = pd.DataFrame(
        {"Customer No": [1, 2], "Purchase Date": pd.to_datetime(["2023-01-31", "2023-02-01"]), "Total": [5.5, 6]}
    )
    frame.to_excel(folder / "sales.xlsx", index=False)
    frame.rename(columns={"Total": "x"}).to_parquet(folder / "other.parquet")
    plan = read_plan(write_project(tmp_path / "project", folder)[0], known_studies=known).plan
    assert plan.tables["transactions"].columns == {
        "customer_id": "Customer No", "occurred_at": "Purchase Date", "amount": "Total",
    }  # fmt: skip
    assert plan.tables["transactions"].date_format == ()


def test_exports_in_which_nothing_is_known_still_make_yaml(exports):
    text = draft_plan(exports(other=rows("x,y", "1,2")))
    assert yaml.safe_load(text)["tables"] == {}
    assert "tables: {}  # check: no file looks like one of the tables that a plan can have" in text


def test_a_folder_without_exports_or_none_at_all_is_refused(tmp_path):
    (tmp_path / "notes.md").write_text("x")
    with pytest.raises(PlanError) as error:
        draft_plan(tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: no file is CSV, Parquet or Excel by its ending. Give the folder that holds the exports."
    )
    with pytest.raises(PlanError) as error:
        write_project(tmp_path / "project", tmp_path / "none")
    assert str(error.value) == f"{tmp_path / 'none'}: this is not a folder. Give the folder that holds the exports."
    assert not (tmp_path / "project").exists()


def test_nothing_is_overwritten_and_each_file_in_the_way_is_named(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "customers.csv").write_text("mine")
    (tmp_path / "plan.yaml").write_text("mine")
    with pytest.raises(PlanError) as error:
        write_project(tmp_path)
    fix = "is there already. Nothing was written. Name another folder, or move the file."
    assert str(error.value).splitlines() == [
        f"{tmp_path / 'plan.yaml'}: {fix}",
        f"{tmp_path / 'tables' / 'customers.csv'}: {fix}",
    ]
    assert [p.name for p in (tmp_path / "tables").iterdir()] == ["customers.csv"]
    assert (tmp_path / "plan.yaml").read_text() == "mine"
    with pytest.raises(PlanError, match="this is a file"):
        write_project(tmp_path / "plan.yaml")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("customerID", "customer_id"), ("Customer ID", "customer_id"), ("NPSScore", "nps_score"),
        ("Sign-up", "sign_up"), ("  Über  Wert ", "ber_wert"), ("Q2_1", "q2_1"),
    ],
)  # fmt: skip
def test_names_are_compared_in_one_form(name, expected):
    assert normalised(name) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2023-01-31", "2023-01-31 10:00:00"], ("",)),
        (["31/01/2023", "01/02/2023"], ("%d/%m/%Y",)),
        (["01/31/2023 10:05"], ("%m/%d/%Y %H:%M",)),
        (["01/02/2023"], ("%d/%m/%Y", "%m/%d/%Y")),
        (["20230131"], ("%Y%m%d",)),
        (["13052023"], ()),
        (["5", "7.5"], ()),
        (["31.01.2023", "2023-01-31"], ()),
        (["3 Jan 2023"], ("%d %b %Y",)),
        ([], ()),
    ],
)
def test_the_way_dates_are_written_is_told_from_the_values(cells, expected):
    look = Look("x", pd.Series(cells, dtype="string"), len(cells))
    assert tuple(f for f in look.date_formats if f != "%d %B %Y") == expected
