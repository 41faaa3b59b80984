"""From files to our columns: joins, filters, values, codes, groups, and several metrics in one line."""

from __future__ import annotations

import pandas as pd
import pytest

from coroi.sources import Metric

ANSWERS = "cust,order,day,csat\nCUST-SECRET-1,A,2024-01-05,5\nCUST-SECRET-2,B,2024-01-06,4\n,C,2024-01-07,3\n"
MAPPED = {"path": "a.csv", "columns": {"customer_id": "cust", "answered_at": "day"}, "scores": {"csat": "csat"}}


def only(prepared, where: str) -> str:
    """Return the one problem's text."""
    assert [p.where for p in prepared.problems] == [where]
    return str(prepared.problems[0])


def test_columns_are_renamed_and_own_names_need_no_line(prepare, rows, entries):
    files = {"a.csv": "customer_id,When,Segment,segment_b\nSECRET1,2024-01-05,old,new\nSECRET2,,,x\n"}
    found = prepare(files, {"customers": {"path": "a.csv", "columns": {"joined_at": "When", "segment": "segment_b"}}})
    assert rows(found, "customers") == [
        {"customer_id": "SECRET1", "joined_at": "2024-01-05", "segment": "new"},
        {"customer_id": "SECRET2", "segment": "x"},
    ]
    assert entries(found, "customers") == {("in", ""): 2, ("out", ""): 2}
    assert found.tables["customers"].columns == ("customer_id", "joined_at", "segment", "unit_id")


def test_a_column_that_is_not_there(prepare):
    found = prepare(
        {"a.csv": ANSWERS}, {"responses": MAPPED | {"columns": {"customer_id": "cst", "answered_at": "day"}}}
    )
    assert only(found, "responses") == "responses: there is no column 'cst'. Did you mean 'cust'?"
    found = prepare({"a.csv": ANSWERS}, {"responses": MAPPED | {"columns": {"customer_id": "cust"}}})
    assert "the column 'answered_at' is not mapped" in only(found, "responses")


def test_a_missing_file_leaves_the_other_tables_alone(prepare, rows):
    found = prepare(
        {"customers.csv": "customer_id\nSECRET1\n", "a.csv": ANSWERS},
        {"customers": {}, "responses": MAPPED | {"path": "b.csv"}},
    )
    assert "no such file" in only(found, "b.csv") and "'a.csv'" in str(found.problems[0])
    assert list(found.tables) == ["customers"]


def test_a_join_adds_columns_and_counts_what_finds_no_match(prepare, rows, entries):
    files = {
        "a.csv": "order,day,score\nA1,2024-01-05,5\nA2,2024-01-06,4\n a3 ,2024-01-07,3\n,2024-01-08,2\n",
        "orders.csv": "order_no;person\nA1;CUST-SECRET-1\na3;CUST-SECRET-3\nA9;CUST-SECRET-9\n;CUST-SECRET-0\n",
    }
    join = {"path": "orders.csv", "on": {"order": "order_no"}}
    table = {
        "path": "a.csv",
        "join": join,
        "columns": {"customer_id": "person", "answered_at": "day"},
        "scores": {"csat": "score"},
    }
    found = prepare(files, {"responses": table})
    assert rows(found, "responses") == [
        {"customer_id": "CUST-SECRET-1", "answered_at": "2024-01-05", "metric": "csat", "score": 5.0},
        {"customer_id": "CUST-SECRET-3", "answered_at": "2024-01-07", "metric": "csat", "score": 3.0},
    ]
    assert entries(found, "responses") == {
        ("in", ""): 4,
        ("flagged", "join"): 2,
        ("dropped", "blank id"): 2,
        ("out", ""): 2,
    }


def test_a_join_that_would_multiply_rows_is_refused(prepare):
    files = {"a.csv": ANSWERS, "o.csv": "order,seg\nA,x\nA,y\nB,z\nB,z\nC,w\n"}
    found = prepare(files, {"responses": MAPPED | {"join": {"path": "o.csv", "on": "order"}}})
    said = only(found, "responses: join o.csv")
    assert "2 values of order stand in more than one row" in said and "`where`" in said


def test_where_within_a_join_makes_its_key_unique(prepare, rows):
    files = {"a.csv": ANSWERS, "o.csv": "order,state,place\nA,open,x\nA,Closed,y\nB,closed,z\n"}
    join = {"path": "o.csv", "on": "order", "where": {"column": "state", "in": ["CLOSED"]}}
    found = prepare(
        files, {"responses": MAPPED | {"join": join, "columns": MAPPED["columns"] | {"touchpoint": "place"}}}
    )
    assert [r.get("touchpoint") for r in rows(found, "responses")] == ["y", "z"]


def test_names_that_collide_get_the_files_name(prepare, rows):
    files = {"a.csv": ANSWERS, "o.csv": "order,DAY,csat\nA,mon,1\nB,tue,1\nC,wed,1\n"}
    columns = MAPPED["columns"] | {"touchpoint": "o.DAY", "verbatim": "o.csat"}
    found = prepare(files, {"responses": MAPPED | {"join": {"path": "o.csv", "on": "order"}, "columns": columns}})
    assert [(r["answered_at"], r["touchpoint"], r["score"], r["verbatim"]) for r in rows(found, "responses")] == [
        ("2024-01-05", "mon", 5.0, "1"),
        ("2024-01-06", "tue", 4.0, "1"),
    ]


def test_joins_follow_each_other_and_two_keys_join_together(prepare, rows):
    files = {
        "a.csv": "order,line,day,score\nA,1,2024-01-05,5\nA,2,2024-01-06,4\n",
        "o.csv": "order,line,cid\nA,1,7\nA,2,8\n",
        "c.csv": "cid,person\n7,SECRET7\n8,SECRET8\n",
    }
    table = {
        "path": "a.csv",
        "join": [{"path": "o.csv", "on": {"order": "order", "line": "line"}}, {"path": "c.csv", "on": "cid"}],
        "columns": {"customer_id": "person", "answered_at": "day"},
        "scores": {"csat": "score"},
    }
    found = prepare(files, {"responses": table})
    assert [(r["customer_id"], r["score"]) for r in rows(found, "responses")] == [("SECRET7", 5.0), ("SECRET8", 4.0)]


def test_what_was_assumed_to_read_a_file_is_entered(prepare, entries):
    files = {"a.csv": ANSWERS.replace("day", "tåg").encode("cp1252"), "o.csv": "order,é\nA,ü\nB,ö\n".encode("cp1252")}
    columns = {"customer_id": "cust", "answered_at": "tåg"}
    found = prepare(files, {"responses": MAPPED | {"columns": columns, "join": {"path": "o.csv", "on": "order"}}})
    made = entries(found, "responses")
    assert made[("flagged", "encoding")] == 3
    assert made[("flagged", "encoding of a joined file")] == 2


@pytest.mark.parametrize(
    ("where", "left"),
    [
        ({"column": "state", "in": ["Paid", "shipped"]}, ["1", "2", "3"]),
        ({"column": "state", "not_in": ["paid"]}, ["3", "4", "5"]),
        ({"column": "state", "in": ["paid", None]}, ["1", "2", "4"]),
        ({"column": "state", "not_in": ["paid", None]}, ["3", "5"]),
        ({"column": "state", "in": [None]}, ["4"]),
        ({"column": "code", "in": [1]}, ["1", "3"]),
        ({"column": "code", "in": ["1"]}, ["1"]),
        ({"column": "code", "not_in": [1, 2]}, ["4", "5"]),
        ([{"column": "state", "in": ["paid"]}, {"column": "code", "not_in": [1]}], ["2"]),
    ],
)
def test_where(prepare, rows, entries, where, left):
    files = {"t.csv": "customer_id,state,code\n1,paid,1\n2, PAID ,2\n3,shipped,1.0\n4,,x\n5,cancelled,x\n"}
    found = prepare(files, {"customers": {"path": "t.csv", "where": where}})
    assert [r["customer_id"] for r in rows(found, "customers")] == left
    gone = {("left out", "where"): 5 - len(left)}
    assert entries(found, "customers") == {("in", ""): 5, **gone, ("out", ""): len(left)}


def test_where_that_leaves_nothing(prepare):
    files = {"t.csv": "customer_id,state\nSECRET1,paid\n"}
    found = prepare(files, {"customers": {"path": "t.csv", "where": {"column": "state", "in": ["open"]}}})
    assert only(found, "customers").startswith("customers: no row is left to use.")


@pytest.mark.parametrize("content", ["customer_id,left\n", "customer_id,left"])
def test_a_table_with_a_header_only(prepare, content):
    found = prepare({"snapshot.csv": content}, {"snapshot": {}})
    assert only(found, "snapshot").startswith("snapshot: no row is left to use.")


def test_one_row_is_enough(prepare, rows):
    found = prepare({"snapshot.csv": "customer_id,left\nSECRET1,no\n"}, {"snapshot": {}})
    assert rows(found, "snapshot") == [{"customer_id": "SECRET1", "left": False}]


def test_values_are_translated_without_regard_to_case(prepare, rows, entries):
    files = {"snapshot.csv": "customer_id,left,segment\n1,Churned,A\n2, stayed ,B\n3,CHURNED,C\n4,Joined,D\n"}
    values = {"left": {"Churned": True, "Stayed": False, "Joined": None}, "segment": {"A": "alpha", "d": "delta"}}
    found = prepare(files, {"snapshot": {"values": values}})
    assert rows(found, "snapshot") == [
        {"customer_id": "1", "left": True, "segment": "alpha"},
        {"customer_id": "2", "left": False, "segment": "B"},
        {"customer_id": "3", "left": True, "segment": "C"},
    ]
    assert entries(found, "snapshot")[("dropped", "no left")] == 1


def test_words_without_a_meaning_are_refused_with_the_way_out(prepare):
    found = prepare({"snapshot.csv": "customer_id,left\nSECRET1,Churned\nSECRET2,no\n"}, {"snapshot": {}})
    said = only(found, "snapshot.left")
    assert "1 of 2 cells are not yes or no (rows 1 …)" in said
    assert "values: {left: {Churned: true, Stayed: false}}" in said


def test_codes_for_missing_are_empty_in_every_column(prepare, rows, entries):
    files = {
        "responses.csv": "customer_id,answered_at,csat,touchpoint\nSECRET1,2024-01-05,-99,call\n"
        "SECRET2,Not Given,4,not given\nSECRET3,2024-01-06,3,-99.0\nSECRET4,2024-01-07,-99.0,x\n"
    }
    found = prepare(files, {"responses": {"scores": {"csat": "csat"}, "missing_codes": [-99, "not given"]}})
    assert rows(found, "responses") == [
        {"customer_id": "SECRET3", "answered_at": "2024-01-06", "metric": "csat", "score": 3.0}
    ]
    assert entries(found, "responses") == {
        ("in", ""): 4,
        ("dropped", "no score"): 2,
        ("dropped", "no answered_at"): 1,
        ("out", ""): 1,
    }


def test_codes_for_missing_in_typed_columns(prepare, rows):
    frame = pd.DataFrame({"customer_id": [1, 2], "left": [False, True], "csat": [-99.0, 4.0]})
    found = prepare(
        {"s.parquet": frame}, {"snapshot": {"path": "s.parquet", "scores": {"csat": "csat"}, "missing_codes": -99}}
    )
    assert rows(found, "snapshot") == [
        {"customer_id": "1", "left": False},
        {"customer_id": "2", "left": True, "csat": 4.0},
    ]


@pytest.mark.parametrize("scores", [True, False])
def test_a_metrics_own_codes(prepare, rows, entries, scores):
    answers = ["5", "0", "6", "Not given", "4"]
    lines = "".join(f"SECRET{i},2024-01-0{i},csat,{a}\n" for i, a in enumerate(answers, 1))
    how = {"columns": {"metric": "m", "score": "csat"}}
    if scores:
        how = {"scores": {"csat": "csat"}}
    metric = Metric(scale=(1, 5), missing_codes=(0, 6, "not given"))
    found = prepare(
        {"responses.csv": "customer_id,answered_at,m,csat\n" + lines}, {"responses": how}, metrics={"csat": metric}
    )
    assert [r["score"] for r in rows(found, "responses")] == [5.0, 4.0]
    assert entries(found, "responses") == {
        ("in", ""): 5,
        ("dropped", "missing code"): 2,
        ("dropped", "no score"): 1,
        ("out", ""): 2,
    }


def test_a_survey_of_two_metrics_gives_a_row_an_answer(prepare, rows, entries):
    files = {
        "responses.csv": "customer_id,answered_at,Q1,Q2\nSECRET1,2024-01-05,5,9\nSECRET2,2024-01-06,,7\n"
        ",2024-01-06,1,1\nSECRET3,2024-01-06,4,8\n"
    }
    metrics = {"csat": Metric(scale=(1, 5)), "nps": Metric(scale=(0, 10))}
    where = {"column": "Q2", "not_in": [8]}
    found = prepare(files, {"responses": {"scores": {"csat": "Q1", "nps": "Q2"}, "where": where}}, metrics=metrics)
    assert [(r["customer_id"], r["metric"], r["score"]) for r in rows(found, "responses")] == [
        ("SECRET1", "csat", 5.0),
        ("SECRET1", "nps", 9.0),
        ("SECRET2", "nps", 7.0),
    ]
    lines = found.ledger[found.ledger["table"] == "responses"]
    assert list(zip(lines["step"], lines["rule"], lines["rows"], strict=True)) == [
        ("in", "", 4),
        ("left out", "where", 1),
        ("in", "", 3),
        ("dropped", "blank id", 2),
        ("dropped", "no score", 1),
        ("out", "", 3),
    ]


def test_lines_of_an_order_are_summed(prepare, rows, entries):
    files = {
        "transactions.csv": "customer_id,order,occurred_at,amount,margin\n"
        "SECRET1,A,2024-01-06,10,1\nSECRET1,A,2024-01-05,5.5,\nSECRET1,A,2024-01-06,10,1\n"
        "SECRET2,A,2024-01-07,1,1\nSECRET2,B,2024-01-08,,2\nSECRET3,,2024-01-09,3,3\nSECRET3,,2024-01-09,3,3\n"
        ",A,2024-01-09,100,3\n"
    }
    table = {"columns": {"transaction_id": "order"}, "group": "transaction_id"}
    found = prepare(files, {"transactions": table})
    assert rows(found, "transactions") == [
        {"customer_id": "SECRET1", "transaction_id": "A", "occurred_at": "2024-01-05", "amount": 25.5, "margin": 2.0},
        {"customer_id": "SECRET2", "transaction_id": "A", "occurred_at": "2024-01-07", "amount": 1.0, "margin": 1.0},
        {"customer_id": "SECRET2", "transaction_id": "B", "occurred_at": "2024-01-08", "margin": 2.0},
        {"customer_id": "SECRET3", "occurred_at": "2024-01-09", "amount": 3.0, "margin": 3.0},
        {"customer_id": "SECRET3", "occurred_at": "2024-01-09", "amount": 3.0, "margin": 3.0},
    ]
    assert entries(found, "transactions") == {
        ("in", ""): 8,
        ("dropped", "blank id"): 1,
        ("merged", "group"): 2,
        ("flagged", "reused transaction_id"): 2,
        ("out", ""): 5,
    }


def test_group_needs_its_column(prepare):
    files = {"transactions.csv": "customer_id,occurred_at\nSECRET1,2024-01-05\n"}
    found = prepare(files, {"transactions": {"group": "transaction_id"}})
    assert only(found, "transactions.group").startswith("transactions.group: 'transaction_id' is not a mapped column.")
