"""A plan that is right is read as written; each mistake is one whole message with its line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from coroi.errors import PlanError
from coroi.studies.plan import read_plan

GOOD = """\
name: acme
currency: EUR
period: month
metrics:
  nps: {scale: [0, 10]}
tables:
  customers:
    path: customers.csv
    columns: {customer_id: Account ID}
  responses:
    path: responses.csv
    columns:
      customer_id: Account ID
      answered_at: Answered
    scores:
      nps: Score
studies:
  readiness:
  retention:
    metric: nps
"""
RETENTION = [
    'metric: str = ""  # Metric to band customers by; empty takes the first.\n',
    "horizon: int = 0  # [0, 120] Periods; 0 takes the plan's.\n",
]


def write_notebook(path: Path, lines: list[str]) -> Path:
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": lines, "outputs": []}
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


@pytest.fixture
def studies(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    return {
        "readiness": write_notebook(folder / "readiness.ipynb", []),
        "retention": write_notebook(folder / "retention.ipynb", RETENTION),
    }


@pytest.fixture
def read(tmp_path, studies):
    """Write a plan beside two small exports, and read it."""
    (tmp_path / "customers.csv").write_text("Account ID,Region,Joined\nA1,North,2023-01-01\n")
    (tmp_path / "responses.csv").write_text("Account ID,Answered,Score,Question,Order\nA1,2023-05-01,9,NPS,7\n")
    (tmp_path / "orders.csv").write_text("Order,Customer,When,Paid,Score\n7,A1,2023-04-01,10.5,3\n")

    def read(text, **keywords):
        (tmp_path / "plan.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_plan(tmp_path / "plan.yaml", known_studies=studies, **keywords)

    return read


@pytest.fixture
def messages(read):
    """Return the messages that a plan is refused with."""

    def messages(text, **keywords):
        with pytest.raises(PlanError) as refused:
            read(text, **keywords)
        assert str(refused.value).splitlines() == [str(p) for p in refused.value.problems]
        return [str(p) for p in refused.value.problems]

    return messages


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_a_good_plan_is_read_with_its_defaults_and_lines(read, tmp_path):
    loaded = read(GOOD)
    plan = loaded.plan
    assert (plan.name, plan.currency, plan.period, plan.seed) == ("acme", "EUR", "month", 1)
    assert (plan.grace_days, plan.horizon, plan.discount_rate_annual, plan.smallest_effect) == (30, 12, 0.10, 0.01)
    assert plan.tables["responses"].scores == {"nps": "Score"}
    assert (loaded.base, loaded.path) == (tmp_path, tmp_path / "plan.yaml")
    assert loaded.lines["tables", "responses", "columns", "answered_at"] == 14
    assert plan.studies == {"readiness": {}, "retention": {"metric": "nps"}}
    assert loaded.study_parameters("retention") == {"metric": "nps"}
    assert loaded.own_notebook("retention") is None


def test_words_that_yaml_would_turn_stay_as_they_are_written(read):
    text = GOOD + "observed_from: 2023-01-01\nexit_flags:\n  crm:\n    path: customers.csv\n"
    text += (
        "    columns: {customer_id: Account ID, flag: Region}\n    values: {flag: {Yes: true, No: false, 007: true}}\n"
    )
    text += "    where: {column: Region, in: [No, 007, 1, 1.5, null, true]}\n"
    plan = read(text).plan
    assert plan.observed_from == date(2023, 1, 1)
    assert plan.exit_flags["crm"].values == {"flag": {"Yes": True, "No": False, "007": True}}
    assert plan.exit_flags["crm"].where[0].values == ("No", "007", 1, 1.5, None, True)
    assert [type(v) for v in plan.exit_flags["crm"].where[0].values] == [str, str, int, float, type(None), bool]


def test_data_replaces_the_folder_that_paths_start_from(read, messages, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("customers.csv", "responses.csv"):
        (tmp_path / name).rename(elsewhere / name)
    assert read(GOOD, data=elsewhere).base == elsewhere
    assert messages(GOOD, data=tmp_path / "none") == [
        f"{tmp_path / 'none'}: this is not a folder. Give the folder that holds the data files."
    ]


def test_absolute_paths_globs_marks_and_columns_of_our_name_are_fine(read, tmp_path):
    (tmp_path / "a_2023.csv").write_text("customer_id,answered_at,metric,score\nA1,2023-05-01,nps,9\n")
    text = GOOD[: GOOD.index("  customers:")] + f"  responses: {{path: '{tmp_path}/a_*.csv'}}\n"
    assert read(b"\xef\xbb\xbf" + text.encode()).plan.tables["responses"].columns == {}


def test_a_researcher_s_own_notebook_is_found_beside_the_plan_and_checked(read, messages, tmp_path):
    write_notebook(tmp_path / "mine.ipynb", ["level: float = 0.9  # [0.5, 0.99] Level of the interval.\n"])
    text = GOOD + "  mine:\n    notebook: mine.ipynb\n    level: 0.8\n"
    loaded = read(text)
    assert loaded.own_notebook("mine") == tmp_path / "mine.ipynb"
    assert loaded.study_parameters("mine") == {"level": 0.8}
    assert messages(text.replace("0.8", "1.5")) == [
        "plan.yaml line 23: studies.mine.level: 1.5 is not a number from 0.5 to 0.99."
    ]
    assert messages(text.replace("mine.ipynb", "mien.ipynb")) == [
        "plan.yaml line 22: studies.mine.notebook: \"mien.ipynb\": there is no such file. Did you mean 'mine.ipynb'?"
    ]
    write_notebook(tmp_path / "mine.ipynb", ["level = 0.9  # Level.\n"])
    assert messages(text) == [
        "mine.ipynb cell 1 line 1: 'level' has no type. Write one `name: type = default  # sentence` a line; "
        "types: int, float, str, bool."
    ]


def test_derived_values(read):
    plan = read(GOOD).plan
    assert plan.relationship_or_default == "snapshot"
    assert plan.metric_age_limit_or_default == 12
    assert (1 + plan.periods_discount_rate) ** 12 == pytest.approx(1.10, rel=1e-12)
    weekly = read(changed("month", "week") + "metric_age_limit: 7\ndiscount_rate_annual: 0\n").plan
    assert (weekly.periods_discount_rate, weekly.metric_age_limit_or_default) == (0.0, 7)
    assert read(changed("month", "week")).plan.metric_age_limit_or_default == 52


@pytest.mark.parametrize(
    ("tables", "expected"),
    [("subscriptions transactions", "contract"), ("transactions", "repeat_purchase"), ("snapshot", "snapshot")],
)
def test_the_relationship_is_told_from_the_tables(read, tables, expected):
    sources = {
        "subscriptions": "{path: orders.csv, columns: {customer_id: Customer, start_at: When}}",
        "transactions": "{path: orders.csv, columns: {customer_id: Customer, occurred_at: When}}",
        "snapshot": "{path: orders.csv, columns: {customer_id: Customer, left: Paid}}",
    }
    text = GOOD[: GOOD.index("  customers:")] + "".join(f"  {t}: {sources[t]}\n" for t in tables.split())
    assert read(text).plan.relationship_or_default == expected


SINGLE = [
    ("name: acme", "name: Acme Ltd", 'plan.yaml line 1: name: "Acme Ltd" is not a name made of lower-case letters, '
     "digits, '-' and '_', at most 64, beginning with a letter or digit."),
    ("name: acme\n", "", "plan.yaml line 1: name: is missing. Give a name made of lower-case letters, digits, '-' "
     "and '_', at most 64, beginning with a letter or digit."),
    ("currency: EUR", "currency: eur", 'plan.yaml line 2: currency: "eur" is not three capital letters such as EUR. '
     "Did you mean 'EUR'?"),
    ("currency: EUR", "currencey: EUR\ncurrency: EUR", "plan.yaml line 2: currencey: a plan has no key of this name. "
     "Did you mean 'currency'?"),
    ("currency: EUR", "currency:", "plan.yaml line 2: currency: is missing. Give three capital letters such as EUR."),
    ("currency: EUR", "currency: EUR\ncurrency: USD", "plan.yaml line 3: currency: stands twice; first on line 2. "
     "Keep one."),
    ("period: month", "period: monthly", 'plan.yaml line 3: period: "monthly" is not one of week, month, quarter, '
     "year. Did you mean 'month'?"),
    ("period: month", "period: month\nhorizon: 2.5", "plan.yaml line 4: horizon: 2.5 is not a whole number of "
     "periods, 1 to 600."),
    ("period: month", "period: month\nhorizon: true", "plan.yaml line 4: horizon: true is not a whole number of "
     "periods, 1 to 600."),
    ("period: month", 'period: month\ngrace_days: "30"', 'plan.yaml line 4: grace_days: "30" is not a whole number '
     "of days, 0 to 3660."),
    ("period: month", "period: month\ngrace_days: -1", "plan.yaml line 4: grace_days: -1 is not a whole number of "
     "days, 0 to 3660."),
    ("period: month", "period: month\ndiscount_rate_annual: 10", "plan.yaml line 4: discount_rate_annual: 10 is not "
     "a yearly rate from 0 to below 1. 10 means 1,000 %; write 0.10 for 10 %."),
    ("period: month", "period: month\ndiscount_rate_annual: -0.1", "plan.yaml line 4: discount_rate_annual: -0.1 is "
     "not a yearly rate from 0 to below 1."),
    ("period: month", "period: month\ndiscount_rate_annual: 1e999", "plan.yaml line 4: discount_rate_annual: this "
     "number is too large. Write a finite number."),
    ("period: month", "period: month\nsmallest_effect: 0", "plan.yaml line 4: smallest_effect: 0 is not a share "
     "above 0 and below 1, such as 0.01 for one percentage point."),
    ("period: month", "period: month\nsmallest_effect: 2", "plan.yaml line 4: smallest_effect: 2 is not a share "
     "above 0 and below 1, such as 0.01 for one percentage point. 2 means 200 percentage points; write 0.02 for 2 "
     "percentage points."),
    ("period: month", "period: month\nobserved_from: 31.01.2024", "plan.yaml line 4: observed_from: \"31.01.2024\" "
     "is not a date such as 2024-01-31."),
    ("period: month", "period: month\nobserved_from: 2024-02-30", "plan.yaml line 4: observed_from: \"2024-02-30\" "
     "is not a date such as 2024-01-31."),
    ("period: month", "period: month\nobserved_from: 2024-02-01\nobserved_until: 2024-01-31", "plan.yaml line 5: "
     "observed_until: \"2024-01-31\" is before observed_from, \"2024-02-01\". Exchange the two, or correct one."),
    ("period: month", "period: month\nrelationship: contract", "plan.yaml line 4: relationship: \"contract\" needs "
     "the table `subscriptions`, which the plan does not name. Add it to `tables`, or leave `relationship` out to have "
     "it told from the tables."),
    ("period: month", "period: month\nrelationship: contracts", "plan.yaml line 4: relationship: \"contracts\" is "
     "not one of contract, repeat_purchase, snapshot. Did you mean 'contract'?"),
    ("period: month", "period: month\ncontract_prices: besides_transactions", "plan.yaml line 4: contract_prices: "
     "\"besides_transactions\" is not one of in_transactions, beside_transactions. Did you mean "
     "'beside_transactions'?"),
    ("period: month", "period: month\ncontract_prices: true", "plan.yaml line 4: contract_prices: true is not one of "
     "in_transactions, beside_transactions."),
    ("nps: {scale: [0, 10]}", "nps: {scale: [10, 0]}", "plan.yaml line 5: metrics.nps.scale: [10, 0]: the lower end "
     "10 is not below the upper end 0. Write the lower end first."),
    ("nps: {scale: [0, 10]}", "nps: {scale: [0, ten]}", "plan.yaml line 5: metrics.nps.scale: [0, \"ten\"] is not "
     "the two ends of a scale, such as [0, 10]."),
    ("nps: {scale: [0, 10]}", "nps: {scale: [0]}", "plan.yaml line 5: metrics.nps.scale: [0] is not the two ends of "
     "a scale, such as [0, 10]."),
    ("nps: {scale: [0, 10]}", "nps: {scale: [0, 10], higher_is: good}", "plan.yaml line 5: metrics.nps.higher_is: "
     '"good" is not one of better, worse.'),
    ("nps: {scale: [0, 10]}", "nps: {}", "plan.yaml line 5: metrics.nps.scale: is missing. Give the two ends of a "
     "scale, such as [0, 10]."),
    ("nps: {scale: [0, 10]}", "nps: {scale: [0, 10], bands: [8, 6]}", "plan.yaml line 5: metrics.nps.bands: the "
     "edges [8, 6] do not rise. Write each edge once, rising."),
    ("nps: {scale: [0, 10]}", "nps: {scale: [0, 10], bands: [6, 10]}", "plan.yaml line 5: metrics.nps.bands[2]: 10 "
     "is no upper edge on the scale [0, 10]. An edge is at least 0 and below 10: the last band reaches the scale's end "
     "by itself."),
    ("nps: {scale: [0, 10]}", "nps: {scale: [0, 10]}\n  C-SAT: {scale: [1, 5]}", "plan.yaml line 6: metrics.C-SAT: "
     "this name cannot be used. A name here has lower-case letters, digits and '_', at most 40, beginning with a "
     "letter."),
    ("nps: {scale: [0, 10]}", "nps: {scale: [0, 10]}\n  revenue: {scale: [1, 5]}", "plan.yaml line 6: "
     "metrics.revenue: a column has this name already. Call it 'revenue_score', say."),
    ("nps: {scale: [0, 10]}", "nps: {scale: [0, 10]}\n  nps_n_to_date: {scale: [1, 5]}", "plan.yaml line 6: "
     "metrics.nps_n_to_date: a column has this name already. Call it 'nps_n_to_date_score', say."),
    ("  customers:", "  custmers:", "plan.yaml line 7: tables.custmers: there is no table of this name. Did you mean "
     "'customers'?"),
    ("path: customers.csv", "path: custmers.csv", "plan.yaml line 8: tables.customers.path: \"custmers.csv\": no such "
     "file in '{folder}'. Did you mean 'customers.csv'?"),
    ("path: customers.csv", "paths: customers.csv\n    path: customers.csv", "plan.yaml line 8: "
     "tables.customers.paths: a table has no key of this name. Did you mean 'path'?"),
    ("path: customers.csv", "path: 5", "plan.yaml line 8: tables.customers.path: 5 is not the path of a file, or a "
     "glob, as text."),
    ("path: customers.csv", "path: customers.csv\n    format: exel", "plan.yaml line 9: tables.customers.format: "
     '"exel" is not one of csv, parquet, xlsx.'),
    ("path: customers.csv", "path: customers.csv\n    delimiter: comma", "plan.yaml line 9: "
     'tables.customers.delimiter: "comma" is not one character. Write ";", "\\t" or whitespace, say, or leave it out '
     "to have it told."),
    ("path: customers.csv", "path: customers.csv\n    names: Account ID", "plan.yaml line 9: tables.customers.names: "
     '"Account ID" is not a list of all columns\' names in order, for a file without a header line.'),
    ("path: customers.csv", "path: customers.csv\n    names: [Account ID, 2, Joined]", "plan.yaml line 9: "
     'tables.customers.names: ["Account ID", 2, "Joined"] is not a list of all columns\' names in order, for a file '
     "without a header line."),
    ("path: customers.csv", "path: customers.csv\n    names: [Account ID, Region]", "plan.yaml line 8: "
     'tables.customers.path: "customers.csv": `names` gives 2, but the first line has 3 fields. Name every column, in '
     "the file's order, or correct `delimiter`."),
    ("path: customers.csv", "path: customers.csv\n    names: [Account ID, Region, Joined]", "plan.yaml line 8: "
     'tables.customers.path: "customers.csv": the first line holds the names that `names` gives. Leave `names` out.'),
    ("path: customers.csv", "path: customers.csv\n    encoding: latin-99", "plan.yaml line 9: "
     'tables.customers.encoding: "latin-99" is not the name of an encoding. Write utf-8, latin-1 or utf-16, say, or '
     "leave it out."),
    ("path: customers.csv", "path: customers.csv\n    date_format: DD.MM.YYYY", "plan.yaml line 9: "
     'tables.customers.date_format: "DD.MM.YYYY" is not a pattern of a date: it does not tell year, month and day. '
     'Write "%d.%m.%Y", say.'),
    ("path: customers.csv", "path: customers.csv\n    date_format: ['%Y-%m-%d', '%d/%q/%Y']", "plan.yaml line 9: "
     "tables.customers.date_format[2]: \"%d/%q/%Y\" is not a pattern of a date: '%q' is not one of %Y, %y, %m, %d, "
     '%b, %B, %H, %I, %M, %S, %f, %p, %z, %Z. Write "%d.%m.%Y", say.'),
    ("path: customers.csv", "path: customers.csv\n    scores: {nps: Region}", "plan.yaml line 9: "
     "tables.customers.scores: customers holds no scores. Move it to `responses`."),
    ("path: customers.csv", "path: customers.csv\n    group: segment", "plan.yaml line 9: tables.customers.group: "
     '"segment" is not an id of one row of customers. Nothing may be given here.'),
    ("columns: {customer_id: Account ID}", "columns: {customer_id: Acount ID}", "plan.yaml line 9: "
     "tables.customers.columns.customer_id: \"Acount ID\" is not a column of customers.csv. Did you mean "
     "'Account ID'?"),
    ("columns: {customer_id: Account ID}", "columns: {customer_id: Account ID, region: Region}", "plan.yaml line 9: "
     "tables.customers.columns.region: this is not a column of customers. Known: customer_id, joined_at, segment, "
     "unit_id."),
    ("columns: {customer_id: Account ID}", "columns: {segment: Region}", "plan.yaml line 9: "
     "tables.customers.columns.customer_id: is missing: no column of customers.csv is mapped to it or has its name. "
     "Add the line `customer_id: …`; who: the person or firm, not the order."),
    ("columns: {customer_id: Account ID}", "columns: [Account ID]", "plan.yaml line 9: tables.customers.columns: "
     '["Account ID"] is not a mapping of our columns to the file\'s.'),
    ("columns: {customer_id: Account ID}", "columns: {customer_id: 5}", "plan.yaml line 9: "
     "tables.customers.columns.customer_id: 5 is not the name of a column, in quotes if it is a number."),
    ("      answered_at: Answered\n", "", "plan.yaml line 12: tables.responses.columns.answered_at: is missing: no "
     "column of responses.csv is mapped to it or has its name. Add the line `answered_at: …`; when it was answered."),
    ("      nps: Score", "      npss: Score", "plan.yaml line 16: tables.responses.scores.npss: \"npss\" is not one of "
     "the plan's metrics. Did you mean 'nps'?"),
    ("      nps: Score", "      nps: Skore", "plan.yaml line 16: tables.responses.scores.nps: \"Skore\" is not a "
     "column of responses.csv. Did you mean 'Score'?"),
    ("    scores:\n      nps: Score\n", "", "plan.yaml line 10: tables.responses.scores: neither `scores` nor the "
     "columns metric and score are given; no metric and no score here. Write `scores: {nps: the column with the "
     "answers}`, say."),
    ("      answered_at: Answered\n", "      answered_at: Answered\n      score: Score\n", "plan.yaml line 15: "
     "tables.responses.columns.score: `scores` is given too, and says which column holds which metric. Keep one of the "
     "two."),
    ("    scores:\n", "    where: {column: Question, in: NPS}\n    scores:\n", "plan.yaml line 15: "
     'tables.responses.where.in: "NPS" is not a list of values, such as [paid, shipped].'),
    ("    scores:\n", "    where: {column: Questoin, in: [NPS]}\n    scores:\n", "plan.yaml line 15: "
     "tables.responses.where.column: \"Questoin\" is not a column of responses.csv. Did you mean 'Question'?"),
    ("    scores:\n", "    where:\n      - column: Question\n    scores:\n", "plan.yaml line 16: "
     "tables.responses.where[1]: this filter names no values. Give `in: [...]` or `not_in: [...]`."),
    ("    scores:\n", "    values: {touchpoint: {NPS: mail}}\n    scores:\n", "plan.yaml line 15: "
     "tables.responses.values.touchpoint: no column of responses.csv is mapped to touchpoint or has its name. Add the "
     "line `touchpoint: …` to `columns`."),
    ("    scores:\n", "    values: {nps: {great: ten}}\n    scores:\n", "plan.yaml line 15: "
     'tables.responses.values.nps.great: "ten" is not a number. score: the answer.'),
    ("    scores:\n", "    values: {touchpont: {NPS: mail}}\n    scores:\n", "plan.yaml line 15: "
     "tables.responses.values.touchpont: this is not a column of responses. Did you mean 'touchpoint'?"),
    ("    scores:\n", "    join: {path: orders.csv, on: {Ordr: Order}}\n    scores:\n", "plan.yaml line 15: "
     "tables.responses.join.on.Ordr: \"Ordr\" is not a column of the table it is joined to. Did you mean 'Order'?"),
    ("    scores:\n", "    join: {path: orders.csv}\n    scores:\n", "plan.yaml line 15: tables.responses.join.on: is "
     "missing. Give a column's name, or a mapping of the name here to the name there."),
    ("    scores:\n", "    join: {path: orders.csv, on: {Order: order}}\n    scores:\n", "plan.yaml line 15: "
     "tables.responses.join.on.Order: \"order\" is not a column of orders.csv. Did you mean 'Order'?"),
    ("    scores:\n", "    join:\n      - {path: ordrs.csv, on: Order}\n    scores:\n", "plan.yaml line 16: "
     "tables.responses.join[1].path: \"ordrs.csv\": no such file in '{folder}'. Did you mean 'orders.csv'?"),
    ("    scores:\n",
     "    join:\n      - {path: orders.csv, on: Order, where: [{column: Pad, in: [1]}]}\n    scores:\n",
     "plan.yaml line 16: tables.responses.join[1].where[1].column: \"Pad\" is not a column of orders.csv. Did you mean "
     "'Paid'?"),
    ("  readiness:\n", "  readyness:\n", "plan.yaml line 18: studies.readyness: there is no study of this name. Did "
     "you mean 'readiness'? For a notebook of your own, give its path as `notebook`."),
    ("  readiness:\n", "  readiness: [1]\n", "plan.yaml line 18: studies.readiness: [1] is not a mapping of parameters "
     "to values."),
    ("  readiness:\n", "  readiness: {notebook: a.ipynb}\n", "plan.yaml line 18: studies.readiness: coroi has a study "
     "of this name. Give the notebook's study another name."),
    ("  readiness:\n", "  mine: {notebook: a.py}\n", "plan.yaml line 18: studies.mine.notebook: \"a.py\" is not the "
     "path of a notebook. Give a file that ends in .ipynb, relative to the plan."),
    ("    metric: nps", "    metrc: nps", "plan.yaml line 20: studies.retention.metrc: the notebook has no parameter "
     "of this name. Did you mean 'metric'?"),
    ("    metric: nps", "    metric: csat", "plan.yaml line 20: studies.retention.metric: \"csat\" is not one of the "
     "plan's metrics. Known: nps."),
    ("    metric: nps", "    metric: nps\n    horizon: 200", "plan.yaml line 21: studies.retention.horizon: 200 is not "
     "a whole number from 0 to 120."),
    ("    metric: nps", "    metric: [nps]", "plan.yaml line 20: studies.retention.metric: [\"nps\"] is not a single "
     "value: text, a number, true or false."),
    ("    metric: nps", "    metric:", "plan.yaml line 20: studies.retention.metric: nothing is not text. Leave it "
     'out to take "".'),
]  # fmt: skip


OTHER = [
    ("practices", "unit_id,rater_role,item,score", "", "plan.yaml line 9: tables.practices.scale: is missing. Give the "
     "two ends of the scores of practices: [1, 5], say."),
    ("practices", "unit_id,rater_role,item,score", "scale: [5, 1]", "plan.yaml line 11: tables.practices.scale: "
     "[5, 1]: the lower end 5 is not below the upper end 1. Write the lower end first."),
    ("practices", "unit_id,rater_role,item,score", "scale: [1, 5]\n    values: {rater_role: {Boss: ledger}}",
     'plan.yaml line 12: tables.practices.values.rater_role.Boss: "ledger" is not one of the words that rater_role may '
     "hold. Did you mean 'leader'?"),
    ("advice", "customer_id,advised_at,advised_away", "scale: [1, 5]", "plan.yaml line 11: tables.advice.scale: advice "
     "holds no scores of its own. Leave it out."),
    ("responses", "customer_id,answered_at,metric,score", "scale: [1, 5]", "plan.yaml line 11: tables.responses.scale: "
     "responses holds no scores of its own. Give scales of metrics under `metrics`."),
    ("programme", "practice,start_at", "", "plan.yaml line 9: tables.programme.columns: no column of other.csv is "
     "mapped to any of unit_id, customer_id or has its name. Map at least one of them."),
    ("costs", "occurred_at,kind,amount", "values: {kind: {IT: server}}", "plan.yaml line 11: "
     "tables.costs.values.kind.IT: \"server\" is not one of the words that kind may hold. Did you mean 'serve'?"),
    ("referrals", "customer_id,new_customer_id,referred_at", "group: new_customer_id", "plan.yaml line 11: "
     'tables.referrals.group: "new_customer_id" is not an id of one row of referrals. Nothing may be given here.'),
]  # fmt: skip


@pytest.mark.parametrize(("table", "header", "line", "expected"), OTHER)
def test_a_mistake_in_a_table_beside_the_panel_s(messages, tmp_path, table, header, line, expected):
    (tmp_path / "other.csv").write_text(header + "\n")
    head = "name: acme\ncurrency: EUR\nperiod: month\nmetrics: {}\n\n\n\ntables:\n"
    assert messages(f"{head}  {table}:\n    path: other.csv\n    {line}\n") == [expected]


def test_a_metric_may_bear_the_name_of_a_column_that_it_never_stands_beside(read):
    two = changed("  nps: {scale: [0, 10]}", "  nps: {scale: [0, 10]}\n  satisfaction: {scale: [1, 5]}")
    assert list(read(two).plan.metrics) == ["nps", "satisfaction"]


@pytest.mark.parametrize(("old", "new", "expected"), SINGLE, ids=[f"{new.strip()[:50]!r}" for _, new, _ in SINGLE])
def test_each_mistake_is_one_whole_message(messages, tmp_path, old, new, expected):
    assert messages(changed(old, new)) == [expected.replace("{folder}", str(tmp_path))]


def test_all_mistakes_of_all_kinds_are_told_together_in_the_file_s_order(messages):
    text = """\
nam: acme
currency: euro
period: months
discount_rate_annual: 10
discount_rate_annual: 0.1
metrics:
  nps: {scale: [10, 0]}
tables:
  customers:
    path: customers.csv
    columns: {customer_id: Acount ID}
  responses: {pth: responses.csv}
  orders: {path: orders.csv}
studies:
  retention: {metric: npx, horizn: 3}
"""
    assert messages(text) == [
        "plan.yaml line 1: name: is missing. Give a name made of lower-case letters, digits, '-' and '_', at most 64, "
        "beginning with a letter or digit.",
        "plan.yaml line 1: nam: a plan has no key of this name. Did you mean 'name'?",
        'plan.yaml line 2: currency: "euro" is not three capital letters such as EUR.',
        "plan.yaml line 3: period: \"months\" is not one of week, month, quarter, year. Did you mean 'month'?",
        "plan.yaml line 4: discount_rate_annual: 10 is not a yearly rate from 0 to below 1. 10 means 1,000 %; write "
        "0.10 for 10 %.",
        "plan.yaml line 5: discount_rate_annual: stands twice; first on line 4. Keep one.",
        "plan.yaml line 7: metrics.nps.scale: [10, 0]: the lower end 10 is not below the upper end 0. Write the lower "
        "end first.",
        'plan.yaml line 11: tables.customers.columns.customer_id: "Acount ID" is not a column of customers.csv. Did '
        "you mean 'Account ID'?",
        "plan.yaml line 12: tables.responses.path: is missing. Give the path of a file, or a glob, as text.",
        "plan.yaml line 12: tables.responses.pth: a table has no key of this name. Did you mean 'path'?",
        "plan.yaml line 13: tables.orders: there is no table of this name. Known: advice, changes, competitors, "
        "costs, customers, factors, firm_returns, firms, practices, programme, recognition, referrals ….",
        "plan.yaml line 15: studies.retention.metric: \"npx\" is not one of the plan's metrics. Did you mean 'nps'?",
        "plan.yaml line 15: studies.retention.horizn: the notebook has no parameter of this name. Did you mean "
        "'horizon'?",
    ]


def test_joins_chain_and_name_columns_as_they_are_read(read, messages):
    join = (
        "    join:\n      - {path: orders.csv, on: Order}\n      - {path: customers.csv, on: {Customer: Account ID}}\n"
    )
    text = changed("    scores:\n      nps: Score\n", join + "    scores:\n      nps: orders.Score\n")
    assert read(text).plan.tables["responses"].join[1].keys == {"Customer": "Account ID"}
    assert messages(text.replace("answered_at: Answered", "answered_at: Whn")) == [
        'plan.yaml line 14: tables.responses.columns.answered_at: "Whn" is not a column of responses.csv or what it '
        "joins. Did you mean 'When'?"
    ]


def test_exit_flags_are_checked_as_tables_are(messages):
    text = (
        GOOD + "exit_flags:\n  crm:\n    path: customers.csv\n    columns: {customer_id: Account ID, flagg: Region}\n"
    )
    text += "    values: {flag: {North: gone}}\n"
    assert messages(text) == [
        "plan.yaml line 24: exit_flags.crm.columns.flagg: this is not a column of exit_flags. Did you mean 'flag'?",
        'plan.yaml line 25: exit_flags.crm.values.flag.North: "gone" is not true or false. flag: whether it says so; '
        "without this column every row does.",
        "plan.yaml line 25: exit_flags.crm.values.flag: no column of customers.csv is mapped to flag or has its name. "
        "Add the line `flag: …` to `columns`.",
    ]


def test_an_unusable_file_is_a_problem_of_its_path(messages, tmp_path):
    (tmp_path / "customers.csv").write_text("")
    assert messages(GOOD) == [
        'plan.yaml line 8: tables.customers.path: "customers.csv": the file is empty. Export it again, or take it out '
        "of the plan."
    ]
