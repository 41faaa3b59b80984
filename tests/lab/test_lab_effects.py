"""The experiments with fixed effects: what is fitted, what is true, and that biased worlds show their bias."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.lab.bar import reason_for
from coroi.lab.experiments import EXPERIMENTS, OWN
from coroi.lab.experiments.effects import OWN_SLOPE, customer_months
from coroi.lab.months import ANSWER
from coroi.lab.replicate import draw_company, own_stream

EFFECTS, SPENDING = EXPERIMENTS["effects"], EXPERIMENTS["spending"]


@pytest.fixture(scope="module")
def own() -> dict[str, np.ndarray]:
    """Estimates and ends of forty replications, by estimand."""
    runs = [EFFECTS.own_fit(own_stream("effects", seed)) for seed in range(1, 41)]
    names = [each.name for each in EFFECTS.estimands]
    return {n: np.array([(run[n].estimate, run[n].low, run[n].high) for run in runs]) for n in names}


def test_within_is_sound_where_levels_go_with_the_metric_and_naive_figures_are_not(own):
    assert EFFECTS.own_truth() == dict.fromkeys(own, OWN_SLOPE)
    for name in ("clean", "confounded"):
        estimate = own[name][:, 0]
        assert abs(estimate.mean() - OWN_SLOPE) < 3 * estimate.std(ddof=1) / np.sqrt(40)
    for name in ("confounded_between", "confounded_pooled", "reverse"):
        assert own[name][:, 1].min() > OWN_SLOPE or np.mean(own[name][:, 1] > OWN_SLOPE) > 0.9
        assert reason_for("effects", name, OWN)
    assert not reason_for("effects", "confounded", OWN)


def test_headlines_are_those_that_are_sound():
    assert [each.name for each in EFFECTS.estimands if each.headline] == ["clean", "confounded"]
    assert not any(each.headline for each in SPENDING.estimands)


def test_months_of_a_company_are_those_at_risk_with_an_answer_that_counts():
    months = draw_company("null", 20_001, customers=150, months=24)
    frame = customer_months(months)
    assert len(frame) == (months.at_risk & (months.state == ANSWER)).sum() > 500
    assert not frame.duplicated(["entity", "period"]).any()
    assert frame["metric"].between(0, 10).all()
    total = months.revenue[months.at_risk & (months.state == ANSWER)].sum()
    assert frame["outcome"].sum() == pytest.approx(total)
    found = SPENDING.fit(months)
    assert set(found) == set(SPENDING.pool([None])) == {each.name for each in SPENDING.estimands}
    assert set(SPENDING.pool([None]).values()) == {0.0}
    assert not any(each.refused for each in found.values())
    dummies = pd.get_dummies(frame[["entity", "period"]].astype(str), drop_first=True).to_numpy(float)
    x = np.column_stack([frame["metric"], np.ones(len(frame)), dummies])
    slope = np.linalg.lstsq(x, frame["outcome"].to_numpy(), rcond=None)[0][0]
    assert found["within"].estimate == pytest.approx(slope, rel=1e-7)
