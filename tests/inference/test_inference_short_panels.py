"""The bias of entity effects beside the outcome's own past, against large simulated panels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.inference.lagged import gather, lag_block
from coroi.inference.panels import read_panel
from coroi.inference.short_panels import kendall_bias, nickell_bias, short_panel_check


def test_with_two_periods_the_bias_is_half_of_one_and_the_coefficient():
    for rho in (0.0, 0.3, 0.8):
        assert nickell_bias(rho, 2) == pytest.approx(-(1 + rho) / 2)


@pytest.mark.parametrize(("rho", "n_periods"), [(0.5, 3), (0.8, 6), (0.2, 12)])
def test_the_bias_is_that_of_a_large_panel(rho, n_periods):
    rng, n = np.random.default_rng(1), 60_000
    level = rng.normal(size=n)
    outcome = level / (1 - rho) + rng.normal(size=n) / np.sqrt(1 - rho**2)
    path = [outcome]
    for _ in range(n_periods):
        path.append(rho * path[-1] + level + rng.normal(size=n))
    y = np.array(path)
    now, before = y[1:] - y[1:].mean(axis=0), y[:-1] - y[:-1].mean(axis=0)
    found = (before * now).sum() / (before**2).sum()
    assert found - rho == pytest.approx(nickell_bias(rho, n_periods), abs=0.006)


@pytest.mark.parametrize(("rho", "n_periods"), [(0.5, 60), (0.9, 200)])
def test_the_bias_of_a_series_is_that_of_many(rho, n_periods):
    rng, n = np.random.default_rng(2), 20_000
    path = [rng.normal(size=n) / np.sqrt(1 - rho**2)]
    for _ in range(n_periods):
        path.append(rho * path[-1] + rng.normal(size=n))
    y = np.array(path)
    now, before = y[1:] - y[1:].mean(axis=0), y[:-1] - y[:-1].mean(axis=0)
    found = (before * now).sum(axis=0) / (before**2).sum(axis=0)
    assert found.mean() - rho == pytest.approx(kendall_bias(rho, n_periods), rel=0.1)


def sample(periods: int, effects: str, n: int = 2):
    data = pd.DataFrame({"e": np.repeat(np.arange(n), periods), "t": np.tile(np.arange(periods), n)})
    rows = read_panel(data.assign(y=np.arange(float(n) * periods)), ["y"], entity="e", period="t")
    return gather(rows, {"no outcome": lag_block(rows, ["y"])}, effects=effects)


def test_the_check_sets_the_bias_against_the_error():
    short = short_panel_check(sample(6, "both"), "both", 0.5, 0.05)
    assert short.passed is False
    assert "With 6.0 periods an entity" in short.sentence
    assert f"{nickell_bias(0.5, 6):.3g}".replace("-", "−") in short.sentence
    assert short_panel_check(sample(100, "both"), "both", 0.5, 0.05).passed
    assert short_panel_check(sample(6, "period"), "period", 0.5, 0.05) is None
    assert short_panel_check(sample(6, "entity"), "entity", 1.2, 0.05).passed is None
    series = short_panel_check(sample(40, "none", n=1), "none", 0.9, 0.06)
    assert (series.name, series.passed) == ("short series", False)
    assert "With 40 periods the coefficient" in series.sentence
    assert "about −0.0925, which is 1.5 of its" in series.sentence
