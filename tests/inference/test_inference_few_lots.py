"""Rows for trials of few units: what is drawn again of which arms, and on which residuals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from coroi.inference.few_lots import lots_row, wild_row
from coroi.inference.randomisation import draw_lots_again
from coroi.inference.trials import Columns, Trial, read_trial
from coroi.inference.wild_bootstrap import wild_bootstrap
from coroi.models.randomised_pilot import simulate_randomised_pilot

HOW = {"level": 0.9, "draws": 999, "seed": 3}
NAMES = Columns(
    outcome="outcome", arm="arm", control="control", entity="entity", before=("before",), unit="unit", stratum="stratum"
)


def drawn(arms: int = 2, **more) -> pd.DataFrame:
    asked = {"n": 180, "effect": 0.5, "units": 18, "strata": 2} | more
    return simulate_randomised_pilot(np.random.default_rng(2), arms=arms, **asked)[0]


def ends(row: dict) -> tuple[float, float, float]:
    return row["conf_low"], row["conf_high"], row["p_value"]


def told(trial: Trial, k: int, kind, *, adjusted: bool) -> tuple[float, float, float]:
    return ends(kind(trial, k, adjusted=adjusted, estimate=0.0, error=1.0, how=HOW))


def test_lots_are_drawn_for_sums_of_units_and_residuals_that_do_not_see_the_arms():
    data = drawn()
    trial = read_trial(data, NAMES)
    for adjusted in (False, True):
        y, d = data["outcome"], (data["arm"] == "treatment").astype(float)
        if adjusted:
            rest = data[["before", "stratum"]]
            y, d = (smf.ols("v ~ before + stratum", rest.assign(v=v)).fit().resid for v in (y, d))
        sums = data.assign(y=y, d=d).groupby("unit").agg(
            y=("y", "sum"), d=("d", "sum"), n=("y", "size"), arm=("arm", "first"), stratum=("stratum", "first")
        )  # fmt: skip
        on = (sums["arm"] == "treatment").to_numpy()
        want = draw_lots_again(
            sums["y"].to_numpy(), sums["n"].to_numpy(float), on, sums["stratum"].to_numpy(),
            moved=sums["d"].to_numpy(), draws=999, seed=3,
        )  # fmt: skip
        assert told(trial, 1, lots_row, adjusted=adjusted) == pytest.approx((*want.limits(0.9), want.p_value(0.0)))


def test_of_three_arms_the_lots_of_two_are_drawn_again():
    data = drawn(arms=3)
    trial, two = read_trial(data, NAMES), read_trial(data[data["arm"] != "treatment 2"], NAMES)
    for adjusted in (False, True):
        both = [told(each, 1, lots_row, adjusted=adjusted) for each in (trial, two)]
        assert both[0] == pytest.approx(both[1], abs=1e-9)


def test_the_bootstrap_is_that_of_the_regression_with_interactions():
    data = drawn()
    trial = read_trial(data, NAMES)
    d = (data["arm"] == "treatment").to_numpy(float)
    centred = data[["stratum", "before"]].to_numpy(float)
    centred = centred - centred.mean(axis=0)
    design = np.column_stack([np.ones(len(d)), d, centred, d[:, None] * centred])
    want = wild_bootstrap(design, data["outcome"].to_numpy(), data["unit"].to_numpy(), at=1, draws=999, seed=3)
    assert told(trial, 1, wild_row, adjusted=True) == pytest.approx((*want.limits(0.9), want.p_value(0.0)), rel=1e-6)


def test_an_arm_that_other_columns_make_up_is_not_told():
    data = drawn(strata=1).assign(stratum=0)
    data["before"] = (data["arm"] == "treatment").astype(float)
    row = wild_row(read_trial(data, NAMES), 1, adjusted=True, estimate=0.0, error=1.0, how=HOW)
    assert not row["identified"]
    assert "combination" in row["reason"]
