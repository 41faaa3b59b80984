"""Who took part in a pilot: arms of a snapshot, follow-ups with answers around them, campaigns with money before."""

from __future__ import annotations

import random
from datetime import timedelta

import ibis
import numpy as np
import pandas as pd
import pytest
from companies import START, build, frame_of, random_company, tables_of

from coroi.prepare.calendar import index_of
from coroi.prepare.campaigns import campaigns
from coroi.prepare.follow_ups import WITHIN_DAYS, follow_ups

SCHEMA = {"customer_id": "string", "arm": "string", "planned_share": "float64", "start_at": "date"}


def programme_of(company, seed: int, *, drawn: bool) -> ibis.Table:
    lots = random.Random(seed)
    names = sorted({r["customer_id"] for r in (*company.subscriptions, *company.transactions)})
    rows = []
    for who in names:
        for _ in range(lots.choice([0, 1, 1, 2])):
            day = START + timedelta(days=lots.randrange(150, 700))
            arm = lots.choice(["treatment", "control"]) if drawn else None
            rows.append({"customer_id": who, "arm": arm, "planned_share": 0.5 if drawn else None, "start_at": day})
    return ibis.memtable(pd.DataFrame(rows, columns=list(SCHEMA)), schema=ibis.schema(SCHEMA))


def campaigns_again(frame: pd.DataFrame, panel, taken: pd.DataFrame, horizon: int, *, drawn: bool) -> list[tuple]:
    """Add up money in loops over the panel's rows."""
    rows = frame.assign(idx=[index_of(d, panel.frequency) for d in frame["period"]])
    column = "margin" if rows["margin"].notna().any() else "revenue"
    cell = {(r["customer_id"], r["idx"]): r for r in rows.to_dict("records")}
    last = min(index_of(d, panel.frequency) for d in (panel.last_complete_period, panel.last_at_risk_period))
    first = {}
    for row in sorted(taken.to_dict("records"), key=lambda r: (r["start_at"], str(r["arm"]))):
        first.setdefault(row["customer_id"], (index_of(row["start_at"], panel.frequency), row["arm"]))
    made = []
    for start in sorted({idx for idx, _ in first.values()}):
        if start - horizon < rows["idx"].min() or start + horizon - 1 > last:
            continue
        for who in sorted(set(rows["customer_id"])):
            begun, arm = first.get(who, (None, None))
            before = cell.get((who, start - 1))
            free = not drawn and (begun is None or begun > start + horizon - 1)
            if before is None or not before["at_risk"] or not (begun == start or free):
                continue

            def money(low: int, high: int, who: str = who) -> float:
                cells = [cell.get((who, i)) for i in range(low, high + 1)]
                known = [0.0 if c[column] != c[column] else c[column] for c in cells if c]
                return float(np.sum(known)) if known else np.nan

            end = cell.get((who, start + horizon - 1))
            made.append(
                (
                    start,
                    int(begun == start and arm != "control"),
                    money(start - horizon, start - 1),
                    money(start - 2 * horizon, start - horizon - 1),
                    money(start, start + horizon - 1),
                    float(bool(end and end["at_risk"])),
                )
            )
    return made


@pytest.mark.parametrize("drawn", [True, False])
@pytest.mark.parametrize("seed", [3])
def test_campaigns_equal_their_twin(connection, seed, drawn):
    company = random_company(seed, "month", "repeat_purchase")
    panel, _ = build(connection, company)
    programme = programme_of(company, seed, drawn=drawn)
    found = campaigns(connection, panel, programme, horizon=2)
    want = campaigns_again(frame_of(connection, panel), panel, connection.to_pandas(programme), 2, drawn=drawn)
    assert want
    columns = ["period", "followed", "spent", "earlier", "money", "stayed"]
    got = found.rows[columns].sort_values(columns, ignore_index=True)
    twin = pd.DataFrame(want, columns=columns).sort_values(columns, ignore_index=True)
    pd.testing.assert_frame_equal(got, twin, check_dtype=False, rtol=1e-12)
    assert found.drawn is drawn
    assert not found.rows.duplicated(["entity", "period"]).any()


def test_equal_money_lies_in_one_band_and_bands_rise_with_it(connection):
    company = random_company(3, "month", "repeat_purchase")
    panel, _ = build(connection, company)
    rows = campaigns(connection, panel, programme_of(company, 3, drawn=False), horizon=2).rows
    for _, one in rows.groupby("period"):
        assert (one.groupby("spent")["band"].nunique() == 1).all()
        assert one.sort_values("spent")["band"].is_monotonic_increasing
        assert one["band"].between(0, 9).all()


def test_campaigns_without_time_or_money_say_so(connection):
    company = random_company(3, "month", "repeat_purchase")
    panel, _ = build(connection, company)
    long = campaigns(connection, panel, programme_of(company, 3, drawn=False), horizon=60)
    assert long.rows.empty
    assert long.reason == "no customer who took part was seen for long enough before and after it"


@pytest.mark.parametrize("seed", range(2))
def test_the_answers_around_a_follow_up_are_the_nearest_in_other_periods(connection, seed):
    company = random_company(seed, "month", "contract")
    panel, _ = build(connection, company)
    programme = programme_of(company, seed, drawn=True)
    found = follow_ups(connection, panel, tables_of(company)["responses"], programme, "nps", horizon=6)
    given = [
        (a["customer_id"], index_of(a["answered_at"], "month"), a["answered_at"], a["score"])
        for a in company.responses
        if a["metric"] == "nps" and a["score"] is not None and a["customer_id"] is not None
    ]
    want = set()
    for lot in connection.to_pandas(programme).to_dict("records"):
        day = pd.Timestamp(lot["start_at"]).date()
        mine = sorted(a for a in given if a[0] == lot["customer_id"] and 0 <= (day - a[2]).days <= WITHIN_DAYS)
        if not mine:
            continue
        period = mine[-1][1]
        near = []
        for side in (-1, 1):
            told = {}
            for a in given:
                if a[0] == lot["customer_id"] and 1 <= side * (a[1] - period) <= 6:
                    told.setdefault(a[1], []).append(a[3])
            closest = min(told, key=lambda idx: abs(idx - period)) if told else None
            near.append(None if closest is None else round(float(np.mean(told[closest])), 9))
        want.add((period, *near))
    rows = found.rows.assign(**{c: found.rows[c].round(9) for c in ("earlier", "later")})
    got = {
        (int(p), *(None if v != v else v for v in (a, b)))
        for p, a, b in zip(rows["period"], rows["earlier"], rows["later"], strict=True)
    }
    assert got == want


ARMS = "customer_id,left,arm,planned_share\n"


def test_a_snapshot_keeps_its_arms(prepare, rows):
    lines = [f"SECRET{i},no,{('Treatment', 'control')[i % 2]},0.5" for i in range(20)] + ["SECRET20,yes,,"]
    found = rows(prepare({"snapshot.csv": ARMS + "\n".join(lines)}, {"snapshot": {}}), "snapshot")
    assert [r.get("arm") for r in found].count("treatment") == 10
    assert [r.get("planned_share") for r in found].count(0.5) == 20
    assert sum("arm" not in r for r in found) == 1


@pytest.mark.parametrize(
    ("arm", "share", "where", "said"),
    [
        ("gate_30", "0.5", "snapshot.arm", "20 rows hold 'aaaa_99', which is not known here."),
        ("control", "50", "snapshot.planned_share", "20 of 20 numbers are outside 0 to 1; they run from 50 to 50."),
    ],
)
def test_what_is_no_arm_and_no_share_is_refused(prepare, arm, share, where, said):
    lines = [f"SECRET{i},no,{arm},{share}" for i in range(20)]
    problems = prepare({"snapshot.csv": ARMS + "\n".join(lines)}, {"snapshot": {}}).problems
    assert [p.where for p in problems] == [where]
    assert said in str(problems[0])
