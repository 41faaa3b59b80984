"""Panel regressions and their errors against numbers from elsewhere, each with the factor that its source uses."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.datasets

from coroi.inference.linear import clustered, least_squares, serial, sum_by, two_way_clustered
from coroi.inference.within import sweep
from coroi.models.fixed_effects import fit_fixed_effects
from coroi.results import Result


def errors(covariance: np.ndarray) -> np.ndarray:
    return np.sqrt(np.diag(covariance))


def case(shared: Path, folder: str, file: str) -> tuple[pd.DataFrame, dict[str, tuple[float, float]]]:
    """Return a case's data, and what is expected with its tolerance."""
    at = shared / "oracles" / folder
    if not at.is_dir():
        pytest.skip(f"there is no folder '{folder}' among the oracles")
    told = json.loads((at / "expected.json").read_text(encoding="utf-8"))["quantities"]
    return pd.read_csv(at / file), {q["name"]: (q["value"], q["tol"]) for q in told}


def agrees(found: float, expected: tuple[float, float]) -> None:
    assert found == pytest.approx(expected[0], abs=expected[1], rel=0)


def row(result: Result, estimator: str, term: str, kind: str = "cluster") -> pd.Series:
    table = result.estimates
    return table[(table["estimator"] == estimator) & (table["term"] == term) & (table["errors"] == kind)].iloc[0]


# --- Grunfeld (1958), ten firms over twenty years, always at hand: statsmodels has his eleven ---


@pytest.fixture(scope="module")
def grunfeld() -> pd.DataFrame:
    data = statsmodels.datasets.grunfeld.load_pandas().data
    return data[data["firm"] != "American Steel"].astype({"year": int}).reset_index(drop=True)


NAMES = {"outcome": "invest", "entity": "firm", "period": "year"}


@pytest.mark.parametrize("most_rows", [10**9, 0], ids=["in memory", "in blocks"])
def test_grunfelds_investment_on_capital_has_the_errors_printed_for_fixest_plm_and_sandwich(grunfeld, most_rows):
    """As in fixest's article on standard errors: of ``inv ~ capital | firm + year``."""
    result = fit_fixed_effects(grunfeld, **NAMES, metric="capital", most_rows=most_rows)
    ours = row(result, "two_way", "capital")
    assert ours["std_error"] == pytest.approx(0.05693726 * math.sqrt(10 / 9), abs=2e-8)  # plm's vcovHC, G / (G - 1)
    over_time = row(result, "two_way", "capital", "driscoll_kraay")
    assert result.spec["driscoll_kraay_lags"] == 2
    assert over_time["std_error"] == pytest.approx(0.08359734 * math.sqrt(20 / 19), abs=2e-8)  # plm's vcovSCC


def test_every_convention_for_grunfeld_is_the_printed_one(grunfeld):
    firm, year = (pd.factorize(grunfeld[name])[0] for name in ("firm", "year"))
    swept = sweep(grunfeld[["invest", "capital"]].to_numpy(float), firm, year)
    assert swept.n_effects == 29
    fit = least_squares(swept.values[:, 1:], swept.values[:, 0])
    printed = {
        "none": (0.05693726, "none", 0),
        "fixest and Stata, firms nested": (0.06328129, "stata", 21),
        "all effects counted": (0.06493478, "stata", 30),
        "lfe": (0.06016851, "stata", 2),
    }
    for value, factor, n_params in printed.values():
        assert errors(clustered(fit, firm, factor=factor, n_params=n_params))[0] == pytest.approx(value, abs=2e-8)
    both = two_way_clustered(fit, firm, year, factor="stata", n_params=2)
    assert errors(both)[0] == pytest.approx(0.06213837, abs=2e-8)
    assert errors(serial(fit, year, 2))[0] == pytest.approx(0.08359734, abs=2e-8)
    fixest = errors(serial(fit, year, 2))[0] * math.sqrt(20 / 19 * 199 / 189)
    assert fixest == pytest.approx(0.08800884, abs=2e-8)


def test_grunfelds_four_estimates_match_r(shared, grunfeld):
    _, r = case(shared, "11_grunfeld_panel", "grunfeld_plm.csv")
    result = fit_fixed_effects(grunfeld, **NAMES, metric="value", controls=["capital"])
    theirs = {"two_way": "twoways", "entity": "within", "between": "between", "pooled": "pooling"}
    for estimator, name in theirs.items():
        for term in ("value", "capital"):
            agrees(row(result, estimator, term)["estimate"], r[f"{name}.{term}"])
    for term in ("value", "capital"):
        value, tolerance = r[f"within.{term}.arellano_HC0"]
        assert row(result, "entity", term)["std_error"] == pytest.approx(value * math.sqrt(10 / 9), abs=2 * tolerance)


# --- Petersen (2009), Review of Financial Studies 22:435-480: his test data ---


def test_petersens_errors_are_the_published_ones(shared):
    data, published = case(shared, "10_petersen_cluster_se", "petersen.csv")
    firm, year = (pd.factorize(data[name])[0] for name in ("firm", "year"))
    fit = least_squares(np.column_stack([np.ones(len(data)), data["x"]]), data["y"].to_numpy())
    rows = np.arange(len(data))
    white = clustered(fit, rows, factor="none") * len(data) / (len(data) - 2)
    by_firm, by_year = (clustered(fit, code, factor="stata", n_params=2) for code in (firm, year))
    # sandwich takes what firms and years share without a factor, Petersen with his
    sandwich_both = by_firm + by_year - clustered(fit, rows, factor="none")
    found = {
        "": fit.coef,
        "se.white(HC1).": errors(white),
        "se.cluster_firm(CR1).": errors(by_firm),
        "se.cluster_year(CR1).": errors(by_year),
        "se.cluster_firm(CR1) 6dp.": errors(by_firm),
        "se.cluster_firm(CR0) 6dp.": errors(clustered(fit, firm, factor="none")),
        "se.cluster_firm_year.": errors(two_way_clustered(fit, firm, year, factor="stata", n_params=2)),
        "se.cluster_firm_year 6dp.": errors(sandwich_both),
        "se.driscoll_kraay(HC0,lag=1).": errors(serial(fit, year, 1)),
    }
    for name, values in found.items():
        for term, value in zip(("const", "x"), values, strict=True):
            agrees(value, published[name + term])


@pytest.mark.parametrize("most_rows", [10**9, 0], ids=["in memory", "in blocks"])
def test_petersens_pooled_regression_is_the_published_one(shared, most_rows):
    data, published = case(shared, "10_petersen_cluster_se", "petersen.csv")
    result = fit_fixed_effects(data, outcome="y", metric="x", entity="firm", period="year", most_rows=most_rows)
    pooled = row(result, "pooled", "x")
    agrees(pooled["estimate"], published["x"])
    value, tolerance = published["se.cluster_firm(CR0) 6dp.x"]
    assert pooled["std_error"] == pytest.approx(value * math.sqrt(500 / 499), abs=2 * tolerance)


# --- Greene (1993), Econometric Analysis, tables 14.1 and 15.1 ---


def test_greenes_investment_has_newey_and_wests_errors(shared):
    data, published = case(shared, "13_newey_west", "investment.csv")
    data = data.dropna()
    fit = least_squares(
        np.column_stack([np.ones(len(data)), data["RealGNP"], data["RealInt"]]), data["RealInv"].to_numpy()
    )
    found = errors(serial(fit, data["year"].to_numpy(), 4))
    for term, coef, error in zip(("const", "RealGNP", "RealInt"), fit.coef, found, strict=True):
        agrees(coef, published[f"inv.{term}"])
        agrees(error, published[f"inv.{term}.se_NW4"])


def test_greenes_schools_have_whites_errors(shared):
    data, published = case(shared, "13_newey_west", "public_schools.csv")
    data = data.dropna()
    income = data["Income"].to_numpy() / 10_000
    fit = least_squares(np.column_stack([np.ones(len(data)), income, income**2]), data["Expenditure"].to_numpy(float))
    found = errors(clustered(fit, np.arange(len(data)), factor="none"))
    for term, coef, error in zip(("const", "Income", "Income2"), fit.coef, found, strict=True):
        agrees(coef, published[f"schools.{term}"])
        agrees(error, published[f"schools.{term}.se_HC0"])


# --- wages of 545 men, Vella and Verbeek (1998): regression from cells, and Mundlak's identity ---

CELL = ["educ", "black", "hisp", "married", "union", "exper"]


def test_wages_from_cells_are_those_of_all_rows(shared):
    """Wong and others (2021): rows of equal regressors are one, with their number, sum and sum of squares."""
    data, full = case(shared, "35_compressed_regression", "wagepan.csv")
    cells = data.groupby(CELL, as_index=False)["lwage"].agg(
        n="count", total="sum", squares=lambda wages: (wages**2).sum()
    )
    n = cells["n"].to_numpy(float)
    design = np.column_stack([np.ones(len(cells)), cells[CELL]])
    fit = least_squares(design, (cells["total"] / n).to_numpy(), n)
    told = design @ fit.coef
    around = (cells["squares"] - 2 * told * cells["total"] + n * told**2).to_numpy()
    rows, p = len(data), design.shape[1]
    white = fit.bread @ (design.T @ (design * around[:, None])) @ fit.bread
    found = {
        "coef": fit.coef,
        "iid se": errors(fit.bread * around.sum() / (rows - p)),
        "HC0 se": errors(white),
        "HC1 se": errors(white * rows / (rows - p)),
        "cluster(educ) se": errors(clustered(fit, pd.factorize(cells["educ"])[0], factor="none")),
    }
    assert len(cells) < rows / 2
    for name, values in found.items():
        for term, value in zip(("const", *CELL), values, strict=True):
            agrees(value, full[f"wagepan {name} {term}"])


@pytest.mark.parametrize("most_rows", [10**9, 0], ids=["in memory", "in blocks"])
def test_wages_within_are_those_of_mundlaks_regression(shared, most_rows):
    """In a balanced panel, beside means of men and of years: Wooldridge (2021), SSRN 3906345."""
    data, expected = case(shared, "35_compressed_regression", "wagepan.csv")
    names = {"outcome": "lwage", "metric": "union", "controls": ["married"], "entity": "nr", "period": "year"}
    result = fit_fixed_effects(data, **names, most_rows=most_rows)
    means = [data.groupby(by)[["union", "married"]].transform("mean").to_numpy() for by in ("nr", "year")]
    mundlak = least_squares(
        np.column_stack([np.ones(len(data)), data[["union", "married"]], *means]), data["lwage"].to_numpy()
    )
    for at, term in enumerate(("union", "married")):
        agrees(row(result, "two_way", term)["estimate"], expected[f"Mundlak {term} = TWFE {term}"])
        assert row(result, "two_way", term)["estimate"] == pytest.approx(mundlak.coef[1 + at], rel=1e-9)


@pytest.mark.slow
def test_ten_million_rows_from_800_cells_give_what_duckreg_prints():
    """py-econometrics/duckreg, notebooks/introduction.ipynb: data drawn as there, errors HC1."""
    n = 10_000_000
    rng = np.random.default_rng(12345)
    treated, x = rng.choice([0, 1], size=(n, 1)), rng.choice(range(20), (n, 2), True)
    y = (treated + x @ np.array([1, 2]).reshape(2, 1) + rng.normal(size=(n, 1)))[:, 0]
    assert y[:2] == pytest.approx([27.226866, 35.088713], abs=5e-7)
    code = (treated[:, 0] * 20 + x[:, 0]) * 20 + x[:, 1]
    totals = sum_by(np.column_stack([np.ones(n), y, y**2]), code)
    assert len(totals) == 800
    assert totals[14 * 20 + 4, 0] == 12_614
    assert totals[14 * 20 + 4, 1] == pytest.approx(277_740.685093, abs=1e-5)
    cell = np.arange(800)
    design = np.column_stack([np.ones(800), cell // 400, cell // 20 % 20, cell % 20]).astype(float)
    fit = least_squares(design, totals[:, 1] / totals[:, 0], totals[:, 0])
    assert fit.coef == pytest.approx([-0.000274, 0.999347, 1.000035, 2.000067], abs=5e-7)
    told = design @ fit.coef
    around = totals[:, 2] - 2 * told * totals[:, 1] + totals[:, 0] * told**2
    white = fit.bread @ (design.T @ (design * around[:, None])) @ fit.bread * n / (n - 4)
    assert errors(white) == pytest.approx([0.000862, 0.000632, 0.000055, 0.000055], abs=5e-7)
