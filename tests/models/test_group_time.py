"""Group-time effects: who is compared with whom, what is refused, and what a panel's gaps do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.models.group_time import fit_group_time, simulate_group_time
from coroi.results import Result

NAN = float("nan")


def panel(starts: dict[str, float], path: dict[tuple[str, int], float], periods: int = 5) -> pd.DataFrame:
    """Units with a level of their own and a common season, and what is added by hand."""
    rows = [
        {"entity": u, "period": t, "first_treated": f, "outcome": 10.0 * i + t**2 + path.get((u, t), 0.0)}
        for i, (u, f) in enumerate(starts.items())
        for t in range(periods)
    ]
    return pd.DataFrame(rows)


def cells(result: Result) -> pd.DataFrame:
    return result.tables["cells"].set_index(["cohort", "period"])


def path(result: Result, term: str = "event_time") -> pd.Series:
    rows = result.estimates[result.estimates["term"] == term]
    return rows.set_index("event_time")["estimate"]


SIX = {"a": 2, "b": 2, "c": 3, "d": 3, "e": NAN, "f": NAN}


def test_units_treated_later_are_compared_with_only_while_they_are_not():
    """The cohort of period 3 jumps by 6 in period 2, while it is not treated: half of those compared with."""
    data = panel(SIX, {("c", 2): 6, ("d", 2): 6})
    not_yet, never = (cells(fit_group_time(data, outcome="outcome", compared_with=c)) for c in ("not_yet", "never"))
    assert not_yet.loc[(2, 2), ["estimate", "n_compared"]].tolist() == [-3, 4]
    assert never.loc[(2, 2), ["estimate", "n_compared"]].tolist() == [0, 2]
    assert not_yet.loc[(2, 3), ["estimate", "n_compared"]].tolist() == [0, 2]


def test_anticipation_moves_the_base_and_takes_soon_treated_units_out_of_the_comparison():
    data = panel(SIX, {(u, t): 1.0 for u, f in SIX.items() for t in range(5) if t >= f - 1})
    found = fit_group_time(data, outcome="outcome", anticipation=1)
    assert cells(found).loc[(2, 1), ["estimate", "n_compared"]].tolist() == [1, 4]
    assert cells(found).loc[(2, 2), ["estimate", "n_compared"]].tolist() == [1, 2]  # period 3 is anticipated in 2
    assert path(found).drop(-2).dropna().empty  # six units are too few to tell errors
    averages = cells(found).groupby("event_time")["estimate"].mean()
    assert averages.to_dict() == {-3: 0.0, -1: 1.0, 0: 1.0, 1: 1.0, 2: 1.0}
    blind = cells(fit_group_time(data, outcome="outcome"))
    assert blind.loc[(2, 3), "estimate"] == 0  # compared with a base that already holds the effect


def test_a_varying_base_tells_each_change_and_a_universal_one_their_sum():
    rng = np.random.default_rng(1)
    data, _ = simulate_group_time(rng, n=60, periods=7, starts=(3, 5), path=(1.0,))
    asked = {"outcome": "outcome", "compared_with": "never"}
    universal, varying = (cells(fit_group_time(data, **asked, base=b))["estimate"] for b in ("universal", "varying"))
    for g, t in ((3, 3), (3, 6), (5, 5)):
        assert universal[g, t] == pytest.approx(varying[g, t], abs=1e-12)
    for g, until in ((3, 2), (5, 4)):
        for t in range(until):
            assert universal[g, t] == pytest.approx(-varying[g].loc[t + 1 : until].sum(), abs=1e-12)


def test_before_the_start_the_joint_test_is_the_same_from_either_base():
    data, _ = simulate_group_time(np.random.default_rng(2), n=60, periods=7, starts=(3, 5), path=(1.0,))
    one, other = (
        next(c for c in fit_group_time(data, outcome="outcome", compared_with="never", base=b).checks)
        for b in ("universal", "varying")
    )
    assert one.table["effects"].iloc[0] == 6
    assert one.table["statistic"].iloc[0] == pytest.approx(other.table["statistic"].iloc[0], rel=1e-9)


def test_drift_before_the_start_is_found():
    data, _ = simulate_group_time(np.random.default_rng(3), n=200, periods=7, starts=(4, 5), path=(1.0,), trend=0.3)
    drift, _ = fit_group_time(data, outcome="outcome").checks
    assert (drift.name, drift.passed) == ("pre_trends", False)


def test_pairs_of_periods_take_the_units_seen_in_both_and_count_the_rest():
    data = panel(SIX, {("a", t): 2.0 for t in (2, 3, 4)} | {("b", t): 4.0 for t in (2, 3, 4)})
    gaps = data[~((data["entity"] == "b") & (data["period"] == 3)) & ~((data["entity"] == "e") & (data["period"] == 1))]
    found = cells(fit_group_time(gaps, outcome="outcome", compared_with="never"))
    assert found.loc[(2, 2), ["n_units", "n_compared", "n_left_out"]].tolist() == [2, 1, 1]
    assert found.loc[(2, 2), "reason"] == "one unit alone is left to compare with"
    assert found.loc[(2, 3), "reason"].startswith("one unit alone is in the cohort")
    whole = cells(fit_group_time(data, outcome="outcome", compared_with="never"))
    assert whole.loc[(2, 3), "estimate"] == 3


def test_cells_with_nobody_left_are_listed_and_averages_say_their_share():
    data, _ = simulate_group_time(np.random.default_rng(4), n=40, periods=6, starts=(2, 4), path=(1.0,), never=0.0)
    found = fit_group_time(data, outcome="outcome")
    refused = cells(found)[lambda c: ~c["identified"] & (c["event_time"] >= 0)]
    assert sorted(refused.index) == [(2, 4), (2, 5), (4, 4), (4, 5)]
    assert refused["reason"].str.contains("nobody is left to compare with").all()
    rows = found.estimates.set_index("term")
    assert rows.loc["overall", ["identified", "n_rows", "share"]].tolist() == [True, 40, 40 / 120]
    assert found.estimates.query("term == 'cohort' and cohort == 4")["identified"].tolist() == [False]
    told = next(c for c in found.checks if c.name == "told")
    assert told.passed is False
    assert "40 of 120 treated rows" in told.sentence


@pytest.mark.parametrize(
    ("starts", "asked", "reason"),
    [
        ({"a": 2, "b": 2, "c": 2}, {}, "nobody is left"),
        ({"a": 2, "b": NAN, "c": NAN}, {}, "one unit alone is treated"),
        ({"a": 2, "b": 3, "c": 3}, {"compared_with": "never"}, "no unit is never treated"),
        ({"a": NAN, "b": NAN}, {}, "no unit is seen both before and after"),
    ],
)
def test_roll_outs_that_tell_nothing_are_refused_in_one_sentence(starts, asked, reason):
    found = fit_group_time(panel(starts, {}), outcome="outcome", **asked)
    assert found.estimates["term"].tolist() == ["overall"]
    assert reason in found.estimates["reason"].iloc[0]
    assert found.vcov is None


def test_covariates_are_those_of_the_base_period():
    """What a covariate is later does not matter, even where the treatment moves it; what it was before does."""
    data, _ = simulate_group_time(
        np.random.default_rng(5), n=80, periods=5, starts=(2, 3), path=(1.0,), confounding=0.3
    )
    asked = {"outcome": "outcome", "controls": ["size"], "compared_with": "never"}
    late = (data["period"] >= data["first_treated"]) | (data["first_treated"].isna() & (data["period"] >= 3))
    changed = data.assign(size=data["size"].where(~late, 99.0))
    one, other = (cells(fit_group_time(d, **asked)) for d in (data, changed))
    pd.testing.assert_series_equal(one["estimate"], other["estimate"])
    without = cells(fit_group_time(data, outcome="outcome", compared_with="never"))["estimate"]
    assert (without - one["estimate"]).abs().max() > 0.1


def test_covariates_that_are_missing_take_their_unit_out_of_the_comparison():
    data = panel(SIX | {"g": NAN}, {}).assign(
        size=lambda d: d["entity"].map(dict(zip("abcdefg", range(7), strict=True)))
    )
    data["size"] = data["size"].astype(float).where(data["entity"] != "g")
    found = cells(fit_group_time(data, outcome="outcome", controls=["size"], adjust="outcome"))
    assert found.loc[(2, 2), ["n_compared", "n_left_out"]].tolist() == [4, 1]


def test_weights_count_like_units_that_are_there_as_often():
    data, _ = simulate_group_time(np.random.default_rng(6), n=40, periods=5, starts=(2, 3), path=(1.0, 2.0))
    times = 1 + data["entity"] % 3
    twice = pd.concat([data[times > k].assign(copy=k) for k in range(3)])
    twice = twice.assign(unit=twice["entity"] + 0.25 * twice["copy"], family=twice["entity"])
    asked = {"outcome": "outcome", "errors": "published"}
    one = fit_group_time(data.assign(times=times), **asked, weight="times").estimates
    other = fit_group_time(twice, **asked, entity="unit", cluster="family").estimates
    for column in ("estimate", "std_error", "conf_low"):
        np.testing.assert_allclose(one[column], other[column], rtol=1e-9)


def test_a_cluster_of_units_is_treated_as_one():
    data, _ = simulate_group_time(np.random.default_rng(7), n=24, periods=5, starts=(2, 3), path=(1.0,))
    copies = pd.concat([data.assign(unit=data["entity"] + 0.5 * k) for k in range(2)])
    asked = {"outcome": "outcome", "keep_influence": True}
    alone = fit_group_time(data, **asked)
    grouped = fit_group_time(copies.assign(town=copies["entity"]), **asked, entity="unit", cluster="town")
    columns = ["estimate", "std_error", "conf_low", "band_low", "df"]
    pd.testing.assert_frame_equal(alone.estimates[columns], grouped.estimates[columns])
    assert len(grouped.influence) == 24


def test_leads_and_horizon_bound_the_path_and_averages_take_in_later_times():
    data, _ = simulate_group_time(np.random.default_rng(8), n=60, periods=8, starts=(3, 5), path=(1.0, 2.0))
    found = fit_group_time(data, outcome="outcome", leads=2, horizon=1)
    assert path(found).index.tolist() == [-2, -1, 0, 1]
    whole = fit_group_time(data, outcome="outcome").estimates.set_index("term")
    columns = ["estimate", "std_error", "n_rows"]
    pd.testing.assert_series_equal(
        found.estimates.set_index("term").loc["overall", columns], whole.loc["overall", columns]
    )
    assert found.tables["cells"]["event_time"].max() == 4
    with pytest.raises(DataError, match="leads is -1"):
        fit_group_time(data, outcome="outcome", leads=-1)


def test_sizes_as_drawn_add_what_cohorts_differ_by():
    data, _ = simulate_group_time(
        np.random.default_rng(9), n=100, periods=6, starts=(2, 4), path=(1.0,), later_cohorts=5.0
    )
    given, drawn = (
        fit_group_time(data, outcome="outcome", shares=s).estimates.set_index("term").loc["overall"]
        for s in ("given", "drawn")
    )
    assert given["estimate"] == drawn["estimate"]
    assert drawn["std_error"] > 1.2 * given["std_error"]


def test_in_a_panel_of_every_other_period_the_base_is_the_last_one_before():
    data, _ = simulate_group_time(np.random.default_rng(10), n=60, periods=9, starts=(3, 5), path=(1.0,))
    found = fit_group_time(data[data["period"] % 2 == 0], outcome="outcome")
    assert path(found).isna().to_dict() == {-5: False, -3: False, -1: True, 1: False, 3: False, 5: False}


def test_an_outcome_that_never_varies_has_no_error():
    data, _ = simulate_group_time(np.random.default_rng(12), n=40, periods=6, starts=(2, 4), path=(1.0,))
    found = fit_group_time(data.assign(outcome=3.0), outcome="outcome").estimates
    assert not found["identified"].any()
    assert found.set_index("term").loc["overall", "reason"].endswith("its error cannot be told")
