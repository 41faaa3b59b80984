"""Amounts of another currency than the plan's are refused, naming the table, the rows and the way out."""

from __future__ import annotations

import pytest

HEAD = "occurred_at,kind,amount,currency\n"


def costs(*rows: tuple[str, str]) -> dict[str, str]:
    return {"costs.csv": HEAD + "".join(f"2024-01-{i:02d},programme,{a},{c}\n" for i, (a, c) in enumerate(rows, 1))}


@pytest.mark.parametrize(
    ("amounts", "told"),
    [
        (("12 USD", "5 USD"), "2 amounts are written in USD (rows 1, 2 …), but the plan's currency is EUR."),
        (("12 EUR", "$5", "7"), "1 amount is written in $ (rows 2 …), but the plan's currency is EUR."),
        (("12 GBP", "USD 5", "7"), "2 amounts are written in GBP, USD (rows 1, 2 …), but the plan's currency is EUR."),
    ],
)
def test_amounts_written_in_another_currency_are_refused(prepare, amounts, told):
    found = prepare(costs(*((a, "") for a in amounts)), {"costs": {}})
    assert [p.where for p in found.problems] == ["costs.amount"]
    assert found.problems[0].what == told
    assert "Convert the amounts before the export" in found.problems[0].fix
    assert "costs" not in found.tables


def test_a_column_of_currencies_is_held_against_the_plan(prepare, rows):
    files = costs(("12", "EUR"), ("5", "usd"), ("7", "USD"), ("8", "n/a"))
    (problem,) = prepare(files, {"costs": {}}).problems
    assert problem.where == "costs"
    assert problem.what == (
        "2 amounts are in USD by the file's column 'currency' (rows 2, 3 …), but the plan's currency is EUR."
    )
    kept = prepare(files, {"costs": {"where": [{"column": "currency", "in": ["EUR"]}]}})
    assert [r["amount"] for r in rows(kept, "costs")] == [12.0]


@pytest.mark.parametrize(("currency", "cell"), [("CAD", "$ 5"), ("EUR", "5 €"), ("CNY", "¥5"), ("SEK", "5 SEK")])
def test_the_plans_own_currency_is_read_also_by_a_sign_that_others_share(prepare, rows, currency, cell):
    found = prepare(costs((cell, currency), ("7", "")), {"costs": {}}, currency=currency)
    assert sorted(r["amount"] for r in rows(found, "costs")) == [5.0, 7.0]


def test_what_is_no_money_is_not_held_against_it(prepare):
    text = "customer_id,occurred_at,amount,currency\nA,2024-01-01,5 GBP,GBP\n"
    assert prepare({"usage.csv": text}, {"usage": {}}).problems == ()
