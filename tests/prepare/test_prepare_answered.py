"""Answers beside money against a plain twin that walks over every customer's periods one by one."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import panel_twin as twin
import pytest
from companies import answer, build, contract, frame_of, purchase, random_company, tables_of

from coroi.prepare.answered import COLUMNS, RECENT, answers_with_money
from coroi.prepare.calendar import index_of

HORIZON, HISTORY = 3, 8


def plain(company, panel: pd.DataFrame, last: int, *, names: list[str] | None = None) -> pd.DataFrame:
    """Walk over each customer's rows; money not told counts as nothing."""
    money = next((c for c in ("margin", "revenue") if panel[c].notna().any()), "")
    found, numbers = [], {}
    for who, own in panel.groupby("customer_id"):
        if names is not None and who not in names:
            continue
        rows = [r for r in own.to_dict("records") if index_of(r["period"], company.period) <= last]
        value = [0.0 if pd.isna(r[money]) else float(r[money]) for r in rows]
        for at, row in enumerate(rows):
            ahead = value[at + 1 : at + 1 + HORIZON]
            if not row["at_risk"] or len(ahead) < HORIZON:
                continue
            idx = index_of(row["period"], company.period)
            given = [
                r["score"]
                for r in company.responses
                if r["customer_id"] == who
                and r["metric"] == "nps"
                and index_of(r["answered_at"], company.period) == idx
            ]
            recent, before = value[max(at - RECENT, 0) : at], value[max(at - HISTORY, 0) : max(at - RECENT, 0)]
            found.append(
                {
                    "entity": numbers.setdefault(who, len(numbers)),
                    "period": idx,
                    "score": float(np.mean(given)) if given else np.nan,
                    "answered": 1.0 if given else 0.0,
                    "outcome": sum(ahead),
                    "earlier": row["nps_mean_to_date"],
                    "recent": sum(recent) if recent else np.nan,
                    "level": float(np.mean(before)) if before else np.nan,
                    "tenure": row["tenure_periods"],
                    "segment": row["segment"] if isinstance(row["segment"], str) else "",
                }
            )
    return pd.DataFrame(found, columns=list(COLUMNS))


def made(connection, company, **asked) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    panel, _ = build(connection, company)
    responses = tables_of(company)["responses"]
    found = answers_with_money(
        connection, panel, responses, "nps", horizon=HORIZON, history=HISTORY, **({"seed": 1} | asked)
    )
    return found, frame_of(connection, panel), index_of(panel.last_complete_period, company.period)


def assert_same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    assert list(found.columns) == list(COLUMNS)
    assert len(found) == len(wanted)
    for column in COLUMNS[:-1]:
        np.testing.assert_allclose(
            found[column].astype(float), wanted[column].astype(float), rtol=1e-9, atol=1e-9, err_msg=column
        )
    assert found["segment"].tolist() == wanted["segment"].tolist()


@pytest.mark.parametrize(
    ("seed", "period", "relationship"),
    [(0, "month", "contract"), (2, "month", "repeat_purchase"), (1, "week", "contract"), (4, "quarter", "contract")],
)
def test_random_companies_equal_the_twin(connection, seed, period, relationship):
    company = random_company(seed, period, relationship)
    found, panel, last = made(connection, company)
    wanted = plain(company, panel, last)
    assert len(wanted)
    assert_same(found, wanted)


def test_one_customer_by_hand(connection):
    company = twin.Company(
        "month", "contract", 0, metrics=("nps",), observed_until=date(2024, 12, 31),
        subscriptions=[contract("a", "2024-01-01", "2024-10-31")],
        transactions=[purchase("a", f"2024-{m:02d}-10", 10.0 * m) for m in range(1, 11)],
        responses=[answer("a", "2024-02-03", 4.0), answer("a", "2024-06-20", 9.0), answer("a", "2024-06-21", 10.0)],
    )  # fmt: skip
    found = made(connection, company)[0].set_index("period")
    june = found.loc[index_of(date(2024, 6, 1), "month")]
    assert (june["score"], june["answered"], june["earlier"]) == (9.5, 1.0, 4.0)
    assert june["outcome"] == 70.0 + 80.0 + 90.0
    assert june["recent"] == 30.0 + 40.0 + 50.0
    assert june["level"] == pytest.approx((10.0 + 20.0) / 2)
    september = found.loc[index_of(date(2024, 9, 1), "month")]
    assert september["outcome"] == 100.0  # who leaves brings nothing afterwards
    assert index_of(date(2024, 11, 1), "month") not in found.index


def test_many_customers_are_thinned_to_some_drawn_by_lot(connection):
    company = random_company(0, "month", "contract")
    whole, panel, last = made(connection, company)
    names = sorted(panel["customer_id"].unique())
    drawn = {}
    for seed in (1, 2):
        kept = [str(n) for n in np.random.default_rng(seed).choice(np.array(names, str), 5, replace=False)]
        found = made(connection, company, most_customers=5, seed=seed)[0]
        assert_same(found, plain(company, panel, last, names=kept))
        drawn[seed] = found
    assert not drawn[1].equals(drawn[2])
    assert_same(made(connection, company, most_customers=len(names))[0], whole)


def test_without_money_there_is_no_row(connection):
    company = twin.Company(
        "month", "contract", 0, metrics=("nps",), observed_until=date(2024, 12, 31),
        subscriptions=[contract("a", "2024-01-01")], responses=[answer("a", "2024-02-03", 4.0)],
    )  # fmt: skip
    found = made(connection, company)[0]
    assert list(found.columns) == list(COLUMNS)
    assert found.empty
