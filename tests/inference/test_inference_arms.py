"""Means by arm: against Welch's test, Lin's regression and sums by hand, and what cannot be told."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from coroi.inference.arms import arm_means


def drawn(seed: int, n: int = 60) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    arm = rng.permutation(np.arange(n) % 3 > 0).astype(int)
    known = rng.normal(size=(n, 2))
    return known @ [1.0, -0.5] + rng.normal(size=n) * (1 + arm) + 0.7 * arm * known[:, 0], arm, known


def error(moved: np.ndarray) -> float:
    n = len(moved)
    return float(np.sqrt((moved**2).sum() * n / (n - 1)))


def test_without_covariates_it_is_welchs_test():
    outcome, arm, _ = drawn(1)
    found = arm_means(outcome, arm, 2, np.arange(60))
    theirs = stats.ttest_ind(outcome[arm == 1], outcome[arm == 0], equal_var=False)
    gap = found.mean[1] - found.mean[0]
    spread = error(found.influence[:, 1] - found.influence[:, 0])
    assert gap / spread == pytest.approx(theirs.statistic, rel=1e-10)
    assert found.welch(1, 0) == pytest.approx(theirs.df, rel=1e-10)
    half = stats.t.ppf(0.975, found.welch(1, 0)) * spread
    assert (gap - half, gap + half) == pytest.approx(tuple(theirs.confidence_interval(0.95)))


def test_with_covariates_the_difference_is_lins_coefficient():
    outcome, arm, known = drawn(2)
    centred = known - known.mean(axis=0)
    design = np.column_stack([np.ones(60), arm, centred, arm[:, None] * centred])
    theirs = sm.OLS(outcome, design).fit().params
    found = arm_means(outcome, arm, 2, np.arange(60), known)
    assert found.mean[1] - found.mean[0] == pytest.approx(theirs[1], rel=1e-10)
    assert found.mean[0] == pytest.approx(theirs[0], rel=1e-10)
    np.testing.assert_allclose(found.freedom, [20 - 3, 40 - 3])


def test_with_indicators_of_strata_it_post_stratifies():
    outcome, arm, _ = drawn(3)
    stratum = np.arange(60) % 4
    found = arm_means(outcome, arm, 2, np.arange(60), (stratum[:, None] == [1, 2, 3]).astype(float))
    for code in (0, 1):
        cells = [outcome[(arm == code) & (stratum == s)].mean() for s in range(4)]
        assert found.mean[code] == pytest.approx(np.mean(cells))


def test_units_assigned_whole_are_summed_by_unit():
    rng = np.random.default_rng(4)
    unit = np.repeat(np.arange(14), rng.integers(2, 9, size=14))
    arm = unit % 2
    outcome = rng.normal(size=14)[unit] + rng.normal(size=len(unit))
    found = arm_means(outcome, arm, 2, unit)
    variance = 0.0
    for code in (0, 1):
        mean, n = outcome[arm == code].mean(), (arm == code).sum()
        sums = [sum(outcome[i] - mean for i in range(len(unit)) if unit[i] == g) for g in range(code, 14, 2)]
        variance += 7 / 6 * sum(s * s for s in sums) / n**2
    assert error(found.influence[:, 1] - found.influence[:, 0]) == pytest.approx(np.sqrt(variance))
    np.testing.assert_allclose(found.freedom, [6, 6])
    of_units = np.column_stack([rng.normal(size=14)[unit], rng.normal(size=len(unit))])
    np.testing.assert_allclose(arm_means(outcome, arm, 2, unit, of_units).freedom, [5, 5])


def test_what_covariates_owe_to_chance_is_counted():
    """Where the covariate explains all, the mean over customers still varies as the covariate's mean does."""
    rng = np.random.default_rng(5)
    known = rng.normal(size=(400, 1))
    found = arm_means(3 * known[:, 0], np.arange(400) % 2, 2, np.arange(400), known)
    assert error(found.influence[:, 0]) == pytest.approx(3 * known.std() / np.sqrt(400), rel=0.003)
    assert error(found.influence[:, 1] - found.influence[:, 0]) < 1e-9


def test_an_arm_with_one_unit_or_too_few_for_its_columns_tells_no_chance():
    outcome, arm, known = drawn(6)
    single = arm_means(outcome, arm, 2, np.where(arm == 1, 20, np.cumsum(arm == 0) - 1))
    assert "single unit" in single.reasons[1]
    assert not single.reasons[0]
    few = arm_means(outcome[:8], np.array([0, 0, 0, 1, 1, 1, 1, 1]), 2, np.arange(8), known[:8])
    assert few.reasons[0] == "an arm has 3 units of assignment, too few for 3 columns of its regression"
    assert not few.reasons[1]
