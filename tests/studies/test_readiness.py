"""What the look at the data finds, and how it says it."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest
from small_company import contracts, open_company

from coroi.claims import CLAIMS
from coroi.prepare.ledger import unbalanced
from coroi.report import Picture
from coroi.storage import read_result, write_result
from coroi.studies.inputs import Inputs
from coroi.studies.readiness import (
    Survey,
    answer,
    as_result,
    claim_table,
    coverage_table,
    drop_table,
    flag_table,
    flow_figure,
    leak_table,
    look,
    losses_table,
    meaning,
    method,
    respondent_table,
    study_table,
)

UNTIL = {"observed_until": "2024-12-31"}
PAIR = contracts([(40, 10, ""), (20, 10, "2024-03-15"), (25, 2, ""), (15, 2, "2024-02-15"), (30, None, "")])


def page_of(survey: Survey, inputs: Inputs) -> list[str]:
    shown = answer(survey, inputs)
    tables = [f(survey) for f in (drop_table, losses_table, coverage_table, leak_table, flag_table, study_table)]
    blocks = [flow_figure(survey), *tables, claim_table(survey), respondent_table(survey, inputs)]
    texts = [f"{b.alt}\n{b.caption}" if isinstance(b, Picture) else b.text for b in blocks]
    texts += [f"{a}: {b}" for a, b in shown.card] + [c.sentence for c in survey.checks]
    return [shown.sentence, *meaning(survey), *method(), *texts]


@pytest.fixture(scope="module")
def sample(open_sample) -> Inputs:
    return open_sample()


@pytest.fixture(scope="module")
def survey(sample) -> Survey:
    return look(sample)


def test_the_sample_adds_up(survey, sample):
    assert unbalanced(sample.ledger) == {}
    rows = survey.tables.set_index("table")
    assert rows["in"].to_dict() == {
        "customers": 850,
        "subscriptions": 884,
        "responses": 3157,
        "transactions": 2623,
        "touchpoints": 2622,
        "programme": 437,
        "costs": 1750,
        "competitors": 357,
        "practices": 1296,
        "recognition": 864,
        "advice": 369,
        "referrals": 286,
        "changes": 40,
        "usage": 2257,
        "firms": 488,
        "firm_returns": 5856,
        "factors": 144,
    }
    assert (rows["in"] == rows[["left out", "dropped", "merged", "out"]].sum(axis=1)).all()
    assert survey.n_customers == 850
    assert survey.checks[0].passed is True
    assert survey.checks[0].sentence == "Every row is accounted for, in 18 tables."


def test_the_samples_answer_to_the_letter(survey, sample):
    shown = answer(survey, sample)
    assert shown.sentence == "These data can bear 7 of 7 studies and 25 of the 25 claims."
    card = dict(shown.card)
    assert card["Studies"] == "readiness, retention, profit, programme, pilot, roi and firms"
    assert card["Customers"] == "850 customers; contracts to 31 December 2024, by month"
    assert card["Rows left out"] == "0 of 24,280 (0.0\u00a0%)"
    assert card["Warnings"] == "none"
    assert re.fullmatch(r"NPS: [\d,]+ of 850 customers \(\d+\u00a0%\); CSAT: .*", card["Who ever answered"])


def test_coverage_counts_people_not_answers(survey, sample):
    answers = sample.connection.to_pandas(sample.tables["responses"])
    for row in survey.coverage.itertuples():
        mine = answers[answers["metric"] == row.metric]
        assert (row.answers, row.customers, row.all) == (len(mine), mine["customer_id"].nunique(), 850)
        assert row.label == {"nps": "NPS", "csat": "CSAT", "trust": "trust"}[row.metric]
        assert (row.first, row.last) == tuple(str(mine["answered_at"].agg(f).date()) for f in ("min", "max"))


def test_respondents_are_compared_in_the_last_period_in_which_all_can_be_seen(survey, sample):
    panel = sample.connection.to_pandas(sample.panel.data)
    at = pd.Timestamp(sample.panel.last_at_risk_period)
    panel["period"] = pd.to_datetime(panel["period"])
    seen = panel[panel["period"] <= at].sort_values(["customer_id", "period"])
    now = seen[(seen["period"] == at) & seen["at_risk"]].set_index("customer_id")
    answered = (now["nps_n_to_date"] + now["csat_n_to_date"] + now["trust_n_to_date"]) > 0
    length = seen.groupby("customer_id").size().loc[now.index] - 1
    moments = survey.respondents.tables["moments"].set_index(["trait", "answered"])
    for side in (True, False):
        want = length[answered == side]
        got = moments.loc[("periods_since_start", side)]
        assert (got["n"], got["mean"]) == pytest.approx((len(want), want.mean()))
        assert got["variance"] == pytest.approx(want.var())


def test_claims_and_studies_of_the_sample(survey):
    assert survey.studies["missing"].to_list() == [""] * 7
    borne = set(survey.claims.loc[survey.claims["missing"] == "", "claim"])
    assert borne == {c.id for c in CLAIMS}
    assert survey.claims["claim"].to_list() == [c.id for c in CLAIMS]


def test_claims_that_no_study_tests_yet_say_so(survey):
    text = claim_table(survey).text
    assert text.count("(not tested in this version)") == 25 - int(survey.claims["here"].sum())


def test_the_survey_is_kept_and_read_back(survey, tmp_path):
    result = as_result(survey)
    write_result(result, tmp_path)
    back = read_result(tmp_path)
    assert (back.method, back.n_obs, back.n_entities) == ("readiness", 24280, 850)
    assert back.spec == {
        "traits": ["periods_since_start", "revenue_per_period", "purchases"],
        "level": 0.95,
    }
    pd.testing.assert_frame_equal(back.estimates, result.estimates, rtol=1e-8)
    assert set(back.tables) == {"tables", "losses", "coverage", "studies", "claims", "flags"}
    assert [c.sentence for c in back.checks] == [c.sentence for c in survey.checks]


def test_no_customer_is_named_in_what_is_kept(survey, sample):
    names = set(sample.connection.to_pandas(sample.tables["customers"])["customer_id"].astype(str))
    result = as_result(survey)
    frames = [result.estimates, *result.tables.values(), *(c.table for c in result.checks if c.table is not None)]
    words = {str(v) for frame in frames for v in frame.astype(str).to_numpy().ravel()}
    assert names.isdisjoint(words)


@pytest.fixture(scope="module")
def flagged(tmp_path_factory) -> Inputs:
    """A company with a flag of another system: it calls ten gone who are here, and misses the 35 who left."""
    folder = tmp_path_factory.mktemp("flagged")
    rows = "".join(f"c0_{i},yes\n" for i in range(10))
    (folder / "crm.csv").write_text(f"customer_id,flag\n{rows}", encoding="utf-8")
    flag = {"path": "crm.csv", "values": {"flag": {"yes": True, "no": False}}}
    return open_company(folder, PAIR, exit_flags={"crm": flag}, **UNTIL)


def test_rival_flags_are_set_side_by_side(flagged):
    survey = look(flagged)
    assert int(survey.flags["customers"].sum()) == 130
    check = next(c for c in survey.checks if c.name == "flags")
    assert check.passed is False
    assert check.sentence == (
        "All 2 sources agree on 85 of 130 customers. They differ on 45: crm calls 10 gone; exit in panel calls 35 "
        "gone. Find out which one is right before trusting a rate."
    )
    assert ", with 1 warning to read first." in answer(survey, flagged).sentence
    assert dict(answer(survey, flagged).card)["Warnings"] == check.sentence
    assert re.search(r"crm +exit in panel +Customers", flag_table(survey).text)


def test_flags_that_agree_pass(flagged):
    agreed = pd.DataFrame({"crm": [True, False], "exit_in_panel": [True, False], "customers": [1, 9]})
    survey = look(replace(flagged, flags=agreed))
    assert next(c for c in survey.checks if c.name == "flags").passed is True
    assert next(c for c in survey.checks if c.name == "flags").sentence == "All 2 sources agree on 10 of 10 customers."


def test_one_flag_alone_is_no_check(flagged):
    alone = pd.DataFrame({"crm": [True, False], "customers": [1, 9]})
    assert "flags" not in [c.name for c in look(replace(flagged, flags=alone)).checks]


def test_rows_that_are_lost_are_counted_and_named_by_rule(tmp_path):
    tables = PAIR | {"responses": [*PAIR["responses"], ("c0_0", "2023-06-15", "nps", 11), ("", "2023-06-15", "nps", 5)]}
    inputs = open_company(tmp_path, tables, **UNTIL)
    survey = look(inputs)
    row = survey.tables.set_index("table").loc["responses"]
    assert row["in"] == row["out"] + row["dropped"] + row["left out"] + row["merged"]
    assert (row["in"], row["dropped"]) == (102, 2)
    lost = survey.losses[(survey.losses["table"] == "responses") & (survey.losses["step"] == "dropped")]
    assert lost["rows"].sum() == 2
    assert dict(answer(survey, inputs).card)["Rows left out"] == "2 of 232 (0.9\u00a0%)"


def test_counts_that_do_not_add_up_are_the_first_warning(flagged):
    ledger = flagged.ledger.copy()
    at = ledger.index[(ledger["table"] == "responses") & (ledger["step"] == "out")][0]
    ledger.loc[at, "rows"] -= 3
    survey = look(replace(flagged, ledger=ledger))
    check = survey.checks[0]
    assert (check.name, check.passed) == ("counts", False)
    assert check.sentence == "The counts do not add up. responses: 3 rows unaccounted for."
    assert meaning(survey)[0].startswith("Not every row that came in is accounted for")


def test_a_leak_is_flagged_with_its_numbers(tmp_path):
    inputs = open_company(tmp_path, contracts([(200, 10, ""), (200, 0, "2024-03-15")]), **UNTIL)
    survey = look(inputs)
    assert [(c.name, c.passed) for c in survey.leaks] == [("leak_nps", False)]
    assert "100.0 of 100 pairs" in survey.leaks[0].sentence
    shown = answer(survey, inputs)
    assert shown.sentence.endswith("claims, with 1 warning to read first.")
    assert dict(shown.card)["Warnings"] == survey.leaks[0].sentence
    assert meaning(survey)[-1] == "1 metric cannot be used at all, because it already holds the outcome."


def test_a_leaking_metric_bears_no_claim(tmp_path):
    tables = contracts([(200, 10, ""), (200, 0, "2024-03-15")])
    survey = look(inputs := open_company(tmp_path, tables, **UNTIL))
    assert answer(survey, inputs).sentence == (
        "These data can bear 4 of 7 studies and 0 of the 25 claims, with 1 warning to read first."
    )
    missing = survey.claims.set_index("claim")["missing"]
    assert missing["C06"] == "a metric (`scores` of responses or of a snapshot)"
    tables["responses"] += [(who, day, "csat", 1 + i % 5) for i, (who, day, *_) in enumerate(tables["responses"])]
    metrics = {"nps": {"scale": [0, 10]}, "csat": {"scale": [1, 5]}}
    beside = look(open_company(tmp_path, tables, metrics=metrics, **UNTIL))
    assert {c.name: c.passed for c in beside.leaks} == {"leak_nps": False, "leak_csat": True}
    assert beside.claims.set_index("claim")["missing"]["C06"] == ""


def test_a_snapshots_own_exits_stand_among_the_flags(tmp_path):
    rows = [(f"a{i}", "yes" if i < 10 else "no", i % 40, 10 - i % 8) for i in range(60)]
    lines = "".join(f"a{i},yes\n" for i in range(5, 12))
    (tmp_path / "crm.csv").write_text(f"customer_id,flag\n{lines}", encoding="utf-8")
    flag = {"path": "crm.csv", "values": {"flag": {"yes": True, "no": False}}}
    survey = look(open_company(tmp_path, {"snapshot": rows}, exit_flags={"crm": flag}))
    check = next(c for c in survey.checks if c.name == "flags")
    assert check.passed is False
    assert check.sentence == (
        "All 2 sources agree on 53 of 60 customers. They differ on 7: crm calls 7 gone; left in snapshot calls 10 "
        "gone. Find out which one is right before trusting a rate."
    )
    assert re.search(r"crm +left in snapshot +Customers", flag_table(survey).text)


def test_two_leaks_are_plural(tmp_path):
    tables = contracts([(200, 10, ""), (200, 0, "2024-03-15")])
    tables["responses"] += [(c, day, "csat", 5 if score else 1) for c, day, _, score in tables["responses"]]
    metrics = {"nps": {"scale": [0, 10]}, "csat": {"scale": [1, 5]}}
    survey = look(inputs := open_company(tmp_path, tables, metrics=metrics, **UNTIL))
    assert meaning(survey)[-1] == "2 metrics cannot be used at all, because they already hold the outcome."
    assert answer(survey, inputs).sentence.endswith(", with 2 warnings to read first.")


def test_a_snapshot_alone(tmp_path):
    rows = [(f"a{i}", "yes" if i < 10 else "no", i % 40, 10) for i in range(60)]
    rows += [(f"b{i}", "yes" if i < 30 else "no", i % 30, 2) for i in range(60)]
    rows += [(f"n{i}", "yes" if i < 5 else "no", i % 20, None) for i in range(20)]
    inputs = open_company(tmp_path, {"snapshot": rows})
    survey = look(inputs)
    assert survey.studies.set_index("study")["missing"].to_dict() == {
        "readiness": "",
        "retention": "",
        "profit": "`responses` with `transactions` or `subscriptions`",
        "programme": "`programme` with `subscriptions` or `transactions`",
        "pilot": "`snapshot.arm`",
        "roi": "`programme` and `subscriptions` or `responses` and `subscriptions`",
        "firms": "`firms`",
    }
    assert set(survey.claims.loc[survey.claims["missing"] == "", "claim"]) == {"C06"}
    missing = survey.claims.set_index("claim")["missing"]
    assert missing["C08"] == "`responses` with `subscriptions` or `transactions`"
    assert missing["C12"] == "`programme` and `costs` with `subscriptions` or `transactions`"
    shown = answer(survey, inputs)
    assert shown.sentence == "These data can bear 2 of 7 studies and 1 of the 25 claims."
    assert dict(shown.card)["Customers"] == "140 customers; one date"
    assert survey.checks[0].sentence == "Every row is accounted for, in 1 table."
    assert survey.respondents.spec["traits"] == ["tenure_months", "left_share"]
    gap = survey.respondents.estimates.set_index(["term", "trait"]).loc[("difference", "left_share"), "estimate"]
    assert gap == pytest.approx(40 / 120 - 5 / 20)
    assert not [t for t in page_of(survey, inputs) if re.search(r"\bnan\b|\bNone\b", t)]


def test_customers_alone(tmp_path):
    inputs = open_company(tmp_path, {"customers": [("a", "x"), ("b", "y"), ("c", "y")]})
    survey = look(inputs)
    assert survey.studies.set_index("study")["missing"].to_dict() == {
        "readiness": "",
        "retention": "`snapshot` or `responses` and `subscriptions`, and a metric (`scores` of responses or of a "
        "snapshot)",
        "profit": "`responses` with `transactions` or `subscriptions`, and a metric (`scores` of responses or of a "
        "snapshot)",
        "programme": "`programme` with `subscriptions` or `transactions`",
        "pilot": "`snapshot` or `programme` and `subscriptions`",
        "roi": "`programme` and `subscriptions` or `responses` and `subscriptions`",
        "firms": "`firms`",
    }
    assert not (survey.claims["missing"] == "").any()
    assert survey.leaks == ()
    assert survey.respondents is None
    shown = answer(survey, inputs)
    assert shown.sentence == "These data can bear 1 of 7 studies and 0 of the 25 claims."
    assert dict(shown.card)["Who ever answered"] == "NPS: 0 of 3 customers (0\u00a0%)"
    assert meaning(survey)[2].startswith("More could be asked: retention needs `snapshot` or")
    texts = page_of(survey, inputs)
    assert not [t for t in texts if re.search(r"\bnan\b|\bNone\b", t)]
    assert "No metric can be tested for a leak: there is no outcome beside it." in texts
    write_result(as_result(survey), tmp_path / "kept")
    assert read_result(tmp_path / "kept").estimates.empty


def test_a_plan_without_metrics(tmp_path):
    survey = look(inputs := open_company(tmp_path, {"subscriptions": PAIR["subscriptions"]}, metrics={}, **UNTIL))
    assert dict(answer(survey, inputs).card)["Who ever answered"] == "no metric in the plan"
    assert survey.respondents is None
    assert survey.coverage.empty
    assert len(page_of(survey, inputs)) > 10


def test_sentences_are_sentences_with_right_plurals(survey, sample, flagged):
    for found, inputs in ((survey, sample), (look(flagged), flagged)):
        sentences = [answer(found, inputs).sentence, *meaning(found), *method(), *(c.sentence for c in found.checks)]
        for text in sentences:
            assert re.match(r"[A-Z0-9]", text), text
            assert text.endswith("."), text
            assert not re.search(r"\s\s|\.\.|,,| \.|-\d|\.;", text), text
            assert not re.search(r"\b1 (customers|rows|tables|warnings|metrics|studies|sources)\b", text), text


def test_the_figure_tells_every_table(survey):
    picture = flow_figure(survey)
    assert re.fullmatch(
        r"100\.0\u00a0% of all rows can be used\. Bars of the share of rows used, by table: "
        r"(\w+ 100\.0\u00a0%, ){15}\w+ 100\.0\u00a0% and \w+ 100\.0\u00a0%\.",
        picture.alt,
    )
    assert all(name in picture.alt for name in ("customers", "subscriptions", "responses"))
    assert picture.caption == "Rows used by table; 24,280 rows read in all."
