"""Local projections of a roll-out against Stata's and R's lpdid, as pyfixest's tests print them, on data it ships."""

from __future__ import annotations

import math
from importlib.resources import files

import pandas as pd
import pytest

from coroi.models.lp_did import fit_lp_did

STATA = {"outcome": "Y", "entity": "unit", "period": "time", "weighting": "variance", "corrected": False}


@pytest.fixture(scope="module")
def stata() -> pd.DataFrame:
    data = pd.read_stata(str(files("pyfixest.did.data") / "lpdidtestdata1.dta")).astype(float)
    return data.assign(first_treated=data["event_date"])


@pytest.fixture(scope="module")
def simulated() -> pd.DataFrame:
    data = pd.read_csv(str(files("pyfixest.did.data") / "df_het.csv"))
    return data.assign(first_treated=data["g"].where(data["g"] > 0))


def test_statas_event_study_and_pooled_effect(stata):
    """The pooled error, 0.755459, is that of the readme of pyfixest 0.14, whose factor there is the house's own."""
    result = fit_lp_did(stata, **STATA, leads=5, horizon=10)
    path = result.estimates[result.estimates["term"] == "event_time"].set_index("event_time")["estimate"]
    rows = result.tables["horizons"].set_index("event_time")["n_obs"]
    assert path[-5] == pytest.approx(-0.042566, abs=5e-7)
    assert path[10] == pytest.approx(72.635834, abs=5e-7)
    assert (rows[-5], rows[10]) == (40_662, 28_709)
    pooled = result.estimates.set_index("term").loc["pooled"]
    assert pooled["estimate"] == pytest.approx(31.79438, abs=5e-6)
    assert pooled["std_error"] == pytest.approx(0.755459, abs=5e-7)


def test_rs_first_and_last_coefficient(simulated):
    result = fit_lp_did(
        simulated, outcome="dep_var", entity="unit", period="year", weighting="variance", leads=20, horizon=20
    )
    path = result.estimates[result.estimates["term"] == "event_time"].set_index("event_time")["estimate"]
    assert path[-20] == pytest.approx(-0.073055295, abs=5e-10)
    assert path[20] == pytest.approx(2.911501018, abs=5e-10)


def test_every_horizon_equals_pyfixest(simulated):
    import pyfixest

    some = simulated[(simulated["unit"] % 5 == 0) & (simulated["year"] >= 1996)]
    asked = {"yname": "dep_var", "idname": "unit", "tname": "year", "gname": "g", "att": False}
    theirs = pyfixest.lpdid(some, **asked, pre_window=-4, post_window=8).tidy()
    result = fit_lp_did(
        some,
        outcome="dep_var",
        entity="unit",
        period="year",
        weighting="variance",
        corrected=False,
        leads=4,
        horizon=8,
    )
    ours = result.estimates[(result.estimates["term"] == "event_time") & result.estimates["identified"]]
    rows = result.tables["horizons"].set_index("event_time")["n_obs"]
    assert len(ours) == len(theirs) == 12
    for at, row in theirs.iterrows():
        e = int(str(at).split("::")[1])
        n, k = rows[e], 1 + 25 - max(1 + e, -e)  # the coefficient, and the years with rows
        own = ours.set_index("event_time").loc[e]
        assert own["estimate"] == pytest.approx(row["Estimate"], abs=1e-9)
        assert own["std_error"] * math.sqrt((n - 1) / (n - k)) == pytest.approx(row["Std. Error"], rel=1e-9)
