"""The experiment with firms: what is fitted, what is true, and where paths lean."""

from __future__ import annotations

import json

import numpy as np
import pytest

from coroi.company.firms import INDEX_CENTRE, INDEX_SD, draw_firms, firm_returns_table, firms_table, unfold
from coroi.company.scenario import SCENARIOS, World
from coroi.lab.bar import reason_for
from coroi.lab.experiments import EXPERIMENTS, OWN
from coroi.lab.experiments.firms import firm_panel, monthly_rows
from coroi.lab.replicate import own_stream
from coroi.studies.bundled import sample_folder

FIRMS = EXPERIMENTS["firms"]


@pytest.fixture(scope="module")
def runs() -> dict[str, np.ndarray]:
    """Estimates and ends of sixteen replications, by estimand."""
    found = [FIRMS.own_fit(own_stream("firms", seed)) for seed in range(1, 17)]
    names = [each.name for each in FIRMS.estimands]
    assert all(list(run) == names for run in found)
    return {n: np.array([(run[n].estimate, run[n].low, run[n].high) for run in found]) for n in names}


def test_every_estimand_has_a_truth_and_is_near_it(runs):
    truth = FIRMS.own_truth()
    assert set(truth) == set(runs)
    for name, rows in runs.items():
        assert not np.isnan(rows).any()
        lean = (rows[:, 0].mean() - truth[name]) / rows[:, 0].std(ddof=1)
        if reason_for("firms", name, OWN):
            continue
        assert abs(lean) < 0.9, name
        inside = (rows[:, 1] <= truth[name]) & (truth[name] <= rows[:, 2])
        assert inside.mean() >= 0.7, name


def test_the_truth_of_the_paths_is_that_of_the_claims():
    told = json.loads((sample_folder() / "truth.json").read_text(encoding="utf-8"))["claims"]["C17"]["parts"]
    truth = FIRMS.own_truth()
    assert truth["baseline_earnings"] == pytest.approx(told[0]["value"] / 100, rel=0.01)
    kept = 0.8 ** np.arange(5)
    assert truth["baseline_value"] == pytest.approx(told[2]["value"] * kept[:3].sum() / kept.sum(), rel=0.02)
    assert 0.0005 < truth["baseline_alpha"] < 0.004
    assert {truth[name] for name in truth if name.startswith("idle")} == {0.0}


def test_firms_are_those_of_the_tables():
    draws = draw_firms(5)
    fortunes = unfold(draws, World(scenario=SCENARIOS["baseline"]))
    panel, (rows, factors) = firm_panel(fortunes), monthly_rows(draws, fortunes)
    table, returns = firms_table(fortunes, 36), firm_returns_table(fortunes, 36)
    np.testing.assert_allclose(INDEX_CENTRE + INDEX_SD * panel.frame["z"], table["satisfaction"], atol=0.006)
    np.testing.assert_allclose(panel.frame["market_value"], table["market_value"], atol=0.6)
    assert panel.frame.groupby("industry")["entity"].nunique().tolist() == [8] * 6
    np.testing.assert_allclose(rows["total_return"], returns["total_return"], atol=0.0001)
    assert rows["score"].isna().sum() == 12 * 48
    own = panel.frame.set_index(["entity", "period"])
    for r in rows[rows["period"] >= 12].sample(50, random_state=1).itertuples():
        before = own.loc[(r.entity, r.period // 12 - 1)]
        assert (r.score, r.size) == (before["z"], before["market_value"])
    assert len(factors) == 144


def test_shortfalls_have_their_reason_and_nulls_none():
    assert reason_for("firms", "baseline_left_free_value", OWN)
    for name in ("baseline_value", "baseline_alpha", "idle_value", "idle_left_free_value"):
        assert not reason_for("firms", name, OWN)
    assert [e.name for e in FIRMS.estimands if e.headline][-1] == "baseline_alpha"
