"""Predicted retention against simulation, against sums written out, and against differences taken numerically."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from coroi.inference.cells import count_cells
from coroi.inference.design import Term
from coroi.models.hazard import fit_hazard, predict_retention, simulate_hazard
from coroi.results import Result

LINKS = ["logit", "cloglog"]
TERMS = [Term("score", centre=0.5), Term("tenure", ("0–2", "3–5", "6 and more"))]
Z = stats.norm.ppf(0.975)


def fitted(link: str = "cloglog", *, terms=TERMS, **change) -> Result:
    rows, _ = simulate_hazard(np.random.default_rng(1), n=600, periods=9, slope=-0.4, base=-2.0)
    rows = rows.assign(tenure=np.minimum(rows["period"] // 3, 2)).assign(**change)
    cells = count_cells(rows, ["score", "tenure"], event="exited", cluster="customer")
    return fit_hazard(cells, terms=terms, link=link)


@pytest.fixture(scope="module", params=LINKS)
def hazard(request) -> Result:
    return fitted(request.param)


def profiles() -> pd.DataFrame:
    """Of two groups, with scores and without, with uneven weights, lengths and schedules."""
    rows = []
    for number, (group, customers, score, periods, schedule) in enumerate(
        [
            ("low", 3, -2.0, 6, [1, 1, 1, 1, 1, 1]),
            ("low", 1, np.nan, 6, [1, 1, 1, 1, 1, 1]),
            ("top", 5, 2.5, 6, [0, 0, 1, 0, 0, 1]),
            ("top", 2, 3.0, 4, [0, 1, 0, 1]),
        ]
    ):
        rows += [(number, group, customers, score, t // 2, schedule[t]) for t in range(periods)]
    return pd.DataFrame(rows, columns=["profile", "group", "customers", "score", "tenure", "at_risk"])


def chances(result: Result, rows: pd.DataFrame) -> np.ndarray:
    """Return each row's chance to leave, written out term by term."""
    coef = result.estimates.set_index("term")["estimate"]
    found = []
    for row in rows.itertuples():
        eta = coef["constant"] + (0 if np.isnan(row.score) else coef["score"] * (row.score - 0.5))
        eta += {0: 0.0, 1: coef["tenure[3–5]"], 2: coef["tenure[6 and more]"]}[row.tenure]
        hazard = 1 / (1 + np.exp(-eta)) if result.spec["link"] == "logit" else 1 - np.exp(-np.exp(eta))
        found.append(hazard * row.at_risk)
    return np.array(found)


def means(result: Result, rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return retention and periods stayed by group, written out."""
    rows = rows.assign(chance=chances(result, rows))
    found: dict[str, dict[str, float]] = {}
    for group, members in rows.groupby("group"):
        total = share = stay = 0.0
        for _, mine in members.groupby("profile"):
            weight, left = mine["customers"].iloc[0], 1.0
            for chance in mine["chance"]:
                stay += weight * left
                left *= 1 - chance
            share, total = share + weight * left, total + weight
        found[str(group)] = {"retention": share / total, "periods_stayed": stay / total}
    low, top = found["low"], found["top"]
    found["top less low"] = {
        "difference": top["retention"] - low["retention"],
        "difference_periods_stayed": top["periods_stayed"] - low["periods_stayed"],
    }
    return found


def test_means_equal_the_products_written_out(hazard):
    found = predict_retention(hazard, profiles(), groups="group", contrast=("top", "low")).estimates
    wanted = means(hazard, profiles())
    assert {(r.band, r.term) for r in found.itertuples()} == {(b, t) for b, terms in wanted.items() for t in terms}
    for row in found.itertuples():
        assert row.estimate == pytest.approx(wanted[row.band][row.term], rel=1e-12)


def test_means_equal_a_simulation(hazard):
    rows = profiles()
    rng = np.random.default_rng(2)
    chance = chances(hazard, rows)
    found = predict_retention(hazard, rows, groups="group").estimates.set_index(["band", "term"])["estimate"]
    n = 100_000
    for group, members in rows.groupby("group").indices.items():
        weights, stays, begun = [], [], []
        for number in np.unique(rows["profile"].to_numpy()[members]):
            mine = np.flatnonzero(rows["profile"] == number)
            leaves = rng.random((n, len(mine))) < chance[mine]
            there = np.cumprod(~leaves, axis=1)
            weights.append(rows["customers"].to_numpy()[mine[0]])
            stays.append(there[:, -1].mean())
            begun.append(1 + there[:, :-1].sum(axis=1).mean())
        assert found[group, "retention"] == pytest.approx(np.average(stays, weights=weights), abs=4 * 0.5 / np.sqrt(n))
        assert found[group, "periods_stayed"] == pytest.approx(
            np.average(begun, weights=weights), abs=4 * 2 / np.sqrt(n)
        )


def test_errors_equal_the_delta_method_by_numerical_differences(hazard):
    found = predict_retention(hazard, profiles(), groups="group", contrast=("top", "low")).estimates
    step = 1e-5
    for row in found.itertuples():
        gradient = []
        for term in hazard.estimates.index:
            ends = []
            for sign in (1, -1):
                moved = hazard.estimates.copy()
                moved.loc[term, "estimate"] += sign * step
                ends.append(means(replace(hazard, estimates=moved), profiles())[row.band][row.term])
            gradient.append((ends[0] - ends[1]) / (2 * step))
        wanted = np.sqrt(np.array(gradient) @ hazard.vcov.to_numpy() @ np.array(gradient))
        assert row.std_error == pytest.approx(wanted, rel=1e-6)


def test_intervals_of_shares_are_taken_on_the_log_log_scale(hazard):
    found = predict_retention(hazard, profiles(), groups="group", contrast=("top", "low"), level=0.95).estimates
    for row in found.itertuples():
        ends = (row.conf_low, row.conf_high)
        if row.term == "retention":
            theta = np.log(-np.log(row.estimate))
            half = Z * row.std_error / (row.estimate * -np.log(row.estimate))
            assert ends == pytest.approx((np.exp(-np.exp(theta + half)), np.exp(-np.exp(theta - half))), rel=1e-10)
        else:
            half = Z * row.std_error
            assert ends == pytest.approx((row.estimate - half, row.estimate + half), rel=1e-10)
    narrow = predict_retention(hazard, profiles(), groups="group", level=0.5).estimates
    assert (narrow["conf_low"] > found["conf_low"][: len(narrow)]).all()


def test_groups_come_in_their_order_and_weights_alone_make_a_mean(hazard):
    rows = profiles()
    assert predict_retention(hazard, rows, groups="group").estimates["band"].tolist() == ["low", "low", "top", "top"]
    more = predict_retention(hazard, rows.assign(customers=10 * rows["customers"]), groups="group").estimates
    pd.testing.assert_frame_equal(more, predict_retention(hazard, rows, groups="group").estimates)


def test_profiles_may_be_interleaved(hazard):
    rows = profiles()
    mixed = rows.iloc[np.argsort(rows.groupby("profile").cumcount(), kind="stable")].reset_index(drop=True)
    assert mixed["profile"].tolist()[:4] == [0, 1, 2, 3]
    one, other = (predict_retention(hazard, table, groups="group").estimates for table in (rows, mixed))
    pd.testing.assert_frame_equal(one, other, rtol=1e-12)


def test_without_a_schedule_every_period_counts(hazard):
    rows = profiles()
    always = predict_retention(hazard, rows.assign(at_risk=1.0), groups="group").estimates
    pd.testing.assert_frame_equal(
        always, predict_retention(hazard, rows.drop(columns="at_risk"), groups="group").estimates
    )


def test_who_cannot_leave_stays(hazard):
    found = predict_retention(hazard, profiles().assign(at_risk=0.0), groups="group").estimates
    shares = found[found["term"] == "retention"]
    for column in ("estimate", "conf_low", "conf_high"):
        assert shares[column].tolist() == [1.0, 1.0]
    assert found.loc[found["term"] == "periods_stayed", "estimate"].to_numpy() == pytest.approx(
        [6.0, (5 * 6 + 2 * 4) / 7]
    )
    assert found["std_error"].tolist() == [0.0] * 4


@pytest.mark.parametrize("eta", [50.0, 800.0])
def test_who_surely_leaves_is_gone(hazard, eta):
    moved = hazard.estimates.assign(
        estimate=hazard.estimates["estimate"].where(hazard.estimates["term"] != "constant", eta)
    )
    rows = profiles().assign(at_risk=1.0)
    found = predict_retention(replace(hazard, estimates=moved), rows, groups="group").estimates
    shares = found[found["term"] == "retention"]
    assert shares["estimate"].to_numpy() == pytest.approx([0, 0], abs=1e-80)
    assert (shares["conf_low"] >= 0).all() and (shares["conf_high"] <= 1).all()
    assert found.loc[found["term"] == "periods_stayed", "estimate"].to_numpy() == pytest.approx([1.0, 1.0])
    assert np.isfinite(found["std_error"]).all()


NOBODY = "nobody of this level has the event"


def test_a_group_that_needs_a_coefficient_that_is_not_there_says_which():
    """Nobody leaves in the last tenure band; a group that stands in it only where it cannot leave is told."""
    rows, _ = simulate_hazard(np.random.default_rng(1), n=600, periods=9, slope=-0.4, base=-2.0)
    rows = rows.assign(tenure=np.minimum(rows["period"] // 3, 2))
    rows.loc[rows["tenure"] == 2, "exited"] = 0
    cells = count_cells(rows, ["score", "tenure"], event="exited", cluster="customer")
    hazard = fit_hazard(cells, terms=TERMS)
    asked = profiles().assign(at_risk=1.0)
    reached = asked["tenure"] == 2
    asked.loc[reached & (asked["group"] == "top"), "at_risk"] = 0.0
    found = predict_retention(hazard, asked, groups="group", contrast=("top", "low")).estimates
    why = f"{NOBODY} (tenure[6 and more])"
    assert found["reason"].tolist() == [why, why, "", "", why, why]
    short = predict_retention(hazard, asked[~reached], groups="group").estimates.set_index(["band", "term"])
    told = found.set_index(["band", "term"]).loc[("top", "retention")]
    assert told["estimate"] == pytest.approx(short.loc[("top", "retention"), "estimate"], rel=1e-12)


def test_a_reference_that_nobody_leaves_moves_and_the_others_keep_their_predictions():
    rows, _ = simulate_hazard(np.random.default_rng(1), n=600, periods=9, slope=-0.4, base=-2.0)
    rows = rows.assign(tenure=np.minimum(rows["period"] // 3, 2))
    rows.loc[rows["tenure"] == 0, "exited"] = 0
    cells = count_cells(rows, ["score", "tenure"], event="exited", cluster="customer")
    hazard = fit_hazard(cells, terms=TERMS)
    later = profiles().assign(at_risk=1.0).query("tenure > 0")
    found = predict_retention(hazard, later, groups="group").estimates
    other = fit_hazard(cells, terms=[TERMS[0], Term("tenure", TERMS[1].levels, reference="6 and more")])
    pd.testing.assert_frame_equal(found, predict_retention(other, later, groups="group").estimates, rtol=1e-9)
    assert found["identified"].all()
    first = predict_retention(hazard, profiles().assign(at_risk=1.0), groups="group").estimates
    assert first["reason"].tolist() == [f"{NOBODY} (tenure[0–2])"] * 4


def test_customers_of_a_level_that_no_row_has_are_not_left_out_in_silence(hazard):
    rows = profiles()
    rows.loc[rows["profile"] == 1, "tenure"] = 9
    found = predict_retention(hazard, rows, groups="group").estimates
    why = "some of its customers have a level that no row at risk has"
    assert found["reason"].tolist() == [why, why, "", ""]


def test_without_a_fit_nothing_is_predicted():
    found = predict_retention(fitted(exited=0), profiles(), groups="group", contrast=("top", "low")).estimates
    assert found["reason"].tolist() == ["the event never happens"] * 6
    assert found["estimate"].isna().all()


def test_a_contrast_with_a_group_of_nobody_says_so(hazard):
    found = predict_retention(hazard, profiles(), groups="group", contrast=("top", "middle")).estimates
    assert found["reason"].tolist()[-2:] == ["it has no customers"] * 2
