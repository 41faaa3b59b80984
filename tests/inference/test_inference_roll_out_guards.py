"""Placebos, composition, regression to the mean and spill-over: each fails where it should and holds elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.composition import check_composition, composition
from coroi.inference.linear import clustered, least_squares
from coroi.inference.placebos import check_placebo_dates, check_placebo_outcomes, earlier_start
from coroi.inference.regression_to_mean import check_regression_to_mean, dip_before
from coroi.inference.spillover import check_spillover, exposure_effect, share_around
from coroi.inference.variants import Told
from coroi.inference.within import sweep


def roll_out(seed: int, *, slope: float = 0.0, effect: float = 2.0, n: int = 60, periods: int = 12) -> pd.DataFrame:
    """Return units of which half start in period 8, whose outcomes may have been on a line of their own."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"entity": np.repeat(np.arange(n), periods), "period": np.tile(np.arange(periods), n)})
    frame["cohort"] = np.where(frame["entity"] % 2 == 0, 8.0, np.nan)
    treated, ever = frame["period"] >= frame["cohort"], frame["cohort"].notna()
    frame["outcome"] = rng.normal(size=len(frame)) + effect * treated + slope * frame["period"] * ever
    return frame


def two_way(frame: pd.DataFrame) -> Told:
    """Fit a difference in differences with a common start."""
    treated = (frame["period"] >= frame["cohort"]).to_numpy(float)
    if not treated.any():
        return Told(reason="nobody is treated")
    who, when = (pd.factorize(frame[c])[0] for c in ("entity", "period"))
    swept = sweep(np.column_stack([treated, frame["outcome"]]), who, when).values
    fit = least_squares(swept[:, :1], swept[:, 1])
    return Told(estimate=float(fit.coef[0]), std_error=float(np.sqrt(clustered(fit, who)[0, 0])))


# --- placebo dates and outcomes ---


def test_an_earlier_start_keeps_no_treated_row():
    moved = earlier_start(roll_out(1), 3, cohort="cohort", period="period")
    assert moved["cohort"].dropna().unique().tolist() == [5.0]
    assert moved.loc[moved["cohort"].notna(), "period"].max() == 7
    assert moved.loc[moved["cohort"].isna(), "period"].max() == 11
    with pytest.raises(DataError, match="not 0 periods"):
        earlier_start(roll_out(1), 0, cohort="cohort", period="period")


def dates(frame: pd.DataFrame, shifts=(2, 3, 4)):
    return check_placebo_dates(frame, two_way, cohort="cohort", period="period", shifts=shifts)


def test_dates_when_nothing_happened_hold_and_those_on_a_line_fail():
    quiet = dates(roll_out(2, effect=50.0))
    assert quiet.passed is True
    assert quiet.sentence.startswith("None of 3 dates shows an effect beyond chance; the clearest is ")
    drifting = dates(roll_out(3, slope=0.4, effect=0.0))
    assert drifting.passed is False
    assert "3 of 3 dates show an effect where there can be none" in drifting.sentence
    assert drifting.table["date"].tolist() == ["2 periods early", "3 periods early", "4 periods early"]


def test_dates_give_few_false_alarms():
    assert sum(dates(roll_out(seed)).passed is False for seed in range(100)) <= 11  # 5 expected


def test_dates_that_cannot_be_fitted_are_counted_or_leave_nothing():
    def refuses(frame: pd.DataFrame) -> Told:
        raise DataError("there are too few rows.")

    none = check_placebo_dates(roll_out(4), refuses, cohort="cohort", period="period", shifts=(1,))
    assert none.passed is None
    assert none.sentence == "Nothing could be estimated for dates before the start: there are too few rows."

    def sometimes(frame: pd.DataFrame) -> Told:
        return two_way(frame) if frame["cohort"].min() > 5 else refuses(frame)

    some = check_placebo_dates(roll_out(4), sometimes, cohort="cohort", period="period", shifts=(1, 2, 3))
    assert some.sentence.endswith("1 could not be fitted.")


def test_outcomes_that_cannot_be_moved():
    still = {"weather": Told(estimate=0.1, std_error=0.1), "age": Told(estimate=-0.2, std_error=0.1)}
    assert check_placebo_outcomes(still).passed is True  # 2 errors, below Bonferroni's 2.24
    moved = check_placebo_outcomes(still | {"age": Told(estimate=-0.4, std_error=0.1)})
    assert moved.passed is False
    assert moved.sentence == (
        "1 of 2 outcomes shows an effect where there can be none: −0.4, 4 standard errors, for 'age'."
    )
    assert check_placebo_outcomes({}).passed is None
    assert check_placebo_outcomes({"age": Told(estimate=0.3, std_error=0.1)}, df=3).passed is True  # t, not normal


# --- composition ---


def long_rows(units: dict[int, range], baseline: dict[int, float] | None = None):
    rows = [(unit, time) for unit, times in units.items() for time in times]
    entity, time = (np.array(each) for each in zip(*rows, strict=True))
    return entity, time, None if baseline is None else np.array([baseline[unit] for unit in entity])


def test_composition_counts_units_and_compares_their_baseline():
    table = composition(*long_rows({1: range(4), 2: range(4), 3: range(2)}, {1: 1.0, 2: 3.0, 3: 8.0}))
    assert table["n_units"].tolist() == [3, 3, 2, 2]
    assert table["share"].tolist() == pytest.approx([1, 1, 2 / 3, 2 / 3])
    assert table["apart"].tolist() == pytest.approx(
        [0, 0, -2 / np.std([1, 3, 8], ddof=1), -2 / np.std([1, 3, 8], ddof=1)]
    )


def test_a_path_of_the_same_units_holds_and_one_that_loses_them_fails():
    whole = {unit: range(-3, 6) for unit in range(10)}
    kept = check_composition(composition(*long_rows(whole)), 0, 5)
    assert kept.passed is True
    assert kept.sentence.endswith("rests on 10 to 10 treated units, at event time 0 on 100 % of all.")
    thin = check_composition(composition(*long_rows(whole | dict.fromkeys(range(3), range(-3, 3)))), 0, 5)
    assert thin.passed is False
    assert "at event time 3 on 70 % of all" in thin.sentence
    assert (
        check_composition(composition(*long_rows(whole | dict.fromkeys(range(3), range(-3, 3)))), 0, 2).passed is True
    )
    missing = check_composition(composition(*long_rows(whole)), 0, 7)
    assert missing.passed is False
    assert check_composition(composition(*long_rows(whole)), 20, 22).passed is None


def test_a_path_whose_units_change_in_kind_fails():
    units = {unit: range(-3, 6 if unit < 9 else 2) for unit in range(10)}
    usual = dict.fromkeys(range(10), 0.0) | {1: 0.5, 2: -0.5}
    assert check_composition(composition(*long_rows(units, usual)), 0, 5).passed is True
    found = check_composition(composition(*long_rows(units, usual | {9: 20.0})), 0, 5)
    assert found.passed is False
    assert "mixes effects with who is in it" in found.sentence


# --- regression to the mean ---


def scores(seed: int, *, picked: bool, n: int = 400, effect: float = 0.0, matched: bool = False):
    """Return score, entity, period, cohort: a third is treated in period 5, those lowest in period 4 where `picked`."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=(n, 1)) + rng.normal(size=(n, 8))
    by = score[:, 4] if picked else rng.normal(size=n)
    treated = by < np.quantile(by, 1 / 3)
    if matched:  # others with the same triggering score alone
        low = np.flatnonzero(treated)
        treated[low[rng.random(len(low)) < 0.5]] = False
        kept = np.zeros(n, dtype=bool)
        kept[low] = True
        score, treated, n = score[kept], treated[kept], len(low)
    score[treated, 5:] += effect
    cohort = np.where(treated, 5.0, np.nan)
    return score.ravel(), np.repeat(np.arange(n), 8), np.tile(np.arange(8), n), np.repeat(cohort, 8)


def test_the_dip_and_what_comes_back_are_those_of_a_plain_account():
    score, entity, period, cohort = scores(1, picked=True)
    some = np.random.default_rng(2).random(len(score)) < 0.9
    some[(entity < 3)] = True
    score = np.where(some, score, np.nan)
    cohort = np.where((entity % 7 == 0) & np.isfinite(cohort), 6.0, cohort)  # two cohorts
    found = dip_before(score, entity, period, cohort)
    table = pd.DataFrame(score.reshape(-1, 8))
    start = pd.Series(cohort, index=entity).groupby(level=0).first()
    gaps, sizes, left, right = [], [], [], []
    for g in (5, 6):
        before = pd.DataFrame({"now": table[g - 1], "usual": table[[g - 4, g - 3, g - 2]].mean(axis=1)}).dropna()
        treated, others = before[start[before.index] == g], before[~(start[before.index] <= g)]
        gaps.append(treated.mean() - others.mean())
        sizes.append(len(treated))
        seen = others[table.loc[others.index, g].notna()]
        left.append(seen - seen.mean())
        right.append(table.loc[seen.index, g] - table.loc[seen.index, g].mean())
    gap = np.average(gaps, axis=0, weights=sizes)
    slope = np.linalg.lstsq(pd.concat(left).to_numpy(), pd.concat(right).to_numpy())[0]
    assert found.dip == pytest.approx(gap[0] - gap[1])
    assert found.rebound == pytest.approx(slope @ gap - gap[0])
    assert found.n_treated == sum(sizes)


def test_errors_of_dip_and_rebound_are_those_of_the_jackknife():
    data = scores(3, picked=True, n=150)
    whole = dip_before(*data)
    left = []
    for out in range(150):
        keep = data[1] != out
        score, entity, period, cohort = (each[keep] for each in data)
        found = dip_before(score, np.unique(entity, return_inverse=True)[1], period, cohort)
        left.append((found.dip, found.rebound))
    spread = np.sqrt(149 / 150 * ((np.array(left) - np.mean(left, axis=0)) ** 2).sum(axis=0))
    assert np.sqrt((whole.dip_moved**2).sum()) == pytest.approx(spread[0], rel=0.05)
    assert np.sqrt((whole.rebound_moved**2).sum()) == pytest.approx(spread[1], rel=0.05)


def test_units_picked_on_a_low_score_fail():
    check = check_regression_to_mean(dip_before(*scores(4, picked=True)))
    assert check.passed is False
    assert "treated in an unusual moment. Without any effect the score would rise by" in check.sentence
    high = scores(4, picked=True)
    assert "would fall by" in check_regression_to_mean(dip_before(-high[0], *high[1:])).sentence


def test_the_rebound_is_what_units_gain_without_any_effect():
    expected, gained, errors = [], [], []
    for seed in range(40):
        data = scores(seed, picked=True, n=1500)
        score, _, period, cohort = data
        found = dip_before(*data)
        change = [score[rows & (period == 5)].mean() - score[rows & (period == 4)].mean() for rows in _arms(cohort)]
        expected.append(found.rebound)
        gained.append(change[0] - change[1])
        errors.append(np.sqrt((found.rebound_moved**2).sum()))
    assert np.mean(gained) > 1  # of no effect at all
    assert np.mean(expected) == pytest.approx(np.mean(gained), abs=0.05)
    assert np.mean(errors) == pytest.approx(np.std(expected), rel=0.3)


def test_units_picked_by_lot_or_beside_others_with_the_same_score_hold():
    assert check_regression_to_mean(dip_before(*scores(5, picked=False, effect=3.0))).passed is True
    assert check_regression_to_mean(dip_before(*scores(6, picked=True, matched=True))).passed is True
    alarms = [check_regression_to_mean(dip_before(*scores(s, picked=False, n=90))).passed is False for s in range(150)]
    assert 1 <= sum(alarms) <= 17  # 7.5 expected


def test_a_dip_without_anybody_beside_cannot_be_told():
    score, entity, period, _ = scores(7, picked=False, n=30)
    check = check_regression_to_mean(dip_before(score, entity, period, np.full(len(score), 5.0)))
    assert check.passed is None


# --- spill-over ---


def neighbours(seed: int, spill: float, regions: int = 40, size: int = 6, periods: int = 8):
    """Return outcome, entity, period, region, treated: some of each region's units start in period 4."""
    rng = np.random.default_rng(seed)
    n = regions * size
    entity, period = np.repeat(np.arange(n), periods), np.tile(np.arange(periods), n)
    region = entity // size
    share = rng.random(regions)
    ever = rng.random(n) < share[np.arange(n) // size]
    treated = ever[entity] & (period >= 4)
    around = share_around(treated, entity, period, region)
    shock = rng.normal(size=(regions, periods))[region, period]
    outcome = rng.normal(size=n)[entity] + 0.5 * shock + rng.normal(size=n * periods) + 3.0 * treated + spill * around
    return outcome, entity, period, region, treated, around


def test_the_share_around_a_unit_leaves_it_out():
    treated = np.array([True, False, True, False, True, False])
    found = share_around(treated, np.arange(6), np.zeros(6, int), np.array([0, 0, 0, 1, 1, 2]))
    assert found.tolist() == [0.5, 1.0, 0.5, 1.0, 0.0, 0.0]


def test_exposure_is_the_slope_of_a_regression_with_all_dummies():
    outcome, entity, period, region, treated, around = neighbours(1, 1.0, regions=12)
    found = exposure_effect(outcome, around, entity, period, treated, cluster=region)
    free = ~treated
    who, when = entity[free], period[free]
    dummies = [(who == e).astype(float) for e in np.unique(who)] + [(when == t).astype(float) for t in range(1, 8)]
    design = np.column_stack([around[free], *dummies])
    inverse = np.linalg.pinv(design.T @ design)
    coef = inverse @ design.T @ outcome[free]
    left = outcome[free] - design @ coef
    names = np.unique(region[free])
    sums = np.array([(design * left[:, None])[region[free] == r].sum(axis=0) for r in names])
    covariance = len(names) / (len(names) - 1) * inverse @ sums.T @ sums @ inverse
    assert (found.estimate, found.std_error) == pytest.approx((coef[0], np.sqrt(covariance[0, 0])))
    assert found.df == len(names) - 1


def test_others_that_are_touched_fail_and_others_that_are_not_hold():
    touched = neighbours(2, 2.0)
    found = exposure_effect(touched[0], *_rest(touched))
    check = check_spillover(found, what="profit", unit="euros")
    assert check.passed is False
    assert "those compared with are touched too" in check.sentence
    assert abs(found.estimate - 2.0) < 4 * found.std_error
    alarms = 0
    for seed in range(60):
        quiet = neighbours(seed, 0.0, regions=25)
        alarms += check_spillover(exposure_effect(quiet[0], *_rest(quiet))).passed is False
    assert alarms <= 9  # 3 expected


def test_without_a_difference_in_exposure_nothing_can_be_told():
    outcome, entity, period, region, treated, around = neighbours(3, 1.0)
    same = exposure_effect(outcome, np.zeros_like(around), entity, period, treated, cluster=region)
    assert check_spillover(same).passed is None
    over_time = exposure_effect(outcome, (period >= 4) * 0.5, entity, period, treated, cluster=region)
    assert check_spillover(over_time).sentence.endswith("does not vary beyond entity and period.")
    few = region < 5
    small = exposure_effect(*(each[few] for each in (outcome, around, entity, period, treated)), cluster=region[few])
    assert "10 are needed" in check_spillover(small).sentence


def _arms(cohort):
    return np.isfinite(cohort), np.isnan(cohort)


def _rest(drawn):
    _, entity, period, _, treated, around = drawn
    return around, entity, period, treated
