"""Files shaped otherwise than our tables: fused cells, wide columns, other units, several layouts, no ids."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from coroi.prepare.reshape import template_pattern
from coroi.sources import Metric, Part, Source

WIDE = "Company,99,00,01\nAcme\u00a0 [Toys],70,NM,72\nBolt [Tools],\u00a0,,65\nNobody,60,,\n"
FIRMS = {
    "path": "wide.csv",
    "split": {"Company": "{firm} [{sector}]"},
    "unpivot": {"take": {"99": 1999, "00": 2000, "01": 2001}, "names_to": "year", "values_to": "index"},
    "missing_codes": "NM",
    "date_format": "%Y",
    "columns": {"firm_id": "Company", "period": "year", "industry": "sector", "satisfaction": "index"},
}


def test_a_column_a_year_becomes_a_row_a_year_and_a_fused_cell_two(prepare, rows, entries):
    found = prepare({"wide.csv": WIDE}, {"firms": FIRMS})
    assert rows(found, "firms") == [
        {"firm_id": "Acme  [Toys]", "period": "1999-01-01", "industry": "Toys", "satisfaction": 70.0},
        {"firm_id": "Acme  [Toys]", "period": "2001-01-01", "industry": "Toys", "satisfaction": 72.0},
        {"firm_id": "Bolt [Tools]", "period": "2001-01-01", "industry": "Tools", "satisfaction": 65.0},
        {"firm_id": "Nobody", "period": "1999-01-01", "satisfaction": 60.0},
    ]
    lines = found.ledger[["step", "rule", "rows"]].to_numpy().tolist()
    assert lines == [
        ["in", "", 3],
        ["flagged", "split", 1],
        ["in", "", 6],
        ["left out", "unpivot", 5],
        ["repaired", "blanks around text", 2],
        ["out", "", 4],
    ]


def test_joins_and_filters_see_what_reshaping_made(prepare, rows, entries):
    accounts = "Ticker,Year,Sales\nAcme,1999,7\nBolt,2001,3\n"
    wide = "name,1999,2001\nAcme,70,72\nBolt,61,65\n"
    table = {
        "path": "wide.csv",
        "combine": {"id": ["name", "1999"]},
        "unpivot": {"take": ["2001"], "names_to": "year", "values_to": "index"},
        "join": {"path": "accounts.csv", "on": {"name": "Ticker", "year": "Year"}},
        "where": {"column": "name", "not_in": ["Acme"]},
        "date_format": "%Y",
        "columns": {"firm_id": "id", "period": "year", "satisfaction": "index", "revenue": "Sales"},
        "multiply": {"revenue": 1000},
        "divide": {"satisfaction": 100},
    }
    found = prepare({"wide.csv": wide, "accounts.csv": accounts}, {"firms": table})
    assert rows(found, "firms") == [
        {"firm_id": "Bolt, 61", "period": "2001-01-01", "satisfaction": 0.65, "revenue": 3000.0}
    ]
    assert entries(found, "firms") == {("in", ""): 2, ("flagged", "join"): 1, ("left out", "where"): 1, ("out", ""): 1}


def test_rows_without_an_id_are_told_apart_by_file_and_number(prepare, rows, entries):
    files = {"w1.csv": "q1,q2\n1,2\n3,4\n", "w2.csv": "item one,item two\n5,\n"}
    table = {
        "path": "w1.csv",
        "row_as_id": "rater_id",
        "fixed": {"unit_id": "North", "rater_role": "customer", "asked_at": "2023-05-01"},
        "scale": [1, 5],
        "unpivot": {"take": ["q1", "q2"], "names_to": "question", "values_to": "answer"},
        "columns": {"item": "question", "score": "answer"},
        "also": {
            "path": "w2.csv",
            "fixed": {"unit_id": "South", "rater_role": "customer"},
            "unpivot": {"take": {"item one": "q1", "item two": "q2"}, "names_to": "question", "values_to": "answer"},
        },
    }
    found = prepare(files, {"practices": table})
    north = {"rater_role": "customer", "unit_id": "North", "asked_at": "2023-05-01"}
    expected = [
        north | {"rater_id": "w1:1", "item": "q1", "score": 1.0},
        north | {"rater_id": "w1:1", "item": "q2", "score": 2.0},
        north | {"rater_id": "w1:2", "item": "q1", "score": 3.0},
        north | {"rater_id": "w1:2", "item": "q2", "score": 4.0},
        {"unit_id": "South", "rater_role": "customer", "rater_id": "w2:1", "item": "q1", "score": 5.0},
    ]
    assert sorted(map(sorted, (r.items() for r in rows(found, "practices"))), key=str) == sorted(
        map(sorted, (r.items() for r in expected)), key=str
    )
    lines = found.ledger.groupby("step")["rows"].sum().to_dict()
    assert lines == {"in": 6, "left out": 1, "out": 5}


def test_files_of_one_table_may_differ_in_columns_scores_codes_and_dates(prepare, rows):
    files = {
        "a.csv": "who,day,nps,csat\nSECRET1,2024-01-05,9,none\n",
        "b.csv": "who;on;rating;team\nSECRET1;06.02.24;4;x\n",
    }
    table = {
        "path": "a.csv",
        "columns": {"customer_id": "who", "answered_at": "day"},
        "scores": {"nps": "nps", "csat": "csat"},
        "also": [
            {
                "path": "b.csv",
                "columns": {"customer_id": "who", "answered_at": "on", "touchpoint": "team"},
                "scores": {"csat": "rating"},
                "date_format": "%d.%m.%y",
            }
        ],
    }
    metrics = {"nps": Metric(scale=(0, 10)), "csat": Metric(scale=(1, 5), missing_codes="none")}
    found = prepare(files, {"responses": table}, metrics=metrics)
    assert rows(found, "responses") == [
        {"customer_id": "SECRET1", "answered_at": "2024-01-05", "metric": "nps", "score": 9.0},
        {"customer_id": "SECRET1", "answered_at": "2024-02-06", "metric": "csat", "score": 4.0, "touchpoint": "x"},
    ]


def test_a_snapshot_of_two_files_keeps_both_files_metrics(prepare, connection):
    files = {"a.csv": "customer_id,left,csat\nSECRET1,no,4\n", "b.csv": "customer_id,left,nps\nSECRET2,yes,9\n"}
    table = {"path": "a.csv", "scores": {"csat": "csat"}, "also": [{"path": "b.csv", "scores": {"nps": "nps"}}]}
    metrics = {"nps": Metric(scale=(0, 10)), "csat": Metric(scale=(1, 5))}
    found = prepare(files, {"snapshot": table}, metrics=metrics)
    frame = connection.to_pandas(found.tables["snapshot"]).set_index("customer_id")
    assert (frame.loc["SECRET1", "csat"], frame.loc["SECRET2", "nps"]) == (4, 9)
    assert pd.isna(frame.loc["SECRET1", "nps"]) and pd.isna(frame.loc["SECRET2", "csat"])


def test_one_row_in_two_tables_is_one_customer(prepare, rows):
    file = {"visits.csv": "area,rating\nA,4\nB,5\n"}
    tables = {
        "customers": {"path": "visits.csv", "row_as_id": "customer_id", "columns": {"unit_id": "area"}},
        "responses": {
            "path": "visits.csv",
            "row_as_id": "customer_id",
            "fixed": {"answered_at": "2024-12-31"},
            "scores": {"csat": "rating"},
        },
    }
    found = prepare(file, tables)
    assert [r["customer_id"] for r in rows(found, "customers")] == ["visits:1", "visits:2"]
    assert {r["customer_id"]: r["score"] for r in rows(found, "responses")} == {"visits:1": 4, "visits:2": 5}


def test_fixed_values_are_read_as_their_kind(prepare, rows):
    table = {
        "path": "p.csv",
        "columns": {"customer_id": "who"},
        "fixed": {"practice": "call", "start_at": "2024-01-31", "planned_share": 0.5, "leader_sponsor": True},
    }
    found = prepare({"p.csv": "who\nSECRET1\n"}, {"programme": table})
    assert rows(found, "programme") == [
        {
            "customer_id": "SECRET1",
            "practice": "call",
            "planned_share": 0.5,
            "start_at": "2024-01-31",
            "leader_sponsor": True,
        }
    ]


def test_what_is_not_there_is_named(prepare):
    found = prepare({"wide.csv": WIDE}, {"firms": FIRMS | {"split": {"Compny": "{a} [{b}]"}}})
    assert str(found.problems[0]) == "firms: there is no column 'Compny'. Did you mean 'Company'?"


@pytest.mark.parametrize(
    ("template", "cell", "parts"),
    [
        ("{a} [{b}]", "Fed Ex \t [Mail]", ("Fed Ex", "Mail")),
        ("{a} [{b}]", "Optimum [Old] [Mail]", ("Optimum [Old]", "Mail")),  # the last place that fits
        ("{a}/{b}", "x/y", ("x", "y")),
        ("{a}+{b} (c)", "1+2 (c)", ("1", "2")),
        ("{a} [{b}]", "Fed Ex", None),
        ("{a}.{b}", "xyz", None),
    ],
)
def test_a_template_takes_its_text_literally(template, cell, parts):
    import re

    found = re.search(template_pattern(template), cell)
    assert (found and tuple(part.strip() for part in found.groups())) == parts


@pytest.mark.parametrize(
    "wrong",
    [
        {"split": {"a": "{b}"}},
        {"split": {"a": "{b}{c}"}},
        {"split": {"a": "{b} {B}"}},
        {"divide": {"revenue": 0}},
        {"multiply": {"revenue": float("nan")}},
        {"combine": {"a": ["b"]}},
        {"unpivot": {"take": [], "names_to": "a", "values_to": "b"}},
        {"also": [{"path": "b.csv", "also": []}]},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong):
    with pytest.raises(ValidationError):
        Source.model_validate({"path": "a.csv", **wrong})


def test_a_further_file_takes_over_what_it_does_not_give():
    source = Source.model_validate(
        {
            "path": "a.csv",
            "columns": {"firm_id": "A"},
            "where": {"column": "x", "in": [1]},
            "also": [{"path": "b.csv", "columns": {"firm_id": "B"}}, {"where": []}],
        }
    )
    own, second, third = source.parts
    assert (own.path, second.path, third.path) == ("a.csv", "b.csv", "a.csv")
    assert (second.columns, second.where) == ({"firm_id": "B"}, own.where)
    assert (third.columns, third.where) == (own.columns, ())
    again = Source.model_validate(source.model_dump(mode="json", by_alias=True))
    assert again.parts == source.parts
    assert Part.model_validate({"path": "b.csv"}).model_dump() == {"path": "b.csv"}


def test_many_columns_become_the_rows_that_melting_gives(prepare, connection):
    rng = np.random.default_rng(3)
    cells = rng.choice(["1", "2", "5", "", " ", "-99"], size=(40, 120))
    names = [f"item {i}" for i in range(120)]
    wide = pd.DataFrame(cells, columns=names).assign(unit_id=[f"u{i % 7}" for i in range(40)], unused="x")
    table = {
        "path": "wide.csv",
        "row_as_id": "rater_id",
        "fixed": {"rater_role": "leader"},
        "scale": [1, 5],
        "missing_codes": -99,
        "unpivot": {"take": names, "names_to": "item", "values_to": "score"},
    }
    found = prepare({"wide.csv": wide.to_csv(index=False)}, {"practices": table})
    ours = connection.to_pandas(found.tables["practices"])
    theirs = wide.assign(rater_id=[f"wide:{i}" for i in range(1, 41)]).melt(
        ["rater_id", "unit_id"], names, "item", "score"
    )
    theirs = theirs[theirs["score"].isin(["1", "2", "5"])]
    keys = ["rater_id", "unit_id", "item", "score"]
    assert sorted(ours[keys].itertuples(index=False, name=None)) == sorted(
        theirs[keys].astype({"score": float}).itertuples(index=False, name=None)
    )
    steps = found.ledger.groupby("step")["rows"].sum()
    assert (steps["in"], steps["out"]) == (4800, len(theirs))
