"""Bad rows and bad columns: what is repaired, dropped or refused, with counts and rows, and never a name."""

from __future__ import annotations

import pytest

from coroi.sources import Metric

SCORES = {"scores": {"csat": "csat"}}


def only(prepared, where: str) -> str:
    assert [p.where for p in prepared.problems] == [where]
    return str(prepared.problems[0])


def answers(n: int, **odd: str) -> str:
    """Return n good answers, the rows named (`row_7`) replaced by what is given."""
    lines = [odd.get(f"row_{i}", f"CUST-SECRET-{i},2024-01-05,{i % 5 + 1}") for i in range(1, n + 1)]
    return "customer_id,answered_at,csat\n" + "\n".join(lines) + "\n"


def test_two_date_styles_in_one_column_are_refused_with_counts_and_rows(prepare):
    text = answers(20, row_3="CUST-SECRET-3,05/01/2024,3", row_9="CUST-SECRET-9,06/01/2024,3")
    said = only(prepare({"responses.csv": text}, {"responses": SCORES}), "responses.answered_at")
    assert "2 of 20 cells are not a date (rows 3, 9 …)" in said
    assert "date_format" in said and "a list, tried in order" in said


def test_a_list_of_formats_reads_two_styles(prepare, rows):
    text = answers(3, row_3="CUST-SECRET-3,05/02/2024,3")
    found = prepare({"responses.csv": text}, {"responses": SCORES | {"date_format": ["%Y-%m-%d", "%d/%m/%Y"]}})
    assert [r["answered_at"] for r in rows(found, "responses")] == ["2024-01-05", "2024-01-05", "2024-02-05"]


def test_day_numbers_need_their_format(prepare, rows):
    text = "customer_id,answered_at,csat\nCUST-SECRET-1,20240131,5\n"
    assert "1 of 1 cells are not a date" in only(
        prepare({"responses.csv": text}, {"responses": SCORES}), "responses.answered_at"
    )
    found = prepare({"responses.csv": text}, {"responses": SCORES | {"date_format": "%Y%m%d"}})
    assert rows(found, "responses")[0]["answered_at"] == "2024-01-31"


def test_few_unreadable_cells_drop_their_rows_and_are_counted(prepare, entries):
    text = answers(
        250, row_4="CUST-SECRET-4,2024-02-31,3", row_70="CUST-SECRET-70,soon,3", row_90="CUST-SECRET-90,2024-01-05,good"
    )
    found = prepare({"responses.csv": text}, {"responses": SCORES})
    assert found.problems == ()
    assert entries(found, "responses") == {
        ("in", ""): 250,
        ("dropped", "unreadable answered_at"): 2,
        ("dropped", "unreadable score"): 1,
        ("out", ""): 247,
    }
    lines = found.ledger.set_index("rule")
    assert lines.loc["unreadable answered_at", "examples"] == "4, 70"
    assert lines.loc["unreadable score", "examples"] == "90"


@pytest.mark.parametrize(("bad", "refused"), [(1, False), (2, True)])
def test_one_in_a_hundred_is_the_limit(prepare, bad, refused):
    odd = {f"row_{i}": f"CUST-SECRET-{i},2024-01-05,good" for i in range(1, bad + 1)}
    found = prepare({"responses.csv": answers(100, **odd)}, {"responses": SCORES})
    assert bool(found.problems) is refused


def test_unreadable_cells_of_a_column_that_may_be_empty_are_emptied(prepare, rows, entries):
    lines = [f"CUST-SECRET-{i},2024-01-05,5" for i in range(150)]
    lines[9] = "CUST-SECRET-9,2024-01-05,five"
    text = "customer_id,occurred_at,amount\n" + "\n".join(lines)
    found = prepare({"transactions.csv": text}, {"transactions": {}})
    assert entries(found, "transactions") == {
        ("in", ""): 150,
        ("set to missing", "unreadable amount"): 1,
        ("out", ""): 150,
    }
    assert sum("amount" not in r for r in rows(found, "transactions")) == 1


def test_numbers_that_could_be_either_are_refused_not_guessed(prepare):
    text = 'customer_id,occurred_at,amount\nCUST-SECRET-1,2024-01-05,"1,234"\nCUST-SECRET-2,2024-01-05,12 or so\n'
    said = only(prepare({"transactions.csv": text}, {"transactions": {}}), "transactions.amount")
    assert "2 of 2 cells are not a number (rows 1, 2 …)" in said and "missing_codes" in said


def test_problems_of_all_columns_and_tables_come_together(prepare):
    files = {
        "transactions.csv": "customer_id,occurred_at,amount\nCUST-SECRET-1,05.01.2024,5 or so\n",
        "responses.csv": answers(2, row_1="CUST-SECRET-1,01.02.2024,5"),
    }
    found = prepare(files, {"transactions": {}, "responses": SCORES})
    assert [p.where for p in found.problems] == [
        "transactions.occurred_at",
        "transactions.amount",
        "responses.answered_at",
    ]
    assert found.tables == {} and found.panel is None


@pytest.mark.parametrize(
    ("ids", "read", "repaired"),
    [
        (["13085.0", "7.0", "13085.0"], ["13085", "13085", "7"], 3),
        (["13085.0", "7.00", ""], ["13085", "7"], 2),
        (["13085.0", "7", "8.0"], ["13085.0", "7", "8.0"], 0),
        (["13085.5", "7.0", "8.0"], ["13085.5", "7.0", "8.0"], 0),
        (["007", "7", "A.0"], ["007", "7", "A.0"], 0),
    ],
)
def test_ids_as_decimals_are_repaired_only_where_all_are(prepare, rows, entries, ids, read, repaired):
    text = "customer_id,occurred_at,amount\n" + "".join(f"{c},2024-01-05,{i}\n" for i, c in enumerate(ids))
    found = prepare({"transactions.csv": text}, {"transactions": {}})
    assert [r["customer_id"] for r in rows(found, "transactions")] == read
    assert entries(found, "transactions").get(("repaired", "ids as decimals"), 0) == repaired


def test_blank_ids_are_dropped_and_counted(prepare, entries):
    text = "customer_id,segment\n,a\n   ,b\nCUST-SECRET-1,c\n"
    found = prepare({"customers.csv": text}, {"customers": {}})
    assert entries(found, "customers") == {("in", ""): 3, ("dropped", "blank id"): 2, ("out", ""): 1}
    assert found.ledger.set_index("rule").loc["blank id", "examples"] == "1, 2"


def test_all_ids_blank(prepare):
    found = prepare({"customers.csv": "customer_id,segment\n,a\n,b\n"}, {"customers": {}})
    assert only(found, "customers").startswith("customers: no row is left after cleaning.")


@pytest.mark.parametrize(("table", "more"), [("customers", "segment"), ("snapshot", "left")])
def test_the_same_row_again_is_dropped_and_the_same_key_otherwise_refused(prepare, entries, table, more):
    same = f"customer_id,{more}\nCUST-SECRET-1,yes\nCUST-SECRET-2,no\n CUST-SECRET-1 ,yes\nCUST-SECRET-1,yes\n"
    found = prepare({f"{table}.csv": same}, {table: {}})
    assert entries(found, table) == {
        ("in", ""): 4,
        ("repaired", "blanks around text"): 1,
        ("dropped", "repeated row"): 2,
        ("out", ""): 2,
    }
    assert found.ledger.set_index("rule").loc["repeated row", "examples"] == "3, 4"
    other = same + "CUST-SECRET-2,yes\nCUST-SECRET-2,no\nCUST-SECRET-3,no\nCUST-SECRET-3,yes\n"
    said = only(prepare({f"{table}.csv": other}, {table: {}}), table)
    assert "2 duplicate customer_id keys with different content, in 4 rows: 2, 5, 7, 8 …" in said


@pytest.mark.parametrize(
    ("table", "own", "rest"),
    [
        ("responses", "response_id", "answered_at,metric,score"),
        ("subscriptions", "subscription_id", "start_at,exit_reason,price"),
        ("transactions", "transaction_id", "occurred_at,amount,margin"),
    ],
)
def test_rows_with_a_number_of_their_own(prepare, entries, table, own, rest):
    middle = {"responses": "csat,5", "subscriptions": "price,5", "transactions": "5,5"}[table]
    line = f"CUST-SECRET-1,{{}},2024-01-05,{middle}\n"
    text = f"customer_id,{own},{rest}\n" + line.format("A") * 2 + line.format("") * 2
    text += f"CUST-SECRET-1,B,2024-01-05,{middle}\nCUST-SECRET-1,B,2024-01-06,{middle}\n"
    found = prepare({f"{table}.csv": text}, {table: {}})
    assert found.problems == ()
    assert entries(found, table) == {
        ("in", ""): 6,
        ("dropped", "repeated row"): 1,
        ("flagged", f"reused {own}"): 2,
        ("out", ""): 5,
    }


def test_scores_off_the_scale_are_dropped_while_few(prepare, entries):
    odd = {"row_3": "CUST-SECRET-3,2024-01-05,0", "row_8": "CUST-SECRET-8,2024-01-05,5.5"}
    found = prepare({"responses.csv": answers(20, **odd)}, {"responses": SCORES})
    assert entries(found, "responses") == {("in", ""): 20, ("dropped", "off the scale"): 2, ("out", ""): 18}
    lines = found.ledger.set_index("rule")
    assert lines.loc["off the scale", "examples"] == "3, 8"
    assert lines.loc["off the scale", "sentence"] == "score outside the scale (csat 1 to 5)"


def test_scores_off_the_scale_are_refused_when_many(prepare):
    odd = {f"row_{i}": f"CUST-SECRET-{i},2024-01-05,{i + 5}" for i in (3, 4, 5)}
    said = only(prepare({"responses.csv": answers(20, **odd)}, {"responses": SCORES}), "responses.score")
    assert "3 of 20 scores of 'csat' lie outside 1 to 5; they run from 1 to 10." in said
    assert "Correct metrics.csat.scale, or name the codes for no answer under missing_codes." in said


def test_both_ends_of_a_scale_belong_to_it_and_codes_do_not_count_as_off(prepare, rows, entries):
    text = answers(5, row_1="SECRET1,2024-01-05,1", row_2="SECRET2,2024-01-05,5", row_3="SECRET3,2024-01-05,99")
    found = prepare(
        {"responses.csv": text}, {"responses": SCORES}, metrics={"csat": Metric(scale=(1, 5), missing_codes=(99,))}
    )
    assert {r["score"] for r in rows(found, "responses")} >= {1.0, 5.0}
    assert entries(found, "responses") == {("in", ""): 5, ("dropped", "missing code"): 1, ("out", ""): 4}


def test_a_snapshot_keeps_the_customer_and_empties_the_score(prepare, rows, entries):
    lines = [f"CUST-SECRET-{i},no,{i % 5 + 1},{i % 11}" for i in range(22)]
    lines[0], lines[1] = "CUST-SECRET-0,no,6,99", "CUST-SECRET-1,yes,,11"
    found = prepare(
        {"snapshot.csv": "customer_id,left,Sat,Rec\n" + "\n".join(lines)},
        {"snapshot": {"scores": {"csat": "Sat", "nps": "Rec"}}},
        metrics={"csat": Metric(scale=(1, 5)), "nps": Metric(scale=(0, 10), missing_codes=(99,))},
    )
    lines = found.ledger[found.ledger["step"] == "set to missing"]
    assert list(zip(lines["rule"], lines["rows"], lines["sentence"], strict=True)) == [
        ("off the scale", 1, "csat outside 1 to 5; left empty"),
        ("missing code", 1, "nps: a code for no answer; left empty"),
        ("off the scale", 1, "nps outside 0 to 10; left empty"),
    ]
    kept = rows(found, "snapshot")
    assert len(kept) == 22
    assert [sorted(r) for r in kept[:2]] == [["customer_id", "left"], ["customer_id", "left"]]


def test_a_snapshot_on_the_wrong_scale_is_refused(prepare):
    text = "customer_id,left,Sat\n" + "".join(f"CUST-SECRET-{i},no,{i * 10}\n" for i in range(10))
    said = only(prepare({"snapshot.csv": text}, {"snapshot": {"scores": {"csat": "Sat"}}}), "snapshot.score")
    assert "10 of 10 scores of 'csat' lie outside 1 to 5; they run from 0 to 90." in said


@pytest.mark.parametrize(
    ("column", "fine", "late", "said"),
    [
        ("left_at", "2024-03-02", "2024-03-01", "on or after the day on which the customer left"),
        ("as_of", "2024-03-01", "2024-02-29", "after the snapshot"),
    ],
)
def test_answers_given_after_the_outcome_are_refused(prepare, column, fine, late, said):
    text = f"customer_id,left,answered_at,{column},Sat\nCUST-SECRET-1,yes,2024-03-01,{{}},5\nCUST-SECRET-2,no,,,\n"
    how = {"snapshot": {"scores": {"csat": "Sat"}}}
    assert prepare({"snapshot.csv": text.format(fine)}, how).problems == ()
    found = only(prepare({"snapshot.csv": text.format(late)}, how), "snapshot.answered_at")
    assert f"1 answers are dated {said}." in found


def test_names_of_metrics(prepare):
    text = "customer_id,answered_at,metric,score\nCUST-SECRET-1,2024-01-05,CSAT,5\nCUST-SECRET-2,2024-01-05,,5\n"
    found = prepare({"responses.csv": text}, {"responses": {}})
    assert [p.where for p in found.problems] == ["responses.metric"] * 2
    said = "\n".join(map(str, found.problems))
    assert "1 answers carry 'CSAT', which is not one of the plan's metrics. Did you mean 'csat'?" in said
    assert "1 answers carry an empty name" in said


def test_a_column_of_persons_mapped_as_metric_is_not_shown(prepare):
    how = {"responses": {"columns": {"metric": "customer_id", "score": "csat"}}}
    said = only(prepare({"responses.csv": answers(40)}, how), "responses.metric")
    assert "40 answers carry 40 names that are not the plan's metrics" in said


def test_ends_before_starts(prepare, rows, entries):
    text = "customer_id,start_at,end_at\nSECRET1,2024-02-01,2024-01-31\nSECRET2,2024-02-01,2024-02-01\nSECRET3,,\n"
    found = prepare({"subscriptions.csv": text}, {"subscriptions": {}})
    assert rows(found, "subscriptions") == [
        {"customer_id": "SECRET2", "start_at": "2024-02-01", "end_at": "2024-02-01"}
    ]
    assert entries(found, "subscriptions") == {
        ("in", ""): 3,
        ("dropped", "no start_at"): 1,
        ("dropped", "end_at before start_at"): 1,
        ("out", ""): 1,
    }


def test_answers_before_the_question(prepare, entries):
    text = "customer_id,asked_at,answered_at,csat\nSECRET1,2024-02-02,2024-02-01,5\nSECRET2,,2024-02-01,5\n"
    found = prepare({"responses.csv": text}, {"responses": SCORES})
    assert entries(found, "responses") == {
        ("in", ""): 2,
        ("dropped", "answered_at before asked_at"): 1,
        ("out", ""): 1,
    }


def test_prices_and_returns_are_noted(prepare, entries):
    files = {
        "subscriptions.csv": "customer_id,start_at,price\nSECRET1,2024-02-01,-5\nSECRET2,2024-02-01,\n",
        "transactions.csv": "customer_id,occurred_at,amount\nSECRET1,2024-02-01,-5\nSECRET2,2024-02-01,0\n",
    }
    found = prepare(files, {"subscriptions": {}, "transactions": {}})
    assert entries(found, "subscriptions") == {
        ("in", ""): 2,
        ("flagged", "negative price"): 1,
        ("flagged", "no price"): 1,
        ("out", ""): 2,
    }
    assert entries(found, "transactions")[("flagged", "return")] == 1


def test_a_row_is_counted_under_its_first_fault_only(prepare, entries):
    text = answers(201, row_1=",,", row_2=",2024-01-05,9", row_3="SECRET3,,9", row_4="SECRET4,soon,9")
    found = prepare({"responses.csv": text}, {"responses": SCORES})
    assert entries(found, "responses") == {
        ("in", ""): 201,
        ("dropped", "blank id"): 2,
        ("dropped", "unreadable answered_at"): 1,
        ("dropped", "off the scale"): 1,
        ("out", ""): 197,
    }


def test_damaged_parquet_is_a_problem_of_its_table(prepare, tmp_path):
    import pandas as pd

    pd.DataFrame({"customer_id": range(1000)}).to_parquet(tmp_path / "x.parquet")
    content = bytearray((tmp_path / "x.parquet").read_bytes())
    content[4:200] = b"\xff" * 196
    found = prepare({"x.parquet": bytes(content)}, {"customers": {"path": "x.parquet"}})
    assert "cannot be read to its end" in only(found, "customers")
