"""Two runs of one plan: the first forecasts, the second has newer data and tells on its page how that came true."""

from __future__ import annotations

import html
import json
import re

import nbformat
import pandas as pd
import pytest
import yaml
from small_company import COLUMNS, contracts

from coroi.studies.runner import run_plan

pytestmark = pytest.mark.slow
NOTEBOOK = """\
import coroi
from coroi import report
from coroi.inference.forecasts import forecast_series
from coroi.studies.forecast_audit import audit_card, audit_of, audit_table, audit_words
from coroi.studies.predictions import prediction_rows
inputs = coroi.open_inputs()
panel = inputs.connection.to_pandas(inputs.panel.data[["period", "exited", "at_risk"]])
panel = panel[(panel["at_risk"] == 1) & (panel["period"] <= str(inputs.panel.last_complete_period))]
rates = panel.groupby("period")["exited"].mean()
told = {"name": "exit_rate", "label": "Share of customers who leave in a month"}
audit = audit_of(inputs, "stay", rates.rename("observed").reset_index().assign(**told))
---
last = {"last_period": rates.index[-1].date(), "frequency": inputs.plan.period}
forecasts = forecast_series(rates.to_numpy(), range(1, 4), bounds=(0, 1))
inputs.predict(prediction_rows(forecasts, **told, unit="share", **last))
report.headline(report.Answer("They stay.", audit_card(audit)))
---
report.prose(audit_words(audit))
---
audit_table(audit)
---
print(inputs.reports, inputs.output)
"""


def write_company(folder):
    """Write a company that loses two customers or three in each month of two years."""
    ends = [(2 + month % 2, None, f"{2022 + month // 12}-{month % 12 + 1:02d}-15") for month in range(24)]
    tables = contracts([(60, 9, ""), *ends], start="2021-12-01")
    for name, rows in tables.items():
        pd.DataFrame(rows, columns=list(COLUMNS[name])).to_csv(folder / f"{name}.csv", index=False)


def write_plan(folder, until):
    plan = {
        "name": "small",
        "currency": "EUR",
        "period": "month",
        "observed_until": until,
        "grace_days": 0,
        "metrics": {"nps": {"scale": [0, 10]}},
        "tables": {name: {"path": f"{name}.csv"} for name in ("subscriptions", "responses")},
        "studies": {"stay": {"notebook": "stay.ipynb"}},
    }
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    return folder / "plan.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    write_company(folder)
    cells = [nbformat.v4.new_code_cell("", metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(source.strip()) for source in NOTEBOOK.split("---")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "stay.ipynb")
    return folder


@pytest.fixture(scope="module")
def two_runs(folder):
    """Run on data until June 2023, then until August 2023."""
    first = run_plan(write_plan(folder, "2023-06-30"), output=folder / "reports")
    return first, run_plan(write_plan(folder, "2023-08-31"), output=folder / "reports")


def text_of(run) -> str:
    (study,) = run.studies
    assert study.status == "ok", study.message
    page = re.sub(r"<[^>]+>", " ", study.page.read_text(encoding="utf-8"))
    return re.sub(r"\s+", " ", html.unescape(page))


def test_the_first_run_keeps_its_forecasts_and_says_that_none_was_made_before(two_runs):
    first, second = two_runs
    assert first.run != second.run
    kept = pd.read_parquet(first.folder / "stay" / "predictions.parquet")
    assert kept["period"].tolist() == ["2023-06-01", "2023-07-01", "2023-08-01"]
    assert kept["data_until"].unique().tolist() == ["2023-06-30"]
    assert "No earlier run has forecast what is observed now." in text_of(first)


def test_the_second_run_tells_on_its_page_how_they_came_true(two_runs):
    first, second = two_runs
    text = text_of(second)
    kept = pd.read_parquet(first.folder / "stay" / "predictions.parquet").set_index("period")
    left = {"2023-06-01": 3 / 78, "2023-07-01": 2 / 75}
    inside = sum(kept.loc[p, "pred_low"] <= rate <= kept.loc[p, "pred_high"] for p, rate in left.items())
    assert f"Earlier forecasts {inside} of 2 came true within their intervals" in text
    assert f"Of 2 forecasts made on data until 30 June 2023, {inside} came true within their" in text
    assert "1 earlier forecast waits for its period." in text
    assert "a test on the past" in text
    assert ["2.67 %" in text, "3.85 %" in text] == [True, True]


def test_manifests_tell_what_was_kept_and_what_was_scored(two_runs):
    first, second = (json.loads((run.folder / "stay" / "manifest.json").read_text())["forecasts"] for run in two_runs)
    assert first["scored"] == {}
    assert second["scored"] == {two_runs[0].run: first["kept"]["sha256"]}
    assert second["kept"]["sha256"] != first["kept"]["sha256"]


def test_no_path_of_the_machine_stands_in_what_is_kept(two_runs, folder):
    for run in two_runs:
        for path in (run.folder / "stay").iterdir():
            assert str(folder).encode() not in path.read_bytes()


def test_a_damaged_run_is_left_out_in_words_and_equal_runs_give_equal_bytes(two_runs, folder):
    first, second = two_runs
    kept = first.folder / "stay" / "predictions.parquet"
    names = ("index.html", "notebook.ipynb", "predictions.parquet", "audit.json", "manifest.json")
    before, whole = [(second.folder / "stay" / name).read_bytes() for name in names], kept.read_bytes()
    again = {"output": folder / "reports", "again": True}
    try:
        kept.write_bytes(b"PAR1 torn")
        text = text_of(run_plan(folder / "plan.yaml", **again))
    finally:
        kept.write_bytes(whole)
    assert "The forecasts of 1 run could not be read and were left out." in text
    run_plan(folder / "plan.yaml", **again)
    after = [(second.folder / "stay" / name).read_bytes() for name in names]
    assert [name for name, a, b in zip(names, after, before, strict=True) if a != b] == []
