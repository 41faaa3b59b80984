"""Leads from untreated rows, and the joint test of them: against dummies written out, and what it finds and misses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from coroi.errors import DataError
from coroi.inference import leads
from coroi.inference.event_path import EventPath
from coroi.inference.influence import influence_covariance
from coroi.inference.leads import leads_before
from coroi.inference.pretrend import check_leads, check_path, check_pretrend, joint_test
from coroi.models.imputation_did import fit_imputation_did


def panel(seed: int, n: int = 60, periods: int = 10, slope: float = 0.0, effect: float = 1.0):
    """Return outcome, entity, period, cohort: a third never treated, starts in 5, 6 and 7, a line for those treated."""
    rng = np.random.default_rng(seed)
    entity, period = np.repeat(np.arange(n), periods), np.tile(np.arange(periods), n)
    start = np.where(np.arange(n) % 3 == 0, np.nan, 5.0 + np.arange(n) % 4 % 3)
    cohort = start[entity]
    noise = rng.normal(size=n * periods) + 0.5 * np.repeat(rng.normal(size=n), periods)
    treated = period >= np.nan_to_num(cohort, nan=np.inf)
    trend = np.where(np.isnan(cohort), 0.0, slope * period)
    return noise + rng.normal(size=periods)[period] + trend + effect * treated, entity, period, cohort


def twin(outcome, entity, period, cohort, weight, n_leads, left_out):
    """Return leads and their covariance, by leaving each unit out or clustered, with every dummy written out."""
    rows = [i for i in range(len(outcome)) if np.isnan(cohort[i]) or period[i] < cohort[i]]
    design = []
    for i in rows:
        leads = [1.0 * (not np.isnan(cohort[i]) and period[i] - cohort[i] == -1 - k) for k in range(n_leads)]
        who = [1.0 * (entity[i] == e) for e in range(entity.max() + 1)]
        when = [1.0 * (period[i] == t) for t in range(1, period.max() + 1)]
        design.append(leads + who + when)
    root = np.sqrt(weight[rows])  # weighted least squares is plain, of rows times the root of their weight
    design, y = np.array(design) * root[:, None], outcome[rows] * root
    coef = np.linalg.lstsq(design, y)[0]
    clusters = sorted(set(entity[rows]))
    g = len(clusters)
    if left_out:
        changed = []
        for e in clusters:
            keep = np.array([entity[i] != e for i in rows])
            changed.append((coef - np.linalg.lstsq(design[keep], y[keep])[0])[:n_leads])
        return coef[:n_leads], (g - 1) / g * np.array(changed).T @ np.array(changed)
    inverse, left = np.linalg.pinv(design.T @ design), y - design @ coef
    meat = np.zeros_like(inverse)
    for e in clusters:
        score = sum(design[j] * left[j] for j in range(len(rows)) if entity[rows[j]] == e)
        meat += np.outer(score, score)
    return coef[:n_leads], (g / (g - 1) * inverse @ meat @ inverse)[:n_leads, :n_leads]


@pytest.mark.parametrize("left_out", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_leads_and_their_errors_are_those_of_a_regression_with_all_dummies(left_out, weighted, monkeypatch):
    monkeypatch.setattr(leads, "FEW_CLUSTERS", 200 if left_out else 0)
    data = panel(1, n=24, periods=8)
    rng = np.random.default_rng(2)
    some = rng.random(len(data[0])) < 0.85  # an unbalanced panel
    data = tuple(each[some] for each in data)
    weight = rng.uniform(0.2, 5, len(data[0])) if weighted else np.ones(len(data[0]))
    found = leads_before(*data, n_leads=3, weight=weight if weighted else None)
    estimate, covariance = twin(*data, weight, 3, left_out)
    assert found.event_time.tolist() == [-1, -2, -3]
    assert found.estimate == pytest.approx(estimate)
    assert influence_covariance(found.moved) == pytest.approx(covariance)
    assert found.n_rows == int((np.isnan(data[3]) | (data[2] < data[3])).sum())


def test_leads_of_the_guard_are_those_that_the_imputation_shows():
    outcome, entity, period, cohort = panel(11)
    weight = np.random.default_rng(12).uniform(0.2, 5, len(outcome))
    frame = pd.DataFrame({"entity": entity, "period": period, "first_treated": cohort, "y": outcome, "w": weight})
    shown = fit_imputation_did(frame, outcome="y", weight="w", leads=3).estimates.set_index("event_time")["estimate"]
    found = leads_before(outcome, entity, period, cohort, n_leads=3, weight=weight)
    assert found.estimate == pytest.approx(shown.loc[[-1, -2, -3]].to_numpy(), rel=1e-12)


def test_clusters_count_for_fewer_where_some_weigh_more():
    outcome, entity, period, cohort = panel(15, n=6)
    assert leads_before(outcome, entity, period, cohort, n_leads=2).n_effective == 6.0
    weight = np.array([4.0, 1, 1, 1, 1, 1])[entity]
    assert leads_before(outcome, entity, period, cohort, n_leads=2, weight=weight).n_effective == pytest.approx(81 / 21)


def test_a_cohort_in_which_nothing_moves_before_the_start_gives_no_lead():
    outcome, entity, period, cohort = panel(13)
    shuffled = np.random.default_rng(14).permutation(len(outcome))
    fixed = np.where(np.isnan(cohort), outcome, 1.0 + (period >= np.nan_to_num(cohort, nan=np.inf)))
    found = leads_before(fixed[shuffled], entity[shuffled], period[shuffled], cohort[shuffled], n_leads=3)
    assert found.left_out == (-1, -2, -3)
    assert check_leads(found).passed is None


def test_effects_do_not_reach_the_leads():
    with_effect, without = panel(3, effect=50.0), panel(3, effect=0.0)
    assert leads_before(*with_effect, n_leads=3).estimate == pytest.approx(leads_before(*without, n_leads=3).estimate)


def test_a_line_is_found_out_of_sample_and_hidden_in_residuals_of_the_fit():
    outcome, entity, period, cohort = panel(4, n=300, slope=0.5)
    found = leads_before(outcome, entity, period, cohort, n_leads=3)
    line = leads_before(0.5 * np.where(np.isnan(cohort), 0, period), entity, period, cohort, n_leads=3)
    assert found.distance * 0.5 == pytest.approx(line.estimate)  # what a line makes of them
    assert found.estimate == pytest.approx(line.estimate, abs=0.35)
    assert check_leads(found).passed is False
    free = np.isnan(cohort) | (period < cohort)
    design = np.column_stack([entity[free, None] == np.arange(300), period[free, None] == np.arange(1, 10)]).astype(
        float
    )
    left = outcome[free] - design @ np.linalg.lstsq(design, outcome[free])[0]
    until = (period - cohort)[free]
    inside = np.array([left[until == -1 - k].mean() for k in range(3)])
    assert np.abs(inside).max() < 0.5 * np.abs(found.estimate).max()


def test_without_others_a_line_cannot_be_found_and_the_words_say_so():
    outcome, entity, period, cohort = panel(5)
    some = ~np.isnan(cohort)
    found = leads_before(
        outcome[some], np.unique(entity[some], return_inverse=True)[1], period[some], cohort[some], n_leads=2
    )
    assert found.distance == pytest.approx(0, abs=1e-9)
    assert "cannot find a straight line at all" in check_leads(found).sentence


def test_leads_that_nobody_identifies_are_left_out_and_counted():
    outcome, entity, period, cohort = panel(6, periods=10)
    late = period >= 4  # the first cohort has one period before its start, the last three
    found = leads_before(outcome[late], entity[late], period[late], cohort[late], n_leads=4)
    assert found.left_out
    assert set(found.left_out) | set(found.event_time.tolist()) == {-1, -2, -3, -4}
    assert "Not identified" in check_leads(found).sentence


def test_a_lead_that_one_unit_carries_is_left_out():
    outcome, entity, period, cohort = panel(6)
    one = np.where((entity == 1) | np.isnan(cohort), cohort, 3.0)  # all others start early
    found = leads_before(outcome, entity, period, one, n_leads=5)
    assert found.event_time.tolist() == [-1, -2, -3][: len(found.event_time)]
    assert -5 in found.left_out


def test_without_anybody_treated_later_there_is_no_lead():
    outcome, entity, period, cohort = panel(6)
    found = leads_before(outcome, entity, period, np.full(len(cohort), np.nan), n_leads=3)
    assert found.left_out == (-1, -2, -3)
    assert check_leads(found).passed is None


def test_anticipated_periods_count_as_treated():
    found = leads_before(*panel(7), n_leads=2, anticipation=1)
    assert found.event_time.tolist() == [-2, -3]


def test_nothing_to_look_at_is_refused():
    outcome, entity, period, cohort = panel(8)
    with pytest.raises(DataError, match="no row is untreated"):
        leads_before(outcome, entity, period, np.zeros_like(cohort), n_leads=2)
    with pytest.raises(DataError, match="at least one"):
        leads_before(outcome, entity, period, cohort, n_leads=0)


# --- the joint test ---

COVARIANCE = 0.04 * (0.5 * np.eye(3) + 0.5)
DISTANCE = np.array([-1.0, -2.0, -3.0])


def test_the_statistic_is_walds():
    estimate = np.array([0.3, -0.1, 0.2])
    found = joint_test(estimate, COVARIANCE, DISTANCE)
    value = estimate @ np.linalg.inv(COVARIANCE) @ estimate
    assert (found.statistic, found.df) == pytest.approx((value, 3))
    assert found.p_value == pytest.approx(stats.chi2.sf(value, 3))
    few = joint_test(estimate, COVARIANCE, DISTANCE, df_error=20)  # Hotelling's, from 21 clusters
    assert few.p_value == pytest.approx(stats.f.sf(value * 18 / (3 * 20), 3, 18))
    assert np.isnan(joint_test(estimate, COVARIANCE, DISTANCE, df_error=2).p_value)


@pytest.mark.parametrize("df_error", [np.inf, 15])
def test_the_slope_is_found_in_four_of_five_draws(df_error):
    slope = joint_test(np.zeros(3), COVARIANCE, DISTANCE, df_error=df_error).slope
    rng = np.random.default_rng(9)
    drawn = rng.multivariate_normal(slope * DISTANCE, COVARIANCE, size=20_000)
    inverse, limit = np.linalg.inv(COVARIANCE), stats.chi2.isf(0.05, 3)
    if np.isfinite(df_error):
        inverse = np.linalg.inv(stats.wishart(df_error, COVARIANCE / df_error, seed=10).rvs(len(drawn)))
        limit = stats.f.isf(0.05, 3, df_error - 2) * 3 * df_error / (df_error - 2)
    values = (drawn[:, None, :] @ inverse @ drawn[:, :, None]).ravel()
    assert (values > limit).mean() == pytest.approx(0.8, abs=0.012)


def test_a_lead_that_repeats_another_counts_once():
    estimate, twice = np.array([0.3, -0.1, 0.2]), [0, 1, 2, 1]
    once = joint_test(estimate, COVARIANCE, DISTANCE)
    found = joint_test(estimate[twice], COVARIANCE[np.ix_(twice, twice)], DISTANCE[twice])
    assert (found.df, found.p_value, found.slope) == pytest.approx((3, once.p_value, once.slope))


def test_false_alarms_come_one_in_twenty():
    alarms = [check_leads(leads_before(*panel(s, n=40, periods=9), n_leads=3)).passed is False for s in range(200)]
    assert stats.binomtest(sum(alarms), 200, 0.05).pvalue > 0.005


@pytest.mark.slow
@pytest.mark.parametrize(("n", "n_leads"), [(8, 4), (20, 5), (50, 3)])
def test_false_alarms_stay_few_with_few_units(n, n_leads):
    alarms = [
        check_leads(leads_before(*panel(s, n=n, periods=12), n_leads=n_leads)).passed is False for s in range(600)
    ]
    assert stats.binomtest(sum(alarms), 600, 0.08, alternative="greater").pvalue > 0.01


@pytest.mark.slow
def test_uneven_weights_bring_no_more_false_alarms_than_even_ones():
    alarms = np.zeros(2)
    for s in range(400):
        data = panel(s, n=20, periods=12)
        weight = np.random.default_rng(s + 10**6).uniform(10, 200, 20)[data[1]]
        found = (leads_before(*data, n_leads=5, weight=w) for w in (None, weight))
        alarms += [check_leads(each).passed is False for each in found]
    assert (alarms / 400 < 0.11).all()


def test_a_path_is_tested_by_its_estimates_before_the_base():
    path = EventPath(before=np.array([0.1, 0.2]), after=np.ones(1), covariance=np.eye(3) * 0.01)
    check, same = check_path(path), joint_test(path.before, path.covariance[:2, :2], np.array([-1.0, -2.0]))
    assert check.table["event_time"].tolist() == [-2, -3]
    assert check.passed is bool(same.p_value >= 0.05)


def test_words_tell_what_the_test_could_have_missed():
    times = np.array([-2, -3, -4])
    quiet = check_pretrend(times, 0.05 * np.ones(3), COVARIANCE, DISTANCE, horizon=3.0, unit="points")
    assert quiet.passed is True
    assert quiet.sentence == (
        "In 3 periods before the start paths differ no more than chance would have it (joint test, p = 0.99). It finds "
        "a trend of 0.209 points a period 80 % of the time; one that it misses could make up 0.626 points of the "
        "effect."
    )
    assert check_pretrend(times, np.ones(3), COVARIANCE, DISTANCE).passed is False
    none = np.zeros(0)
    assert check_pretrend(none, none, np.zeros((0, 0)), none).passed is None
    assert check_pretrend(times, np.zeros(3), np.zeros((3, 3)), DISTANCE).passed is None
