"""What readiness says of companies whose tables do not all speak of customers."""

from __future__ import annotations

from pathlib import Path

import pytest

from coroi.studies.inputs import Inputs, open_inputs
from coroi.studies.readiness.page import answer, drop_table
from coroi.studies.readiness.survey import Survey, look

FIRMS = {
    "firms": "firm_id,period,industry,satisfaction,earnings,market_value\n"
    "A,2020-03-31,x,70,1,1\nA,2020-06-30,x,71,1,2\n",
    "factors": "month,market,risk_free\n2020-03-31,0.1,0\n2020-06-30,0.2,0\n",
}
PANEL = {
    "subscriptions": "customer_id,start_at,end_at\na,2020-01-01,\nb,2020-01-01,2020-04-30\n",
    "costs": "occurred_at,kind,amount,customer_id,practice\n2020-02-01,serve,5,a,\n2020-02-01,programme,9,,visits\n",
    "programme": "customer_id,practice,start_at,leader_sponsor\nb,visits,2020-02-01,{sponsor}\n",
}


@pytest.fixture
def opened(tmp_path: Path):
    """Write a plan and its tables, and look at them."""

    def opened(tables: dict[str, str]) -> tuple[Survey, Inputs]:
        lines = ["name: firm", "currency: USD", "period: month", "observed_until: 2020-12-31"]
        lines += ["metrics: {satisfaction: {scale: [0, 100]}}", "tables:"]
        for name, text in tables.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
            lines.append(f"  {name}: {{path: {name}.csv}}")
        (tmp_path / "plan.yaml").write_text("\n".join(lines), encoding="utf-8")
        inputs = open_inputs(str(tmp_path / "plan.yaml"))
        return look(inputs), inputs

    return opened


def borne(survey: Survey) -> list[str]:
    return survey.claims.loc[survey.claims["missing"] == "", "claim"].tolist()


def test_a_panel_of_firms_without_a_customer(opened):
    survey, inputs = opened(FIRMS)
    assert survey.n_customers == 0
    assert borne(survey) == ["C15", "C17"]
    assert survey.tables[["table", "out", "first", "last"]].to_numpy().tolist() == [
        ["firms", 2, "2020-03-31", "2020-06-30"],
        ["factors", 2, "2020-03-01", "2020-06-01"],
    ]
    assert survey.checks[0].sentence == "Every row is accounted for, in 2 tables."
    assert dict(answer(survey, inputs).card)["Who ever answered"] == "no customer in the data"
    assert answer(survey, inputs).sentence == "These data can bear 2 of 7 studies and 2 of the 25 claims."
    assert "firms" in drop_table(survey).text


@pytest.mark.parametrize(("sponsor", "more"), [("", []), ("yes", ["C24"])])
def test_costs_and_a_programme_bear_their_claims_and_name_only_customers_once(opened, sponsor, more):
    survey, inputs = opened({name: text.format(sponsor=sponsor) for name, text in PANEL.items()})
    assert survey.n_customers == 2
    assert borne(survey) == ["C12", "C13", "C16", "C18", "C19", *more]
    paid = inputs.panel.data.filter(inputs.panel.data["cost_to_serve"] > 0)
    assert inputs.connection.to_pandas(paid.select("customer_id", "cost_to_serve")).to_numpy().tolist() == [["a", 5.0]]
