"""The study on companies of known truth: does its interval hold what their programmes are worth?

The two speak of almost the same people. The truth is per customer with a contract when the unit begins; the study fixes
its cohort at one date before the first unit begins and counts everybody of it until the end, so that who left between
that date and the unit's begin stands in it with neither benefit nor cost, and its figures are smaller by that share.
With intervals as wide as those of 600 customers in some twenty units this is no matter.
"""

from __future__ import annotations

import numpy as np
import pytest

import coroi
from coroi.company import simulate_company
from coroi.company.effects import part_values
from coroi.company.files import write_tables
from coroi.company.path import PATH
from coroi.company.scenario import SCENARIOS
from coroi.roi.present_value import present_value
from coroi.studies import roi

MONTHS, CUSTOMERS = 36, 600
SEEDS = {"baseline": (11, 12), "dip": (13, 14), "overspend": (15, 16), "null": (17, 18)}
"""All different: companies of one seed share their people in every scenario."""

ENOUGH = 6
"""Of 8 intervals at 95 %, fewer hold in 0.6 % of the time."""


@pytest.mark.slow
def test_intervals_hold_the_truth_of_companies(tmp_path):
    held = []
    for scenario, seeds in SEEDS.items():
        path = part_values([PATH], months=MONTHS, scenario=SCENARIOS[scenario], customers=12_000)[PATH].mean(axis=0)
        worth = sum(month / 1.1 ** (k / 12) for k, month in enumerate(path))
        assert (worth > 0) == (scenario in ("baseline", "dip"))
        for seed in seeds:
            folder = tmp_path / str(seed)
            folder.mkdir()
            company = simulate_company(customers=CUSTOMERS, months=MONTHS, seed=seed, scenario=scenario)
            write_tables(company, folder, name=scenario)
            question = roi.ask(coroi.open_inputs(str(folder / "plan.yaml")), referrals=False, horizon=len(path))
            assert (question.route, question.horizon, question.rate) == ("roll-out", len(path), 0.1)
            parts = roi.fit_parts(question)
            assert parts.flows is not None, parts.reason
            row = present_value(parts.flows.total, rate_annual=question.rate, per_year=question.per_year)
            held.append(row["conf_low"] <= worth <= row["conf_high"])
            paid = parts.flows.line("programme").estimate
            assert (paid <= 0).all()
            if scenario == "null":
                assert np.sum(paid) == pytest.approx(path.sum(), rel=0.5)
    assert sum(held) >= ENOUGH
