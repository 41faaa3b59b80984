"""Difference GMM against the employment equations of Arellano and Bond, and against what holds by algebra."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from coroi.inference.dynamics import GmmTests
from coroi.models.dynamic_panel import fit_dynamic_panel
from gmm_twin import Twin

# Arellano and Bond (1991), Review of Economic Studies 58:277-297, Table 4, columns a1 (one step, robust) and a2 (two
# steps, uncorrected), to the seven digits that Stata's manual of xtabond prints in its examples 2 and 4 (coefficients
# and errors of a1; first lag and Windmeijer's error of a2); xtabond2 prints the same a1: Roodman (2009), Stata Journal
# 9:86-136, section 3.3, with its tests. Stata keeps the data in single precision.
STATA = {
    "n_lag_1": (0.6862261, 0.1445943),
    "n_lag_2": (-0.0853582, 0.0560155),
    "w": (-0.6078208, 0.1782055),
    "w_lag_1": (0.3926237, 0.1679931),
    "k": (0.3568456, 0.0590203),
    "k_1": (-0.0580012, 0.0731797),
    "k_2": (-0.0199475, 0.0327126),
    "ys": (0.6085073, 0.1725313),
    "ys_1": (-0.7111651, 0.2317163),
    "ys_2": (0.1057969, 0.1412021),
}
STATA_TWO_STEP = (0.6287089, 0.1934138)

# R's plm, files test_pgmm.Rout.save and test_mtest.R of its own tests, which quote Windmeijer (2005), Table 2, and DPD
# for Ox; below, column b of the same table with one instrument a lag.
PLM_COLLAPSED = {"n_lag_1": (0.853895, 0.562348), "w": (-0.533119, 0.245948), "ys_1": (-0.682550, 0.612311)}

LEVELS = ("emp", "wage", "cap", "indoutpt")
COLUMN_A = {"controls": ("k", "k_1", "k_2", "ys", "ys_1", "ys_2"), "lags": 2, "metric_lags": 1}
COLUMN_B = {"controls": ("k", "ys", "ys_1"), "lags": 2, "metric_lags": 1}


@pytest.fixture(scope="module")
def folder(shared):
    found = shared / "oracles" / "38_arellano_bond"
    if not found.is_dir():
        pytest.skip(f"there is no folder '{found}' with the employment data")
    return found


def with_lags(data: pd.DataFrame) -> pd.DataFrame:
    for lag in (1, 2):
        earlier = data[["id", "year", "k", "ys"]].assign(year=data["year"] + lag)
        data = data.merge(earlier, on=["id", "year"], how="left", suffixes=("", f"_{lag}"))
    return data


@pytest.fixture(scope="module")
def firms(folder) -> pd.DataFrame:
    """Logs in single precision, as Stata has them."""
    return with_lags(pd.read_csv(folder / "abdata.csv")[["id", "year", "n", "w", "k", "ys"]])


@pytest.fixture(scope="module")
def logs(folder) -> pd.DataFrame:
    """Logs taken here, of levels to the four decimals that they are given with, as R's plm takes them."""
    data = pd.read_csv(folder / "abdata.csv")
    taken = {name: np.log(data[level].round(4)) for name, level in zip(["n", "w", "k", "ys"], LEVELS, strict=True)}
    return with_lags(data[["id", "year"]].assign(**taken))


@pytest.fixture(scope="module")
def published(folder) -> dict[str, tuple[float, float]]:
    quantities = json.loads((folder / "expected.json").read_text())["quantities"]
    return {each["name"]: (each["value"], each["tol"]) for each in quantities}


def fit(firms, **options):
    asked = {
        "outcome": "n", "metric": "w", "metric_is": "exogenous", "instrument_lags": (2, None), "collapse": False,
        "factor": "none", "entity": "id", "period": "year",
    }  # fmt: skip
    return fit_dynamic_panel(firms, **(asked | options))


def numbers(result) -> pd.DataFrame:
    rows = result.estimates[result.estimates["term"] != "long_run"]
    return rows.set_index("term")[["estimate", "std_error"]]


def statistics_of(result) -> pd.Series:
    return result.tables["tests"].set_index("test")["statistic"]


def test_column_a1_is_met_to_the_digits_that_stata_prints(firms):
    result = fit(firms, steps=1, **COLUMN_A)
    found = numbers(result)
    assert (result.n_obs, result.n_entities) == (611, 140)
    assert list(found.index) == list(STATA)
    np.testing.assert_allclose(found.to_numpy(), np.array(list(STATA.values())), atol=6e-7)
    said = statistics_of(result)
    assert said["m1"] == pytest.approx(-3.5996, abs=5e-5)
    assert said["m2"] == pytest.approx(-0.51603, abs=5e-6)
    assert said["sargan"] * 611 / (611 - 16) == pytest.approx(67.59, abs=0.005)  # xtabond2, which divides by n
    assert said["hansen"] == pytest.approx(31.38, abs=0.005)  # xtabond2
    assert "41 instruments for 140 clusters" in next(c for c in result.checks if c.name == "instrument_count").sentence


def test_the_long_run_of_column_a1_is_the_ratio_of_what_stata_prints(firms):
    row = fit(firms, steps=1, **COLUMN_A).estimates.set_index("term").loc["long_run"]
    total, left = STATA["w"][0] + STATA["w_lag_1"][0], 1 - STATA["n_lag_1"][0] - STATA["n_lag_2"][0]
    assert total / left == pytest.approx(-0.53916, abs=1e-5)
    assert row["estimate"] == pytest.approx(total / left, abs=5e-6)


def test_the_set_of_the_long_run_is_where_the_test_written_out_is_at_its_limit(firms):
    """Dense matrices firm by firm; each end found by bisection of the test, none by Fieller's formula."""
    names = [("n", 1), ("n", 2), ("w", 0), ("w", 1), *((name, 0) for name in COLUMN_A["controls"])]
    slow = Twin(
        firms.rename(columns={"id": "entity", "year": "period"}), outcome="n", regressors=names,
        levels={"n": range(2, 9)}, collapse=False, period_effects=True,
    )  # fmt: skip
    beta, covariance = slow.one_step()[:2]
    beta, covariance = beta[-len(names) :], covariance[-len(names) :, -len(names) :]
    wage, own = (np.array([float(name == one) for name, _ in names]) for one in ("w", "n"))
    middle, limit = wage @ beta / (1 - own @ beta), stats.t(139).ppf(0.975)

    def beyond(value: float) -> float:
        away = wage + value * own
        return abs(away @ beta - value) / np.sqrt(away @ covariance @ away) - limit

    ends = [optimize.brentq(beyond, middle, middle + side, xtol=1e-13) for side in (-2.0, 2.0)]
    row = fit(firms, steps=1, **COLUMN_A).estimates.set_index("term").loc["long_run"]
    assert row["set"] == "interval"
    assert (row["conf_low"], row["conf_high"]) == pytest.approx(tuple(ends), rel=1e-7)


def test_column_a2_is_met_with_and_without_the_correction(firms, logs):
    corrected = fit(firms, **COLUMN_A)
    assert tuple(numbers(corrected).loc["n_lag_1"]) == pytest.approx(STATA_TWO_STEP, abs=6e-7)
    assert statistics_of(corrected)[["m1", "m2"]].to_list() == pytest.approx([-2.1255, -0.35166], abs=5e-5)  # Stata
    plain = fit(logs, correct=False, **COLUMN_A)
    assert tuple(numbers(plain).loc["n_lag_1"]) == pytest.approx((0.628709, 0.090454), abs=5e-7)  # plm
    assert statistics_of(plain)["m1"] == pytest.approx(-2.99977, abs=5e-6)  # plm; DPD for Ox −3.000
    assert statistics_of(plain)["m2"] == pytest.approx(-0.4157541, abs=5e-7)  # plm; DPD for Ox −0.4158


def test_column_b_is_met(logs, published):
    corrected, plain = (fit(logs, correct=correct, **COLUMN_B) for correct in (True, False))
    names = {"n L1": "n_lag_1", "n L2": "n_lag_2", "w L0": "w", "w L1": "w_lag_1", "k": "k", "output L0": "ys",
             "output L1": "ys_1"}  # fmt: skip
    for said, term in names.items():
        value, tolerance = published[f"AB two-step {said}"]
        assert numbers(plain).loc[term, "estimate"] == pytest.approx(value, abs=tolerance)
        value, tolerance = published[f"AB two-step {said} se"]
        assert numbers(plain).loc[term, "std_error"] == pytest.approx(value, abs=tolerance)
        value, tolerance = published[f"AB two-step {said} Windmeijer se"]
        assert numbers(corrected).loc[term, "std_error"] == pytest.approx(value, abs=tolerance)
    tests = plain.tables["tests"].set_index("test")
    value, tolerance = published["AB Sargan/J chi2"]
    assert tests.loc["hansen", "statistic"] == pytest.approx(value, abs=tolerance)
    assert tests.loc["hansen", "df"] == published["AB J df"][0]
    assert plain.n_obs == published["AB obs"][0]


def test_column_b_in_one_step_has_windmeijers_tests(firms):
    """Windmeijer (2005), Table 2: m1 −2.493 and m2 −0.359 of the one-step estimate."""
    said = statistics_of(fit(firms, steps=1, **COLUMN_B))
    assert said["m1"] == pytest.approx(-2.493, abs=5e-4)
    assert said["m2"] == pytest.approx(-0.359, abs=5e-4)


def test_column_b_collapsed_matches_plm(logs):
    result = fit(logs, collapse=True, **COLUMN_B)
    for term, pair in PLM_COLLAPSED.items():
        assert tuple(numbers(result).loc[term]) == pytest.approx(pair, abs=5e-6)
    said = statistics_of(result)
    assert said["hansen"] == pytest.approx(11.62681, abs=2e-5)
    assert said[["m1", "m2"]].to_list() == pytest.approx([-1.290551, 0.4482577], abs=2e-5)


def test_column_b_without_period_effects_matches_plm(logs):
    result = fit(logs, period_effects=False, **COLUMN_B)
    assert tuple(numbers(result).loc["n_lag_1"]) == pytest.approx((0.448806, 0.182638), abs=1e-6)
    assert statistics_of(result)["hansen"] == pytest.approx(31.87899, abs=2e-5)


def test_a_predetermined_wage_is_met(firms, published):
    """The example in the README of pydynpd: wages predetermined, lags limited, capital exogenous."""
    options = {"controls": ("k",), "lags": 2, "metric_is": "predetermined", "instrument_lags": (2, 4)}
    result = fit(firms, **options)
    for said, term in {"L1.n": "n_lag_1", "L2.n": "n_lag_2", "w": "w", "k": "k"}.items():
        for name, column in ((f"pydynpd {said}", "estimate"), (f"pydynpd {said} corrected se", "std_error")):
            value, tolerance = published[name]
            assert numbers(result).loc[term, column] == pytest.approx(value, abs=tolerance)
    value, tolerance = published["pydynpd Hansen J(32)"]
    assert statistics_of(result)["hansen"] == pytest.approx(value, abs=tolerance)
    count = next(c for c in result.checks if c.name == "instrument_count").sentence
    assert count.startswith(f"{published['pydynpd instruments'][0]:.0f} instruments")


def test_published_statistics_have_their_published_p_values():
    """Column b by R's plm: χ²(25) = 30.11247, p = 0.22011; m1 −2.427829, p = 0.01519; m2 −0.33254, p = 0.73948."""
    table = GmmTests(
        hansen=30.11247, sargan=48.74983, df=25, m1=-2.427829, m2=-0.3325401, n_instruments=38, n_clusters=140
    ).table()
    assert table["p"].to_list() == pytest.approx([0.22011, 0.0030295, 0.01519, 0.73948], abs=5e-6)


def test_one_instrument_gives_the_ratio_of_anderson_and_hsiao():
    """Anderson and Hsiao (1981): with one level as the only instrument the lag is Σ y₍t−2₎Δy₍t₎ / Σ y₍t−2₎Δy₍t−1₎."""
    paths = [[3, 1, 4, 1], [5, 9, 2, 6], [5, 3, 5, 8], [9, 7, 9, 3], [2, 3, 8, 4], [6, 2, 6, 4], [3, 3, 8, 3],
             [2, 7, 9, 5], [0, 2, 8, 8], [4, 1, 9, 7], [1, 6, 9, 3], [9, 9, 3, 7]]  # fmt: skip
    data = pd.DataFrame(
        [(i, t, float(y), 5.0) for i, path in enumerate(paths) for t, y in enumerate(path)],
        columns=["entity", "period", "y", "x"],
    )
    top = sum(Fraction(p[t - 2] * (p[t] - p[t - 1])) for p in paths for t in (2, 3))
    below = sum(Fraction(p[t - 2] * (p[t - 1] - p[t - 2])) for p in paths for t in (2, 3))
    squares = sum(
        sum(p[t - 2] * ((p[t] - p[t - 1]) - top / below * (p[t - 1] - p[t - 2])) for t in (2, 3)) ** 2 for p in paths
    )
    for steps in (1, 2):
        rows = fit_dynamic_panel(
            data, outcome="y", metric="x", metric_is="exogenous", instrument_lags=(2, 2), period_effects=False,
            steps=steps, factor="none",
        ).estimates.set_index("term")  # fmt: skip
        assert rows.loc["y_lag_1", "estimate"] == pytest.approx(float(top / below), rel=1e-12)
        assert rows.loc["y_lag_1", "std_error"] == pytest.approx(float(squares) ** 0.5 / abs(float(below)), rel=1e-12)
        assert not rows.loc["x", "identified"]
