"""Harm in Darfur and attitudes to peace, as R's and Python's sensemakr have them; E-values of R's EValue."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from coroi.inference.evalues import as_risk_ratio, evalue, evalues
from coroi.inference.omitted import Regression, benchmark_bounds, partial_r2, regress, robustness_value
from coroi.inference.within import sweep


def quantities(shared, folder: str) -> dict[str, tuple[float, float]]:
    told = json.loads((shared / "oracles" / folder / "expected.json").read_text(encoding="utf-8"))["quantities"]
    return {q["name"]: (q["value"], q["tol"]) for q in told}


def agrees(found: float, expected: tuple[float, float]) -> None:
    assert found == pytest.approx(expected[0], abs=max(expected[1], 1e-12), rel=0)


@pytest.fixture(scope="module")
def expected(shared) -> dict[str, tuple[float, float]]:
    return quantities(shared, "31_sensemakr_darfur")


@pytest.fixture(scope="module")
def darfur(shared) -> Regression:
    data = pd.read_csv(shared / "oracles" / "31_sensemakr_darfur" / "darfur.csv")
    names = ["age", "farmer_dar", "herder_dar", "pastvoted", "hhsize_darfur", "female"]
    village = pd.factorize(data["village"])[0]
    columns = data[["peacefactor", "directlyharmed", *names]].to_numpy(float)
    swept = sweep(columns, village, village, effects="entity")
    outcome, treatment, covariates = swept.values[:, 0], swept.values[:, 1], swept.values[:, 2:]
    return regress(outcome, treatment, covariates, {"female": np.array([5])}, n_swept=swept.n_effects)


def test_the_regression_and_its_robustness_are_those_of_sensemakr(darfur, expected):
    t = darfur.estimate / darfur.std_error
    agrees(darfur.estimate, expected["estimate"])
    agrees(darfur.std_error, expected["se"])
    agrees(t, expected["t"])
    assert darfur.df == expected["dof"][0]
    agrees(partial_r2(t, darfur.df), expected["partial R2"])
    agrees(partial_r2(t, darfur.df), expected["partial R2 (full)"])
    agrees(darfur.strength**2, expected["partial f2"])
    agrees(robustness_value(darfur), expected["RV q=1"])
    agrees(robustness_value(darfur), expected["RV q=1 (full)"])
    agrees(robustness_value(darfur, level=0.95), expected["RV q=1 alpha=.05"])
    agrees(robustness_value(darfur, level=0.95), expected["RV q=1 alpha=.05 (full)"])


@pytest.mark.parametrize("times", [1, 2, 3])
def test_bounds_by_benchmark_are_those_of_sensemakr(darfur, expected, times):
    row = benchmark_bounds(darfur).set_index("times").loc[times]
    agrees(row["r2_treatment"], expected[f"{times}x female R2dz.x"])
    agrees(row["r2_outcome"], expected[f"{times}x female R2yz.dx"])
    agrees(row["estimate"], expected[f"{times}x female adjusted estimate"])
    agrees(row["std_error"], expected[f"{times}x female adjusted se"])
    agrees(row["estimate"] / row["std_error"], expected[f"{times}x female adjusted t"])
    agrees(row["conf_low"], expected[f"{times}x female adjusted CI lo"])
    agrees(row["conf_high"], expected[f"{times}x female adjusted CI hi"])


@pytest.mark.parametrize(("t", "df", "name"), [(1.89, 1121, "1.89"), (2.11, 1115, "2.11"), (17, 983, "17, dof=983")])
def test_values_from_t_alone(expected, t, df, name):
    """Degrees of freedom as in sensemakr's tests."""
    found = Regression(estimate=t, std_error=1.0, df=df, inflation=1.0, df_error=df, benchmarks={})
    agrees(robustness_value(found), expected[f"RV t={name}"])
    if f"partial R2 t={name}" in expected:
        agrees(partial_r2(t, df), expected[f"partial R2 t={name}"])


def test_evalues_are_those_of_the_vignette(shared):
    expected = quantities(shared, "32_evalue")
    agrees(evalue(10.73), expected["smoking 10.73"])
    agrees(evalue(8.02), expected["smoking CI 8.02"])
    agrees(evalue(3.9), expected["breastfeeding 3.9"])
    agrees(evalue(1.8), expected["breastfeeding CI 1.8"])
    agrees(evalue(0.80), expected["leukemia 0.80"])
    agrees(evalue(0.91), expected["leukemia CI 0.91"])
    agrees(evalue(2.5, 1.5), expected["non-null: 2.5 -> 1.5"])
    agrees(evalues(1.1, 0.9, 1.4).limit, expected["CI crossing 1 gives E=1"])
    agrees(evalue(as_risk_ratio(0.86, "odds ratio")), expected["OR .86 common outcome: E(sqrt OR)"])
    name = "standardised mean difference d=.5: RR=exp(.91 d)"
    agrees(evalue(as_risk_ratio(0.5, "difference")), expected[name])
