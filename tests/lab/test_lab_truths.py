"""What the lab takes for true."""

from __future__ import annotations

import math

import numpy as np
import pytest

from coroi.company import true_retention
from coroi.company.truth import TRUTH_SEED
from coroi.lab.company_data import hazard_cells, hazard_terms, kinds_at_landmark, rows_at_risk
from coroi.lab.experiments import COMPANIES, EXPERIMENTS
from coroi.lab.experiments.hazard import fit_company
from coroi.lab.experiments.parts import found_in
from coroi.lab.profiles import PROFILES, Sizes
from coroi.lab.replicate import draw_company
from coroi.lab.truths import pooled_truth, truths_of
from coroi.models.hazard import fit_hazard, simulate_hazard

MONTHS = 30
SIZES = Sizes(customers=300, months=MONTHS, truth_companies=1, truth_customers=3_000)


def test_retention_is_what_the_company_says_of_itself():
    found = truths_of("baseline", ["retention"], SIZES)["retention"]
    said = {entry["band"]: entry["value"] for entry in true_retention(months=MONTHS, customers=3_000)["entries"]}
    for band in ("0–6", "7–8", "9–10", "never answered", "answer too old"):
        assert found[f"share[{band}]"]["value"] == pytest.approx(said[band], abs=1e-6)
    assert found["difference"]["value"] == pytest.approx(said["9–10 minus 0–6"], abs=2e-6)
    ladder = said["9–10 minus 7–8, less 7–8 minus 0–6"]
    assert found["gain_at_the_top"]["value"] == pytest.approx(ladder, abs=3e-6)
    assert found["difference"]["error"] is None  # one company tells nothing of it


@pytest.fixture(scope="module")
def companies():
    return [draw_company("small", TRUTH_SEED + i, customers=500, months=MONTHS) for i in range(5)]


@pytest.mark.parametrize("name", ["retention", "respondents"])
def test_the_error_of_a_truth_is_that_of_the_jackknife(name, companies):
    experiment = EXPERIMENTS[name]
    parts = [experiment.reduce(each) for each in companies]
    truth = pooled_truth(name, parts)
    for estimand in experiment.estimands:
        without = [experiment.pool(parts[:i] + parts[i + 1 :])[estimand.name] for i in range(5)]
        middle = sum(without) / 5
        error = math.sqrt(4 / 5 * sum((w - middle) ** 2 for w in without))
        assert truth[estimand.name]["error"] == pytest.approx(error, rel=1e-6)
        assert truth[estimand.name]["value"] == pytest.approx(experiment.pool(parts)[estimand.name], rel=1e-9)


def test_the_hazards_truth_is_the_fit_of_all_rows_together(companies):
    experiment = EXPERIMENTS["hazard"]
    pooled = experiment.pool([experiment.reduce(each) for each in companies])
    slow = fit_rows_of(companies)
    assert pooled["slope"] == pytest.approx(slow, rel=1e-8)
    alone = experiment.pool([experiment.reduce(companies[0])])
    found = fit_company(rows_at_risk(companies[0]), kinds_at_landmark(companies[0]))
    for name, value in alone.items():
        assert value == pytest.approx(found[name].estimate, rel=1e-8)


def fit_rows_of(companies) -> float:
    """Fit rows of all companies, customers numbered on."""
    rows = [rows_at_risk(each) for each in companies]
    joined = {name: np.concatenate([getattr(each, name) for each in rows]) for name in type(rows[0]).__slots__}
    joined["cluster"] = np.concatenate([each.cluster + 10_000 * i for i, each in enumerate(rows)])
    cells, levels = hazard_cells(type(rows[0])(**joined))
    result = fit_hazard(cells, terms=hazard_terms(levels))
    return found_in(result.estimates.set_index("term").loc["score"]).estimate


def test_respondents_are_pooled_as_if_all_were_one_company(companies):
    experiment = EXPERIMENTS["respondents"]
    pooled = experiment.pool([experiment.reduce(each) for each in companies])
    here = [each.at_risk[:, each.last] for each in companies]
    months = np.concatenate([each.last - each.since[at] for each, at in zip(companies, here, strict=True)])
    answered = np.concatenate([each.answered[at] for each, at in zip(companies, here, strict=True)])
    yes, no = months[answered], months[~answered]
    assert pooled["difference[periods_since_start]"] == pytest.approx(yes.mean() - no.mean(), rel=1e-9)
    unit = math.sqrt((yes.var() + no.var()) / 2)
    assert pooled["standardised[periods_since_start]"] == pytest.approx((yes.mean() - no.mean()) / unit, rel=1e-9)


@pytest.mark.parametrize("name", ["retention", "hazard", "respondents"])
def test_what_is_true_in_an_own_world_is_what_its_fits_centre_on(name):
    """The mean of the estimates lies within four of its errors, and a tenth of the spread, of the truth."""
    experiment = EXPERIMENTS[name]
    truth = experiment.own_truth()
    assert set(truth) == {each.name for each in experiment.estimands}
    rng = np.random.default_rng(4)
    n = 50
    found = [experiment.own_fit(rng) for _ in range(n)]
    for estimand, value in truth.items():
        estimates = np.array([each[estimand].estimate for each in found])
        spread = estimates.std(ddof=1)
        assert abs(estimates.mean() - value) < (0.1 + 4 / math.sqrt(n)) * spread
        assert spread > 0


def test_the_long_runs_own_truth_is_where_a_step_of_the_metric_leads():
    truth = EXPERIMENTS["long_run"].own_truth()
    for name, memory in (("series, 0.6", 0.6), ("series, 0.95", 0.95), ("panel, 0.6", 0.6), ("panel, 0.95", 0.95)):
        level, before = 0.0, 0.0
        for _ in range(600):
            level = memory * level + 0.4 * 1.0 + 0.2 * before
            before = 1.0
        assert truth[f"fieller[{name}]"] == truth[f"delta[{name}]"] == pytest.approx(level, rel=1e-9)


def test_the_step_of_the_hazards_own_world_is_what_simulated_customers_show():
    truth = EXPERIMENTS["hazard"].own_truth()
    n = 60_000
    kept = []
    for base in (-3.0, -3.4):
        rows, _ = simulate_hazard(np.random.default_rng(7), n=n, periods=12, slope=-0.4, base=base, persistence=1.0)
        kept.append(1 - rows["exited"].sum() / n)
    assert truth["held"] == pytest.approx(kept[0], abs=0.008)
    assert truth["step"] == pytest.approx(kept[1] - kept[0], abs=0.01)


def test_truths_and_replications_share_no_seed():
    for profile in PROFILES.values():
        for name in profile.replications:
            seeds = [profile.seeds(name, scenario) for scenario in ("own", *COMPANIES)]
            assert [each[0] for each in seeds] == [1, 10_001, 20_001, 30_001, 40_001, 50_001, 60_001]
            assert all(list(each) == list(range(each[0], each[0] + profile.replications[name])) for each in seeds)
            assert len(set().union(*seeds)) == 7 * profile.replications[name]
            assert seeds[-1][-1] < TRUTH_SEED
