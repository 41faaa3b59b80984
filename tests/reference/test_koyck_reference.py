"""Koyck's lag on Lydia Pinkham's advertising and sales, 1907 to 1960: the two estimators disagree, and both are shown.

The data are those of Palda (1964), The Measurement of Cumulative Advertising Effects. No copy of his own equation was
found: the numbers are those of R (lm, two-stage least squares by hand, sandwich's Newey–West with three lags).
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from coroi.inference.ratios import delta, fieller
from coroi.models.koyck import fit_koyck

IN_R = {
    ("carry_over", "ols"): (0.7593065452, 0.09145608181),
    ("immediate", "ols"): (0.3287615214, 0.15567180982),
    ("long_run", "ols"): (1.365893068, 0.34859855),
    ("carry_over", "iv"): (0.1040445926, 0.2712537451),
    ("immediate", "iv"): (1.2693418329, 0.40717445),
}


@pytest.fixture(scope="module")
def data(shared) -> pd.DataFrame:
    rows = pd.read_csv(shared / "oracles" / "23_pinkham_koyck" / "pinkham_annual.csv")
    return rows.assign(entity="Lydia Pinkham")


def fit(data: pd.DataFrame, errors: str = "classical", **options):
    return fit_koyck(
        data, outcome="sales", metric="advertising", period="year", effects="none", errors=errors, **options
    )


def headline(result) -> pd.DataFrame:
    rows = result.estimates[result.estimates["interval"] != "delta"]
    return rows.set_index(["term", "estimator"])


def check_of(result, name: str):
    return next(c for c in result.checks if c.name == name)


def test_least_squares_and_instrument_are_those_of_r(data):
    rows = headline(fit(data))
    for key, (estimate, error) in IN_R.items():
        assert rows.loc[key, "estimate"] == pytest.approx(estimate, rel=1e-7), key
        assert rows.loc[key, "std_error"] == pytest.approx(error, rel=1e-6), key
    assert rows.loc[("mean_lag", "ols"), "estimate"] == pytest.approx(3.154662207, rel=1e-7)
    assert rows.loc[("long_run", "iv"), "estimate"] == pytest.approx(1.416746662, rel=1e-7)


def test_the_two_disagree_on_the_carry_over_and_the_result_says_so(data):
    result = fit(data)
    rows = headline(result)
    assert rows.loc[("carry_over", "ols"), "estimate"] > 7 * rows.loc[("carry_over", "iv"), "estimate"]
    apart = check_of(result, "least squares against instrument")
    assert apart.passed is False
    assert "0.759 by least squares and 0.104 by instrument" in apart.sentence
    assert set(result.tables["sets"]["estimator"]) == {"ols", "iv"}


def test_newey_west_errors_are_those_of_sandwich(data):
    rows = headline(fit(data, errors="serial", error_lags=3))
    assert rows.loc[("carry_over", "ols"), "std_error"] == pytest.approx(0.0854242846, rel=1e-7)
    assert rows.loc[("immediate", "ols"), "std_error"] == pytest.approx(0.1418703904, rel=1e-7)


def test_every_stored_answer_of_both_estimators_is_met(shared, data):
    path = shared / "oracles" / "23_pinkham_koyck" / "expected.json"
    stored = {q["name"]: q for q in json.loads(path.read_text())["quantities"]}
    rows, names = headline(fit(data)), {"lambda": "carry_over", "beta": "immediate", "longrun": "long_run"}
    met = 0
    for prefix, estimator in (("koyck", "ols"), ("iv", "iv")):
        for short, term in names.items():
            for suffix, column in (("", "estimate"), (".se", "std_error")):
                want = stored.get(f"{prefix}.{short}{suffix}")
                if want:
                    found = rows.loc[(term, estimator), column]
                    assert found == pytest.approx(want["value"], abs=want["tol"])
                    met += 1
    assert met == 11


def test_long_runs_have_sets_wider_than_the_delta_method_says(data):
    rows = fit(data).estimates.set_index(["term", "estimator", "interval"])
    by_delta, by_set = (rows.loc[("long_run", "ols", how)] for how in ("delta", "fieller"))
    assert by_set["set"] == "interval"
    assert by_set["conf_high"] - by_set["conf_low"] > by_delta["conf_high"] - by_delta["conf_low"]


def test_printed_estimates_give_the_printed_long_run():
    """From R's coefficients, errors and long run the covariance follows, and with it Fieller's set."""
    (share, share_error), (beta, beta_error) = IN_R["carry_over", "ols"], IN_R["immediate", "ols"]
    ratio, error = IN_R["long_run", "ols"]
    left = 1 - share
    cross = ((error * left) ** 2 - beta_error**2 - ratio**2 * share_error**2) / (-2 * ratio)
    covariance = [[beta_error**2, cross], [cross, share_error**2]]
    assert delta(beta, left, np.array(covariance)) == pytest.approx((ratio, error), rel=1e-6)
    found = fieller(beta, left, np.array(covariance), 2.0086)  # t with 50 degrees of freedom
    assert found.bounded
    assert found.low < ratio < found.high
