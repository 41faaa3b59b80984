"""Every recipe fits its public dataset: all rows are accounted for, and the verdict is the one that is known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from coroi.prepare.ledger import unbalanced
from coroi.studies import retention
from coroi.studies.check import check_plan
from coroi.studies.plan import Plan
from coroi.studies.yaml_lines import read_yaml

RECIPES = Path(__file__).parents[2] / "data" / "recipes"
NAMES = sorted(path.stem for path in RECIPES.glob("*.yaml"))

_METRIC = "a metric (`scores` of responses or of a snapshot)"
NO_METRIC = f"`responses` or `snapshot`, and {_METRIC}"
NO_OUTCOME = "`subscriptions` or `transactions`"
NEITHER = f"`snapshot` or `responses` and `subscriptions`, and {_METRIC}"
LACKS = {  # for `retention`; where a recipe is not named, it can run
    "acsi_accounts": NEITHER,
    "acsi_firm_year": NEITHER,
    "cdnow": NO_METRIC,
    "comcast_complaints": NEITHER,
    "completejourney": NO_METRIC,
    "corporate_reputation": NEITHER,
    "ecsi_bank": NEITHER,
    "ecsi_mobile": NEITHER,
    "fama_french": NEITHER,
    "firm_financials_12": NEITHER,
    "mcgrath": f"{_METRIC}, and `snapshot.left`",
    "pwc_call_centre": NO_OUTCOME,
    "sfo_survey": NO_OUTCOME,
    "sp500_fundamentals": NEITHER,
}

FIRMS = ("acsi_accounts",)  # recipes with the study `firms`

PILOTS = ("completejourney", "cookie_cats", "mcgrath")  # recipes with the study `pilot`

ROWS = {  # rows in and rows used, by table
    "acsi_accounts": {"firms": (2_820, 714), "factors": (1_188, 1_188)},
    "acsi_firm_year": {"firms": (14_664, 5_920)},
    "bank_churn_records": {"snapshot": (10_000, 10_000)},
    "cdnow": {"transactions": (6_919, 6_919), "panel": (2_349, 2_349)},
    "comcast_complaints": {"customers": (2_224, 2_224), "touchpoints": (2_224, 2_224)},
    "completejourney": {
        "customers": (801, 801),
        "transactions": (75_000, 47_243),
        "programme": (6_589, 6_589),
        "panel": (2_373, 2_373),
    },
    "cookie_cats": {"snapshot": (90_189, 90_189), "exit flag 'first_day'": (90_189, 90_189)},
    "corporate_reputation": {"practices": (10_664, 10_653)},
    "ecommerce_churn_5630": {"snapshot": (5_630, 5_630)},
    "ecsi_bank": {"practices": (6_750, 6_750)},
    "ecsi_mobile": {"practices": (6_000, 6_000)},
    "fama_french": {"factors": (1_188, 1_188), "firm_returns": (32_910, 32_910)},
    "firm_financials_12": {"firms": (161, 161)},
    "mcgrath": {"snapshot": (30, 30)},
    "mlc_churn": {"snapshot": (5_000, 5_000)},
    "olist": {"responses": (6_869, 6_867), "transactions": (16_242, 14_138), "panel": (14_068, 14_068)},
    "pwc_call_centre": {"customers": (5_000, 5_000), "responses": (5_000, 4_054), "touchpoints": (5_000, 5_000)},
    "ravenstack": {
        "customers": (500, 500),
        "subscriptions": (5_000, 5_000),
        "responses": (2_000, 1_175),
        "panel": (500, 500),
        "exit flag 'account_flag'": (500, 500),
        "exit flag 'subscription_flag'": (5_000, 5_000),
        "exit flag 'churn_event'": (600, 600),
    },
    "sfo_survey": {"customers": (23_025, 23_025), "responses": (334_748, 220_455)},
    "sp500_fundamentals": {"firms": (1_781, 1_601)},
    "telco_ibm": {
        "snapshot": (7_043, 7_043),
        "exit flag 'account_status'": (7_043, 7_043),
        "exit flag 'single_file'": (7_043, 7_043),
    },
}

# With the interval at 97.5 %, in percentage points, of the difference between the best and the worst band (at 95 %
# without a third band); and with the verdict on the claim that the pay-off sits at the top of the scale.
VERDICTS = [
    ("olist", "csat", "cannot tell", (-0.40, 0.76), "cannot tell"),  # returns are too rare to tell apart
    ("bank_churn_records", "csat", "cannot tell", (-1.39, 3.55), "cannot tell"),  # satisfaction is noise here
    ("mlc_churn", "service_calls", "consistent with", (10.14, 17.69), "cannot tell"),  # three calls or more: more left
    ("ecommerce_churn_5630", "csat", "contradicted", (-15.36, -8.64), "contradicted"),  # the better, the more have left
    ("ecommerce_churn_5630", "complaint", "consistent with", (18.31, 23.26), "not testable with this data"),
]
STEPS = [  # what one step up is found together with
    ("olist", "csat", "cannot tell whether one point better on review score is found together with higher or lower re"),
    (
        "bank_churn_records",
        "csat",
        "cannot tell whether one point better on satisfaction is found together with higher",
    ),
    ("mlc_churn", "service_calls", "one point better on service calls is found together with higher retention: about"),
    ("ecommerce_churn_5630", "csat", "one point better on satisfaction is found together with lower retention: about"),
]
LEAKS = [
    (
        "telco_ibm",
        "csat",
        "The metric satisfaction knows too well who left to have been there before: it ranks 95.0 of 100 pairs of "
        "customers rightly; all 1,440 customers at 1 and 2 left; none of the 2,938 customers at 4 and 5 left, where "
        "780 were to be expected. It gets no verdict.",
    ),
    (
        "bank_churn_records",
        "complaint",
        "The metric complaint knows too well who left to have been there before: it ranks 99.8 of 100 pairs of "
        "customers rightly. It gets no verdict.",
    ),
]


@pytest.mark.parametrize("recipe", NAMES)
def test_a_recipe_is_a_plan_named_after_its_file_and_stands_in_the_list(recipe):
    plan = Plan.model_validate(read_yaml(RECIPES / f"{recipe}.yaml").data)
    assert plan.name == recipe
    without = LACKS.get(recipe, NO_METRIC) != NO_METRIC
    more = (["firms"] if recipe in FIRMS else []) + (["pilot"] if recipe in PILOTS else [])
    assert list(plan.studies) == (["readiness"] if without else ["readiness", "retention"]) + more
    assert f"| `{recipe}.yaml` |" in (RECIPES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("recipe", NAMES)
def test_a_recipe_passes_the_check_and_every_row_is_accounted_for(recipe, data):
    checked = check_plan(RECIPES / f"{recipe}.yaml", data=data(recipe))
    assert checked.problems == ()
    assert (checked.studies["readiness"], checked.studies["retention"]) == ("", LACKS.get(recipe, ""))
    assert unbalanced(checked.ledger) == {}
    rows = checked.ledger.pivot_table(index="table", columns="step", values="rows", aggfunc="sum", fill_value=0)
    gone = sum(rows[step] for step in ("left out", "dropped", "merged") if step in rows)
    assert (rows["in"] == rows["out"] + gone).all()
    assert {t: (n_in, n_out) for t, n_in, n_out in zip(rows.index, rows["in"], rows["out"], strict=True)} == ROWS[
        recipe
    ]


@pytest.mark.parametrize(("recipe", "metric", "label", "interval", "claim"), VERDICTS)
def test_the_verdict_its_interval_and_the_claim(recipe, metric, label, interval, claim, inputs):
    question = retention.ask(inputs(recipe), metric=metric)
    result = retention.fit(question)
    verdict = retention.verdict(question, result)
    assert (verdict.label, verdict.grade, verdict.level) == (label, "D", 0.975 if question.ladder else 0.95)
    assert (100 * verdict.conf_low, 100 * verdict.conf_high) == pytest.approx(interval, abs=0.005)
    assert retention.claim_verdict(question, result).label == claim


@pytest.mark.parametrize(("recipe", "metric", "said"), STEPS)
def test_what_one_step_is_found_together_with(recipe, metric, said, inputs):
    opened = inputs(recipe)
    question = retention.ask(opened, metric=metric)
    point = retention.fit_point(opened, question)
    assert said in retention.point_words(question, retention.fit(question), point, opened.plan.currency)[0]


@pytest.mark.parametrize(("recipe", "metric", "leak"), LEAKS)
def test_a_leak_gets_no_verdict_and_no_number(recipe, metric, leak, inputs):
    opened = inputs(recipe)
    question = retention.ask(opened, metric=metric)
    result, point = retention.fit(question), retention.fit_point(opened, question)
    verdict = retention.verdict(question, result)
    short = leak.partition(":")[0].replace("The metric", "the metric")
    assert (verdict.label, verdict.reason) == ("not testable with this data", short)
    assert retention.claim_verdict(question, result).reason == short
    shown = retention.answer(question, result, verdict)
    assert shown.sentence.endswith(f" stay more often cannot be tested with these data, because {short}.")
    assert dict(shown.card)["Leak"] == leak
    assert retention.hazard_table(question, result, point).text == f"No ratio is shown: {short}."
    assert len(retention.point_words(question, result, point, "EUR")) == 1


def test_where_nobody_leaves_it_says_so(inputs):
    question = retention.ask(inputs("ravenstack"))
    result = retention.fit(question)
    verdict = retention.verdict(question, result)
    assert verdict.label == "not testable with this data"
    assert verdict.reason == "no customer of either band left, so nothing tells them apart"
    assert retention.claim_verdict(question, result).label == "not testable with this data"
    assert result.checks[0].passed is None


def _raw(recipe: str, folder: Path) -> pd.DataFrame:
    """Read score and exit by other means than the toolkit's."""
    if recipe == "bank_churn_records":
        frame = pd.read_csv(folder / "Customer-Churn-Records.csv")
        return pd.DataFrame({"score": frame["Satisfaction Score"], "left": frame["Exited"]})
    if recipe == "mlc_churn":
        frame = pd.read_csv(folder / "mlc_churn.csv")
        return pd.DataFrame({"score": frame["number_customer_service_calls"], "left": frame["churn"] == "yes"})
    if recipe == "telco_ibm":
        frame = pd.read_csv(folder / "Telco_customer_churn_status.csv")
        return pd.DataFrame({"score": frame["Satisfaction_Score"], "left": frame["Churn_Value"]})
    frame = pd.read_excel(folder / "E_Commerce_Dataset.xlsx", sheet_name="E Comm")
    return pd.DataFrame({"score": frame["SatisfactionScore"], "left": frame["Churn"]})


@pytest.mark.parametrize("recipe", ["bank_churn_records", "ecommerce_churn_5630", "mlc_churn", "telco_ibm"])
def test_shares_by_band_are_those_of_the_raw_file(recipe, data, inputs):
    raw = _raw(recipe, data(recipe))
    edges, bands = ([-1, 0, 1, 2, 9], ["0", "1", "2", "3–9"]) if recipe == "mlc_churn" else (
        [0, 2, 3, 4, 5], ["1–2", "3", "4", "5"]
    )  # fmt: skip
    stayed = 1 - raw["left"].astype(float).groupby(pd.cut(raw["score"], edges, labels=bands), observed=True).mean()
    estimates = retention.fit(retention.ask(inputs(recipe))).estimates
    shares = estimates[estimates["term"] == "share"].set_index("band")["estimate"]
    assert shares.to_dict() == pytest.approx(stayed.to_dict(), abs=1e-12)


def test_the_money_and_the_purchases_of_cdnow_are_those_of_the_raw_file(data, inputs):
    lines = (data("cdnow") / "CDNOW_sample.txt").read_text().splitlines()
    dollars = [float(line.split()[4]) for line in lines]
    opened = inputs("cdnow")
    panel = opened.panel.data
    sums = opened.connection.to_pandas(panel.agg(usd=panel["revenue"].sum(), n=panel["n_transactions"].sum())).iloc[0]
    assert sums["usd"] == pytest.approx(sum(dollars), abs=1e-6)
    assert sums["n"] == sum(d > 0 for d in dollars) == 6_911
    noted = opened.ledger.set_index(["table", "rule"])["rows"]
    assert noted["transactions", "nothing paid"] == 8
    assert noted["transactions", "repeated line"] == len(lines) - len(
        {tuple(x.split()[i] for i in (0, 2, 4)) for x in lines}
    )
