"""Survey weights: read, refused where they cannot be weights, noted where an answer has none."""

from __future__ import annotations

import pytest

HOW = {"responses": {"fixed": {"metric": "csat"}}}


def survey(*weights: str) -> dict[str, str]:
    lines = [f"SECRET{i},2024-03-0{1 + i % 9},{1 + i % 5},{w}" for i, w in enumerate(weights)]
    return {"responses.csv": "\n".join(("customer_id,answered_at,score,weight", *lines)) + "\n"}


def test_weights_are_read_as_they_stand(prepare, rows):
    found = prepare(survey("0.5", "1", "0", "2.25"), HOW)
    assert [r["weight"] for r in rows(found, "responses")] == [0.5, 1.0, 0.0, 2.25]
    assert found.problems == ()


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (("1", "-1", "1", "-0.5"), "responses.weight: 2 of 4 survey weights are negative (rows 2, 4 …). A weight is"),
        (("0", "0", "0"), "responses.weight: all 3 survey weights are zero, so no answer counts. A weight is"),
        (("much", "little", "1"), "responses.weight: 2 of 3 cells are not a number (rows 1, 2 …)."),
    ],
)
def test_what_is_no_weight_is_refused_in_one_message(prepare, weights, said):
    found = prepare(survey(*weights), HOW)
    assert len(found.problems) == 1
    assert str(found.problems[0]).startswith(said)


def test_an_answer_without_weight_is_noted_where_others_have_one(prepare):
    noted = prepare(survey("1", "", "2", ""), HOW).ledger.set_index("rule")
    assert noted.loc["answer without weight", ["step", "rows", "column"]].tolist() == ["flagged", 2, "weight"]
    assert noted.loc["answer without weight", "examples"] == "2, 4"
    assert "fixed" in noted.loc["answer without weight", "advice"]
    assert "answer without weight" not in set(prepare(survey("", "", ""), HOW).ledger["rule"])


def test_the_plan_gives_the_weight_of_a_wave_that_has_none(prepare, rows):
    files = survey("2", "3") | {"old.csv": "customer_id,answered_at,score\nSECRET8,2023-01-01,4\n"}
    old = {"path": "old.csv", "fixed": {"metric": "csat", "weight": 1}}
    found = prepare(files, {"responses": HOW["responses"] | {"also": [old]}})
    assert sorted(r["weight"] for r in rows(found, "responses")) == [1.0, 2.0, 3.0]


def test_every_metric_of_a_survey_in_columns_has_its_weight(prepare, rows):
    text = "customer_id,answered_at,one,weight\nSECRET1,2024-01-01,4,0.25\n"
    found = prepare({"responses.csv": text}, {"responses": {"scores": {"csat": "one"}}})
    assert [(r["metric"], r["weight"]) for r in rows(found, "responses")] == [("csat", 0.25)]
