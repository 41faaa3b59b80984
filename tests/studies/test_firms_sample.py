"""The study `firms` on the sample company, whose truth is known: verdicts, figures, tables, and what is kept."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coroi.report import Picture
from coroi.storage import read_result
from coroi.studies import firms
from coroi.studies.bundled import sample_folder
from coroi.studies.firms.case import case_rows
from coroi.studies.inputs import Inputs


@pytest.fixture(scope="module")
def inputs(open_sample) -> Inputs:
    return open_sample()


@pytest.fixture(scope="module")
def told(inputs):
    question = firms.ask(inputs, case_firm="F07", horizon=5)
    found = firms.fit(question)
    return question, found, firms.verdicts(question, found)


@pytest.fixture(scope="module")
def truth() -> list[dict]:
    claims = json.loads((sample_folder() / "truth.json").read_text(encoding="utf-8"))["claims"]
    return claims["C17"]["parts"]


def test_intervals_cover_what_satisfaction_truly_does(told, truth):
    _, found, _ = told
    at = {
        (kind, horizon): found.paths.row(kind, horizon) for kind in ("market_value", "earnings") for horizon in (0, 5)
    }
    earnings, _, value, *_ = truth
    assert "earnings of year 0" in earnings["estimand"]
    assert "market value at the end of year 5" in value["estimand"]
    assert at["earnings", 0]["conf_low"] <= earnings["value"] / 100 <= at["earnings", 0]["conf_high"]
    assert at["market_value", 5]["conf_low"] <= value["value"] <= at["market_value", 5]["conf_high"]


def test_the_verdicts_are_what_the_sample_can_bear(told):
    _, _, verdicts = told
    assert {name: v.label for name, v in verdicts.items()} == {
        "standing": "cannot tell",
        "value": "cannot tell",
        "cost": "consistent with",
    }
    assert {v.level for v in verdicts.values()} == {1 - 0.05 / 3}
    assert {v.grade for v in verdicts.values()} <= {"C", "D"}
    assert verdicts["cost"].grade == "D"  # earnings foretell satisfaction, by a direction test


def test_figures_say_what_they_show(told):
    question, found, _ = told
    path = firms.path_figure(question, found)
    assert isinstance(path, Picture)
    assert path.alt.startswith("Market value does not clearly move, revenue rises and earnings fall. Lines")
    case = firms.case_figure(question)
    assert isinstance(case, Picture)
    assert "F07" in case.alt
    assert case.alt.count(" from ") == 3
    assert "the parameter `case_firm` names one" in firms.case_figure(replace(question, case_firm="")).text


def test_the_case_is_what_the_tables_say(told, inputs):
    question, _, _ = told
    table = inputs.connection.to_pandas(inputs.tables["firms"]).sort_values("period")
    own = table[table["firm_id"] == "F07"]
    rows = case_rows(question)
    np.testing.assert_allclose(rows["satisfaction"], own["satisfaction"])
    for (_, r), (_, o) in zip(rows.iterrows(), own.iterrows(), strict=True):
        others = table[(table["period"] == o["period"]) & (table["industry"] == o["industry"])]
        others = others[others["firm_id"] != "F07"]
        assert r["rivals"] == pytest.approx(others["satisfaction"].mean())
        assert r["outdone"] == pytest.approx(100 * (others["market_value"] < o["market_value"]).mean())
    assert rows["index"].iloc[0] == 100
    assert rows["index"].iloc[-1] == pytest.approx(100 * own["market_value"].iloc[-1] / own["market_value"].iloc[0])


def test_the_tables_account_for_the_losses(told, inputs):
    question, found, _ = told
    rows = firms.losses(question, found).set_index("step")
    frame = inputs.connection.to_pandas(inputs.tables["firms"])
    assert rows.loc["firms and periods in the table"].tolist() == [frame["firm_id"].nunique(), len(frame)]
    assert rows.loc["in the fit of standing", "rows"] == found.standing.n_obs
    returns = inputs.connection.to_pandas(inputs.tables["firm_returns"])
    assert rows.loc["months of returns", "rows"] == len(returns)
    first = returns["month"].min() + pd.DateOffset(years=1)
    assert rows.loc["months with a score that was public before", "rows"] == (returns["month"] >= first).sum()
    assert (rows["rows"] >= rows["firms"]).all()
    for table in (firms.path_table, firms.standing_table, firms.spells_table, firms.shares_table, firms.losses_table):
        assert table(question, found).kind == "table"


def test_it_is_kept_and_read_back(told, inputs, tmp_path):
    question, found, verdicts = told
    kept = Inputs(**{f: getattr(inputs, f) for f in Inputs.__slots__} | {"output": tmp_path})
    result = firms.gathered(question, found)
    sentence = firms.answer(question, found, verdicts).sentence
    kept.save(result, verdict=verdicts["value"], headline=sentence)
    words = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert words["headline"] == sentence
    assert words["verdict"]["theta"].startswith("C17")
    back = read_result(tmp_path)
    pd.testing.assert_frame_equal(back.estimates, result.estimates, rtol=1e-8)
    assert back.estimates["claim"].tolist() == ["C15", "C17", "C17"]
    assert {"paths", "losses", "standing", "spells", "shares_value", "arrow_earnings"} <= set(back.tables)


def test_other_columns_of_industries_are_set_beside(told, inputs):
    question, _, _ = told
    frame = question.panel.frame.assign(other_industry=lambda d: d["industry"].str[0].isin(["b", "e"]).astype(str))
    panel = replace(question.panel, frame=frame, held=question.panel.held | {"other_industry"})
    found = firms.fit(replace(question, panel=panel))
    (check,) = (c for c in found.checks["standing"] if c.name == "definitions")
    assert check.sentence.startswith("Firms were put into 2 other industries instead of 6.")
    assert check.table["estimate"].notna().all()
    (left,) = (c for c in found.checks["standing"] if c.name == "each_industry")
    assert left.sentence.startswith("With each of 6 industries left out in turn")
