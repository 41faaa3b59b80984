"""The lab's short cut past tables and engine gives what writing a company and preparing its panel gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coroi.company import Company, simulate_company, write_company
from coroi.company.clock import NEVER
from coroi.company.history import draw_history
from coroi.company.subscriptions import Contracts
from coroi.lab.company_data import band_of, hazard_cells, landmark_counts, pool_rows, rows_at_risk
from coroi.lab.experiments import EXPERIMENTS
from coroi.lab.months import Months, months_of
from coroi.lab.replicate import draw_company
from coroi.prepare.cells import panel_cells
from coroi.studies.inputs import Inputs, open_inputs
from coroi.studies.readiness.people import compare_respondents
from coroi.studies.retention import Question, ask, fit, fit_point

CUSTOMERS, MONTHS, SEED = 700, 30, 11


@pytest.fixture(scope="module")
def company() -> Company:
    return simulate_company(customers=CUSTOMERS, months=MONTHS, seed=SEED, scenario="dip")


@pytest.fixture(scope="module")
def inputs(company, tmp_path_factory) -> Inputs:
    folder = tmp_path_factory.mktemp("written")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("coroi.company.files.truth_of", lambda company: {})
        write_company(company, folder)
    plan = folder / "plan.yaml"  # the lab counts purchases alone as money
    plan.write_text(plan.read_text().replace("contract_prices: beside", "contract_prices: in"))
    return open_inputs(str(plan))


@pytest.fixture(scope="module")
def question(inputs) -> Question:
    return ask(inputs)


@pytest.fixture(scope="module")
def months() -> Months:
    return draw_company("dip", SEED, customers=CUSTOMERS, months=MONTHS)


def test_every_month_of_every_customer_is_that_of_the_panel(inputs, months):
    panel = inputs.connection.to_pandas(inputs.panel.data)
    at = (panel["customer_id"].str[1:].astype(int) - 1).to_numpy()
    period = pd.to_datetime(panel["period"]).dt
    at = at, (12 * (period.year - 2022) + period.month - 1).to_numpy()
    risk = panel["at_risk"].to_numpy()
    assert months.at_risk.sum() == risk.sum()
    assert (months.at_risk[at] == risk).all()
    assert months.exited.sum() == panel["exited"].sum() > 50
    assert (months.exited[at] == panel["exited"]).all()
    assert (months.tenure[at][risk] == panel.loc[risk, "tenure_periods"]).all()
    assert (np.where(months.score[at] < 0, np.nan, months.score[at]).astype(float) == panel["nps"]).sum() > 1000
    assert ((months.score[at] < 0) == panel["nps"].isna()).all()
    assert ((months.state[at] == 1) == (panel["nps_n_to_date"] == 0)).all()
    assert (months.state == 2).any()
    assert months.revenue[at] == pytest.approx(panel["revenue"].to_numpy())


def day(text: str) -> int:
    return int(np.datetime64(text).astype(int))


def test_spells_and_gaps_by_hand():
    """Two contracts 28 days apart, February between them, are one spell without it; 31 days apart they are two."""
    history = draw_history(customers=3, months=24, seed=1)
    spans = [
        (0, day("2021-11-10"), day("2022-01-31")),
        (0, day("2022-03-01"), NEVER),
        (1, day("2022-05-03"), day("2022-06-29")),
        (1, day("2022-07-31"), day("2023-12-02")),
        (2, day("2022-02-01"), day("2022-12-31")),
    ]
    customer, start, end = np.array(spans).T
    contracts = Contracts(customer=customer, start=start, end=end, reason=np.zeros(5, dtype=int))
    months = months_of(replace(history, contracts=contracts))
    assert (months.last, months.landmark) == (22, 11)
    assert np.flatnonzero(months.at_risk[0]).tolist() == [0, *range(2, 23)]
    assert months.tenure[0, [0, 2, 22]].tolist() == [2, 4, 24]
    assert not months.exited[0].any()
    assert np.flatnonzero(months.at_risk[1]).tolist() == list(range(4, 23))
    assert months.tenure[1, [4, 5, 6, 22]].tolist() == [0, 1, 0, 16]
    assert np.flatnonzero(months.exited[1]).tolist() == [5]  # the end in December 2023 is too late to tell
    assert np.flatnonzero(months.exited[2]).tolist() == [11]
    assert months.since.tolist() == [0, 4, 1]


def test_landmark_counts_are_those_of_the_study(question, months):
    counts = landmark_counts(months)
    keys = ["state", "score", "duration", "event"]
    ours = counts.sort_values(keys, ignore_index=True).astype({"state": str})
    theirs = question.cohort.counts.sort_values(keys, ignore_index=True).astype({"state": str})
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)
    banded = counts.assign(band=band_of(counts["state"], counts["score"]))
    by_band = banded.groupby(["band", "duration", "event"])["n"].sum()
    assert by_band.to_dict() == question.counts.set_index(["band", "duration", "event"])["n"].to_dict()


def test_cells_of_the_hazard_are_those_of_the_study(inputs, months):
    ours, levels = hazard_cells(rows_at_risk(months))
    theirs = panel_cells(inputs.connection, inputs.panel, "nps")
    assert levels == theirs.coding
    assert (ours.n_rows, ours.n_clusters) == (theirs.n_rows, theirs.n_clusters)
    sums = []
    for cells in (ours, theirs):
        (block,) = cells.blocks()
        keys = [block.covariates[c].fillna(-1) for c in ("score", "state", "tenure", "segment")]
        sums.append(pd.DataFrame({"n": block.n, "events": block.events}).groupby(keys).sum())
    pd.testing.assert_frame_equal(*sums, check_index_type=False, check_dtype=False)


def columns(found) -> dict[str, tuple[float, float, float]]:
    return {name: (each.estimate, each.low, each.high) for name, each in found.items() if not each.refused}


def test_retention_is_what_the_study_finds(question, months):
    found = columns(EXPERIMENTS["retention"].fit(months))
    rows = fit(question).estimates
    assert rows["identified"].all()
    for row in rows.itertuples():
        name = f"share[{row.band}]" if row.term == "share" else row.term
        if name in found:
            assert found[name] == pytest.approx((row.estimate, row.conf_low, row.conf_high), rel=1e-9)
    assert {"difference", "gain_at_the_top", "share[answer too old]"} <= set(found)


def test_the_hazard_is_what_the_study_finds(inputs, question, months):
    found = columns(EXPERIMENTS["hazard"].fit(months))
    point = fit_point(inputs, question)
    slope = point.hazard.estimates.set_index("term").loc["score"]
    step = point.step.estimates.set_index("term")
    rows = {"slope": slope, "step": step.loc["difference"], "held": step.loc["retention"].iloc[0]}
    for name, row in rows.items():
        ends = (row["estimate"], row["conf_low"], row["conf_high"])
        assert found[name] == pytest.approx(ends, rel=1e-7)


def test_respondents_are_those_of_the_study(inputs, months):
    found = columns(EXPERIMENTS["respondents"].fit(months))
    rows = compare_respondents(inputs).estimates
    rows = rows[rows["trait"] != "purchases"]
    assert len(rows) == len(found) == 4
    for row in rows.itertuples():
        ends = (row.estimate, row.conf_low, row.conf_high)
        assert found[f"{row.term}[{row.trait}]"] == pytest.approx(ends, rel=1e-9)


def test_pooled_rows_give_the_estimates_of_all_rows(months):
    other = draw_company("dip", SEED + 1, customers=300, months=MONTHS)
    parts = [rows_at_risk(each) for each in (months, other)]
    at_once = pool_rows(parts)
    one_by_one = pool_rows([pool_rows([part]) for part in parts])
    for name in ("score", "state", "tenure", "segment", "n", "events"):
        assert (getattr(at_once, name) == getattr(one_by_one, name)).all()
    assert at_once.n.sum() == months.at_risk.sum() + other.at_risk.sum()
    assert at_once.events.sum() == months.exited.sum() + other.exited.sum()
