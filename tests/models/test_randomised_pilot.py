"""Randomised pilots: guards that refuse, few units, pairs, several arms, missing outcomes, take-up and bad input."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from coroi.errors import DataError
from coroi.models.randomised_pilot import fit_randomised_pilot, simulate_randomised_pilot
from coroi.results import Check, Result

EVEN = {"control": 0.5, "treatment": 0.5}
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]  # eighths of an inch


def drawn(seed: int = 1, **changed) -> pd.DataFrame:
    return simulate_randomised_pilot(np.random.default_rng(seed), **{"n": 300, "effect": 0.5} | changed)[0]


def fit(data: pd.DataFrame, **more) -> Result:
    return fit_randomised_pilot(data, **{"outcome": "outcome"} | more)


def row(result: Result, term: str = "effect", errors: str | None = "t", *, adjusted: bool = False) -> pd.Series:
    rows = result.estimates
    found = rows[(rows["term"] == term) & (rows["adjusted"] == adjusted)]
    return found[found["errors"] == errors].iloc[0] if errors else found.iloc[0]


def check(result: Result, name: str) -> Check:
    return next(c for c in result.checks if c.name == name)


def test_without_more_it_is_welchs_test_with_its_interval():
    data = drawn()
    one, other = (data.loc[data["arm"] == a, "outcome"] for a in ("treatment", "control"))
    theirs = stats.ttest_ind(one, other, equal_var=False)
    found = row(fit(data))
    assert (found["conf_low"], found["conf_high"]) == pytest.approx(tuple(theirs.confidence_interval(0.95)))
    assert found["p_value"] == pytest.approx(theirs.pvalue)


def test_what_was_known_before_narrows_the_interval_as_much_as_it_explains():
    data = drawn(n=4_000, explained=0.75)
    result = fit(data, before=["before"], shares=EVEN)
    assert row(result, adjusted=True)["std_error"] == pytest.approx(0.5 * row(result)["std_error"], rel=0.05)
    assert all(c.passed for c in result.checks)
    assert result.spec["headline"] == "t"


def test_arms_that_do_not_hold_the_plans_shares_are_refused_in_one_sentence():
    data = drawn(n=2_000)
    lost = data[(data["arm"] == "control") | (data["before"] > -1)]
    result = fit(lost, before=["before"], shares=EVEN)
    assert check(result, "sample_ratio").passed is False
    assert "so the arms cannot be compared" in check(result, "sample_ratio").sentence
    rows = result.estimates
    assert set(rows.loc[rows["term"] != "mean", "reason"]) == {
        "the arms do not hold the shares that the plan gave them"
    }
    assert rows.loc[rows["term"] == "mean", "identified"].all()
    assert check(result, "balance").passed is False
    assert list(result.influence.columns if result.influence is not None else []) == []
    assert fit(lost, shares={"control": 0.55, "treatment": 0.45}).estimates["identified"].all()


def test_fewer_than_forty_units_are_judged_by_lots_and_forty_are_not():
    few = fit(drawn(units=20), unit="unit", before=["before"])
    assert few.spec["headline"] == "randomisation"
    for adjusted in (False, True):
        lots, wild, t = (row(few, errors=e, adjusted=adjusted) for e in ("randomisation", "wild bootstrap", "t"))
        assert lots["estimate"] == wild["estimate"] == t["estimate"]
        width = t["conf_high"] - t["conf_low"]
        for each in (lots, wild):
            assert 0.8 * width < each["conf_high"] - each["conf_low"] < 1.3 * width
            assert (each["p_value"] > 0.05) == (each["conf_low"] < 0 < each["conf_high"])
    many = fit(drawn(units=40), unit="unit")
    assert set(many.estimates["errors"]) == {"t", "Fieller"}
    assert many.spec["headline"] == "t"


def test_six_units_bound_nothing_by_lots_and_the_answer_says_so():
    found = row(fit(drawn(units=6, effect=5.0), unit="unit"), errors="randomisation")
    assert (found["conf_low"], found["conf_high"]) == (-math.inf, math.inf)
    assert found["p_value"] == pytest.approx(2 / 20)


def test_one_treated_unit_is_refused():
    data = drawn(units=8)
    arm = np.where(data["unit"] == 3, "treatment", "control")
    result = fit(data.assign(arm=arm), unit="unit")
    told = result.estimates[result.estimates["term"] == "effect"]
    assert not told["identified"].any()
    assert told["reason"].str.contains("single unit of assignment").all()


def test_units_count_and_not_their_customers():
    """With outcomes alike within units more customers are no more evidence."""
    data = drawn(units=50, between=1.0, explained=0.0)
    by_unit, by_customer = row(fit(data, unit="unit")), row(fit(data))
    assert by_unit["std_error"] > 2 * by_customer["std_error"]
    twice = pd.concat([data, data.assign(entity=data["entity"] + 1_000)])
    assert row(fit(twice, unit="unit"))["std_error"] == pytest.approx(by_unit["std_error"])


def test_darwins_pairs_are_judged_as_pairs():
    """Fisher (1935): t = 2.148 with 14 degrees of freedom, p = 0.0497; 1,726 of 32,768 lots, 0.0527."""
    pair = np.tile(np.arange(15), 2)
    data = pd.DataFrame({"plant": np.arange(30), "pair": pair, "arm": np.repeat(["crossed", "self"], 15)})
    data["height"] = np.where(data["arm"] == "crossed", 140 + np.array(DARWIN)[pair], 140)
    result = fit(data, outcome="height", entity="plant", control="self", stratum="pair", draws=2**15)
    t, lots = row(result), row(result, errors="randomisation")
    assert t["estimate"] == pytest.approx(np.mean(DARWIN))
    assert t["estimate"] / t["std_error"] == pytest.approx(2.148, abs=0.0005)
    assert t["p_value"] == pytest.approx(0.0497, abs=0.00005)
    assert lots["p_value"] == pytest.approx(1726 / 32768)
    assert lots["conf_low"] < 0 < t["conf_low"]


def test_pairs_of_uneven_shares_are_refused():
    data = drawn(n=40, strata=10)
    data.loc[data["stratum"] == 0, "arm"] = ["control", "control", "control", "treatment"]
    found = row(fit(data, stratum="stratum"))
    assert "strata differ in the shares" in found["reason"]


def test_strata_that_lack_an_arm_are_left_out_and_counted():
    data = drawn(n=200, strata=4)
    data.loc[data["stratum"] == 2, "arm"] = "control"
    result = fit(data, stratum="stratum")
    flow = result.tables["rows"].set_index("step")["rows"]
    assert flow["a stratum without one of the arms"] == 50
    assert result.n_obs == 150
    rest = data[data["stratum"] != 2]
    assert row(result)["estimate"] == pytest.approx(row(fit(rest, stratum="stratum"))["estimate"])
    nowhere = data.assign(arm=np.where(data["stratum"] < 2, "control", "treatment"))
    told = fit(nowhere, stratum="stratum").estimates
    assert set(told["reason"]) == {"no stratum has a known outcome in every arm"}


def test_several_arms_have_a_band_that_holds_all_effects():
    result = fit(
        drawn(arms=4, n=400), before=["before"], shares={"control": 1} | {f"treatment {k}": 1 for k in (1, 2, 3)}
    )
    rows = result.estimates[result.estimates["term"] == "effect"]
    for adjusted in (False, True):
        alone, together = (
            rows[(rows["errors"] == e) & (rows["adjusted"] == adjusted)].set_index("arm") for e in ("t", "simultaneous")
        )
        assert (together["estimate"] == alone["estimate"]).all()
        wider = (together["conf_high"] - together["estimate"]) / (alone["conf_high"] - alone["estimate"])
        assert wider.between(1.1, 1.35).all()  # 2.36 to 2.41 against 1.97
    assert check(result, "sample_ratio").passed
    assert result.spec["headline"] == "simultaneous"


def test_several_arms_of_few_units_are_held_together_by_lots():
    data = drawn(arms=3, n=300, units=30)
    rows = fit(data, unit="unit").estimates
    at_once = rows[(rows["term"] == "effect") & (rows["errors"] == "simultaneous")].set_index("arm")
    stricter = fit(data, unit="unit", level=0.975).estimates
    lots = stricter[stricter["errors"] == "randomisation"].set_index("arm")
    for end in ("conf_low", "conf_high"):
        np.testing.assert_array_equal(at_once[end], lots[end])


def test_take_up_stretches_the_effect_and_without_any_difference_the_set_has_no_bound():
    data = drawn(n=2_000, taken_up=0.4, effect=1.0)
    result = fit(data, taken="taken")
    itt, up, complier = row(result), row(result, "take_up"), row(result, "complier_effect", None)
    assert complier["estimate"] == pytest.approx(itt["estimate"] / up["estimate"])
    assert complier["conf_low"] < 1.0 < complier["conf_high"]
    rng = np.random.default_rng(4)
    weak = row(fit(data.assign(taken=rng.integers(0, 2, size=2_000)), taken="taken"), "complier_effect", None)
    assert weak["set"] in ("line", "complement")
    assert math.isinf(weak["conf_high"])
    nobody = row(fit(data.assign(taken=0), taken="taken"), "complier_effect", None)
    assert "denominator" in nobody["reason"]


def test_a_lift_is_the_effect_over_the_controls_mean_and_needs_one_above_zero():
    data = drawn()
    result = fit(data)
    mean = result.estimates.set_index(["term", "arm"])["estimate"]
    lift = row(result, "relative_lift", None)
    assert lift["estimate"] == pytest.approx(mean["effect", "treatment"] / mean["mean", "control"])
    assert (lift["conf_low"] > 0) == (row(result)["conf_low"] > 0)
    below = row(fit(data.assign(outcome=data["outcome"] - 20)), "relative_lift", None)
    assert "not above zero" in below["reason"]


def test_outcomes_that_vanish_by_arm_are_flagged_and_bounded():
    data = drawn(n=1_000, effect=0.0)
    gone = (data["arm"] == "treatment") & (data["outcome"] < 9.5)
    result = fit(data.assign(outcome=data["outcome"].mask(gone)), shares=EVEN)
    assert row(result)["conf_low"] > 0
    assert check(result, "attrition").passed is False
    turned = check(result, "missing_outcomes")
    assert turned.passed is False
    assert "that of treatment lies from −" in turned.sentence
    bounds = result.estimates[result.estimates["term"] == "effect_bound"]
    assert bounds["estimate"].is_monotonic_increasing
    assert bounds["set_low"].iloc[0] < 0 < bounds["set_high"].iloc[0]
    whole = fit(data, shares=EVEN)
    assert check(whole, "attrition").passed
    assert "effect_bound" not in set(whole.estimates["term"])


def test_a_column_that_the_treatment_changed_is_found_out():
    data = drawn(n=800)
    result = fit(data.assign(before=data["before"] + 0.5 * (data["arm"] == "treatment")), before=["before"])
    assert check(result, "balance").passed is False
    assert "was it known before?" in check(result, "balance").sentence


def test_what_was_known_before_may_be_missing():
    data = drawn(n=600)
    holes = data.assign(before=data["before"].mask(data["entity"] % 5 == 0))
    narrow, plain = (row(fit(holes, before=["before"]), adjusted=a) for a in (True, False))
    assert narrow["std_error"] < 0.85 * plain["std_error"]
    with pytest.raises(DataError, match="holds no value"):
        fit(data.assign(before=np.nan), before=["before"])


def test_an_outcome_that_does_not_vary_tells_no_chance():
    told = row(fit(drawn().assign(outcome=1.0)))
    assert "does not vary" in told["reason"]


def test_without_outcomes_nothing_is_told():
    result = fit(drawn().assign(outcome=np.nan), before=["before"], shares=EVEN)
    assert not result.estimates["identified"].any()
    assert result.vcov is None
    half = drawn()
    half.loc[half["arm"] == "control", "outcome"] = np.nan
    assert not fit(half).estimates["identified"].any()
    assert check(fit(half), "attrition").passed is None


def test_arms_may_be_numbers_and_the_control_is_named():
    data = drawn()
    numbered = data.assign(arm=(data["arm"] == "treatment").astype(int))
    assert row(fit(numbered, control="0"))["estimate"] == row(fit(data))["estimate"]
    assert row(fit(numbered, control="1"))["estimate"] == pytest.approx(-row(fit(data))["estimate"])


@pytest.mark.parametrize(
    ("change", "more", "said"),
    [
        (lambda d: d.drop(columns="arm"), {}, "lacks the columns arm"),
        (lambda d: d.iloc[:0], {}, "has no row"),
        (lambda d: d.assign(arm=d["arm"].mask(d.index == 2)), {}, "1 rows lack 'arm'"),
        (lambda d: d.assign(arm="control"), {}, "everybody is in one arm"),
        (lambda d: d, {"control": "contro"}, "nobody is in the arm 'contro'. Did you mean 'control'"),
        (lambda d: d.assign(outcome=np.inf), {}, "300 cells of the trial are infinite"),
        (lambda d: d.assign(taken=2), {"taken": "taken"}, "neither 0 nor 1"),
        (lambda d: d, {"unit": "stratum"}, "1 of 'stratum' have more than one 'arm'"),
        (lambda d: d.assign(unit=d["entity"] // 2), {"unit": "unit", "stratum": "odd"}, "have more than one"),
        (lambda d: d, {"shares": {"control": 1, "other": 1}}, "has no share for treatment"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(change, more, said):
    data = change(drawn())
    with pytest.raises(DataError, match=said):
        fit(data.assign(odd=np.arange(len(data)) % 2), **more)


def test_strata_of_uneven_shares_are_adjusted_for_and_have_no_bounds():
    """A good stratum is mostly treated: the plain difference shows an effect where there is none."""
    rng = np.random.default_rng(6)
    n = 1_000
    stratum = np.arange(n) % 2
    arm = np.where(rng.random(n) < np.where(stratum == 1, 0.8, 0.3), "treatment", "control")
    data = pd.DataFrame({"entity": np.arange(n), "stratum": stratum, "arm": arm})
    data["outcome"] = np.where(rng.random(n) < 0.1, np.nan, 10 + 2 * stratum + rng.normal(size=n))
    assert row(fit(data))["conf_low"] > 0.5
    result = fit(data, stratum="stratum")
    assert row(result)["conf_low"] < 0 < row(result)["conf_high"]
    assert "strata differ" in row(result, "effect_bound", "lower")["reason"]
    assert check(result, "missing_outcomes").passed is None
