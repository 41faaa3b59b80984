"""Doses that vary and end: what is found, what is refused, and guards that fail when they should."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.models.switching_did import fit_switching_did, simulate_switching_did
from coroi.results import Check, Result

DESIGN = {"periods": 12, "starts": (4, 6), "lengths": (0, 3), "doses": (0.5, 1.0), "path": (1.0, 2.0), "kept": 0.5}


def drawn(n: int = 80, seed: int = 1, **options) -> pd.DataFrame:
    return simulate_switching_did(np.random.default_rng(seed), n=n, **(DESIGN | options))[0]


def fit(data: pd.DataFrame, **options) -> Result:
    return fit_switching_did(data, outcome="outcome", **options)


def rows_of(result: Result, term: str) -> pd.DataFrame:
    return result.estimates[result.estimates["term"] == term]


def check_of(result: Result, name: str) -> Check:
    return next(c for c in result.checks if c.name == name)


def test_without_chance_every_effect_is_exact():
    data = drawn(noise=0.0)
    result = fit(data)
    path = rows_of(result, "exposure").set_index("exposure")["estimate"]
    assert path[1] == pytest.approx(0.75)
    assert path[2] == pytest.approx(1.5)
    doses = rows_of(result, "dose_path").set_index(["dose_group", "event_time"])["estimate"]
    assert doses["full", 0] == pytest.approx(1)
    assert doses["part", 1] == pytest.approx(1)
    left = rows_of(result, "left_after").set_index("since_end")["estimate"]
    faded = rows_of(result, "faded").set_index("since_end")["estimate"]
    stopping = rows_of(result, "stopping").set_index("since_end")["estimate"]
    assert left[-1] == pytest.approx(2 * left[0])
    assert left[0] == pytest.approx(2 * left[1])
    assert faded[1] == pytest.approx(left[1] - left[-1])
    assert stopping[0] == pytest.approx(-left[0])
    assert stopping[1] == pytest.approx(left[1] - left[-1])
    assert rows_of(result, "event_time").query("event_time < 0")["estimate"].abs().max() < 1e-12
    assert rows_of(result, "full_less_part")["estimate"].item() == pytest.approx(0.5 * (1 + 2 * 7) / 8)
    assert abs(rows_of(result, "full_less_part_per_dose")["estimate"].item()) < 1e-12


def test_half_a_dose_that_does_nothing_shows_per_unit_of_dose():
    data = drawn(n=300, seed=2)
    top = data.groupby("entity")["dose"].transform("max")
    spoiled = data.assign(outcome=data["outcome"] - np.where((top == 0.5) & (data["dose"] > 0), 0.9, 0))
    row = rows_of(fit(spoiled), "full_less_part_per_dose").iloc[0]
    assert row["conf_low"] > 0


def test_units_on_from_their_first_period_serve_the_end_alone():
    data = drawn(starts=(0,), lengths=(0, 5), doses=(1.0,), never=0.0)
    result = fit(data)
    stopping = rows_of(result, "stopping").set_index("since_end")
    assert stopping.loc[1, "identified"]
    assert stopping.loc[1, "conf_high"] < 0
    assert not rows_of(result, "event_time")["identified"].any()
    assert not rows_of(result, "full_less_part")["identified"].any()


def test_a_restart_ends_the_path_after_the_end():
    data = drawn(noise=0.0, starts=(3,), lengths=(2,), doses=(1.0,))
    again = data.assign(dose=data["dose"].where(data["period"] < 8, data.groupby("entity")["dose"].transform("max")))
    assert rows_of(fit(data), "left_after")["since_end"].max() == 6
    assert rows_of(fit(again), "left_after")["since_end"].max() == 2
    assert rows_of(fit(again), "exposure")["exposure"].max() == 2


def test_anticipation_moves_the_base_and_keeps_controls_further_off():
    data = drawn(noise=0.0, lengths=(0,), doses=(1.0,))
    first = data["period"].where(data["dose"] > 0).groupby(data["entity"]).transform("min")
    early = data.assign(outcome=data["outcome"] + 5.0 * (data["period"] == first - 1))
    late = rows_of(fit(early, anticipation=1), "event_time").set_index("event_time")["estimate"]
    assert late[0] == pytest.approx(1)
    assert late[-3] == pytest.approx(0, abs=1e-12)
    assert rows_of(fit(early), "event_time").set_index("event_time")["estimate"][0] == pytest.approx(1 - 5)


def test_never_treated_controls_and_weights():
    data = drawn(seed=3)
    never = rows_of(fit(data, controls="never"), "event_time")
    assert never["identified"].all()
    assert (never["estimate"].to_numpy() != rows_of(fit(data), "event_time")["estimate"].to_numpy()).any()
    doubled = pd.concat([data, data.assign(entity=data["entity"] + 1000)])
    weighted = data.assign(weight=1.0 + (data["entity"] % 2))
    twice = pd.concat([data, data[data["entity"] % 2 == 1].assign(entity=lambda d: d["entity"] + 1000)])
    names = ["estimate"]
    some = ["event_time", "overall", "per_dose", "stopping", "left_after"]
    by_weight, by_rows = (fit(d, **o).estimates for d, o in ((weighted, {"weight": "weight"}), (twice, {})))
    for one, other in zip(*(f[f["term"].isin(some)][names].to_numpy() for f in (by_weight, by_rows)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)
    clustered = fit(doubled.assign(group=doubled["entity"] % 1000), cluster="group").estimates
    alone = fit(data).estimates
    np.testing.assert_allclose(clustered["std_error"], alone["std_error"], rtol=1e-10)


def test_guards_fail_when_they_should():
    data = drawn(n=120, seed=4)
    assert check_of(fit(data), "leads").passed
    treated = data.groupby("entity")["dose"].transform("max") > 0
    drifting = fit(data.assign(outcome=data["outcome"] + 0.6 * data["period"] * treated))
    assert check_of(drifting, "leads").passed is False
    last = data["period"].where(data["dose"] > 0).groupby(data["entity"]).transform("max")
    stops = last < data["period"].max()
    sinking = fit(data.assign(outcome=data["outcome"] - 0.8 * data["period"] * stops * (data["dose"] > 0)))
    assert check_of(sinking, "leads of the end").passed is False
    assert check_of(fit(data), "composition").passed is False
    assert check_of(fit(data, horizon=5), "composition").passed


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda d: d.assign(dose=0.0), {}, "no unit's dose ever changes"),
        (lambda d: d[d["dose"].groupby(d["entity"]).transform("max") > 0], {"controls": "never"}, "every unit's dose"),
        (lambda d: d[d["dose"].groupby(d["entity"]).transform("max") == 0], {}, "no unit's dose ever changes"),
    ],
)
def test_what_the_data_cannot_tell_is_refused(change, options, said):
    result = fit(change(drawn()), **options)
    assert not result.estimates["identified"].any()
    assert result.estimates["reason"].str.contains(said).all()
    assert {c.passed for c in result.checks} == {None}
    assert result.vcov is None


def test_one_treated_unit_is_refused_with_the_way_out_in_its_row():
    data = drawn(n=10, never=0.9, starts=(4,), lengths=(0,), doses=(1.0,))
    result = fit(data)
    assert not result.estimates["identified"].any()
    assert rows_of(result, "overall")["reason"].item().startswith("one unit alone is treated")


def test_when_all_begin_together_later_times_lack_their_controls():
    result = fit(drawn(never=0.0, starts=(4, 6), lengths=(0,), doses=(1.0,)))
    path = rows_of(result, "event_time").set_index("event_time")
    assert path.loc[[0, 1], "identified"].all()
    assert not path.loc[2:, "identified"].any()
    assert path.loc[2, "reason"] == "fewer than two units are left to compare with then"


@pytest.mark.parametrize("option", ["anticipation", "leads", "horizon"])
def test_periods_below_zero_are_refused(option):
    with pytest.raises(DataError, match="0 or more"):
        fit(drawn(n=20), **{option: -1})


def test_no_table_and_no_row_names_a_unit():
    data = drawn(n=30).assign(entity=lambda d: "unit-" + d["entity"].astype(str))
    result = fit(data)
    told = [
        result.estimates.to_csv(),
        *(t.to_csv() for t in result.tables.values()),
        *(c.sentence for c in result.checks),
    ]
    assert not any("unit-" in each for each in told)
