"""What is repaired, and what is not: each rule on cells that leave no doubt, and on cells that do."""

from __future__ import annotations

import pandas as pd
import pytest

from coroi.prepare.cleaning.advice import ADVICE, advice_on
from coroi.prepare.cleaning.repairs import REPAIRS
from coroi.prepare.cleaning.texts import TWICE_ENCODED, variants
from coroi.sources import Metric

NPS = {"nps": Metric(scale=(0, 10))}


def amounts(*cells: str) -> str:
    lines = [f'C{i},2024-01-{i % 28 + 1:02d},"{cell}"' for i, cell in enumerate(cells, 1)]
    return "customer_id,occurred_at,amount\n" + "\n".join(lines) + "\n"


def read_amounts(prepare, rows, *cells: str, **how) -> list[float | None]:
    found = prepare({"transactions.csv": amounts(*cells)}, {"transactions": how})
    by_id = {r["customer_id"]: r.get("amount") for r in rows(found, "transactions")}
    return [by_id[f"C{i}"] for i in range(1, len(cells) + 1)]


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["12.5", "€ 41.09", "41.09 EUR", "EUR 7", "-€5"], [12.5, 41.09, 41.09, 7.0, -5.0]),
        (["1.234,50", "12,5", "7"], [1234.5, 12.5, 7.0]),
        (["1,234.50", "12.5", "1,234,567"], [1234.5, 12.5, 1234567.0]),
        (["1 234,50", "1\u00a0234,5", "1'234.5"], [1234.5, 1234.5, 1234.5]),
        (["(12.30)", "12.30-", "-12.30"], [-12.3, -12.3, -12.3]),
        (["12,50", "1,234"], [12.5, 1.234]),  # a column of decimal commas
        (["1,234.50", "1,234"], [1234.5, 1234.0]),  # a column of commas between thousands
        (["12,50", "1.234"], [12.5, 1234.0]),  # a point between thousands, where commas are decimal
        (["12.50", "1.234"], [12.5, 1.234]),  # a point alone is a decimal point
        (["12.50", "Unknown", "n/a", "-"], [12.5, None, None, None]),
    ],
)
def test_numbers_are_read_where_their_style_leaves_no_doubt(prepare, rows, cells, read):
    assert read_amounts(prepare, rows, *cells) == read


@pytest.mark.parametrize(
    "cells",
    [
        ["1,234"],  # thousands, or a decimal comma
        ["12,50", "1,234.50", "1,234"],  # both styles stand in the column
        ["€ 5", "USD 5"],  # two currencies
        ["12 %"],
        ["12 34"],
    ],
)
def test_numbers_that_could_be_either_are_not_guessed(prepare, cells):
    found = prepare({"transactions.csv": amounts(*cells)}, {"transactions": {}})
    assert [p.where for p in found.problems] == ["transactions.amount"]


def test_repaired_numbers_are_logged_with_masked_cells_and_can_be_left(prepare):
    text = amounts("12.5", "€ 41.09", "7,25")
    log = prepare({"transactions.csv": text}, {"transactions": {}}).ledger
    line = log[log["rule"] == "numbers as text"].iloc[0]
    assert (line["step"], line["column"], line["rows"], line["examples"]) == ("repaired", "amount", 2, "2, 3")
    assert line["values"] == "? 99.99, 9,99"
    assert line["advice"] == ADVICE["numbers as text"]
    kept = prepare({"transactions.csv": text}, {"transactions": {"keep_as_is": ["numbers"]}})
    assert "2 of 3 cells are not a number" in str(kept.problems[0])


def dated(stray: dict[int, str], n: int = 60) -> str:
    days = pd.date_range("2024-02-01", periods=n)
    lines = [f"C{i},{stray.get(i, f'{d:%Y-%m-%d}')},5" for i, d in enumerate(days, 1)]
    return "customer_id,occurred_at,amount\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("20240305", "2024-03-05"),
        ("05.03.2024", "2024-03-05"),
        ("5.3.24", "2024-03-05"),
        ("31/03/24", "2024-03-31"),
        ("03/31/2024", "2024-03-31"),
        ("03/03/2024", "2024-03-03"),
        ("5 March 2024", "2024-03-05"),
        ("Mar 5, 2024", "2024-03-05"),
        ("05.03.2024 14:30", "2024-03-05"),
        ("2024/03/05", "2024-03-05"),
        ("45356", "2024-03-05"),  # a spreadsheet's day number, between the column's first and last date
        ("45356.75", "2024-03-05"),
    ],
)
def test_stray_dates_are_read_where_their_style_leaves_no_doubt(prepare, rows, cell, day):
    found = prepare({"transactions.csv": dated({7: cell.replace(",", "")})}, {"transactions": {}})
    assert next(r["occurred_at"] for r in rows(found, "transactions") if r["customer_id"] == "C7") == day
    log = found.ledger.set_index("rule")
    assert log.loc["dates in another style", "step"] == "repaired"


@pytest.mark.parametrize("cell", ["05/03/2024", "5-3-24", "60000", "99999", "soon", "31.02.2024"])
def test_dates_in_doubt_stay_unread(prepare, cell):
    found = prepare({"transactions.csv": dated({7: cell})}, {"transactions": {}})
    assert "1 of 60 cells are not a date (rows 7 …)" in str(found.problems[0])


def test_three_late_days_show_the_others_their_order(prepare, rows):
    stray = {5: "13/02/2024", 6: "14/02/2024", 7: "15/02/2024", 8: "05/03/2024"}
    read = {r["customer_id"]: r["occurred_at"] for r in rows(prepare({"transactions.csv": dated(stray)},
            {"transactions": {}}), "transactions")}  # fmt: skip
    assert read["C8"] == "2024-03-05"
    other = stray | {9: "02/16/2024"}
    assert prepare({"transactions.csv": dated(other)}, {"transactions": {}}).problems


def test_a_column_of_another_style_is_the_plans_to_declare(prepare):
    stray = {i: f"{i:02d}.03.2024" for i in range(1, 20)}
    found = prepare({"transactions.csv": dated(stray)}, {"transactions": {}})
    assert "19 of 60 cells are not a date" in str(found.problems[0])


def sorted_dates(wrong: dict[int, str]) -> str:
    days = pd.date_range("2023-01-01", periods=300, freq="2D")
    lines = [f"C{i},{wrong.get(i, f'{d:%Y-%m-%d}')},5" for i, d in enumerate(days, 1)]
    return "customer_id,occurred_at,amount\n" + "\n".join(lines) + "\n"


SWAPPED = {32: "2023-04-03", 93: "2023-04-07", 125: "2023-06-09"}  # as of 2023-03-04, 07-04 and 09-06


def day_of(rows, found, i: int) -> str:
    return next(r["occurred_at"] for r in rows(found, "transactions") if r["customer_id"] == f"C{i}")


def test_swapped_dates_out_of_line_are_put_back(prepare, rows):
    upright = {i: line.split(",")[1] for i, line in enumerate(sorted_dates({}).splitlines()) if i in SWAPPED}
    assert upright == {32: "2023-03-04", 93: "2023-07-04", 125: "2023-09-06"}
    found = prepare({"transactions.csv": sorted_dates(SWAPPED)}, {"transactions": {}})
    assert {i: day_of(rows, found, i) for i in SWAPPED} == upright
    line = found.ledger.set_index("rule").loc["day and month swapped"]
    assert (line["step"], line["rows"], line["examples"]) == ("repaired", 3, "32, 93, 125")
    assert line["values"] == "9999-99-99, 9999-99-99, 9999-99-99"
    kept = prepare({"transactions.csv": sorted_dates(SWAPPED)}, {"transactions": {"keep_as_is": "swapped_dates"}})
    assert kept.ledger.set_index("rule").loc["day and month swapped", "step"] == "flagged"
    assert {i: day_of(rows, kept, i) for i in SWAPPED} == SWAPPED


def test_one_date_that_a_swap_would_explain_is_named_and_kept(prepare, rows):
    found = prepare({"transactions.csv": sorted_dates({32: SWAPPED[32]})}, {"transactions": {}})
    line = found.ledger.set_index("rule").loc["day and month swapped"]
    assert (line["step"], line["rows"], line["examples"]) == ("flagged", 1, "32")
    assert day_of(rows, found, 32) == SWAPPED[32]


def test_late_rows_of_which_one_happens_to_fit_are_left_alone(prepare):
    late = {32: "2023-04-03", 40: "2024-05-02", 60: "2024-07-09", 80: "2024-03-02", 100: "2024-06-11"}
    found = prepare({"transactions.csv": sorted_dates(late)}, {"transactions": {}})
    assert "day and month swapped" not in set(found.ledger["rule"])


def test_a_repeat_at_the_end_of_the_file_is_dropped_before_its_swapped_date_is_judged(prepare, rows):
    head, *lines = sorted_dates(SWAPPED).splitlines()
    numbered = [f"{line},T{i}" for i, line in enumerate(lines, 1)]
    text = "\n".join([f"{head},transaction_id", *numbered, numbered[31]]) + "\n"
    found = prepare({"transactions.csv": text}, {"transactions": {}})
    assert [r["occurred_at"] for r in rows(found, "transactions") if r["customer_id"] == "C32"] == ["2023-03-04"]
    log = found.ledger.set_index("rule")
    assert (log.loc["repeated row", "rows"], log.loc["repeated row", "examples"]) == (1, "301")


@pytest.mark.parametrize("wrong", [{}, {32: "2023-09-04"}, {32: "2024-12-31"}])
def test_a_date_out_of_line_that_no_swap_explains_stays(prepare, rows, wrong):
    found = prepare({"transactions.csv": sorted_dates(wrong)}, {"transactions": {}})
    assert "day and month swapped" not in set(found.ledger["rule"])
    if wrong:
        assert next(r["occurred_at"] for r in rows(found, "transactions") if r["customer_id"] == "C32") == wrong[32]


def test_dates_in_no_order_are_left(prepare):
    lines = sorted_dates({}).splitlines()
    shuffled = [lines[0], *pd.Series(lines[1:]).sample(frac=1, random_state=3)]
    found = prepare({"transactions.csv": "\n".join(shuffled) + "\n"}, {"transactions": {}})
    assert "day and month swapped" not in set(found.ledger["rule"])


def test_lost_zeros_are_given_back_where_the_customers_leave_no_doubt(prepare, rows):
    files = {
        "customers.csv": "customer_id,segment\n" + "".join(f"C{i:05d},a\n" for i in range(1, 30)),
        "touchpoints.csv": "customer_id,occurred_at\nC7,2024-01-01\nC00008,2024-01-01\nC77,2024-01-01\nX9,2024-01-01\n",
    }
    found = prepare(files, {"customers": {}, "touchpoints": {}})
    assert [r["customer_id"] for r in rows(found, "touchpoints")] == ["C00007", "C00008", "C77", "X9"]
    line = found.ledger.set_index("rule").loc["padded ids"]
    assert (line["step"], line["rows"], line["values"]) == ("repaired", 1, "A9")
    kept = prepare(files, {"customers": {}, "touchpoints": {"keep_as_is": ["ids"]}})
    assert "C7" in [r["customer_id"] for r in rows(kept, "touchpoints")]
    uneven = files | {"customers.csv": files["customers.csv"] + "D1,a\n"}
    assert "padded ids" not in set(prepare(uneven, {"customers": {}, "touchpoints": {}}).ledger["rule"])


def test_blanks_and_letters_encoded_twice_are_mended_and_can_be_left(prepare, rows):
    text = "customer_id,segment\nA, north\nB,nor\u00a0th\u00a0\nC,CafÃ© â€“ OÃ¹\nD,Ãngstrom\nE,âge\n"
    found = prepare({"customers.csv": text}, {"customers": {}})
    assert [r["segment"] for r in rows(found, "customers")] == ["north", "nor th", "Café – Où", "Ãngstrom", "âge"]
    kept = prepare({"customers.csv": text}, {"customers": {"keep_as_is": ["blanks", "double_encoding"]}})
    assert [r["segment"] for r in rows(kept, "customers")][:3] == [" north", "nor\u00a0th\u00a0", "CafÃ© â€“ OÃ¹"]
    assert not (kept.ledger["step"] == "repaired").any()


def test_every_letter_encoded_twice_is_decoded():
    for spoiled, letter in TWICE_ENCODED.items():
        assert letter.encode("utf-8").decode("cp1252") == spoiled
    assert TWICE_ENCODED["Ã©"] == "é"
    assert TWICE_ENCODED["â‚¬"] == "€"


def test_repeats_can_be_kept(prepare):
    text = "customer_id,transaction_id,occurred_at,amount\nA,1,2024-01-01,5\nA,1,2024-01-01,5\n"
    assert len(prepare({"transactions.csv": text}, {"transactions": {}}).ledger.query("rule == 'repeated row'")) == 1
    kept = prepare({"transactions.csv": text}, {"transactions": {"keep_as_is": "repeats"}})
    assert set(kept.ledger["rule"]) >= {"reused transaction_id"}


def test_words_for_no_answer_can_be_kept(prepare):
    kept = prepare({"transactions.csv": amounts("5", "n/a")}, {"transactions": {"keep_as_is": "words"}})
    assert "1 of 2 cells are not a number" in str(kept.problems[0])


def test_spellings_are_flagged_and_kept(prepare, rows):
    text = "customer_id,segment\nA,Café Nord\nB,cafe nord\nC,South\n"
    found = prepare({"customers.csv": text}, {"customers": {}})
    assert len({r["segment"] for r in rows(found, "customers")}) == 3
    assert found.ledger.set_index("rule").loc["spellings", "rows"] == 2
    assert variants(pd.Series(["a-b", "AB", "c", ""])).to_list() == [True, True, False, False]


def test_a_customer_of_every_order_is_flagged(prepare):
    text = "customer_id,occurred_at,amount\n" + "".join(f"O{i},2024-01-05,5\n" for i in range(400))
    found = prepare({"transactions.csv": text}, {"transactions": {}})
    assert found.ledger.set_index("rule").loc["order ids", "rows"] == 400
    twice = text + "".join(f"O{i},2024-02-05,5\n" for i in range(9))
    assert "order ids" not in set(prepare({"transactions.csv": twice}, {"transactions": {}}).ledger["rule"])


def test_a_column_that_nobody_mapped_and_that_knows_who_left_is_flagged(prepare):
    gone = [i % 4 == 0 for i in range(200)]
    lines = [
        f"C{i},{'yes' if g else 'no'},{i % 40},{'closed' if g else 'open'},{'xy'[i % 2]}" for i, g in enumerate(gone)
    ]
    text = "customer_id,left,tenure_months,account_status,half\n" + "\n".join(lines) + "\n"
    log = prepare({"snapshot.csv": text}, {"snapshot": {}}).ledger
    assert log.loc[log["rule"] == "column that knows the outcome", "column"].to_list() == ["account_status"]


def test_what_to_do_is_said_for_every_rule():
    assert advice_on("") == ""
    assert advice_on("unreadable answered_at") == ADVICE["unreadable "]
    assert advice_on("no price") == ADVICE["no price"] != advice_on("no start_at")
    assert "dates can be trusted" in advice_on("end_at before start_at") or "Neither date" in advice_on("a before b")
    assert all(text.endswith(".") for text in [*ADVICE.values(), advice_on("anything else")])
    assert all(words[0].islower() for words in REPAIRS.values())


def test_an_unknown_repair_is_told(tmp_path):
    from coroi.errors import PlanError
    from coroi.studies.plan import read_plan

    (tmp_path / "c.csv").write_text("customer_id\nA\n", encoding="utf-8")
    (tmp_path / "plan.yaml").write_text(
        "name: x\ncurrency: EUR\nperiod: month\ntables:\n  customers:\n    path: c.csv\n    keep_as_is: [date]\n",
        encoding="utf-8",
    )
    with pytest.raises(PlanError, match=r"line 7.*blanks, dates, double_encoding"):
        read_plan(tmp_path / "plan.yaml", known_studies={})
