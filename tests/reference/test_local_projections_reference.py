"""Local projections of a single series against numbers from elsewhere, and beside another library."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from statsmodels.datasets import macrodata
from statsmodels.tsa.api import VAR, LocalProjections

from coroi.models.local_projections import fit_local_projections
from coroi.results import Result

# Growth of the United States' real GDP, consumption and investment, 1959 to 2009: responses to growth of GDP, with two
# lags of all three, a common sample over horizons and Newey-West errors with four lags, as R's lm and sandwich give
# them; asserted in statsmodels' test_local_projection.py (test_against_r_base_case). Horizon, response, error.
CONSUMPTION = [
    (0, 0.52364991703, 0.06609432437),
    (1, 0.0997074338, 0.06672041817),
    (2, 0.07627130443, 0.05843115593),
    (3, 0.07068916493, 0.06149871824),
    (4, -0.05310649472, 0.06632669683),
]


@pytest.fixture(scope="module")
def growth() -> pd.DataFrame:
    """Quarterly log differences from the library's own copy of the data."""
    return growth_of(macrodata.load_pandas().data)


def growth_of(levels: pd.DataFrame) -> pd.DataFrame:
    logs = np.log(levels[["realgdp", "realcons", "realinv", "realgovt"]])
    rows = logs.diff().iloc[1:].reset_index(drop=True).set_axis(["gdp", "cons", "inv", "govt"], axis=1)
    return rows.assign(entity=0, period=np.arange(len(rows)))


def fit(rows: pd.DataFrame, outcome: str, **asked) -> Result:
    options = {"sample": "common", "effects": "none", "errors": "serial"}
    return fit_local_projections(rows, outcome=outcome, metric="gdp", **options | asked)


def base(rows: pd.DataFrame, outcome: str) -> pd.DataFrame:
    result = fit(rows, outcome, past=["cons", "inv"], lags=2, horizons=4, n_lags=4)
    return responses(result)


def with_government(rows: pd.DataFrame) -> pd.DataFrame:
    return responses(fit(rows, "gdp", controls=["govt"], lags=1, horizons=3, n_lags=3))


def responses(result: Result) -> pd.DataFrame:
    return result.estimates.query("term == 'response'").set_index("horizon")


def test_consumption_answers_growth_as_statsmodels_tests_assert(growth):
    found = base(growth, "cons")
    for horizon, response, error in CONSUMPTION:
        assert found.loc[horizon, "estimate"] == pytest.approx(response, abs=1e-9)
        assert found.loc[horizon, "std_error"] == pytest.approx(error, abs=1e-9)


@pytest.fixture(scope="module")
def asserted(shared):
    folder = shared / "oracles" / "21_local_projections"
    if not folder.is_dir():
        pytest.skip(f"there is no folder '{folder.name}' among the oracles")
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["quantities"]
    rows = growth_of(pd.read_csv(folder / "macrodata.csv"))
    return rows, {q["name"]: q["value"] for q in told if q["source"].startswith("statsmodels")}


def test_every_response_and_error_is_as_statsmodels_tests_assert(asserted):
    rows, values = asserted
    checked = 0
    for outcome in ("gdp", "cons", "inv"):
        found = base(rows, outcome)
        for h in range(5):
            assert found.loc[h, "estimate"] == pytest.approx(values[f"gdp->{outcome} h={h}"], abs=1e-9)
            assert found.loc[h, "std_error"] == pytest.approx(values[f"gdp->{outcome} h={h} se"], abs=1e-9)
            checked += 2
    found = with_government(rows)
    for h in range(4):
        assert found.loc[h, "estimate"] == pytest.approx(values[f"exog case h={h}"], abs=1e-9)
        assert found.loc[h, "std_error"] == pytest.approx(values[f"exog case h={h} se"], abs=1e-9)
        checked += 2
    assert checked == len(values)


@pytest.mark.parametrize("n_lags", [0, 3, 8])
def test_statsmodels_projections_agree(growth, n_lags):
    """Another implementation, with other lags than those that are asserted anywhere."""
    theirs = LocalProjections(growth[["gdp", "inv"]], shock_idx=0, lags=3, horizons=6, nw_lags=n_lags).fit()
    ours = responses(fit(growth, "inv", past=["inv"], lags=3, horizons=6, n_lags=n_lags))
    assert ours["estimate"].to_numpy() == pytest.approx(theirs.irfs[:, 1, 0], rel=1e-9)
    assert ours["std_error"].to_numpy() == pytest.approx(theirs.stderr[:, 1, 0], rel=1e-9)


def test_a_series_on_itself_answers_by_one_at_once_and_without_error(growth):
    first = base(growth, "gdp").loc[0]
    assert first["estimate"] == pytest.approx(1.0, abs=1e-12)
    assert first["std_error"] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("lags", [2, 4])
def test_the_output_gap_answers_its_own_shock_as_in_jordas_figure(shared, lags):
    """Jorda (2005), American Economic Review 95:161-182, figure 5: about 0.9 a quarter after one standard deviation.

    Read off the figure to within 5 % by the tests of R's lpirfs (test-lp_lin.R).
    """
    folder = shared / "oracles" / "21_local_projections"
    if not folder.is_dir():
        pytest.skip(f"there is no folder '{folder.name}' among the oracles")
    rows = pd.read_csv(folder / "interest_rules_var_data.csv")
    shock = np.sqrt(VAR(rows.to_numpy()).fit(lags).sigma_u[0, 0])
    rows = rows.assign(entity=0, period=np.arange(len(rows)))
    result = fit_local_projections(
        rows, outcome="GDP_gap", metric="GDP_gap", past=["Infl", "FF"], lags=lags, effects="none", errors="serial"
    )
    assert responses(result).loc[1, "estimate"] * shock == pytest.approx(0.9, rel=0.05)
