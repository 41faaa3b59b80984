"""Synthetic controls: exact where they must be, refused where no mix is near, and guards that fail when they should."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.models.synthetic_control import fit_synthetic_control, simulate_synthetic_control
from coroi.results import Check, Result


def drawn(seed: int = 1, **options) -> pd.DataFrame:
    return simulate_synthetic_control(np.random.default_rng(seed), **({"donors": 20} | options))[0]


def fit(data: pd.DataFrame, **options) -> Result:
    return fit_synthetic_control(data, outcome="outcome", **({"conformal": False} | options))


def overall(result: Result) -> pd.Series:
    return result.estimates.set_index("term").loc["overall"]


def check_of(result: Result, name: str) -> Check:
    return next(c for c in result.checks if c.name == name)


def mixed(effect: np.ndarray) -> pd.DataFrame:
    """Return donors, and a unit that is a mix of three of them, plus an effect."""
    data = drawn(seed=2, path=(0.0,))
    donors = data[data["first_treated"].isna()]
    wide = donors.set_index(["period", "entity"])["outcome"].unstack("entity")  # noqa: PD010
    series = wide.iloc[:, [0, 4, 7]].to_numpy() @ [0.5, 0.3, 0.2]
    series[20:] += effect
    unit = pd.DataFrame({"entity": 999, "period": range(26), "first_treated": 20.0, "outcome": series})
    return pd.concat([donors, unit])


def test_a_mix_of_donors_shows_its_effect_exactly():
    effect = np.array([1.0, 2.0, 3.0, 3.0, 3.0, 3.0])
    result = fit(mixed(effect))
    path = result.estimates[result.estimates["term"] == "event_time"]
    np.testing.assert_allclose(path["estimate"], effect, atol=1e-4)
    assert overall(result)["estimate"] == pytest.approx(2.5, abs=1e-4)
    np.testing.assert_allclose(result.tables["weights"]["weight"].iloc[:3], [0.5, 0.3, 0.2], atol=1e-4)
    assert check_of(result, "fit").passed


def test_more_effect_moves_estimate_and_set_by_as_much():
    data = drawn(seed=3)
    more = data.assign(outcome=data["outcome"] + 2.0 * (data["period"] >= data["first_treated"]))
    one, other = fit(data).estimates, fit(more).estimates
    for column in ("estimate", "conf_low", "conf_high", "band_low", "band_high"):
        np.testing.assert_allclose(other[column], one[column] + 2, atol=1e-8)
    np.testing.assert_allclose(other["std_error"], one["std_error"], atol=1e-8)


def test_sets_by_units_and_by_periods_hold_the_estimate():
    result = fit(drawn(seed=4), conformal=True)
    rows = result.estimates
    assert ((rows["conf_low"] <= rows["estimate"]) & (rows["estimate"] <= rows["conf_high"])).all()
    assert ((rows["time_low"] <= rows["estimate"] + 1) & (rows["estimate"] - 1 <= rows["time_high"])).all()
    path = rows[rows["term"] == "event_time"]
    assert (path["band_low"] <= path["estimate"]).all()
    zero_in = (rows["conf_low"] <= 0) & (rows["conf_high"] >= 0)
    assert (zero_in == (rows["p_value"] > 0.05)).all()


def test_few_donors_leave_the_set_without_bounds_and_say_so():
    result = fit(drawn(donors=9))
    row = overall(result)
    assert (row["conf_low"], row["conf_high"]) == (-math.inf, math.inf)
    assert row["p_value"] >= 0.1
    enough = check_of(result, "enough units")
    assert enough.passed is False
    assert enough.sentence == "With 10 units the smallest p-value is 0.1: the 95% set has no bound."
    assert check_of(result, "placebo in time").passed is None
    assert math.isfinite(overall(fit(drawn(donors=9), level=0.8))["conf_high"])


def test_a_unit_beyond_all_donors_is_refused_unless_changes_are_compared():
    data = drawn(seed=5, outside=15.0)
    result = fit(data)
    assert not result.estimates["identified"].any()
    assert "compare changes instead of levels" in overall(result)["reason"]
    fit_check = check_of(result, "fit")
    assert fit_check.passed is False
    assert "beyond all donors in 100% of periods before" in fit_check.sentence
    about = fit(data, intercept=True)
    assert overall(about)["identified"]
    assert check_of(about, "fit").passed
    assert overall(fit(data, worst_fit=1e6))["estimate"] > 5


def test_several_treated_units_are_set_beside_sets_of_as_many():
    data = drawn(seed=6, donors=8, treated=3, path=(3.0,))
    result = fit(data)
    row = overall(result)
    assert row["n_units"] == 3
    assert result.spec["placebos"] == math.comb(11, 3) - 1
    assert row["conf_low"] < 3 < row["conf_high"] < math.inf
    assert result.vcov is None
    assert fit(data, most_placebos=50).spec["placebos"] == 50


def test_guards_fail_when_they_should():
    data = drawn(seed=7, donors=40, before=24)
    started = data["first_treated"].notna() & (data["period"] >= 17)
    early = data.assign(outcome=data["outcome"] + 6.0 * started)
    assert check_of(fit(data), "placebo in time").passed
    assert check_of(fit(early), "placebo in time").passed is False
    assert check_of(fit(data), "donors left out").passed
    rows = mixed(np.zeros(6))
    heaviest = sorted(set(rows["entity"]) - {999})[0]
    struck = rows.assign(outcome=rows["outcome"] + 30.0 * ((rows["entity"] == heaviest) & (rows["period"] >= 20)))
    assert check_of(fit(struck), "donors left out").passed is False


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.assign(first_treated=np.nan), "no unit is seen both before and after"),
        (lambda d: d[d["period"] < 20], "no unit is seen both before and after"),
        (lambda d: d[(d["period"] > 15) | d["first_treated"].isna()], "4 periods before the start"),
        (lambda d: d[d["first_treated"].notna() | (d["entity"] < 2)], "units to mix, and 3 are the fewest"),
        (lambda d: d.assign(first_treated=d["first_treated"].where(d["entity"] > 1, 21)), "start at different periods"),
        (lambda d: d.assign(outcome=3.0), "without any chance"),
    ],
)
def test_what_the_data_cannot_tell_is_refused(change, said):
    result = fit(change(drawn(seed=8)))
    assert not result.estimates["identified"].any()
    assert result.estimates["reason"].str.contains(said).all(), result.estimates["reason"].iloc[0]
    assert {c.passed for c in result.checks} == {None}


def test_donors_that_miss_a_period_are_left_out_and_counted():
    data = drawn(seed=9)
    donor = data.loc[data["first_treated"].isna(), "entity"].iloc[0]
    holed = data[~((data["entity"] == donor) & (data["period"] == 4))]
    result = fit(holed)
    assert result.tables["left_out"][["n_rows", "n_entities"]].values.tolist() == [[25, 1]]
    whole = fit(data[data["entity"] != donor])
    pd.testing.assert_frame_equal(result.estimates, whole.estimates)


def test_levels_and_counts_that_cannot_be_are_refused():
    with pytest.raises(DataError, match="level lies between 0 and 1"):
        fit(drawn(), level=1.5)


def test_no_table_names_a_unit():
    data = drawn().assign(entity=lambda d: "unit-" + d["entity"].astype(str))
    result = fit(data, conformal=True)
    told = [
        result.estimates.to_csv(),
        *(t.to_csv() for t in result.tables.values()),
        *(c.sentence for c in result.checks),
    ]
    assert not any("unit-" in each for each in told)
