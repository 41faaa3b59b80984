"""Sun and Abraham's regression: what it compares with, what it refuses, and where it equals group-time effects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.models.group_time import fit_group_time
from coroi.models.sun_abraham import fit_sun_abraham, simulate_sun_abraham
from coroi.results import Result

NAN = float("nan")
WORLD = {"n": 60, "periods": 7, "starts": (3, 5), "path": (1.0, 2.0)}


def cells(result: Result) -> pd.DataFrame:
    return result.tables["cells"].set_index(["cohort", "period"])


def test_in_a_balanced_panel_it_is_the_group_time_effect_beside_the_never_treated():
    data, _ = simulate_sun_abraham(np.random.default_rng(1), **WORLD)
    ours = fit_sun_abraham(data, outcome="outcome")
    other = fit_group_time(data, outcome="outcome", compared_with="never")
    columns = ["term", "event_time", "cohort", "period", "estimate", "std_error", "conf_low", "band_high", "n_rows"]
    pd.testing.assert_frame_equal(ours.estimates[columns], other.estimates[columns], rtol=1e-9)


def test_where_all_are_treated_the_last_cohort_is_compared_with_while_it_is_not():
    data, _ = simulate_sun_abraham(np.random.default_rng(2), **WORLD, never=0.0)
    found = fit_sun_abraham(data, outcome="outcome")
    assert found.spec["compared_with"] == "the cohort treated last"
    assert found.tables["left_out"][["what", "n_rows"]].values.tolist() == [["rows from the last start on", 120]]
    assert cells(found).index.tolist() == [(3, 0), (3, 1), (3, 3), (3, 4)]
    early = data[data["period"] < 5]
    relabelled = early.assign(first_treated=early["first_treated"].where(early["first_treated"] < 5))
    pd.testing.assert_frame_equal(cells(found), cells(fit_sun_abraham(relabelled, outcome="outcome")))


def test_anticipation_moves_the_base_period():
    data, _ = simulate_sun_abraham(np.random.default_rng(3), **WORLD, noise=0.01)
    soon = (data["period"] == data["first_treated"] - 1) * 0.7
    found = fit_sun_abraham(data.assign(outcome=data["outcome"] + soon), outcome="outcome", anticipation=1).estimates
    path = found[found["term"] == "event_time"].set_index("event_time")["estimate"]
    assert path[[-1, 0, 1]].tolist() == pytest.approx([0.7, 1.0, 2.0], abs=0.02)
    assert np.isnan(path[-2])


def test_a_cohort_without_its_base_period_or_without_others_beside_it_is_not_told():
    data, _ = simulate_sun_abraham(np.random.default_rng(4), **WORLD)
    no_base = data[~((data["first_treated"] == 3) & (data["period"] == 2))]
    found = cells(fit_sun_abraham(no_base, outcome="outcome"))
    assert found.loc[3, "reason"].str.contains("its base period").all()
    assert found.loc[5, "identified"].all()
    nobody = data[~(data["first_treated"].isna() & (data["period"] == 6))]
    found = cells(fit_sun_abraham(nobody, outcome="outcome"))
    assert found.loc[[(3, 6), (5, 6)], "reason"].tolist() == ["nobody is left to compare with in this period"] * 2
    assert found["identified"].sum() == 10


def test_a_cohort_of_one_unit_is_refused_and_the_others_told():
    data, _ = simulate_sun_abraham(np.random.default_rng(5), **WORLD)
    first = data.loc[data["first_treated"] == 5, "entity"].min()
    one = data[(data["first_treated"] != 5) | (data["entity"] == first)]
    found = fit_sun_abraham(one, outcome="outcome")
    assert cells(found).loc[5, "reason"].str.startswith("one unit alone is in the cohort").all()
    overall = found.estimates.set_index("term").loc["overall"]
    assert overall["identified"]
    assert overall["share"] == pytest.approx(4 * 23 / (4 * 23 + 2), abs=0.02)


def test_rows_without_a_covariate_are_counted():
    data, _ = simulate_sun_abraham(np.random.default_rng(6), **WORLD)
    data["x"] = np.random.default_rng(7).normal(size=len(data))
    data.loc[[3, 50, 51], "x"] = NAN
    found = fit_sun_abraham(data.assign(outcome=data["outcome"] + 2 * data["x"]), outcome="outcome", controls=["x"])
    assert found.n_obs == len(data) - 3
    assert found.tables["left_out"].loc[0, ["what", "n_rows"]].tolist() == ["rows without a covariate", 3]
    slope = found.tables["covariates"].iloc[0]
    assert slope["estimate"] == pytest.approx(2.0, abs=4 * slope["std_error"])


def test_a_covariate_that_effects_make_up_is_not_told():
    data, _ = simulate_sun_abraham(np.random.default_rng(8), **WORLD)
    found = fit_sun_abraham(data.assign(x=data["period"] * 2.0), outcome="outcome", controls=["x"])
    assert np.isnan(found.tables["covariates"]["estimate"].iloc[0])
    assert found.estimates.set_index("term").loc["overall", "identified"]


@pytest.mark.parametrize(("never", "starts", "reason"), [(0.0, (3,), "every unit is treated"), (1.0, (3,), "no unit")])
def test_roll_outs_that_tell_nothing_are_refused(never, starts, reason):
    data, _ = simulate_sun_abraham(np.random.default_rng(9), n=20, periods=6, starts=starts, path=(1.0,), never=never)
    found = fit_sun_abraham(data, outcome="outcome").estimates
    assert found["identified"].tolist() == [False]
    assert reason in found["reason"].iloc[0]


def test_weights_count_like_rows_that_are_there_as_often():
    data, _ = simulate_sun_abraham(np.random.default_rng(10), **WORLD)
    times = 1 + data["entity"] % 3
    twice = pd.concat([data[times > k].assign(copy=k) for k in range(3)])
    twice = twice.assign(unit=twice["entity"] + 0.25 * twice["copy"], family=twice["entity"])
    one = fit_sun_abraham(data.assign(times=times), outcome="outcome", weight="times").estimates
    other = fit_sun_abraham(twice, outcome="outcome", entity="unit", cluster="family").estimates
    rows = one["term"].isin(["cohort", "period", "mean_period"]) | (one["event_time"] == 3)
    for column in ("estimate", "std_error", "conf_low"):
        np.testing.assert_allclose(one.loc[rows, column], other.loc[rows, column], rtol=1e-9)


def test_an_outcome_that_never_varies_has_no_error():
    data, _ = simulate_sun_abraham(np.random.default_rng(12), **WORLD)
    found = fit_sun_abraham(data.assign(outcome=3.0), outcome="outcome").estimates
    assert not found["identified"].any()
    assert found.set_index("term").loc["overall", "reason"].endswith("its error cannot be told")


def test_eight_units_of_which_two_are_never_treated_are_too_few():
    data, _ = simulate_sun_abraham(np.random.default_rng(13), **WORLD | {"n": 8})
    found = fit_sun_abraham(data, outcome="outcome").estimates.set_index("term")
    assert found.loc["overall", "reason"].startswith("2 clusters to compare with are too few to tell errors")
