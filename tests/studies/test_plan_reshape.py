"""Mistakes in how a plan reshapes files: each is one whole message with its line, before anything is prepared."""

from __future__ import annotations

import pytest

from coroi.errors import PlanError
from coroi.studies.plan import read_plan

GOOD = """\
name: acme
currency: EUR
period: year
metrics:
  csat: {scale: [1, 5]}
tables:
  firms:
    path: wide.csv
    split: {Company: "{firm} [{sector}]"}
    combine: {whole: [firm, sector]}
    unpivot: {take: {"99": 1999, "00": 2000}, names_to: year, values_to: index}
    date_format: "%Y"
    columns: {firm_id: whole, period: year, industry: sector, satisfaction: index}
    divide: {satisfaction: 100}
  responses:
    path: one.csv
    row_as_id: customer_id
    fixed: {answered_at: 2024-12-31, metric: csat}
    columns: {score: Rating}
    also:
      - path: two.csv
        columns: {score: Note, touchpoint: Place}
"""
MISTAKES = [
    ('{Company: "{firm} [{sector}]"}', '{Compny: "{firm} [{sector}]"}', [
        'plan.yaml line 9: tables.firms.split.Compny: "Compny" is not a column of wide.csv. Did you mean '
        "'Company'?"]),
    ('"{firm} [{sector}]"', '"{firm}"', [
        'plan.yaml line 9: tables.firms.split.Company: "{firm}": it names fewer than two parts in braces. Write '
        '"{firm} [{sector}]", say: a name in braces for each part, and what stands between them.']),
    ("{firm} [{sector}]", "{firm} [{Note}]", [
        'plan.yaml line 9: tables.firms.split.Company: there is a column "Note" already. Give the new column another '
        "name.",
        "plan.yaml line 10: tables.firms.combine.whole: \"sector\" is not a column of wide.csv. Known: 00, 99, "
        "Company, Note, firm, note.",
        "plan.yaml line 13: tables.firms.columns.industry: \"sector\" is not a column of wide.csv. Known: "
        "Company, Note, firm, index, note, whole, year."]),
    ("combine: {whole: [firm, sector]}", "combine: {whole: [firm]}", [
        'plan.yaml line 10: tables.firms.combine.whole: ["firm"] is not a list of at least two columns, such as '
        "[company, sector]."]),
    ("combine: {whole: [firm, sector]}", "combine: {whole: [firm, sektor]}", [
        'plan.yaml line 10: tables.firms.combine.whole: "sektor" is not a column of wide.csv. Did you mean '
        "'sector'?"]),
    ("names_to: year", "names_to: company", [
        'plan.yaml line 11: tables.firms.unpivot.names_to: there is a column "company" already. Give the new column '
        "another name.",
        "plan.yaml line 13: tables.firms.columns.period: \"year\" is not a column of wide.csv. Known: Company, "
        "company, firm, index, note, sector, whole."]),
    ("names_to: year", "names_too: year", [
        "plan.yaml line 11: tables.firms.unpivot.names_to: is missing. Give a name for the column that takes the "
        "columns' names.",
        "plan.yaml line 11: tables.firms.unpivot.names_too: `unpivot` has no key of this name. Did you mean "
        "'names_to'?"]),
    ('take: {"99": 1999, "00": 2000}', 'take: {"99": 1999, "01": 2001}', [
        "plan.yaml line 11: tables.firms.unpivot.take.01: \"01\" is not a column of wide.csv. Known: 00, 99, "
        "Company, firm, note, sector, whole."]),
    ('take: {"99": 1999, "00": 2000}', "take: 1999", [
        "plan.yaml line 11: tables.firms.unpivot.take: 1999 is not a list of columns, or a mapping of columns to what "
        "`names_to` is to hold."]),
    ("divide: {satisfaction: 100}", "divide: {satisfaction: 0}", [
        "plan.yaml line 14: tables.firms.divide.satisfaction: 0: it is 0 or has no end. Write 100 under `divide` for "
        "numbers in per cent, say."]),
    ("divide: {satisfaction: 100}", "divide: {industry: 100}", [
        "plan.yaml line 14: tables.firms.divide.industry: this is not a column of numbers of firms. Known: "
        "earnings, market_value, revenue, satisfaction."]),
    ('"%Y"', '"%d"', [
        'plan.yaml line 12: tables.firms.date_format: "%d" is not a pattern of a date: it does not tell the year, or '
        'tells a day without its month. Write "%d.%m.%Y", say.']),
    ("row_as_id: customer_id", "row_as_id: customer", [
        'plan.yaml line 17: tables.responses.row_as_id: "customer" is not an id of responses. Did you mean '
        "'customer_id'?",
        "plan.yaml line 19: tables.responses.columns.customer_id: is missing: no column of one.csv is mapped to it or "
        "has its name. Add the line `customer_id: …`; who: the person or firm, not the order.",
        "plan.yaml line 22: tables.responses.also[1].columns.customer_id: is missing: no column of two.csv is mapped "
        "to it or has its name. Add the line `customer_id: …`; who: the person or firm, not the order."]),
    ("answered_at: 2024-12-31", "answered_at: 2024", [
        "plan.yaml line 18: tables.responses.fixed.answered_at: 2024 is not a date such as 2024-01-31. Write year, "
        "month and day."]),
    ("metric: csat}", "metric: nps}", [
        'plan.yaml line 18: tables.responses.fixed.metric: "nps" is not one of the plan\'s metrics. '
        "Known: csat."]),
    ("metric: csat}", "metric: csat, score: 3}", [
        "plan.yaml line 18: tables.responses.fixed.score: a column of the file is mapped to it too. Keep one of the "
        "two."]),
    ("columns: {score: Note,", "columns: {score: Nota,", [
        "plan.yaml line 22: tables.responses.also[1].columns.score: \"Nota\" is not a column of two.csv. Did you mean "
        "'Note'?"]),
    ("        columns: {score: Note,", "        colums: {score: Note,", [
        "plan.yaml line 22: tables.responses.also[1].colums: a further file has no key of this name. Did you mean "
        "'columns'?"]),
    ("- path: two.csv", "- path: tow.csv", [
        "plan.yaml line 21: tables.responses.also[1].path: \"tow.csv\": no such file in '{folder}'. Did you mean "
        "'two.csv'?"]),
    ("- path: two.csv", "- path: two.csv\n        scale: [1, 5]", [
        "plan.yaml line 22: tables.responses.also[1].scale: it differs from the table's own. Leave it out: a table has "
        "only one.",
        "plan.yaml line 22: tables.responses.also[1].scale: responses holds no scores of its own. Give scales of "
        "metrics under `metrics`."]),
    ("- path: two.csv", "- path: two.csv\n        date_format: '%Y'", [
        'plan.yaml line 22: tables.responses.also[1].date_format: "%Y" is not a pattern of a date: it does not tell '
        'year, month and day. Write "%d.%m.%Y", say.']),
]  # fmt: skip


@pytest.fixture
def read(tmp_path):
    (tmp_path / "wide.csv").write_text("Company,99,00,note\nAcme [Toys],70,71,\n")
    (tmp_path / "one.csv").write_text("Rating\n5\n")
    (tmp_path / "two.csv").write_text("Note,Place\n4,Gate\n")

    def read(text):
        (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
        return read_plan(tmp_path / "plan.yaml", known_studies={})

    return read


def test_a_plan_that_reshapes_its_files_is_read(read):
    plan = read(GOOD).plan
    assert plan.tables["firms"].unpivot.take == {"99": "1999", "00": "2000"}
    assert [part.columns["score"] for part in plan.tables["responses"].parts] == ["Rating", "Note"]


@pytest.mark.parametrize(("old", "new", "expected"), MISTAKES, ids=[f"{new[:45]!r}" for _, new, _ in MISTAKES])
def test_each_mistake_is_told_with_its_line(read, tmp_path, old, new, expected):
    assert GOOD.count(old) == 1
    with pytest.raises(PlanError) as refused:
        read(GOOD.replace(old, new))
    assert [str(p) for p in refused.value.problems] == [e.replace("{folder}", str(tmp_path)) for e in expected]
