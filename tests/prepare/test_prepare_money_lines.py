"""Lines of money by unit against a plain twin on single customers; every cent of every table in one place."""

from __future__ import annotations

import random
from datetime import date, timedelta
from functools import cache

import ibis
import numpy as np
import pandas as pd
import panel_twin as twin
import pyarrow as pa
import pytest
from companies import TYPES, answer, build, contract, frame_of, purchase, tables_of

from coroi.prepare.calendar import index_of
from coroi.prepare.money_lines import LINES, money_lines
from coroi.prepare.unit_panel import unit_panel
from coroi.schemas import PROGRAMME, REFERRALS

JANUARY, UNTIL = index_of(date(2024, 1, 1), "month"), date(2024, 12, 31)
STARTS = {"u0": JANUARY + 4, "u1": JANUARY + 6, "tiny": JANUARY + 5}
SMALLEST, FEWEST = 5, 22


def table(schema, rows):
    kinds = TYPES | {"flag": pa.bool_()}
    return ibis.memtable(
        pa.table({c.name: pa.array([r.get(c.name) for r in rows], kinds[c.kind]) for c in schema.columns})
    )


def month(idx: int, day: int = 15) -> date:
    return date(idx // 12, idx % 12 + 1, day)


def some_company(seed: int):
    rng = random.Random(seed)
    company = twin.Company("month", "contract", 10, 12, ("nps",), observed_until=UNTIL)
    names = [f"c{i}" for i in range(48)]
    units = ["u0", "u1", "u2", "tiny", None]
    for i, who in enumerate(names):
        unit = "tiny" if i < 3 else rng.choices(units, [4, 4, 4, 0, 1])[0]
        company.customers.append({"customer_id": who, "segment": None, "unit_id": unit})
        begin = 1 if i < 30 else rng.randint(2, 10)
        end = None if rng.random() < 0.6 else month(min(begin + JANUARY - 1 + rng.randint(1, 8), JANUARY + 11))
        company.subscriptions.append(contract(who, f"2024-{begin:02d}-01", end.isoformat() if end else None))
        if rng.random() < 0.4:
            company.responses.append(answer(who, f"2024-{rng.randint(1, 9):02d}-10", rng.randint(0, 10)))
        for _ in range(6):
            day = date(2024, 1, 1) + timedelta(days=rng.randrange(366))
            amount = rng.choice([20.0, 35.0, -5.0])
            company.transactions.append(purchase(who, day.isoformat(), amount, rng.choice([amount / 2, None, 1.25])))
    for _ in range(160):
        company.costs.append(
            {
                "customer_id": rng.choice([*names[:12], "stranger", *[None] * 20]),
                "unit_id": rng.choice(["u0", "u1", "u1", "u2", "tiny", "nowhere", None]),
                "practice": rng.choice(["coach", "panel", "follow-up", None]),
                "kind": rng.choice(["serve", "serve", "programme", "programme", "programme", "acquisition"]),
                "amount": rng.choice([12.0, 7.5, -2.25]),
                "occurred_at": date(2023, 11, 1) + timedelta(days=rng.randrange(460)),
            }
        )
    referrals = [
        {
            "customer_id": rng.choice(names),
            "new_customer_id": rng.choice([*names[20:], "nobody", None]),
            "referred_at": date(2024, 1, 1) + timedelta(days=rng.randrange(330)),
        }
        for _ in range(60)
    ]
    programme = [
        {"unit_id": u, "practice": p, "start_at": month(STARTS[u], 1)}
        for u, p in (("u0", "coach"), ("u1", "panel"), ("tiny", "coach"))
    ]
    programme.append({"customer_id": "c1", "practice": "follow-up", "start_at": date(2024, 2, 1)})
    return company, referrals, programme


@cache
def set_up(connection, seed: int):
    company, referrals, programme = some_company(seed)
    panel, _ = build(connection, company)
    tables = tables_of(company)
    tables |= {"referrals": table(REFERRALS, referrals), "programme": table(PROGRAMME, programme)}
    first = min(STARTS.values())
    units = unit_panel(connection, panel, tables["responses"], "nps", first_start=first, history=3, smallest=SMALLEST)
    return company, referrals, panel, tables, units


class Twin:
    """Every customer, one after the other."""

    def __init__(self, frame: pd.DataFrame, company, referrals, units, borne: str) -> None:
        self.rows = frame.assign(idx=[index_of(d, "month") for d in frame["period"]]).to_dict("records")
        self.at, self.last, self.first, self.borne = units.start_idx, units.last_idx, min(STARTS.values()), borne
        self.units = units.units["unit_id"].tolist()
        self.here = {r["customer_id"]: r["unit_id"] for r in self.rows}
        self.there = {(r["customer_id"], r["idx"]) for r in self.rows if r["spell"] == r["spell"]}
        was = {r["customer_id"] for r in self.rows if r["idx"] == self.at and r["at_risk"]}
        self.member = {who: self.here[who] for who in was if self.here[who] in self.units}
        self.came: dict[str, int] = {}
        for r in self.rows:
            self.came[r["customer_id"]] = min(r["idx"], self.came.get(r["customer_id"], 10**9))
        self.brought: dict[str, str] = {}
        seen = set()
        for r in sorted(referrals, key=lambda r: (r["referred_at"], r["customer_id"])):
            new = r["new_customer_id"]
            if new is None or new in seen:
                continue
            seen.add(new)
            known = new in self.came and new not in was
            if known and r["customer_id"] in self.member and self.came[new] >= index_of(r["referred_at"], "month"):
                self.brought[new] = self.member[r["customer_id"]]
        self.heard = {a["customer_id"] for a in company.responses if index_of(a["answered_at"], "month") < self.first}
        self.costs = company.costs

    def margin(self, who, idx: int) -> float:
        return sum(r["margin"] for r in self.rows if r["idx"] == idx and r["customer_id"] in who)

    def heads(self, unit, idx: int) -> tuple[int, int]:
        everybody = [w for w in self.here if self.here[w] == unit and (w, idx) in self.there]
        return sum(w in self.member for w in everybody), len(everybody)

    def before(self, unit) -> float:
        def sums(units):
            who = {w for w, u in self.member.items() if u in units}
            times = range(self.at, self.first)
            return sum(self.margin(who, t) for t in times), sum((w, t) in self.there for w in who for t in times)

        money, n = sums([unit])
        if n < FEWEST:
            money, n = sums(self.units)
        return money / n

    def charged(self, unit, idx: int, kind: str) -> float:
        total = 0.0
        for c in self.costs:
            when, who = index_of(c["occurred_at"], "month"), c["customer_id"]
            if c["kind"] != kind or when > self.last:
                continue
            members, everybody = self.heads(unit, idx)
            part = (members / everybody if self.borne == "share" or kind == "serve" else 1.0) if everybody else 0.0
            if kind == "serve":
                if when == idx and (self.member.get(who) == unit if who else c["unit_id"] == unit):
                    total += c["amount"] * (1.0 if who else part)
                continue
            if c["practice"] not in ("coach", "panel", None):
                continue
            if who or c["unit_id"]:
                mine = self.member.get(who) == unit if who else c["unit_id"] == unit
                if mine and unit in STARTS and max(when, STARTS[unit]) == idx:
                    total += c["amount"] * (1.0 if who else part)
            elif max(when, self.first) == idx and STARTS.get(unit, 10**9) <= idx:
                heads = sum(self.heads(u, idx)[1] for u, s in STARTS.items() if s <= idx)
                total += c["amount"] * (members if self.borne == "share" else everybody) / heads if heads else 0.0
        return total

    def line(self, unit, idx: int) -> dict[str, float]:
        mine = {w for w, u in self.member.items() if u == unit}
        credited = {w for w, u in self.brought.items() if u == unit}
        local = {w for w in self.brought if self.here[w] == unit}
        others = {w for w, u in self.here.items() if u == unit} - set(self.member) - set(self.brought)
        n = len(mine)
        margin = self.margin(mine, idx)
        retention = sum((w, idx) in self.there for w in mine) * self.before(unit)
        made = {
            "margin": margin,
            "retention": retention,
            "spend": margin - retention,
            "referral": self.margin(credited, idx),
            "others": self.margin(others, idx),
            "elsewhere": self.margin(credited, idx) - self.margin(local, idx),
            "everyone": sum(r["margin"] for r in self.rows if r["idx"] == idx and r["unit_id"] == unit),
            "silent": self.margin(mine - self.heard, idx),
            "heard": self.margin(mine & self.heard, idx),
            "cost_to_serve": self.charged(unit, idx, "serve"),
            "programme_cost": self.charged(unit, idx, "programme"),
        }
        return {name: value / n for name, value in made.items()}


@pytest.mark.parametrize(("seed", "borne"), [(1, "share"), (2, "cohort")])
def test_lines_equal_their_twin_and_add_up(connection, seed, borne):
    company, referrals, panel, tables, units = set_up(connection, seed)
    assert units.units["unit_id"].tolist() == ["u0", "u1", "u2"]
    found = money_lines(connection, panel, units, tables=tables, borne=borne, fewest=FEWEST)
    slow = Twin(frame_of(connection, panel), company, referrals, units, borne)
    want = pd.DataFrame(
        [{"unit": n, "period": t} | slow.line(u, t) for n, u in enumerate(slow.units) for t in _span(units)]
    )
    pd.testing.assert_frame_equal(found.rows, want, check_exact=False, rtol=0, atol=1e-9)
    rows = found.rows
    assert (found.money, dict(found.reasons)) == ("margin", {})
    assert slow.brought
    assert rows["elsewhere"].abs().max() > 0
    assert {True, False} == set(found.units["own_before"])
    assert np.allclose(rows["margin"], units.rows["margin"], rtol=0, atol=1e-9)
    for whole, parts in (("margin", ["retention", "spend"]), ("margin", ["silent", "heard"])):
        assert np.allclose(rows[whole], rows[parts].sum(axis=1), rtol=0, atol=1e-9)
    again = rows["margin"] + rows["referral"] - rows["elsewhere"] + rows["others"]
    assert np.allclose(rows["everyone"], again, rtol=0, atol=1e-9)
    _totals_add_up(found, company, slow, units)
    quiet = {u: sum(v == u and w not in slow.heard for w, v in slow.member.items()) for u in slow.units}
    assert dict(zip(found.units["unit_id"], found.units["n_silent"], strict=True)) == quiet


def _span(units) -> range:
    return range(units.start_idx, units.last_idx + 1)


def _totals_add_up(found, company, slow: Twin, units) -> None:
    """Every customer is in one set, every cost in one step, and all of the window's margin is told."""
    totals = found.totals.set_index("part")
    inside = [t for t in company.transactions if index_of(t["occurred_at"], "month") in _span(units)]
    assert totals["money"].iloc[-1] == pytest.approx(sum(t["margin"] or 0.0 for t in inside), abs=1e-6)
    assert totals["money"].iloc[:-1].sum() == pytest.approx(totals["money"].iloc[-1], abs=1e-6)
    size = found.units.set_index("unit")["n_customers"]
    money = found.rows[["margin", "referral", "others"]].mul(found.rows["unit"].map(size), axis=0).sum()
    assert totals["money"].iloc[:3].tolist() == pytest.approx(money.tolist(), abs=1e-6)
    assert totals["customers"].iloc[0] == len(slow.member)
    assert totals["customers"].iloc[1] == len(slow.brought)
    assert found.costs["costs"].sum() == len(company.costs)
    assert found.costs["amount"].sum() == pytest.approx(sum(c["amount"] for c in company.costs), abs=1e-6)
    used = found.costs[found.costs["step"] == "charged to the cohort"].groupby("line")["amount"].sum()
    lines = found.rows[["programme_cost", "cost_to_serve"]].mul(found.rows["unit"].map(size), axis=0).sum()
    assert used[["programme", "serve"]].tolist() == pytest.approx(lines.tolist(), abs=1e-6)
    assert found.referrals["customers"].sum() > len(slow.brought)


def test_one_practice_takes_its_own_costs_and_lists_the_others(connection):
    company, _, panel, tables, units = set_up(connection, 1)
    found = money_lines(connection, panel, units, tables=tables, practices=("coach",))
    other = found.costs[found.costs["step"] == "of other practices"].groupby("practice")["amount"].sum()
    spent = pd.DataFrame(company.costs).query("kind == 'programme'").groupby("practice")["amount"].sum()
    assert other.to_dict() == pytest.approx(spent[["follow-up", "panel"]].to_dict())
    assert any("of other practices; left out" in n for n in found.notes)
    programme = found.rows.groupby("unit")["programme_cost"].sum()
    assert programme[0] != 0
    assert programme[[1, 2]].tolist() == [0, 0]
    assert any("of units that never start; left out" in n for n in found.notes)


def test_missing_tables_leave_their_lines_out_and_say_so(connection):
    _, _, panel, tables, units = set_up(connection, 1)
    found = money_lines(connection, panel, units, tables={"programme": tables["programme"]})
    missing = ["referral", "silent", "heard", "cost_to_serve", "programme_cost"]
    assert found.rows[missing].isna().all(axis=None)
    assert found.rows[[c for c in LINES if c not in missing]].notna().all(axis=None)
    assert found.reasons["programme_cost"] == "there is no table 'costs'"
    assert set(found.reasons) == set(missing)
    serving = tables["costs"].filter(tables["costs"]["kind"] == "serve")
    found = money_lines(connection, panel, units, tables=tables | {"costs": serving})
    assert found.reasons == {"programme_cost": "the table 'costs' holds no cost of the kind 'programme'"}
    assert found.rows["cost_to_serve"].abs().sum() > 0
    late = tables["costs"].mutate(occurred_at=ibis.date("2025-03-01"))
    found = money_lines(connection, panel, units, tables=tables | {"costs": late})
    assert "can be charged to a cohort" in found.reasons["programme_cost"]
    assert any("dated after the last complete period; left out" in n for n in found.notes)
    none = money_lines(connection, panel, units, tables={})
    assert (none.reason, len(none.rows)) == ("no unit has a start", 0)


def test_few_costs_that_may_be_of_single_customers_are_told_without_number_and_amount(connection):
    _, _, panel, tables, units = set_up(connection, 1)
    kept = tables["costs"].filter(tables["costs"]["kind"] == "programme")
    of_strangers = kept.limit(3).mutate(customer_id=ibis.literal("stranger"), practice=ibis.literal("coach"))
    few = money_lines(connection, panel, units, tables=tables | {"costs": of_strangers}, smallest=4).notes
    all_ = money_lines(connection, panel, units, tables=tables | {"costs": of_strangers}, smallest=3).notes
    assert [x for x in few if "outside" in x] == [
        "Fewer than 4 costs of the programme, naming customers outside the cohort; left out."
    ]
    assert any(x.startswith("3 costs of the programme, ") and "naming customers outside" in x for x in all_)


def test_refunds_beyond_what_was_spent_and_costs_before_the_start_are_said(connection):
    _, _, panel, tables, units = set_up(connection, 1)
    costs = tables["costs"].filter(tables["costs"]["kind"] == "programme").limit(1)
    costs = costs.mutate(
        customer_id=ibis.null("string"),
        unit_id=ibis.literal("u0"),
        practice=ibis.literal("coach"),
        amount=ibis.literal(-40.0),
        occurred_at=ibis.date("2023-12-01"),
    )
    found = money_lines(connection, panel, units, tables=tables | {"costs": costs}, borne="cohort")
    rows = found.rows[found.rows["programme_cost"] != 0]
    assert rows[["unit", "period"]].to_numpy().tolist() == [[0, STARTS["u0"]]]
    assert rows["programme_cost"].iloc[0] * found.units["n_customers"].iloc[0] == pytest.approx(-40)
    assert "The programme's costs add up to −40.00 EUR: refunds exceed what was spent." in found.notes
    assert "1 cost from before a start, −40.00 EUR in all, charged at the start." in found.notes
