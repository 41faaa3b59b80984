"""What it takes to explain an effect away: against regressions with the omitted variable put in, and brute searches."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from coroi.errors import DataError
from coroi.inference.evalues import as_risk_ratio, check_evalue, evalue, evalues, evalues_of_slope
from coroi.inference.omitted import (
    Regression,
    adjusted,
    benchmark_bounds,
    check_omitted,
    erase_words,
    partial_r2,
    regress,
    robustness_value,
)


def told(t: float, df: int, inflation: float = 1.0, **benchmarks: tuple[float, float]) -> Regression:
    return Regression(estimate=t, std_error=1.0, df=df, inflation=inflation, df_error=df, benchmarks=benchmarks)


def drawn(seed: int, n: int = 400, effect: float = 0.4):
    """Return outcome, treatment, covariates (the constant first) and what is omitted, which works upwards."""
    rng = np.random.default_rng(seed)
    covariates = np.column_stack([np.ones(n), rng.normal(size=(n, 3))])
    hidden = rng.normal(size=n)
    treatment = covariates @ [0, 0.5, 0.2, 0] + 0.6 * hidden + rng.normal(size=n)
    outcome = effect * treatment + covariates @ [1, 0.7, 0, 0.1] + 0.8 * hidden + rng.normal(size=n)
    return outcome, treatment, covariates, hidden


def longhand(outcome: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return coefficients, classical errors and degrees of freedom."""
    coef, rest, _, _ = np.linalg.lstsq(design, outcome)
    df = len(outcome) - design.shape[1]
    return coef, np.sqrt(rest[0] / df * np.diag(np.linalg.inv(design.T @ design))), df


def test_the_regression_is_the_textbooks_and_its_shares_are_those_of_sums_of_squares():
    outcome, treatment, covariates, _ = drawn(1)
    found = regress(outcome, treatment, covariates, {"first": np.array([1]), "others": np.array([2, 3])})
    coef, error, df = longhand(outcome, np.column_stack([covariates, treatment]))
    assert (found.estimate, found.std_error, found.df) == pytest.approx((coef[-1], error[-1], df))
    assert found.benchmarks["first"][1] == pytest.approx(partial_r2(coef[1] / error[1], df))
    of_treatment, of_error, of_df = longhand(treatment, covariates)
    assert found.benchmarks["first"][0] == pytest.approx(partial_r2(of_treatment[1] / of_error[1], of_df))
    assert 0 < found.benchmarks["others"][0] < 1


def test_what_is_omitted_moves_estimate_and_error_exactly_as_the_formulas_say():
    outcome, treatment, covariates, hidden = drawn(2)
    found = regress(outcome, treatment, covariates, {})
    full = np.column_stack([covariates, hidden, treatment])
    coef, error, df = longhand(outcome, full)
    of_treatment, of_error, of_df = longhand(treatment, full[:, :-1])
    shares = partial_r2(of_treatment[-1] / of_error[-1], of_df), partial_r2(coef[-2] / error[-2], df)
    with_it = adjusted(found, *shares)
    assert (with_it["estimate"], with_it["std_error"]) == pytest.approx((coef[-1], error[-1]))
    half = stats.t.ppf(0.975, df) * error[-1]
    assert (with_it["conf_low"], with_it["conf_high"]) == pytest.approx((coef[-1] - half, coef[-1] + half))


@pytest.mark.parametrize(("t", "df", "inflation"), [(4.2, 783, 1.0), (-9.0, 60, 1.0), (5.0, 200, 1.7), (40.0, 12, 1.0)])
def test_robustness_values_are_what_a_brute_search_finds(t, df, inflation):
    found = told(t, df, inflation)

    def worst(share: float) -> float:
        """Return the end of the interval nearest to zero, at worst over variables no stronger than `share`."""
        grid = np.unique(np.append(np.linspace(0, share, 400), share))
        ends = [adjusted(found, share, y) for y in grid]
        return min(e["conf_low"] if t > 0 else -e["conf_high"] for e in ends)

    root = optimize.brentq(worst, 1e-9, 1 - 1e-9, xtol=1e-7)
    assert robustness_value(found, level=0.95) == pytest.approx(root, abs=2e-5)
    whole = optimize.brentq(lambda r: abs(t) - r / np.sqrt(1 - r) * np.sqrt(df), 1e-9, 1 - 1e-9)
    assert robustness_value(found) == pytest.approx(whole, abs=1e-9)
    assert robustness_value(found, share=0.5) < whole


def test_an_interval_that_holds_zero_needs_nothing_omitted():
    assert robustness_value(told(1.2, 50), level=0.95) == 0.0
    assert "reaches zero as it is" in erase_words(told(1.2, 50))


def test_darfurs_published_values():
    """README of R's sensemakr, and its tests: Cinelli and Hazlett (2020)."""
    found = Regression(
        estimate=0.09731582,
        std_error=0.02325654,
        df=783,
        inflation=1.0,
        df_error=783,
        benchmarks={"female": (0.00908, 0.10903)},
    )
    assert partial_r2(4.18445, 783) == pytest.approx(0.02187309, abs=5e-8)
    assert found.strength**2 == pytest.approx(0.02236222, abs=5e-8)
    assert robustness_value(found) == pytest.approx(0.1387764, abs=5e-7)
    assert robustness_value(found, level=0.95) == pytest.approx(0.07625797, abs=5e-7)
    bounds = benchmark_bounds(found).set_index("times")
    for times, estimate in ((1, 0.0752202712), (2, 0.0529151724), (3, 0.0303960235)):
        assert bounds.loc[times, "estimate"] == pytest.approx(estimate, abs=2e-5)
    assert robustness_value(told(17, 983)) == pytest.approx(0.415, abs=0.0006)


def test_words_tell_what_would_erase_the_effect():
    found = told(4.18445, 783, female=(0.00908, 0.10903))
    assert erase_words(found, what="the rise") == (
        "To erase the rise, something left out would have to explain 14 % of what the covariates leave open of the "
        "treatment and as much of the outcome; 7.6 % of both would bring its 95 % interval to zero."
    )


def test_the_check_fails_where_a_variable_like_a_known_one_would_do():
    safe = check_omitted(told(4.18445, 783, female=(0.00908, 0.10903)))
    assert safe.passed is True
    assert safe.sentence.endswith(
        "With something as strong as 'female' left out, the effect would be 3.23 (1.39 to 5.08)."
    )
    assert set(safe.table["times"]) == {1, 2, 3}
    lost = check_omitted(told(-4.18445, 783, age=(0.05, 0.2), female=(0.00908, 0.10903)))
    assert lost.passed is False
    assert "'age'" in lost.sentence
    endless = check_omitted(told(4.0, 100, site=(0.6, 0.3)))
    assert endless.passed is False
    assert "could be anything" in endless.sentence
    assert check_omitted(told(4.0, 100)).passed is None
    outcome, treatment, covariates, _ = drawn(3)
    twin = check_omitted(regress(outcome, treatment, np.column_stack([covariates, treatment]), {}))
    assert twin.passed is None
    assert "not identified" in twin.sentence


def test_dependent_rows_inflate_the_error_and_lower_what_it_takes():
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(40), 10)
    outcome, treatment, covariates, _ = drawn(4)
    treatment = treatment + rng.normal(size=40)[cluster]
    outcome = outcome + rng.normal(size=40)[cluster] * 1.5 + 0.4 * treatment
    alone = regress(outcome, treatment, covariates, {})
    grouped = regress(outcome, treatment, covariates, {}, cluster=cluster)
    assert grouped.inflation > 1
    assert grouped.df_error == 39
    assert robustness_value(grouped) == robustness_value(alone)
    assert robustness_value(grouped, level=0.95) < robustness_value(alone, level=0.95)


# --- E-values ---


def joint_bias(with_treatment: float, with_outcome: float) -> float:
    """Return by how much a confounder can raise a risk ratio at most: Ding and VanderWeele's bounding factor."""
    return with_treatment * with_outcome / (with_treatment + with_outcome - 1)


@pytest.mark.parametrize(("ratio", "true"), [(2.5, 1.0), (0.6, 1.0), (2.5, 1.5), (1.2, 3.0), (0.4, 0.8)])
def test_an_evalue_is_the_strength_at_which_the_bounding_factor_reaches_the_gap(ratio, true):
    gap = max(ratio / true, true / ratio)
    root = optimize.brentq(lambda e: joint_bias(e, e) - gap, 1 + 1e-12, 100)
    assert evalue(ratio, true) == pytest.approx(root)


def test_published_evalues():
    """R's EValue, vignette on unmeasured confounding: VanderWeele and Ding (2017)."""
    smoking = evalues(10.73, 8.02, 14.36)
    assert (smoking.estimate, smoking.limit) == pytest.approx((20.94777, 15.52336), abs=5e-6)
    feeding = evalues(3.9, 1.8, 8.7)
    assert feeding.estimate == pytest.approx(7.263034, abs=5e-7)
    assert feeding.limit == pytest.approx(3.0)
    leukaemia = evalues(0.80, 0.71, 0.91)
    assert (leukaemia.estimate, leukaemia.limit) == pytest.approx((1.809017, 1.428571), abs=5e-7)
    assert evalue(2.5, 1.5) == pytest.approx(2.720759, abs=5e-7)
    assert evalues(1.1, 0.9, 1.3).limit == 1.0


def test_measures_turn_into_risk_ratios():
    assert as_risk_ratio(4.0, "odds ratio") == 2.0
    assert as_risk_ratio(4.0, "rare odds ratio") == as_risk_ratio(4.0, "rare hazard ratio") == 4.0
    assert as_risk_ratio(1.0, "hazard ratio") == pytest.approx(1.0)
    assert as_risk_ratio(0.5, "hazard ratio") == pytest.approx(1 / as_risk_ratio(2.0, "hazard ratio"))
    assert as_risk_ratio(0.0, "difference") == 1.0
    # exact where hazards are proportional and the two arms' survival is in geometric balance around one half
    stays, leaves = 0.5 ** np.sqrt(1 / 1.7), 0.5 ** np.sqrt(1.7)
    assert np.log(leaves) / np.log(stays) == pytest.approx(1.7)
    assert as_risk_ratio(1.7, "hazard ratio") == pytest.approx((1 - leaves) / (1 - stays))
    mirrored = evalues_of_slope(-2.0, 0.4, 4.0).estimate
    assert evalues_of_slope(1.0, 0.2, 2.0).estimate == pytest.approx(mirrored)
    assert evalues_of_slope(0.1, 0.2, 2.0).limit == 1.0


def test_what_is_no_ratio_is_refused():
    with pytest.raises(DataError, match="above zero"):
        evalue(-1.0)
    with pytest.raises(DataError, match="no interval"):
        evalues(2.0, 2.5, 3.0)
    with pytest.raises(DataError, match="Did you mean 'odds ratio'"):
        as_risk_ratio(2.0, "odd ratio")


def test_the_check_of_a_ratio_can_fail():
    found = evalues(2.0, 1.5, 2.7)
    assert check_evalue(found, strongest=1.4, of="tenure").passed is True
    lost = check_evalue(found, strongest=1 / 3, of="tenure")
    assert lost.passed is False
    assert lost.sentence == (
        "To explain the ratio of 2 away (no effect), something left out would have to go with both treatment and "
        "outcome by a ratio of 3.41; by 2.37 to bring its interval there. The strongest covariate that is known, "
        "tenure, goes with them by 3."
    )
    assert check_evalue(found).passed is None
    assert check_evalue(evalues(1.2, 0.9, 1.6), strongest=1.1).passed is False
