"""Interrupted series: lines found again, what else began taken out or taken for the effect, and refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.models.interrupted_series import fit_interrupted_series, simulate_interrupted_series
from coroi.results import Check, Result


def drawn(seed: int = 1, **options) -> pd.DataFrame:
    return simulate_interrupted_series(np.random.default_rng(seed), **options)[0]


def fit(data: pd.DataFrame, **options) -> Result:
    return fit_interrupted_series(data, outcome="outcome", **options)


def row_of(result: Result, term: str) -> pd.Series:
    return result.estimates.set_index("term").loc[term]


def check_of(result: Result, name: str) -> Check:
    return next(c for c in result.checks if c.name == name)


def test_a_line_that_jumps_and_turns_is_found_again():
    result = fit(drawn(noise=1e-4, jump=2.0, turn=0.3))
    assert row_of(result, "level")["estimate"] == pytest.approx(2, abs=1e-3)
    assert row_of(result, "slope")["estimate"] == pytest.approx(0.3, abs=1e-4)
    path = result.estimates[result.estimates["term"] == "event_time"]
    np.testing.assert_allclose(path["estimate"], 2 + 0.3 * np.arange(12), atol=1e-3)
    assert row_of(result, "overall")["estimate"] == pytest.approx(path["estimate"].mean())
    assert (path["band_low"] <= path["conf_low"]).mean() > 0.9


def test_what_else_began_is_taken_for_the_effect_unless_a_series_stands_beside():
    data = drawn(seed=2, before=40, after=20, shared=8.0, jump=0.0, turn=0.0)
    alone, beside = fit(data), fit(data, control="beside")
    assert row_of(alone, "overall")["conf_low"] > 3
    assert row_of(beside, "overall")["conf_low"] < 0 < row_of(beside, "overall")["conf_high"]
    assert check_of(alone, "comparison").passed is False
    assert check_of(alone, "comparison").sentence.endswith("Grade D at most.")
    assert check_of(beside, "comparison").passed
    assert check_of(beside, "comparison").sentence.endswith("Grade C at most.")
    assert check_of(beside, "series beside").passed is False
    assert check_of(fit(drawn(seed=2), control="beside"), "series beside").passed


def test_seasons_are_taken_out():
    data = drawn(seed=3, before=36, after=12, noise=0.1)
    season = data.assign(outcome=data["outcome"] + 5.0 * (data["period"] % 4 == 1))
    found, plain = row_of(fit(season, season=4), "overall"), row_of(fit(season), "overall")
    assert found["conf_low"] < 1.55 < found["conf_high"]
    assert found["std_error"] < plain["std_error"] / 5


def test_guards_fail_when_they_should():
    data = drawn(seed=4, before=40, noise=0.3)
    assert check_of(fit(data), "placebo dates").passed
    assert check_of(fit(data), "memory").passed
    early = data.assign(outcome=data["outcome"] + 5.0 * (data["period"] >= 20))
    assert check_of(fit(early), "placebo dates").passed is False
    wanders = data.assign(outcome=np.random.default_rng(5).normal(size=len(data)).cumsum())
    assert check_of(fit(wanders), "memory").passed is False


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda d: d[d["period"] >= 17], {}, "there are 7 periods before the start, and 8 are the fewest"),
        (lambda d: d[d["period"] < 27], {}, "there are 3 periods from it on, and 4 are the fewest"),
        (lambda d: d[d["period"] >= 14], {"season": 6}, "two years of seasons are 12"),
        (lambda d: d[d["period"] % 2 == 0], {"season": 2}, "some season is never seen"),
        (lambda d: d.assign(outcome=3.0), {}, "without any chance"),
        (lambda d: d.assign(outcome=d["period"] * 2.0), {}, "without any chance"),
    ],
)
def test_what_the_data_cannot_tell_is_refused(change, options, said):
    result = fit(change(drawn()), **options)
    assert not result.estimates["identified"].any()
    assert result.estimates["reason"].str.contains(said).all(), result.estimates["reason"].iloc[0]
    assert result.vcov is None
    assert check_of(result, "comparison").passed is False
    assert check_of(result, "placebo dates").passed is None


def test_periods_without_a_value_are_left_out_and_counted():
    data = drawn(seed=6)
    holed = data.assign(outcome=data["outcome"].where(~data["period"].isin([3, 30])))
    result = fit(holed)
    assert result.tables["left_out"]["n_rows"].tolist() == [2]
    pd.testing.assert_frame_equal(result.estimates, fit(holed.dropna()).estimates)


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda d: pd.concat([d, d.assign(entity=1)]), {}, "2 entities are there"),
        (lambda d: d.assign(first_treated=np.nan), {}, "'first_treated' has 0 values that count"),
        (lambda d: d.assign(first_treated=d["period"]), {}, "'first_treated' has 36 values that count"),
        (lambda d: d, {"season": 0}, "season is 0"),
        (lambda d: d, {"control": "none"}, "lacks the columns none"),
    ],
)
def test_what_cannot_be_read_is_refused(change, options, said):
    with pytest.raises(DataError, match=said):
        fit(change(drawn()), **options)
