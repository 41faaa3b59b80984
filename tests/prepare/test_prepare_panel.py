"""The panel against its twin on random companies, and against answers worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd
import panel_twin as twin
import pytest
from companies import answer, build, contract, frame_of, purchase, random_company

from coroi.errors import DataError
from coroi.prepare.contract import validate
from coroi.schemas import PANEL_COLUMNS, Panel, metric_columns


def assert_equal(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    assert list(found.columns) == list(wanted.columns)
    assert len(found) == len(wanted)
    for column in wanted.columns:
        ours, theirs = found[column], wanted[column]
        empty = theirs.isna()
        assert (ours.isna() == empty).all(), column
        if pd.api.types.is_float_dtype(ours.dtype):
            np.testing.assert_allclose(
                ours[~empty].astype(float), theirs[~empty].astype(float), rtol=1e-12, atol=1e-12, err_msg=column
            )
        else:
            assert ours[~empty].tolist() == theirs[~empty].tolist(), column


@pytest.mark.parametrize("relationship", ["contract", "repeat_purchase"])
@pytest.mark.parametrize("period", ["week", "month", "quarter", "year"])
@pytest.mark.parametrize("seed", range(3))
def test_random_companies_equal_the_twin(connection, seed, period, relationship):
    company = random_company(seed, period, relationship)
    panel, _ = build(connection, company)
    assert_equal(frame_of(connection, panel), twin.panel(company))
    until, told = company.until(), company.until() - timedelta(days=1)
    if relationship == "contract":
        told -= timedelta(days=company.grace_days)
    assert panel.observed_until == until
    for day, by in ((panel.last_complete_period, until), (panel.last_at_risk_period, told)):
        of = company.of(day)
        assert twin.first(of) == day
        assert twin.last(of) <= by < twin.last(of + 1)


@pytest.mark.parametrize("period", ["week", "month", "quarter", "year"])
@pytest.mark.parametrize("seed", [0, 3])
def test_prices_beside_transactions_equal_the_twin(connection, seed, period):
    company = random_company(seed, period, "contract")
    assert company.transactions
    company.contract_prices = "beside_transactions"
    panel, _ = build(connection, company)
    assert_equal(frame_of(connection, panel), twin.panel(company))


def test_prices_beside_transactions_by_hand(connection):
    told = {
        "both": [purchase("a", "2024-02-10", 40.0, 15.0)],
        "amounts alone": [purchase("a", "2024-02-10", 40.0)],
        "margins alone": [purchase("a", "2024-02-10", None, 15.0)],
        "neither": [purchase("a", "2024-02-10", None)],
        "no purchase": [],
    }
    found = {}
    for name, bought in told.items():
        company = twin.Company(
            "month", "contract", 0, observed_until=date(2024, 4, 30), contract_prices="beside_transactions",
            subscriptions=[contract("a", "2024-01-17", "2024-03-31", price=31.0), contract("b", "2024-01-01")],
            transactions=bought,
        )  # fmt: skip
        frame = frame_of(connection, build(connection, company)[0])
        assert_equal(frame, twin.panel(company))
        of = frame[frame["customer_id"] == "a"]
        found[name] = {c: of[c].astype(float).round(9).tolist() for c in ("revenue", "margin") if of[c].notna().any()}
    fees = [15.0, 31.0, 31.0, 0.0]
    assert found == {
        "both": {"revenue": [15.0, 71.0, 31.0, 0.0], "margin": [15.0, 46.0, 31.0, 0.0]},
        "amounts alone": {"revenue": [15.0, 71.0, 31.0, 0.0]},
        "margins alone": {"margin": [15.0, 46.0, 31.0, 0.0]},
        "neither": {"revenue": fees},
        "no purchase": {"revenue": fees},
    }


def test_without_prices_nothing_is_added_beside_transactions(connection):
    frames = []
    for said in ("in_transactions", "beside_transactions"):
        company = random_company(0, "month", "contract")
        company.subscriptions = [s | {"price": None} for s in company.subscriptions]
        company.contract_prices = said
        frames.append(frame_of(connection, build(connection, company)[0]))
    pd.testing.assert_frame_equal(*frames)


def months(frame: pd.DataFrame, who: str, column: str) -> dict[str, Any]:
    mine = frame[frame["customer_id"] == who]
    found = zip(mine["period"], mine[column].astype(object), strict=True)
    return {day.isoformat()[:7]: None if pd.isna(v) else v for day, v in found}


def test_contracts_by_hand(connection):
    company = twin.Company(
        "month",
        "contract",
        30,
        observed_until=date(2024, 6, 30),
        subscriptions=[
            contract("within", "2024-01-01", "2024-01-31", exit_reason="x"),
            contract("within", "2024-03-02"),  # 30 days later, exactly the grace
            contract("beyond", "2024-01-01", "2024-01-31", exit_reason="price"),
            contract("beyond", "2024-03-03"),  # 31 days
            contract("told", "2024-01-01", "2024-05-30", exit_reason="told"),
            contract("untold", "2024-01-01", "2024-05-31", exit_reason="untold"),
            contract("ahead", "2024-02-10", "2025-12-31", exit_reason="planned"),
            contract("forever", "2024-02-10", "9999-12-31"),
            contract("tied", "2024-01-01", "2024-03-31", exit_reason="other"),
            contract("tied", "2024-02-01", "2024-03-31", exit_reason="price"),
            contract("tied", "2024-02-01", "2024-03-30", exit_reason="service"),
        ],
    )
    panel, ledger = build(connection, company)
    frame = frame_of(connection, panel)
    assert panel.last_at_risk_period == date(2024, 4, 1)
    spells = months(frame, "within", "spell")
    assert spells == dict.fromkeys(["2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06"], 1)
    assert months(frame, "within", "at_risk") == {
        "2024-01": True,
        "2024-02": False,  # forgiven, but nothing to leave
        "2024-03": True,
        "2024-04": True,
        "2024-05": False,
        "2024-06": False,
    }
    assert not frame.loc[frame["customer_id"] == "within", "exited"].any()
    assert months(frame, "beyond", "spell") == {
        "2024-01": 1,
        "2024-02": None,
        "2024-03": 2,
        "2024-04": 2,
        "2024-05": 2,
        "2024-06": 2,
    }
    assert months(frame, "beyond", "tenure_periods") == {
        "2024-01": 0,
        "2024-02": None,
        "2024-03": 0,
        "2024-04": 1,
        "2024-05": 2,
        "2024-06": 3,
    }
    exits = frame[frame["exited"]]
    assert list(zip(exits["customer_id"], exits["period"], exits["exit_reason"], strict=True)) == [
        ("beyond", date(2024, 1, 1), "price"),
        ("tied", date(2024, 3, 1), "price"),  # of the contracts that end last, the last reason by name
    ]
    assert months(frame, "told", "spell")["2024-06"] is None
    assert months(frame, "untold", "spell")["2024-06"] == 1
    assert months(frame, "ahead", "at_risk")["2024-04"] and months(frame, "forever", "at_risk")["2024-04"]
    assert frame["exit_reason"].dropna().tolist() == ["price", "price"]
    assert dict(zip(ledger.frame()["step"], ledger.frame()["rows"], strict=True)) == {"in": 7, "out": 7}


def test_purchases_by_hand(connection):
    company = twin.Company(
        "month",
        "repeat_purchase",
        60,
        observed_until=date(2024, 6, 15),
        transactions=[
            purchase("once", "2024-01-10", 100.0, 30.0),
            purchase("again", "2024-01-10"),
            purchase("again", "2024-03-10"),  # 60 days later, exactly the grace
            purchase("lapse", "2024-01-10"),
            purchase("lapse", "2024-03-11"),  # 61 days
            purchase("back", "2024-05-20", 40.0),
            purchase("back", "2024-05-25", -15.0),
            purchase("back", "2024-06-20", 500.0),  # after the last day
            purchase("giver", "2024-02-01", -5.0),  # a return is no purchase
            purchase("late", "2024-06-20", 5.0),
        ],
    )
    panel, ledger = build(connection, company)
    frame = frame_of(connection, panel)
    assert (panel.last_complete_period, panel.last_at_risk_period) == (date(2024, 5, 1), date(2024, 5, 1))
    exits = frame[frame["exited"]]
    assert list(zip(exits["customer_id"], exits["period"], strict=True)) == [
        ("again", date(2024, 5, 1)),  # 9 May
        ("lapse", date(2024, 3, 1)),  # 10 March, the day before the return
        ("lapse", date(2024, 5, 1)),  # 10 May
        ("once", date(2024, 3, 1)),
    ]
    assert months(frame, "lapse", "spell") == {
        "2024-01": 1,
        "2024-02": 1,
        "2024-03": 1,  # two spells in one month: the earlier one has the row
        "2024-04": 2,
        "2024-05": 2,
        "2024-06": None,
    }
    assert months(frame, "lapse", "tenure_periods")["2024-04"] == 1
    assert months(frame, "once", "revenue") == {f"2024-0{m}": 100.0 if m == 1 else 0.0 for m in range(1, 7)}
    assert months(frame, "once", "margin")["2024-01"] == 30.0
    assert months(frame, "back", "revenue") == {"2024-05": 25.0, "2024-06": 0.0}
    assert months(frame, "back", "n_transactions") == {"2024-05": 1, "2024-06": 0}
    assert set(frame["customer_id"]) == {"once", "again", "lapse", "back"}
    noted = ledger.frame().set_index("rule")["rows"]
    assert noted["transactions too late"] == 2
    assert noted["transactions of strangers"] == 2  # the giver's and the late one's


def test_the_window_opens_with_its_first_whole_period(connection):
    company = twin.Company(
        "month",
        "contract",
        0,
        observed_from=date(2024, 2, 15),
        observed_until=date(2024, 5, 31),
        subscriptions=[contract("old", "2023-06-01"), contract("gone", "2023-06-01", "2024-02-20")],
    )
    panel, ledger = build(connection, company)
    frame = frame_of(connection, panel)
    assert months(frame, "old", "tenure_periods") == {"2024-03": 9, "2024-04": 10, "2024-05": 11}
    assert set(frame["customer_id"]) == {"old"}
    assert ledger.frame().set_index("rule").loc["before the window", "rows"] == 1


def test_renewals_and_revenue_by_hand(connection):
    company = twin.Company(
        "month",
        "contract",
        0,
        observed_until=date(2024, 12, 31),
        subscriptions=[
            contract("term", "2024-01-31", None, term_months=1.0, price=31.0),
            contract("quarterly", "2024-01-15", None, term_months=3.0),
            contract("free", "2024-01-15", None),
            contract("two", "2024-01-11", "2024-01-20", price=31.0),
            contract("two", "2024-01-16", "2024-02-29", price=62.0),
        ],
    )
    frame = frame_of(connection, build(connection, company)[0])
    due = {who: [m for m, yes in months(frame, who, "at_renewal").items() if yes] for who in ("term", "quarterly")}
    assert due["term"] == [f"2024-{m:02d}" for m in range(2, 13)]  # 28 Feb, 30 March, …
    assert due["quarterly"] == ["2024-04", "2024-07", "2024-10"]
    assert [m for m, yes in months(frame, "free", "at_renewal").items() if yes][:2] == ["2024-01", "2024-02"]
    assert months(frame, "term", "revenue")["2024-01"] == pytest.approx(1.0)
    assert months(frame, "term", "revenue")["2024-02"] == pytest.approx(31.0)
    assert months(frame, "two", "revenue")["2024-01"] == pytest.approx(10 * 1.0 + 16 * 2.0)
    assert months(frame, "two", "revenue")["2024-02"] == pytest.approx(62.0)
    assert months(frame, "two", "revenue")["2024-03"] == 0.0
    assert months(frame, "free", "revenue")["2024-03"] == 0.0


def test_a_term_that_ends_with_a_short_month_and_the_contract(connection):
    company = twin.Company(
        "week",
        "contract",
        0,
        observed_until=date(2021, 4, 30),
        subscriptions=[contract("february", "2021-02-01", "2021-02-28", term_months=1.0)],
    )
    frame = frame_of(connection, build(connection, company)[0])
    due = frame[frame["at_renewal"]]
    assert due["period"].tolist() == [date(2021, 2, 22), date(2021, 3, 29), date(2021, 4, 26)]
    assert due["exited"].tolist() == [True, False, False]


def test_a_schedule_runs_on_paper_whoever_left(connection):
    company = twin.Company(
        "month",
        "contract",
        0,
        observed_until=date(2024, 12, 31),
        subscriptions=[
            contract("left", "2024-01-01", "2024-05-10", term_months=3.0),
            contract("back", "2024-01-01", "2024-03-31", term_months=1.0),
            contract("back", "2024-08-01", term_months=3.0),
            contract("at once", "2024-01-01", "2024-04-30", term_months=1.0),
            contract("at once", "2024-03-01", term_months=4.0),
        ],
    )
    frame = frame_of(connection, build(connection, company)[0])
    due = {who: [int(m[5:]) for m, yes in months(frame, who, "at_renewal").items() if yes] for who in ("left", "back")}
    assert due == {"left": [3, 6, 9, 12], "back": [1, 2, 3, 4, 5, 6, 7, 10]}
    assert [m for m, yes in months(frame, "at once", "at_renewal").items() if yes] == [
        f"2024-{m:02d}" for m in (1, 2, 3, 4, 6, 10)
    ]
    assert [m for m, yes in months(frame, "left", "at_risk").items() if yes] == [f"2024-{m:02d}" for m in range(1, 6)]


def test_metrics_hold_only_what_was_known_before_the_period(connection):
    company = twin.Company(
        "month",
        "contract",
        0,
        metric_age_limit=2,
        metrics=("nps",),
        observed_until=date(2024, 8, 31),
        subscriptions=[contract("a", "2024-01-01"), contract("silent", "2024-01-01"), contract("early", "2024-03-01")],
        responses=[
            answer("a", "2024-02-01", 2.0),  # the first day of February: known from March
            answer("a", "2024-03-31", 8.0),
            answer("a", "2024-03-31", 10.0),
            answer("a", "2024-03-02", 0.0),
            answer("early", "2023-12-31", 7.0),
        ],
    )
    frame = frame_of(connection, build(connection, company)[0])
    value, age, mean, count = metric_columns("nps")
    assert months(frame, "a", value) == {
        "2024-01": None,
        "2024-02": None,
        "2024-03": 2.0,
        "2024-04": 9.0,
        "2024-05": 9.0,
        "2024-06": None,
        "2024-07": None,
        "2024-08": None,
    }
    assert list(months(frame, "a", age).values()) == [None, None, 1, 1, 2, 3, 4, 5]
    assert list(months(frame, "a", mean).values()) == [None, None, 2.0] + [5.0] * 5
    assert list(months(frame, "a", count).values()) == [0, 0, 1, 4, 4, 4, 4, 4]
    assert set(months(frame, "silent", value).values()) == {None}
    assert set(months(frame, "silent", count).values()) == {0}
    assert len(months(frame, "silent", value)) == 8
    assert months(frame, "early", age) == {f"2024-0{m}": m for m in range(3, 9)}
    assert set(months(frame, "early", value).values()) == {None}


def test_without_responses_nobody_answered(connection):
    company = twin.Company(
        "month",
        "contract",
        0,
        metrics=("nps",),
        subscriptions=[contract("a", "2024-01-01"), contract("b", "2024-03-05")],
    )
    panel, _ = build(connection, company)
    frame = frame_of(connection, panel)
    assert panel.observed_until == date(2024, 3, 5)
    assert tuple(frame.columns) == (*PANEL_COLUMNS, *metric_columns("nps"))
    assert frame["nps"].isna().all() and (frame["nps_n_to_date"] == 0).all()
    doubled = connection.keep(panel.data.select(half=panel.data["weight"] / 2, margin=panel.data["margin"] + 1))
    assert [str(kind) for kind in doubled.schema().values()] == ["float64", "float64"]


def test_strangers_are_counted_not_kept(connection):
    company = twin.Company(
        "month",
        "contract",
        0,
        metrics=("nps",),
        subscriptions=[contract("a", "2024-01-01")],
        responses=[answer("b", "2024-01-05", 5.0), answer("b", "2024-02-05", 5.0)],
        customers=[{"customer_id": "b", "segment": "s", "unit_id": None}],
    )
    panel, ledger = build(connection, company)
    assert set(frame_of(connection, panel)["customer_id"]) == {"a"}
    noted = ledger.frame().set_index("rule")["rows"]
    assert (noted["responses of strangers"], noted["customers of strangers"]) == (2, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"observed_until": date(2023, 1, 1)}, "no contract or purchase begins by 2023-01-01"),
        ({"observed_from": date(2025, 1, 1)}, "no customer has a period within the observed window"),
        ({"subscriptions": [contract("a", "9999-12-31")]}, "the last day of the data is 9999-12-31"),
    ],
)
def test_windows_that_hold_nothing(connection, change, said):
    company = twin.Company("month", "contract", 0, subscriptions=[contract("a", "2024-01-01")])
    for name, value in change.items():
        setattr(company, name, value)
    with pytest.raises(DataError, match=said):
        build(connection, company)


def broken(connection: Any, **change: Any) -> Panel:
    company = twin.Company(
        "month",
        "contract",
        0,
        metrics=("nps",),
        subscriptions=[contract("CUST-SECRET-1", "2024-01-01"), contract("CUST-SECRET-2", "2024-01-01")],
        responses=[answer("CUST-SECRET-1", "2024-01-05", 5.0), answer("CUST-SECRET-1", "2024-04-05", 5.0)],
    )
    panel, _ = build(connection, company)
    frame = connection.to_pandas(panel.data).sort_values(["customer_id", "period"], ignore_index=True)
    for column, values in change.items():
        frame.loc[: len(values) - 1, column] = values
    return Panel(
        data=ibis.memtable(frame, schema=panel.data.schema()),
        **{f: getattr(panel, f) for f in Panel.__slots__ if f not in ("data",)},
    )


def test_a_panel_with_a_repeated_key_is_refused(connection):
    validate(connection, broken(connection))
    same = [pd.Timestamp("2024-01-01")] * 3
    with pytest.raises(DataError, match=r"^panel: 2 duplicate \(customer_id, period\) keys\.") as caught:
        validate(connection, broken(connection, period=same))
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("age", [0, -3])
def test_a_metric_dated_inside_or_after_its_period_is_refused(connection, age):
    with pytest.raises(DataError, match=r"^panel: 2 values of .nps. are dated inside or after"):
        validate(connection, broken(connection, nps_age_periods=[age, age, 1]))


def cost(who: str | None, day: str, amount: float, kind: str = "serve") -> dict[str, Any]:
    return {"customer_id": who, "occurred_at": date.fromisoformat(day), "kind": kind, "amount": amount}


def test_costs_to_serve_by_hand(connection):
    company = twin.Company("month", "contract", 30, observed_until=date(2024, 3, 20))
    company.subscriptions = [contract("a", "2024-01-10"), contract("b", "2024-01-10")]
    company.costs = [
        cost("a", "2024-01-01", 3.0),
        cost("a", "2024-01-31", 4.5),
        cost("a", "2024-03-20", -1.0),
        cost("a", "2024-03-21", 100.0),  # after the last day
        cost("a", "2024-02-01", 50.0, "programme"),
        cost("a", "2024-02-01", 60.0, "acquisition"),
        cost("b", "2023-12-31", 7.0),  # before the customer's first period
        cost(None, "2024-02-01", 80.0),
        cost("c", "2024-02-01", 20.0),  # a stranger
    ]
    panel, ledger = build(connection, company)
    frame = frame_of(connection, panel)
    assert months(frame, "a", "cost_to_serve") == {"2024-01": 7.5, "2024-02": 0.0, "2024-03": -1.0}
    assert months(frame, "b", "cost_to_serve") == {"2024-01": 0.0, "2024-02": 0.0, "2024-03": 0.0}
    lines = ledger.frame().set_index("rule")
    assert lines.loc["costs too late", "rows"] == 1
    assert lines.loc["costs without a customer", "rows"] == 1
    assert lines.loc["costs of strangers", "rows"] == 1
    assert lines.loc["costs outside", "rows"] == 2
    assert lines.loc["costs outside", "sentence"] == (
        "customer-periods with costs to serve but outside the panel, 27.00 EUR in all"
    )


@pytest.mark.parametrize("costs", [[], [cost(None, "2024-02-01", 5.0)], [cost("a", "2024-02-01", 5.0, "programme")]])
def test_without_a_cost_to_serve_of_a_customer_it_is_not_known(connection, costs):
    company = twin.Company("month", "contract", 30, observed_until=date(2024, 3, 20))
    company.subscriptions, company.costs = [contract("a", "2024-01-10")], costs
    panel, _ = build(connection, company)
    assert frame_of(connection, panel)["cost_to_serve"].isna().all()
