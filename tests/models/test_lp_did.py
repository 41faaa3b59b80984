"""Local projections of a roll-out: clean controls, the two weightings, covariates, gaps and refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from coroi.models.group_time import fit_group_time
from coroi.models.lp_did import fit_lp_did, simulate_lp_did
from coroi.results import Result

NAN = float("nan")
WORLD = {"n": 60, "periods": 8, "starts": (3, 5), "path": (1.0, 2.0), "later_cohorts": 1.0}


def path(result: Result, column: str = "estimate", term: str = "event_time") -> pd.Series:
    return result.estimates[result.estimates["term"] == term].set_index("event_time")[column]


def test_with_equal_weights_it_is_the_group_time_effect_beside_those_not_treated_yet():
    data, _ = simulate_lp_did(np.random.default_rng(1), **WORLD)
    ours, other = (fit(data, outcome="outcome") for fit in (fit_lp_did, fit_group_time))
    after = [0, 1, 2, 3, 4]
    np.testing.assert_allclose(path(ours)[after], path(other)[after], rtol=1e-10)
    for term in ("overall", "mean_event_time"):
        want = other.estimates.set_index("term").loc[term, "estimate"]
        assert ours.estimates.set_index("term").loc[term, "estimate"] == pytest.approx(want, rel=1e-10)
    cohorts = [each.estimates.query("term == 'cohort'").set_index("cohort")["estimate"] for each in (ours, other)]
    assert len(cohorts[0]) == 2
    pd.testing.assert_series_equal(*cohorts)


def test_least_squares_weigh_starts_by_their_variance():
    """Each start's own effect counts with n1 n0 / (n1 + n0)."""
    data, _ = simulate_lp_did(np.random.default_rng(2), **WORLD)
    cells = fit_group_time(data, outcome="outcome").tables["cells"]
    now = cells[cells["event_time"] == 1]
    weight = now["n_units"] * now["n_compared"] / (now["n_units"] + now["n_compared"])
    found = path(fit_lp_did(data, outcome="outcome", weighting="variance"))
    assert found[1] == pytest.approx(np.average(now["estimate"], weights=weight), rel=1e-10)


def test_covariates_of_the_base_period_are_held():
    data, _ = simulate_lp_did(np.random.default_rng(3), **WORLD)
    data["x"] = np.random.default_rng(4).normal(size=len(data))
    data["outcome"] += 3 * data.groupby("entity")["x"].shift(1).fillna(0)
    found = fit_lp_did(data, outcome="outcome", controls=["x"], weighting="variance", horizon=0)
    change = data["outcome"] - data.groupby("entity")["outcome"].shift(1)
    then = data.groupby("entity")["x"].shift(1)
    rows = change.notna() & ~(data["period"] > data["first_treated"])
    now = (data["period"] == data["first_treated"]).astype(float)
    design = pd.concat([now.rename("now"), then, pd.get_dummies(data["period"], dtype=float)], axis=1)[rows]
    want = sm.OLS(change[rows], design.drop(columns=0)).fit().params["now"]
    assert path(found)[0] == pytest.approx(want, rel=1e-9)


def test_a_gap_is_not_stepped_over():
    data, _ = simulate_lp_did(np.random.default_rng(5), **WORLD)
    some = data.loc[data["first_treated"] == 3, "entity"].min()
    gap = data[~((data["entity"] == some) & (data["period"] == 4))]
    rows = fit_lp_did(gap, outcome="outcome").tables["horizons"].set_index("event_time")
    whole = fit_lp_did(data, outcome="outcome").tables["horizons"].set_index("event_time")
    assert (whole["n_treated"] - rows["n_treated"])[[0, 1, 2]].tolist() == [0, 1, 0]
    assert (whole["n_seen"] - rows["n_seen"])[[0, 1, 2]].tolist() == [0, 1, 0]


def test_a_unit_without_its_base_period_is_seen_and_not_told():
    data, _ = simulate_lp_did(np.random.default_rng(6), **WORLD)
    some = data.loc[data["first_treated"] == 5, "entity"].min()
    gap = data[~((data["entity"] == some) & (data["period"] == 4))]
    found = fit_lp_did(gap, outcome="outcome")
    rows = found.tables["horizons"].set_index("event_time")
    assert (rows["n_seen"] - rows["n_treated"])[[0, 1, 2]].tolist() == [1, 1, 1]
    assert path(found, "share")[0] == pytest.approx(44 / 45)
    assert next(c for c in found.checks if c.name == "told").passed is False


def test_horizons_until_which_nobody_stays_untreated_are_listed():
    data, _ = simulate_lp_did(np.random.default_rng(7), **WORLD, never=0.0)
    found = fit_lp_did(data, outcome="outcome")
    rows = found.tables["horizons"].set_index("event_time")
    assert (rows.loc[[2, 3, 4], "reason"] == "nobody stays untreated until then to compare with").all()
    assert path(found, "identified")[[0, 1, 2]].tolist() == [True, True, False]
    assert path(found, "share")[0] == 0.5
    overall = found.estimates.set_index("term").loc["overall"]
    assert overall[["identified", "n_rows"]].tolist() == [True, 60]


def test_anticipation_moves_base_and_clean_units():
    data, _ = simulate_lp_did(np.random.default_rng(8), **WORLD | {"later_cohorts": 0.0}, noise=0.01)
    soon = (data["period"] == data["first_treated"] - 1) * 0.7
    found = fit_lp_did(data.assign(outcome=data["outcome"] + soon), outcome="outcome", anticipation=1)
    assert path(found)[[-1, 0, 1]].tolist() == pytest.approx([0.7, 1.0, 2.0], abs=0.02)
    assert np.isnan(path(found)[-2])


def test_the_balanced_path_takes_the_units_seen_at_all_its_times():
    data, _ = simulate_lp_did(np.random.default_rng(9), **WORLD)
    found = fit_lp_did(data, outcome="outcome")
    assert path(found, "n_units", "balanced").to_dict() == dict.fromkeys([-3, -2, 0, 1, 2], 45)
    longer = fit_lp_did(data, outcome="outcome", balanced=4)
    n_first = data.loc[data["first_treated"] == 3, "entity"].nunique()
    assert path(longer, "n_units", "balanced").to_dict() == dict.fromkeys([-3, -2, 0, 1, 2, 3, 4], n_first)
    assert "no unit is seen at all" in longer_than_seen(data).iloc[0]


def longer_than_seen(data: pd.DataFrame) -> pd.Series:
    return path(fit_lp_did(data, outcome="outcome", balanced=6), "reason", "balanced")


def test_the_horizon_bounds_path_and_pooled_mean_and_averages_take_in_later_times():
    data, _ = simulate_lp_did(np.random.default_rng(14), **WORLD)
    found, whole = (fit_lp_did(data, outcome="outcome", horizon=h) for h in (1, None))
    assert path(found).index.max() == 1
    rows, all_rows = (each.estimates.set_index("term") for each in (found, whole))
    assert rows.loc["overall", "estimate"] == all_rows.loc["overall", "estimate"]
    change = data.groupby("entity")["outcome"]
    mean = (data["outcome"] + change.shift(-1)) / 2 - change.shift(1)
    effects = []
    for g in (3, 5):
        now = data["period"] == g
        clean = ~(data["first_treated"] <= g + 1)
        effects.append(mean[now & (data["first_treated"] == g)].mean() - mean[now & clean].mean())
    sizes = [data.loc[data["first_treated"] == g, "entity"].nunique() for g in (3, 5)]
    assert rows.loc["pooled", "estimate"] == pytest.approx(np.average(effects, weights=sizes), rel=1e-10)


def test_never_treated_alone_to_compare_with():
    data, _ = simulate_lp_did(np.random.default_rng(10), **WORLD)
    rows = fit_lp_did(data, outcome="outcome", compared_with="never").tables["horizons"].set_index("event_time")
    assert rows.loc[[0, 1, 2], "n_compared"].tolist() == [30] * 3  # fifteen units beside either start
    refused = fit_lp_did(data.dropna(), outcome="outcome", compared_with="never").estimates
    assert refused["reason"].tolist() == [
        "no unit is never treated, and those not treated yet were not to be compared with"
    ]


def test_drift_before_the_start_is_found():
    data, _ = simulate_lp_did(np.random.default_rng(11), **WORLD | {"n": 200}, trend=0.3)
    assert fit_lp_did(data, outcome="outcome").checks[0].passed is False


def test_an_outcome_that_never_varies_has_no_error():
    data, _ = simulate_lp_did(np.random.default_rng(12), **WORLD)
    found = fit_lp_did(data.assign(outcome=3.0), outcome="outcome").estimates
    assert not found["identified"].any()
    assert found.set_index("term").loc["overall", "reason"].endswith("its error cannot be told")
