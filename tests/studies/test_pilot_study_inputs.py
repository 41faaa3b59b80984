"""The study `pilot` from files: whom it takes in, what it refuses in one sentence, and that nobody is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from planted import every_text, leaks, plant
from small_company import open_company

from coroi.errors import CoroiError, StudyError
from coroi.studies import pilot
from coroi.studies.inputs import Inputs, open_inputs
from coroi.studies.runner import run_plan

N = 80


def programme(**columns: object) -> pd.DataFrame:
    made = {
        "customer_id": [f"c{i}" for i in range(N)],
        "unit_id": "",
        "practice": "call back",
        "arm": np.where(np.arange(N) % 2, "treatment", "control"),
        "planned_share": 0.5,
        "start_at": "2022-05-03",
    }
    return pd.DataFrame(made | columns)


def company(folder: Path, rows: pd.DataFrame, *, answers: bool = True) -> Inputs:
    """Write customers of two years: half left after a year, all answered in April 2022 and most a year on."""
    ids = [f"c{i}" for i in range(N)]
    ends = ["2023-01-31" if i % 4 < 2 and i % 3 else "" for i in range(N)]
    asked = [(who, "2022-04-20", "nps", 3 + i % 2) for i, who in enumerate(ids)]
    asked += [(who, "2022-07-20", "nps", 5 + i % 3) for i, who in enumerate(ids)]
    tables: dict[str, object] = {
        "subscriptions": list(zip(ids, ["2021-01-01"] * N, ends, strict=True)),
        "programme": rows,
    }
    if answers:
        tables["responses"] = asked
    return open_company(folder, tables, observed_until="2023-12-31", horizon=12)


def refused(inputs: Inputs, **asked: str) -> str:
    question = pilot.ask(inputs, **asked)
    parts = pilot.fit_parts(question)
    guards = pilot.run_guards(question, parts)
    result = pilot.answer_of(question, parts, guards)
    judged = pilot.verdicts(question, parts, guards)
    assert judged[question.headline].label == "not testable with this data"
    return pilot.answer(question, result, guards, judged).sentence


def test_lots_are_taken_in_with_the_answer_before_and_what_came_later(tmp_path):
    inputs = company(tmp_path, programme())
    question = pilot.ask(inputs)
    trial = question.people.trial
    assert (len(trial), question.people.drawn, question.people.share) == (N, True, 0.5)
    assert [o.name for o in question.outcomes] == ["staying", "score"]  # contracts without prices tell no money
    assert sorted(trial["trigger"].unique()) == [3, 4]
    assert sorted(trial["score"].unique()) == [5, 6, 7]
    kept = [i for i in range(N) if not (i % 4 < 2 and i % 3)]
    assert trial["staying"].sum() == len(kept)


def test_of_several_lots_the_first_counts_and_a_late_one_is_not_seen_for_long_enough(tmp_path):
    again = programme(start_at="2022-08-03", arm="control").head(10)
    late = programme(start_at="2023-10-03", customer_id=[f"c{i}" for i in range(N)]).tail(10)
    rows = pd.concat([programme().head(N - 10), again, late])
    question = pilot.ask(company(tmp_path, rows))
    trial = question.people.trial
    assert len(trial) == N - 10
    assert (trial["followed"] == 1).sum() == (N - 10) // 2
    assert question.people.n_without == 10  # no answer stands before the late ones


@pytest.mark.parametrize(
    ("rows", "asked", "said"),
    [
        (programme(customer_id="", unit_id="north"), {}, "the table 'programme' has no row of a single customer"),
        (programme(arm="treatment"), {}, "everybody is in one arm, so that there is nobody to compare with"),
        (programme(planned_share=0.3), {}, "the planned shares of the two arms do not add up to one"),
        (programme(planned_share=np.arange(N) / N), {}, "the rows of an arm name several planned shares"),
        (programme(arm=["treatment"] * 9 + ["control"] * (N - 9)), {}, "fewer than 10 customers are in an arm"),
        (programme(start_at="2022-12-24"), {}, "no follow-up has an answer within 92 days before it"),
        (programme(), {"outcome": "money"}, "the data tell no money"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_sentence(tmp_path, rows, asked, said):
    sentence = refused(company(tmp_path, rows), **asked)
    assert said in sentence
    assert sentence.startswith("Whether ")
    assert sentence.endswith(".")


def test_shares_that_do_not_fit_the_plan_are_refused(tmp_path):
    rows = programme(arm=np.where(np.arange(N) % 8, "treatment", "control"))
    assert "because the arms do not hold the shares that the plan gave them." in refused(company(tmp_path, rows))


def test_without_answers_and_money_nothing_can_be_told(tmp_path):
    said = refused(company(tmp_path, programme(), answers=False))
    assert "because there are no answers, and no money is known from before." in said


def test_what_is_not_there_is_an_error_with_a_hint(tmp_path):
    inputs = company(tmp_path, programme())
    with pytest.raises(StudyError, match="No single customer takes part in a practice 'callback'"):
        pilot.ask(inputs, practice="callback")
    with pytest.raises(StudyError, match="There is no outcome 'stay'"):
        pilot.ask(inputs, outcome="stay")
    with pytest.raises(StudyError, match="Nothing tells who took part"):
        pilot.ask(Inputs(**{f: getattr(inputs, f) for f in inputs.__slots__} | {"tables": {}}))
    with pytest.raises(StudyError, match="There is no panel"):
        pilot.ask(Inputs(**{f: getattr(inputs, f) for f in inputs.__slots__} | {"panel": None}))


def snapshot(folder: Path, **columns: object) -> Inputs:
    """Write a snapshot of 400 customers, half in either arm but for twenty in none."""
    at = np.arange(420)
    made = {
        "customer_id": [f"c{i}" for i in at],
        "left": np.where(at % 4 < at % 2 + 1, "yes", "no"),
        "tenure_months": 12,
        "nps": at % 11,
        "revenue": 10.0 + at % 2 + at % 7 / 10,
        "arm": np.where(at >= 400, "", np.where(at % 2, "treatment", "control")),
        "planned_share": 0.5,
    }
    return open_company(folder, {"snapshot": pd.DataFrame(made | columns)})


def test_a_snapshot_with_arms_is_a_trial(tmp_path):
    question = pilot.ask(snapshot(tmp_path))
    assert [o.name for o in question.outcomes] == ["money", "staying"]
    assert question.people.flow["customers"].tolist() == [420, -20, 400]
    parts = pilot.fit_parts(question)
    guards = pilot.run_guards(question, parts)
    raw = question.people.trial
    rows = pilot.answer_of(question, parts, guards).estimates.set_index(["outcome", "term"])
    for name in ("money", "staying"):
        means = raw.groupby("arm")[name].mean()
        gap = means["treatment"] - means["control"]
        assert rows.loc[(name, "effect"), "estimate"] == pytest.approx(gap, abs=1e-12)
        assert guards.grades[name].grade == "A"


def test_a_trial_in_money_alone_needs_no_word_of_who_left(tmp_path):
    days = pd.DataFrame({"customer_id": range(40), "arm": ["treatment", "control"] * 20, "revenue": range(100, 140)})
    days.to_csv(tmp_path / "days.csv", index=False)
    plan = {"name": "shop", "currency": "CAD", "period": "month", "studies": {"pilot": {"each": "day"}}}
    mapped = {"customer_id": "customer_id", "arm": "arm", "revenue": "revenue"}
    plan["tables"] = {"snapshot": {"path": "days.csv", "columns": mapped}}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan))
    inputs = open_inputs(tmp_path / "plan.yaml")
    question = pilot.ask(inputs, each="day")
    assert [(o.name, o.label) for o in question.outcomes] == [("money", "revenue per day")]
    assert question.people.trial["staying"].isna().all()
    assert [o.label for o in pilot.ask(inputs).outcomes] == ["revenue a month per customer"]
    assert "the data tell no staying" in refused(inputs, outcome="staying", each="day")
    with pytest.raises(StudyError, match="`each` is a word or a few"):
        pilot.ask(inputs, each="<b>day</b>")
    for lacking in ("arm", "revenue"):
        plan["tables"]["snapshot"]["columns"] = {k: v for k, v in mapped.items() if k != lacking}
        days.drop(columns=lacking).to_csv(tmp_path / "days.csv", index=False)
        (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan))
        with pytest.raises(CoroiError, match="left"):
            open_inputs(tmp_path / "plan.yaml")


def test_a_metric_of_a_snapshot_is_an_outcome_where_it_is_named(tmp_path):
    question = pilot.ask(snapshot(tmp_path), metric="nps", outcome="score")
    assert question.outcome().label == "the mean NPS"
    assert question.headline == "score"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"arm": "treatment"}, "everybody is in one arm"),
        ({"planned_share": 0.2}, "do not add up to one"),
        ({"arm": ["control"] * 100 + ["treatment"] * 320}, "the arms do not hold the shares"),
    ],
)
def test_arms_of_a_snapshot_that_tell_nothing_are_refused(tmp_path, columns, said):
    assert said in refused(snapshot(tmp_path, **columns))


@pytest.mark.slow
def test_nobody_is_named_on_the_page_nor_in_what_is_kept(tmp_path):
    planted = plant(tmp_path / "data")
    path = tmp_path / "data" / "plan.yaml"
    plan = yaml.safe_load(path.read_text(encoding="utf-8")) | {"studies": {"pilot": None}}
    path.write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
    finished = run_plan(path, output=tmp_path / "reports")
    assert [s.status for s in finished.studies] == ["ok"]
    texts = list(every_text(tmp_path / "reports"))
    assert any(place.endswith("pilot/index.html") for place, _ in texts)
    assert leaks(iter(texts), planted) == []


@pytest.mark.slow
def test_the_sample_answers_at_grade_a(open_sample):
    inputs = open_sample()
    question = pilot.ask(inputs)
    parts = pilot.fit_parts(question)
    guards = pilot.run_guards(question, parts)
    judged = pilot.verdicts(question, parts, guards)
    assert question.people.drawn
    assert set(judged) == {"money", "staying", "score", "C04"}
    assert (guards.grades["money"].grade, guards.grades["staying"].grade) == ("A", "A")
