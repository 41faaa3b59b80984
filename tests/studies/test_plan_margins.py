"""Known shares in the plan: read as written, and held against the plan and the data with their lines."""

from __future__ import annotations

import pytest

from coroi.errors import DataError, PlanError
from coroi.studies.check import check_plan
from coroi.studies.inputs import open_inputs

PLAN = """\
name: acme
currency: EUR
period: month
metrics: {nps: {scale: [0, 10]}}
tables:
  customers: {path: customers.csv}
  responses: {path: responses.csv}
"""


@pytest.fixture
def opened(tmp_path):
    """Write a plan with margins beside 40 customers of retail, 20 of business and 15 of trade, who are silent."""
    people = [*(("r", i, "Retail") for i in range(40)), *(("b", i, "Business") for i in range(20))]
    people += [("t", i, "Trade") for i in range(15)]
    lines = [f"{kind}{i},{segment},north" for kind, i, segment in people]
    (tmp_path / "customers.csv").write_text("\n".join(("customer_id,segment,unit_id", *lines)) + "\n")
    answers = [f"{kind}{i},2024-01-0{1 + i % 9},nps,{i % 11}" for kind, i, _ in people if kind != "t"]
    (tmp_path / "responses.csv").write_text("\n".join(("customer_id,answered_at,metric,score", *answers)) + "\n")

    def opened(margins: str):
        (tmp_path / "plan.yaml").write_text(PLAN + margins)
        return open_inputs(str(tmp_path / "plan.yaml"))

    return opened


def test_they_are_read_as_written(opened):
    margins = {"segment": {"Retail": 0.7, "Business": 0.3}}
    assert opened("margins: {segment: {Retail: 0.7, Business: 0.3}}\n").plan.margins == margins
    assert opened("margins:\n").plan.margins == {}
    assert opened("").plan.margins == {}


@pytest.mark.parametrize(
    ("margins", "said"),
    [
        (
            "margins:\n  segmnt: {Retail: 0.7, Business: 0.3}\n",
            "plan.yaml line 9: margins.segmnt: answers cannot be raked by this column. Did you mean 'segment'?",
        ),
        (
            "margins:\n  segment: {Retail: 0.7, Business: 0.2}\n",
            "plan.yaml line 9: margins.segment: the shares sum to 0.9, not to 1. Give the share of every level, and "
            "divide each by their sum if they were rounded.",
        ),
        (
            "margins:\n  segment:\n    Retail: 70\n    Business: 0.3\n",
            "plan.yaml line 10: margins.segment.Retail: 70 is not a share from 0 to 1. 70 means 7,000 %; write 0.70 "
            "for 70 %.",
        ),
        (
            "margins:\n  segment:\n    Retail: most\n    Business: 0.3\n",
            'plan.yaml line 10: margins.segment.Retail: "most" is not a share from 0 to 1.',
        ),
        (
            "margins:\n  segment: [0.7, 0.3]\n",
            "plan.yaml line 9: margins.segment: [0.7, 0.3] is not a mapping of each level to its known share, such as "
            "{retail: 0.7, business: 0.3}.",
        ),
    ],
)
def test_what_is_wrong_in_the_plan_is_told_with_its_line(opened, margins, said):
    with pytest.raises(PlanError) as error:
        opened(margins)
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("margins", "said"),
    [
        (
            "margins:\n  segment:\n    Retial: 0.7\n    Business: 0.3\n",
            [
                "plan.yaml line 10: margins.segment.Retial: no customer is of it. Did you mean 'Retail'?",
                "plan.yaml line 9: margins.segment: customers of 'Retail' answered, but it has no share. Give its "
                "share of everybody.",
            ],
        ),
        (
            "margins:\n  segment:\n    Retail: 0.6\n    Business: 0.3\n    Trade: 0.1\n",
            [
                "plan.yaml line 12: margins.segment.Trade: nobody of it answered, and no weight can make up for "
                "nobody. Merge it with another level under `values`, or leave the margin out."
            ],
        ),
    ],
)
def test_what_the_data_contradict_is_told_with_its_line(opened, tmp_path, margins, said):
    with pytest.raises(DataError) as error:
        opened(margins)
    assert str(error.value).splitlines() == said
    assert [str(p) for p in check_plan(tmp_path / "plan.yaml").problems] == said


def test_a_level_of_nobody_may_have_a_share_of_nothing(opened):
    assert opened("margins: {segment: {Retail: 0.7, Business: 0.3, Trade: 0.0}}\n").plan.margins


def test_a_column_that_nobody_has_is_told(opened, tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id,segment,unit_id\nr1,Retail,\n")
    with pytest.raises(DataError, match=r"line 8: margins.unit_id: no customer has a unit_id. Map `unit_id` of"):
        opened("margins: {unit_id: {north: 1.0}}\n")


def test_a_small_level_is_not_named(opened, tmp_path):
    text = (tmp_path / "customers.csv").read_text().replace("b1,Business", "b1,Oddity")
    (tmp_path / "customers.csv").write_text(text)
    with pytest.raises(DataError) as error:
        opened("margins: {segment: {Retail: 0.7, Business: 0.3}}\n")
    assert "customers of a level of fewer than 10 customers answered, but it has no share" in str(error.value)
    assert "Oddity" not in str(error.value)
