"""Imputed effects: against a twin, with weights, clusters, gaps and anticipation; what is lost, refused or silent."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.models.imputation_did import fit_imputation_did, simulate_imputation_did
from coroi.results import Result
from imputation_twin import imputed_by_hand

NAN = float("nan")


def drawn(seed: int, **asked: object) -> pd.DataFrame:
    options = {"n": 22, "periods": 9, "starts": (4, 5, 6), "path": (0.2, 0.5), "sponsored": 0.4} | asked
    return simulate_imputation_did(np.random.default_rng(seed), **options)[0]


def fit(data: pd.DataFrame, **asked: object) -> Result:
    return fit_imputation_did(data, outcome="outcome", **{"leads": 2} | asked)


def named(result: Result) -> pd.DataFrame:
    return result.estimates.set_index(result.vcov.index)


@pytest.mark.parametrize("compared_with", ["not_yet", "never"])
@pytest.mark.parametrize("anticipation", [0, 1])
@pytest.mark.parametrize("cluster", [None, "cluster"])
def test_weights_clusters_gaps_and_anticipation_are_as_by_hand(anticipation, cluster, compared_with):
    rng = np.random.default_rng(5)
    data = drawn(5)
    data = data.assign(weight=rng.uniform(0.5, 2, len(data)), cluster=data["entity"] // 2)
    data = data[rng.uniform(size=len(data)) > 0.1]
    data = data if cluster else data.drop(columns="cluster")
    asked = {"weight": "weight", "cluster": cluster, "anticipation": anticipation, "by": "sponsored"}
    rows = named(fit(data, **asked, compared_with=compared_with))
    slow = imputed_by_hand(data, leads=2, anticipation=anticipation, compared_with=compared_with)
    assert set(slow) == {name for name in rows.index if not name.startswith(("balanced", "period"))}
    for name, numbers in slow.items():
        assert rows.loc[name, ["estimate", "std_error", "df"]].tolist() == pytest.approx(list(numbers), rel=1e-8), name


@pytest.mark.parametrize("starts", [(4, 5, 6, 7), (3, 4, 5, 6, 7, 8)])
def test_cohorts_of_one_unit_join_their_neighbours_as_by_hand(starts):
    data = drawn(6, n=8, periods=11, starts=starts).assign(weight=1.0)
    rows = named(fit(data, by="sponsored"))
    slow = imputed_by_hand(data, leads=2)
    told = rows[rows["identified"]]
    assert {"overall", "event_time: -1", "event_time: 0"} <= set(told.index)
    for name in set(slow) & set(told.index):
        assert told.loc[name, ["estimate", "std_error", "df"]].tolist() == pytest.approx(list(slow[name]), rel=1e-8), (
            name
        )


def test_one_cohort_beside_units_never_treated_is_the_same_by_either_comparison():
    data = drawn(7, starts=(5,))
    one, other = (fit(data, compared_with=who).estimates for who in ("not_yet", "never"))
    columns = ["estimate", "std_error", "df", "n_rows"]
    np.testing.assert_allclose(one[columns].to_numpy(float), other[columns].to_numpy(float), rtol=1e-9)


def test_what_units_treated_later_do_before_their_start_reaches_no_effect_beside_those_never_treated():
    data = drawn(8, starts=(3, 7))
    late = (data["first_treated"] == 7) & data["period"].between(4, 6)
    moved = data.assign(outcome=data["outcome"] + 5.0 * late)
    for who, reached in (("not_yet", True), ("never", False)):
        before, after = (named(fit(d, compared_with=who)).loc["cohort: 3", "estimate"] for d in (data, moved))
        assert bool(abs(after - before) > 1e-9) == reached


def test_nobody_never_treated_is_refused_where_they_alone_are_to_be_compared_with():
    row = fit(drawn(9, never=0.0), compared_with="never").estimates.iloc[0]
    assert not row["identified"]
    assert row["reason"] == "no unit is never treated, and those not treated yet were not to be compared with"


def test_a_period_in_which_nobody_never_treated_is_seen_is_lost():
    data = drawn(10)
    gone = data["first_treated"].isna() & (data["period"] == 5)
    found = fit(data[~gone], compared_with="never")
    assert set(found.tables["lost"]["period"]) == {5}
    assert set(found.tables["lost"]["reason"]) == {"nobody who is never treated was seen in that period"}


def test_without_noise_every_effect_is_exact():
    data, truth = simulate_imputation_did(
        np.random.default_rng(7), n=20, periods=10, starts=(4, 6), path=(1.0, 2.0, -3.0), sponsored=0.5, noise=1e-12
    )
    rows = named(fit(data, by="sponsored"))
    for name, value in truth.items():
        assert rows.loc[name, "estimate"] == pytest.approx(value, abs=1e-9), name
    assert rows.loc[["event_time: -1", "event_time: -2"], "estimate"].abs().max() < 1e-9


def test_periods_and_balanced_path_average_the_rows_that_they_say():
    data = drawn(8, n=40)
    result = fit(data)
    rows, when = named(result), data["period"] - data["first_treated"]
    for time in (0, 2):
        units = data[when.ge(0)].groupby("entity")["period"].count()
        reached = int(result.estimates.query("term == 'balanced'")["event_time"].max())
        kept = data["entity"].map(units) > reached
        assert rows.loc[f"balanced: {time}", "n_units"] == (kept & (when == time)).sum()
    at_last = rows.loc["period: 8"]
    assert at_last["n_rows"] == (data["period"].eq(8) & when.ge(0)).sum()
    by_cohort = rows[rows["term"] == "cohort"]
    share = by_cohort["n_rows"] / by_cohort["n_rows"].sum()
    assert (share * by_cohort["estimate"]).sum() == pytest.approx(rows.loc["overall", "estimate"], rel=1e-10)


def test_the_band_holds_leads_and_effects_and_is_wider_than_intervals():
    rows = fit(drawn(9)).estimates
    path = rows[rows["term"] == "event_time"]
    assert (path["band_low"] < path["conf_low"]).all()
    assert (path["band_high"] > path["conf_high"]).all()
    assert rows.loc[rows["term"].isin(["overall", "cohort", "period"]), ["band_low", "band_high"]].isna().all(axis=None)


def test_covariance_and_influence_tell_the_same():
    result = fit(drawn(10), by="sponsored", keep_influence=True)
    moved = result.influence
    g = len(moved)
    covariance = moved.T @ moved * g / (g - 1)
    np.testing.assert_allclose(covariance, result.vcov.loc[moved.columns, moved.columns], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(np.sqrt(np.diag(result.vcov)), result.estimates["std_error"], rtol=1e-12)


def test_where_nobody_is_untreated_effects_are_lost_and_listed():
    result = fit(drawn(11, never=0.0))
    rows = named(result)
    lost = rows.loc[["cohort: 6", "period: 6", "period: 8"]]
    assert not lost["identified"].any()
    assert lost["estimate"].isna().all()
    assert set(lost["reason"]) == {
        "no untreated row tells what its rows would have been; the check of lost cells lists them"
    }
    assert rows.loc["overall", "identified"]
    check = next(c for c in result.checks if c.name == "lost_cells")
    assert check.passed is False
    assert set(check.table["period"]) == {6, 7, 8}
    assert set(check.table["reason"]) == {"nobody was untreated in that period"}
    assert rows.loc["overall", "n_lost"] == check.table["n_units"].sum()
    assert f"{check.table['n_units'].sum()} of" in check.sentence


def test_units_and_periods_that_no_untreated_row_joins_are_told_apart():
    """Two regions that share no period: the treated of one have no untreated row in the periods of the other."""
    first = drawn(12, n=12, periods=8, starts=(4,))
    second = drawn(13, n=12, periods=8, starts=(4,)).assign(entity=lambda d: d["entity"] + 100)
    second = second.assign(period=second["period"] + 20, first_treated=second["first_treated"] + 20)
    stray = second[second["entity"] == 100].assign(entity=500, first_treated=22.0, period=lambda d: d["period"] - 20)
    late = stray.assign(period=stray["period"] + 20)
    both = pd.concat([first, second, stray.head(4), late.tail(3)])
    check = next(c for c in fit(both).checks if c.name == "lost_cells")
    assert set(check.table["reason"]) == {
        "no chain of untreated rows joins its units to those untreated in that period"
    }
    assert len(check.table) == 3


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"n": 20, "starts": (4, 6), "never": 0.05}, "of its variance would come from one cluster"),
        ({"n": 5, "starts": (4,), "never": 0.5}, "fewer than 6"),
    ],
)
def test_too_little_to_compare_with_is_refused(asked, told):
    rows = named(fit(drawn(14, **asked)))
    assert not rows.loc["overall", "identified"]
    assert told in rows.loc["overall", "reason"]
    assert np.isnan(rows.loc["overall", "std_error"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.assign(first_treated=NAN), "no unit is seen both before and after"),
        (lambda d: d.assign(first_treated=5.0), "every unit is treated from the same period on"),
        (lambda d: d.assign(first_treated=d["first_treated"].where(d["entity"] == lone(d))), "one unit alone"),
    ],
)
def test_a_roll_out_without_a_comparison_is_refused_in_one_row(change, told):
    result = fit(change(drawn(15)))
    assert len(result.estimates) == 1
    assert told in result.estimates["reason"][0]
    assert result.vcov is None


def lone(data: pd.DataFrame) -> int:
    return int(data.loc[data["first_treated"].notna(), "entity"].iloc[0])


def test_units_treated_from_the_start_are_left_out_and_counted():
    data = drawn(16)
    always = data["entity"] == lone(data)
    data.loc[always, "first_treated"] = 0.0
    table = fit(data).tables["left_out"]
    assert table[["what", "n_entities"]].values.tolist() == [["units treated from their first period on", 1]]


def test_a_trend_of_treated_units_fails_the_test_of_leads_and_equal_trends_do_not():
    steady = drawn(17, n=200, noise=0.3)
    assert next(c for c in fit(steady).checks if c.name == "pre_trends").passed
    apart = steady.assign(outcome=steady["outcome"] + 0.4 * steady["period"] * steady["first_treated"].notna())
    check = next(c for c in fit(apart).checks if c.name == "pre_trends")
    assert check.passed is False
    assert "moved apart" in check.sentence
    assert list(check.table["event_time"]) == [-2, -1]


def test_leads_of_a_closed_cohort_say_that_they_can_show_nothing():
    """Nobody of a cohort that is fixed at the start has left before, whatever the units' exits did."""
    data = drawn(18, starts=(5,))
    closed = data.assign(outcome=data["outcome"].where(data["period"] >= 5, 0.0))
    result = fit(closed)
    check = next(c for c in result.checks if c.name == "pre_trends")
    assert check.passed is None
    assert "no treated unit's outcome moves before its start" in check.sentence
    assert not named(result).loc["event_time: -1", "identified"]
    assert named(result).loc["event_time: 0", "identified"]


def test_leads_without_an_earlier_period_are_refused():
    rows = named(fit(drawn(19, starts=(3, 3)), leads=4))
    assert rows.loc["event_time: -4", "reason"] == "no unit is seen untreated that long before its start"
    assert rows.loc["event_time: -3", "reason"] == "nothing earlier is left to compare it with"
    assert rows.loc[["event_time: -2", "event_time: -1"], "identified"].all()


@pytest.mark.parametrize(
    ("change", "asked", "told"),
    [
        (lambda d: d.assign(sponsored=d["period"].astype(str)), {"by": "sponsored"}, "more than one 'sponsored'"),
        (lambda d: d.assign(sponsored=None), {"by": "sponsored"}, "lack 'sponsored'"),
        (lambda d: d, {"leads": -1}, "leads is -1"),
        (lambda d: d, {"balanced": -1}, "balanced is -1"),
        (lambda d: d, {"outcome": "profit"}, "lacks the columns profit"),
    ],
)
def test_what_is_wrong_is_told(change, asked, told):
    with pytest.raises(DataError, match=told):
        fit_imputation_did(change(drawn(20)), **{"outcome": "outcome"} | asked)


def test_untreated_units_need_no_group():
    data = drawn(21)
    rows = named(fit(data.assign(sponsored=data["sponsored"].where(data["first_treated"].notna())), by="sponsored"))
    assert rows.loc["difference: yes less no", "identified"]


def test_no_name_of_a_unit_is_in_any_sentence_or_table():
    data = drawn(22, never=0.0).assign(entity=lambda d: "unit-" + d["entity"].astype(str))
    result = fit(data, by="sponsored")
    told = " ".join(c.sentence + (c.table.to_csv() if c.table is not None else "") for c in result.checks)
    tables = " ".join(table.to_csv() for table in [result.estimates, *result.tables.values()])
    assert "unit-" not in told + tables
