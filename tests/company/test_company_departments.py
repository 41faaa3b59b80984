"""Departments serve customers differently, answers and contacts show it, and the weakest weighs beyond the mean."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from coroi.company import SCENARIOS, Switches, simulate_company
from coroi.company.customers import UNITS
from coroi.company.departments import DEPARTMENTS, USUAL_SHORTFALL, draw_service, shortfall
from coroi.company.history import History, draw_history
from coroi.company.scenario import Intervention, World

N = 20_000


@pytest.fixture(scope="module")
def history() -> History:
    return draw_history(customers=N, months=24, seed=6)


def drawn(intervention: Intervention | None = None) -> np.ndarray:
    unit = np.random.default_rng(2).integers(len(UNITS), size=N)
    return draw_service(unit, len(UNITS), 4, World(intervention=intervention or Intervention()), 0)


def test_half_of_the_differences_are_the_units():
    unit = np.random.default_rng(2).integers(len(UNITS), size=N)
    service = drawn()
    assert service.shape == (3, N)
    means = np.array([[row[unit == u].mean() for u in range(len(UNITS))] for row in service])
    within = service - means[:, unit]
    assert within.std() == pytest.approx(0.35, abs=0.01)
    assert means.std() == pytest.approx(0.35, abs=0.07)
    assert shortfall(service).mean() == pytest.approx(USUAL_SHORTFALL, abs=0.03)
    alike = draw_service(unit, len(UNITS), 4, World(switches=Switches(heterogeneity=False)), 0)
    assert not alike.any()


def test_the_shortfall_is_the_mean_less_the_lowest():
    assert shortfall(np.array([[1.0, 0.0], [4.0, 0.0], [-2.0, 0.0]])).tolist() == [3.0, 0.0]


def test_interventions_reach_the_weakest_or_every_department():
    service = drawn()
    weakest = drawn(Intervention(weakest_department=0.6)) - service
    assert (np.sort(weakest, axis=0)[:2] == 0).all()
    np.testing.assert_allclose(weakest.sum(axis=0), 0.6)
    np.testing.assert_allclose(weakest[service.argmin(axis=0), np.arange(N)], 0.6)
    np.testing.assert_allclose(drawn(Intervention(every_department=0.2)) - service, 0.2)


def test_contacts_go_as_well_as_the_department_serves(history):
    service = history.people.service
    first_start = int(history.roll_out.start.min())
    found = [(c.department, service[c.department, c.customer], c.solved) for c in history.contacts[:first_start]]
    department, better, solved = (np.concatenate(each) for each in zip(*found, strict=True))
    for k, good in enumerate((0.72, 0.75, 0.66)):
        for low, high in ((-2, -0.4), (-0.4, 0.4), (0.4, 2)):
            rows = (department == k) & (better > low) & (better <= high)
            expected = expit(logit(good) + better[rows])
            error = np.sqrt((expected * (1 - expected)).sum()) / rows.sum()
            assert abs(solved[rows].mean() - expected.mean()) < 4 * error + 0.01


def test_answers_score_each_department_and_show_its_service(history):
    csat = history.answers[1]
    assert csat.survey.touchpoints == DEPARTMENTS
    assert csat.customer.size % 3 == 0
    by_answer = csat.touchpoint.reshape(-1, 3)
    assert (by_answer == [0, 1, 2]).all()
    for each in (csat.customer, csat.asked, csat.answered):
        assert (each.reshape(-1, 3) == each[::3, None]).all()
    score = csat.score.reshape(-1, 3)
    service = history.people.service[:, csat.customer[::3]].T
    apart, better = score - score.mean(axis=1, keepdims=True), service - service.mean(axis=1, keepdims=True)
    slope = (apart * better).sum() / (better**2).sum()
    assert 0.6 < slope < 0.85  # 0.8 less what the ends of the scale cut off


def test_a_weak_department_drives_customers_away_unless_nothing_matters(history):
    low = shortfall(history.people.service)
    chance = np.where(history.here, history.leaving, np.nan)
    weak, strong = (np.nanmean(chance[:, rows]) for rows in (low > np.quantile(low, 0.8), low < np.quantile(low, 0.2)))
    assert 1.2 < weak / strong < 1.7
    null = draw_history(customers=N, months=24, seed=6, world=World(scenario=SCENARIOS["null"]))
    chance = np.where(null.here, null.leaving, np.nan)
    weak, strong = (np.nanmean(chance[:, rows]) for rows in (low > np.quantile(low, 0.8), low < np.quantile(low, 0.2)))
    assert 0.93 < weak / strong < 1.07


def test_the_table_names_the_departments():
    answers = simulate_company(customers=500, months=12, seed=3).tables["responses"]
    places = answers.groupby("metric")["touchpoint"].unique()
    assert set(places["csat"]) == set(DEPARTMENTS)
    assert set(places["nps"]) == {"relationship"}
    csat = answers[answers["metric"] == "csat"]
    assert (csat.groupby(["customer_id", "asked_at"])["touchpoint"].nunique() == 3).all()
